#include "error.h"
#include "store/store_internal.h"

/* What the code means for a person, and what to do about it. */
static const char *explain(int code, const char **ret_hint)
{
    switch (code & 0xff) {
    case SQLITE_NOTADB:
        *ret_hint = "Move the file away; the next run starts a new history.";
        return "it is not a history file";
    case SQLITE_CORRUPT:
        *ret_hint = "Move the file away; the next run starts a new history.";
        return "the file is damaged";
    case SQLITE_FULL:
        *ret_hint = "Free space on its file system, or name another file with --state.";
        return "no space left";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        *ret_hint = "Find out which process holds the file locked (fuser names it).";
        return "another process holds it locked";
    case SQLITE_IOERR:
        *ret_hint = "Check the disk, or name another file with --state.";
        break;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        *ret_hint = "Check the permissions of the file and its directory, or name another "
                    "file with --state.";
        break;
    default:
        *ret_hint = "Name another file with --state.";
    }
    return (code & 0xff) == SQLITE_READONLY ? "it is read-only" : sqlite3_errstr(code & 0xff);
}

void store_error_set(GError **error, const char *action, const char *path, int code,
                     int system_error)
{
    const char *hint;
    const char *reason = explain(code, &hint);
    const bool telling = (code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_IOERR;
    if (system_error != 0 && telling)
        runbook_error_set(error, RUNBOOK_FAILED, hint, "cannot %s history file \"%s\": %s (%s)",
                          action, path, reason, g_strerror(system_error));
    else
        runbook_error_set(error, RUNBOOK_FAILED, hint, "cannot %s history file \"%s\": %s",
                          action, path, reason);
}

void store_failed(struct store *store, const char *action, int code)
{
    g_autoptr(GError) error = NULL;
    if (store->trouble != NULL)
        return;
    store_error_set(&error, action, store->path, code, sqlite3_system_errno(store->db));
    store->trouble = g_strdup(error->message);
    sqlite3_busy_timeout(store->db, 0);
}

const char *store_trouble(const struct store *store)
{
    return store->trouble;
}
