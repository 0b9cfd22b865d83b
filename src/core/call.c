#include "feature.h"

static void echo(const char *sql, gpointer output)
{
    output_echo(output, sql);
}

struct session *call_connect(struct call *call, GError **error)
{
    struct session *session = session_open(call->server, call->feature->name, error);

    if (session != NULL && call->echo)
        session_set_echo(session, echo, call->output);
    return session;
}
