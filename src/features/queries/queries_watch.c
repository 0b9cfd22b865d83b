/* `queries report --watch`: the page, and what its keys do. */
#include "out/watch.h"
#include "queries_private.h"
#include "units/units.h"

enum { QUERY_COLUMNS = 400 };

struct state {
    struct call *call;
    struct session *session;
    const struct queries_policy *policy;
    struct backends *backends; /* of the page that is shown */
};

/* ---- the page ------------------------------------------------------------------------------ */

static void add_rows(struct watch_frame *frame, const GArray *rows)
{
    for (guint i = 0; i < rows->len; i++) {
        const struct queries_row *row = queries_at(rows, i);
        char *text = row->protected != NULL ? g_strdup_printf("(left alone: %s)", row->reason)
                                            : queries_line(row->backend->query, QUERY_COLUMNS);
        queries_add_cells(frame->grid, row);
        grid_take(frame->grid, OUTPUT_PLAIN, text);
        g_array_append_val(frame->ids, row->backend->pid);
    }
}

static char *title_of(const struct state *state, const struct queries_view *view)
{
    const struct backends *backends = state->backends;
    g_autoptr(GDateTime) now = g_date_time_new_from_unix_utc(backends->now_us / G_USEC_PER_SEC);
    g_autofree char *clock = g_date_time_format(now, "%H:%M:%S UTC");
    g_autofree char *time =
        units_format_duration((double) state->policy->longer_than_us / G_USEC_PER_SEC);

    return g_strdup_printf("%s  %s  longer than %s: %u active, %u idle in transaction, %u left "
                           "alone  slots %" G_GINT64_FORMAT "/%" G_GINT64_FORMAT "\n",
                           session_database(state->session), clock, time, view->queries->len,
                           view->transactions->len, view->apart->len, backends->slots.used,
                           backends->slots.ordinary);
}

static bool look(struct watch_frame *ret, gpointer data, GError **error)
{
    struct state *state = data;

    if (!session_alive(state->session) && !session_reopen(state->session, error))
        return false;
    struct backends *backends = queries_snapshot(state->session, error);
    if (backends == NULL)
        return false;
    g_clear_pointer(&state->backends, backends_free);
    state->backends = backends;
    AUTO(queries_view) view = queries_look(backends, state->policy);
    ret->title = title_of(state, view);
    ret->grid = grid_new(queries_columns);
    ret->ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    add_rows(ret, view->queries);
    add_rows(ret, view->transactions);
    add_rows(ret, view->apart);
    return true;
}

/* ---- keys ---------------------------------------------------------------------------------- */

static char *question(gint64 id, enum watch_act act, bool *ret_may, gpointer data)
{
    const struct state *state = data;
    struct queries_choice choice =
        queries_choose_pid(state->backends, state->policy, id, act == WATCH_TERMINATE);
    g_autofree char *reason = choice.reason;

    *ret_may = choice.way != QUERIES_LEAVE;
    if (!*ret_may)
        return g_strdup_printf("pid %" G_GINT64_FORMAT " is left alone: %s", id, reason);
    g_autofree char *name = backend_describe(choice.backend);
    return g_strdup_printf("%s %s?",
                           choice.way == QUERIES_BY_CANCEL   ? "Cancel the query of"
                           : choice.way == QUERIES_BY_LADDER ? "Cancel, then terminate"
                                                             : "Terminate",
                           name);
}

/* By the snapshot that was on the page when the key was hit, so what has changed since is left
 * alone. */
static char *act_on(gint64 id, enum watch_act act, gpointer data)
{
    struct state *state = data;
    struct queries_end end = {
        .call = state->call,
        .session = state->session,
        .backends = state->backends,
        .choices = queries_choices_new(),
        .terminate = act == WATCH_TERMINATE,
    };
    struct queries_choice choice =
        queries_choose_pid(state->backends, state->policy, id, end.terminate);
    g_autoptr(GError) error = NULL;
    gint64 run;
    const char *reason;

    g_array_append_val(end.choices, choice);
    queries_end_prepare(&end);
    queries_end_run(&end, &run, &error);
    const char *step =
        queries_step(&g_array_index(end.choices, struct queries_choice, 0), &reason);
    char *words = error != NULL
                      ? g_strdup(error->message)
                      : g_strdup_printf("pid %" G_GINT64_FORMAT ": %s (%s)", id, step, reason);
    queries_end_clear(&end);
    return words;
}

static bool print(gpointer data, GError **error)
{
    struct state *state = data;

    return queries_report(state->call, state->session, state->policy, error);
}

enum runbook_exit queries_watch(struct call *call, struct session *session,
                                const struct queries_policy *policy, const char *seconds,
                                GError **error)
{
    struct state state = {.call = call, .session = session, .policy = policy};
    struct watch watch = {
        .output = call->output,
        .look = look,
        .question = question,
        .act = act_on,
        .print = print,
        .data = &state,
    };

    if (!watch_seconds(seconds, &watch.seconds, error))
        return RUNBOOK_USAGE;
    enum runbook_exit code = watch_run(&watch, error);
    g_clear_pointer(&state.backends, backends_free);
    return code;
}
