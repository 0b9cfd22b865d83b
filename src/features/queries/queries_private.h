/* What the files of the section share; nobody else includes this. */
#ifndef QUERIES_PRIVATE_H
#define QUERIES_PRIVATE_H

#include "backends/backends.h"
#include "backends/backends_act.h"
#include "backends/backends_only.h"
#include "feature.h"
#include "out/document.h"
#include "out/grid.h"

/* ---- rules, [rule NAME] -------------------------------------------------------------------- */

extern const struct setting_kind queries_kinds[];

enum queries_action { QUERIES_REPORT, QUERIES_CANCEL, QUERIES_TERMINATE };
const char *queries_action_name(enum queries_action action); /* "report", … */

/* Texts and lists belong to the settings. */
struct queries_rule {
    const char *name;
    const char *const *roles, *const *applications, *const *databases; /* empty: any */
    const char *query;                                                 /* NULL: any */
    gint64 longer_than_us;
    enum queries_action action;
};

/* Those of the target, in file order: the first that matches has a query. */
GArray *queries_rules(const struct settings *settings, const char *target);

/* The rule for a backend whatever its age; NULL: there is none. */
const struct queries_rule *queries_rule_of(const GArray *rules, const struct backend *backend);

/* Whether a query's text has a piece like the pattern: letters in any case, blanks and line breaks
 * alike, * and ? as wildcards. */
bool queries_like(const char *pattern, const char *query);

/* ---- what is there: pure ------------------------------------------------------------------- */

struct queries_policy {
    gint64 longer_than_us;
    bool by_rules; /* only what a rule says, at the age it says */
    const GArray *rules;
    struct backends_policy protection; /* borrowed from the settings */
};

/* What one backend does. */
struct queries_row {
    const struct backend *backend;
    double seconds;        /* at this query; idle in transaction: in the transaction */
    const char *protected; /* why it is never proposed; NULL: it may be */
    char *left_alone;      /* why it would not be ended, protected or not; NULL: it would */
    const struct queries_rule *rule;
    GArray *blocks; /* pids (gint64) that wait directly for it */
    char *reason;   /* one sentence */
};

struct queries_view {
    GArray *queries;      /* of struct queries_row: active clients, longest first */
    GArray *apart;        /* the same: protected ones, walsenders, autovacuum */
    GArray *transactions; /* sessions idle in transaction, longest first */
};

/* Everything that has gone on for longer than the policy's time. */
struct queries_view *queries_look(const struct backends *backends,
                                  const struct queries_policy *policy);
void queries_view_free(struct queries_view *view);
AUTO_DEFINE(queries_view, queries_view_free)

const struct queries_row *queries_at(const GArray *rows, guint position);

/* ---- what to do about it: pure ------------------------------------------------------------- */

enum queries_way {
    QUERIES_LEAVE, /* nothing; see the reason */
    QUERIES_BY_CANCEL,
    QUERIES_BY_LADDER, /* cancel, then terminate */
    QUERIES_BY_END,    /* terminate: a cancel does nothing to it */
};

struct queries_choice {
    const struct backend *backend; /* NULL: nobody has that pid */
    gint64 pid;
    enum queries_way way;
    bool forbidden; /* left alone only because our role has not the right */
    bool changed;   /* left alone because it is not at what was shown any more */
    char *reason;
    struct backends_act *act; /* of the plan; NULL: none */
};

/* One session by its pid. */
struct queries_choice queries_choose_pid(const struct backends *backends,
                                         const struct queries_policy *policy, gint64 pid,
                                         bool terminate);

/* All that the policy is about, longest first; those who must be left alone are none of them.
 * terminate: sessions idle in transaction, too. Free with g_array_unref(). */
GArray *queries_choose(const struct backends *backends, const struct queries_policy *policy,
                       bool terminate);
GArray *queries_choices_new(void);

/* Of the choices only those that were shown: others are left out, or refused where they were named
 * by a pid. Those that were shown and have gone, or gone on, are added, each with its reason. */
void queries_keep_shown(GArray *choices, const struct backends *backends,
                        const struct backends_only *only, bool named);

/* What the results come to. */
enum runbook_exit queries_judge(const GArray *choices);

/* The word and the reason of one: "cancelled", "terminated", "gone", "changed", "refused", … */
const char *queries_step(const struct queries_choice *choice, const char **ret_reason);

/* ---- commands ------------------------------------------------------------------------------ */

struct queries_policy queries_policy(const struct call *call, const GArray *rules);
struct queries_policy queries_policy_by(const struct settings *settings, const GArray *rules,
                                        bool by_rules, bool superusers);

/* The snapshot, or NULL with an error: also when what others do is hidden from our role. */
struct backends *queries_snapshot(struct session *session, GError **error);

/* One report: the snapshot, and what it comes to. */
bool queries_report(struct call *call, struct session *session,
                    const struct queries_policy *policy, GError **error);

enum runbook_exit queries_report_command(struct call *call, GError **error);
/* A pid, and marks of sessions. */
bool queries_end_accepts(const struct options *options, const char *const *arguments,
                         GError **error);
enum runbook_exit queries_cancel_command(struct call *call, GError **error);
enum runbook_exit queries_terminate_command(struct call *call, GError **error);
bool queries_check(struct check *check, GError **error);

/* What check() hands over for monitoring, and the figures (queries_measure.c). */
struct queries_seen {
    guint count; /* of long ones */
    double longest_seconds;
};
extern const struct metric queries_metrics[];
bool queries_measure(struct measure *measure, GError **error);

/* At each look of the watch. */
void queries_enforce(struct watch_look *look);

/* The document of `queries report`, of that look. */
json_t *queries_live(struct watch_look *look);

/* ---- rules, carried out from look to look: pure ----------------------------------------------- */

/* What was last said to a session about what it does. */
struct queries_told {
    enum queries_way way; /* QUERIES_LEAVE: nothing was, for want of a right */
    gint64 at_us;         /* on the monotonic clock */
};

/* What is due now: BY_CANCEL, BY_END (of a ladder once the cancel has had its grace), or LEAVE. told
 * NULL: nothing was said yet. What did not help is done again after ten minutes. */
enum queries_way queries_due(const struct queries_choice *choice,
                             const struct queries_told *told, gint64 grace_us, gint64 now_us);

/* ------------------------------------------------------------------------------------------------ */

/* What the rules say, as far as it is due: sets the way of each choice, LEAVE drops it. Waits for a
 * second at most; who has not obeyed by then is "sent", and whom it was not the turn of yet a later
 * look's matter. tried: all but those. */
struct queries_sieve {
    void (*due)(struct queries_choice *choice, gpointer data);
    void (*tried)(const struct queries_choice *choice, gpointer data);
    gpointer data;
};
enum runbook_exit queries_enforce_command(struct call *call, bool terminate,
                                          const struct queries_sieve *sieve, GError **error);

/* A query on one line, cut to so many columns. Caller frees. */
char *queries_line(const char *query, int columns);

/* Runs the choices; for a command, and for a row chosen in the watch. */
struct queries_end {
    struct call *call;
    struct session *session;
    const struct backends *backends;
    GArray *choices; /* of struct queries_choice */
    bool terminate;
    const struct queries_sieve *sieve; /* of a watch; NULL: a person's run */
    struct plan *plan;
    struct backends_acts *acts;
};
void queries_end_prepare(struct queries_end *end);
void queries_end_clear(struct queries_end *end);
/* Runs and records it; *ret_run is its id in the history, -1 when it could not be kept. */
enum runbook_exit queries_end_run(struct queries_end *end, gint64 *ret_run, GError **error);

/* `queries report --watch`. */
enum runbook_exit queries_watch(struct call *call, struct session *session,
                                const struct queries_policy *policy, const char *seconds,
                                GError **error);

/* The rows of a watched page, and of the table: the columns and the cells of one row. */
extern const struct grid_column queries_columns[];
void queries_add_cells(struct grid *grid, const struct queries_row *row);

#endif
