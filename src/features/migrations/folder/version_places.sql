-- name:  version_places
-- doc:   Where a table is made that names no schema: the first on the role's own search_path
--        that is there; and that search_path, which our own session's is not.
-- since: 140000
-- row:   schema text, search_path text
SELECT (SELECT n.nspname::pg_catalog.text
          FROM pg_catalog.unnest(pg_catalog.string_to_array(g.reset_val, ','))
                   WITH ORDINALITY AS w (word, place)
          JOIN pg_catalog.pg_namespace AS n
            ON n.nspname::pg_catalog.text OPERATOR(pg_catalog.=)
               CASE WHEN pg_catalog.btrim(w.word, ' "') OPERATOR(pg_catalog.=) '$user'
                    THEN current_user::pg_catalog.text
                    ELSE pg_catalog.btrim(w.word, ' "') END
         WHERE n.nspname OPERATOR(pg_catalog.<>) 'pg_catalog'
         ORDER BY w.place LIMIT 1) AS schema,
       g.reset_val AS search_path
  FROM pg_catalog.pg_settings AS g
 WHERE g.name OPERATOR(pg_catalog.=) 'search_path'
