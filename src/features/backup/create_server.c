/* The server's settings, which a role with REPLICATION alone may ask on its own connection. */
#include "create.h"

#include "backup_queries.h"
#include "error.h"
#include "pg/console.h"
#include "units/units.h"

#include <string.h>

void create_server_clear(struct create_server *server)
{
    g_clear_pointer(&server->time_zone, g_free);
}

/* NULL with an error. Caller frees. */
static char *show(struct session *session, const char *name, GError **error)
{
    g_autofree char *command = g_strconcat("SHOW ", name, NULL);
    AUTO(rows) rows = console_ask(session, command, error);

    if (rows == NULL)
        return NULL;
    return g_strdup(rows_count(rows) > 0 ? rows_text(rows, 0, 0) : "");
}

static bool show_number(struct session *session, const char *name, int *ret_number,
                        GError **error)
{
    g_autofree char *text = show(session, name, error);

    if (text == NULL)
        return false;
    *ret_number = (int) g_ascii_strtoll(text, NULL, 10);
    return true;
}

/* "16MB" */
static bool show_segment_bytes(struct session *session, guint32 *ret_bytes, GError **error)
{
    g_autofree char *text = show(session, "wal_segment_size", error);
    gint64 bytes = 0;

    if (text == NULL || !units_parse_size(text, &bytes, error))
        return false;
    *ret_bytes = (guint32) bytes;
    return true;
}

/* What rule of hot standby a replay depends on: less of any of them stops it. */
static bool show_limits(struct session *session, struct create_server *server, GError **error)
{
    const struct {
        const char *name;
        int *number;
    } limits[] = {
        {"max_connections", &server->max_connections},
        {"max_worker_processes", &server->max_worker_processes},
        {"max_wal_senders", &server->max_wal_senders},
        {"max_prepared_transactions", &server->max_prepared_transactions},
        {"max_locks_per_transaction", &server->max_locks_per_transaction},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(limits); i++)
        if (!show_number(session, limits[i].name, limits[i].number, error))
            return false;
    return true;
}

bool create_server_ask(struct session *session, struct create_server *server, GError **error)
{
    const char *recovery = PQparameterStatus(session_handle(session), "in_hot_standby");
    g_autofree char *checksums = show(session, "data_checksums", error);
    g_autofree char *mode = checksums ? show(session, "archive_mode", error) : NULL;
    g_autofree char *command = mode ? show(session, "archive_command", error) : NULL;

    if (command == NULL || !show_limits(session, server, error) ||
        !show_segment_bytes(session, &server->wal_segment_bytes, error))
        return false;
    server->time_zone = show(session, "TimeZone", error);
    server->checksums = strcmp(checksums, "on") == 0;
    server->in_recovery = g_strcmp0(recovery, "on") == 0;
    server->pushes = strstr(command, "backup wal push") != NULL &&
                     strcmp(mode, server->in_recovery ? "always" : "on") == 0;
    return server->time_zone != NULL;
}

gint64 create_server_clock(struct call *call)
{
    AUTO(session) session = call_connect(call, NULL);
    AUTO(rows)
    rows =
        session == NULL ? NULL : session_query(session, &query_backup_server_clock, NULL, NULL);

    return rows == NULL ? 0 : rows_int(rows, 0, BACKUP_SERVER_CLOCK_NOW_US);
}

bool create_server_sends_all(struct call *call, int version_num, GError **error)
{
    if (version_num >= 160000)
        return true;
    AUTO(session) session = call_connect(call, NULL);
    AUTO(rows)
    rows = session == NULL ? NULL
                           : session_query(session, &query_backup_server_in_place, NULL, NULL);
    if (rows == NULL || rows_count(rows) == 0)
        return true;
    runbook_error_set(
        error, RUNBOOK_REFUSED,
        "they are for tests of PostgreSQL's own (allow_in_place_tablespaces); "
        "ALTER TABLE … SET TABLESPACE moves what is in it, and 16 has them in its "
        "backups",
        "the tablespace \"%s\" is a folder of the data directory, and PostgreSQL "
        "%d leaves such out of its base backups",
        rows_text(rows, 0, BACKUP_SERVER_IN_PLACE_NAME), version_num / 10000);
    return false;
}
