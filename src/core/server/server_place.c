/*
 * The private folder of a server: socket, log, and a configuration of its own. The data directory's
 * may name another data directory, libraries that are not here, and more memory than there is.
 */
#include "error.h"
#include "server/server_private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PLACE_PREFIX "pgrunbook-server-"

/* A socket's path has at most 107 bytes. */
enum { LONGEST_PARENT = 60, YOUNG_SECONDS = 60 };

static const char *parent_folder(void)
{
    const char *wanted = g_get_tmp_dir();

    return strlen(wanted) <= LONGEST_PARENT ? wanted : "/tmp";
}

void server_place_remove(const char *place)
{
    g_autoptr(GDir) folder = g_dir_open(place, 0, NULL);

    for (const char *name; folder != NULL && (name = g_dir_read_name(folder)) != NULL;) {
        g_autofree char *path = g_build_filename(place, name, NULL);
        unlink(path);
    }
    rmdir(place);
}

/* Whether somebody answers on the socket in it: a process of another container has another number
 * there than here. */
static bool is_at_work(const char *place)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int there = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    g_snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.%s", place, SERVER_PORT);
    bool answers = there < 0 ||
                   connect(there, (const struct sockaddr *) &address, sizeof address) == 0 ||
                   (errno != ECONNREFUSED && errno != ENOENT);
    if (there >= 0)
        close(there);
    return answers;
}

/* Those of processes that were killed. Named after their process, and only ever ours; young ones may
 * be another container's, whose server has no socket yet. */
static void remove_stale(const char *parent)
{
    g_autoptr(GDir) folder = g_dir_open(parent, 0, NULL);

    for (const char *name; folder != NULL && (name = g_dir_read_name(folder)) != NULL;) {
        struct stat status;
        g_autofree char *path = g_build_filename(parent, name, NULL);
        if (!g_str_has_prefix(name, PLACE_PREFIX))
            continue;
        pid_t pid = (pid_t) g_ascii_strtoll(name + strlen(PLACE_PREFIX), NULL, 10);
        if (pid <= 0 || kill(pid, 0) == 0 || errno != ESRCH)
            continue;
        if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
            (geteuid() == 0 || status.st_uid == geteuid()) &&
            time(NULL) - status.st_mtime > YOUNG_SECONDS && !is_at_work(path))
            server_place_remove(path);
    }
}

char *server_place_file(const char *place, const char *name)
{
    return g_build_filename(place, name, NULL);
}

static bool put(const char *place, const char *name, const char *text,
                const struct server_owner *owner, GError **error)
{
    g_autofree char *path = server_place_file(place, name);

    if (!g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, error))
        return false;
    if (geteuid() != 0 || chown(path, owner->uid, owner->gid) == 0)
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot give \"%s\" to \"%s\": %s", path,
                      owner->name, g_strerror(errno));
    return false;
}

/* As root the folders above may be closed to the account that the server runs as. */
static bool may_enter(const char *place, const char *parent, const struct server_owner *owner,
                      GError **error)
{
    if (server_owner_reads(owner, place))
        return true;
    runbook_error_set(error, RUNBOOK_REFUSED, "TMPDIR names another place",
                      "\"%s\" cannot enter \"%s\", where the server's socket is to be",
                      owner->name, parent);
    return false;
}

char *server_place_new(const struct server_owner *owner, GError **error)
{
    const char *parent = parent_folder();
    g_autofree char *place =
        g_strdup_printf("%s/" PLACE_PREFIX "%d-XXXXXX", parent, (int) getpid());

    remove_stale(parent);
    if (g_mkdtemp_full(place, 0700) == NULL) {
        runbook_error_set(error, RUNBOOK_FAILED, "TMPDIR names another place",
                          "cannot make a folder for the server's socket in \"%s\": %s", parent,
                          g_strerror(errno));
        return NULL;
    }
    if (put(place, SERVER_CONFIGURATION, "", owner, error) &&
        put(place, SERVER_HBA, "local all all trust\n", owner, error) &&
        put(place, SERVER_IDENT, "", owner, error) &&
        put(place, SERVER_LOG, "", owner, error) &&
        (geteuid() != 0 || chown(place, owner->uid, owner->gid) == 0) &&
        may_enter(place, parent, owner, error))
        return g_steal_pointer(&place);
    server_place_remove(place);
    return NULL;
}

bool server_startable(const char *folder, GError **error)
{
    struct server_owner owner;

    if (!server_owner_of(folder, &owner, error) || !server_owner_usable(&owner, folder, error))
        return false;
    g_autofree char *place = server_place_new(&owner, error);
    if (place != NULL)
        server_place_remove(place);
    return place != NULL;
}
