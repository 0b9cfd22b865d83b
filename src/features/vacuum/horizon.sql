-- name:  horizon
-- doc:   Who keeps dead rows of this database from being removed, oldest first. Backends that
--        only vacuum do not count, neither do we; the xmin of a standby shows in its walsender
--        or in its slot. since: when it began, NULL where the server does not know.
-- since: 140000
-- row:   kind text, holder text, xmin text, age int4, since int8, catalogs_only bool,
--        remedy text
SELECT h.kind, h.holder, h.xmin::pg_catalog.text AS xmin, pg_catalog.age(h.xmin) AS age,
       h.since, h.catalogs_only, h.remedy
  FROM (
    SELECT 'session' AS kind,
           pg_catalog.format('pid %s, role %s, application %s, %s', a.pid, a.usename,
                             COALESCE(NULLIF(a.application_name, ''), 'unnamed'),
                             COALESCE(a.state, a.backend_type)) AS holder,
           CASE WHEN pg_catalog.age(a.backend_xid)
                     OPERATOR(pg_catalog.>) pg_catalog.age(a.backend_xmin)
                THEN a.backend_xid
                ELSE COALESCE(a.backend_xmin, a.backend_xid) END AS xmin,
           EXTRACT(epoch FROM a.xact_start)::pg_catalog.int8 AS since,
           false AS catalogs_only,
           pg_catalog.format('SELECT pg_terminate_backend(%s)', a.pid) AS remedy
      FROM pg_catalog.pg_stat_activity AS a
     WHERE (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
       AND a.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()
       AND a.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
       AND a.backend_type OPERATOR(pg_catalog.<>) 'walsender'
       AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_vacuum AS v
                        WHERE v.pid OPERATOR(pg_catalog.=) a.pid)
    UNION ALL
    SELECT 'prepared',
           pg_catalog.format('prepared transaction %L, owner %s', x.gid, x.owner),
           x.transaction,
           EXTRACT(epoch FROM x.prepared)::pg_catalog.int8, false,
           pg_catalog.format('ROLLBACK PREPARED %L', x.gid)
      FROM pg_catalog.pg_prepared_xacts AS x
     WHERE x.database OPERATOR(pg_catalog.=) pg_catalog.current_database()
    UNION ALL
    SELECT 'slot',
           pg_catalog.format('replication slot %s (%s, %s)', s.slot_name, s.slot_type,
                             CASE WHEN s.active THEN 'active' ELSE 'inactive' END),
           s.xmin, NULL, false,
           CASE WHEN s.active
                THEN 'an active slot serves a standby or a subscriber: find the long transaction there'
                ELSE pg_catalog.format('SELECT pg_drop_replication_slot(%L)', s.slot_name) END
      FROM pg_catalog.pg_replication_slots AS s
     WHERE s.xmin IS NOT NULL
    UNION ALL
    SELECT 'slot',
           pg_catalog.format('replication slot %s (%s, %s; holds system catalogs)', s.slot_name,
                             s.slot_type,
                             CASE WHEN s.active THEN 'active' ELSE 'inactive' END),
           s.catalog_xmin, NULL, true,
           CASE WHEN s.active
                THEN 'an active slot serves a standby or a subscriber: find the long transaction there'
                ELSE pg_catalog.format('SELECT pg_drop_replication_slot(%L)', s.slot_name) END
      FROM pg_catalog.pg_replication_slots AS s
     WHERE s.catalog_xmin IS NOT NULL
    UNION ALL
    SELECT 'standby',
           pg_catalog.format('standby %s, pid %s, client %s (hot_standby_feedback)',
                             COALESCE(NULLIF(r.application_name, ''), 'unnamed'), r.pid,
                             COALESCE(r.client_addr::pg_catalog.text, 'local socket')),
           r.backend_xmin, NULL, false,
           'find the long query on the standby, or set hot_standby_feedback = off there'
      FROM pg_catalog.pg_stat_replication AS r
     WHERE r.backend_xmin IS NOT NULL) AS h
 WHERE h.xmin IS NOT NULL
 ORDER BY pg_catalog.age(h.xmin) DESC, h.holder
