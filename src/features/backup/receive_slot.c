/* The replication slot of the receiver. */
#include "receive.h"

#include "backup_queries.h"

#include <string.h>

enum receive_danger receive_slot_danger(const char *wal_status, gint64 safe_bytes,
                                        gint64 keep_mb)
{
    if (g_strcmp0(wal_status, "unreserved") == 0)
        return RECEIVE_SLOT_UNRESERVED;
    /* Less than a quarter of what the slot may hold back is left. */
    if (keep_mb > 0 && safe_bytes >= 0 && safe_bytes / (1 << 20) < keep_mb / 4)
        return RECEIVE_SLOT_NEAR;
    return RECEIVE_SLOT_FINE;
}

bool receive_slot_look(struct session *session, const char *name, struct receive_slot *ret_slot,
                       GError **error)
{
    const char *const values[] = {name, NULL};
    AUTO(rows) rows = session_query(session, &query_backup_slot, values, error);
    struct receive_slot slot = {.safe_bytes = -1};

    if (rows == NULL)
        return false;
    *ret_slot = slot;
    if (rows_count(rows) == 0)
        return true;
    if (strcmp(rows_text(rows, 0, BACKUP_SLOT_KIND), "physical") != 0) {
        runbook_error_set(error, RUNBOOK_REFUSED, "name another one with backup.slot",
                          "the replication slot \"%s\" is a logical one", name);
        return false;
    }
    const char *lsn = rows_text(rows, 0, BACKUP_SLOT_RESTART_LSN);
    const char *status = rows_text(rows, 0, BACKUP_SLOT_WAL_STATUS);
    slot.exists = true;
    slot.busy = !rows_null(rows, 0, BACKUP_SLOT_ACTIVE_PID);
    if (lsn != NULL && !wal_lsn_parse(lsn, &slot.restart_lsn))
        slot.restart_lsn = 0;
    slot.lost = g_strcmp0(status, "lost") == 0;
    if (!rows_null(rows, 0, BACKUP_SLOT_SAFE_BYTES))
        slot.safe_bytes = MAX(rows_int(rows, 0, BACKUP_SLOT_SAFE_BYTES), 0);
    slot.danger =
        receive_slot_danger(status, slot.safe_bytes, rows_int(rows, 0, BACKUP_SLOT_KEEP_MB));
    *ret_slot = slot;
    return true;
}

bool receive_slot_make(struct session *session, const char *name, GError **error)
{
    const char *const values[] = {name, NULL};
    AUTO(rows) rows = session_query(session, &query_backup_slot_create, values, error);

    return rows != NULL;
}

bool receive_slot_drop(struct session *session, const char *name, GError **error)
{
    const char *const values[] = {name, NULL};
    AUTO(rows) rows = session_query(session, &query_backup_slot_drop, values, error);

    return rows != NULL;
}

bool receive_wal_in_reach(struct session *session, GError **error)
{
    g_autoptr(GError) failure = NULL;
    AUTO(rows) rows = session_query(session, &query_backup_wal_files, NULL, &failure);

    if (rows != NULL ? rows_int(rows, 0, BACKUP_WAL_FILES_FILES) > 0
                     : strcmp(session_sqlstate(session), "42501") == 0)
        return true;
    runbook_error_set(error, RUNBOOK_CONNECT, NULL,
                      "the server does not find its WAL, and this is not taken for a loss: %s",
                      failure != NULL ? failure->message : "it sees none in its pg_wal");
    return false;
}
