/* `connections report --watch`: the diagnosis above, the sessions below, and keys to end one. */
#include "connections_pool.h"
#include "connections_private.h"
#include "out/grid.h"
#include "out/watch.h"
#include "plan/plan_gate.h"
#include "units/units.h"

enum { QUERY_COLUMNS = 400 };

struct page {
    struct call *call;
    struct session *session;
    struct connections_policy policy;
    struct backends *backends; /* of the page that is shown */
    const struct connections_printer *printer;
};

/* ---- the page ------------------------------------------------------------------------------ */

static const struct grid_column columns[] = {
    {"PID", true},       {"State", false},       {"For", true},
    {"Role", false},     {"Application", false}, {"Client", false},
    {"Database", false}, {"Blocked by", true},   {"Last statement", false},
    {NULL, false}};

/* Who holds up others first, then who has been in a transaction, idle, at work for longest. */
struct place {
    const struct backend *backend;
    guint behind;
    double seconds;
};

static int rank(const struct backend *backend)
{
    return backend_in_transaction(backend) ? 0 : backend->state == BACKEND_IDLE ? 1 : 2;
}

static gint compare_places(gconstpointer left, gconstpointer right)
{
    const struct place *one = left, *other = right;

    if (one->behind != other->behind)
        return one->behind > other->behind ? -1 : 1;
    if (rank(one->backend) != rank(other->backend))
        return rank(one->backend) - rank(other->backend);
    if (one->seconds != other->seconds)
        return one->seconds > other->seconds ? -1 : 1;
    return (one->backend->pid > other->backend->pid) -
           (one->backend->pid < other->backend->pid);
}

static guint behind(const struct connections_diagnosis *diagnosis, gint64 pid)
{
    for (guint i = 0; i < diagnosis->roots->len; i++) {
        const struct backends_root *root =
            &g_array_index(diagnosis->roots, struct backends_root, i);
        if (root->backend != NULL && root->backend->pid == pid)
            return root->all;
    }
    return 0;
}

static GArray *places_of(const struct page *page, const struct connections_diagnosis *diagnosis)
{
    GArray *places = g_array_new(FALSE, FALSE, sizeof(struct place));

    for (guint i = 0; i < backends_count(page->backends); i++) {
        const struct backend *backend = backends_at(page->backends, i);
        struct place place = {backend, behind(diagnosis, backend->pid),
                              backend_seconds(page->backends, backend)};
        if (backend_is_client(backend) && !backend->self)
            g_array_append_val(places, place);
    }
    g_array_sort(places, compare_places);
    return places;
}

/* The statement on one line; the frame cuts it to the terminal. */
static char *line_of(const struct place *place)
{
    g_autofree char *line =
        g_strdelimit(g_strndup(place->backend->query, QUERY_COLUMNS), "\r\n\t", ' ');

    return place->behind == 0 ? g_steal_pointer(&line)
                              : g_strdup_printf("(%u wait behind it) %s", place->behind, line);
}

static void add_row(struct watch_frame *frame, const struct place *place)
{
    const struct backend *backend = place->backend;

    grid_cellf(frame->grid, OUTPUT_PLAIN, "%" G_GINT64_FORMAT, backend->pid);
    grid_cell(frame->grid, OUTPUT_PLAIN, backend_state_name(backend->state));
    grid_seconds(frame->grid, OUTPUT_PLAIN, place->seconds);
    grid_cell(frame->grid, OUTPUT_PLAIN, backend->role);
    grid_cell(frame->grid, OUTPUT_PLAIN, backend->application);
    grid_cell(frame->grid, OUTPUT_PLAIN, backend->client);
    grid_cell(frame->grid, OUTPUT_PLAIN, backend->database);
    if (backend->blocker_count > 0)
        grid_cellf(frame->grid, OUTPUT_PLAIN, "%" G_GINT64_FORMAT, backend->blockers[0]);
    else
        grid_cell(frame->grid, OUTPUT_PLAIN, NULL);
    grid_take(frame->grid, OUTPUT_PLAIN, line_of(place));
    g_array_append_val(frame->ids, backend->pid);
}

static char *title_of(const struct page *page, const struct connections_diagnosis *diagnosis)
{
    const struct backends *backends = page->backends;
    g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(backends->now_us / G_USEC_PER_SEC);
    g_autofree char *clock = g_date_time_format(now, "%H:%M:%S UTC");
    struct connections_pooler pooler = connections_pooler_ask(page->call->settings);
    g_autofree char *waiting =
        pooler.pools == NULL ? g_strdup("") : connections_pooler_words(pooler.pools);
    char *title = g_strdup_printf("%s  %s  %s: %s\n%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                                  " ordinary slots used  %s\n",
                                  session_database(page->session), clock,
                                  connections_kind_title(diagnosis->kind), diagnosis->reason,
                                  backends->slots.used, backends->slots.ordinary, waiting);

    connections_pooler_clear(&pooler);
    return title;
}

static bool look(struct watch_frame *ret, gpointer data, GError **error)
{
    struct page *page = data;

    if (!session_alive(page->session) && !session_reopen(page->session, error))
        return false;
    AUTO(backends) backends = backends_read(page->session, error);
    if (backends == NULL || !backends_all_seen(backends, error))
        return false;
    g_clear_pointer(&page->backends, backends_free);
    page->backends = g_steal_pointer(&backends);
    AUTO(connections_diagnosis)
    diagnosis = connections_diagnose(page->backends, &page->policy);
    g_autoptr(GArray) places = places_of(page, diagnosis);
    ret->title = title_of(page, diagnosis);
    ret->grid = grid_new(columns);
    ret->ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < places->len; i++)
        add_row(ret, &g_array_index(places, struct place, i));
    return true;
}

/* ---- keys ---------------------------------------------------------------------------------- */

static bool is_active(const struct backend *backend)
{
    return backend->state == BACKEND_ACTIVE || backend->state == BACKEND_FASTPATH;
}

/* Why it is left alone; NULL: it need not be. */
static const char *bar_of(const struct page *page, const struct backend *backend,
                          enum watch_act act)
{
    const char *protected = backend_protected(&page->policy.protection, backend);

    if (protected != NULL)
        return protected;
    if (!backend->may_end)
        return backend->superuser ? "only a superuser may end a superuser's session"
                                  : "our role is no member of pg_signal_backend";
    if (act == WATCH_CANCEL && !is_active(backend))
        return "it runs nothing, so there is nothing to cancel; t ends it";
    return NULL;
}

static char *question(gint64 id, enum watch_act act, bool *ret_may, gpointer data)
{
    const struct page *page = data;
    const struct backend *backend = backends_find(page->backends, id);
    const char *bar = backend == NULL ? "nobody has that pid" : bar_of(page, backend, act);

    *ret_may = bar == NULL;
    if (bar != NULL)
        return g_strdup_printf("pid %" G_GINT64_FORMAT " is left alone: %s", id, bar);
    g_autofree char *name = backend_describe(backend);
    return g_strdup_printf("%s %s?",
                           act == WATCH_CANCEL  ? "Cancel the query of"
                           : is_active(backend) ? "Cancel, then terminate"
                                                : "Terminate",
                           name);
}

static struct backends_act *add_act(const struct page *page, struct backends_acts *acts,
                                    struct plan *plan, gint64 id, enum watch_act act)
{
    static const char reason[] = "chosen by a person who watched";
    const struct backend *backend = backends_find(page->backends, id);

    if (act == WATCH_TERMINATE && is_active(backend))
        return backends_acts_add_ladder(acts, plan, page->backends, backend, reason);
    return backends_acts_add(acts, plan, page->backends, backend,
                             act == WATCH_CANCEL ? BACKENDS_CANCEL : BACKENDS_TERMINATE,
                             reason);
}

static enum runbook_exit code_of(const struct backends_act *act)
{
    return act->result == BACKENDS_CANCELLED || act->result == BACKENDS_TERMINATED ||
                   act->result == BACKENDS_GONE || act->result == BACKENDS_CHANGED
               ? RUNBOOK_DONE
               : RUNBOOK_FAILED;
}

/* By the snapshot that was on the page, so what has changed since is left alone. */
static char *act_on(gint64 id, enum watch_act what, gpointer data)
{
    const struct page *page = data;
    struct call *call = page->call;
    struct window window = window_open(0);
    g_autoptr(GError) broken = NULL;
    AUTO(plan) plan = plan_new();
    AUTO(backends_acts)
    acts = backends_acts_new(settings_int(call->settings, "connections.grace"),
                             page->backends->looker);
    const struct backends_act *act = add_act(page, acts, plan, id, what);

    gint64 run_id = gate_record_begin(call, page->session, &window);
    gate_record_steps(call, run_id, plan, 1);
    backends_acts_record(acts, plan, call->store, run_id, 1);
    struct plan_run run = gate_plan_run(call, page->session, &window, run_id);
    run.limits.lanes = 0;
    run.hooks = backends_acts_hooks(acts);
    plan_run(plan, &run, &broken);
    if (session_alive(page->session))
        backends_acts_settle(acts, page->session);
    backends_acts_record(acts, plan, call->store, run_id, 1);
    if (!backends_act_counts(act))
        act = act->last;
    gate_record_end(call, run_id, code_of(act), broken, NULL);
    return broken != NULL ? g_strdup(broken->message)
                          : g_strdup_printf("pid %" G_GINT64_FORMAT ": %s (%s)", id,
                                            backends_result_name(act->result),
                                            act->why != NULL ? act->why : act->reason);
}

static bool print(gpointer data, GError **error)
{
    const struct page *page = data;

    return page->printer->print(page->printer->data, error);
}

enum runbook_exit connections_watch(struct call *call, struct session *session,
                                    const struct connections_printer *printer,
                                    const char *seconds, GError **error)
{
    struct page page = {
        .call = call,
        .session = session,
        .policy = connections_policy(call->settings,
                                     option_given(call->options, "service-unready"), false),
        .printer = printer,
    };
    struct watch watch = {
        .output = call->output,
        .look = look,
        .question = question,
        .act = act_on,
        .print = print,
        .data = &page,
    };

    if (!watch_seconds(seconds, &watch.seconds, error))
        return RUNBOOK_USAGE;
    enum runbook_exit code = watch_run(&watch, error);
    g_clear_pointer(&page.backends, backends_free);
    return code;
}
