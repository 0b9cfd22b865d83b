/* Which of them are to end, and how: pure. */
#include "queries_private.h"
#include "units/units.h"

static void clear_choice(gpointer choice)
{
    g_free(((struct queries_choice *) choice)->reason);
}

GArray *queries_choices_new(void)
{
    GArray *choices = g_array_new(FALSE, FALSE, sizeof(struct queries_choice));

    g_array_set_clear_func(choices, clear_choice);
    return choices;
}

/* A session that runs nothing has nothing to cancel. */
static enum queries_way way_of(const struct backend *backend, bool terminate)
{
    bool active = backend->state == BACKEND_ACTIVE || backend->state == BACKEND_FASTPATH;

    if (active)
        return terminate ? QUERIES_BY_LADDER : QUERIES_BY_CANCEL;
    return terminate ? QUERIES_BY_END : QUERIES_LEAVE;
}

static void refuse(struct queries_choice *choice, char *reason)
{
    choice->way = QUERIES_LEAVE;
    choice->reason = reason;
}

struct queries_choice queries_choose_pid(const struct backends *backends,
                                         const struct queries_policy *policy, gint64 pid,
                                         bool terminate)
{
    const struct backend *backend = backends_find(backends, pid);
    const struct backend *leader = backend != NULL && backend->leader != 0
                                       ? backends_find(backends, backend->leader)
                                       : NULL;
    struct queries_choice choice = {.pid = pid, .backend = backend};

    /* What runs is the leader's. */
    backend = leader != NULL ? leader : backend;
    choice.backend = backend;
    if (backend == NULL) {
        choice.reason = g_strdup("no session has this pid");
        return choice;
    }
    char *left_alone = backend_left_alone(backends, &policy->protection, backend);
    choice.way = way_of(backend, terminate);
    if (left_alone != NULL) {
        choice.forbidden = backend_protected(&policy->protection, backend) == NULL;
        refuse(&choice, left_alone);
    } else if (choice.way == QUERIES_LEAVE) {
        refuse(&choice, g_strdup_printf("it is %s: a cancel does nothing to it, \"queries "
                                        "terminate\" ends it",
                                        backend_state_name(backend->state)));
    } else {
        g_autofree char *time = units_format_duration(backend_seconds(backends, backend));
        choice.reason = g_strdup_printf("named by its pid; %s for %s",
                                        backend_state_name(backend->state), time);
    }
    return choice;
}

/* What the rules let be done; NULL reason: nothing. */
static char *reason_of(const struct backends *backends, const struct queries_policy *policy,
                       const struct queries_row *row, gint64 since_us, bool *ret_terminate)
{
    const struct queries_rule *rule = row->rule;
    gint64 age_us = backends->now_us - since_us;
    g_autofree char *time = units_format_duration((double) age_us / G_USEC_PER_SEC);
    bool spared = rule != NULL && rule->action == QUERIES_REPORT;

    if (!policy->by_rules && !spared && age_us >= policy->longer_than_us)
        return g_strdup_printf("%s for %s", backend_state_name(row->backend->state), time);
    if (!policy->by_rules || rule == NULL || spared || age_us < rule->longer_than_us)
        return NULL;
    *ret_terminate = *ret_terminate && rule->action == QUERIES_TERMINATE;
    return g_strdup_printf("%s for %s, by rule \"%s\"", backend_state_name(row->backend->state),
                           time, rule->name);
}

static void choose_rows(GArray *choices, const struct backends *backends,
                        const struct queries_policy *policy, const GArray *rows, bool terminate)
{
    for (guint i = 0; i < rows->len; i++) {
        const struct queries_row *row = queries_at(rows, i);
        const struct backend *backend = row->backend;
        bool may_terminate = terminate;
        /* One idle in transaction is at work as long as it goes on with it. */
        gint64 since = backend_in_transaction(backend) ? backend->state_change_us
                                                       : backend->query_start_us;
        char *reason = reason_of(backends, policy, row, since, &may_terminate);
        struct queries_choice choice = {
            .pid = backend->pid, .backend = backend, .way = way_of(backend, may_terminate)};
        if (row->protected != NULL || reason == NULL || choice.way == QUERIES_LEAVE) {
            g_free(reason);
            continue;
        }
        choice.reason = reason;
        if (!backend->may_end) {
            g_free(reason);
            choice.forbidden = true;
            refuse(&choice, backend_left_alone(backends, &policy->protection, backend));
        }
        g_array_append_val(choices, choice);
    }
}

GArray *queries_choose(const struct backends *backends, const struct queries_policy *policy,
                       bool terminate)
{
    struct queries_policy all = *policy;
    GArray *choices = queries_choices_new();

    if (policy->by_rules)
        all.longer_than_us = 0;
    AUTO(queries_view) view = queries_look(backends, &all);
    choose_rows(choices, backends, policy, view->queries, terminate);
    if (terminate)
        choose_rows(choices, backends, policy, view->transactions, true);
    return choices;
}

const char *queries_step(const struct queries_choice *choice, const char **ret_reason)
{
    const struct backends_act *act = choice->act;

    *ret_reason = choice->reason;
    if (act == NULL && choice->changed)
        return "changed";
    if (act == NULL)
        return choice->backend == NULL ? "gone" : "refused";
    if (!backends_act_counts(act))
        act = act->last;
    *ret_reason = act->why != NULL ? act->why : act->reason;
    return backends_result_name(act->result);
}

/* What is over is over, whoever ended it. But what was not tried because it was not what had been
 * shown is refused. */
enum runbook_exit queries_judge(const GArray *choices)
{
    guint over = 0, refused = 0, others = 0;

    for (guint i = 0; i < choices->len; i++) {
        const struct queries_choice *choice = &g_array_index(choices, struct queries_choice, i);
        const char *reason;
        const char *step = choice->changed ? "refused" : queries_step(choice, &reason);
        bool is_over = g_str_equal(step, "cancelled") || g_str_equal(step, "terminated") ||
                       g_str_equal(step, "gone") || g_str_equal(step, "changed");
        over += is_over;
        refused += g_str_equal(step, "refused");
        others += !is_over && !g_str_equal(step, "refused");
    }
    if (refused + others == 0)
        return RUNBOOK_DONE;
    if (over == 0 && others == 0)
        return RUNBOOK_REFUSED;
    return over == 0 && refused == 0 ? RUNBOOK_FAILED : RUNBOOK_PARTLY;
}

/* ---- as it was shown ------------------------------------------------------------------------- */

static bool is_among(const GArray *choices, gint64 pid)
{
    for (guint i = 0; i < choices->len; i++)
        if (g_array_index(choices, struct queries_choice, i).pid == pid)
            return true;
    return false;
}

/* Shown, and not chosen any more. */
static struct queries_choice left_over(const struct backends *backends,
                                       const struct backends_only *only, gint64 pid)
{
    const struct backend *backend = backends_find(backends, pid);
    enum backends_shown shown =
        backend != NULL ? backends_only_find(only, backend) : BACKENDS_RENEWED;
    struct queries_choice choice = {.pid = pid};

    if (shown == BACKENDS_RENEWED) {
        choice.reason = g_strdup("it had ended by itself");
        return choice;
    }
    choice.backend = backend;
    choice.changed = shown == BACKENDS_MOVED_ON;
    choice.reason =
        g_strdup(choice.changed ? backends_only_bar(only, backend) : "it is not due any more");
    return choice;
}

static void refuse_changed(struct queries_choice *choice, const char *why)
{
    g_free(choice->reason);
    refuse(choice, g_strdup(why));
    choice->changed = true;
    choice->forbidden = false;
}

/* Who is left alone in any case, as the plan said of him, has a reason already. */
static bool is_better(const struct queries_choice *choice, const struct backends_only *only)
{
    return choice->way != QUERIES_LEAVE ||
           backends_only_find(only, choice->backend) != BACKENDS_UNSHOWN;
}

void queries_keep_shown(GArray *choices, const struct backends *backends,
                        const struct backends_only *only, bool named)
{
    const GArray *pids = backends_only_pids(only);

    for (guint i = choices->len; i > 0; i--) {
        struct queries_choice *choice = &g_array_index(choices, struct queries_choice, i - 1);
        const char *bar =
            choice->backend != NULL ? backends_only_bar(only, choice->backend) : NULL;
        if (bar != NULL && !named)
            g_array_remove_index(choices, i - 1);
        else if (bar != NULL && is_better(choice, only))
            refuse_changed(choice, bar);
    }
    for (guint i = 0; !named && i < pids->len; i++) {
        gint64 pid = g_array_index(pids, gint64, i);
        struct queries_choice choice = left_over(backends, only, pid);
        if (is_among(choices, pid))
            g_free(choice.reason);
        else
            g_array_append_val(choices, choice);
    }
}

/* ---- from look to look ----------------------------------------------------------------------- */

enum { AGAIN_S = 10 * 60 }; /* what did not help is not done again at once */

/* The first rung of what the rule lets be done. */
static enum queries_way first_rung(const struct queries_choice *choice)
{
    return choice->way == QUERIES_BY_LADDER ? QUERIES_BY_CANCEL : choice->way;
}

enum queries_way queries_due(const struct queries_choice *choice,
                             const struct queries_told *told, gint64 grace_us, gint64 now_us)
{
    gint64 since_us = told == NULL ? 0 : now_us - told->at_us;

    if (choice->forbidden)
        return QUERIES_LEAVE;
    if (told == NULL || told->way == QUERIES_LEAVE)
        return first_rung(choice);
    if (told->way == QUERIES_BY_CANCEL && choice->way == QUERIES_BY_LADDER)
        return since_us >= grace_us ? QUERIES_BY_END : QUERIES_LEAVE;
    if (told->way == QUERIES_BY_CANCEL)
        since_us -= grace_us;
    return since_us >= AGAIN_S * G_USEC_PER_SEC ? choice->way : QUERIES_LEAVE;
}
