/*
 * Opening: whose file it is, whether it is sound, bringing its schema up to date. A file is
 * looked at before anything is written to it, and what is not ours or damaged stays as it is.
 */
#include "store/store.h"

#include "error.h"
#include "store/statement.h"
#include "store/store_internal.h"
#include "store_queries.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

enum {
    APPLICATION_ID = 1885827682, /* as 001_history.sql sets it */
    BUSY_MS = 5000,
    HURRIED_BUSY_MS = 500,
    /* Checking a file reads all of it; up to this size nobody notices. Damage in a larger one is
     * noticed when it is met. */
    CHECKED_BYTES = 4 * 1024 * 1024,
};

static int schema_version(void)
{
    int version = 0;
    while (store_migrations[version] != NULL)
        version++;
    return version;
}

/* ---- the file --------------------------------------------------------------------------- */

/* Creates directory and file for the user alone: SQLite itself would leave that to the umask. An
 * existing file is not opened, since closing it again would drop this process's locks on it. */
static bool create_file(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        store_error_set(error, "open", path, SQLITE_CANTOPEN, EISDIR);
        return false;
    }
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        store_error_set(error, "open", path, SQLITE_CANTOPEN, errno);
        return false;
    }
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST) {
        const int code = errno == ENOSPC ? SQLITE_FULL : SQLITE_CANTOPEN;
        store_error_set(error, "open", path, code, errno);
        return false;
    }
    if (fd >= 0)
        close(fd);
    return true;
}

static bool fail(const struct store *store, int code, GError **error)
{
    store_error_set(error, "open", store->path, code,
                    store->db != NULL ? sqlite3_system_errno(store->db) : 0);
    return false;
}

static bool execute(struct store *store, const char *sql, GError **error)
{
    const int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK || fail(store, code, error);
}

/* An error unless the file is empty or a history this program knows. */
static bool read_version(struct store *store, int *ret_version, GError **error)
{
    AUTO(statement) statement = statement_open(store, &query_store_identity);
    if (!statement_next(statement))
        return fail(store, statement_code(statement), error);
    const gint64 application = statement_int(statement, STORE_IDENTITY_APPLICATION_ID);
    const gint64 version = statement_int(statement, STORE_IDENTITY_USER_VERSION);
    const gint64 objects = statement_int(statement, STORE_IDENTITY_OBJECTS);
    const bool empty = application == 0 && version == 0 && objects == 0;

    if (!empty && application != APPLICATION_ID) {
        runbook_error_set(error, RUNBOOK_FAILED, "Name another file with --state.",
                          "\"%s\" is a database of another program", store->path);
        return false;
    }
    if (version > schema_version()) {
        runbook_error_set(error, RUNBOOK_FAILED,
                          "Use that version, or name another file with --state.",
                          "history file \"%s\" was written by a newer pgrunbook\n"
                          "detail: Its schema is number %d, this program knows %d.",
                          store->path, (int) version, schema_version());
        return false;
    }
    *ret_version = (int) version;
    return true;
}

static bool check_pages(struct store *store, GError **error)
{
    GStatBuf file;
    if (g_stat(store->path, &file) != 0 || file.st_size > CHECKED_BYTES)
        return true;
    AUTO(statement) statement = statement_open(store, &query_store_quick_check);
    if (!statement_next(statement))
        return fail(store, statement_code(statement), error);
    if (g_strcmp0(statement_text(statement, STORE_QUICK_CHECK_QUICK_CHECK), "ok") != 0)
        return fail(store, SQLITE_CORRUPT, error);
    return true;
}

/* Two processes that both make a new file a WAL database get in each other's way, and SQLite
 * does not wait there by itself; where it does, that is a part of the time. */
static bool use_wal(struct store *store, GError **error)
{
    enum { PAUSE_US = 10000 };
    static const char sql[] = "PRAGMA journal_mode = WAL";
    const gint64 until_us = g_get_monotonic_time() + store->busy_ms * 1000;
    int code;

    while (((code = sqlite3_exec(store->db, sql, NULL, NULL, NULL)) & 0xff) == SQLITE_BUSY &&
           g_get_monotonic_time() < until_us)
        g_usleep(PAUSE_US);
    return code == SQLITE_OK || fail(store, code, error);
}

/* One transaction; what another process did meanwhile is not done again. */
static bool migrate_once(struct store *store, GError **error)
{
    int version = 0;
    if (!execute(store, "BEGIN IMMEDIATE", error))
        return false;
    bool ok = read_version(store, &version, error);
    if (ok && store_migrations[version] != NULL) {
        g_autofree char *stamp = g_strdup_printf("PRAGMA user_version = %d", version + 1);
        ok = execute(store, store_migrations[version], error) && execute(store, stamp, error);
    }
    if (ok && execute(store, "COMMIT", error))
        return true;
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

static bool migrate(struct store *store, int version, GError **error)
{
    for (; version < schema_version(); version++) {
        if (!migrate_once(store, error))
            return false;
    }
    return true;
}

static bool connect_to(struct store *store, const char *name, int flags, GError **error)
{
    const int code = sqlite3_open_v2(name, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (store->db != NULL)
        sqlite3_busy_timeout(store->db, store->busy_ms);
    return code == SQLITE_OK || fail(store, code, error);
}

static void disconnect(struct store *store)
{
    g_hash_table_remove_all(store->statements);
    sqlite3_close_v2(store->db);
    store->db = NULL;
}

static bool open_file(struct store *store, GError **error)
{
    int version = 0;
    if (!create_file(store->path, error) ||
        !connect_to(store, store->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error))
        return false;
    /* SQLite may have taken a descriptor that this process has from before. */
    if (sqlite3_db_readonly(store->db, "main") == 1 ||
        faccessat(AT_FDCWD, store->path, R_OK | W_OK, AT_EACCESS) != 0)
        return fail(store, SQLITE_READONLY, error);
    return read_version(store, &version, error) && check_pages(store, error) &&
           use_wal(store, error) &&
           execute(store,
                   "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
                   "PRAGMA temp_store = MEMORY",
                   error) &&
           migrate(store, version, error);
}

/* ---- entry points ----------------------------------------------------------------------- */

static struct store *store_new(const char *path)
{
    struct store *store = g_new0(struct store, 1);
    store->path = path != NULL ? g_canonicalize_filename(path, NULL) : g_strdup(":memory:");
    store->statements =
        g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify) statement_destroy);
    store->thread = g_thread_self();
    store->busy_ms = BUSY_MS;
    return store;
}

/* Nothing but a lack of memory can go wrong here, and GLib ends the process for that too. */
static void open_memory(struct store *store)
{
    const bool ok = connect_to(store, ":memory:", SQLITE_OPEN_READWRITE, NULL) &&
                    execute(store, "PRAGMA foreign_keys = ON", NULL) && migrate(store, 0, NULL);
    g_assert(ok);
}

static struct store *open_for_writing(const char *path, int busy_ms)
{
    struct store *store = store_new(path);
    g_autoptr(GError) error = NULL;
    store->busy_ms = busy_ms;
    if (path == NULL) {
        open_memory(store);
    } else if (!open_file(store, &error)) {
        store->trouble = g_strdup(error->message);
        disconnect(store);
        open_memory(store);
    }
    return store;
}

struct store *store_open(const char *path)
{
    return open_for_writing(path, BUSY_MS);
}

struct store *store_open_hurried(const char *path)
{
    return open_for_writing(path, HURRIED_BUSY_MS);
}

/* Reading a WAL database needs its -shm file beside it, except when it is declared immutable:
 * the case of a history on read-only media or in somebody else's folder. */
static bool connect_immutable(struct store *store, int *ret_version)
{
    g_autofree char *folder = g_path_get_dirname(store->path);
    g_autofree char *wal = g_strconcat(store->path, "-wal", NULL);
    g_autofree char *uri = g_filename_to_uri(store->path, NULL, NULL);
    GStatBuf file;
    const bool has_wal = g_stat(wal, &file) == 0 && file.st_size > 0;
    if (uri == NULL || has_wal || faccessat(AT_FDCWD, folder, W_OK, AT_EACCESS) == 0)
        return false;
    g_autofree char *immutable = g_strconcat(uri, "?immutable=1", NULL);
    disconnect(store);
    return connect_to(store, immutable, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) &&
           read_version(store, ret_version, NULL);
}

/* Who only reads must not change the file, so one of an older schema is brought up to date in a
 * copy in memory. */
static bool migrate_copy(struct store *store, int version, GError **error)
{
    sqlite3 *file = g_steal_pointer(&store->db);
    g_hash_table_remove_all(store->statements);
    bool ok = connect_to(store, ":memory:", SQLITE_OPEN_READWRITE, error);
    sqlite3_backup *backup = ok ? sqlite3_backup_init(store->db, "main", file, "main") : NULL;
    if (backup != NULL) {
        sqlite3_backup_step(backup, -1);
        sqlite3_backup_finish(backup);
    }
    const int code = sqlite3_errcode(store->db);
    sqlite3_close_v2(file);
    if (ok && code != SQLITE_OK)
        ok = fail(store, code, error);
    return ok && migrate(store, version, error) &&
           execute(store, "PRAGMA query_only = ON", error);
}

static bool open_for_reading(struct store *store, GError **error)
{
    int version = 0;
    g_autoptr(GError) problem = NULL;
    if (access(store->path, F_OK) != 0) {
        if (errno != ENOENT)
            store_error_set(error, "open", store->path, SQLITE_CANTOPEN, errno);
        else
            runbook_error_set(error, RUNBOOK_FAILED,
                              "The first run that changes something starts the history.",
                              "there is no history file \"%s\"", store->path);
        return false;
    }
    if ((!connect_to(store, store->path, SQLITE_OPEN_READONLY, &problem) ||
         !read_version(store, &version, &problem)) &&
        !connect_immutable(store, &version)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (version == 0) {
        runbook_error_set(error, RUNBOOK_FAILED, "The next run brings it up to date.",
                          "history file \"%s\" is empty", store->path);
        return false;
    }
    return version == schema_version() || migrate_copy(store, version, error);
}

struct store *store_open_reader(const char *path, GError **error)
{
    AUTO(store) store = store_new(path);
    if (!open_for_reading(store, error))
        return NULL;
    return g_steal_pointer(&store);
}

void store_let_go(struct store *store, const char *why)
{
    char *trouble = g_strdup(why); /* which may be its own */

    g_free(store->trouble);
    store->trouble = trouble;
    disconnect(store);
    open_memory(store);
}

bool store_in_memory(const struct store *store)
{
    const char *file = sqlite3_db_filename(store->db, "main");
    return file == NULL || file[0] == '\0';
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    disconnect(store);
    g_hash_table_unref(store->statements);
    g_free(store->path);
    g_free(store->trouble);
    g_free(store->actor);
    g_free(store->reason);
    g_free(store->boot);
    g_free(store);
}
