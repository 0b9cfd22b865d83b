/*
 * Whose files they are, and becoming that account. PostgreSQL refuses to run as root, and files
 * that root has written it could not open.
 */
#include "error.h"
#include "server/server_private.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GROUPS_MOST = 256, PASSWD_BYTES = 16384 };

static void name_of(uid_t uid, gid_t *ret_gid, char name[64])
{
    char buffer[PASSWD_BYTES];
    struct passwd account, *found = NULL;

    g_snprintf(name, 64, "%u", uid);
    if (getpwuid_r(uid, &account, buffer, sizeof buffer, &found) != 0 || found == NULL)
        return;
    g_strlcpy(name, found->pw_name, 64);
    *ret_gid = found->pw_gid;
}

bool server_owner_of(const char *folder, struct server_owner *ret_owner, GError **error)
{
    g_autofree char *path = g_canonicalize_filename(folder, NULL);
    struct stat status;

    while (stat(path, &status) != 0) {
        if (errno != ENOENT || g_str_equal(path, "/")) {
            runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot look at \"%s\": %s", path,
                              g_strerror(errno));
            return false;
        }
        char *parent = g_path_get_dirname(path);
        g_free(path);
        path = parent;
    }
    ret_owner->uid = status.st_uid;
    ret_owner->gid = status.st_gid;
    /* Not the folder's group, which may be anybody's: the account's own. */
    name_of(status.st_uid, &ret_owner->gid, ret_owner->name);
    return true;
}

bool server_owner_usable(const struct server_owner *owner, const char *folder, GError **error)
{
    if (owner->uid == 0 && geteuid() == 0) {
        runbook_error_set(
            error, RUNBOOK_REFUSED,
            "let the folder belong to the account that the server is to run as "
            "(chown postgres), or call this as that account (runuser -u postgres)",
            "\"%s\" belongs to root, and PostgreSQL does not run as root", folder);
        return false;
    }
    if (geteuid() != 0 && owner->uid != geteuid()) {
        runbook_error_set(error, RUNBOOK_REFUSED, "call this as that account, or as root",
                          "\"%s\" belongs to \"%s\"", folder, owner->name);
        return false;
    }
    return true;
}

GArray *server_owner_groups(const struct server_owner *owner)
{
    GArray *groups = g_array_sized_new(FALSE, FALSE, sizeof(gid_t), GROUPS_MOST);
    int count = GROUPS_MOST;

    g_array_set_size(groups, GROUPS_MOST);
    if (getgrouplist(owner->name, owner->gid, (gid_t *) (void *) groups->data, &count) < 0)
        count = GROUPS_MOST;
    g_array_set_size(groups, (guint) count);
    return groups;
}

bool server_owner_become(const struct server_owner *owner, const GArray *groups)
{
    if (geteuid() != 0)
        return true;
    return setgroups(groups->len, (const gid_t *) (const void *) groups->data) == 0 &&
           setgid(owner->gid) == 0 && setuid(owner->uid) == 0;
}

static bool may(const struct server_owner *owner, const char *path, int how)
{
    g_autoptr(GArray) groups = server_owner_groups(owner);
    int status = 0;

    if (geteuid() != 0)
        return access(path, how) == 0;
    pid_t child = fork();
    if (child == 0)
        _exit(server_owner_become(owner, groups) && access(path, how) == 0 ? 0 : 1);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool server_owner_reads(const struct server_owner *owner, const char *path)
{
    return may(owner, path, R_OK);
}

bool server_owner_enters(const struct server_owner *owner, const char *path)
{
    g_autofree char *there = g_strdup(path);

    while (!g_file_test(there, G_FILE_TEST_EXISTS)) {
        char *parent = g_path_get_dirname(there);
        g_free(there);
        there = parent;
    }
    return may(owner, there, X_OK);
}
