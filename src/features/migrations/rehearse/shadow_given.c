/*
 * A copy of a staging database, on its own server: CREATE DATABASE … TEMPLATE, which wants nobody to
 * be connected to it. The staging database itself is left as it is.
 */
#include "error.h"
#include "migrations_queries.h"
#include "rehearse/shadow.h"
#include "rehearse/trace_send.h"

#include <unistd.h>

/* The connection that makes the copy and drops it is on another database. */
static bool open_admin(struct shadow *shadow, const char *conninfo, GError **error)
{
    static const char *const databases[] = {"postgres", "template1"};

    for (gsize i = 0; i < G_N_ELEMENTS(databases) && shadow->admin == NULL; i++) {
        g_clear_error(error);
        shadow->admin_params = (struct session_params){
            .dbname = conninfo, .database = databases[i], .primary = true};
        shadow->admin = session_open(&shadow->admin_params, "rehearse", error);
        if (shadow->admin == NULL && !g_str_equal(shadow->admin_params.refusal, "3D000"))
            return false;
    }
    return shadow->admin != NULL;
}

static bool try_lock(struct session *admin, const char *name)
{
    const char *const values[] = {name};
    AUTO(rows) rows = session_query(admin, &query_migrations_shadow_lock, values, NULL);

    return rows != NULL && rows_bool(rows, 0, MIGRATIONS_SHADOW_LOCK_GOT);
}

/* Of rehearsals that were killed. */
static void drop_leftovers(struct session *admin)
{
    AUTO(rows) rows = session_query(admin, &query_migrations_shadow_leftovers, NULL, NULL);

    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        const char *name = rows_text(rows, i, MIGRATIONS_SHADOW_LEFTOVERS_NAME);
        struct trace_answer answer;
        if (!try_lock(admin, name))
            continue;
        g_autofree char *quoted = session_quote(admin, NULL, name);
        g_autofree char *sql = g_strdup_printf("DROP DATABASE IF EXISTS %s", quoted);
        if (trace_send(admin, sql, NULL, &answer, NULL))
            trace_answer_clear(&answer);
    }
}

static bool copied(const struct trace_answer *answer, const char *template, GError **error)
{
    if (answer->error == NULL)
        return true;
    const char *hint = NULL;
    if (g_str_equal(answer->sqlstate, "55006"))
        hint =
            "end the sessions that are connected to it, or name a copy of it: a database can "
            "only be copied while nobody is in it";
    else if (g_str_equal(answer->sqlstate, "42501"))
        hint =
            "the role needs CREATEDB, and has to own the staging database (or be a superuser)";
    runbook_error_set(error, hint != NULL ? RUNBOOK_REFUSED : RUNBOOK_FAILED, hint,
                      "cannot copy the staging database \"%s\": %s", template, answer->error);
    return false;
}

static bool make_copy(struct shadow *shadow, const char *template, GError **error)
{
    g_autofree char *name =
        g_strdup_printf("pgrunbook_rehearsal_%d_%08x", (int) getpid(), g_random_int());
    g_autofree char *quoted = session_quote(shadow->admin, NULL, name);
    g_autofree char *source = session_quote(shadow->admin, NULL, template);
    g_autofree char *sql = g_strdup_printf("CREATE DATABASE %s TEMPLATE %s", quoted, source);
    struct trace_answer answer;

    try_lock(shadow->admin, name);
    if (!trace_command(shadow->admin, "SET statement_timeout = 0", "cannot prepare", error) ||
        !trace_send(shadow->admin, sql, NULL, &answer, error))
        return false;
    bool fine = copied(&answer, template, error);
    trace_answer_clear(&answer);
    if (fine)
        shadow->database = g_steal_pointer(&name);
    return fine;
}

/* A copy has not what ALTER DATABASE … SET says of the original. */
static bool copy_defaults(struct shadow *shadow, const char *template, GError **error)
{
    const char *const values[] = {template};
    AUTO(rows)
    rows = session_query(shadow->admin, &query_migrations_shadow_defaults, values, error);
    g_autofree char *database = session_quote(shadow->admin, NULL, shadow->database);

    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        g_autofree char *name = session_quote(
            shadow->admin, NULL, rows_text(rows, i, MIGRATIONS_SHADOW_DEFAULTS_NAME));
        g_autofree char *value = session_literal(
            shadow->admin, rows_text(rows, i, MIGRATIONS_SHADOW_DEFAULTS_VALUE));
        /* A list is one string in the catalog; search_path is the one that matters. */
        g_autofree char *sql =
            g_strdup_printf("ALTER DATABASE %s SET %s TO %s", database, name,
                            g_str_equal(name, "\"search_path\"")
                                ? rows_text(rows, i, MIGRATIONS_SHADOW_DEFAULTS_VALUE)
                                : value);
        if (!shadow_try(shadow, shadow->admin, sql, "a setting of the database is missing",
                        error))
            return false;
    }
    return rows != NULL;
}

static struct session *enter(struct shadow *shadow, struct session_params *params,
                             const char *conninfo, GError **error)
{
    *params = (struct session_params){
        .dbname = conninfo, .database = shadow->database, .primary = true};
    return session_open(params, "rehearse", error);
}

bool shadow_open_given(struct shadow *shadow, const struct shadow_plan *plan, GError **error)
{
    g_autofree char *template = NULL;
    struct session_params params = {.dbname = plan->conninfo, .primary = true};
    struct session *first = session_open(&params, "rehearse", error);

    if (first == NULL)
        return false;
    template = g_strdup(session_database(first));
    session_close(first);
    shadow->text = g_strdup(plan->conninfo);
    if (!open_admin(shadow, shadow->text, error))
        return false;
    drop_leftovers(shadow->admin);
    if (!make_copy(shadow, template, error) || !copy_defaults(shadow, template, error))
        return false;
    shadow->observer = enter(shadow, &shadow->observer_params, shadow->text, error);
    if (shadow->observer == NULL)
        return false;
    shadow->session = enter(shadow, &shadow->params, shadow->text, error);
    return shadow->session != NULL;
}
