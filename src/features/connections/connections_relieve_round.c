/* One round of relief: look, decide, act, and let a queue move on. */
#include "connections_relieve.h"
#include "interrupt.h"

enum {
    QUEUE_LOOK_MS = 100,
    QUEUE_STANDS_MS = 500, /* the same root for so long at least: the queue does not move */
    QUEUE_PATIENCE_MS = 5000,
    SPARED_KEPT = 500, /* of those left alone: in the history */
    LOOK_MS = 1000,    /* of a watch: all acts and their proof together */
};

void relief_round_free(gpointer data)
{
    struct relief_round *round = data;

    backends_acts_free(round->acts);
    plan_free(round->plan);
    connections_decision_free(round->decision);
    connections_diagnosis_free(round->diagnosis);
    backends_free(round->backends);
    g_free(round);
}

const struct relief_round *relief_first(const struct relief *relief)
{
    return g_ptr_array_index(relief->rounds, 0);
}

const struct relief_round *relief_last(const struct relief *relief)
{
    return g_ptr_array_index(relief->rounds, relief->rounds->len - 1);
}

static void make_plan(struct relief_round *round, gint64 grace_ms)
{
    round->plan = plan_new();
    round->acts = backends_acts_new(grace_ms, round->backends->looker);
    for (guint i = 0; i < round->decision->chosen->len; i++) {
        const struct connections_choice *choice =
            &g_array_index(round->decision->chosen, struct connections_choice, i);
        if (choice->cancel)
            backends_acts_add(round->acts, round->plan, round->backends, choice->backend,
                              BACKENDS_CANCEL, choice->reason);
        else if (choice->ladder)
            backends_acts_add_ladder(round->acts, round->plan, round->backends, choice->backend,
                                     choice->reason);
        else
            backends_acts_add(round->acts, round->plan, round->backends, choice->backend,
                              BACKENDS_TERMINATE, choice->reason);
    }
}

/* ---- under a watch -------------------------------------------------------------------------- */

static bool gave_up(const struct backend *backend, gconstpointer data)
{
    return connections_vigil_gave_up(data, backend, g_get_monotonic_time());
}

void relief_policy_of_vigil(struct connections_policy *policy,
                            const struct connections_vigil *vigil)
{
    policy->gave_up = gave_up;
    policy->gave_up_data = vigil;
}

static gint64 stands_us(const struct connections_policy *policy)
{
    return MAX(policy->convoy_for_us, QUEUE_STANDS_MS * 1000);
}

struct connections_means relief_means(const struct settings *settings,
                                      const struct connections_policy *policy,
                                      const struct plan_pace *pace)
{
    gint64 now_us = g_get_monotonic_time();

    return (struct connections_means){
        .places = plan_pace_places(pace, now_us),
        .grace_us = settings_int(settings, "connections.grace") * 1000,
        .stands_us = stands_us(policy),
        .now_us = now_us,
    };
}

static void cut(const struct relief *relief, const struct relief_round *round)
{
    const struct connections_means means =
        relief_means(relief->call->settings, &relief->policy, relief->pace);

    connections_vigil_cut(relief->vigil, round->decision, round->diagnosis, &means);
}

/* What was told is remembered, whatever came of it so far. */
static void remember(struct connections_vigil *vigil, const struct relief_round *round)
{
    gint64 now_us = g_get_monotonic_time();

    for (guint i = 0; i < round->acts->acts->len; i++) {
        const struct backends_act *act = g_ptr_array_index(round->acts->acts, i);
        vigil->late |= backends_act_step(round->plan, act)->outcome == STEP_NOT_REACHED;
        if (!act->told)
            continue;
        if (round->diagnosis->kind == CONNECTIONS_LOCK_CONVOY)
            vigil->queue_us = now_us;
        vigil->sent += act->result == BACKENDS_SENT;
        connections_vigil_told(vigil, &act->backend, act->action, now_us);
    }
}

/* ---- one round ------------------------------------------------------------------------------ */

static bool may_be_relieved(const struct relief *relief, const struct backends *backends,
                            GError **error)
{
    if (relief->vigil != NULL && !gate_primary(relief->entry.session, backends->in_recovery,
                                               "the watch ends nobody there", error))
        return false;
    return backends_all_seen(backends, error);
}

struct relief_round *relief_look(struct relief *relief, GError **error)
{
    AUTO(backends) backends = backends_read(relief->entry.session, error);

    if (backends == NULL || !may_be_relieved(relief, backends, error))
        return NULL;
    struct relief_round *round = g_new0(struct relief_round, 1);
    round->backends = g_steal_pointer(&backends);
    round->diagnosis = connections_diagnose(round->backends, &relief->policy);
    round->decision = connections_decide(round->backends, round->diagnosis, &relief->policy);
    if (relief->vigil != NULL)
        cut(relief, round);
    make_plan(round, settings_int(relief->call->settings, "connections.grace"));
    g_ptr_array_add(relief->rounds, round);
    return round;
}

/* Told to end, in this round or before, and not seen to have gone. Borrowed from the round. */
static GPtrArray *about_to_end(const struct relief_round *round)
{
    GPtrArray *told = g_ptr_array_copy(round->decision->on_way, NULL, NULL);

    for (guint i = 0; i < round->acts->acts->len; i++) {
        struct backends_act *act = g_ptr_array_index(round->acts->acts, i);
        if (act->result == BACKENDS_SENT && act->action == BACKENDS_TERMINATE)
            g_ptr_array_add(told, &act->backend);
    }
    return told;
}

/* Some may have gone by themselves since it was decided, the more the longer the pace. */
static bool is_needed(struct session *session, const char **ret_why, gpointer data)
{
    const struct relief_round *round = data;
    g_autoptr(GPtrArray) told = about_to_end(round);
    gint64 used = backends_used_now(session, &round->diagnosis->room, told);

    *ret_why = used < 0 ? "whether it is still needed could not be asked"
                        : "the goal is reached without it";
    return used > round->diagnosis->goal;
}

bool relief_act(struct relief *relief, struct relief_round *round, GError **error)
{
    struct call *call = relief->call;

    round->ran = true;
    if (round->diagnosis->kind != CONNECTIONS_LOCK_CONVOY) {
        round->acts->needed = is_needed;
        round->acts->needed_data = round;
    }
    round->first_step = relief->next_step;
    relief->next_step += (int) round->plan->steps->len;
    gate_record_steps(call, relief->run, round->plan, round->first_step);
    backends_acts_record(round->acts, round->plan, call->store, relief->run, round->first_step);
    /* What the history has taken, on a disk that is as busy as the server, is no time of the acts'. */
    const struct window window = relief->vigil != NULL ? window_open(LOOK_MS) : relief->window;
    struct plan_run run = gate_plan_run(call, relief->entry.session, &window, relief->run);
    if (relief->vigil != NULL)
        round->acts->until_us = window.start_us + LOOK_MS * 1000;
    run.first_step = round->first_step;
    /* There may be no slot for any further connection. */
    run.limits.lanes = 0;
    run.limits.pace = relief->pace;
    run.hooks = backends_acts_hooks(round->acts);
    bool done = plan_run(round->plan, &run, error);
    if (session_alive(relief->entry.session))
        backends_acts_settle(round->acts, relief->entry.session);
    if (relief->vigil != NULL)
        remember(relief->vigil, round);
    backends_acts_record(round->acts, round->plan, call->store, relief->run, round->first_step);
    return done;
}

/* Whether it was tried in any round: its own record says more. */
static bool was_tried(const struct relief *relief, gint64 pid)
{
    for (guint i = 0; i < relief->rounds->len; i++) {
        const struct relief_round *round = g_ptr_array_index(relief->rounds, i);
        for (guint at = 0; round->ran && at < round->acts->acts->len; at++) {
            const struct backends_act *act = g_ptr_array_index(round->acts->acts, at);
            if (act->backend.pid == pid)
                return true;
        }
    }
    return false;
}

void relief_record_spared(const struct relief *relief)
{
    const GArray *spared = relief_last(relief)->decision->spared;
    struct store *store = relief->call->store;

    store_begin(store);
    for (guint i = 0; i < MIN(spared->len, SPARED_KEPT); i++) {
        const struct connections_spared *one =
            &g_array_index(spared, struct connections_spared, i);
        if (was_tried(relief, one->backend->pid))
            continue;
        g_autofree char *name = backend_describe(one->backend);
        store_object(
            store, relief->run,
            &(struct store_object){.name = name, .outcome = "skipped", .reason = one->reason});
    }
    store_commit(store);
}

/* ---- a queue that moves --------------------------------------------------------------------- */

static char *root_name(const struct connections_diagnosis *diagnosis)
{
    const struct backends_root *root =
        &g_array_index(diagnosis->roots, struct backends_root, 0);

    return root->backend == NULL
               ? g_strdup(root->prepared)
               : g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, root->backend->pid,
                                 root->backend->backend_start_us);
}

/* Who holds up the convoy now; "" when there is none; NULL when it cannot be seen. */
static char *look_at_root(const struct relief *relief)
{
    AUTO(backends) backends = backends_read(relief->entry.session, NULL);

    if (backends == NULL)
        return NULL;
    AUTO(connections_diagnosis) diagnosis = connections_diagnose(backends, &relief->policy);
    return diagnosis->convoy == 0 ? g_strdup("") : root_name(diagnosis);
}

bool relief_await_queue(struct relief *relief)
{
    gint64 stands = stands_us(&relief->policy);
    gint64 started = g_get_monotonic_time(), since = started;
    g_autofree char *before = NULL;

    while (!interrupt_pending()) {
        gint64 now = g_get_monotonic_time();
        g_autofree char *root = look_at_root(relief);
        if (root == NULL)
            return false;
        /* Between two who have their turn there is none for a moment: none is to be seen twice. */
        if (g_strcmp0(root, before) != 0)
            since = now;
        else if (*root == '\0' || now - since >= stands)
            return true;
        if (now - started > stands + QUEUE_PATIENCE_MS * 1000)
            return false;
        g_free(before);
        before = g_steal_pointer(&root);
        g_usleep(QUEUE_LOOK_MS * 1000);
    }
    return false;
}

/* ---- what it has come to --------------------------------------------------------------------- */

static guint count_results(const struct relief *relief, enum backends_result one,
                           enum backends_result other)
{
    guint count = 0;

    for (guint i = 0; i < relief->rounds->len; i++) {
        const struct relief_round *round = g_ptr_array_index(relief->rounds, i);
        for (guint at = 0; at < round->acts->acts->len; at++) {
            const struct backends_act *act = g_ptr_array_index(round->acts->acts, at);
            count += act->result == one || act->result == other;
        }
    }
    return count;
}

guint relief_ended(const struct relief *relief)
{
    return count_results(relief, BACKENDS_TERMINATED, BACKENDS_CANCELLED);
}

guint relief_refused(const struct relief *relief)
{
    return count_results(relief, BACKENDS_REFUSED, BACKENDS_REFUSED);
}

/* Where it was a convoy, its end is the goal: how many slots its sessions go on to use is the
 * application's matter. */
bool relief_reached(const struct relief *relief)
{
    const struct connections_diagnosis *last = relief_last(relief)->diagnosis;

    return last->convoy == 0 && (last->need == 0 || relief_first(relief)->diagnosis->kind ==
                                                        CONNECTIONS_LOCK_CONVOY);
}
