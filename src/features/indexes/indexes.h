/*
 * Monthly index health: which indexes nobody uses, which say the same twice, which are broken,
 * missing or bloated; and doing something about it.
 */
#ifndef FEATURE_INDEXES_H
#define FEATURE_INDEXES_H

#include "feature.h"
#include "relations/relations.h"
#include "store/store_samples.h"

extern const struct feature feature_indexes;

/* ---- evidence of use ---------------------------------------------------------------------- */

/* One index on one node: what the history knew, what the counters say now. */
struct indexes_use {
    guint oid;
    gint64 scans;        /* counter now */
    gint64 last_scan_us; /* the server's own word, from 16 on; 0: none */
    bool known;          /* there was a sample of it before this one */
    struct store_use kept;
};

/* The primary, or a replica that the target lists. */
struct indexes_node {
    char *name;        /* as messages call it; "" for the primary */
    bool seen;         /* its counters were read, and they count */
    char *trouble;     /* why not */
    GArray *uses;      /* of struct indexes_use, sorted by oid */
    gint64 started_us; /* the server's start, a replica's only: tells it from others */
    gint64 reset_us;   /* when its counters were last lost; 0: not known */
    bool counting;     /* track_counts is on there */
    struct store_sampling sampling; /* after this sample */
};

/* What a node's evidence says of an index. */
enum indexes_quiet {
    INDEXES_QUIET,  /* no scan during the whole time of observation asked for */
    INDEXES_USED,   /* scanned within it, or at some time before it was observed */
    INDEXES_YOUNG,  /* never scanned, but not observed for long enough */
    INDEXES_RESET,  /* the same since its counters were lost */
    INDEXES_UNSEEN, /* the node was not seen, or does not know the index */
};

/* The next stored state of an index from the one before (NULL: none), its counter now, and whether
 * all counters of the node were lost since. samples: the node's number of this sample. Pure.
 *
 * A counter that went down was reset, and one that is as high as before was not scanned. When all
 * were lost in between, a zero says nothing of the time before, and any other number is that of
 * scans since. */
struct store_use indexes_use_next(const struct store_use *before, guint oid, gint64 scans,
                                  bool lost, gint64 samples, gint64 now_us);

/* Whether the node's counters as a whole were lost: its time of reset changed, or more than half
 * of those that had counted went down (a crash, a failover). Pure. */
bool indexes_counters_lost(gint64 reset_before_us, gint64 reset_now_us, guint counted,
                           guint fell);

/* Pure. evidence_us: how long an index has to be quiet, in at least two samples. */
enum indexes_quiet indexes_judge_use(const struct indexes_node *node, guint oid,
                                     gint64 evidence_us, gint64 now_us,
                                     gint64 *ret_quiet_since_us);

/* ---- findings ----------------------------------------------------------------------------- */

enum indexes_kind {
    INDEXES_KIND_UNUSED,
    INDEXES_KIND_DUPLICATE,
    INDEXES_KIND_OVERLAPPING,
    INDEXES_KIND_INVALID,
    INDEXES_KIND_MISSING_FK,
    INDEXES_KIND_BLOATED,
};

enum indexes_word { INDEXES_DROP_CANDIDATE, INDEXES_KEEP, INDEXES_UNKNOWN };

/* The reason behind the word. */
enum indexes_why {
    /* drop-candidate */
    INDEXES_WHY_UNUSED,
    INDEXES_WHY_SAME,     /* as `other` */
    INDEXES_WHY_COVERED,  /* by the first keys of `other` */
    INDEXES_WHY_LEFTOVER, /* of REINDEX CONCURRENTLY */
    INDEXES_WHY_FAILED,   /* a build that did not finish */
    /* keep */
    INDEXES_WHY_PRIMARY,
    INDEXES_WHY_EXCLUSION,
    INDEXES_WHY_CONSTRAINT,
    INDEXES_WHY_UNIQUE,
    INDEXES_WHY_REPLICA_IDENTITY,
    INDEXES_WHY_CLUSTERED,
    INDEXES_WHY_FOREIGN_KEY, /* the only one under the foreign key `other` */
    INDEXES_WHY_PARTITION,   /* part of the partitioned index `other` */
    INDEXES_WHY_BUILDING,
    INDEXES_WHY_USED_ON, /* the replica `other` */
    INDEXES_WHY_SMALL,
    INDEXES_WHY_NARROW,     /* much smaller than `other`, and in use */
    INDEXES_WHY_OTHER_GOES, /* `other`, which covers it, is unused itself */
    INDEXES_WHY_BOTH_BOUND, /* it and `other` both back something */
    INDEXES_WHY_INCOMPLETE, /* a partitioned index that lacks parts */
    INDEXES_WHY_NO_INDEX,   /* there is none to drop: one has to be made */
    INDEXES_WHY_REBUILD,    /* bloated: rebuild it, do not drop it */
    /* unknown */
    INDEXES_WHY_YOUNG,
    INDEXES_WHY_RESET,
    INDEXES_WHY_NODE_UNSEEN, /* the replica `other` */
    INDEXES_WHY_NOT_COUNTED, /* the primary counts nothing */
    INDEXES_WHY_STANDBY_UNLISTED,
    INDEXES_WHY_STANDBY_ASKED, /* the report ran on a standby */
    INDEXES_WHY_BUILD_HIDDEN,  /* somebody builds, and this role may not see what */
};

#define INDEXES_NONE G_MAXUINT

struct indexes_finding {
    guint index; /* position in the snapshot; INDEXES_NONE for a missing one */
    guint table; /* position in the snapshot */
    enum indexes_kind kind;
    enum indexes_word word;
    enum indexes_why why;
    guint other;     /* position of an index, foreign key or node, as `why` says */
    gint64 since_us; /* unused: quiet since then on all nodes; 0: not known */
    double reclaimable_pct, margin_pct; /* bloated */
    gint64 reclaimable_bytes;
};

struct indexes_rules {
    gint64 evidence_ms; /* how long an index has to be quiet */
    gint64 min_bytes;   /* smaller ones are kept */
    double narrow; /* times: a used index this much smaller than the one that covers it stays */
    double bloat_fraction;
    gint64 bloat_bytes;
};

struct indexes_case {
    struct relations *relations; /* owned */
    GPtrArray *nodes;            /* of struct indexes_node; first the primary */
    guint standbys;              /* attached to the nodes that were seen */
    struct indexes_rules rules;
    gint64 now_us;
    GArray *findings;        /* of struct indexes_finding, sorted by index */
    GHashTable *definitions; /* oid → statement that makes it again; of drop-candidates */
};

struct indexes_case *indexes_case_new(void);
void indexes_case_free(struct indexes_case *state);
AUTO_DEFINE(indexes_case, indexes_case_free)
struct indexes_node *indexes_node_new(const char *name);

struct indexes_rules indexes_rules_read(const struct settings *settings);

/* ---- observing ---------------------------------------------------------------------------- */

/* The snapshot and the evidence of all nodes, from the history and from the counters now. Keeps
 * the new sample in the store, unless this is a standby. NULL with an error. */
struct indexes_case *indexes_observe(struct call *call, struct session *session,
                                     GError **error);

/* The primary's counters and each replica's (indexes_nodes.c). False only for an interrupt. */
bool indexes_observe_nodes(struct call *call, struct session *session,
                           struct indexes_case *state, GError **error);

/* What the history and the counters say of the primary alone; nothing is kept (indexes_nodes.c). */
void indexes_recall(struct store *store, struct session *session, struct indexes_case *state);

/* The statements that would make the drop-candidates again (indexes_undo.c). */
bool indexes_observe_definitions(struct session *session, struct indexes_case *state,
                                 GError **error);

/* The same for one index, with its parts. */
bool indexes_observe_definition(struct session *session, struct indexes_case *state,
                                const struct relation_index *index, GError **error);

/* ---- deciding: pure ----------------------------------------------------------------------- */

/* All findings, from what was observed. */
void indexes_decide(struct indexes_case *state);

/* Replicas whose counters were read. Those that are attached but not listed may use any index. */
guint indexes_replicas_seen(const struct indexes_case *state);

/* How index B relates to index A of the same table: is it redundant? */
enum indexes_relation {
    INDEXES_UNRELATED,
    INDEXES_SAME,   /* the same keys, predicate and included columns */
    INDEXES_WITHIN, /* its keys are the first of A's, and A holds all its columns */
};
enum indexes_relation indexes_compare(const struct relations *relations,
                                      const struct relation_index *b,
                                      const struct relation_index *a);

/* Duplicates and overlaps: for each index the position of the one that makes it redundant, else
 * INDEXES_NONE, and how they relate. Caller frees. */
struct indexes_redundancy {
    guint kept;
    enum indexes_relation relation;
    bool bound; /* it cannot be dropped all the same */
};
struct indexes_redundancy *indexes_find_redundant(const struct indexes_case *state);

/* For each index the position of a foreign key that only it supports (of those not redundant),
 * else INDEXES_NONE; keys without any support are appended to `missing` (guint positions). Caller
 * frees. */
guint *indexes_find_supporters(const struct relations *relations,
                               const struct indexes_redundancy *redundant, GArray *missing);

/* What a rebuild would win. False when it is less than one of the limits (a part between 0 and 1),
 * or when the statistics do not allow a number. */
struct indexes_gain {
    gint64 bytes;
    double pct, margin_pct; /* of the index; points */
};
bool indexes_find_gain(const struct relations *relations, const struct relation_index *index,
                       gint64 least_bytes, double least_fraction,
                       struct indexes_gain *ret_gain);
/* An index of fewer pages wins less than that: nothing has to be known of its columns. */
gint64 indexes_least_pages(const struct relations *relations, gint64 least_bytes);

/* ---- words -------------------------------------------------------------------------------- */

const char *indexes_kind_name(enum indexes_kind kind); /* "missing_fk" */

/* "drop-candidate", "keep: unique", "unknown: observed for 3 d of 30 d". Caller frees. */
char *indexes_verdict(const struct indexes_case *state, const struct indexes_finding *finding);

/* The evidence in a sentence. Caller frees. */
char *indexes_reason(const struct indexes_case *state, const struct indexes_finding *finding);

/* "DROP INDEX CONCURRENTLY …"; the statements that undo it, NULL where they are not known. Only
 * for drop-candidates, else NULL. Caller frees. */
char *indexes_drop_sql(const struct indexes_case *state, const struct indexes_finding *finding,
                       struct session *session);
char *indexes_undo_sql(const struct indexes_case *state, const struct indexes_finding *finding,
                       struct session *session);

/* The same of any index, whatever its verdict; the undo needs its definition observed. */
char *indexes_drop_statement(const struct relations *relations,
                             const struct relation_index *index, struct session *session);
char *indexes_undo_statements(const struct indexes_case *state,
                              const struct relation_index *index, struct session *session);

/* "CREATE INDEX CONCURRENTLY …" for a foreign key without one. Caller frees. */
char *indexes_create_sql(const struct indexes_case *state,
                         const struct indexes_finding *finding, struct session *session);

/* ---- kept for later ----------------------------------------------------------------------- */

/* What there is to decide on, in the history: for the monthly report. Of a report of all tables on
 * a primary only. */
void indexes_keep_findings(struct call *call, struct session *session,
                           const struct indexes_case *state);

/* ---- commands ----------------------------------------------------------------------------- */

enum runbook_exit indexes_report_command(struct call *call, GError **error);
enum runbook_exit indexes_drop_command(struct call *call, GError **error);
bool indexes_check(struct check *check, GError **error);

/* Figures for monitoring (indexes_measure.c). */
extern const struct metric indexes_metrics[];
bool indexes_measure(struct measure *measure, GError **error);

#endif
