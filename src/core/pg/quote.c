/* Names and literals in SQL text, by libpq's own rules. */
#include "pg/session_private.h"

#include <string.h>

static char *take(char *text)
{
    char *copy = g_strdup(text);

    PQfreemem(text);
    return copy;
}

char *session_quote(struct session *session, const char *schema, const char *name)
{
    PGconn *connection = session->connection;
    if (connection == NULL)
        return NULL;
    g_autofree char *right = take(PQescapeIdentifier(connection, name, strlen(name)));
    if (schema == NULL || right == NULL)
        return g_steal_pointer(&right);
    g_autofree char *left = take(PQescapeIdentifier(connection, schema, strlen(schema)));
    return left == NULL ? NULL : g_strconcat(left, ".", right, NULL);
}

char *session_literal(struct session *session, const char *text)
{
    if (session->connection == NULL)
        return NULL;
    return take(PQescapeLiteral(session->connection, text, strlen(text)));
}
