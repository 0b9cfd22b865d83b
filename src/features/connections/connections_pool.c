/* `connections pool`: whether the applications' pools fit, and keep to what is agreed. */
#include "connections_pool.h"
#include "units/units.h"

#include <errno.h>
#include <stdio.h>

enum { SOURCE_LARGEST = 1 << 20 };

const struct option connections_pool_options[] = {
    {"source", '\0', "FILE", NULL, OPTION_LOCAL,
     "read the calls that size the pool in this Go file, database/connection.go as a rule"},
    {"application", '\0', "NAME", NULL, OPTION_ONCE,
     "the section [app NAME] the file belongs to, where there are several"},
    {"pgbouncer", '\0', "CONNINFO", "pgbouncer", OPTION_LOCAL, NULL},
    {NULL, '\0', NULL, NULL, OPTION_ONCE, NULL},
};

/* ---- the source ---------------------------------------------------------------------------- */

/* What the runbook agrees on, when no application is configured. */
static const struct connections_app *usual_app(void)
{
    static const char *const none[] = {NULL};
    static const struct connections_app usual = {
        .name = "any",
        .instances = 1,
        .max_open = 25,
        .max_idle = 10,
        .max_lifetime_ms = 300000,
        .applications = none,
        .roles = none,
        .clients = none,
    };
    return &usual;
}

static const struct connections_app *source_app(const struct call *call, const GArray *apps,
                                                GError **error)
{
    const char *name = option_value(call->options, "application");
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (guint i = 0; i < apps->len; i++) {
        const struct connections_app *app = &g_array_index(apps, struct connections_app, i);
        g_ptr_array_add(names, (gpointer) (gintptr) app->name);
        if (name == NULL ? apps->len == 1 : g_str_equal(app->name, name))
            return app;
    }
    g_ptr_array_add(names, NULL);
    if (name == NULL && apps->len == 0)
        return usual_app();
    const char *nearest =
        name == NULL ? NULL : units_nearest(name, (const char *const *) names->pdata);
    g_autofree char *all = g_strjoinv(", ", (char **) names->pdata);
    g_autofree char *hint =
        nearest != NULL ? g_strdup_printf("did you mean \"%s\"?", nearest)
                        : g_strdup_printf("the configuration has %s", *all ? all : "none");
    if (name == NULL)
        runbook_error_set(error, RUNBOOK_USAGE, hint,
                          "several applications are configured: --application says whose "
                          "source it is");
    else
        runbook_error_set(error, RUNBOOK_USAGE, hint, "unknown application \"%s\"", name);
    return NULL;
}

/* Not g_file_get_contents(): that would read /dev/zero to the end. */
static char *load(const char *path, gsize *ret_length, GError **error)
{
    FILE *file = fopen(path, "re");
    int reason = errno;
    gsize length = 0;
    g_autofree char *text = g_malloc(SOURCE_LARGEST + 1);

    if (file != NULL) {
        length = fread(text, 1, SOURCE_LARGEST + 1, file);
        reason = ferror(file) ? errno : 0;
        fclose(file);
    }
    if (file == NULL || reason != 0) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "cannot read %s: %s", path,
                          g_strerror(reason));
        return NULL;
    }
    if (length > SOURCE_LARGEST) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "%s is larger than 1 MB", path);
        return NULL;
    }
    *ret_length = length;
    return g_steal_pointer(&text);
}

/* ---- the command --------------------------------------------------------------------------- */

/* All there is to one call. */
struct facts {
    GArray *apps, *calls, *source, *roles;
    struct connections_pooler pooler;
    const struct connections_app *source_app;
};

static void clear_facts(struct facts *facts)
{
    GArray **const arrays[] = {&facts->source, &facts->calls, &facts->roles, &facts->apps};

    for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
        g_clear_pointer(arrays[i], g_array_unref);
    connections_pooler_clear(&facts->pooler);
}

static bool read_source(const struct call *call, struct facts *facts, GError **error)
{
    const char *path = option_value(call->options, "source");
    gsize length = 0;

    if (path == NULL && option_value(call->options, "application") != NULL) {
        runbook_error_set(error, RUNBOOK_USAGE, "it says whose file --source names",
                          "--application goes with --source");
        return false;
    }
    if (path == NULL)
        return true;
    facts->source_app = source_app(call, facts->apps, error);
    if (facts->source_app == NULL)
        return false;
    g_autofree char *text = load(path, &length, error);
    if (text == NULL)
        return false;
    facts->calls = connections_pool_read_source(text, length);
    facts->source = connections_source_compare(facts->calls, facts->source_app);
    return true;
}

static enum runbook_exit report(struct call *call, struct facts *facts, GError **error)
{
    AUTO(session) session = call_connect(call, error);

    if (session == NULL)
        return runbook_error_exit(*error);
    AUTO(backends) backends = backends_read(session, error);
    if (backends == NULL)
        return runbook_error_exit(*error);
    if (!backends_all_seen(backends, error))
        return RUNBOOK_REFUSED;
    facts->pooler = connections_pooler_ask(call->settings);
    AUTO(connections_pool) pool = connections_pool_weigh(facts->apps, backends);
    facts->roles = connections_role_settings(session, pool,
                                             connections_pooler_known(&facts->pooler), error);
    if (facts->roles == NULL)
        return runbook_error_exit(*error);
    const struct connections_pool_report shown = {
        .pool = pool,
        .roles = facts->roles,
        .file = option_value(call->options, "source"),
        .source = facts->source,
        .source_app = facts->source_app,
        .pooler = &facts->pooler,
    };
    connections_pool_show(call, session, &shown);
    return RUNBOOK_DONE;
}

enum runbook_exit connections_pool_command(struct call *call, GError **error)
{
    struct facts facts = {.apps = connections_apps(call->settings, call->target)};
    enum runbook_exit code = RUNBOOK_USAGE;

    if (read_source(call, &facts, error))
        code = report(call, &facts, error);
    clear_facts(&facts);
    return code;
}
