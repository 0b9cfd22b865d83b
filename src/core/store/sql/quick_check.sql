-- name:  quick_check
-- doc:   "ok", or what is wrong with the file's pages.
-- row:   quick_check text
PRAGMA quick_check(1)
