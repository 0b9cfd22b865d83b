#include "store/store_migrations.h"

#include "store/statement.h"
#include "store/store_internal.h"
#include "store_queries.h"

void store_rehearsal_put(struct store *store, const struct store_rehearsal *rehearsal)
{
    AUTO(statement) statement = statement_open(store, &query_store_rehearsal_put);
    statement_bind_int(statement, 1, rehearsal->run);
    statement_bind_int(statement, 2, rehearsal->at_us);
    statement_bind_text(statement, 3, rehearsal->system);
    statement_bind_text(statement, 4, rehearsal->dbname);
    statement_bind_text(statement, 5, rehearsal->version);
    statement_bind_text(statement, 6, rehearsal->name);
    statement_bind_text(statement, 7, rehearsal->hash);
    statement_bind_text(statement, 8, rehearsal->schema_hash);
    statement_bind_text(statement, 9, rehearsal->verdict);
    statement_bind_text(statement, 10, rehearsal->detail);
    statement_bind_real(statement, 11, rehearsal->longest_hold_ms);
    statement_bind_real(statement, 12, rehearsal->predicted_hold_ms);
    statement_bind_int(statement, 13, rehearsal->transactional);
    statement_bind_int(statement, 14, rehearsal->passed);
    store_write(store, statement);
}

void store_migration_put(struct store *store, const struct store_migration *migration)
{
    AUTO(statement) statement = statement_open(store, &query_store_migration_put);
    statement_bind_text(statement, 1, migration->system);
    statement_bind_text(statement, 2, migration->dbname);
    statement_bind_text(statement, 3, migration->ledger);
    statement_bind_int(statement, 4, migration->run);
    statement_bind_text(statement, 5, migration->version);
    statement_bind_text(statement, 6, migration->direction);
    statement_bind_int(statement, 7, migration->at_us);
    statement_bind_text(statement, 8, migration->name);
    statement_bind_text(statement, 9, migration->hash);
    statement_bind_text(statement, 10, migration->outcome);
    statement_bind_real(statement, 11, migration->longest_hold_ms);
    statement_bind_int(statement, 12, migration->analyzed);
    statement_bind_text(statement, 13, migration->forced);
    store_write(store, statement);
}

bool store_rehearsal_last(struct store *store, const char *system, const char *dbname,
                          const char *hash,
                          void (*visit)(const struct store_rehearsal *rehearsal, gpointer data),
                          gpointer data)
{
    bool found = false;
    AUTO(statement) statement = statement_open(store, &query_store_rehearsal_last);
    statement_bind_text(statement, 1, system);
    statement_bind_text(statement, 2, dbname);
    statement_bind_text(statement, 3, hash);
    while (statement_next(statement)) {
        const struct store_rehearsal rehearsal = {
            .run = statement_int(statement, STORE_REHEARSAL_LAST_RUN),
            .at_us = statement_int(statement, STORE_REHEARSAL_LAST_AT_US),
            .system = statement_text(statement, STORE_REHEARSAL_LAST_SYSTEM),
            .dbname = statement_text(statement, STORE_REHEARSAL_LAST_DBNAME),
            .version = statement_text(statement, STORE_REHEARSAL_LAST_VERSION),
            .name = statement_text(statement, STORE_REHEARSAL_LAST_NAME),
            .hash = statement_text(statement, STORE_REHEARSAL_LAST_HASH),
            .schema_hash = statement_text(statement, STORE_REHEARSAL_LAST_SCHEMA_HASH),
            .verdict = statement_text(statement, STORE_REHEARSAL_LAST_VERDICT),
            .detail = statement_text(statement, STORE_REHEARSAL_LAST_DETAIL),
            .longest_hold_ms = statement_real(statement, STORE_REHEARSAL_LAST_LONGEST_HOLD_MS),
            .predicted_hold_ms =
                statement_real(statement, STORE_REHEARSAL_LAST_PREDICTED_HOLD_MS),
            .transactional = statement_int(statement, STORE_REHEARSAL_LAST_TRANSACTIONAL) != 0,
            .passed = statement_int(statement, STORE_REHEARSAL_LAST_PASSED) != 0,
        };
        visit(&rehearsal, data);
        found = true;
    }
    return store_read(store, statement) && found;
}

bool store_migrations_each(
    struct store *store, const char *system, const char *dbname, const char *ledger,
    void (*visit)(const struct store_migration *migration, gpointer data), gpointer data)
{
    AUTO(statement) statement = statement_open(store, &query_store_migrations_of);
    statement_bind_text(statement, 1, system);
    statement_bind_text(statement, 2, dbname);
    statement_bind_text(statement, 3, ledger);
    while (statement_next(statement)) {
        const struct store_migration migration = {
            .run = statement_int(statement, STORE_MIGRATIONS_OF_RUN),
            .at_us = statement_int(statement, STORE_MIGRATIONS_OF_AT_US),
            .system = statement_text(statement, STORE_MIGRATIONS_OF_SYSTEM),
            .dbname = statement_text(statement, STORE_MIGRATIONS_OF_DBNAME),
            .ledger = statement_text(statement, STORE_MIGRATIONS_OF_LEDGER),
            .version = statement_text(statement, STORE_MIGRATIONS_OF_VERSION),
            .name = statement_text(statement, STORE_MIGRATIONS_OF_NAME),
            .hash = statement_text(statement, STORE_MIGRATIONS_OF_HASH),
            .direction = statement_text(statement, STORE_MIGRATIONS_OF_DIRECTION),
            .outcome = statement_text(statement, STORE_MIGRATIONS_OF_OUTCOME),
            .longest_hold_ms = statement_real(statement, STORE_MIGRATIONS_OF_LONGEST_HOLD_MS),
            .analyzed = statement_int(statement, STORE_MIGRATIONS_OF_ANALYZED) != 0,
            .forced = statement_text(statement, STORE_MIGRATIONS_OF_FORCED),
        };
        visit(&migration, data);
    }
    return store_read(store, statement);
}
