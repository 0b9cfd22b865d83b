-- name:  capture_path
-- doc:   The schemas in which the role's own sessions look for a name.
-- since: 140000
-- row:   path text
SELECT pg_catalog.array_agg(
           CASE WHEN pg_catalog.btrim(w.word, ' "') OPERATOR(pg_catalog.=) '$user'
                THEN current_user::pg_catalog.text
                ELSE pg_catalog.btrim(w.word, ' "') END)::pg_catalog.text AS path
  FROM pg_catalog.pg_settings AS g,
       pg_catalog.unnest(pg_catalog.string_to_array(g.reset_val, ',')) AS w (word)
 WHERE g.name OPERATOR(pg_catalog.=) 'search_path'
