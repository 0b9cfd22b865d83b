-- name:  snapshot
-- doc:   The schema as a list of objects and what each is, by name and without an OID: two of the
--        same schema are the same text, also in two databases. What belongs to an extension is its
--        own affair; the tables in which tools keep what was applied are no part of the schema.
-- since: 140000
-- param: $1 name one more such table
-- row:   kind text, object text, definition text
WITH hidden AS (
    SELECT d.objid AS oid, d.classid
      FROM pg_catalog.pg_depend AS d
     WHERE d.deptype OPERATOR(pg_catalog.=) 'e'
), spaces AS (
    SELECT n.oid, pg_catalog.quote_ident(n.nspname::pg_catalog.text) AS name, n.nspowner, n.nspacl
      FROM pg_catalog.pg_namespace AS n
     WHERE NOT n.nspname OPERATOR(pg_catalog.~) '^pg_' AND n.nspname OPERATOR(pg_catalog.<>) 'information_schema'
       AND NOT EXISTS (SELECT 1 FROM hidden AS h WHERE h.oid OPERATOR(pg_catalog.=) n.oid
                          AND h.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid)
), left_out AS (
    SELECT c.oid
      FROM pg_catalog.pg_class AS c
     WHERE c.relname OPERATOR(pg_catalog.=) ANY (ARRAY['schema_migrations', 'goose_db_version', 'gorp_migrations',
                                  'flyway_schema_history', 'pgrunbook_migrations']::pg_catalog.name[])
        OR EXISTS (SELECT 1 FROM hidden AS h WHERE h.oid OPERATOR(pg_catalog.=) c.oid
                      AND h.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid)
        OR c.relname OPERATOR(pg_catalog.=) $1::pg_catalog.name
), relations AS (
    SELECT c.*, s.name OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(c.relname::pg_catalog.text) AS name
      FROM pg_catalog.pg_class AS c
      JOIN spaces AS s ON s.oid OPERATOR(pg_catalog.=) c.relnamespace
     WHERE c.relpersistence OPERATOR(pg_catalog.<>) 't'
       AND NOT EXISTS (SELECT 1 FROM left_out AS l WHERE l.oid OPERATOR(pg_catalog.=) c.oid)
       AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index AS i JOIN left_out AS l ON l.oid OPERATOR(pg_catalog.=) i.indrelid
                        WHERE i.indexrelid OPERATOR(pg_catalog.=) c.oid)
       AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend AS d JOIN left_out AS l ON l.oid OPERATOR(pg_catalog.=) d.refobjid
                        WHERE d.objid OPERATOR(pg_catalog.=) c.oid AND c.relkind OPERATOR(pg_catalog.=) 'S'
                          AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
                          AND d.deptype IN ('a', 'i'))
), functions AS (
    SELECT p.*, s.name OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(p.proname::pg_catalog.text) OPERATOR(pg_catalog.||) '('
                OPERATOR(pg_catalog.||) pg_catalog.pg_get_function_identity_arguments(p.oid) OPERATOR(pg_catalog.||) ')' AS name
      FROM pg_catalog.pg_proc AS p
      JOIN spaces AS s ON s.oid OPERATOR(pg_catalog.=) p.pronamespace
     WHERE NOT EXISTS (SELECT 1 FROM hidden AS h WHERE h.oid OPERATOR(pg_catalog.=) p.oid
                          AND h.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid)
), types AS (
    SELECT t.*, s.name OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(t.typname::pg_catalog.text) AS name
      FROM pg_catalog.pg_type AS t
      JOIN spaces AS s ON s.oid OPERATOR(pg_catalog.=) t.typnamespace
     WHERE t.typtype IN ('e', 'd', 'r')
       AND NOT EXISTS (SELECT 1 FROM hidden AS h WHERE h.oid OPERATOR(pg_catalog.=) t.oid
                          AND h.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid)
), acls AS (
    SELECT 'schema'::pg_catalog.text AS kind, s.name AS object, s.nspowner AS owner,
           coalesce(s.nspacl, pg_catalog.acldefault('n', s.nspowner)) AS acl
      FROM spaces AS s
    UNION ALL
    SELECT CASE WHEN r.relkind OPERATOR(pg_catalog.=) 'S' THEN 'sequence' ELSE 'relation' END, r.name, r.relowner,
           coalesce(r.relacl, pg_catalog.acldefault(CASE WHEN r.relkind OPERATOR(pg_catalog.=) 'S' THEN 's' ELSE 'r' END::"char",
                                                    r.relowner))
      FROM relations AS r
     WHERE NOT r.relkind IN ('i', 'I')
    UNION ALL
    SELECT 'column', r.name OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(a.attname::pg_catalog.text), NULL, a.attacl
      FROM relations AS r
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) r.oid
     WHERE a.attacl IS NOT NULL AND pg_catalog.cardinality(a.attacl) OPERATOR(pg_catalog.>) 0
    UNION ALL
    SELECT 'function', f.name, f.proowner,
           coalesce(f.proacl, pg_catalog.acldefault('f', f.proowner))
      FROM functions AS f
    UNION ALL
    SELECT 'type', t.name, t.typowner, coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner))
      FROM types AS t
)
SELECT 'schema'::pg_catalog.text AS kind, s.name AS object, ''::pg_catalog.text AS definition
  FROM spaces AS s
UNION ALL
SELECT 'privileges', a.kind OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) a.object,
       coalesce('owner ' OPERATOR(pg_catalog.||) pg_catalog.pg_get_userbyid(a.owner)::pg_catalog.text, '') OPERATOR(pg_catalog.||) ' '
       OPERATOR(pg_catalog.||) coalesce(pg_catalog.array_to_string(ARRAY(
              SELECT i.item::pg_catalog.text FROM pg_catalog.unnest(a.acl) AS i(item)
               ORDER BY i.item::pg_catalog.text COLLATE "C"), ', '), '')
  FROM acls AS a
UNION ALL
SELECT CASE r.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'v' THEN 'view'
                      WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
                      ELSE 'type' END,
       r.name,
       pg_catalog.concat_ws('; ',
           CASE r.relpersistence WHEN 'u' THEN 'unlogged' END,
           CASE WHEN r.relkind OPERATOR(pg_catalog.=) 'p' THEN 'partition by ' OPERATOR(pg_catalog.||) pg_catalog.pg_get_partkeydef(r.oid) END,
           CASE WHEN r.relispartition THEN pg_catalog.pg_get_expr(r.relpartbound, r.oid) END,
           (SELECT pg_catalog.string_agg('inherits ' OPERATOR(pg_catalog.||) i.inhparent::pg_catalog.regclass::pg_catalog.text,
                                         ', ' ORDER BY i.inhseqno)
              FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid OPERATOR(pg_catalog.=) r.oid),
           CASE WHEN r.reloftype OPERATOR(pg_catalog.<>) 0::pg_catalog.oid
                THEN 'of ' OPERATOR(pg_catalog.||) pg_catalog.format_type(r.reloftype, NULL) END,
           CASE WHEN r.relrowsecurity THEN 'row security' END,
           CASE WHEN r.relforcerowsecurity THEN 'row security forced' END,
           CASE WHEN r.relkind IN ('r', 'p', 'm') AND r.relreplident OPERATOR(pg_catalog.<>) 'd'
                THEN 'replica identity ' OPERATOR(pg_catalog.||) r.relreplident::pg_catalog.text END,
           (SELECT 'using ' OPERATOR(pg_catalog.||) m.amname::pg_catalog.text FROM pg_catalog.pg_am AS m
             WHERE m.oid OPERATOR(pg_catalog.=) r.relam AND m.amname OPERATOR(pg_catalog.<>) 'heap'),
           (SELECT 'tablespace ' OPERATOR(pg_catalog.||) t.spcname::pg_catalog.text FROM pg_catalog.pg_tablespace AS t
             WHERE t.oid OPERATOR(pg_catalog.=) r.reltablespace),
           (SELECT 'with ' OPERATOR(pg_catalog.||)
                   pg_catalog.string_agg(o.item, ', ' ORDER BY o.item COLLATE "C")
              FROM pg_catalog.unnest(r.reloptions) AS o(item)),
           CASE WHEN r.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(r.oid) END,
           CASE WHEN r.relkind OPERATOR(pg_catalog.=) 'm' AND NOT r.relispopulated THEN 'not populated' END)
  FROM relations AS r
 WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
UNION ALL
SELECT 'column', r.name OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(a.attname::pg_catalog.text),
       pg_catalog.concat_ws('; ',
           pg_catalog.format_type(a.atttypid, a.atttypmod),
           CASE WHEN a.attnotnull THEN 'not null' END,
           CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END,
           CASE a.attgenerated WHEN 's' THEN 'generated stored' WHEN 'v' THEN 'generated virtual' END,
           'default ' OPERATOR(pg_catalog.||) (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid)
                            FROM pg_catalog.pg_attrdef AS d
                           WHERE d.adrelid OPERATOR(pg_catalog.=) a.attrelid AND d.adnum OPERATOR(pg_catalog.=) a.attnum),
           (SELECT 'collate ' OPERATOR(pg_catalog.||) c.oid::pg_catalog.regcollation::pg_catalog.text
              FROM pg_catalog.pg_collation AS c, pg_catalog.pg_type AS t
             WHERE c.oid OPERATOR(pg_catalog.=) a.attcollation AND t.oid OPERATOR(pg_catalog.=) a.atttypid
               AND a.attcollation OPERATOR(pg_catalog.<>) t.typcollation),
           (SELECT 'storage ' OPERATOR(pg_catalog.||) a.attstorage::pg_catalog.text FROM pg_catalog.pg_type AS t
             WHERE t.oid OPERATOR(pg_catalog.=) a.atttypid AND a.attstorage OPERATOR(pg_catalog.<>) t.typstorage),
           CASE WHEN a.attcompression OPERATOR(pg_catalog.<>) '' THEN 'compression ' OPERATOR(pg_catalog.||) a.attcompression::pg_catalog.text END,
           CASE WHEN coalesce(a.attstattarget::pg_catalog.int4, -1) OPERATOR(pg_catalog.>=) 0
                THEN 'statistics ' OPERATOR(pg_catalog.||) a.attstattarget::pg_catalog.text END,
           -- What is the server's own (pg_attver of Debian's 15) changes with every ALTER TABLE.
           (SELECT 'options ' OPERATOR(pg_catalog.||) pg_catalog.string_agg(o.item, ', ' ORDER BY o.item COLLATE "C")
              FROM pg_catalog.unnest(a.attoptions) AS o(item)
             WHERE NOT o.item OPERATOR(pg_catalog.~) '^pg_'))
  FROM relations AS r
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) r.oid
 WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
UNION ALL
SELECT 'order of columns', r.name,
       (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname::pg_catalog.text), ', '
                                     ORDER BY a.attnum)
          FROM pg_catalog.pg_attribute AS a
         WHERE a.attrelid OPERATOR(pg_catalog.=) r.oid AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped)
  FROM relations AS r
 WHERE r.relkind IN ('r', 'p', 'f')
UNION ALL
SELECT 'constraint', r.name OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(c.conname::pg_catalog.text),
       pg_catalog.concat_ws('; ', pg_catalog.pg_get_constraintdef(c.oid),
           CASE WHEN NOT c.convalidated THEN 'not valid' END,
           CASE WHEN c.coninhcount OPERATOR(pg_catalog.>) 0 THEN 'inherited' END,
           CASE WHEN NOT c.conislocal THEN 'not local' END)
  FROM relations AS r
  JOIN pg_catalog.pg_constraint AS c ON c.conrelid OPERATOR(pg_catalog.=) r.oid
UNION ALL
SELECT 'constraint', t.name OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(c.conname::pg_catalog.text),
       pg_catalog.concat_ws('; ', pg_catalog.pg_get_constraintdef(c.oid),
           CASE WHEN NOT c.convalidated THEN 'not valid' END)
  FROM types AS t
  JOIN pg_catalog.pg_constraint AS c ON c.contypid OPERATOR(pg_catalog.=) t.oid
UNION ALL
SELECT 'index', r.name,
       pg_catalog.concat_ws('; ', pg_catalog.pg_get_indexdef(i.indexrelid),
           CASE WHEN NOT i.indisvalid THEN 'invalid' END,
           CASE WHEN NOT i.indisready THEN 'not ready' END,
           CASE WHEN i.indisclustered THEN 'clustered' END,
           CASE WHEN i.indisreplident THEN 'replica identity' END,
           (SELECT 'tablespace ' OPERATOR(pg_catalog.||) t.spcname::pg_catalog.text FROM pg_catalog.pg_tablespace AS t
             WHERE t.oid OPERATOR(pg_catalog.=) r.reltablespace),
           (SELECT 'partition of ' OPERATOR(pg_catalog.||) h.inhparent::pg_catalog.regclass::pg_catalog.text
              FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid OPERATOR(pg_catalog.=) r.oid))
  FROM relations AS r
  JOIN pg_catalog.pg_index AS i ON i.indexrelid OPERATOR(pg_catalog.=) r.oid
UNION ALL
SELECT 'trigger', r.name OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(t.tgname::pg_catalog.text),
       pg_catalog.pg_get_triggerdef(t.oid) OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) t.tgenabled::pg_catalog.text
  FROM relations AS r
  JOIN pg_catalog.pg_trigger AS t ON t.tgrelid OPERATOR(pg_catalog.=) r.oid
 WHERE NOT t.tgisinternal
UNION ALL
SELECT 'trigger', 'of a constraint of ' OPERATOR(pg_catalog.||) r.name,
       pg_catalog.string_agg(t.tgenabled::pg_catalog.text OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) t.tgfoid::pg_catalog.regproc::pg_catalog.text,
                             ', ' ORDER BY t.tgfoid::pg_catalog.regproc::pg_catalog.text COLLATE "C",
                                           t.tgenabled)
  FROM relations AS r
  JOIN pg_catalog.pg_trigger AS t ON t.tgrelid OPERATOR(pg_catalog.=) r.oid
 WHERE t.tgisinternal AND t.tgenabled OPERATOR(pg_catalog.<>) 'O'
 GROUP BY r.name
UNION ALL
SELECT 'rule', r.name OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(w.rulename::pg_catalog.text),
       pg_catalog.pg_get_ruledef(w.oid) OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) w.ev_enabled::pg_catalog.text
  FROM relations AS r
  JOIN pg_catalog.pg_rewrite AS w ON w.ev_class OPERATOR(pg_catalog.=) r.oid
 WHERE w.rulename OPERATOR(pg_catalog.<>) '_RETURN'
UNION ALL
SELECT 'policy', r.name OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(p.polname::pg_catalog.text),
       pg_catalog.concat_ws('; ', p.polcmd::pg_catalog.text, p.polpermissive::pg_catalog.text,
           pg_catalog.array_to_string(ARRAY(
               SELECT CASE WHEN o.oid OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN 'public'
                           ELSE pg_catalog.pg_get_userbyid(o.oid)::pg_catalog.text END
                 FROM pg_catalog.unnest(p.polroles) AS o(oid) ORDER BY 1), ', '),
           'using ' OPERATOR(pg_catalog.||) pg_catalog.pg_get_expr(p.polqual, p.polrelid),
           'check ' OPERATOR(pg_catalog.||) pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
  FROM relations AS r
  JOIN pg_catalog.pg_policy AS p ON p.polrelid OPERATOR(pg_catalog.=) r.oid
UNION ALL
SELECT 'sequence', r.name,
       pg_catalog.concat_ws('; ', pg_catalog.format_type(q.seqtypid, NULL),
           'start ' OPERATOR(pg_catalog.||) q.seqstart::pg_catalog.text, 'increment ' OPERATOR(pg_catalog.||) q.seqincrement::pg_catalog.text,
           'minimum ' OPERATOR(pg_catalog.||) q.seqmin::pg_catalog.text, 'maximum ' OPERATOR(pg_catalog.||) q.seqmax::pg_catalog.text,
           'cache ' OPERATOR(pg_catalog.||) q.seqcache::pg_catalog.text, CASE WHEN q.seqcycle THEN 'cycle' END,
           CASE r.relpersistence WHEN 'u' THEN 'unlogged' END,
           (SELECT 'owned by ' OPERATOR(pg_catalog.||) d.refobjid::pg_catalog.regclass::pg_catalog.text OPERATOR(pg_catalog.||) '.'
                   OPERATOR(pg_catalog.||) pg_catalog.quote_ident(a.attname::pg_catalog.text)
              FROM pg_catalog.pg_depend AS d
              JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) d.refobjid AND a.attnum OPERATOR(pg_catalog.=) d.refobjsubid
             WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
               AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
               AND d.objid OPERATOR(pg_catalog.=) r.oid AND d.deptype IN ('a', 'i')))
  FROM relations AS r
  JOIN pg_catalog.pg_sequence AS q ON q.seqrelid OPERATOR(pg_catalog.=) r.oid
UNION ALL
SELECT 'function', f.name,
       CASE WHEN f.prokind OPERATOR(pg_catalog.=) 'a'
            THEN (SELECT pg_catalog.concat_ws('; ', g.aggtransfn::pg_catalog.text, g.aggfinalfn::pg_catalog.text,
                             pg_catalog.format_type(g.aggtranstype, NULL), g.agginitval)
                    FROM pg_catalog.pg_aggregate AS g
                   WHERE g.aggfnoid::pg_catalog.oid OPERATOR(pg_catalog.=) f.oid)
            ELSE pg_catalog.pg_get_functiondef(f.oid) END
  FROM functions AS f
UNION ALL
SELECT 'type', t.name,
       pg_catalog.concat_ws('; ',
           CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'range' END,
           (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel::pg_catalog.text), ', '
                                         ORDER BY e.enumsortorder)
              FROM pg_catalog.pg_enum AS e WHERE e.enumtypid OPERATOR(pg_catalog.=) t.oid),
           CASE WHEN t.typtype OPERATOR(pg_catalog.=) 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END,
           CASE WHEN t.typnotnull THEN 'not null' END,
           'default ' OPERATOR(pg_catalog.||) t.typdefault,
           (SELECT pg_catalog.format_type(g.rngsubtype, NULL)
              FROM pg_catalog.pg_range AS g WHERE g.rngtypid OPERATOR(pg_catalog.=) t.oid))
  FROM types AS t
UNION ALL
SELECT 'extension', pg_catalog.quote_ident(e.extname::pg_catalog.text),
       e.extversion OPERATOR(pg_catalog.||) ' in ' OPERATOR(pg_catalog.||) n.nspname::pg_catalog.text
  FROM pg_catalog.pg_extension AS e
  JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
UNION ALL
SELECT 'statistics', s.name OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(x.stxname::pg_catalog.text),
       pg_catalog.pg_get_statisticsobjdef(x.oid)
  FROM pg_catalog.pg_statistic_ext AS x
  JOIN spaces AS s ON s.oid OPERATOR(pg_catalog.=) x.stxnamespace
UNION ALL
SELECT 'publication', pg_catalog.quote_ident(p.pubname::pg_catalog.text),
       pg_catalog.concat_ws('; ',
           CASE WHEN p.puballtables THEN 'all tables' END,
           CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
           CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END,
           CASE WHEN p.pubviaroot THEN 'via root' END,
           (SELECT pg_catalog.string_agg(l.prrelid::pg_catalog.regclass::pg_catalog.text, ', '
                       ORDER BY l.prrelid::pg_catalog.regclass::pg_catalog.text COLLATE "C")
              FROM pg_catalog.pg_publication_rel AS l WHERE l.prpubid OPERATOR(pg_catalog.=) p.oid))
  FROM pg_catalog.pg_publication AS p
UNION ALL
SELECT 'event trigger', pg_catalog.quote_ident(e.evtname::pg_catalog.text),
       pg_catalog.concat_ws('; ', e.evtevent::pg_catalog.text, e.evtfoid::pg_catalog.regproc::pg_catalog.text,
                            e.evtenabled::pg_catalog.text, pg_catalog.array_to_string(e.evttags, ', '))
  FROM pg_catalog.pg_event_trigger AS e
UNION ALL
SELECT 'default privileges',
       pg_catalog.pg_get_userbyid(d.defaclrole)::pg_catalog.text OPERATOR(pg_catalog.||) ' '
       OPERATOR(pg_catalog.||) coalesce((SELECT s.name FROM spaces AS s WHERE s.oid OPERATOR(pg_catalog.=) d.defaclnamespace), '') OPERATOR(pg_catalog.||) ' '
       OPERATOR(pg_catalog.||) d.defaclobjtype::pg_catalog.text,
       pg_catalog.array_to_string(ARRAY(
           SELECT i.item::pg_catalog.text FROM pg_catalog.unnest(d.defaclacl) AS i(item)
            ORDER BY i.item::pg_catalog.text COLLATE "C"), ', ')
  FROM pg_catalog.pg_default_acl AS d
UNION ALL
SELECT i.type, i.identity, ''
  FROM (SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass::pg_catalog.oid AS classid, o.oid
          FROM pg_catalog.pg_operator AS o JOIN spaces AS s ON s.oid OPERATOR(pg_catalog.=) o.oprnamespace
        UNION ALL
        SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass::pg_catalog.oid, o.oid
          FROM pg_catalog.pg_opclass AS o JOIN spaces AS s ON s.oid OPERATOR(pg_catalog.=) o.opcnamespace
        UNION ALL
        SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass::pg_catalog.oid, o.oid
          FROM pg_catalog.pg_collation AS o JOIN spaces AS s ON s.oid OPERATOR(pg_catalog.=) o.collnamespace
        UNION ALL
        SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass::pg_catalog.oid, o.oid
          FROM pg_catalog.pg_ts_config AS o JOIN spaces AS s ON s.oid OPERATOR(pg_catalog.=) o.cfgnamespace
        UNION ALL
        SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass::pg_catalog.oid, o.oid
          FROM pg_catalog.pg_ts_dict AS o JOIN spaces AS s ON s.oid OPERATOR(pg_catalog.=) o.dictnamespace
        UNION ALL
        SELECT 'pg_catalog.pg_cast'::pg_catalog.regclass::pg_catalog.oid, o.oid
          FROM pg_catalog.pg_cast AS o WHERE o.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
        UNION ALL
        SELECT 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass::pg_catalog.oid, o.oid
          FROM pg_catalog.pg_foreign_data_wrapper AS o
        UNION ALL
        SELECT 'pg_catalog.pg_foreign_server'::pg_catalog.regclass::pg_catalog.oid, o.oid
          FROM pg_catalog.pg_foreign_server AS o
        UNION ALL
        SELECT 'pg_catalog.pg_language'::pg_catalog.regclass::pg_catalog.oid, o.oid
          FROM pg_catalog.pg_language AS o WHERE o.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid) AS k
 CROSS JOIN LATERAL pg_catalog.pg_identify_object(k.classid, k.oid, 0) AS i
 WHERE NOT EXISTS (SELECT 1 FROM hidden AS h WHERE h.oid OPERATOR(pg_catalog.=) k.oid AND h.classid OPERATOR(pg_catalog.=) k.classid)
UNION ALL
SELECT 'comment', i.type OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) i.identity, d.description
  FROM pg_catalog.pg_description AS d
 CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) AS i
 WHERE d.objoid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
   AND NOT EXISTS (SELECT 1 FROM hidden AS h WHERE h.oid OPERATOR(pg_catalog.=) d.objoid AND h.classid OPERATOR(pg_catalog.=) d.classoid)
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_extension AS e WHERE e.oid OPERATOR(pg_catalog.=) d.objoid)
   AND NOT EXISTS (SELECT 1 FROM left_out AS l WHERE l.oid OPERATOR(pg_catalog.=) d.objoid)
