-- name:  version_tables
-- doc:   The tables of a name, with their columns: a migration tool's record of what was applied
--        is told by them. Nearest on the role's own search_path first; 0 when not on it.
-- since: 140000
-- param: $1 text the table's name
-- param: $2 text its schema; null: any
-- row:   schema text, place int8, columns text
SELECT n.nspname::pg_catalog.text AS schema,
       COALESCE(p.place, 0) AS place,
       (SELECT pg_catalog.string_agg(a.attname::pg_catalog.text OPERATOR(pg_catalog.||) ' '
                   OPERATOR(pg_catalog.||) pg_catalog.format_type(a.atttypid, NULL), ','
                   ORDER BY a.attnum)
          FROM pg_catalog.pg_attribute AS a
         WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid
           AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped) AS columns
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN (SELECT s.name, pg_catalog.min(s.place) AS place
               FROM (SELECT CASE WHEN pg_catalog.btrim(w.word, ' "') OPERATOR(pg_catalog.=) '$user'
                                 THEN current_user::pg_catalog.text
                                 ELSE pg_catalog.btrim(w.word, ' "') END AS name, w.place
                       FROM pg_catalog.pg_settings AS g,
                            pg_catalog.unnest(pg_catalog.string_to_array(g.reset_val, ','))
                                WITH ORDINALITY AS w (word, place)
                      WHERE g.name OPERATOR(pg_catalog.=) 'search_path') AS s
              GROUP BY s.name) AS p ON p.name OPERATOR(pg_catalog.=) n.nspname::pg_catalog.text
 WHERE c.relname OPERATOR(pg_catalog.=) $1::pg_catalog.text::pg_catalog.name
   AND c.relkind IN ('r', 'p')
   AND ($2::pg_catalog.text IS NULL
        OR n.nspname OPERATOR(pg_catalog.=) $2::pg_catalog.text::pg_catalog.name)
   AND n.nspname OPERATOR(pg_catalog.!~) '^pg_'
 ORDER BY COALESCE(p.place, 9223372036854775807), n.nspname
