#include "store/store_builds.h"

#include "store/statement.h"
#include "store/store_internal.h"
#include "store_queries.h"

void store_build_put(struct store *store, const struct store_build *build)
{
    if (build->run < 0)
        return;
    AUTO(statement) statement = statement_open(store, &query_store_build_put);
    statement_bind_int(statement, 1, build->run);
    statement_bind_int(statement, 2, build->step);
    statement_bind_text(statement, 3, build->schema);
    statement_bind_text(statement, 4, build->name);
    statement_bind_int(statement, 5, build->table_oid);
    statement_bind_int(statement, 6, build->index_oid);
    statement_bind_text(statement, 7, build->before);
    statement_bind_text(statement, 8, build->built);
    statement_bind_int(statement, 9, build->unseen);
    store_write(store, statement);
}

void store_build_end(struct store *store, gint64 run, int step)
{
    if (run < 0)
        return;
    AUTO(statement) statement = statement_open(store, &query_store_build_end);
    statement_bind_int(statement, 1, run);
    statement_bind_int(statement, 2, step);
    store_write(store, statement);
}

static bool is_over(const struct statement *statement)
{
    return statement_int(statement, STORE_BUILDS_ENDED_US) != 0 ||
           !store_process_alive(statement_text(statement, STORE_BUILDS_OS_HOST),
                                statement_text(statement, STORE_BUILDS_OS_BOOT),
                                statement_int(statement, STORE_BUILDS_PID),
                                statement_int(statement, STORE_BUILDS_PID_STARTED));
}

void store_builds_left(struct store *store, const char *system_identifier, const char *dbname,
                       void (*visit)(const struct store_build *build, gpointer data),
                       gpointer data)
{
    AUTO(statement) statement = statement_open(store, &query_store_builds);
    statement_bind_text(statement, 1, system_identifier);
    statement_bind_text(statement, 2, dbname);
    while (statement_next(statement)) {
        const struct store_build build = {
            .run = statement_int(statement, STORE_BUILDS_RUN),
            .step = (int) statement_int(statement, STORE_BUILDS_STEP),
            .schema = statement_text(statement, STORE_BUILDS_SCHEMA),
            .name = statement_text(statement, STORE_BUILDS_NAME),
            .table_oid = (guint) statement_int(statement, STORE_BUILDS_TABLE_OID),
            .index_oid = (guint) statement_int(statement, STORE_BUILDS_INDEX_OID),
            .before = statement_text(statement, STORE_BUILDS_BEFORE),
            .built = statement_text(statement, STORE_BUILDS_BUILT),
            .unseen = (int) statement_int(statement, STORE_BUILDS_UNSEEN),
        };
        if (is_over(statement))
            visit(&build, data);
    }
    if (statement_code(statement) != SQLITE_OK)
        store_failed(store, "read", statement_code(statement));
}
