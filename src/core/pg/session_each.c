/*
 * Answers too large to keep come by COPY. libpq hands on its lines as they are, where its single
 * row mode makes a result of each row and copies the description of all columns into it.
 */
#include "error.h"
#include "pg/session_private.h"

#include <poll.h>

enum { MOST_COLUMNS = 64 };

/* The query as a COPY, which takes no parameters. Caller frees; NULL: a value is no UTF-8. */
static char *copy_of(struct session *session, const struct query *query,
                     const char *const *values)
{
    g_autoptr(GPtrArray) literals = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; query->param_types[i] != NULL; i++) {
        char *literal =
            values[i] == NULL ? g_strdup("NULL") : session_literal(session, values[i]);
        if (literal == NULL)
            return NULL;
        g_ptr_array_add(literals, literal);
    }
    g_autofree char *select = query_fill(query, (const char *const *) literals->pdata);
    return g_strconcat("COPY (\n", select, "\n) TO STDOUT", NULL);
}

/* Sends it and waits until its rows come. */
static bool begin(struct session *session, const struct query *query, const char *const *values,
                  GError **error)
{
    g_autofree char *sql = session->connection == NULL ? NULL : copy_of(session, query, values);

    if (!session_usable(session, sql != NULL ? sql : "", error))
        return false;
    if (sql == NULL || !PQsendQuery(session->connection, sql)) {
        session_report_failure(session, NULL, error);
        return false;
    }
    g_autoptr(GError) stopped = NULL;
    PGresult *first = session_next_result(session, &stopped);
    bool ready = PQresultStatus(first) == PGRES_COPY_OUT;
    /* Behind a failure there may be the end of the connection. */
    while (!ready && stopped == NULL) {
        PGresult *rest = session_next_result(session, &stopped);
        if (rest == NULL)
            break;
        PQclear(rest);
    }
    if (stopped != NULL)
        g_propagate_error(error, g_steal_pointer(&stopped));
    else if (!ready)
        session_report_failure(session, first, error);
    PQclear(first);
    return ready;
}

/* The next line, to be freed with PQfreemem; NULL at the end, or where ret_ready is not
 * SESSION_READY. A lost connection is an end as well: the result behind it tells. deadline_us 0:
 * as long as a server is waited for. */
static char *next_line(struct session *session, gint64 deadline_us, bool heed,
                       enum session_ready *ret_ready)
{
    PGconn *connection = session->connection;
    char *line = NULL;

    *ret_ready = SESSION_READY;
    while (PQgetCopyData(connection, &line, true) == 0) {
        gint64 until = deadline_us != 0 ? deadline_us : session_answer_deadline(session);
        *ret_ready = session_wait(connection, POLLIN, until, heed);
        if (*ret_ready != SESSION_READY || !PQconsumeInput(connection))
            return NULL;
    }
    return line;
}

bool session_drain_rows(struct session *session, gint64 deadline_us)
{
    enum session_ready ready;
    char *line;

    while ((line = next_line(session, deadline_us, false, &ready)) != NULL)
        PQfreemem(line);
    return ready == SESSION_READY;
}

static enum session_ready visit_all(struct session *session, guint columns,
                                    void (*visit)(const struct rows *row, gpointer data),
                                    gpointer data)
{
    const char *fields[MOST_COLUMNS];
    const struct rows row = {.fields = fields};
    enum session_ready ready;
    char *line;

    while ((line = next_line(session, 0, !session->winding_down, &ready)) != NULL) {
        guint count = rows_split(line, fields, MOST_COLUMNS);
        g_assert(count == columns);
        visit(&row, data);
        PQfreemem(line);
    }
    return ready;
}

bool session_each(struct session *session, const struct query *query, const char *const *values,
                  void (*visit)(const struct rows *row, gpointer data), gpointer data,
                  GError **error)
{
    const struct query *text = query_for(query, session->version);
    guint columns = 0;

    g_assert(text != NULL);
    while (text->columns[columns] != NULL)
        columns++;
    g_assert(columns <= MOST_COLUMNS);
    if (!begin(session, text, values, error))
        return false;
    enum session_ready ready = visit_all(session, columns, visit, data);
    if (ready != SESSION_READY) {
        session_report_wait(session, ready, error);
        return false;
    }
    PGresult *end = session_collect(session, error);
    PQclear(end);
    return end != NULL;
}
