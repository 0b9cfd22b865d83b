/*
 * A server of its own: initdb, the target's roles, its schema as pg_dump says it, and rows that are
 * made up. Good for what statements do; for how long they take, as far as there are rows.
 */
#include "error.h"
#include "migrations_queries.h"
#include "rehearse/shadow.h"
#include "rehearse/trace_send.h"

/* What is made from the target, and the copy of it that is worked on. */
#define SOURCE "pgrunbook_source"

static bool is_c(const char *locale)
{
    return locale == NULL || g_str_equal(locale, "C") || g_str_equal(locale, "POSIX");
}

/* By rules that the target's rows are sorted by; where this machine does not know them, by bytes. */
static char *create_statement(struct session *admin, const struct rows *rows)
{
    const char *provider = rows_text(rows, 0, MIGRATIONS_SHADOW_TARGET_PROVIDER);
    const char *locale = rows_text(rows, 0, MIGRATIONS_SHADOW_TARGET_LOCALE);
    const char *ctype = rows_text(rows, 0, MIGRATIONS_SHADOW_TARGET_CTYPE);
    const char *collate = rows_text(rows, 0, MIGRATIONS_SHADOW_TARGET_COLLATE);
    g_autofree char *encoding =
        session_literal(admin, rows_text(rows, 0, MIGRATIONS_SHADOW_TARGET_ENCODING));
    g_autofree char *collation = session_literal(admin, collate);
    g_autofree char *classes = session_literal(admin, ctype);
    GString *sql = g_string_new("CREATE DATABASE " SOURCE " TEMPLATE template0");

    g_string_append_printf(sql, " ENCODING %s LC_COLLATE %s LC_CTYPE %s", encoding, collation,
                           classes);
    if (g_str_equal(provider, "i") && locale != NULL) {
        g_autofree char *icu = session_literal(admin, locale);
        g_string_append_printf(sql, " LOCALE_PROVIDER icu ICU_LOCALE %s", icu);
    } else if (g_str_equal(provider, "b") && locale != NULL) {
        g_autofree char *builtin = session_literal(admin, locale);
        g_string_append_printf(sql, " LOCALE_PROVIDER builtin BUILTIN_LOCALE %s", builtin);
    }
    return g_string_free(sql, FALSE);
}

static bool create_database(struct shadow *shadow, struct session *admin,
                            const struct rows *rows, GError **error)
{
    g_autofree char *sql = create_statement(admin, rows);
    const char *collate = rows_text(rows, 0, MIGRATIONS_SHADOW_TARGET_COLLATE);
    struct trace_answer answer;

    if (!trace_send(admin, sql, NULL, &answer, error))
        return false;
    bool fine = answer.error == NULL;
    trace_answer_clear(&answer);
    if (fine)
        return true;
    if (!is_c(collate))
        g_ptr_array_add(shadow->troubles,
                        g_strdup_printf("this machine does not know the locale \"%s\": text is "
                                        "sorted by bytes",
                                        collate));
    return trace_command(admin,
                         "CREATE DATABASE " SOURCE " TEMPLATE template0 ENCODING 'UTF8' "
                         "LC_COLLATE 'C' LC_CTYPE 'C'",
                         "cannot make the database", error);
}

static bool own_database(struct shadow *shadow, struct session *admin, const char *owner,
                         GError **error)
{
    g_autofree char *name = session_quote(admin, NULL, owner);
    g_autofree char *sql = g_strdup_printf("ALTER DATABASE " SOURCE " OWNER TO %s", name);

    return shadow_try(shadow, admin, sql, "the database has another owner", error);
}

static bool set_defaults(struct shadow *shadow, struct session *admin, struct session *target,
                         GError **error)
{
    AUTO(rows) rows = session_query(target, &query_migrations_shadow_settings, NULL, error);

    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        const char *name = rows_text(rows, i, MIGRATIONS_SHADOW_SETTINGS_NAME);
        const char *text = rows_text(rows, i, MIGRATIONS_SHADOW_SETTINGS_VALUE);
        g_autofree char *value = session_literal(admin, text);
        /* A list of names, as the server itself prints it. */
        bool list = g_str_equal(name, "search_path") && *text != '\0';
        g_autofree char *sql = g_strdup_printf("ALTER DATABASE " SOURCE " SET %s TO %s", name,
                                               list ? text : value);
        if (!shadow_try(shadow, admin, sql, "a setting is not as on the target", error))
            return false;
    }
    return rows != NULL;
}

/* Scripts name the database they are in: the copy has the target's name. */
static bool make_room(struct shadow *shadow, GError **error)
{
    g_autofree char *name = session_quote(shadow->admin, NULL, shadow->database);
    g_autofree char *sql = g_strdup_printf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name);

    return trace_command(shadow->admin, sql, "cannot make room for the copy", error);
}

static char *name_for(const char *target)
{
    static const char *const taken[] = {"template0", "template1", SOURCE, NULL};

    return g_strdup(g_strv_contains(taken, target) ? "rehearsal" : target);
}

static bool make_database(struct shadow *shadow, const struct shadow_plan *plan,
                          const struct rows *facts, GError **error)
{
    /* Not "postgres", which may be the target's name. */
    shadow->admin = server_session(shadow->server, "template1", error);
    return shadow->admin != NULL &&
           trace_command(shadow->admin, "SET statement_timeout = 0", "cannot prepare", error) &&
           shadow_fill_roles(shadow, shadow->admin, plan->target, error) &&
           create_database(shadow, shadow->admin, facts, error) &&
           own_database(shadow, shadow->admin,
                        rows_text(facts, 0, MIGRATIONS_SHADOW_TARGET_OWNER), error) &&
           set_defaults(shadow, shadow->admin, plan->target, error) && make_room(shadow, error);
}

static bool fill(struct shadow *shadow, const struct shadow_plan *plan, GError **error)
{
    AUTO(session) session = server_session(shadow->server, SOURCE, error);

    return session != NULL &&
           trace_command(session, "SET statement_timeout = 0", "cannot prepare", error) &&
           shadow_fill_schema(shadow, session, plan, error) &&
           shadow_fill_rows(shadow, session, plan, error) &&
           shadow_fill_views(shadow, session, plan->target, error);
}

bool shadow_open_fresh(struct shadow *shadow, const struct shadow_plan *plan, GError **error)
{
    int major = session_version(plan->target) / 10000;
    AUTO(rows)
    facts = session_query(plan->target, &query_migrations_shadow_target, NULL, error);

    if (facts == NULL)
        return false;
    shadow->source = g_strdup(SOURCE);
    shadow->database = name_for(session_database(plan->target));
    shadow->role = g_strdup(session_user(plan->target));
    shadow->scratch = server_scratch_new(plan->scratch, error);
    return shadow->scratch != NULL &&
           server_scratch_init(shadow->scratch, major, plan->bindir,
                               rows_text(facts, 0, MIGRATIONS_SHADOW_TARGET_SUPERUSER),
                               error) &&
           shadow_start(shadow, plan, error) && make_database(shadow, plan, facts, error) &&
           fill(shadow, plan, error) && shadow_copy(shadow, error);
}
