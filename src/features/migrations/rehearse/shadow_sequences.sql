-- name:  shadow_sequences
-- doc:   Puts every sequence that counts up behind the values that were made up.
-- since: 140000
-- param: $1 int8 how many there are
-- row:   at int8
SELECT pg_catalog.setval(s.seqrelid::pg_catalog.regclass,
           CASE WHEN $1::pg_catalog.int8 OPERATOR(pg_catalog.<) s.seqmin THEN s.seqmin
                WHEN $1::pg_catalog.int8 OPERATOR(pg_catalog.>) s.seqmax THEN s.seqmax
                ELSE $1::pg_catalog.int8 END) AS at
  FROM pg_catalog.pg_sequence AS s
 WHERE s.seqincrement OPERATOR(pg_catalog.>) 0
