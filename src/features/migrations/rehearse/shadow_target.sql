-- name:  shadow_target
-- doc:   How the target's database was made, whose it is, and who the server's first superuser is.
-- since: 140000
-- row:   encoding text, collate text, ctype text, provider text, locale text, owner text, superuser text
SELECT pg_catalog.pg_encoding_to_char(d.encoding)::pg_catalog.text AS encoding,
       d.datcollate::pg_catalog.text AS collate, d.datctype::pg_catalog.text AS ctype,
       coalesce(j.j OPERATOR(pg_catalog.->>) 'datlocprovider', 'c') AS provider,
       coalesce(j.j OPERATOR(pg_catalog.->>) 'datlocale',
                j.j OPERATOR(pg_catalog.->>) 'daticulocale') AS locale,
       pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text AS owner,
       pg_catalog.pg_get_userbyid(10::pg_catalog.oid)::pg_catalog.text AS superuser
  FROM pg_catalog.pg_database AS d
 CROSS JOIN LATERAL pg_catalog.to_jsonb(d) AS j(j)
 WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
