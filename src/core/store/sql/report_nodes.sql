-- name:  report_nodes
-- doc:   The databases whose relations were sampled, as their primary has them.
-- param: $1 int8 how many days without a scan make an index quiet
-- row:   id int8, system text, dbname text, first_us int8, last_us int8, samples int8,
--        sized_us int8, indexes int8, quiet int8
SELECT n.id, n.system_identifier AS system, n.dbname, n.first_us, n.last_us, n.samples, n.sized_us,
       (SELECT count(*) FROM index_use AS u WHERE u.node = n.id) AS indexes,
       (SELECT count(*)
          FROM index_use AS u
         WHERE u.node = n.id AND u.quiet_us <= n.last_us - $1 * 86400000000) AS quiet
  FROM node AS n
 WHERE n.name = ''
 ORDER BY n.system_identifier, n.dbname
