/*
 * The history: what ran, by whom, with which plan, what each step did, what it found before and
 * after. SQLite in WAL mode, schema migrations in sql/migrations, shared by several processes; a
 * handle belongs to the thread that opened it, and to no child made by fork.
 *
 * Evidence never stops maintenance: store_open falls back to a database in memory when the file
 * cannot be used, and store_trouble() says why, so that a host can report the loss.
 */
#ifndef CORE_STORE_H
#define CORE_STORE_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

struct store;

/* Opens or creates (directories 0700, file 0600) and migrates. Never NULL. A file that is corrupt,
 * another program's or a newer pgrunbook's is left untouched: the store is in memory then, with
 * trouble. `path` may be NULL: memory without trouble (for --dry-run and tests). */
struct store *store_open(const char *path);

/* The same in an emergency: another process's lock is waited for so briefly that evidence is lost
 * rather than time. */
struct store *store_open_hurried(const char *path);

/* Opens for reading only, never creates; for `history`. NULL with RUNBOOK_FAILED when it cannot:
 * no file yet, empty, damaged, another program's, of a newer schema. A file of an older schema
 * stays as it is and is read from a copy in memory. */
struct store *store_open_reader(const char *path, GError **error);

void store_close(struct store *store);
AUTO_DEFINE(store, store_close)

/* Gives its file up, with every lock on it, and is in memory from now on, with that trouble. */
void store_let_go(struct store *store, const char *why);

/* NULL while all is well; else why evidence is not kept (open, or a later write: full disk). The
 * first trouble wins. Text in the form of an error's message, with a "hint:" line. Borrowed.
 * After a failed write the next ones are tried all the same, but never wait for a lock. */
const char *store_trouble(const struct store *store);

/* Whether it is a database in memory: what is written, and the ids that are given, die with it. */
bool store_in_memory(const struct store *store);

/* ---- writing a run -------------------------------------------------------------------- */

struct store_run {
    const char *section, *verb;
    const char *target; /* NULL: none */
    const char *host, *dbname, *role;
    const char *system_identifier;
    int version_num;
    const char *command_line;
    gint64 deadline_us; /* wall clock; 0: none */
    gint64 undoes;      /* the run that this one takes back; 0: none */
};

/* Who asked for the run ("token:anna") and why, in the environment of a command that serve starts
 * for somebody. */
#define STORE_ACTOR_VARIABLE  "PGRUNBOOK_ACTOR"
#define STORE_REASON_VARIABLE "PGRUNBOOK_REASON"

/* The same for a process that acts for several: of all runs that this store records from now on. */
void store_set_actor(struct store *store, const char *actor, const char *reason);

/* All writers swallow errors into store_trouble(). Times are wall-clock microseconds since 1970.
 * The run's os user, host name, pid and start time are filled in here, actor and reason of
 * store_set_actor(), or of the environment. Returns the run's id, -1 when it could not be written. */
gint64 store_run_begin(struct store *store, const struct store_run *run);
/* outcome: done, partly, failed, refused, interrupted. summary: JSON text or NULL. */
void store_run_end(struct store *store, gint64 run, const char *outcome, int exit_code,
                   const char *error, const char *summary);

struct store_step {
    int number;         /* 1… within the run */
    const char *object; /* what it acts on, for people */
    const char *sql;
    const char *reason;
    const char *lock_mode; /* as PostgreSQL spells it: "ShareUpdateExclusiveLock" */
    const char *undo; /* SQL that takes it back, statements separated by ";\n"; NULL: none */
};

/* The whole plan at once, outcome "planned". */
void store_steps_planned(struct store *store, gint64 run, const struct store_step *steps,
                         guint count);
/* Outcome "running", one attempt more. sql: what was really sent, NULL to keep the planned text.
 * A process that dies leaves the step so. */
void store_step_begin(struct store *store, gint64 run, int number, const char *sql);
void store_step_end(struct store *store, gint64 run, int number, const char *outcome,
                    const char *detail);

/* What happened to one object (a table, an index, a session) in a run. */
struct store_object {
    int step;           /* 0: none */
    const char *schema; /* NULL is kept as "" */
    const char *name;
    const char *outcome; /* done, skipped, failed, not_reached */
    const char *reason;
    double seconds;
    gint64 bytes;               /* size worked on, for predictions; 0 unknown */
    const char *before, *after; /* JSON text or NULL */
};

/* Replaces an earlier row of the same run, schema and name. */
void store_object(struct store *store, gint64 run, const struct store_object *object);

/* Many writes as one transaction: begin, writes, commit. Do not nest. */
void store_begin(struct store *store);
void store_commit(struct store *store);

/* ---- reading back ---------------------------------------------------------------------- */

/* Where earlier evidence must have come from to count: same cluster and database. */
struct store_scope {
    const char *section;
    const char *system_identifier; /* NULL: unknown; nothing matches */
    const char *dbname;
};

/* Calls visit for the newest row with outcome "done" and seconds > 0 of every object in scope. */
void store_last_done(struct store *store, const struct store_scope *scope,
                     void (*visit)(const struct store_object *object, gpointer data),
                     gpointer data);

/* Calls visit for every object the newest run of any verb in scope that is over (ended, or its
 * process died) did not reach. A run that was refused or broke before it recorded any object says
 * nothing and is passed over; one that found nothing to do clears the list. To survive a crash, a
 * run records its objects as not_reached when it has its plan. */
void store_not_reached(struct store *store, const struct store_scope *scope,
                       void (*visit)(const struct store_object *object, gpointer data),
                       gpointer data);

/* ---- forgetting ------------------------------------------------------------------------- */

/* Calls visit for every run that started before that time and may be forgotten, oldest first.
 * Never the newest of a scope, nor the newest there that knows what it reached; one that can still
 * be taken back is kept twice as long. */
void store_old_runs(struct store *store, gint64 before_us,
                    void (*visit)(gint64 run, gpointer data), gpointer data);

/* Forgets them, and turns, events and minutes of those times (minutes after 90 days at the latest);
 * returns how many runs. */
enum { STORE_MINUTES_DAYS = 90 }; /* that minutes are kept at most */
guint store_prune(struct store *store, gint64 before_us);

/* ---- showing --------------------------------------------------------------------------- */

struct store_run_view {
    gint64 id, started_us, ended_us, deadline_us; /* ended 0: still running, or it died */
    const char *section, *verb, *target, *host, *dbname, *role, *system_identifier;
    int version_num, pid, exit_code;
    const char *os_user, *os_host, *command_line;
    const char *outcome; /* as given to store_run_end, or "running", or "died" */
    const char *error, *summary;
    gint64 undoes;   /* the run that this one takes back; 0: none */
    gint64 undo_run; /* the newest run that takes this one back, or tried to; 0: none */
    const char *actor, *reason; /* who asked for it, and why; NULL: nobody but the os user */
    const char *stopped_by, *stop_reason; /* who had it stopped, and why; NULL: nobody, none */
    gint64 stopped_us;                    /* when; 0: never */
};
struct store_step_view {
    int number, attempts;
    gint64 started_us, ended_us;
    const char *object, *sql, *reason, *lock_mode, *outcome, *detail, *undo;
};

/* Newest first. Filters may be NULL; limit 0: all. Returns false with an error. "running" is a
 * run whose process is alive on this host; of another host's nothing is known: "died". */
bool store_each_run(struct store *store, const char *section, const char *target, int limit,
                    void (*visit)(const struct store_run_view *run, gpointer data),
                    gpointer data, GError **error);
/* One run; RUNBOOK_USAGE when there is none of that id. */
bool store_run_by_id(struct store *store, gint64 id,
                     void (*visit)(const struct store_run_view *run, gpointer data),
                     gpointer data, GError **error);
bool store_each_step(struct store *store, gint64 run,
                     void (*visit)(const struct store_step_view *step, gpointer data),
                     gpointer data, GError **error);
struct store_undone {
    gint64 run, at_us; /* by which run, and when */
    const char *sql;
};
/* Every statement that was done by runs that take `run` back, oldest first. */
bool store_each_undone(struct store *store, gint64 run,
                       void (*visit)(const struct store_undone *undone, gpointer data),
                       gpointer data, GError **error);
bool store_each_object(struct store *store, gint64 run,
                       void (*visit)(const struct store_object *object, gpointer data),
                       gpointer data, GError **error);

#endif
