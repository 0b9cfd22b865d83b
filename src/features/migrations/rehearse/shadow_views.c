/* Materialized views: pg_dump leaves them empty, and then nothing can be read from them. */
#include "migrations_queries.h"
#include "rehearse/shadow.h"
#include "rehearse/trace_send.h"

/* One may read another: those that could not be filled are tried again as long as some can. */
static bool refresh_some(struct session *session, const struct rows *rows, GPtrArray *reasons,
                         guint *ret_filled, GError **error)
{
    *ret_filled = 0;
    for (int i = 0; i < rows_count(rows); i++) {
        struct trace_answer answer;
        if (reasons->pdata[i] != NULL && *(const char *) reasons->pdata[i] == '\0')
            continue;
        g_autofree char *name =
            session_quote(session, rows_text(rows, i, MIGRATIONS_SHADOW_VIEWS_SCHEMA),
                          rows_text(rows, i, MIGRATIONS_SHADOW_VIEWS_NAME));
        g_autofree char *sql = g_strdup_printf("REFRESH MATERIALIZED VIEW %s", name);
        if (!trace_send(session, sql, NULL, &answer, error))
            return false;
        *ret_filled += answer.error == NULL;
        g_free(reasons->pdata[i]);
        reasons->pdata[i] =
            answer.error == NULL ? g_strdup("") : g_strdup_printf("%s: %s", name, answer.error);
        trace_answer_clear(&answer);
    }
    return true;
}

bool shadow_fill_views(struct shadow *shadow, struct session *session, struct session *target,
                       GError **error)
{
    AUTO(rows) rows = session_query(target, &query_migrations_shadow_views, NULL, error);
    g_autoptr(GPtrArray) reasons = g_ptr_array_new_with_free_func(g_free);
    guint filled = 1;

    if (rows == NULL)
        return false;
    g_ptr_array_set_size(reasons, rows_count(rows));
    while (filled > 0)
        if (!refresh_some(session, rows, reasons, &filled, error))
            return false;
    for (guint i = 0; i < reasons->len; i++)
        if (*(const char *) reasons->pdata[i] != '\0')
            g_ptr_array_add(shadow->troubles,
                            g_strdup_printf("a materialized view could not be filled: %s",
                                            (const char *) reasons->pdata[i]));
    return true;
}
