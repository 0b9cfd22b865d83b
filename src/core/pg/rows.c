/* The answer to a query. libpq gives text; these give what the column is. */
#include "pg/console.h"
#include "pg/session_private.h"

#include <string.h>

struct rows *rows_wrap(PGresult *result)
{
    struct rows *rows = g_new0(struct rows, 1);

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
    return rows->fields != NULL ? 1 : PQntuples(rows->result);
}

const char *rows_text(const struct rows *rows, int row, int column)
{
    if (rows->fields != NULL)
        return rows->fields[column];
    return PQgetisnull(rows->result, row, column) ? NULL
                                                  : PQgetvalue(rows->result, row, column);
}

bool rows_null(const struct rows *rows, int row, int column)
{
    return rows_text(rows, row, column) == NULL;
}

/* What the server makes of an integer; g_ascii_strtoll() can do more and takes longer. */
gint64 rows_int(const struct rows *rows, int row, int column)
{
    const char *text = rows_text(rows, row, column);
    guint64 number = 0;

    if (text == NULL)
        return 0;
    for (const char *at = text + (*text == '-'); g_ascii_isdigit(*at); at++)
        number = 10 * number + (guint64) (*at - '0');
    return (gint64) (*text == '-' ? 0 - number : number);
}

double rows_real(const struct rows *rows, int row, int column)
{
    const char *text = rows_text(rows, row, column);

    return text == NULL ? 0 : g_ascii_strtod(text, NULL);
}

bool rows_bool(const struct rows *rows, int row, int column)
{
    const char *text = rows_text(rows, row, column);

    return text != NULL && text[0] == 't';
}

/* ---- a line of COPY ------------------------------------------------------------------------- */

/* The byte that a backslash and this letter stand for. */
static char unescaped(char letter)
{
    static const char letters[] = "bfnrtv", bytes[] = "\b\f\n\r\t\v";
    const char *at = letter == '\0' ? NULL : strchr(letters, letter);

    return at == NULL ? letter : bytes[at - letters];
}

/* Ends the field at `field`, which has a backslash in it, at `end`. */
static const char *unescape(char *field, const char *end)
{
    char *to = field;

    if (end - field == 2 && field[0] == '\\' && field[1] == 'N')
        return NULL;
    for (const char *from = field; from < end; from++)
        *to++ = *from == '\\' && from + 1 < end ? unescaped(*++from) : *from;
    *to = '\0';
    return field;
}

guint rows_split(char *line, const char **ret_fields, guint most)
{
    guint count = 0;

    for (char *field = line; count < most; count++) {
        char *end = field + strcspn(field, "\t\n\\");
        bool escaped = *end == '\\';
        if (escaped)
            end += strcspn(end, "\t\n");
        bool more = *end == '\t';
        *end = '\0';
        ret_fields[count] = escaped ? unescape(field, end) : field;
        if (!more)
            return count + 1;
        field = end + 1;
    }
    return count;
}
