-- name:  shadow_settings
-- doc:   What a client of this role finds set that decides what statements mean and do: a type is
--        changed with or without a rewrite by the time zone.
-- since: 140000
-- row:   name text, value text
SELECT s.name, s.reset_val AS value
  FROM pg_catalog.pg_settings AS s
 WHERE s.name OPERATOR(pg_catalog.=) ANY (
           '{TimeZone,search_path,DateStyle,IntervalStyle,default_table_access_method,
             default_toast_compression,default_text_search_config,quote_all_identifiers,
             check_function_bodies,standard_conforming_strings,xmlbinary,xmloption}'
               ::pg_catalog.text[])
   AND s.reset_val OPERATOR(pg_catalog.<>) s.boot_val
