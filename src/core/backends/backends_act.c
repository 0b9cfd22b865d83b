/* The acts as steps: statements, and what stands around them. */
#include "backends/backends_act.h"

#include "backends/backends_private.h"
#include "out/document.h"

#include <string.h>

enum { PROOF_MS = 5000 };

const char *backends_result_name(enum backends_result result)
{
    static const char *const names[] = {
        [BACKENDS_PENDING] = "not_reached", [BACKENDS_SENT] = "sent",
        [BACKENDS_CANCELLED] = "cancelled", [BACKENDS_TERMINATED] = "terminated",
        [BACKENDS_GONE] = "gone",           [BACKENDS_CHANGED] = "changed",
        [BACKENDS_REFUSED] = "refused",     [BACKENDS_STUBBORN] = "stubborn",
        [BACKENDS_FAILED] = "failed",
    };
    return names[result];
}

/* ---- what is sent -------------------------------------------------------------------------- */

/* An active backend's query is known by its start. Of any other the state's own time tells:
 * query_start would be the same for one that went from active to idle. */
char *backends_statement(const struct backend *backend, enum backends_action action)
{
    bool active = backend->state == BACKEND_ACTIVE || backend->state == BACKEND_FASTPATH;
    g_autofree char *start = backends_timestamp(backend->backend_start_us);
    g_autofree char *since =
        backends_timestamp(active ? backend->query_start_us : backend->state_change_us);

    return g_strdup_printf("SELECT pg_catalog.%s(a.pid)\n"
                           "  FROM pg_catalog.pg_stat_activity AS a\n"
                           " WHERE a.pid OPERATOR(pg_catalog.=) %" G_GINT64_FORMAT "\n"
                           "   AND a.backend_start OPERATOR(pg_catalog.=) "
                           "'%s'::pg_catalog.timestamptz\n"
                           "   AND a.state OPERATOR(pg_catalog.=) '%s'\n"
                           "   AND a.%s OPERATOR(pg_catalog.=) '%s'::pg_catalog.timestamptz",
                           action == BACKENDS_CANCEL ? "pg_cancel_backend"
                                                     : "pg_terminate_backend",
                           backend->pid, start, backend_state_name(backend->state),
                           active ? "query_start" : "state_change", since);
}

/* ---- a list of them ------------------------------------------------------------------------- */

static void act_free(gpointer data)
{
    struct backends_act *act = data;

    g_free(act->name);
    g_free(act->reason);
    g_free(act->snapshot);
    g_free(act->why);
    g_free(act);
}

struct backends_acts *backends_acts_new(gint64 grace_ms, const char *looker)
{
    struct backends_acts *acts = g_new0(struct backends_acts, 1);

    acts->acts = g_ptr_array_new_with_free_func(act_free);
    acts->grace_ms = grace_ms;
    acts->proof_ms = PROOF_MS;
    acts->looker = looker;
    return acts;
}

void backends_acts_free(struct backends_acts *acts)
{
    g_ptr_array_unref(acts->acts);
    g_free(acts);
}

static json_t *seconds_or_null(const struct backends *backends, gint64 time_us)
{
    return time_us == 0 ? json_null() : json_real(backends_seconds_since(backends, time_us));
}

json_t *backend_identity_json(const struct backend *backend)
{
    json_t *item = json_object();

    json_object_set_new(item, "pid", json_integer(backend->pid));
    json_object_set_new(item, "role", document_text(backend->role));
    json_object_set_new(item, "application", document_text(backend->application));
    json_object_set_new(item, "client", document_text(backend->client));
    json_object_set_new(item, "database", document_text(backend->database));
    json_object_set_new(item, "state", json_string(backend_state_name(backend->state)));
    return item;
}

json_t *backend_json(const struct backends *backends, const struct backend *backend)
{
    json_t *item = backend_identity_json(backend);

    json_object_set_new(item, "backend_start", document_time(backend->backend_start_us));
    json_object_set_new(item, "session_seconds",
                        seconds_or_null(backends, backend->backend_start_us));
    json_object_set_new(item, "transaction_seconds",
                        seconds_or_null(backends, backend->xact_start_us));
    json_object_set_new(item, "query_seconds",
                        seconds_or_null(backends, backend->query_start_us));
    json_object_set_new(item, "state_seconds",
                        seconds_or_null(backends, backend->state_change_us));
    json_object_set_new(item, "query", document_text(backend->query));
    return item;
}

static char *snapshot_of(const struct backends *backends, const struct backend *backend)
{
    json_t *item = backend_json(backends, backend);
    char *text = json_dumps(item, JSON_COMPACT | JSON_REAL_PRECISION(9));
    char *copy = g_strdup(text);

    free(text);
    json_decref(item);
    return copy;
}

struct backends_act *backends_acts_add(struct backends_acts *acts, struct plan *plan,
                                       const struct backends *backends,
                                       const struct backend *backend,
                                       enum backends_action action, const char *reason)
{
    struct backends_act *act = g_new0(struct backends_act, 1);
    struct step *step = plan_add(plan);

    act->action = action;
    act->backend = *backend;
    act->backend.blockers = NULL;
    act->backend.blocker_count = 0;
    act->name = backend_describe(backend);
    act->reason = g_strdup(reason);
    act->snapshot = snapshot_of(backends, backend);
    act->seconds = backend_seconds(backends, backend);
    act->grace_ms = acts->grace_ms;
    act->answered = -1;
    g_ptr_array_add(acts->acts, act);
    step->object = g_strdup(act->name);
    step->sql = backends_statement(backend, action);
    step->reason = g_strdup(reason);
    step->subject = act;
    return act;
}

struct backends_act *backends_acts_add_ladder(struct backends_acts *acts, struct plan *plan,
                                              const struct backends *backends,
                                              const struct backend *backend, const char *reason)
{
    struct backends_act *first =
        backends_acts_add(acts, plan, backends, backend, BACKENDS_CANCEL, reason);
    g_autofree char *then = g_strdup_printf("%s; the cancel did not help", reason);
    struct backends_act *second =
        backends_acts_add(acts, plan, backends, backend, BACKENDS_TERMINATE, then);
    struct step *step = g_ptr_array_index(plan->steps, plan->steps->len - 1);

    second->last = first;
    step->phase = 1;
    return second;
}

const struct step *backends_act_step(const struct plan *plan, const struct backends_act *act)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(plan->steps, i);
        if (step->subject == act)
            return step;
    }
    return NULL;
}

bool backends_act_counts(const struct backends_act *act)
{
    return act->last == NULL || act->result != BACKENDS_PENDING;
}

void backends_acts_record(const struct backends_acts *acts, const struct plan *plan,
                          struct store *store, gint64 run, int first_step)
{
    for (guint i = 0; i < acts->acts->len; i++) {
        const struct backends_act *act = g_ptr_array_index(acts->acts, i);
        const struct step *step = backends_act_step(plan, act);
        if (!backends_act_counts(act))
            continue;
        g_autofree char *after =
            g_strdup_printf("{\"result\":\"%s\"}", backends_result_name(act->result));
        bool begun = step->outcome != STEP_PLANNED;
        store_object(
            store, run,
            &(struct store_object){
                .step = (int) i + MAX(first_step, 1),
                .name = act->name,
                .outcome = begun ? step_outcome_name(step->outcome) : "not_reached",
                .reason = act->why ? act->why : act->reason,
                .seconds = (double) (step->ended_us - step->started_us) / G_USEC_PER_SEC,
                .before = act->snapshot,
                .after = begun ? after : NULL,
            });
    }
}
