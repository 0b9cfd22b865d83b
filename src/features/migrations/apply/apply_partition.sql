-- name:  apply_partition
-- doc:   A partition by name, and whether a DETACH CONCURRENTLY of it was begun and not ended.
--        Without a schema the nearest on the role's own search_path.
-- since: 140000
-- param: $1 text schema; null: not said
-- param: $2 text name
-- row:   schema text, attached bool, pending bool
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
       c.relispartition AS attached,
       COALESCE((SELECT pg_catalog.bool_or(h.inhdetachpending)
                   FROM pg_catalog.pg_inherits AS h
                  WHERE h.inhrelid OPERATOR(pg_catalog.=) c.oid), false) AS pending
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN path AS p ON p.name OPERATOR(pg_catalog.=) n.nspname::pg_catalog.text
 WHERE c.relname OPERATOR(pg_catalog.=) $2::pg_catalog.text::pg_catalog.name
   AND CASE WHEN $1::pg_catalog.text IS NULL THEN p.place IS NOT NULL
            ELSE n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.text::pg_catalog.name END
 ORDER BY p.place
 LIMIT 1
