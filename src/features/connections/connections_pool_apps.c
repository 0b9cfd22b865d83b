/* Applications as the settings have them, and what the server sees of each. */
#include "connections_pool.h"
#include "units/units.h"

#include <math.h>

/* A pool closes an old connection when it comes back, a moment late at the most. */
enum { SLACK_US = 10 * G_USEC_PER_SEC };

static const struct setting app_rows[] = {
    {"instances", SETTING_INT, 0, "1", "1", "100000", NULL,
     "How many processes of the application run at once, each with a pool of its own."},
    {"max_open", SETTING_INT, 0, "25", "1", "100000", NULL,
     "The largest number of connections of one pool: SetMaxOpenConns in Go."},
    {"max_idle", SETTING_INT, 0, "10", "0", "100000", NULL,
     "How many of them a pool keeps when they are idle: SetMaxIdleConns in Go."},
    {"max_lifetime", SETTING_DURATION, 0, "5min", "1s", NULL, NULL,
     "How old a connection may become before the pool replaces it: SetConnMaxLifetime in Go."},
    {"application", SETTING_LIST, 0, NULL, NULL, NULL, NULL,
     "Its sessions by application_name, * and ? as wildcards. Without this, role and client: "
     "the name of the section."},
    {"role", SETTING_LIST, 0, NULL, NULL, NULL, NULL,
     "… and by role; where several of the three are set a session has to match each."},
    {"client", SETTING_LIST, 0, NULL, NULL, NULL, NULL,
     "… and by address, \"local\" for the Unix socket."},
    {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
};

const struct setting_kind connections_kinds[] = {
    {"app", app_rows, "insightengine",
     "One section for each application that connects through a pool of its own. "
     "\"pgrunbook connections pool\" holds the server against it, and \"connections relieve\" "
     "leaves its allowed idle sessions alone."},
    {NULL, NULL, NULL, NULL},
};

GArray *connections_apps(const struct settings *settings, const char *target)
{
    g_autoptr(GPtrArray) sections = settings_sections(settings, "app", target);
    GArray *apps = g_array_new(FALSE, FALSE, sizeof(struct connections_app));

    for (guint i = 0; i < sections->len; i++) {
        const struct settings_section *section = g_ptr_array_index(sections, i);
        const struct settings *own = section->settings;
        struct connections_app app = {
            .name = section->name,
            .origin = section->origin,
            .instances = settings_int(own, "instances"),
            .max_open = settings_int(own, "max_open"),
            .max_idle = settings_int(own, "max_idle"),
            .max_lifetime_ms = settings_int(own, "max_lifetime"),
            .applications = settings_list(own, "application"),
            .roles = settings_list(own, "role"),
            .clients = settings_list(own, "client"),
        };
        g_array_append_val(apps, app);
    }
    return apps;
}

static bool is_of(const struct connections_app *app, const struct backend *backend)
{
    if (!backend_is_client(backend) || backend->own || backend->self)
        return false;
    if (app->applications[0] == NULL && app->roles[0] == NULL && app->clients[0] == NULL)
        return g_ascii_strcasecmp(app->name, backend->application) == 0;
    return (app->applications[0] == NULL ||
            backends_name_like(app->applications, backend->application)) &&
           (app->roles[0] == NULL || backends_name_like(app->roles, backend->role)) &&
           (app->clients[0] == NULL || backends_name_like(app->clients, backend->client));
}

int connections_app_of(const GArray *apps, const struct backend *backend)
{
    for (guint i = 0; i < apps->len; i++)
        if (is_of(&g_array_index(apps, struct connections_app, i), backend))
            return (int) i;
    return -1;
}

gint64 connections_app_idle(const struct connections_app *app)
{
    return app->instances * MIN(app->max_idle, app->max_open);
}

static const char *application_of(const struct backend *backend, gint64 *ret_allowed_idle,
                                  gconstpointer data)
{
    int app = connections_app_of(data, backend);

    if (app < 0)
        return NULL;
    const struct connections_app *found =
        &g_array_index((const GArray *) data, struct connections_app, app);
    *ret_allowed_idle = connections_app_idle(found);
    return found->name;
}

void connections_policy_apps(struct connections_policy *policy, const GArray *apps)
{
    if (apps->len > 0) {
        policy->application_of = application_of;
        policy->data = apps;
    }
}

/* ---- what is there ------------------------------------------------------------------------- */

/* A session at work since before its time was up may finish. */
static bool is_overdue(const struct connections_app *app, const struct backends *backends,
                       const struct backend *backend)
{
    gint64 due = backend->backend_start_us + app->max_lifetime_ms * 1000 + SLACK_US;
    gint64 busy_since =
        backend->xact_start_us > 0 ? backend->xact_start_us : backend->query_start_us;

    if (backend->backend_start_us == 0 || backends->now_us < due)
        return false;
    return backend->state == BACKEND_IDLE || busy_since > due;
}

static void count_role(struct connections_app_state *state, const char *role)
{
    for (guint i = 0; role != NULL && i < state->roles->len; i++)
        if (g_str_equal(g_ptr_array_index(state->roles, i), role))
            return;
    if (role != NULL)
        g_ptr_array_add(state->roles, (gpointer) (gintptr) role);
}

static void count_session(struct connections_app_state *state, const struct backends *backends,
                          const struct backend *backend)
{
    double age = backends_seconds_since(backends, backend->backend_start_us);

    state->sessions++;
    state->idle += backend->state == BACKEND_IDLE;
    state->overdue += is_overdue(state->app, backends, backend);
    state->oldest_seconds = fmax(state->oldest_seconds, age);
    count_role(state, backend->role);
}

static void judge(struct connections_app_state *state)
{
    state->found |= (unsigned) (state->sessions == 0) << CONNECTIONS_APP_ABSENT;
    state->found |= (unsigned) (state->overdue > 0) << CONNECTIONS_APP_OLD;
    state->found |= (unsigned) (state->idle > state->allowed_idle) << CONNECTIONS_APP_IDLE;
    state->found |= (unsigned) (state->sessions > state->allowed) << CONNECTIONS_APP_OPEN;
}

static void add_app(struct connections_pool *pool, const struct connections_app *app)
{
    struct connections_app_state state = {
        .app = app,
        .allowed = app->instances * app->max_open,
        .allowed_idle = connections_app_idle(app),
        .roles = g_ptr_array_new(),
    };

    pool->claimed += state.allowed;
    g_array_append_val(pool->apps, state);
}

static void clear_state(gpointer state)
{
    g_ptr_array_unref(((struct connections_app_state *) state)->roles);
}

struct connections_pool *connections_pool_weigh(const GArray *apps,
                                                const struct backends *backends)
{
    struct connections_pool *pool = g_new0(struct connections_pool, 1);

    pool->slots = backends->slots;
    pool->apps = g_array_new(FALSE, FALSE, sizeof(struct connections_app_state));
    g_array_set_clear_func(pool->apps, clear_state);
    for (guint i = 0; i < apps->len; i++)
        add_app(pool, &g_array_index(apps, struct connections_app, i));
    for (guint i = 0; i < backends_count(backends); i++) {
        const struct backend *backend = backends_at(backends, i);
        int app = connections_app_of(apps, backend);
        if (app >= 0)
            count_session(&g_array_index(pool->apps, struct connections_app_state, app),
                          backends, backend);
        else
            pool->others += backend_is_client(backend) && !backend->self;
    }
    for (guint i = 0; i < apps->len; i++) {
        struct connections_app_state *state =
            &g_array_index(pool->apps, struct connections_app_state, i);
        gint64 room = pool->slots.ordinary - (pool->claimed - state->allowed);
        state->fitting = MAX(room, 0) / state->app->max_open;
        judge(state);
    }
    return pool;
}

void connections_pool_free(struct connections_pool *pool)
{
    g_array_unref(pool->apps);
    g_free(pool);
}

/* ---- in words ------------------------------------------------------------------------------ */

const char *connections_app_finding_name(enum connections_app_finding finding)
{
    static const char *const names[] = {"ok", "absent", "too_old", "too_many_idle",
                                        "too_many_sessions"};
    return names[finding];
}

enum connections_app_finding connections_app_gravest(const struct connections_app_state *state)
{
    for (guint finding = CONNECTIONS_APP_FINDINGS - 1; finding > CONNECTIONS_APP_OK; finding--)
        if ((state->found >> finding & 1) != 0)
            return (enum connections_app_finding) finding;
    return CONNECTIONS_APP_OK;
}

static char *words_of_old(const struct connections_app_state *state)
{
    g_autofree char *sessions = units_format_counted(state->overdue, "session");
    g_autofree char *oldest = units_format_duration(state->oldest_seconds);
    g_autofree char *lifetime =
        units_format_duration((double) state->app->max_lifetime_ms / 1000);

    return g_strdup_printf("%s older than max_lifetime %s, the oldest %s: leaked, or the "
                           "application does not set it",
                           sessions, lifetime, oldest);
}

char *connections_app_words(const struct connections_app_state *state,
                            enum connections_app_finding finding)
{
    const struct connections_app *app = state->app;

    switch (finding) {
    case CONNECTIONS_APP_ABSENT:
        return g_strdup("the server sees no session of it");
    case CONNECTIONS_APP_OLD:
        return words_of_old(state);
    case CONNECTIONS_APP_IDLE:
        return g_strdup_printf("%" G_GINT64_FORMAT " idle, more than max_idle %" G_GINT64_FORMAT
                               " × %" G_GINT64_FORMAT " allow",
                               state->idle, MIN(app->max_idle, app->max_open), app->instances);
    case CONNECTIONS_APP_OPEN:
        return g_strdup_printf(
            "%" G_GINT64_FORMAT " sessions, more than max_open %" G_GINT64_FORMAT
            " × %" G_GINT64_FORMAT " allow: more instances, or more than one pool in each",
            state->sessions, app->max_open, app->instances);
    case CONNECTIONS_APP_OK:
    case CONNECTIONS_APP_FINDINGS:
        break;
    }
    return g_strdup("as configured");
}
