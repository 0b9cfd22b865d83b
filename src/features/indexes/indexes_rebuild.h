/*
 * `indexes rebuild`: which indexes a person means, and doing it. How an index is rebuilt is
 * core/rebuild's; here it is chosen, shown and recorded.
 */
#ifndef FEATURE_INDEXES_REBUILD_H
#define FEATURE_INDEXES_REBUILD_H

#include "indexes.h"
#include "plan/plan.h"
#include "rebuild/rebuild.h"

/* What was asked for. */
struct indexes_wish {
    const char *name; /* a pattern; NULL: none */
    bool bloated, invalid;
    gint64 bloat_bytes; /* called bloated from here on, and … */
    double bloat_fraction;
};

/* An index that was chosen. */
struct indexes_choice {
    guint position; /* in the snapshot */
    char *reason;   /* why it is rebuilt */
    char *bar;      /* why it is not, whatever the hour; NULL: nothing stands against it */
    gint64 reclaimable_bytes; /* -1: not known */

    /* Filled in by planning; NULL: it has no step. */
    struct step *step;
    const struct rebuild_index *index;
};
void indexes_choice_free(gpointer data);

/* The chosen ones in the order they start, with bars that show in the snapshot: leftovers of
 * REINDEX CONCURRENTLY are dropped or reported, never rebuilt. A partitioned index stands for those
 * of its partitions. RUNBOOK_USAGE when a name matches none. Pure. */
GPtrArray *indexes_choose(const struct relations *relations, const struct indexes_wish *wish,
                          GError **error);

/* Adds the bloated ones (indexes_bloat.c): those of which a rebuild would win at least so much.
 * Needs the columns in the snapshot. Pure. */
void indexes_select_bloated(const struct relations *relations, const struct indexes_wish *wish,
                            GPtrArray *choices);

/* Adds an index, perhaps once more, and returns it. Takes reason. */
struct indexes_choice *indexes_choice_add(GPtrArray *choices, guint position, char *reason);

/* A run at work: what hooks, record and report share. */
struct indexes_rebuild {
    struct call *call;
    struct session *session;
    struct relations *relations;
    GPtrArray *choices; /* of struct indexes_choice */
    struct rebuild *rebuild;
    struct plan *plan;
    gint64 started_us; /* monotonic */
};

/* The catalogs' numbers at the start, sizes at the end (indexes_rebuild_record.c). begin: as
 * not_reached, so that a run that dies leaves what it did not reach. */
void indexes_record(const struct indexes_rebuild *run, gint64 id, bool begin);
char *indexes_summary(const struct indexes_rebuild *run); /* JSON. Caller frees. */

/* The plan (outcome NULL) or what came of it (indexes_rebuild_report.c). */
void indexes_show_rebuild(const struct indexes_rebuild *run, gint64 id, const char *outcome);

/* Bytes won by what is done; indexes whose sizes are not known count as 0. */
gint64 indexes_won(const struct indexes_rebuild *run);

enum runbook_exit indexes_rebuild_command(struct call *call, GError **error);

#endif
