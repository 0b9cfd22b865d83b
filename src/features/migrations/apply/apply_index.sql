-- name:  apply_index
-- doc:   An index by name, as a second try has to know it: of which table, whether it was finished,
--        whether somebody builds on its table now. Without a schema the nearest on the role's own
--        search_path.
-- since: 140000
-- param: $1 text schema; null: not said
-- param: $2 text name
-- row:   schema text, table_schema text, table_name text, kind text, valid bool, building bool,
--        definition text
WITH path AS MATERIALIZED (
    SELECT CASE WHEN pg_catalog.btrim(w.word, ' "') OPERATOR(pg_catalog.=) '$user'
                THEN current_user::pg_catalog.text
                ELSE pg_catalog.btrim(w.word, ' "') END AS name, w.place
      FROM pg_catalog.pg_settings AS g,
           pg_catalog.unnest(pg_catalog.string_to_array(g.reset_val, ','))
               WITH ORDINALITY AS w (word, place)
     WHERE g.name OPERATOR(pg_catalog.=) 'search_path'
)
SELECT n.nspname::pg_catalog.text AS schema,
       tn.nspname::pg_catalog.text AS table_schema,
       t.relname::pg_catalog.text AS table_name,
       c.relkind::pg_catalog.text AS kind,
       COALESCE(i.indisvalid AND i.indisready AND i.indislive, false) AS valid,
       EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index AS p
                WHERE p.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
                  AND p.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
                  AND (p.relid OPERATOR(pg_catalog.=) i.indrelid
                       OR (p.relid IS NULL
                           AND EXISTS (SELECT 1 FROM pg_catalog.pg_locks AS l
                                        WHERE l.pid OPERATOR(pg_catalog.=) p.pid
                                          AND l.relation OPERATOR(pg_catalog.=) i.indrelid
                                          AND l.mode OPERATOR(pg_catalog.=)
                                              'ShareUpdateExclusiveLock')))) AS building,
       CASE WHEN i.indexrelid IS NOT NULL
            THEN pg_catalog.pg_get_indexdef(i.indexrelid) END AS definition
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid OPERATOR(pg_catalog.=) c.oid
  LEFT JOIN pg_catalog.pg_class AS t ON t.oid OPERATOR(pg_catalog.=) i.indrelid
  LEFT JOIN pg_catalog.pg_namespace AS tn ON tn.oid OPERATOR(pg_catalog.=) t.relnamespace
  LEFT JOIN path AS p ON p.name OPERATOR(pg_catalog.=) n.nspname::pg_catalog.text
 WHERE c.relname OPERATOR(pg_catalog.=) $2::pg_catalog.text::pg_catalog.name
   AND CASE WHEN $1::pg_catalog.text IS NULL THEN p.place IS NOT NULL
            ELSE n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.text::pg_catalog.name END
 ORDER BY p.place
 LIMIT 1
