/* What helps against the usual causes of a restore that failed. */
#include "restore_dump.h"

#include <string.h>

static const char no_locale[] = "this server does not have the locale: CREATE DATABASE NEWDB "
                                "TEMPLATE template0 ENCODING 'UTF8' "
                                "LOCALE 'C' makes a database with one that it has, and --into "
                                "NEWDB --clean restores into it";

static const struct {
    const char *words, *hint;
} hints[] = {
    {"role \"", "its roles come first (backup dump --globals writes them), or --no-owner "
                "--no-privileges leaves them out"},
    {"parameter \"default_tablespace\"",
     "its tablespaces come first: CREATE TABLESPACE … LOCATION '…' makes one of that name "
     "(backup "
     "dump --globals writes them); or --no-tablespaces puts everything into the default one"},
    {"tablespace \"",
     "CREATE TABLESPACE makes one of that name; or --no-tablespaces puts everything "
     "into the default one"},
    {"parameter \"transaction_timeout\"",
     "a pg_restore from 17 on cannot restore into a server before 17. A dump by pg_dump 16 or "
     "older "
     "comes back (backup.bindir); this one does by hand: zstd -dc FILE | pg_restore -f - | "
     "grep -vx 'SET "
     "transaction_timeout = 0;' | psql -v ON_ERROR_STOP=1 -d NEWDB"},
    {"locale name", no_locale},
    {"locale \"", no_locale},
    {"used by logical replication subscription",
     "in that database, for each subscription (SELECT * FROM pg_subscription): ALTER "
     "SUBSCRIPTION … "
     "SET (slot_name = NONE); DROP SUBSCRIPTION …"},
    {"DROP SUBSCRIPTION cannot run inside a transaction block",
     "for each subscription that is there: ALTER SUBSCRIPTION … DISABLE; ALTER SUBSCRIPTION … "
     "SET "
     "(slot_name = NONE); then it can be dropped with the rest, and its slot stays with the "
     "publisher"},
};

const char *restore_dump_hint(const char *detail)
{
    for (gsize i = 0; detail != NULL && i < G_N_ELEMENTS(hints); i++)
        if (strstr(detail, hints[i].words) != NULL)
            return hints[i].hint;
    return NULL;
}
