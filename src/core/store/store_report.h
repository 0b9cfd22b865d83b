/*
 * What the monthly report reads of the history beyond what others read: sums over minutes, sizes
 * over weeks, and everything of all databases between two moments.
 *
 * Readers return false with an error when they could not read to the end.
 */
#ifndef CORE_STORE_REPORT_H
#define CORE_STORE_REPORT_H

#include "store/store.h"
#include "store/store_migrations.h"
#include "store/store_samples.h"

/* The member of a run's summary that names the base backup which it made or tried. */
#define STORE_SUMMARY_BACKUP "backup"

/* ---- minutes -------------------------------------------------------------------------------- */

struct store_minutes_sum {
    gint64 minutes; /* 0: nothing is known of that time */
    gint64 samples, missed, used_sum;
    int ordinary, used_max, in_transaction_max, waiting_max;
    double query_seconds_max;
    gint64 peak_us; /* the first minute with used_max */
};

/* From the minute that from_us is in to before the one of until_us. */
bool store_minutes_sum(struct store *store, const char *target, gint64 from_us, gint64 until_us,
                       struct store_minutes_sum *ret_sum, GError **error);

/* Targets of which there are such minutes, by name. */
bool store_each_minute_target(struct store *store, gint64 from_us, gint64 until_us,
                              void (*visit)(const char *target, gpointer data), gpointer data,
                              GError **error);

/* ---- sizes ---------------------------------------------------------------------------------- */

/* A database that was sampled, on its primary. */
struct store_sampled {
    gint64 id;
    const char *system_identifier, *dbname;
    gint64 first_us, last_us, samples; /* of index use; 0: never */
    gint64 sized_us;                   /* the last sample of sizes; 0: never */
    guint indexes, quiet;              /* quiet: no scan was seen for that many days */
};
bool store_each_sampled(struct store *store, int quiet_days,
                        void (*visit)(const struct store_sampled *sampled, gpointer data),
                        gpointer data, GError **error);

/* The last sample of each day. */
bool store_each_size_day(struct store *store, gint64 id, gint64 from_us, gint64 until_us,
                         void (*visit)(gint64 at_us, gpointer data), gpointer data,
                         GError **error);

/* Each size of each relation, relation by relation, the oldest first: it had it from at_us on.
 * seen_week: number of the last week (from Monday, UTC, since 1970) of which is known that it was
 * there. */
struct store_sized {
    guint oid;
    gint64 at_us, bytes, seen_week;
};
bool store_each_sized(struct store *store, gint64 id,
                      void (*visit)(const struct store_sized *sized, gpointer data),
                      gpointer data, GError **error);

/* The number of the week that the moment is in, as in struct store_sized. */
gint64 store_week_of(gint64 at_us);

/* ---- migrations ----------------------------------------------------------------------------- */

/* Of all databases, oldest first, without those that were only seen. */
bool store_each_migration(struct store *store, gint64 from_us, gint64 until_us,
                          void (*visit)(const struct store_migration *migration, gpointer data),
                          gpointer data, GError **error);

/* ---- what the report calls things, and what there is to decide on ---------------------------- */

/* As struct store_node: of a database's primary. Writers swallow their errors into
 * store_trouble(), as in store.h. */
struct store_named {
    guint oid;
    const char *kind; /* "table", "index" */
    const char *schema, *name;
};

/* Together with a sample of sizes: names of all relations in it. */
void store_names_put(struct store *store, const struct store_node *node,
                     const struct store_named *names, guint count);

/* A relation's name; false: it is not known. Strings live as long as visit does. id: as in struct
 * store_sampled. */
bool store_name_of(struct store *store, gint64 id, guint oid,
                   void (*visit)(const struct store_named *named, gpointer data),
                   gpointer data);

struct store_finding {
    const char *schema, *name; /* of the object */
    const char *relation;      /* the table it belongs to */
    const char *what;          /* "unused" */
    const char *reason;        /* a sentence */
    const char *command;       /* what would be typed */
    gint64 bytes;
    gint64 at_us; /* set by the reader: when it was found */
};

/* What a report of the section has found, in place of what the last one had. */
void store_findings_put(struct store *store, const struct store_node *node, const char *section,
                        gint64 at_us, const struct store_finding *findings, guint count);
/* section NULL: of all. */
bool store_each_finding(struct store *store, gint64 id, const char *section,
                        void (*visit)(const struct store_finding *finding, gpointer data),
                        gpointer data, GError **error);

#endif
