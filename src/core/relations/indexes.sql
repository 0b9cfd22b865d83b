-- name:  indexes
-- doc:   Every index but those of TOAST tables that are not among these, with its counters, its
--        keys, and what depends on it. Expressions and predicates are node trees without the
--        places they stood at in the text they came from: pg_get_expr would take a lock.
-- since: 140000
-- param: $1 bool system schemas too
-- param: $2 oid[] TOAST tables
-- row:   oid oid, table_oid oid, parent oid, filenode oid, kind "char", constraint_type "char",
--        is_unique bool, is_primary bool, exclusion bool, immediate bool, valid bool,
--        ready bool, live bool, clustered bool, replica_identity bool, name name,
--        method name, expressions text, predicate text, options text, columns int2vector,
--        opclasses oidvector, collations oidvector, key_options int2vector, key_count int2,
--        pages int4, tuples float4, scans int8, read int8, fetched int8
SELECT i.indexrelid AS oid,
       i.indrelid AS table_oid,
       p.inhparent AS parent,
       c.relfilenode AS filenode,
       c.relkind AS kind,
       k.contype AS constraint_type,
       i.indisunique AS is_unique,
       i.indisprimary AS is_primary,
       i.indisexclusion AS exclusion,
       i.indimmediate AS immediate,
       i.indisvalid AS valid,
       i.indisready AS ready,
       i.indislive AS live,
       i.indisclustered AS clustered,
       i.indisreplident AS replica_identity,
       c.relname AS name,
       m.amname AS method,
       pg_catalog.regexp_replace(i.indexprs::pg_catalog.text,
                                 ':(stmt_)?location -?[0-9]+', '', 'g') AS expressions,
       pg_catalog.regexp_replace(i.indpred::pg_catalog.text,
                                 ':(stmt_)?location -?[0-9]+', '', 'g') AS predicate,
       CASE WHEN m.amname OPERATOR(pg_catalog.=) 'btree'::pg_catalog.name
            THEN pg_catalog.array_to_string(c.reloptions, ' ')
            ELSE (SELECT NULLIF(pg_catalog.concat_ws(
                             ' ', pg_catalog.array_to_string(c.reloptions, ' '),
                             pg_catalog.string_agg(
                                 pg_catalog.format('%s %s', a.attnum, a.attoptions), ' '
                                 ORDER BY a.attnum)), '')
                    FROM pg_catalog.pg_attribute AS a
                   WHERE a.attrelid OPERATOR(pg_catalog.=) i.indexrelid
                     AND a.attoptions IS NOT NULL) END AS options,
       i.indkey AS columns,
       i.indclass AS opclasses,
       i.indcollation AS collations,
       i.indoption AS key_options,
       i.indnkeyatts AS key_count,
       c.relpages AS pages,
       c.reltuples AS tuples,
       pg_catalog.pg_stat_get_numscans(i.indexrelid) AS scans,
       pg_catalog.pg_stat_get_tuples_returned(i.indexrelid) AS read,
       pg_catalog.pg_stat_get_tuples_fetched(i.indexrelid) AS fetched
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
  JOIN pg_catalog.pg_am AS m ON m.oid OPERATOR(pg_catalog.=) c.relam
  LEFT JOIN pg_catalog.pg_inherits AS p
    ON p.inhrelid OPERATOR(pg_catalog.=) i.indexrelid AND c.relispartition
  LEFT JOIN pg_catalog.pg_constraint AS k
    ON k.conindid OPERATOR(pg_catalog.=) i.indexrelid
   AND k.contype OPERATOR(pg_catalog.=) ANY ('{p,u,x}'::pg_catalog."char"[])
 WHERE c.relpersistence OPERATOR(pg_catalog.<>) 't'
   AND ($1 OR i.indexrelid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid)
   AND (c.relnamespace OPERATOR(pg_catalog.<>) 99::pg_catalog.oid -- pg_toast
        OR i.indrelid OPERATOR(pg_catalog.=) ANY ($2))
