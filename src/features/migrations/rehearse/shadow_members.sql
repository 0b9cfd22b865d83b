-- name:  shadow_members
-- doc:   Which roles are members of which.
-- since: 140000
-- row:   role text, member text
SELECT r.rolname::pg_catalog.text AS role, m.rolname::pg_catalog.text AS member
  FROM pg_catalog.pg_auth_members AS a
  JOIN pg_catalog.pg_roles AS r ON r.oid OPERATOR(pg_catalog.=) a.roleid
  JOIN pg_catalog.pg_roles AS m ON m.oid OPERATOR(pg_catalog.=) a.member
 WHERE NOT m.rolname OPERATOR(pg_catalog.~) '^pg_'
 ORDER BY r.rolname, m.rolname
