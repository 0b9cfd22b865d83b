-- name:  identity
-- doc:   Whose file this is and which schema it has, read in one go: another process may be
--        creating it right now.
-- row:   application_id int8, user_version int8, objects int8
SELECT (SELECT application_id FROM pragma_application_id) AS application_id,
       (SELECT user_version FROM pragma_user_version) AS user_version,
       (SELECT count(*) FROM sqlite_schema) AS objects
