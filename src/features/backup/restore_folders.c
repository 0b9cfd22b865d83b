#include "restore_folders.h"

#include "restore_file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

bool restore_folder_made(const char *path, const struct server_owner *owner, GPtrArray *made,
                         GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);
    struct stat status;

    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        /* The server wants it closed to others. */
        if ((status.st_mode & 07027) == 0)
            return true;
        g_ptr_array_add(made, g_strdup(path));
        return chmod(path, 0700) == 0 ||
               restore_file_failed("close to others", path, errno, error);
    }
    if (!g_file_test(parent, G_FILE_TEST_IS_DIR) &&
        !restore_folder_made(parent, owner, made, error))
        return false;
    if (mkdir(path, 0700) != 0)
        return restore_file_failed("make", path, errno, error);
    g_ptr_array_add(made, g_strdup(path));
    if (geteuid() != 0 || chown(path, owner->uid, owner->gid) == 0)
        return true;
    return restore_file_failed("give away", path, errno, error);
}

bool restore_folders_open(const GPtrArray *made, GError **error)
{
    for (guint i = 0; i < made->len; i++)
        if (chmod(made->pdata[i], 0750) != 0)
            return restore_file_failed("open to the group", made->pdata[i], errno, error);
    return true;
}
