/*
 * Rehearsals and applied migrations, as the checklist and the gate before `apply` need them.
 * Rehearsals are forgotten with old runs, what was applied never.
 *
 * As in store.h, writers swallow their errors into store_trouble(), and so do the readers.
 */
#ifndef CORE_STORE_MIGRATIONS_H
#define CORE_STORE_MIGRATIONS_H

#include "store/store.h"

struct store_rehearsal {
    gint64 run;   /* the run of the history it belongs to */
    gint64 at_us; /* when it ended, wall clock */
    const char *system,
        *dbname; /* whose schema was rehearsed: system identifier and database */
    const char *version, *name, *hash; /* of the migration */
    const char *schema_hash;           /* of the schema it was rehearsed on, before it */
    const char *verdict; /* "reversible", "schema only", "irreversible", "broken" */
    const char *detail;  /* what was lost where; NULL: nothing to say */
    double
        longest_hold_ms; /* of a lock of SHARE or stronger on a table that existed; measured */
    double predicted_hold_ms; /* on production; -1: no prediction */
    bool transactional, passed;
};

struct store_migration {
    gint64 run, at_us;
    const char *system, *dbname;
    const char
        *ledger; /* the version table it is kept in, with its tool: a database may have two */
    const char *version, *name, *hash;
    const char *direction; /* "up", "down" */
    /* "done", "failed", "running"; "seen": applied by whomever, and this was its file when that was
     * first noticed (run 0). */
    const char *outcome;
    double longest_hold_ms;
    bool analyzed;      /* its tables and columns have their statistics again */
    const char *forced; /* the reason of --force; NULL: none */
};

void store_rehearsal_put(struct store *store, const struct store_rehearsal *rehearsal);
/* Replaces what the same run knew of that version and direction. */
void store_migration_put(struct store *store, const struct store_migration *migration);

/* The newest of that file's hash on that database; false: there is none. Strings live as long as
 * visit does. */
bool store_rehearsal_last(struct store *store, const char *system, const char *dbname,
                          const char *hash,
                          void (*visit)(const struct store_rehearsal *rehearsal, gpointer data),
                          gpointer data);
/* Those of one version table, oldest first. False when it cannot be read. */
bool store_migrations_each(
    struct store *store, const char *system, const char *dbname, const char *ledger,
    void (*visit)(const struct store_migration *migration, gpointer data), gpointer data);

#endif
