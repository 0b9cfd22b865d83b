/* A copy of a database beside it, on the same server: CREATE DATABASE … TEMPLATE. */
#include "error.h"
#include "migrations_queries.h"
#include "rehearse/shadow.h"
#include "rehearse/trace_send.h"

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

static bool make_copy(struct shadow *shadow, GError **error)
{
    g_autofree char *name = session_quote(shadow->admin, NULL, shadow->database);
    g_autofree char *source = session_quote(shadow->admin, NULL, shadow->source);
    g_autofree char *sql = g_strdup_printf("CREATE DATABASE %s TEMPLATE %s", name, source);
    struct trace_answer answer;

    if (!trace_command(shadow->admin, "SET statement_timeout = 0", "cannot prepare", error) ||
        !trace_send(shadow->admin, sql, NULL, &answer, error))
        return false;
    bool fine = copied(&answer, shadow->source, error);
    trace_answer_clear(&answer);
    return fine;
}

/* A copy has not what ALTER DATABASE … SET says of the original. */
static bool copy_defaults(struct shadow *shadow, GError **error)
{
    const char *const values[] = {shadow->source};
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

/* The owner of a database has rights in its schema public. Who may not give it away is the owner of
 * the staging database as well. */
static bool copy_owner(struct shadow *shadow, GError **error)
{
    const char *const values[] = {shadow->source};
    struct trace_answer answer;
    AUTO(rows)
    rows = session_query(shadow->admin, &query_migrations_shadow_owner, values, error);

    if (rows == NULL || rows_count(rows) == 0)
        return rows != NULL;
    g_autofree char *name = session_quote(shadow->admin, NULL, shadow->database);
    g_autofree char *owner =
        session_quote(shadow->admin, NULL, rows_text(rows, 0, MIGRATIONS_SHADOW_OWNER_OWNER));
    g_autofree char *sql = g_strdup_printf("ALTER DATABASE %s OWNER TO %s", name, owner);
    if (!trace_send(shadow->admin, sql, NULL, &answer, error))
        return false;
    trace_answer_clear(&answer);
    return true;
}

bool shadow_copy(struct shadow *shadow, GError **error)
{
    return make_copy(shadow, error) && copy_defaults(shadow, error) &&
           copy_owner(shadow, error) && shadow_enter(shadow, error);
}

bool shadow_again(struct shadow *shadow, bool *ret_done, GError **error)
{
    *ret_done = shadow->source != NULL;
    if (shadow->source == NULL)
        return true;
    shadow_leave(shadow);
    g_autofree char *name = session_quote(shadow->admin, NULL, shadow->database);
    g_autofree char *sql = g_strdup_printf("DROP DATABASE %s WITH (FORCE)", name);
    return trace_command(shadow->admin, sql, "cannot drop the copy", error) &&
           shadow_copy(shadow, error);
}
