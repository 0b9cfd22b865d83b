/* Sessions in the copy. It is ours: its triggers on DDL, limits of time and defaults of writing are not
 * heeded. */
#include "backup_queries.h"
#include "drill.h"

/* Before 17 no setting keeps them from firing at our DDL, and what they call may lead anywhere. */
static bool disarm(struct session *session, GError **error)
{
    if (session_version(session) >= 170000)
        return true;
    AUTO(rows) rows = session_query(session, &query_backup_drill_event_triggers, NULL, error);

    for (int i = 0; rows != NULL && i < rows_count(rows); i++)
        if (!session_command(session, rows_text(rows, i, BACKUP_DRILL_EVENT_TRIGGERS_STATEMENT),
                             error))
            return false;
    return rows != NULL;
}

/* The search path is the database's own: functions of its indexes may rest on it. What we say ourselves is
 * qualified. */
static bool prepare(struct session *session, GError **error)
{
    return session_command(session, "RESET search_path", error) &&
           session_command(session, "SET default_transaction_read_only = off", error) &&
           session_command(session, "SET statement_timeout = 0", error) &&
           session_command(session, "SET lock_timeout = '1min'", error) &&
           (session_version(session) < 170000 ||
            session_command(session, "SET transaction_timeout = 0", error)) &&
           disarm(session, error);
}

struct session *drill_session(struct drill *drill, const char *database, GError **error)
{
    AUTO(session) session = server_session(drill->server, database, error);

    return session != NULL && prepare(session, error) ? g_steal_pointer(&session) : NULL;
}
