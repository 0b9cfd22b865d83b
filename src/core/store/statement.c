#include "store/statement.h"

#include "store/store_internal.h"

enum { MOST_PARAMETERS = 20 };

struct statement {
    struct store *store;
    const struct query *query;
    sqlite3_stmt *handle; /* NULL: could not be prepared */
    int code;
    /* SQLite numbers $1, $2, … in the order they appear in the text, not by their names. */
    int indexes[MOST_PARAMETERS + 1];
};

static struct statement *prepare(struct store *store, const struct query *query)
{
    struct statement *statement = g_new0(struct statement, 1);
    statement->store = store;
    statement->query = query;
    statement->code = sqlite3_prepare_v3(store->db, query->sql, -1, SQLITE_PREPARE_PERSISTENT,
                                         &statement->handle, NULL) &
                      0xff;
    for (int i = 1; statement->handle != NULL && query->param_types[i - 1] != NULL; i++) {
        char name[8];
        g_assert(i <= MOST_PARAMETERS);
        g_snprintf(name, sizeof name, "$%d", i);
        statement->indexes[i] = sqlite3_bind_parameter_index(statement->handle, name);
    }
    return statement;
}

struct statement *statement_open(struct store *store, const struct query *query)
{
    gpointer kept = NULL;
    g_assert(store->thread == g_thread_self());
    if (g_hash_table_steal_extended(store->statements, query, NULL, &kept))
        return kept;
    return prepare(store, query);
}

void statement_close(struct statement *statement)
{
    GHashTable *kept = statement->store->statements;
    if (statement->handle == NULL || g_hash_table_contains(kept, statement->query)) {
        statement_destroy(statement);
        return;
    }
    sqlite3_reset(statement->handle);
    sqlite3_clear_bindings(statement->handle);
    statement->code = SQLITE_OK;
    /* The key is only ever compared by address. */
    g_hash_table_insert(kept, (gpointer) (guintptr) statement->query, statement);
}

void statement_destroy(struct statement *statement)
{
    sqlite3_finalize(statement->handle);
    g_free(statement);
}

/* Keeps the first failure: a statement with a value missing must not run. */
static void note(struct statement *statement, int code)
{
    if (statement->code == SQLITE_OK)
        statement->code = code & 0xff;
}

void statement_bind_text(struct statement *statement, int position, const char *text)
{
    if (statement->handle != NULL)
        note(statement, sqlite3_bind_text(statement->handle, statement->indexes[position], text,
                                          -1, SQLITE_STATIC));
}

void statement_bind_int(struct statement *statement, int position, gint64 number)
{
    if (statement->handle != NULL)
        note(statement,
             sqlite3_bind_int64(statement->handle, statement->indexes[position], number));
}

void statement_bind_real(struct statement *statement, int position, double number)
{
    if (statement->handle != NULL)
        note(statement,
             sqlite3_bind_double(statement->handle, statement->indexes[position], number));
}

bool statement_next(struct statement *statement)
{
    if (statement->code != SQLITE_OK)
        return false;
    const int code = sqlite3_step(statement->handle);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        note(statement, code);
    return code == SQLITE_ROW;
}

int statement_code(const struct statement *statement)
{
    return statement->code;
}

const char *statement_text(const struct statement *statement, int column)
{
    return (const char *) sqlite3_column_text(statement->handle, column);
}

gint64 statement_int(const struct statement *statement, int column)
{
    return sqlite3_column_int64(statement->handle, column);
}

double statement_real(const struct statement *statement, int column)
{
    return sqlite3_column_double(statement->handle, column);
}
