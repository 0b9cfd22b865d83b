/* Folders of the repository: made durable, and cleaned of what died in them. */
#include "repo_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool repo_folder_sync(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (!ok)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not sync the folder \"%s\": %s",
                          path, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

void repo_folder_give(const char *folder, int fd)
{
    struct stat about;

    if (geteuid() == 0 && stat(folder, &about) == 0 && about.st_uid != 0 &&
        fchown(fd, about.st_uid, about.st_gid) != 0)
        g_debug("a file in \"%s\" stays root's: %s", folder, g_strerror(errno));
}

static void give_folder(const char *parent, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return;
    repo_folder_give(parent, fd);
    close(fd);
}

int repo_folder_lock_file(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

    if (fd >= 0)
        repo_folder_give(folder, fd);
    return fd >= 0 || errno != EEXIST ? fd : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
}

bool repo_folder_make(const char *path, GError **error)
{
    bool made = mkdir(path, 0750) == 0;

    if (!made && errno != EEXIST) {
        runbook_error_set(
            error, RUNBOOK_FAILED,
            errno == EACCES ? "the repository must belong to the user that writes it" : NULL,
            "could not make the folder \"%s\": %s", path, g_strerror(errno));
        return false;
    }
    g_autofree char *parent = g_path_get_dirname(path);
    if (made)
        give_folder(parent, path);
    return repo_folder_sync(parent, error);
}

/* A file that is being written is locked by its writer. */
static bool abandoned(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool is = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (is && unlinkat(folder, name, 0) != 0)
        is = false;
    if (fd >= 0)
        close(fd);
    return is;
}

guint repo_folder_clean(const char *path)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g_autoptr(GDir) dir = folder >= 0 ? g_dir_open(path, 0, NULL) : NULL;
    guint count = 0;
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        if (g_str_has_prefix(name, REPO_TEMPORARY) && abandoned(folder, name))
            count++;
    }
    if (folder >= 0)
        close(folder);
    return count;
}

/* Files first, then the folders they were in: a second try finds what the first one left. */
bool repo_folder_remove(const char *path, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *inside = g_build_filename(path, name, NULL);
        struct stat about;
        bool folder = lstat(inside, &about) == 0 && S_ISDIR(about.st_mode);
        if (folder && !repo_folder_remove(inside, error))
            return false;
        if (!folder && unlink(inside) != 0 && errno != ENOENT) {
            runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not remove \"%s\": %s",
                              inside, g_strerror(errno));
            return false;
        }
    }
    if (rmdir(path) != 0 && errno != ENOENT) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not remove the folder \"%s\": %s",
                          path, g_strerror(errno));
        return false;
    }
    return true;
}
