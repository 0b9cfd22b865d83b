/*
 * Monthly table bloat: what a table, its TOAST table and its indexes would give back, by how much
 * that may be wrong, and the least harmful means to get it back.
 */
#ifndef FEATURE_BLOAT_H
#define FEATURE_BLOAT_H

#include "feature.h"
#include "plan/plan.h"
#include "relations/relations.h"

extern const struct feature feature_bloat;

enum bloat_method { BLOAT_ESTIMATE, BLOAT_SAMPLE, BLOAT_EXACT };
enum bloat_kind { BLOAT_TABLE, BLOAT_TOAST, BLOAT_INDEX };

/* Why there is no number, or what there is to know about one. */
enum bloat_note {
    BLOAT_NOTE_NONE,
    BLOAT_NOTE_SMALL,         /* too few pages to be worth a number */
    BLOAT_NOTE_NOT_VISIBLE,   /* this role may not read its statistics */
    BLOAT_NOTE_NO_STATISTICS, /* never analyzed */
    BLOAT_NOTE_STALE,         /* changed too much since its statistics were made */
    BLOAT_NOTE_METHOD,  /* an access method (or TOAST) whose layout statistics do not tell */
    BLOAT_NOTE_BEST,    /* measured against the best size seen since its last build */
    BLOAT_NOTE_BUDGET,  /* the budget was used up before its turn */
    BLOAT_NOTE_RIGHT,   /* the right for this method is missing */
    BLOAT_NOTE_INVALID, /* an invalid index: drop or rebuild it, there is nothing to win */
};

/* One table, TOAST table or index. Names are the snapshot's. */
enum { BLOAT_WEEKS = 12 }; /* that the course of a size goes back */

struct bloat_object {
    enum bloat_kind kind;
    enum bloat_method method; /* that the numbers come from, or that was tried last */
    enum bloat_note note;
    guint oid, table_oid; /* of a table the same */
    const char *schema, *name;
    const char *table; /* the table it belongs to; of a table its own name */
    gint64 size_bytes;
    gint64 live, dead; /* rows; of an index its entries and those of dead rows */
    gint64 last_vacuum, last_autovacuum; /* seconds since 1970, 0: never; of the table */
    gint64 reclaimable_bytes;            /* -1: unknown; never negative otherwise */
    double reclaimable_pct;              /* of size_bytes */
    double margin_pct;                   /* points; the truth is within in nine cases of ten */
    double growth_bytes;                 /* a week, from stored samples */
    bool growth_known;
    gint64 past_bytes[BLOAT_WEEKS]; /* a week ago, two weeks ago, …; 0: not known */
    char *detail;                   /* more on the note, owned; NULL: none */
};

/* Everything a report shows. */
struct bloat_case {
    struct relations *relations; /* owned */
    GArray *objects;             /* of struct bloat_object: tables, each followed by its own */
    GPtrArray *left_out;         /* of struct relation_table *: locked ACCESS EXCLUSIVE */
    enum bloat_method method;    /* asked for */
    guint not_visible;
};

void bloat_case_free(struct bloat_case *state);
AUTO_DEFINE(bloat_case, bloat_case_free)

/* Observes and estimates every object (bloat_estimate.c). NULL with an error. system: system
 * catalogs too. */
struct bloat_case *bloat_observe(struct session *session, bool system, GError **error);

/* Replaces the estimates by what a sample of blocks shows, within budget_bytes read for the whole
 * run, spent where it tells most (bloat_sample.c). False only for an interrupt or a lost
 * connection. */
bool bloat_sample(struct session *session, struct bloat_case *state, gint64 budget_bytes,
                  GError **error);

/* Replaces the numbers of the `worst` worst objects by those of pgstattuple and pgstatindex, within
 * the budget (bloat_exact.c). False as above, and with RUNBOOK_REFUSED when the extension is not
 * there. */
bool bloat_exact(struct session *session, struct bloat_case *state, guint worst,
                 gint64 budget_bytes, GError **error);

/* "why" for people and documents: what the number rests on, or why there is none. Caller frees. */
char *bloat_reason(const struct bloat_object *object);

enum runbook_exit bloat_report_command(struct call *call, GError **error);
enum runbook_exit bloat_reclaim_command(struct call *call, GError **error);
bool bloat_check(struct check *check, GError **error);

/* Figures for monitoring (bloat_measure.c). */
extern const struct metric bloat_metrics[];
bool bloat_measure(struct measure *measure, GError **error);

#endif
