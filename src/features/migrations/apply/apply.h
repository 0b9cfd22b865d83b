/*
 * `migrations apply` and `migrations revert`: the gate before them, one file as one transaction or
 * as exactly one statement outside of any, ANALYZE of what has lost its statistics, and the record.
 * One item is one migration in one direction; its steps stand one behind the other in the plan.
 */
#ifndef MIGRATIONS_APPLY_H
#define MIGRATIONS_APPLY_H

#include "ddl/ddl.h"
#include "feature.h"
#include "folder/folder.h"
#include "folder/version_table.h"
#include "plan/plan_gate.h"
#include "plan/plan_script.h"

/* ---- the shape of a script (apply_shape.c), pure ------------------------------------------- */

enum apply_shape {
    APPLY_TRANSACTION, /* its statements, from `from` on and before `to`, are one */
    APPLY_ALONE,       /* one statement that the server takes outside of a transaction only */
    APPLY_REFUSED,
};

struct apply_form {
    enum apply_shape shape;
    guint from, to;
    char *why; /* of a refusal, with the line; NULL: none */
};

/* The BEGIN and COMMIT around a whole script are left out: the version table's rows go into the same
 * transaction. why is the caller's. */
struct apply_form apply_form_of(const struct folder_script *script);

/* ---- gates (apply_gate.c), pure ------------------------------------------------------------ */

enum apply_answer {
    APPLY_OPEN,
    APPLY_FORCED, /* shut, and passed with a reason */
    APPLY_SHUT,
};

struct apply_gate {
    const char *name; /* "rehearsed" */
    enum apply_answer answer;
    bool forcible;
    char *evidence; /* one sentence */
};

/* What the history has of a migration's rehearsal. */
struct apply_rehearsal {
    bool found, passed;
    gint64 run, at_us;
    char *verdict, *detail, *schema_hash;
    double longest_hold_ms, predicted_hold_ms;
};
void apply_rehearsal_clear(struct apply_rehearsal *rehearsal);

/* schema_hash: of the database as it is, NULL: not asked. what: "20240102 add_index". */
struct apply_gate apply_judge_rehearsal(const struct apply_rehearsal *rehearsal,
                                        const char *what, const char *schema_hash, bool down,
                                        gint64 max_hold_ms, gint64 now_us);

struct apply_backup {
    gint64 before_us; /* what was made later does not count; 0: everything does */
    bool configured;  /* there is a repository for this cluster to look into */
    char *trouble;    /* why it cannot be read; NULL: it can */
    char *proven;     /* id of the newest that a drill has restored; NULL: none */
    char *newest;     /* id of the newest one, or the run of the newest dump; NULL: none */
    gint64 proven_us, newest_us;
    bool dump; /* the newest is a dump */
};
void apply_backup_clear(struct apply_backup *backup);

struct apply_gate apply_judge_backup(const struct apply_backup *backup, gint64 age_ms,
                                     gint64 now_us);

/* Whoever is in the way, as sentences. */
struct apply_gate apply_judge_obstacles(const char *name, const GPtrArray *sentences,
                                        const char *none);

/* ---- one run ------------------------------------------------------------------------------- */

/* What a statement outside of a transaction makes or takes away, as far as a second try has to
 * know. */
enum apply_alone {
    ALONE_OTHER,   /* may be sent again, as VACUUM */
    ALONE_REINDEX, /* the same, but leaves indexes under names of its own */
    ALONE_CREATE_INDEX,
    ALONE_DROP_INDEX,
    ALONE_DETACH,
    ALONE_PARTS, /* commits by itself: sent once, whatever comes of it */
};

struct apply_object {
    enum apply_alone kind;
    char *schema, *table; /* NULL: not known */
    char *name;           /* the index, the partition; NULL: the server gives it */
    char *build;          /* of an index: apply_index_build() of the statement */
    bool if_exists;       /* IF EXISTS, IF NOT EXISTS */
};

struct apply_lock {
    guint32 oid; /* 0: not there yet */
    char *schema, *relation;
    enum ddl_lock_mode mode;
};

/* A table, or columns of it, that has to be analyzed. */
struct apply_target {
    char *schema, *relation;
    GPtrArray *columns; /* of char *; empty: all of it */
    struct step *step;  /* of the plan */
    guint32 oid;
    gint64 counted; /* by the server, before */
    bool analyzed;  /* as the server says */
    char *detail;   /* why not; NULL */
};

struct apply_item {
    const struct folder_migration *migration;
    const struct folder_script *script;
    bool down;
    struct apply_form form;
    struct apply_object object; /* of APPLY_ALONE */
    GPtrArray *statements;      /* of char *, those that are sent */
    GArray *strong;             /* of bool, for each of them */
    GPtrArray *locks;           /* of struct apply_lock: on relations that are there */
    enum ddl_lock_mode mode;    /* the strongest */
    bool analysed;              /* of all statements it is known what they do */
    GPtrArray *targets;         /* of struct apply_target */
    struct apply_rehearsal rehearsal;

    /* Its steps. mark and version are of APPLY_ALONE, and NULL where there is nothing to do. */
    struct step *mark, *act, *version;

    struct script_result result; /* of act */
    bool made;                   /* the act had been done before, by a run that died */
    bool applied;                /* as the version table says in the end */
    enum step_outcome outcome;
    char *reason; /* of another outcome than done; NULL */
};

/* ANALYZE of a migration that is applied, which a killed run has not come to. */
struct apply_left {
    gint64 run;
    char *version, *name, *hash, *forced;
    bool down;
    double longest_hold_ms;
    GPtrArray *statements; /* of char * */
    GPtrArray *steps;      /* of struct step, the plan's */
};

struct apply {
    struct call *call;
    struct session *control; /* holds the locks, is the guard */
    bool down;
    const char *to;    /* the version to stop at; NULL: all (revert: the newest) */
    const char *force; /* the reason; NULL: none */
    char *system, *time_zone;
    char *ledger; /* what the history calls the version table */
    struct folder *folder;
    struct version_table *table;
    GPtrArray *items; /* of struct apply_item */
    GPtrArray *left;  /* of struct apply_left */
    GPtrArray *gates; /* of struct apply_gate */
    GPtrArray *shown; /* of char *: hashes of what was shown to the person; NULL: nothing was */
    struct plan *plan;
    struct script_limits limits;
    gint64 run; /* in the history; -1: none */
    char *dbname;
    gint64 tool_key;   /* of the lock of the folder's own tool; 0: none */
    int locked_pid;    /* the backend that has our locks; 0: none has */
    bool tool_held;    /* and that of the tool */
    gint64 started_us; /* monotonic */
    guint extra_steps; /* recorded behind those of the plan */
    char *unseen;      /* sessions that this role may not look into; NULL: none */
    char *stopped;     /* why the rest was not begun; NULL: it was */
};

void apply_gate_add(struct apply *apply, struct apply_gate gate);
bool apply_gates_open(const struct apply *apply);
/* "20240102 add_orders_index (up)"; caller frees. */
char *apply_item_name(const struct apply_item *item);
void apply_item_free(gpointer data);

/* ---- looking (apply_observe.c) ------------------------------------------------------------- */

/* Standby, pooler, whose cluster it is. */
bool apply_observe_place(struct apply *apply, GError **error);
/* The newest rehearsal of it. */
void apply_observe_rehearsal(const struct apply *apply, struct apply_item *item);
struct apply_backup apply_observe_backup(const struct apply *apply, gint64 before_us);
/* Long transactions and wraparound vacuums in the way of these items, as sentences. */
bool apply_observe_obstacles(struct apply *apply, const struct apply_item *item,
                             GPtrArray *transactions, GPtrArray *vacuums, GError **error);

/* ---- choosing (apply_choose.c) ------------------------------------------------------------- */

/* Reads folder and version table, chooses what is to do: the items, without steps. */
bool apply_choose(struct apply *apply, GError **error);

/* ---- planning (apply_plan.c) --------------------------------------------------------------- */

/* Judges the items' statements on the schema as it is. */
bool apply_judge_items(struct apply *apply, GError **error);
/* Steps of all items. */
void apply_plan(struct apply *apply);
/* The statements of the version table for the item; of char *. */
GPtrArray *apply_version_sql(struct apply *apply, const struct apply_item *item);

/* ---- gates (apply_gates.c) ----------------------------------------------------------------- */

/* Asks all of them, for all items; the answers are in apply->gates. False with an error when one
 * could not be asked. */
bool apply_ask_gates(struct apply *apply, GError **error);
/* Somebody is in the way now; *ret_why names them. */
bool apply_obstructed(struct apply *apply, const struct apply_item *item, char **ret_why);
/* Those that may have changed by the item's turn. False with *ret_why. */
bool apply_ask_again(struct apply *apply, struct apply_item *item, char **ret_why);
/* RUNBOOK_REFUSED, naming the gates that are shut. */
void apply_refuse(const struct apply *apply, GError **error);

/* ---- locks (apply_lock.c) ------------------------------------------------------------------ */

/* The section's advisory lock, and that of the tool whose folder it is; tried, with pauses. */
bool apply_lock(struct apply *apply, GError **error);

/* Gives both back. */
void apply_unlock(struct apply *apply);
/* Once more, on a control session that was lost: without pauses. */
bool apply_lock_again(struct apply *apply);
/* golang-migrate waits for its lock with a snapshot, for which a concurrent build of ours waits: while
 * that runs the lock is not kept. Whoever takes it meanwhile finds the dirty mark, and leaves. */
void apply_tool_let_go(struct apply *apply);
void apply_tool_take(struct apply *apply);
/* The key of golang-migrate's lock, as it is computed there. Pure. */
guint32 apply_golang_key(const char *schema, const char *table, const char *dbname);

/* ---- acting (apply_run.c) ------------------------------------------------------------------ */

/* What the hooks of a script get. */
struct apply_turn {
    struct apply *apply;
    struct apply_item *item;
};

void apply_run(struct apply *apply, struct plan_run *run);

void apply_keep(const struct apply *apply, const struct apply_item *item, const char *outcome);
void apply_step_over(const struct apply *apply, struct step *step, enum step_outcome outcome,
                     const char *why);
/* The item's statements (item NULL: none) and the version table's rows as one transaction. */
struct script *apply_script_of(const struct apply_item *item, const GPtrArray *rows);
/* The control session, with its locks, where it was lost. */
bool apply_control_back(struct apply *apply);
/* Whether somebody else has done the item since it was chosen, or is in the midst of one, as the version
 * table says now; or it cannot be read. *ret_why says so. */
bool apply_overtaken(struct apply *apply, const struct apply_item *item, char **ret_why);

/* ---- acting outside of a transaction (apply_alone.c, apply_alone_run.c) -------------------- */

/* What the catalogs say of the object of a statement outside of a transaction. */
enum apply_state {
    APPLY_UNKNOWN,
    APPLY_ABSENT,
    APPLY_INVALID,  /* left by a try that did not end */
    APPLY_BUILDING, /* by somebody, now */
    APPLY_VALID,
    APPLY_ELSEWHERE, /* of another table */
    APPLY_PENDING,   /* a detached partition that is not detached yet */
};
enum apply_state apply_alone_state(struct session *session, const struct apply_object *object);

/* What to do before a try. ours: an earlier run of ours has begun it. Pure. */
enum apply_next {
    NEXT_SEND,
    NEXT_DROP,     /* the invalid leftover first */
    NEXT_DONE,     /* nothing: it is what was wanted */
    NEXT_FINALIZE, /* what a try has begun */
    NEXT_REFUSE,   /* *ret_why */
};
enum apply_next apply_alone_next(const struct apply_object *object, enum apply_state state,
                                 bool ours, char **ret_why);
/* Runs the act of such an item: drops what is in the way, sends, proves, cleans up. */
void apply_alone_run(struct apply *apply, struct apply_item *item, struct plan_run *run);
/* Whether an earlier run of ours has begun the item and not ended it. */
bool apply_begun_before(const struct apply *apply, const struct apply_item *item);
/* What tells one CREATE INDEX from another, names aside: whether it is unique, of which method, over
 * which columns or expressions, with a condition or none. NULL: it is none. Pure; caller frees. */
char *apply_index_build(const char *sql);
/* The index or partition that the statement is about. */
void apply_object_of(struct apply_item *item, const char *sql, const struct ddl_schema *schema);

/* ---- statistics (apply_analyze.c) ---------------------------------------------------------- */

/* ANALYZE of what the item's statements have left without statistics, proved by the server's count. */
void apply_analyze(struct apply *apply, struct apply_item *item, struct plan_run *run);

/* The same, left by a run that was killed (apply_left.c). */
void apply_find_left(struct apply *apply);
void apply_plan_left(struct apply *apply);
void apply_run_left(struct apply *apply, const struct plan_run *whole);

/* ---- saying (apply_show.c) ----------------------------------------------------------------- */

void apply_show_plan(gpointer data);             /* the struct apply */
void apply_say_gates(const struct apply *apply); /* on stderr, beside a dry run */
void apply_show(const struct apply *apply, const char *outcome);
char *apply_summary(const struct apply *apply); /* JSON; caller frees */

#endif
