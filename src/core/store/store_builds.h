/*
 * What runs are building: written before a concurrent build starts and forgotten when nothing
 * invalid is left of it, so that the next run can clean up after one that died.
 *
 * As in store.h, writers swallow their errors into store_trouble(); a reader that fails visits
 * nothing.
 */
#ifndef CORE_STORE_BUILDS_H
#define CORE_STORE_BUILDS_H

#include "store/store.h"

struct store_build {
    gint64 run; /* below 0: nothing is written */
    int step;   /* its number in the run */
    const char *schema, *name;
    guint table_oid;
    guint index_oid;    /* that is rebuilt; 0: none, it is a new one */
    const char *before; /* "{1,2}": oids of the invalid indexes that were on the table before */
    const char *built;  /* the same: oids of indexes that were seen being built */
    int unseen;         /* attempts whose index was not seen */
};

/* Replaces an earlier row of the same run and step. */
void store_build_put(struct store *store, const struct store_build *build);

/* Nothing is left of it. */
void store_build_end(struct store *store, gint64 run, int step);

/* Calls visit for what runs that are over (ended, or their process died) have left unfinished on
 * that database, oldest first. */
void store_builds_left(struct store *store, const char *system_identifier, const char *dbname,
                       void (*visit)(const struct store_build *build, gpointer data),
                       gpointer data);

#endif
