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

/* While a database is copied nobody can connect to it, and production's disk may not hold it twice. */
static bool may_copy(const struct shadow *shadow, const struct shadow_plan *plan,
                     GError **error)
{
    if (plan->system == NULL ||
        g_strcmp0(session_system_identifier(shadow->admin), plan->system) != 0)
        return true;
    if (g_strcmp0(shadow->source, plan->database) == 0) {
        runbook_error_set(error, RUNBOOK_REFUSED,
                          "name a staging database, best on another server; or leave --shadow "
                          "out: a throw-away server needs nothing of the target's",
                          "the staging database is the target itself");
        return false;
    }
    output_note(plan->call->output, "the staging database is on the target's own server, which "
                                    "has the work of copying it");
    return true;
}

bool shadow_open_given(struct shadow *shadow, const struct shadow_plan *plan, GError **error)
{
    struct session_params params = {.dbname = plan->conninfo, .primary = true};
    struct session *first = session_open(&params, "rehearse", error);

    if (first == NULL)
        return false;
    shadow->source = g_strdup(session_database(first));
    session_close(first);
    shadow->text = g_strdup(plan->conninfo);
    if (!open_admin(shadow, shadow->text, error))
        return false;
    drop_leftovers(shadow->admin);
    if (!may_copy(shadow, plan, error))
        return false;
    g_autofree char *name =
        g_strdup_printf("pgrunbook_rehearsal_%d_%08x", (int) getpid(), g_random_int());
    try_lock(shadow->admin, name);
    shadow->database = g_steal_pointer(&name);
    return shadow_copy(shadow, error);
}
