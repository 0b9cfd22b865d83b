/* Opening, entering, leaving. */
#include "rehearse/shadow.h"

#include "error.h"
#include "rehearse/trace_send.h"

enum { START_SECONDS = 120 };

const char *shadow_kind_name(enum shadow_kind kind)
{
    static const char *const names[] = {"throw-away", "given", "backup"};

    return names[kind];
}

bool shadow_try(struct shadow *shadow, struct session *session, const char *sql,
                const char *what, GError **error)
{
    struct trace_answer answer;

    if (!trace_send(session, sql, NULL, &answer, error))
        return false;
    if (answer.error != NULL)
        g_ptr_array_add(shadow->troubles, g_strdup_printf("%s: %s", what, answer.error));
    trace_answer_clear(&answer);
    return true;
}

/* It is there for this alone, and what is lost with it is nothing. Event triggers are part of the
 * schema: they run, as on the target. */
bool shadow_start(struct shadow *shadow, const struct shadow_plan *plan, GError **error)
{
    static const char *const ours[] = {"fsync=off", "synchronous_commit=off",
                                       "max_wal_size=8GB", "max_locks_per_transaction=1024",
                                       NULL};
    g_autoptr(GPtrArray) settings = g_ptr_array_new();

    for (const char *const *one = ours; *one != NULL; one++)
        g_ptr_array_add(settings, (gpointer) (gsize) *one);
    for (const char *const *one = plan->settings; one != NULL && *one != NULL; one++)
        g_ptr_array_add(settings, (gpointer) (gsize) *one);
    g_ptr_array_add(settings, NULL);
    const struct server_setup setup = {.folder = shadow->scratch->data,
                                       .bindir = plan->bindir,
                                       .settings = (const char *const *) settings->pdata};

    shadow->server = server_start(&setup, error);
    return shadow->server != NULL &&
           server_await(shadow->server, START_SECONDS, NULL, NULL, error);
}

/* A query of ours over a large table takes its time. */
static bool unbind(struct session *observer, GError **error)
{
    return session_command(observer, "SET statement_timeout = 0", error) &&
           session_command(observer, "SET lock_timeout = 0", error);
}

static bool enter_server(struct shadow *shadow, GError **error)
{
    shadow->observer = server_session(shadow->server, shadow->database, error);
    if (shadow->observer == NULL)
        return false;
    shadow->session = session_twin(shadow->observer, error);
    if (shadow->session == NULL)
        return false;
    g_autofree char *name = session_quote(shadow->session, NULL, shadow->role);
    g_autofree char *sql = g_strdup_printf("SET SESSION AUTHORIZATION %s", name);
    g_autofree char *what = g_strdup_printf("scripts run as a superuser, not as %s", name);
    return shadow_try(shadow, shadow->session, sql, what, error);
}

static struct session *enter_given(struct shadow *shadow, struct session_params *params,
                                   GError **error)
{
    *params = (struct session_params){
        .dbname = shadow->text, .database = shadow->database, .primary = true};
    return session_open(params, "rehearse", error);
}

bool shadow_enter(struct shadow *shadow, GError **error)
{
    if (shadow->server != NULL)
        return enter_server(shadow, error) && unbind(shadow->observer, error);
    shadow->observer = enter_given(shadow, &shadow->observer_params, error);
    if (shadow->observer == NULL || !unbind(shadow->observer, error))
        return false;
    shadow->session = enter_given(shadow, &shadow->params, error);
    return shadow->session != NULL;
}

void shadow_leave(struct shadow *shadow)
{
    g_clear_pointer(&shadow->session, session_close);
    g_clear_pointer(&shadow->observer, session_close);
}

static bool open_kind(struct shadow *shadow, const struct shadow_plan *plan, GError **error)
{
    switch (plan->kind) {
    case SHADOW_GIVEN:
        return shadow_open_given(shadow, plan, error);
    case SHADOW_BACKUP:
        return shadow_open_backup(shadow, plan, error);
    case SHADOW_FRESH:
        break;
    }
    return shadow_open_fresh(shadow, plan, error);
}

struct shadow *shadow_open(const struct shadow_plan *plan, GError **error)
{
    AUTO(shadow) shadow = g_new0(struct shadow, 1);

    shadow->kind = plan->kind;
    shadow->tables = shadow->rows = -1;
    shadow->troubles = g_ptr_array_new_with_free_func(g_free);
    if (!open_kind(shadow, plan, error))
        return NULL;
    shadow->version = session_version(shadow->observer);
    return g_steal_pointer(&shadow);
}

static void drop_copy(struct shadow *shadow)
{
    struct trace_answer answer;

    /* A server of ours goes with all that is on it. */
    if (shadow->admin == NULL || shadow->database == NULL || shadow->server != NULL)
        return;
    /* After a signal as well. */
    session_wind_down(shadow->admin);
    g_autofree char *name = session_quote(shadow->admin, NULL, shadow->database);
    g_autofree char *sql = g_strdup_printf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name);
    if (!session_command(shadow->admin, sql, NULL) &&
        trace_send(shadow->admin, sql, NULL, &answer, NULL))
        trace_answer_clear(&answer);
}

void shadow_free(struct shadow *shadow)
{
    shadow_leave(shadow);
    drop_copy(shadow);
    g_clear_pointer(&shadow->admin, session_close);
    g_clear_pointer(&shadow->server, server_free);
    g_clear_pointer(&shadow->scratch, server_scratch_free);
    g_ptr_array_unref(shadow->troubles);
    g_free(shadow->database);
    g_free(shadow->source);
    g_free(shadow->role);
    g_free(shadow->text);
    g_free(shadow);
}
