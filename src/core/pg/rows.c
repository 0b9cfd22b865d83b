/* The answer to a query. libpq gives text; these give what the column is. */
#include "pg/console.h"
#include "pg/session_private.h"

struct rows {
    PGresult *result;
};

struct rows *rows_wrap(PGresult *result)
{
    struct rows *rows = g_new(struct rows, 1);

    rows->result = result;
    return rows;
}

void rows_free(struct rows *rows)
{
    PQclear(rows->result);
    g_free(rows);
}

char **rows_names(const struct rows *rows)
{
    int count = PQnfields(rows->result);
    char **names = g_new0(char *, count + 1);

    for (int i = 0; i < count; i++)
        names[i] = g_strdup(PQfname(rows->result, i));
    return names;
}

int rows_count(const struct rows *rows)
{
    return PQntuples(rows->result);
}

bool rows_null(const struct rows *rows, int row, int column)
{
    return PQgetisnull(rows->result, row, column) != 0;
}

const char *rows_text(const struct rows *rows, int row, int column)
{
    return rows_null(rows, row, column) ? NULL : PQgetvalue(rows->result, row, column);
}

gint64 rows_int(const struct rows *rows, int row, int column)
{
    return g_ascii_strtoll(PQgetvalue(rows->result, row, column), NULL, 10);
}

double rows_real(const struct rows *rows, int row, int column)
{
    return g_ascii_strtod(PQgetvalue(rows->result, row, column), NULL);
}

bool rows_bool(const struct rows *rows, int row, int column)
{
    return PQgetvalue(rows->result, row, column)[0] == 't';
}
