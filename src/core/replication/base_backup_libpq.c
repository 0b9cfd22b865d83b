/* The conversation through libpq, which keeps one message in memory at a time. */
#include "replication/base_backup_line.h"

#include <poll.h>

struct libpq_line {
    struct base_backup_line base;
    PQnoticeReceiver former;
    char *bytes; /* of the last message */
};

static struct base_backup_said said_by(const PGresult *result)
{
    return (struct base_backup_said){
        .severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED),
        .sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE),
        .message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
        .hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT),
        .function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION),
    };
}

static void on_notice(void *data, const PGresult *notice)
{
    struct base_backup_line *line = data;
    const struct base_backup_said said = said_by(notice);

    line->heard(&said, line->data);
}

static bool failed(struct base_backup_line *line, const PGresult *result, GError **error)
{
    struct base_backup_said said = {0};

    if (result != NULL)
        said = said_by(result);
    if (PQstatus(line->connection) != CONNECTION_OK)
        said.sqlstate = NULL;
    return base_backup_refused(line, &said, error);
}

static bool send_command(struct base_backup_line *line, const char *command, GError **error)
{
    return PQsendQuery(line->connection, command) != 0 || failed(line, NULL, error);
}

/* NULL without an error: there is none left. */
static PGresult *next_result(struct base_backup_line *line, bool *ret_waited, GError **error)
{
    *ret_waited = true;
    while (PQisBusy(line->connection)) {
        *ret_waited = base_backup_await(line, POLLIN, error);
        if (!*ret_waited)
            return NULL;
        if (!PQconsumeInput(line->connection))
            break;
    }
    return PQgetResult(line->connection);
}

static PGresult *expect(struct base_backup_line *line, ExecStatusType status, guint columns,
                        GError **error)
{
    bool waited;
    PGresult *result = next_result(line, &waited, error);

    if (!waited)
        return NULL;
    if (result != NULL && PQresultStatus(result) == status &&
        (status != PGRES_TUPLES_OK ||
         (PQnfields(result) >= (int) columns && PQntuples(result) > 0)))
        return result;
    failed(line, result, error);
    PQclear(result);
    return NULL;
}

static GPtrArray *read_rows(struct base_backup_line *line, guint columns, GError **error)
{
    PGresult *result = expect(line, PGRES_TUPLES_OK, columns, error);
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify) g_ptr_array_unref);

    for (int i = 0; result != NULL && i < PQntuples(result); i++) {
        GPtrArray *row = g_ptr_array_new_with_free_func(g_free);
        for (int j = 0; j < PQnfields(result); j++)
            g_ptr_array_add(
                row, PQgetisnull(result, i, j) ? NULL : g_strdup(PQgetvalue(result, i, j)));
        g_ptr_array_add(rows, row);
    }
    if (result == NULL)
        g_clear_pointer(&rows, g_ptr_array_unref);
    PQclear(result);
    return rows;
}

static bool begin_copy(struct base_backup_line *line, GError **error)
{
    PGresult *result = expect(line, PGRES_COPY_OUT, 0, error);

    PQclear(result);
    return result != NULL;
}

static enum base_backup_copied read_copy(struct base_backup_line *line, const void **ret_bytes,
                                         gsize *ret_length, GError **error)
{
    struct libpq_line *self = (struct libpq_line *) line;

    g_clear_pointer(&self->bytes, PQfreemem);
    for (;;) {
        int length = PQgetCopyData(line->connection, &self->bytes, 1);
        if (length > 0) {
            *ret_bytes = self->bytes;
            *ret_length = (gsize) length;
            return BASE_BACKUP_BYTES;
        }
        if (length == -1)
            return BASE_BACKUP_COPY_END; /* the result behind it says how it ended */
        if (length == -2) {
            failed(line, NULL, error);
            return BASE_BACKUP_COPY_FAILED;
        }
        if (!base_backup_await(line, POLLIN, error))
            return BASE_BACKUP_COPY_FAILED;
        if (!PQconsumeInput(line->connection)) {
            failed(line, NULL, error);
            return BASE_BACKUP_COPY_FAILED;
        }
    }
}

static bool read_end(struct base_backup_line *line, GError **error)
{
    bool good = true;

    for (;;) {
        bool waited;
        PGresult *result = next_result(line, &waited, good ? error : NULL);
        if (result == NULL)
            return good && waited;
        if (PQresultStatus(result) != PGRES_COMMAND_OK && good)
            good = failed(line, result, error);
        PQclear(result);
    }
}

static void close_line(struct base_backup_line *line)
{
    struct libpq_line *self = (struct libpq_line *) line;

    g_clear_pointer(&self->bytes, PQfreemem);
    PQsetNoticeReceiver(line->connection, self->former, NULL);
    g_free(self);
}

struct base_backup_line *base_backup_libpq(PGconn *connection)
{
    static const struct base_backup_way way = {send_command, read_rows, begin_copy,
                                               read_copy,    read_end,  close_line};
    struct libpq_line *self = g_new0(struct libpq_line, 1);

    self->base.way = &way;
    self->base.connection = connection;
    self->former = PQsetNoticeReceiver(connection, on_notice, self);
    return &self->base;
}
