-- name:  system_identifier
-- doc:   The cluster's identity, the same on all its standbys.
-- since: 140000
-- row:   system_identifier text
SELECT s.system_identifier::pg_catalog.text AS system_identifier
  FROM pg_catalog.pg_control_system() AS s
