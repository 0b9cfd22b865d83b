/*
 * REINDEX INDEX CONCURRENTLY done right, as steps of a plan: for every section that rebuilds
 * indexes. It is looked at before (disk, long transactions, locks, other builds), watched while
 * it runs (it never times out on a lock, because that leaves an invalid index behind, but gives
 * way when it waits too long or makes others wait), proved by the catalogs afterwards, and
 * cleaned up after: what is left invalid of our own is dropped, what others left is reported.
 *
 * The order of calls: rebuild_allowed() before anything; rebuild_new(); rebuild_add_leftovers(),
 * then rebuild_add() for each index, while the plan is made; rebuild_begin() once the run is in
 * the history; plan_run() with rebuild_before/watch/after called from the section's own hooks for
 * the steps that are rebuilds, lock_timeout_ms 0 and rebuild_limits(); rebuild_finish() when it
 * has returned, for better or worse. Then the indexes tell what became of them.
 */
#ifndef CORE_REBUILD_H
#define CORE_REBUILD_H

#include "feature.h"
#include "plan/plan.h"

enum rebuild_kind {
    REBUILD_REINDEX,  /* an index that is there */
    REBUILD_CREATE,   /* one that is built anew, for an undo */
    REBUILD_LEFTOVER, /* what an earlier run of ours left invalid, to be dropped */
};

/* One index to rebuild, to build anew or to drop, as far as the plan knows it. */
struct rebuild_index {
    enum rebuild_kind kind;
    guint oid;                   /* 0: it does not exist yet */
    char *schema, *name, *table; /* the table's schema is the same */
    guint table_oid;
    char *definition; /* of REBUILD_CREATE: its CREATE INDEX CONCURRENTLY statement, names
                          * qualified, no semicolon; else NULL */
    gint64
        bytes_before; /* for the prediction; measured before it starts. Of REBUILD_CREATE what
                          * it is expected to need; 0: not known */

    /* Filled in by the run. */
    guint new_oid;
    gint64 bytes_after; /* -1: not known */
    enum step_outcome outcome;
    char *detail; /* reason of an outcome other than done; of done what there is to know */
    double seconds;
    bool gone; /* skipped because it is no longer there: nothing to complain about */
};

/* Limits of a rebuild, from the settings of the section that uses it. */
struct rebuild_rules {
    gint64 patience_ms; /* how long it may wait for other transactions and locks, before and
                          * while it runs */
    gint64
        give_way_ms; /* how long a session may wait for it with a lock behind which all others
                          * queue */
    gint64 old_xact_ms;  /* a transaction older than this bars the start */
    gint64 blind_bytes;  /* largest index where free disk space cannot be seen; 0: any */
    gint64 memory_bytes; /* maintenance_work_mem */
};

struct rebuild; /* all rebuilds of one run */

struct rebuild *rebuild_new(struct call *call, const struct rebuild_rules *rules);
void rebuild_free(struct rebuild *rebuild);
AUTO_DEFINE(rebuild, rebuild_free)

/* Whether REINDEX CONCURRENTLY may be used on this server at all: not on 14.0 to 14.3, where it
 * can leave an index that misses rows (bug #17485, repaired in 14.4). False: RUNBOOK_REFUSED.
 * Pure. */
bool rebuild_allowed(int server_version_num, GError **error);

/* Sets what the executor needs for rebuilds: no lock_timeout, tries and pauses that add up to the
 * rules' patience. Pure. */
void rebuild_limits(const struct rebuild_rules *rules, struct plan_limits *limits);

/* ---- planning ----------------------------------------------------------------------------- */

/* Leftovers of earlier runs of ours (the history names what they were building) become steps that
 * drop them. Those that nobody of ours can have left are reported through output_note(), and kept
 * as rebuild_strangers(). */
void rebuild_add_leftovers(struct rebuild *rebuild, struct session *session, struct plan *plan);

/* Invalid indexes that somebody else's REINDEX CONCURRENTLY left. */
struct rebuild_stranger {
    char *schema, *name, *table;
    guint oid, table_oid;
    char *drop_sql; /* for the person who knows whose it is */
};
const GPtrArray *rebuild_strangers(const struct rebuild *rebuild); /* of struct …_stranger */

/* Adds the step for an index; takes ownership of it (and of its strings), and gives it back
 * through rebuild_index_of() until the rebuild is freed. reason is copied. */
struct step *rebuild_add(struct rebuild *rebuild, struct session *session, struct plan *plan,
                         struct rebuild_index *index, const char *reason);
void rebuild_index_free(struct rebuild_index *index); /* of one that was never added */
AUTO_DEFINE(rebuild_index, rebuild_index_free)

/* NULL for a step that is none of this rebuild's. */
const struct rebuild_index *rebuild_index_of(const struct rebuild *rebuild,
                                             const struct step *step);

/* What stands against rebuilding these indexes whatever the hour: a missing right, an exclusion
 * constraint, a system catalog. Texts in the order of the oids, NULL where there is nothing (or
 * the index is gone: the look right before will tell). NULL with an error. */
GPtrArray *rebuild_bars(struct session *session, const guint *oids, guint count,
                        GError **error); /* of char *; owned */

/* A name as REINDEX CONCURRENTLY gives it to what it may leave behind: ends in _ccnew or _ccold and
 * perhaps a number. Pure. */
bool rebuild_leftover_name(const char *name);

/* ---- running ------------------------------------------------------------------------------ */

/* Before plan_run(): from now on what is built is recorded as that run's. */
void rebuild_begin(struct rebuild *rebuild, const struct plan_run *run,
                   const struct plan *plan);

/* For the hooks of plan_run(). Each must be called only for steps with rebuild_index_of(). */
enum step_go rebuild_before(struct rebuild *rebuild, struct step *step, struct session *session,
                            char **ret_why);
bool rebuild_watch(struct rebuild *rebuild, struct step *step, int pid, struct session *control,
                   char **ret_why);
enum step_after rebuild_after(struct rebuild *rebuild, struct step *step, const char *sqlstate,
                              struct session *control);

/* Once plan_run() has returned: proves what is not proved yet, measures, drops what our own steps
 * left, in short plans of its own that also run after Ctrl-C and after the window's end, and
 * records them behind the other steps of the run. What could not be dropped is said with the SQL
 * that does, stays recorded, and is dropped by the next run. Settles outcome, detail and seconds
 * of every index. */
void rebuild_finish(struct rebuild *rebuild, const struct plan_run *run,
                    const struct plan *plan);

/* What rebuild_finish() dropped or could not drop. */
struct rebuild_remnant {
    char *schema, *name;
    guint oid, table_oid;
    bool dropped;
    char *detail;   /* why not; NULL: dropped */
    char *drop_sql; /* for whoever wants to do it at once */
};
const GPtrArray *rebuild_remnants(const struct rebuild *rebuild); /* of struct …_remnant */

#endif
