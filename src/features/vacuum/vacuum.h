/*
 * The weekly VACUUM ANALYZE. Observed rows become needs, needs become ordered steps, core/plan
 * runs them, and each table is observed again. Deciding is pure: no server, no clock.
 */
#ifndef VACUUM_H
#define VACUUM_H

#include "feature.h"
#include "plan/plan.h"

extern const struct feature feature_vacuum;

/* ---- what is observed ------------------------------------------------------------------- */

/* The server's facts; names follow its settings. Sizes in bytes. */
struct vacuum_server {
    int version;
    bool in_recovery, autovacuum, track_counts;
    bool superuser; /* we are one */
    bool sees_all;  /* other sessions' snapshots are visible (pg_read_all_stats) */
    gint64 now;     /* server's clock, seconds since 1970 */
    gint64 block_size, shared_buffers;
    gint64 freeze_max_age, multixact_freeze_max_age, failsafe_age, multixact_failsafe_age;
    gint64 vacuum_threshold, insert_threshold, analyze_threshold;
    gint64 vacuum_max_threshold; /* from 18 on; -1: none */
    double vacuum_fraction, insert_fraction, analyze_fraction;
    int parallel_workers;     /* max_parallel_maintenance_workers */
    gint64 standbys;          /* attached, or expected back by a physical slot */
    gint64 xid_age, mxid_age; /* of the database */
};

/* Who holds the xmin horizon back, oldest first. */
struct vacuum_holder {
    char *kind;   /* session, prepared, slot, standby */
    char *holder; /* name for people */
    char *remedy; /* SQL or advice */
    gint64 age_xids;
    guint32 xmin;       /* the xid whose age that is */
    gint64 since;       /* seconds since 1970; 0: the server does not know */
    bool catalogs_only; /* a logical slot's catalog_xmin */
};

/* Its fixed OID. ANALYZE passes over it without a word. */
enum { VACUUM_PG_STATISTIC = 2619 };

struct vacuum_table {
    guint oid, parent; /* parent 0: not a partition */
    char *schema, *name;
    char kind; /* pg_class.relkind: r, m, p, f */
    bool temporary, shared;
    char *lack;    /* the right the role lacks for it; NULL: none */
    char *options; /* storage parameters, "name=value name=value", or NULL */
    double tuples; /* reltuples; -1: never vacuumed or analyzed */
    gint64 pages, visible_pages, toast_pages, index_pages;
    gint64 live, dead, changed, inserted, toast_dead;
    gint64 vacuums, analyzes;         /* by hand, ever */
    gint64 last_vacuum, last_analyze; /* by hand or by autovacuum; 0: never */
    gint64 xid_age, mxid_age, toast_xid_age, toast_mxid_age; /* 0: has none */
    int indexes, big_indexes;
    /* From the history. */
    double last_seconds; /* 0: never recorded */
    gint64 last_bytes;
    bool last_vacuumed;   /* that run vacuumed it, not only analyzed */
    guint32 last_horizon; /* the oldest xmin when a run last vacuumed it; 0: unknown */
    bool carried_over;    /* the last run did not reach it */
};

/* ---- what is decided --------------------------------------------------------------------- */

enum vacuum_need {
    VACUUM_NEED_DEAD = 1 << 0,
    VACUUM_NEED_INSERTED = 1 << 1,
    VACUUM_NEED_CHANGED = 1 << 2,
    VACUUM_NEED_NEVER_ANALYZED = 1 << 3,
    VACUUM_NEED_FREEZE = 1 << 4,
    VACUUM_NEED_EMERGENCY = 1 << 5, /* at or past autovacuum_freeze_max_age */
    VACUUM_NEED_VISIBILITY = 1 << 6,
    VACUUM_NEED_PARTITIONS = 1 << 7, /* a parent whose partitions changed */
    VACUUM_NEED_ASKED = 1 << 8,      /* --freeze */
};
enum {
    VACUUM_NEEDS_ANALYZE =
        VACUUM_NEED_CHANGED | VACUUM_NEED_NEVER_ANALYZED | VACUUM_NEED_PARTITIONS,
    VACUUM_NEEDS_FREEZE = VACUUM_NEED_FREEZE | VACUUM_NEED_EMERGENCY | VACUUM_NEED_ASKED,
    /* What a VACUUM can only do for rows that nobody's snapshot may still see. */
    VACUUM_NEEDS_HORIZON = VACUUM_NEED_DEAD | VACUUM_NEED_INSERTED | VACUUM_NEED_VISIBILITY,
    VACUUM_NEEDS_VACUUM = VACUUM_NEEDS_HORIZON | VACUUM_NEEDS_FREEZE,
};

/* Why a table with a need is left alone all the same. */
enum vacuum_bar {
    VACUUM_BAR_NONE,
    VACUUM_BAR_NOT_SELECTED,
    VACUUM_BAR_FOREIGN,
    VACUUM_BAR_TEMPORARY,
    VACUUM_BAR_FORBIDDEN,
    VACUUM_BAR_HORIZON, /* vacuumed with this very horizon before: nothing more can go */
};

struct vacuum_rules {
    double dead_fraction, inserted_fraction, changed_fraction, not_visible_fraction;
    double freeze_fraction;                        /* of autovacuum_freeze_max_age */
    gint64 dead_rows, inserted_rows, changed_rows; /* added to the fraction */
    bool analyze_only, freeze;
    unsigned lanes;
    gint64 memory;             /* maintenance_work_mem of all lanes together */
    gint64 buffer_usage_limit; /* bytes; 0: the server's default */
    gint64 big_bytes;          /* from here on a table is a step of its own */
    gint64 cost_delay_ms;
};

/* The decision on one table. */
struct vacuum_choice {
    struct vacuum_table *table;
    unsigned needs; /* of enum vacuum_need, after what cannot help was taken away */
    unsigned held;  /* needs that wait for the horizon */
    enum vacuum_bar bar;
    bool vacuum, analyze, freeze;
    double benefit;           /* rows put right, see vacuum_decide() */
    double predicted_seconds; /* see vacuum_predict() */
    int order;                /* 1…; 0: not done */

    /* Filled in by the run. */
    enum step_outcome outcome;
    bool sent;                        /* named in the statement that runs */
    bool vacuum_began, analyze_began; /* as that statement's VERBOSE told */
    char *reason;                     /* of an outcome other than done */
    int step;                         /* its number in the plan */
    double seconds;
    gint64 dead_after, not_removable; /* -1: not known */
};

/* Everything known and decided about one database. */
struct vacuum_case {
    struct vacuum_server server;
    GArray *tables;     /* of struct vacuum_table */
    GPtrArray *holders; /* of struct vacuum_holder */
    struct vacuum_rules rules;
    GArray *choices; /* of struct vacuum_choice, one per table, same order */
};

struct vacuum_case *vacuum_case_new(void);
void vacuum_case_free(struct vacuum_case *state);
AUTO_DEFINE(vacuum_case, vacuum_case_free)

/* ---- observing (vacuum_observe.c) --------------------------------------------------------- */

/* Reads server, horizon and tables. */
struct vacuum_case *vacuum_observe(struct session *session, GError **error);

/* Server and horizon alone, for `check`. */
bool vacuum_observe_server(struct session *session, struct vacuum_server *ret_server,
                           GError **error);
GPtrArray *vacuum_observe_horizon(struct session *session, GError **error);

/* Replaces out-of-date relpages of the tables that have work by true sizes; best effort. */
void vacuum_observe_sizes(struct session *session, struct vacuum_case *state);

/* Adds what the history knows: durations, and what the last run did not reach. */
void vacuum_recall(struct store *store, struct session *session, struct vacuum_case *state);

/* ---- deciding ------------------------------------------------------------------------------ */

/* Rules from the settings (vacuum_rules.c); analyze_only and freeze are off. */
struct vacuum_rules vacuum_rules_read(const struct settings *settings);

/* Needs and bars of every table. The thresholds are the smaller of ours and autovacuum's for
 * that table, so whatever autovacuum should have done is a need. Benefit counts rows put right:
 * dead rows, plus a quarter of the inserted, a tenth of the changed, and the rows on pages that
 * an index-only scan cannot skip, a twentieth. */
void vacuum_decide(struct vacuum_case *state);

/* Seconds a table will take: from its last recorded run, scaled by size, or 40 MB/s over the
 * pages that VACUUM must read. */
double vacuum_predict(const struct vacuum_server *server, const struct vacuum_choice *choice);

/* Bytes of heap, TOAST and indexes. */
gint64 vacuum_bytes(const struct vacuum_server *server, const struct vacuum_table *table);

/* Age that matters: the worst of table and TOAST, as a share of what autovacuum allows (1: it
 * must act now). */
double vacuum_freeze_ratio(const struct vacuum_server *server,
                           const struct vacuum_table *table);

/* The number of dead rows above which autovacuum acts on the table (by its storage parameters). */
double vacuum_autovacuum_threshold(const struct vacuum_server *server,
                                   const struct vacuum_table *table);

/* The oldest holder that keeps the table's dead rows; NULL: none. Some hold only catalogs. Table
 * NULL: any table but those. */
const struct vacuum_holder *vacuum_oldest_holder(const struct vacuum_case *state,
                                                 const struct vacuum_table *table);

/* A system catalog or part of the information schema. */
bool vacuum_is_system(const struct vacuum_table *table);

/* A number among the table's storage parameters, or the fallback. */
double vacuum_option(const struct vacuum_table *table, const char *name, double fallback);

/* One sentence: why it is done, or why not. Caller frees. */
char *vacuum_reason(const struct vacuum_case *state, const struct vacuum_choice *choice);
/* JSON names of the needs: "dead_rows", … */
const char *vacuum_need_name(enum vacuum_need need);
const char *vacuum_action_name(const struct vacuum_choice *choice); /* "vacuum_analyze", … */

/* ---- selecting (vacuum_select.c) ------------------------------------------------------------ */

/* Bars the tables that --table, --schema and --exclude-* leave out. RUNBOOK_USAGE when a table
 * or schema that was named does not exist. */
bool vacuum_select(const struct call *call, struct vacuum_case *state, GError **error);

/* ---- ordering (vacuum_order.c) --------------------------------------------------------------- */

/* One statement's worth of tables. */
struct vacuum_batch {
    GPtrArray *choices; /* of struct vacuum_choice, borrowed */
    bool vacuum, analyze, freeze, alone, parent;
    int workers;    /* PARALLEL */
    unsigned phase; /* of its step */
    double predicted_seconds;

    /* Since a statement failed and its words did not tell at which table: one by one. */
    bool single;
    /* While its statement runs, from the server's notices. */
    guint cursor;                  /* where to look for the next table named */
    struct vacuum_choice *current; /* the table at work; NULL: not known */
    struct vacuum_choice *begun;   /* the last one named, unless a WARNING came since */
    char *warning;                 /* the last WARNING: a table was left out */
};
void vacuum_batch_free(gpointer data); /* a struct vacuum_batch */

/* The batches in the order they start; sets order and step of each choice. left_seconds: what
 * the window still has (negative: no end). Freeze emergencies come first, then what the last run
 * did not reach, then benefit per second; but when all of it fits the window, a step longer than
 * a lane's fair share starts early, because it alone decides when the run ends. Partitioned
 * parents come last: their statistics are taken after their partitions were cleaned. */
GPtrArray *vacuum_order(struct vacuum_case *state, double left_seconds);

/* The statement for the batch's tables that are still to do (of a single one for the first), which
 * are marked as sent; NULL when none is. */
char *vacuum_statement(const struct vacuum_case *state, struct vacuum_batch *batch,
                       struct session *session);

/* The words between its parentheses: "VERBOSE, ANALYZE, …". Caller frees. */
char *vacuum_statement_options(const struct vacuum_case *state,
                               const struct vacuum_batch *batch);

/* Batches as a plan with lane settings and, from 16 on, the final ONLY_DATABASE_STATS. The
 * batches must outlive it. */
struct plan *vacuum_plan(const struct vacuum_case *state, GPtrArray *batches,
                         struct session *session);

/* ---- doing (vacuum_run.c, vacuum_hooks.c, vacuum_after.c, vacuum_verbose.c) ------------------------------------ */

/* A run at work: what the hooks and the report share. */
struct vacuum_run {
    struct call *call;
    struct vacuum_case *state;
    struct session *control;
    gint64 started_us; /* monotonic */
};
struct plan_hooks vacuum_hooks(struct vacuum_run *run);

enum runbook_exit vacuum_run_command(struct call *call, GError **error);
enum runbook_exit vacuum_plan_command(struct call *call, GError **error);

/* What VACUUM VERBOSE says at its end about rows that are dead but had to stay; -1 when the text
 * is none of it (or not in English). PostgreSQL 14 says it in the detail, newer in the message. */
gint64 vacuum_verbose_not_removable(const char *message, const char *detail);

/* True when the message names the table as VERBOSE does: "db.schema.table" or "schema.table" in
 * double quotes. */
bool vacuum_verbose_names(const char *message, const char *database,
                          const struct vacuum_table *table);

/* Observes tables (struct vacuum_choice) again: dead rows left, and STEP_DONE for the planned ones
 * that were vacuumed and analyzed meanwhile. wait: until the counters of all have moved, where
 * they come late (before 15; 1.5 s at most), not for use beside running lanes. False when they
 * could not be read. */
bool vacuum_settle(const struct vacuum_case *state, const GPtrArray *choices,
                   struct session *session, bool wait);

/* ---- recording (vacuum_record.c) ------------------------------------------------------------ */

/* The tables of a run. Written twice: when the run begins, so that one that dies leaves what it did not reach, and at
 * its end. */
void vacuum_record_tables(const struct vacuum_run *run, gint64 id, bool begin);

/* The run in numbers, as JSON text. Caller frees. */
char *vacuum_summary_text(const struct vacuum_case *state);

/* ---- showing (vacuum_report.c) ------------------------------------------------------------------ */

/* Whether a run reports the table: it was to be done, or a right or the horizon forbade it. */
bool vacuum_reported(const struct vacuum_choice *choice);
bool vacuum_was_dropped(const struct vacuum_choice *choice);

/* plan: its steps join the JSON document; NULL: without. */
void vacuum_show_plan(struct call *call, struct session *session,
                      const struct vacuum_case *state, const struct plan *plan);
struct vacuum_totals {
    guint outcomes[STEP_NOT_REACHED + 1]; /* tables by outcome */
    guint held;                           /* tables that wait for the horizon */
    gint64 removed, stayed;               /* dead rows */
};
struct vacuum_totals vacuum_add_up(const struct vacuum_case *state);

void vacuum_show_run(const struct vacuum_run *run, gint64 id, const char *outcome);

bool vacuum_check(struct check *check, GError **error);

/* Figures for monitoring (vacuum_measure.c). */
extern const struct metric vacuum_metrics[];
bool vacuum_measure(struct measure *measure, GError **error);

#endif
