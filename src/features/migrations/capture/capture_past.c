#include "capture/capture_past.h"

#include "migrations_queries.h"
#include "reading.h"

bool past_server_open(struct past_server *past, struct session *session, GError **error)
{
    AUTO(rows) rows = session_query(session, &query_migrations_capture_path, NULL, error);

    *past = (struct past_server){.session = session};
    if (rows == NULL)
        return false;
    const char *path = rows_text(rows, 0, MIGRATIONS_CAPTURE_PATH_PATH);
    past->path = g_strdup(path != NULL ? path : "{}");
    return true;
}

void past_server_close(struct past_server *past)
{
    g_clear_pointer(&past->path, g_free);
    g_clear_error(&past->error);
}

/* An array of the one schema, or of those that are looked through. Caller frees. */
static char *schemas_of(const struct past_server *past, const char *schema)
{
    if (schema == NULL)
        return g_strdup(past->path);
    GString *array = g_string_new("{\"");
    for (; *schema != '\0'; schema++) {
        if (*schema == '"' || *schema == '\\')
            g_string_append_c(array, '\\');
        g_string_append_c(array, *schema);
    }
    g_string_append(array, "\"}");
    return g_string_free(array, FALSE);
}

/* NULL when there is no row, or no answer. */
static struct rows *ask(struct past_server *past, const struct query *query,
                        const char *const *values)
{
    if (past->error != NULL)
        return NULL;
    AUTO(rows) rows = reading_query(past->session, query, values, &past->error);
    if (rows == NULL || rows_count(rows) == 0)
        return NULL;
    return g_steal_pointer(&rows);
}

static bool there(gpointer data, const char *kind, const char *schema, const char *name)
{
    g_autofree char *schemas = schemas_of(data, schema);
    const char *values[] = {kind, schemas, name};
    AUTO(rows) rows = ask(data, &query_migrations_capture_there, values);

    return rows != NULL && rows_bool(rows, 0, MIGRATIONS_CAPTURE_THERE_THERE);
}

static bool column(gpointer data, const char *schema, const char *table, const char *name,
                   struct capture_column *ret_column)
{
    g_autofree char *schemas = schemas_of(data, schema);
    const char *values[] = {schemas, table, name};
    AUTO(rows) rows = ask(data, &query_migrations_capture_column, values);

    if (rows == NULL)
        return false;
    *ret_column = (struct capture_column){
        .type = g_strdup(rows_text(rows, 0, MIGRATIONS_CAPTURE_COLUMN_TYPE)),
        .definition = g_strdup(rows_text(rows, 0, MIGRATIONS_CAPTURE_COLUMN_DEFINITION)),
        .fallback = g_strdup(rows_text(rows, 0, MIGRATIONS_CAPTURE_COLUMN_FALLBACK)),
        .comment = g_strdup(rows_text(rows, 0, MIGRATIONS_CAPTURE_COLUMN_COMMENT)),
        .not_null = rows_bool(rows, 0, MIGRATIONS_CAPTURE_COLUMN_NOT_NULL),
    };
    return true;
}

static char *constraint(gpointer data, const char *schema, const char *table, const char *name)
{
    g_autofree char *schemas = schemas_of(data, schema);
    const char *values[] = {schemas, table, name};
    AUTO(rows) rows = ask(data, &query_migrations_capture_constraint, values);

    return rows == NULL
               ? NULL
               : g_strdup(rows_text(rows, 0, MIGRATIONS_CAPTURE_CONSTRAINT_DEFINITION));
}

static char *index_definition(gpointer data, const char *schema, const char *name)
{
    g_autofree char *schemas = schemas_of(data, schema);
    const char *values[] = {schemas, name};
    AUTO(rows) rows = ask(data, &query_migrations_capture_index, values);

    return rows == NULL ? NULL
                        : g_strdup(rows_text(rows, 0, MIGRATIONS_CAPTURE_INDEX_DEFINITION));
}

static char *comment(gpointer data, const char *schema, const char *table)
{
    g_autofree char *schemas = schemas_of(data, schema);
    const char *values[] = {schemas, table};
    AUTO(rows) rows = ask(data, &query_migrations_capture_comment, values);

    return rows == NULL ? NULL
                        : g_strdup(rows_text(rows, 0, MIGRATIONS_CAPTURE_COMMENT_COMMENT));
}

static GPtrArray *dependents(gpointer data, const char *schema, const char *table,
                             const char *name)
{
    GPtrArray *statements = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *schemas = schemas_of(data, schema);
    const char *values[] = {schemas, table, name};
    AUTO(rows) rows = ask(data, &query_migrations_capture_dependents, values);

    for (int i = 0; rows != NULL && i < rows_count(rows); i++)
        g_ptr_array_add(statements,
                        g_strdup(rows_text(rows, i, MIGRATIONS_CAPTURE_DEPENDENTS_STATEMENT)));
    return statements;
}

struct capture_past past_server_ask(struct past_server *past)
{
    return (struct capture_past){there,   column,     constraint, index_definition,
                                 comment, dependents, past};
}
