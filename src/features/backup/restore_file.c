#include "restore_file.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files from this size on get their room at once: in one piece when several threads write them,
 * and a full disk shows before the work is done. */
enum { PREALLOCATE_FROM = 1 << 20 };

struct restore_file {
    gint references;
    GMutex opening;
    int descriptor; /* -1: not open yet */
    int folder;
    char *name;
    guint32 mode;
    guint64 size;
    const struct server_owner *owner;
};

bool restore_file_failed(const char *what, const char *name, int number, GError **error)
{
    const char *hint = number == ENOSPC || number == EDQUOT
                           ? "make room and repeat the command: it goes on where it stopped"
                           : NULL;

    runbook_error_set(error, RUNBOOK_FAILED, hint, "cannot %s \"%s\": %s", what, name,
                      g_strerror(number));
    return false;
}

static bool given(int descriptor, const struct server_owner *owner)
{
    return owner == NULL || geteuid() != 0 || fchown(descriptor, owner->uid, owner->gid) == 0;
}

/* ---- files --------------------------------------------------------------------------------- */

struct restore_file *restore_file_new(int folder, const struct tar_member *member,
                                      const struct server_owner *owner)
{
    struct restore_file *file = g_new0(struct restore_file, 1);

    file->references = 1;
    file->descriptor = -1;
    file->folder = folder;
    file->name = g_strdup(member->name);
    file->mode = member->mode;
    file->size = member->size;
    file->owner = owner;
    g_mutex_init(&file->opening);
    return file;
}

struct restore_file *restore_file_ref(struct restore_file *file)
{
    g_atomic_int_inc(&file->references);
    return file;
}

bool restore_file_unref(struct restore_file *file, GError **error)
{
    bool good = true;

    if (!g_atomic_int_dec_and_test(&file->references))
        return true;
    if (file->descriptor >= 0) {
        /* The disk begins at once, while the next frames are decompressed. */
        if (file->size >= PREALLOCATE_FROM)
            sync_file_range(file->descriptor, 0, 0, SYNC_FILE_RANGE_WRITE);
        good = close(file->descriptor) == 0 ||
               restore_file_failed("write", file->name, errno, error);
    }
    g_mutex_clear(&file->opening);
    g_free(file->name);
    g_free(file);
    return good;
}

/* Under another name it is another cluster's: a copy by hard links, or what pg_upgrade --link made. */
static bool shared(int descriptor)
{
    struct stat status;

    return fstat(descriptor, &status) != 0 || status.st_nlink > 1;
}

/* What stands in the way: a link, a folder, something that may not be opened for writing. */
static int open_over(const struct restore_file *file)
{
    enum { FLAGS = O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC };
    int descriptor = openat(file->folder, file->name, FLAGS, 0600);
    bool apart = descriptor >= 0 && shared(descriptor);

    if (descriptor >= 0 && !apart)
        return descriptor;
    if (descriptor < 0 && errno != ELOOP && errno != EISDIR && errno != EACCES)
        return -1;
    bool folder = descriptor < 0 && errno == EISDIR;
    if (descriptor >= 0)
        close(descriptor);
    if (unlinkat(file->folder, file->name, folder ? AT_REMOVEDIR : 0) != 0)
        return -1;
    return openat(file->folder, file->name, apart ? FLAGS | O_EXCL : FLAGS, 0600);
}

/* Of the size it will have: an older file of that name may be longer. */
static bool sized(int descriptor, guint64 size)
{
    struct stat status;

    if (fstat(descriptor, &status) != 0)
        return false;
    if ((guint64) status.st_size > size && ftruncate(descriptor, (off_t) size) != 0)
        return false;
    if (size < PREALLOCATE_FROM || (guint64) status.st_size == size)
        return true;
    return fallocate(descriptor, 0, 0, (off_t) size) == 0 || errno == EOPNOTSUPP;
}

static bool opened(struct restore_file *file, GError **error)
{
    bool good = true;

    g_mutex_lock(&file->opening);
    if (file->descriptor < 0) {
        file->descriptor = open_over(file);
        good = file->descriptor >= 0 && sized(file->descriptor, file->size) &&
               given(file->descriptor, file->owner) &&
               fchmod(file->descriptor, file->mode) == 0;
        if (!good)
            restore_file_failed("write", file->name, errno, error);
    }
    g_mutex_unlock(&file->opening);
    return good;
}

bool restore_file_write(struct restore_file *file, const void *bytes, gsize length,
                        guint64 offset, GError **error)
{
    const guint8 *next = bytes;

    if (!opened(file, error))
        return false;
    while (length > 0) {
        ssize_t done = pwrite(file->descriptor, next, length, (off_t) offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return restore_file_failed("write", file->name, done == 0 ? ENOSPC : errno, error);
        next += done;
        length -= (gsize) done;
        offset += (guint64) done;
    }
    return true;
}

/* ---- folders ------------------------------------------------------------------------------- */

int restore_folder_open(const char *path, GError **error)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0)
        restore_file_failed("open", path, errno, error);
    return folder;
}

void restore_folder_close(int folder)
{
    close(folder);
}

bool restore_folder_make(int folder, const char *name, guint32 mode,
                         const struct server_owner *owner, GError **error)
{
    int made = mkdirat(folder, name, 0700);
    struct stat status;

    if (made != 0 && errno == EEXIST) {
        /* A link to a folder is one: pg_wal on a disk of its own. */
        if (fstatat(folder, name, &status, 0) == 0 && S_ISDIR(status.st_mode))
            return true;
        made = unlinkat(folder, name, 0) == 0 ? mkdirat(folder, name, 0700) : -1;
    }
    if (made != 0)
        return restore_file_failed("make", name, errno, error);
    int descriptor = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool good = descriptor >= 0 && given(descriptor, owner) &&
                (mode == 0700 || fchmod(descriptor, mode) == 0);
    if (!good)
        restore_file_failed("make", name, errno, error);
    if (descriptor >= 0)
        close(descriptor);
    return good;
}

bool restore_folder_sync(const char *path, GError **error)
{
    int folder = restore_folder_open(path, error);
    bool good = folder >= 0 && syncfs(folder) == 0;

    if (folder >= 0 && !good)
        restore_file_failed("sync", path, errno, error);
    if (folder >= 0)
        close(folder);
    return good;
}

/* ---- whole small files --------------------------------------------------------------------- */

static bool folder_of_synced(const char *path, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);
    int folder = restore_folder_open(parent, error);
    bool good = folder >= 0 && fsync(folder) == 0;

    if (folder >= 0 && !good)
        restore_file_failed("sync", parent, errno, error);
    if (folder >= 0)
        close(folder);
    return good;
}

mode_t restore_file_mode(const char *folder)
{
    struct stat status;

    return stat(folder, &status) == 0 && (status.st_mode & 0777) == 0750 ? 0640 : 0600;
}

bool restore_file_put(const char *path, const void *bytes, gsize length,
                      const struct server_owner *owner, GError **error)
{
    g_autofree char *beside = g_strconcat(path, ".pgrunbook", NULL);
    int descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    g_autofree char *folder = g_path_get_dirname(path);
    const guint8 *next = bytes;
    bool good = descriptor >= 0 && given(descriptor, owner) &&
                fchmod(descriptor, restore_file_mode(folder)) == 0;

    for (gsize done = 0; good && done < length;) {
        ssize_t some = write(descriptor, next + done, length - done);
        good = some > 0 || (some < 0 && errno == EINTR);
        done += some > 0 ? (gsize) some : 0;
    }
    good = good && fsync(descriptor) == 0;
    if (!good)
        restore_file_failed("write", beside, errno, error);
    if (descriptor >= 0)
        close(descriptor);
    if (good && rename(beside, path) != 0)
        good = restore_file_failed("write", path, errno, error);
    return good && folder_of_synced(path, error);
}

bool restore_file_remove(const char *path, GError **error)
{
    if (unlink(path) != 0)
        return errno == ENOENT || restore_file_failed("remove", path, errno, error);
    return folder_of_synced(path, error);
}
