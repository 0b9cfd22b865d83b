#include "restore_old.h"

#include "error.h"
#include "restore_compare.h"
#include "restore_file.h"
#include "restore_place.h"
#include "units/units.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SAVED "pgrunbook-saved-"

/* ---- looking ------------------------------------------------------------------------------- */

struct look {
    const struct manifest *manifest;
    dev_t device;
    guint64 bytes; /* of what will be written over or removed */
    bool mounted;  /* a part of it is on another file system */
    GError **error;
};

/* Whether the backup has files below a name. */
static bool is_folder_of(const struct manifest *manifest, const char *name)
{
    g_autofree char *prefix = g_strconcat(name, "/", NULL);
    GHashTableIter iterator;
    gpointer path;

    g_hash_table_iter_init(&iterator, manifest->files);
    while (g_hash_table_iter_next(&iterator, &path, NULL))
        if (g_str_has_prefix(path, prefix))
            return true;
    return false;
}

bool restore_old_link_stays(const struct manifest *manifest, const char *name)
{
    return strchr(name, '/') == NULL && !g_hash_table_contains(manifest->files, name) &&
           !is_folder_of(manifest, name);
}

/* Folders that a backup has without files; what is left in them would be taken for the new
 * cluster's. */
static bool is_emptied(const char *name)
{
    static const char *const names[] = {"pg_commit_ts",
                                        "pg_dynshmem",
                                        "pg_logical",
                                        "pg_multixact",
                                        "pg_notify",
                                        "pg_replslot",
                                        "pg_serial",
                                        "pg_snapshots",
                                        "pg_stat",
                                        "pg_subtrans",
                                        "pg_twophase",
                                        "pg_xact",
                                        NULL};

    return g_strv_contains(names, name);
}

/* One of a file of the backup is replaced by it. */
static bool link_allowed(const struct look *look, const char *path, const char *name)
{
    if (strchr(name, '/') == NULL &&
        (g_hash_table_contains(look->manifest->files, name) ||
         (restore_old_link_stays(look->manifest, name) && !is_emptied(name))))
        return true;
    runbook_error_set(look->error, RUNBOOK_REFUSED,
                      "take the link away, or restore into an empty folder",
                      "\"%s\" is a link: what it leads to may be another cluster's", path);
    return false;
}

static bool look_at_folder(struct look *look, const char *path, const char *name);

static bool look_at(struct look *look, const char *path, const char *name)
{
    struct stat status;

    if (compare_spares(name))
        return true;
    if (lstat(path, &status) != 0)
        return errno == ENOENT || restore_file_failed("look at", path, errno, look->error);
    look->mounted = look->mounted || status.st_dev != look->device;
    if (S_ISDIR(status.st_mode))
        return look_at_folder(look, path, name);
    if (S_ISLNK(status.st_mode))
        return link_allowed(look, path, name);
    if (S_ISREG(status.st_mode) && status.st_nlink == 1)
        look->bytes += (guint64) status.st_blocks * 512;
    return true;
}

static bool look_at_folder(struct look *look, const char *path, const char *name)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    bool good = folder != NULL || restore_file_failed("read", path, errno, look->error);

    for (const char *entry; good && (entry = g_dir_read_name(folder)) != NULL;) {
        g_autofree char *below = g_build_filename(path, entry, NULL);
        g_autofree char *full = name[0] ? g_strconcat(name, "/", entry, NULL) : g_strdup(entry);
        good = look_at(look, below, full);
    }
    return good;
}

/* Of the data directory: where a tablespace lies there may be other room. */
static guint64 bytes_needed(const struct manifest *manifest)
{
    GHashTableIter iterator;
    gpointer path, value;
    guint64 bytes = 0;

    g_hash_table_iter_init(&iterator, manifest->files);
    while (g_hash_table_iter_next(&iterator, &path, &value))
        if (!g_str_has_prefix(path, "pg_tblspc/"))
            bytes += ((const struct manifest_file *) value)->size;
    return bytes;
}

static bool room_enough(const struct look *look, const char *folder, GError **error)
{
    guint64 need = bytes_needed(look->manifest);
    struct statvfs status;

    if (look->mounted || statvfs(folder, &status) != 0)
        return true;
    guint64 room = (guint64) status.f_bavail * status.f_frsize + look->bytes;
    if (room >= need)
        return true;
    g_autofree char *has = units_format_size((gint64) room);
    g_autofree char *needs = units_format_size((gint64) need);
    runbook_error_set(
        error, RUNBOOK_REFUSED, NULL,
        "the backup needs %s, and \"%s\" has room for %s, the old files' among it", needs,
        folder, has);
    return false;
}

/* By a rename within it. */
static bool wal_movable(const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "pg_wal", NULL);

    if (!g_file_test(path, G_FILE_TEST_IS_DIR) || access(path, R_OK | W_OK | X_OK) == 0)
        return true;
    runbook_error_set(error, RUNBOOK_REFUSED, NULL, "cannot write into \"%s\": %s", path,
                      g_strerror(errno));
    return false;
}

bool restore_old_look(const char *folder, const struct manifest *manifest, GError **error)
{
    struct look look = {.manifest = manifest, .error = error};
    struct stat status;

    if (stat(folder, &status) != 0)
        return restore_file_failed("look at", folder, errno, error);
    look.device = status.st_dev;
    return look_at_folder(&look, folder, "") && room_enough(&look, folder, error) &&
           wal_movable(folder, error);
}

/* ---- setting aside ------------------------------------------------------------------------- */

static bool control_aside(const char *folder, bool *ret_moved, GError **error)
{
    g_autofree char *control = g_build_filename(folder, RESTORE_CONTROL, NULL);
    g_autofree char *before = g_build_filename(folder, RESTORE_CONTROL_BEFORE, NULL);

    *ret_moved = rename(control, before) == 0;
    return *ret_moved || errno == ENOENT ||
           restore_file_failed("set aside", control, errno, error);
}

static bool has_wal(const char *folder)
{
    g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);

    for (const char *name; entries && (name = g_dir_read_name(entries)) != NULL;)
        if (strspn(name, "0123456789ABCDEF") == 24)
            return true;
    return false;
}

static bool all_moved(const char *from, const char *to, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) entries = g_dir_open(from, 0, NULL);

    for (const char *name; entries && (name = g_dir_read_name(entries)) != NULL;)
        if (!g_str_has_prefix(name, SAVED))
            g_ptr_array_add(names, g_strdup(name));
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *old = g_build_filename(from, names->pdata[i], NULL);
        g_autofree char *new = g_build_filename(to, names->pdata[i], NULL);
        if (rename(old, new) != 0)
            return restore_file_failed("move away", old, errno, error);
    }
    return true;
}

/* One of its own: segments of the same name that were saved in the same second stay. */
static char *place_for_wal(const char *wal, const struct server_owner *owner, GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *when = g_date_time_format(now, "%Y%m%dT%H%M%S");
    g_autofree char *saved = g_strdup_printf("%s/" SAVED "%s", wal, when);
    int made = g_mkdir(saved, 0700);

    for (guint number = 2; made != 0 && errno == EEXIST; number++) {
        g_free(saved);
        saved = g_strdup_printf("%s/" SAVED "%s-%u", wal, when, number);
        made = g_mkdir(saved, 0700);
    }
    if (made != 0 || chmod(saved, restore_file_mode(wal) == 0640 ? 0750 : 0700) != 0)
        restore_file_failed("make", saved, errno, error);
    else if (geteuid() == 0 && chown(saved, owner->uid, owner->gid) != 0)
        restore_file_failed("give away", saved, errno, error);
    else
        return g_steal_pointer(&saved);
    return NULL;
}

/* WAL that nobody has archived is nowhere else; and where it stays, the recovery reads on in it
 * behind the end of what the plan knows. */
bool restore_old_set_aside(const char *folder, const struct server_owner *owner,
                           char **ret_saved, bool *ret_undone, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "pg_wal", NULL);
    g_autofree char *wal = realpath(path, NULL);
    g_autofree char *control = g_build_filename(folder, RESTORE_CONTROL, NULL);
    g_autofree char *before = g_build_filename(folder, RESTORE_CONTROL_BEFORE, NULL);
    bool moved = false;

    *ret_saved = NULL;
    *ret_undone = false;
    if (!control_aside(folder, &moved, error)) {
        *ret_undone = true;
        return false;
    }
    if (wal == NULL || !has_wal(wal))
        return true;
    *ret_saved = place_for_wal(wal, owner, error);
    if (*ret_saved != NULL)
        return all_moved(wal, *ret_saved, error);
    *ret_undone = moved && rename(before, control) == 0;
    return false;
}

bool restore_old_forget(const char *folder, GError **error)
{
    g_autofree char *before = g_build_filename(folder, RESTORE_CONTROL_BEFORE, NULL);

    return restore_file_remove(before, error);
}
