-- name:  widths
-- doc:   How wide the values are that the statistics of these relations hold: bytes without the
--        header, of the most common ones with their frequencies, and of the histogram. Only
--        these numbers leave the server. For a role that may read pg_statistic itself.
-- since: 140000
-- param: $1 oid[] tables and indexes
-- row:   relation oid, number int2, frequencies text, common text, histogram text
SELECT s.relation, s.number, pg_catalog.array_to_string(s.frequencies, ' ') AS frequencies,
       w.common, w.histogram
  FROM (
        SELECT s.starelid AS relation, s.staattnum AS number,
               CASE WHEN s.stakind1 OPERATOR(pg_catalog.=) 1::pg_catalog.int2 THEN s.stavalues1
                    WHEN s.stakind2 OPERATOR(pg_catalog.=) 1::pg_catalog.int2 THEN s.stavalues2
                    WHEN s.stakind3 OPERATOR(pg_catalog.=) 1::pg_catalog.int2 THEN s.stavalues3 END AS common,
               CASE WHEN s.stakind1 OPERATOR(pg_catalog.=) 1::pg_catalog.int2 THEN s.stanumbers1
                    WHEN s.stakind2 OPERATOR(pg_catalog.=) 1::pg_catalog.int2 THEN s.stanumbers2
                    WHEN s.stakind3 OPERATOR(pg_catalog.=) 1::pg_catalog.int2 THEN s.stanumbers3 END AS frequencies,
               CASE WHEN s.stakind1 OPERATOR(pg_catalog.=) 2::pg_catalog.int2 THEN s.stavalues1
                    WHEN s.stakind2 OPERATOR(pg_catalog.=) 2::pg_catalog.int2 THEN s.stavalues2
                    WHEN s.stakind3 OPERATOR(pg_catalog.=) 2::pg_catalog.int2 THEN s.stavalues3 END AS histogram,
               CASE WHEN a.attlen OPERATOR(pg_catalog.>) 0::pg_catalog.int2
                     AND b.base OPERATOR(pg_catalog.<>) 19::pg_catalog.oid THEN NULL
                    WHEN t.typcategory OPERATOR(pg_catalog.=) 'S' THEN 'text'
                    WHEN t.typcategory OPERATOR(pg_catalog.=) 'V' THEN 'bits'
                    WHEN t.typcategory OPERATOR(pg_catalog.=) 'I' THEN 'inet'
                    WHEN e.typlen OPERATOR(pg_catalog.>) 0::pg_catalog.int2 THEN 'array'
                    WHEN b.base OPERATOR(pg_catalog.=) 1700::pg_catalog.oid THEN 'numeric'
                    WHEN b.base OPERATOR(pg_catalog.=) 17::pg_catalog.oid
                     AND pg_catalog.current_setting('bytea_output') OPERATOR(pg_catalog.=) 'hex'
                    THEN 'bytea'
                    WHEN b.base OPERATOR(pg_catalog.=) ANY ('{114,142}'::pg_catalog.oid[])
                    THEN 'text' END AS kind, -- 19 name, 114 json, 142 xml
               e.typlen::pg_catalog.int4 AS element
          FROM pg_catalog.pg_statistic AS s
          JOIN pg_catalog.pg_attribute AS a
            ON a.attrelid OPERATOR(pg_catalog.=) s.starelid
           AND a.attnum OPERATOR(pg_catalog.=) s.staattnum
          JOIN pg_catalog.pg_type AS t ON t.oid OPERATOR(pg_catalog.=) a.atttypid
         CROSS JOIN LATERAL (
                SELECT COALESCE(NULLIF(t.typbasetype, 0::pg_catalog.oid), t.oid) AS base) AS b
          LEFT JOIN pg_catalog.pg_type AS e
            ON e.oid OPERATOR(pg_catalog.=) t.typelem
           AND t.typcategory OPERATOR(pg_catalog.=) 'A'
         WHERE s.starelid OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.oid[])
           AND NOT s.stainherit
           AND (a.attlen OPERATOR(pg_catalog.<) 0::pg_catalog.int2 OR EXISTS (
                SELECT 1 FROM pg_catalog.pg_index AS i
                 WHERE NOT i.indisunique
                   AND (i.indexrelid OPERATOR(pg_catalog.=) a.attrelid
                        OR i.indrelid OPERATOR(pg_catalog.=) a.attrelid
                           AND a.attnum OPERATOR(pg_catalog.=) ANY (i.indkey))))) AS s
 CROSS JOIN LATERAL (
        SELECT pg_catalog.string_agg(b.bytes::pg_catalog.text, ' ' ORDER BY v.place)
                   FILTER (WHERE v.is_common) AS common,
               pg_catalog.string_agg(b.bytes::pg_catalog.text, ' ' ORDER BY v.place)
                   FILTER (WHERE NOT v.is_common) AS histogram
          FROM (SELECT true AS is_common, m.word, m.place
                  FROM pg_catalog.unnest(CASE WHEN s.kind IS NOT NULL
                                         THEN s.common END::pg_catalog.text::pg_catalog.text[])
                       WITH ORDINALITY AS m (word, place)
                UNION ALL
                SELECT false, h.word, h.place
                  FROM pg_catalog.unnest(CASE WHEN s.kind IS NOT NULL
                                         THEN s.histogram END::pg_catalog.text::pg_catalog.text[])
                       WITH ORDINALITY AS h (word, place)) AS v
         CROSS JOIN LATERAL (
                SELECT pg_catalog.length(v.word) AS long,
                       pg_catalog.length(pg_catalog.replace(v.word, ',', '')) AS without_commas,
                       pg_catalog.concat('000', pg_catalog.split_part(
                           pg_catalog.ltrim(v.word, '-'), '.', 1)) AS whole,
                       pg_catalog.concat(pg_catalog.split_part(v.word, '.', 2), '000') AS part)
               AS t
         CROSS JOIN LATERAL ( -- digits in groups of four, without groups of zeros at the ends
                SELECT pg_catalog.length(pg_catalog.regexp_replace(pg_catalog.concat(
                           pg_catalog.substr(t.whole, pg_catalog.int4pl(1,
                               pg_catalog.mod(pg_catalog.length(t.whole), 4))),
                           pg_catalog.left(t.part, pg_catalog.int4mul(4,
                               pg_catalog.int4div(pg_catalog.length(t.part), 4)))),
                       '^(0000)+|(0000)+$', '', 'g')) AS digits) AS n
         CROSS JOIN LATERAL (
                SELECT CASE s.kind
                       WHEN 'text' THEN pg_catalog.octet_length(v.word)
                       WHEN 'bytea' THEN pg_catalog.int4mi(pg_catalog.int4div(t.long, 2), 1)
                       WHEN 'bits' THEN
                            pg_catalog.int4pl(4, pg_catalog.int4div(pg_catalog.int4pl(t.long, 7), 8))
                       WHEN 'inet' THEN
                            CASE WHEN pg_catalog.strpos(v.word, ':') OPERATOR(pg_catalog.>) 0
                                 THEN 18 ELSE 6 END
                       WHEN 'numeric' THEN pg_catalog.int4pl(2, pg_catalog.int4div(n.digits, 2))
                       WHEN 'array' THEN
                            CASE WHEN t.long OPERATOR(pg_catalog.=) 2 THEN 12
                                 ELSE pg_catalog.int4pl(20, pg_catalog.int4mul(s.element,
                                          pg_catalog.int4pl(1, pg_catalog.int4mi(
                                              t.long, t.without_commas)))) END
                       END AS bytes) AS b) AS w
