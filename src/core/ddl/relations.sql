-- name:  relations
-- doc:   Tables, views, sequences and the like outside of system schemas, as far as it decides what
--        a statement locks and does. Of a relation with several parents one is named. Locks nothing.
-- since: 140000
-- row:   oid oid, schema text, name text, kind "char", persistence "char", parent_schema text,
--        parent text, is_partition bool, is_default bool, strategy "char", keys text, method text,
--        tablespace text, of_type_schema text, of_type text, rows float4, pages int8,
--        index_pages int8
SELECT c.oid,
       n.nspname::pg_catalog.text AS schema,
       c.relname::pg_catalog.text AS name,
       c.relkind AS kind,
       c.relpersistence AS persistence,
       pn.nspname::pg_catalog.text AS parent_schema,
       pc.relname::pg_catalog.text AS parent,
       c.relispartition AS is_partition,
       COALESCE(pp.partdefid OPERATOR(pg_catalog.=) c.oid, false) AS is_default,
       p.partstrat AS strategy,
       (SELECT pg_catalog.string_agg(COALESCE(a.attname::pg_catalog.text, ''), E'\x01'
                                     ORDER BY k.place)
          FROM pg_catalog.unnest(p.partattrs::pg_catalog.int2[]) WITH ORDINALITY
               AS k (number, place)
          LEFT JOIN pg_catalog.pg_attribute AS a
            ON a.attrelid OPERATOR(pg_catalog.=) c.oid
           AND a.attnum OPERATOR(pg_catalog.=) k.number
           AND a.attnum OPERATOR(pg_catalog.>) 0::pg_catalog.int2) AS keys,
       m.amname::pg_catalog.text AS method,
       s.spcname::pg_catalog.text AS tablespace,
       tn.nspname::pg_catalog.text AS of_type_schema,
       t.typname::pg_catalog.text AS of_type,
       c.reltuples AS rows,
       c.relpages::pg_catalog.int8 AS pages,
       COALESCE((SELECT pg_catalog.sum(ic.relpages)
                   FROM pg_catalog.pg_index AS i
                   JOIN pg_catalog.pg_class AS ic
                     ON ic.oid OPERATOR(pg_catalog.=) i.indexrelid
                  WHERE i.indrelid OPERATOR(pg_catalog.=) c.oid), 0::pg_catalog.int8)
           AS index_pages
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
  LEFT JOIN LATERAL ( -- the first of its parents
        SELECT h.inhparent
          FROM pg_catalog.pg_inherits AS h
         WHERE h.inhrelid OPERATOR(pg_catalog.=) c.oid
         ORDER BY h.inhseqno
         LIMIT 1) AS h ON true
  LEFT JOIN pg_catalog.pg_class AS pc ON pc.oid OPERATOR(pg_catalog.=) h.inhparent
  LEFT JOIN pg_catalog.pg_namespace AS pn ON pn.oid OPERATOR(pg_catalog.=) pc.relnamespace
  LEFT JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid OPERATOR(pg_catalog.=) c.oid
  LEFT JOIN pg_catalog.pg_partitioned_table AS pp
    ON pp.partrelid OPERATOR(pg_catalog.=) h.inhparent
  LEFT JOIN pg_catalog.pg_am AS m ON m.oid OPERATOR(pg_catalog.=) c.relam
  LEFT JOIN pg_catalog.pg_tablespace AS s ON s.oid OPERATOR(pg_catalog.=) c.reltablespace
  LEFT JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) c.reloftype
  LEFT JOIN pg_catalog.pg_namespace AS tn ON tn.oid OPERATOR(pg_catalog.=) t.typnamespace
 WHERE c.relkind OPERATOR(pg_catalog.=) ANY ('{r,p,m,v,S,f,c}'::"char"[])
   AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
   AND n.nspname OPERATOR(pg_catalog.!~) '^pg_'
