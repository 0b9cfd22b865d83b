#include "out/whole_file.h"
#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { LINKS = 40 };

static bool fail(const char *path, int number, GError **error)
{
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot write \"%s\": %s", path,
                      g_strerror(number));
    return false;
}

/* ---- where it goes -------------------------------------------------------------------------- */

/* /dev/stdout leads there: to what a process has open, whatever its name is by now. */
static bool is_in_proc(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    struct statfs system;

    return statfs(folder, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

/* What a link leads to, be it there or not; NULL: it is none. */
static char *led_to(const char *path)
{
    g_autofree char *target = g_file_read_link(path, NULL);
    g_autofree char *folder = g_path_get_dirname(path);

    if (target == NULL || g_path_is_absolute(target))
        return g_steal_pointer(&target);
    return g_build_filename(folder, target, NULL);
}

/* True: into what is there; else *ret_path is what is made or replaced. Caller frees that. */
static bool look(const char *path, bool there, const struct stat *seen, char **ret_path)
{
    bool straight = there && !S_ISREG(seen->st_mode) && !S_ISDIR(seen->st_mode);
    char *at = g_strdup(path), *next = NULL;

    for (int i = 0; !straight && i < LINKS && (next = led_to(at)) != NULL; i++) {
        straight = is_in_proc(at);
        g_free(at);
        at = next;
    }
    *ret_path = at;
    return straight;
}

/* ---- the file ------------------------------------------------------------------------------- */

/* Whether it is still there under that name: who had it locked may have moved it. */
static bool is_still(int descriptor, const char *path)
{
    struct stat one, other;

    return fstat(descriptor, &one) == 0 && stat(path, &other) == 0 &&
           one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

/* Empty and locked, or -1 with errno. Where a file system has no locks there is none. */
static int open_shared(const char *draft, mode_t mode)
{
    int descriptor = -1;

    do {
        if (descriptor >= 0)
            close(descriptor);
        descriptor = open(draft, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
        while (descriptor >= 0 && flock(descriptor, LOCK_EX) != 0 && errno == EINTR)
            continue;
    } while (descriptor >= 0 && !is_still(descriptor, draft));
    if (descriptor >= 0 && ftruncate(descriptor, 0) != 0) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

static void open_draft(struct whole_file *file, mode_t mode, bool shared)
{
    file->draft = g_strconcat(file->path, shared ? ".pgrunbook" : ".XXXXXX", NULL);
    if (!shared) {
        file->descriptor = g_mkstemp_full(file->draft, O_WRONLY | O_CLOEXEC, (int) mode);
        return;
    }
    file->descriptor = open_shared(file->draft, mode);
    /* The lock lasts until the name is the other. */
    file->lock = file->descriptor >= 0 ? fcntl(file->descriptor, F_DUPFD_CLOEXEC, 0) : -1;
}

static bool begin(struct whole_file *file, const char *path, mode_t mode, bool shared,
                  GError **error)
{
    struct stat seen;
    /* The kernel has a say in whether a link of somebody else's is followed. */
    const bool there = stat(path, &seen) == 0;

    if (!there && errno != ENOENT)
        return fail(path, errno, error);
    *file = (struct whole_file){.descriptor = -1, .lock = -1};
    if (look(path, there, &seen, &file->path))
        file->descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);
    else
        open_draft(file, mode, shared);
    if (file->descriptor >= 0)
        return true;
    fail(path, errno, error);
    g_free(file->path);
    g_free(file->draft);
    return false;
}

bool whole_file_begin(struct whole_file *file, const char *path, mode_t mode, GError **error)
{
    return begin(file, path, mode, false, error);
}

bool whole_file_begin_shared(struct whole_file *file, const char *path, mode_t mode,
                             GError **error)
{
    return begin(file, path, mode, true, error);
}

bool whole_file_put(const struct whole_file *file, const void *bytes, gsize length,
                    GError **error)
{
    const char *next = bytes;

    while (length > 0) {
        ssize_t some = write(file->descriptor, next, length);
        if (some < 0 && errno != EINTR)
            return fail(file->path, errno, error);
        next += MAX(some, 0);
        length -= (gsize) MAX(some, 0);
    }
    return true;
}

bool whole_file_end(struct whole_file *file, bool good, bool sync, GError **error)
{
    if (good && sync && file->draft != NULL && fsync(file->descriptor) != 0)
        good = fail(file->path, errno, error);
    if (close(file->descriptor) != 0 && good)
        good = fail(file->path, errno, error);
    if (good && file->draft != NULL && rename(file->draft, file->path) != 0)
        good = fail(file->path, errno, error);
    if (!good && file->draft != NULL)
        unlink(file->draft);
    if (file->lock >= 0)
        close(file->lock);
    g_free(file->path);
    g_free(file->draft);
    return good;
}

bool whole_file_write(const char *path, const char *text, GError **error)
{
    struct whole_file file;

    return whole_file_begin(&file, path, 0644, error) &&
           whole_file_end(&file, whole_file_put(&file, text, strlen(text), error), true, error);
}
