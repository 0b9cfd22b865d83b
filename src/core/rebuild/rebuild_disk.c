/*
 * Whether there is room. The server does not tell how full its disks are; where it runs on this
 * machine the file system does.
 */
#include "rebuild/rebuild_private.h"

#include "rebuild_queries.h"
#include "units/units.h"

#include <string.h>
#include <sys/statvfs.h>

bool rebuild_is_backend(const char *title)
{
    return g_str_has_prefix(title, "postgres: ");
}

static bool is_local(PGconn *connection)
{
    const char *host = PQhost(connection);
    const char *address = PQhostaddr(connection);

    if (host == NULL || host[0] == '\0' || host[0] == '/' || host[0] == '@')
        return true;
    return address != NULL &&
           (g_str_has_prefix(address, "127.") || strcmp(address, "::1") == 0);
}

/* A tunnel and a container have a local address too: our own backend must be a process here. */
static bool is_here(struct session *session)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", session_pid(session));
    g_autofree char *title = NULL;

    return is_local(session_handle(session)) && g_file_get_contents(path, &title, NULL, NULL) &&
           rebuild_is_backend(title);
}

static gint64 free_in(const char *folder)
{
    struct statvfs disk;

    if (statvfs(folder, &disk) != 0)
        return -1;
    return (gint64) disk.f_bavail * (gint64) disk.f_frsize;
}

gint64 rebuild_disk_free(struct session *session, guint oid)
{
    g_autofree char *text = g_strdup_printf("%u", oid);
    const char *const values[] = {text};

    if (!is_here(session))
        return -1;
    AUTO(rows) rows = session_query(session, &query_rebuild_place, values, NULL);
    if (rows == NULL || rows_count(rows) == 0)
        return -1;
    const char *data = rows_text(rows, 0, REBUILD_PLACE_DATA_DIRECTORY);
    const char *tablespace = rows_text(rows, 0, REBUILD_PLACE_TABLESPACE);
    if (tablespace != NULL && tablespace[0] == '/')
        return free_in(tablespace);
    if (data == NULL)
        return -1;
    bool inside = tablespace == NULL || tablespace[0] == '\0';
    g_autofree char *folder = g_build_filename(data, inside ? "base" : tablespace, NULL);
    gint64 bytes = free_in(folder);
    /* Only the server's account may look below the data directory. */
    return bytes < 0 && inside ? free_in(data) : bytes;
}

/* Any relation tells the data directory. */
gint64 rebuild_wal_free(struct session *session)
{
    static const char *const pg_class[] = {"1259"};

    if (!is_here(session))
        return -1;
    AUTO(rows) rows = session_query(session, &query_rebuild_place, pg_class, NULL);
    if (rows == NULL || rows_count(rows) == 0 ||
        rows_null(rows, 0, REBUILD_PLACE_DATA_DIRECTORY))
        return -1;
    g_autofree char *folder =
        g_build_filename(rows_text(rows, 0, REBUILD_PLACE_DATA_DIRECTORY), "pg_wal", NULL);
    return free_in(folder);
}

char *rebuild_disk_lack(gint64 free_bytes, gint64 index_bytes, gint64 blind_bytes)
{
    gint64 needed = 2 * index_bytes + 2 * index_bytes / 10;
    g_autofree char *size = units_format_size(index_bytes);

    if (free_bytes < 0 && (blind_bytes == 0 || index_bytes <= blind_bytes))
        return NULL;
    if (free_bytes < 0) {
        g_autofree char *limit = units_format_size(blind_bytes);
        return g_strdup_printf("the free disk space of the server cannot be seen from here: an "
                               "index of %s is above the limit of %s for that",
                               size, limit);
    }
    if (free_bytes >= needed)
        return NULL;
    g_autofree char *wanted = units_format_size(needed);
    g_autofree char *there = units_format_size(free_bytes);
    return g_strdup_printf("it needs %s of disk space while it is built, %s are free", wanted,
                           there);
}
