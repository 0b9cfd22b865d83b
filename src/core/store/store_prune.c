/*
 * What is too old to be evidence of anything.
 */
#include "store/statement.h"
#include "store/store_internal.h"
#include "store_queries.h"

static GArray *old_runs(struct store *store, gint64 before_us)
{
    GArray *runs = g_array_new(FALSE, FALSE, sizeof(gint64));
    AUTO(statement) statement = statement_open(store, &query_store_runs_old);
    statement_bind_int(statement, 1, before_us);
    statement_bind_int(statement, 2, before_us - (g_get_real_time() - before_us));
    while (statement_next(statement)) {
        const gint64 id = statement_int(statement, STORE_RUNS_OLD_ID);
        g_array_append_val(runs, id);
    }
    if (!store_read(store, statement))
        g_array_set_size(runs, 0);
    return runs;
}

void store_old_runs(struct store *store, gint64 before_us,
                    void (*visit)(gint64 run, gpointer data), gpointer data)
{
    g_autoptr(GArray) runs = old_runs(store, before_us);
    for (guint i = 0; i < runs->len; i++)
        visit(g_array_index(runs, gint64, i), data);
}

static bool forget(struct store *store, const struct query *query, gint64 before)
{
    AUTO(statement) statement = statement_open(store, query);
    statement_bind_int(statement, 1, before);
    return store_write(store, statement);
}

/* What the daemon and rehearsals wrote. Minutes are many, and of old ones nobody asks. */
static bool forget_others(struct store *store, gint64 before_us)
{
    const gint64 kept_us = STORE_MINUTES_DAYS * G_TIME_SPAN_DAY;
    const gint64 minutes_us = MAX(before_us, g_get_real_time() - kept_us);

    return forget(store, &query_store_turns_forget, before_us) &&
           forget(store, &query_store_events_forget, before_us) &&
           forget(store, &query_store_rehearsals_forget, before_us) &&
           forget(store, &query_store_minutes_forget, minutes_us / G_TIME_SPAN_MINUTE);
}

guint store_prune(struct store *store, gint64 before_us)
{
    if (!store_begin_all(store))
        return 0;
    g_autoptr(GArray) runs = old_runs(store, before_us);
    bool ok = true;
    for (guint i = 0; ok && i < runs->len; i++) {
        AUTO(statement) statement = statement_open(store, &query_store_run_forget);
        statement_bind_int(statement, 1, g_array_index(runs, gint64, i));
        ok = store_write(store, statement);
    }
    ok = ok && forget_others(store, before_us);
    store_end_all(store, ok);
    return ok ? runs->len : 0;
}
