/*
 * `bloat reclaim`: for every table and index that is worth it, the least harmful means to get the
 * space back. Facts are observed, the means is decided by one pure function, carried out as steps
 * of a plan, and what was won is measured.
 */
#ifndef BLOAT_RECLAIM_H
#define BLOAT_RECLAIM_H

#include "bloat.h"
#include "rebuild/rebuild.h"
#include "rebuild/rebuild_disk.h"

/* From the least harmful to the most. */
enum reclaim_means {
    RECLAIM_NOTHING,
    RECLAIM_TRUNCATE,  /* VACUUM that cuts off the empty end */
    RECLAIM_REINDEX,   /* REINDEX CONCURRENTLY */
    RECLAIM_REPACK,    /* REPACK (CONCURRENTLY), from 19 on */
    RECLAIM_PG_REPACK, /* the extension */
    RECLAIM_FULL,      /* VACUUM (FULL): closes the table */
};
enum { RECLAIM_MEANS = RECLAIM_FULL + 1 };
const char *reclaim_means_name(enum reclaim_means means);  /* "vacuum_truncate", … */
const char *reclaim_means_title(enum reclaim_means means); /* "VACUUM (TRUNCATE)", … */
const char *reclaim_means_lock(enum reclaim_means means);  /* its strongest lock mode */

/* ---- facts (bloat_reclaim_facts.c) ---------------------------------------------------------- */

struct reclaim_server {
    int version;
    int block_size;
    bool superuser;
    gint64 standbys;             /* attached, or expected back by a physical slot */
    bool replica_wal;            /* wal_level is replica or logical */
    int repack_slots;            /* max_repack_replication_slots; 0 before 19 */
    char *publication;           /* one FOR ALL TABLES; NULL: none */
    char *extension;             /* version of pg_repack in this database; NULL: not there */
    char *client;                /* version of the client program; NULL: not there */
    char *client_trouble;        /* why there is none; NULL: it was not looked for */
    gint64 wal_free;             /* bytes free where WAL lies; -1: not known */
    double rates[RECLAIM_MEANS]; /* bytes a second, from the history; 0: not known */
};
void reclaim_server_clear(struct reclaim_server *server);

/* A table as it is right now. Sizes in bytes. */
struct reclaim_facts {
    bool there;
    guint oid, filenode;
    char *schema, *name;
    char kind, persistence;
    char *lack;         /* the right this role lacks to vacuum or rewrite it; NULL: none */
    char *reindex_lack; /* … to rebuild its indexes */
    bool readable;      /* SELECT is allowed */
    char *toast;        /* name of its TOAST table in pg_toast, NULL: it has none */
    bool toast_readable;
    bool identity;   /* REPACK (CONCURRENTLY) can tell its rows apart */
    bool key;        /* pg_repack can */
    bool leftover;   /* an interrupted pg_repack left its trigger on it */
    bool repacking;  /* a pg_repack is at work on it */
    char *holder;    /* who holds a lock that VACUUM conflicts with; NULL: nobody */
    bool autovacuum; /* … and that is autovacuum */
    gint64 heap, toast_heap, indexes; /* sizes of main forks; -1: locked, could not be asked */
    gint64 tail, toast_tail;          /* empty at the end; -1: could not be looked at */
    gint64 disk_free;                 /* where it lies; -1: not known */
};
void reclaim_facts_free(struct reclaim_facts *facts);
AUTO_DEFINE(reclaim_facts, reclaim_facts_free)

/* The server's; program: what pg_repack is called, NULL: do not look for it. False with an error. */
bool reclaim_server_read(struct session *session, const char *program,
                         struct reclaim_server *ret_server, GError **error);

/* Why the table could not be read: NULL with an error. A table that is gone is not `there`. The
 * empty ends are not looked for. */
struct reclaim_facts *reclaim_facts_read(struct session *session, guint oid, GError **error);

/* The number in the output of `pg_repack --version`; NULL: none. Pure. Caller frees. */
char *reclaim_client_version(const char *output);

/* ---- the empty end (bloat_reclaim_tail.c) ----------------------------------------------------- */

/* Fills in tail and toast_tail, reading about as many pages as are empty. */
void reclaim_tail_read(struct session *session, int block_size, struct reclaim_facts *facts);

enum tail_answer { TAIL_EMPTY, TAIL_USED, TAIL_UNKNOWN };

/* Pages at the end of a table of that many that hold no row, at least: found by asking from the
 * end, in chunks that double, whether pages from `from` to before `to` hold any. -1 when the first
 * answer is TAIL_UNKNOWN. Less than VACUUM would cut off counts as none. Pure. */
gint64 reclaim_find_tail(gint64 pages,
                         enum tail_answer (*ask)(gint64 from, gint64 to, gpointer data),
                         gpointer data);

/* VACUUM's own rule: a shorter end it leaves (REL_TRUNCATE_MINIMUM, REL_TRUNCATE_FRACTION). */
bool reclaim_is_cut(gint64 tail_pages, gint64 pages);

/* ---- deciding (bloat_reclaim_decide.c), pure --------------------------------------------------- */

struct reclaim_rules {
    double worth_fraction;
    gint64 worth_bytes;
    bool allow_exclusive;
    gint64 blind_bytes; /* largest rewrite where free disk space cannot be seen; 0: any */
};

/* What is believed to be free in a table, in bytes; 0 where it is not worth a number. */
struct reclaim_bloat {
    gint64 heap, toast, indexes;
};

struct reclaim_choice {
    enum reclaim_means means;
    char *reason;             /* why this means, or why none and what would help */
    bool forbidden;           /* none, because a right is missing */
    gint64 expected_bytes;    /* to be won */
    double predicted_seconds; /* 0: unknown */
    double closed_seconds;    /* of these nobody can use the table */
};
void reclaim_choice_clear(struct reclaim_choice *choice);

/* Whether an object of that size is worth the trouble. */
bool reclaim_is_worth(const struct reclaim_rules *rules, int block_size, gint64 size,
                      gint64 free_bytes);

/* Whether a number is believable enough to act on: *ret_why says why not. */
bool reclaim_is_certain(const struct bloat_object *object, char **ret_why);

/* The means for a table. */
struct reclaim_choice reclaim_decide_table(const struct reclaim_server *server,
                                           const struct reclaim_rules *rules,
                                           const struct reclaim_facts *facts,
                                           const struct reclaim_bloat *bloat);

/* The means for an index of a table that is not written anew itself. */
struct reclaim_choice reclaim_decide_index(const struct reclaim_server *server,
                                           const struct reclaim_facts *facts,
                                           const struct relation_index *index,
                                           const struct bloat_object *object);

/* ---- the run ------------------------------------------------------------------------------------ */

/* One object of the report: a table with its TOAST table, or an index. */
struct reclaim_target {
    const struct bloat_object *heap, *toast, *index; /* NULL: not part of it */
    struct reclaim_facts *facts;                     /* of the table; borrowed */
    struct reclaim_bloat bloat;                      /* of a table */
    struct reclaim_choice choice;
    struct reclaim_target *covered_by; /* an index that its table's rewrite builds anew */
    struct step *step;                 /* NULL: none; of an index rebuild->'s */
    int number;                        /* of the step, 0: none */

    /* Filled in by the run. */
    enum step_outcome outcome;
    char *outcome_reason;
    gint64 size_before, size_after; /* measured; -1: not */
    guint filenode_before;
    gint64 waiting_since_us; /* pg_repack waits for older transactions; monotonic, 0: no */
    bool left_behind;        /* its pg_repack may have left something */
};

/* What pg_repack left on a table. */
struct reclaim_leftover {
    guint oid;
    char *schema, *name;
    char *sql; /* that removes it */
    bool ours; /* the history says that a run of ours left it */
};

struct reclaim_case {
    struct call *call;
    struct session *control;
    struct window window;
    struct bloat_case *bloat;
    struct reclaim_server server;
    struct reclaim_rules rules;
    const char *program; /* pg_repack's name */
    gint64 lock_timeout_ms;
    gint64 repack_wait_ms; /* how long pg_repack tries to get its lock */
    gint64 patience_ms;    /* … waits for older transactions */
    GPtrArray *targets;    /* of struct reclaim_target */
    GPtrArray *facts;      /* of struct reclaim_facts */
    GPtrArray *leftovers;  /* of struct reclaim_leftover */
    guint unknown;         /* objects large enough, of which there is no number */
    struct rebuild *rebuild;
    gint64 started_us; /* monotonic */
};
struct reclaim_case *reclaim_case_new(struct call *call);
void reclaim_case_free(struct reclaim_case *state);
AUTO_DEFINE(reclaim_case, reclaim_case_free)

/* Bytes of all that the target stands for, as observed. */
gint64 reclaim_target_size(const struct reclaim_target *target);
const char *reclaim_target_schema(const struct reclaim_target *target);
const char *reclaim_target_name(const struct reclaim_target *target);

/* Observes and decides all of it (bloat_reclaim_observe.c). False with an error. */
bool reclaim_observe(struct reclaim_case *state, GError **error);

/* The decisions as steps (bloat_reclaim_plan.c). */
struct plan *reclaim_plan(struct reclaim_case *state);
/* What it is about, for the document of a dry run. */
json_t *reclaim_marks(const struct reclaim_case *state);

/* A step that is no target's: it removes what an earlier run left. */
bool reclaim_is_removal(const struct reclaim_case *state, const struct step *step);

/* What pg_repack is called with. Pure. Caller frees. */
char **reclaim_pg_repack_arguments(const struct reclaim_server *server, const char *program,
                                   gint64 wait_ms, const char *quoted_table);

/* Names the table anew in the step's SQL or arguments. False: its name cannot be quoted. */
bool reclaim_step_fill(const struct reclaim_case *state, const struct reclaim_target *target,
                       struct session *session, struct step *step);

struct plan_hooks reclaim_hooks(struct reclaim_case *state);

/* Takes the size of the table after its step, and changes an outcome that the table belies. */
void reclaim_measure(struct reclaim_target *target, struct step *step, struct session *session);
gint64
reclaim_target_won(const struct reclaim_target *target); /* 0: nothing, or not measured */

/* What pg_repack left, by anybody, on these tables (oid 0: on all). */
GPtrArray *reclaim_leftovers_read(struct session *session, guint oid);
void reclaim_leftover_free(gpointer data);

/* The recheck before a step that removes one (its subject): not while somebody's pg_repack is at
 * work on the table. */
enum step_go reclaim_before_removal(struct step *step, struct session *session, char **ret_why,
                                    gpointer data);

/* Once plan_run() has returned: removes what our own pg_repack left, and returns how many steps
 * that took; they are recorded behind those of the run. */
guint reclaim_finish(struct reclaim_case *state, const struct plan_run *run,
                     const struct plan *plan);

/* Written twice, as vacuum's tables: before the first step, and at the end. */
void reclaim_record(const struct reclaim_case *state, gint64 run, bool begin);
char *reclaim_summary(const struct reclaim_case *state); /* JSON text; caller frees */

/* Fills in rates from the history, and which leftovers are ours. */
void reclaim_recall(struct reclaim_case *state);

/* plan: its steps join the document; NULL: without. */
void reclaim_show_plan(const struct reclaim_case *state, const struct plan *plan);
void reclaim_show_run(const struct reclaim_case *state, const struct plan *plan, gint64 run,
                      const char *outcome);

#endif
