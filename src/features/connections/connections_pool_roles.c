/* What roles lack that keeps a pool within its bounds when nobody looks. */
#include "connections_pool.h"
#include "connections_queries.h"
#include "units/units.h"

/* What all applications together may take through one role. */
struct claim {
    gint64 most;
    gint64 lifetime_ms; /* the longest */
};

/* Role → struct claim, of the roles the applications' sessions have. */
static GHashTable *claims_of(const struct connections_pool *pool)
{
    GHashTable *claims = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);

    for (guint i = 0; i < pool->apps->len; i++) {
        const struct connections_app_state *state =
            &g_array_index(pool->apps, struct connections_app_state, i);
        for (guint j = 0; j < state->roles->len; j++) {
            gpointer role = g_ptr_array_index(state->roles, j);
            struct claim *claim = g_hash_table_lookup(claims, role);
            if (claim == NULL) {
                claim = g_new0(struct claim, 1);
                g_hash_table_insert(claims, role, claim);
            }
            claim->most += state->allowed;
            claim->lifetime_ms = MAX(claim->lifetime_ms, state->app->max_lifetime_ms);
        }
    }
    return claims;
}

/* An array literal of names. */
static char *names_of(GHashTable *claims)
{
    g_autoptr(GString) list = g_string_new("{");
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, claims);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        g_autoptr(GString) quoted = g_string_new(name);
        g_string_replace(quoted, "\\", "\\\\", 0);
        g_string_replace(quoted, "\"", "\\\"", 0);
        g_string_append_printf(list, "%s\"%s\"", list->len > 1 ? "," : "", quoted->str);
    }
    g_string_append_c(list, '}');
    return g_string_free(g_steal_pointer(&list), FALSE);
}

static void add(GArray *settings, const char *role, char *sql, char *reason)
{
    struct connections_role_setting setting = {.role = g_strdup(role)};

    setting.sql = sql;
    setting.reason = reason;
    g_array_append_val(settings, setting);
}

static void add_limit(GArray *settings, const char *role, const char *quoted, gint64 most,
                      gint64 wanted)
{
    if (most == wanted)
        return;
    char *reason =
        most < 0 ? g_strdup("a pool that grows past its settings is refused, and not everybody")
                 : g_strdup_printf("its limit of %" G_GINT64_FORMAT " is %s", most,
                                   most < wanted ? "below what its applications may open"
                                                 : "above it, so it does not bind");
    add(settings, role,
        g_strdup_printf("ALTER ROLE %s CONNECTION LIMIT %" G_GINT64_FORMAT, quoted, wanted),
        reason);
}

/* Twice the lifetime: what lies idle for longer no pool knows any more. */
static void add_timeouts(GArray *settings, const struct rows *rows, int row, const char *quoted,
                         gint64 lifetime_ms, bool pooled)
{
    const char *role = rows_text(rows, row, CONNECTIONS_POOL_ROLES_NAME);

    if (!pooled && rows_null(rows, row, CONNECTIONS_POOL_ROLES_IDLE))
        add(settings, role,
            g_strdup_printf("ALTER ROLE %s SET idle_session_timeout = '%" G_GINT64_FORMAT "s'",
                            quoted, MAX(2 * lifetime_ms / 1000, 1)),
            g_strdup("a session idle for twice max_lifetime is leaked: its pool has forgotten "
                     "it"));
    if (rows_null(rows, row, CONNECTIONS_POOL_ROLES_IN_TRANSACTION))
        add(settings, role,
            g_strdup_printf("ALTER ROLE %s SET idle_in_transaction_session_timeout = '60s'",
                            quoted),
            g_strdup("an open transaction that does nothing holds locks and keeps VACUUM from "
                     "cleaning up"));
}

static void clear_setting(gpointer pointer)
{
    struct connections_role_setting *setting = pointer;

    g_free(setting->role);
    g_free(setting->sql);
    g_free(setting->reason);
}

GArray *connections_role_settings(struct session *session, const struct connections_pool *pool,
                                  bool pooled, GError **error)
{
    g_autoptr(GHashTable) claims = claims_of(pool);
    g_autofree char *names = names_of(claims);
    AUTO(rows)
    rows = session_query(session, &query_connections_pool_roles, (const char *const[]){names},
                         error);

    if (rows == NULL)
        return NULL;
    GArray *settings = g_array_new(FALSE, FALSE, sizeof(struct connections_role_setting));
    g_array_set_clear_func(settings, clear_setting);
    for (int row = 0; row < rows_count(rows); row++) {
        const char *role = rows_text(rows, row, CONNECTIONS_POOL_ROLES_NAME);
        const struct claim *claim = g_hash_table_lookup(claims, role);
        g_autofree char *quoted = session_quote(session, NULL, role);
        if (claim == NULL || quoted == NULL)
            continue;
        /* A superuser is not held to a limit. */
        if (!rows_bool(rows, row, CONNECTIONS_POOL_ROLES_SUPERUSER))
            add_limit(settings, role, quoted, rows_int(rows, row, CONNECTIONS_POOL_ROLES_MOST),
                      claim->most);
        add_timeouts(settings, rows, row, quoted, claim->lifetime_ms, pooled);
    }
    return settings;
}
