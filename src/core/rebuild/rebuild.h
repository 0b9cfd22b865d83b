/*
 * REINDEX INDEX CONCURRENTLY done right, as steps of a plan: for every section that rebuilds
 * indexes. It is looked at before (server version, disk, long transactions, other builds),
 * watched while it runs (it never times out on a lock, because that leaves an invalid index
 * behind, but gives way when it waits too long or makes others wait), and cleaned up after: an
 * invalid leftover of our own is dropped, one of others is reported.
 *
 * A section adds its steps with rebuild_add(), calls rebuild_before/watch/after from its own
 * hooks for the steps that are rebuilds, and rebuild_finish() when plan_run() has returned, for
 * better or worse.
 */
#ifndef CORE_REBUILD_H
#define CORE_REBUILD_H

#include "feature.h"
#include "plan/plan.h"

/* One index to rebuild, or to build anew for an undo, as far as the plan knows it. */
struct rebuild_index {
    guint oid; /* 0: it does not exist yet */
    char *schema, *name;
    char *table; /* name only; the schema is the same */
    guint table_oid;
    gint64 bytes_before;

    /* Filled in by the run. */
    guint new_oid;
    gint64 bytes_after; /* -1: not known */
    enum step_outcome outcome;
    char *detail;
};

/* Limits of a rebuild, from the settings of the section that uses it. */
struct rebuild_rules {
    gint64 patience_ms;  /* how long it may wait for other transactions */
    gint64 give_way_ms;  /* how long a session may wait for it */
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

/* Leftovers of earlier runs of ours (the history names what they were building) become steps that
 * drop them, before everything else. Those that nobody of ours can have left are reported through
 * output_note(). */
void rebuild_add_leftovers(struct rebuild *rebuild, struct session *session, struct plan *plan);

/* Adds the step for an index; takes ownership of it (and of its strings), and gives it back
 * through rebuild_index_of() until the rebuild is freed. reason is copied. */
struct step *rebuild_add(struct rebuild *rebuild, struct session *session, struct plan *plan,
                         struct rebuild_index *index, const char *reason);

/* NULL for a step that is none of this rebuild's. */
const struct rebuild_index *rebuild_index_of(const struct rebuild *rebuild,
                                             const struct step *step);

/* For the hooks of plan_run(). Each must be called only for steps with rebuild_index_of(). */
enum step_go rebuild_before(struct rebuild *rebuild, struct step *step, struct session *session,
                            char **ret_why);
bool rebuild_watch(struct rebuild *rebuild, struct step *step, int pid, struct session *control,
                   char **ret_why);
enum step_after rebuild_after(struct rebuild *rebuild, struct step *step, const char *sqlstate,
                              struct session *control);

/* Once plan_run() has returned: proves indisvalid, measures, drops what our own steps left, in a
 * short plan of its own that also runs after Ctrl-C and after the window's end, and records it
 * behind the other steps of the run. What could not be dropped is said with the SQL that does. */
void rebuild_finish(struct rebuild *rebuild, const struct plan_run *run,
                    const struct plan *plan);

#endif
