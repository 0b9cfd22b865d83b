/*
 * Taking a recorded run back: which of its steps were done and can be, by which statements, and
 * whether that may happen here and now. Nothing in here needs a server.
 */
#ifndef HOST_CLI_HISTORY_UNDO_H
#define HOST_CLI_HISTORY_UNDO_H

#include "auto.h"
#include "plan/plan.h"
#include "store/store.h"

#include <glib.h>
#include <stdbool.h>

enum undo_kind {
    UNDO_STATEMENT,
    UNDO_SETTING, /* SET or RESET: for the statements of the same step that follow */
    UNDO_BUILD,   /* CREATE INDEX CONCURRENTLY */
};

/* The index that a statement builds. Names are without quotes; owned. */
struct undo_index {
    char *schema, *table, *name;
};

/* One statement. */
struct undo_step {
    int of; /* number of the step it takes back */
    enum undo_kind kind;
    char *object, *sql;      /* owned */
    struct undo_index index; /* of UNDO_BUILD, else NULL */
    gint64 bytes;            /* size of the index when it was dropped; 0: not known */
};

/* A statement of a step that was taken back. */
struct undo_done {
    int of;
    gint64 run, at_us; /* by which run, and when */
};

struct undo {
    gint64 run;      /* the run to take back */
    gint64 undo_run; /* the newest one that tried; 0: none */
    gint64 started_us;
    char *section, *verb, *outcome;
    char *target, *host, *dbname, *system_identifier;
    guint undoable; /* steps that have an undo, done or not */
    int doubtful;   /* one of them that was at work when the run died; 0: none */
    GPtrArray
        *pending; /* of struct undo_step, in the order they are to run: what is still to do */
    GArray *done; /* of struct undo_done, oldest first: what was taken back */
};

/* Reads the run and what was taken back of it. NULL with an error, RUNBOOK_USAGE when there is no
 * run of that id. */
struct undo *undo_read(struct store *store, gint64 run, GError **error);
void undo_free(struct undo *undo);
AUTO_DEFINE(undo, undo_free)

enum undo_extent { UNDO_NOT, UNDO_PARTLY, UNDO_WHOLLY };

/* How much of that step of the run was taken back, and what was the last of it before that time
 * (G_MAXINT64: ever); NULL: nothing was. Pure. */
enum undo_extent undo_extent_of(const struct undo *undo, int step);
const struct undo_done *undo_last_of(const struct undo *undo, int step, gint64 until_us);

/* Whether there is something that may be taken back. False: RUNBOOK_REFUSED. */
bool undo_possible(const struct undo *undo, GError **error);

/* Whether this is the cluster and the database of the run. False: RUNBOOK_REFUSED. */
bool undo_is_here(const struct undo *undo, const char *system_identifier, const char *dbname,
                  GError **error);

/* Appends the statements to the plan, one after the other: the step's subject is its struct
 * undo_step. build makes the step of an index in a better way, or returns NULL; build itself may
 * be NULL. */
void undo_plan(const struct undo *undo, struct plan *plan, gint64 lock_timeout_ms,
               struct step *(*build)(const struct undo_step *statement, const char *reason,
                                     gpointer data),
               gpointer data);

/* Whether a statement of the plan may run after what became of those before it: all of one step
 * are done in their order or not at all. Steps of the plan that are no statement of the undo have
 * no subject, and no say. */
bool undo_may_follow(const struct plan *plan, const struct step *step);

/* Whether an index is to be built. */
bool undo_builds(const struct undo *undo);

/* Takes "A;\nB" apart; empty pieces are left out. Caller frees with g_strfreev(). */
char **undo_statements(const char *undo);

/* Reads CREATE [UNIQUE] INDEX CONCURRENTLY name ON [ONLY] schema.table …; false for any other
 * statement. */
bool undo_index_parse(const char *sql, struct undo_index *ret_index);
void undo_index_clear(struct undo_index *index);

#endif
