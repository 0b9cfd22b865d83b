#include "store/store_report.h"

#include "store/statement.h"
#include "store/store_internal.h"
#include "store_queries.h"

/* ---- minutes -------------------------------------------------------------------------------- */

bool store_minutes_sum(struct store *store, const char *target, gint64 from_us, gint64 until_us,
                       struct store_minutes_sum *ret_sum, GError **error)
{
    struct store_minutes_sum sum = {.minutes = 0};

    AUTO(statement) statement = statement_open(store, &query_store_report_minutes);
    statement_bind_text(statement, 1, target);
    statement_bind_int(statement, 2, from_us / G_TIME_SPAN_MINUTE);
    statement_bind_int(statement, 3, until_us / G_TIME_SPAN_MINUTE);
    while (statement_next(statement))
        sum = (struct store_minutes_sum){
            .minutes = statement_int(statement, STORE_REPORT_MINUTES_MINUTES),
            .samples = statement_int(statement, STORE_REPORT_MINUTES_SAMPLES),
            .missed = statement_int(statement, STORE_REPORT_MINUTES_MISSED),
            .used_sum = statement_int(statement, STORE_REPORT_MINUTES_USED_SUM),
            .ordinary = (int) statement_int(statement, STORE_REPORT_MINUTES_ORDINARY),
            .used_max = (int) statement_int(statement, STORE_REPORT_MINUTES_USED_MAX),
            .in_transaction_max =
                (int) statement_int(statement, STORE_REPORT_MINUTES_IN_TRANSACTION_MAX),
            .waiting_max = (int) statement_int(statement, STORE_REPORT_MINUTES_WAITING_MAX),
            .query_seconds_max =
                statement_real(statement, STORE_REPORT_MINUTES_QUERY_SECONDS_MAX),
            .peak_us = statement_int(statement, STORE_REPORT_MINUTES_PEAK) * G_TIME_SPAN_MINUTE,
        };
    if (!store_finish(store, statement, error))
        return false;
    *ret_sum = sum;
    return true;
}

bool store_each_minute_target(struct store *store, gint64 from_us, gint64 until_us,
                              void (*visit)(const char *target, gpointer data), gpointer data,
                              GError **error)
{
    AUTO(statement) statement = statement_open(store, &query_store_report_targets);
    statement_bind_int(statement, 1, from_us / G_TIME_SPAN_MINUTE);
    statement_bind_int(statement, 2, until_us / G_TIME_SPAN_MINUTE);
    while (statement_next(statement))
        visit(statement_text(statement, STORE_REPORT_TARGETS_TARGET), data);
    return store_finish(store, statement, error);
}

/* ---- sizes ---------------------------------------------------------------------------------- */

bool store_each_sampled(struct store *store, int quiet_days,
                        void (*visit)(const struct store_sampled *sampled, gpointer data),
                        gpointer data, GError **error)
{
    AUTO(statement) statement = statement_open(store, &query_store_report_nodes);
    statement_bind_int(statement, 1, quiet_days);
    while (statement_next(statement)) {
        const struct store_sampled sampled = {
            .id = statement_int(statement, STORE_REPORT_NODES_ID),
            .system_identifier = statement_text(statement, STORE_REPORT_NODES_SYSTEM),
            .dbname = statement_text(statement, STORE_REPORT_NODES_DBNAME),
            .first_us = statement_int(statement, STORE_REPORT_NODES_FIRST_US),
            .last_us = statement_int(statement, STORE_REPORT_NODES_LAST_US),
            .samples = statement_int(statement, STORE_REPORT_NODES_SAMPLES),
            .sized_us = statement_int(statement, STORE_REPORT_NODES_SIZED_US),
            .indexes = (guint) statement_int(statement, STORE_REPORT_NODES_INDEXES),
            .quiet = (guint) statement_int(statement, STORE_REPORT_NODES_QUIET),
        };
        visit(&sampled, data);
    }
    return store_finish(store, statement, error);
}

bool store_each_size_day(struct store *store, gint64 id, gint64 from_us, gint64 until_us,
                         void (*visit)(gint64 at_us, gpointer data), gpointer data,
                         GError **error)
{
    AUTO(statement) statement = statement_open(store, &query_store_report_size_days);
    statement_bind_int(statement, 1, id);
    statement_bind_int(statement, 2, from_us);
    statement_bind_int(statement, 3, until_us);
    while (statement_next(statement))
        visit(statement_int(statement, STORE_REPORT_SIZE_DAYS_AT_US), data);
    return store_finish(store, statement, error);
}

bool store_each_sized(struct store *store, gint64 id,
                      void (*visit)(const struct store_sized *sized, gpointer data),
                      gpointer data, GError **error)
{
    AUTO(statement) statement = statement_open(store, &query_store_report_sizes);
    statement_bind_int(statement, 1, id);
    while (statement_next(statement)) {
        const struct store_sized sized = {
            .oid = (guint) statement_int(statement, STORE_REPORT_SIZES_OID),
            .at_us = statement_int(statement, STORE_REPORT_SIZES_AT_US),
            .bytes = statement_int(statement, STORE_REPORT_SIZES_BYTES),
            .seen_week = statement_int(statement, STORE_REPORT_SIZES_SEEN_WEEK),
        };
        visit(&sized, data);
    }
    return store_finish(store, statement, error);
}

gint64 store_week_of(gint64 at_us)
{
    return (at_us / G_TIME_SPAN_DAY + 3) / 7;
}

/* ---- migrations ----------------------------------------------------------------------------- */

bool store_each_migration(struct store *store, gint64 from_us, gint64 until_us,
                          void (*visit)(const struct store_migration *migration, gpointer data),
                          gpointer data, GError **error)
{
    AUTO(statement) statement = statement_open(store, &query_store_report_migrations);
    statement_bind_int(statement, 1, from_us);
    statement_bind_int(statement, 2, until_us);
    while (statement_next(statement)) {
        const struct store_migration migration = {
            .run = statement_int(statement, STORE_REPORT_MIGRATIONS_RUN),
            .at_us = statement_int(statement, STORE_REPORT_MIGRATIONS_AT_US),
            .system = statement_text(statement, STORE_REPORT_MIGRATIONS_SYSTEM),
            .dbname = statement_text(statement, STORE_REPORT_MIGRATIONS_DBNAME),
            .version = statement_text(statement, STORE_REPORT_MIGRATIONS_VERSION),
            .name = statement_text(statement, STORE_REPORT_MIGRATIONS_NAME),
            .hash = statement_text(statement, STORE_REPORT_MIGRATIONS_HASH),
            .direction = statement_text(statement, STORE_REPORT_MIGRATIONS_DIRECTION),
            .outcome = statement_text(statement, STORE_REPORT_MIGRATIONS_OUTCOME),
            .longest_hold_ms =
                statement_real(statement, STORE_REPORT_MIGRATIONS_LONGEST_HOLD_MS),
            .analyzed = statement_int(statement, STORE_REPORT_MIGRATIONS_ANALYZED) != 0,
            .forced = statement_text(statement, STORE_REPORT_MIGRATIONS_FORCED),
        };
        visit(&migration, data);
    }
    return store_finish(store, statement, error);
}
