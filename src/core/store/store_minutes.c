#include "store/store_minutes.h"

#include "store/statement.h"
#include "store/store_internal.h"
#include "store_queries.h"

void store_minute_put(struct store *store, const char *target,
                      const struct store_minute *minute)
{
    AUTO(statement) statement = statement_open(store, &query_store_minute_put);
    statement_bind_text(statement, 1, target);
    statement_bind_int(statement, 2, minute->minute_us / G_TIME_SPAN_MINUTE);
    statement_bind_int(statement, 3, minute->samples);
    statement_bind_int(statement, 4, minute->missed);
    statement_bind_int(statement, 5, minute->ordinary);
    statement_bind_int(statement, 6, minute->used_max);
    statement_bind_int(statement, 7, minute->used_sum);
    statement_bind_int(statement, 8, minute->active_max);
    statement_bind_int(statement, 9, minute->idle_max);
    statement_bind_int(statement, 10, minute->in_transaction_max);
    statement_bind_int(statement, 11, minute->waiting_max);
    statement_bind_real(statement, 12, minute->query_seconds_max);
    store_write(store, statement);
}

bool store_each_minute(struct store *store, const char *target, gint64 since_us,
                       void (*visit)(const struct store_minute *minute, gpointer data),
                       gpointer data, GError **error)
{
    AUTO(statement) statement = statement_open(store, &query_store_minutes);
    statement_bind_text(statement, 1, target);
    statement_bind_int(statement, 2, since_us / G_TIME_SPAN_MINUTE);
    while (statement_next(statement)) {
        const struct store_minute minute = {
            .minute_us = statement_int(statement, STORE_MINUTES_MINUTE) * G_TIME_SPAN_MINUTE,
            .samples = (int) statement_int(statement, STORE_MINUTES_SAMPLES),
            .missed = (int) statement_int(statement, STORE_MINUTES_MISSED),
            .ordinary = (int) statement_int(statement, STORE_MINUTES_ORDINARY),
            .used_max = (int) statement_int(statement, STORE_MINUTES_USED_MAX),
            .used_sum = statement_int(statement, STORE_MINUTES_USED_SUM),
            .active_max = (int) statement_int(statement, STORE_MINUTES_ACTIVE_MAX),
            .idle_max = (int) statement_int(statement, STORE_MINUTES_IDLE_MAX),
            .in_transaction_max =
                (int) statement_int(statement, STORE_MINUTES_IN_TRANSACTION_MAX),
            .waiting_max = (int) statement_int(statement, STORE_MINUTES_WAITING_MAX),
            .query_seconds_max = statement_real(statement, STORE_MINUTES_QUERY_SECONDS_MAX),
        };
        visit(&minute, data);
    }
    return store_finish(store, statement, error);
}
