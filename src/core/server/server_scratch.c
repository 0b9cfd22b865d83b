#include "server/server_scratch.h"

#include "error.h"
#include "programs/programs.h"
#include "server/server_private.h"

#include <errno.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRATCH_PREFIX "pgrunbook-scratch-"

/* ---- the place ----------------------------------------------------------------------------- */

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void) status;
    (void) kind;
    (void) walk;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

/* Links are removed, never followed. */
static void remove_tree(const char *path)
{
    nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS);
}

/* What processes that were killed have left. Only what is ours by name and owner. */
static void remove_stale(const char *parent)
{
    g_autoptr(GDir) folder = g_dir_open(parent, 0, NULL);

    for (const char *name; folder != NULL && (name = g_dir_read_name(folder)) != NULL;) {
        struct stat status;
        g_autofree char *path = g_build_filename(parent, name, NULL);
        g_autofree char *data = g_build_filename(path, "data", NULL);
        if (!g_str_has_prefix(name, SCRATCH_PREFIX))
            continue;
        pid_t pid = (pid_t) g_ascii_strtoll(name + strlen(SCRATCH_PREFIX), NULL, 10);
        if (pid <= 0 || kill(pid, 0) == 0 || errno != ESRCH || server_running_on(data) != 0)
            continue;
        if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
            (geteuid() == 0 || status.st_uid == geteuid()))
            remove_tree(path);
    }
}

/* PostgreSQL does not run as root. */
static bool account_for(const char *parent, struct server_owner *ret_owner, GError **error)
{
    static const char *const names[] = {"postgres", "nobody"};

    if (!server_owner_of(parent, ret_owner, error))
        return false;
    if (geteuid() != 0) {
        ret_owner->uid = geteuid();
        ret_owner->gid = getegid();
        return true;
    }
    for (gsize i = 0; ret_owner->uid == 0 && i < G_N_ELEMENTS(names); i++) {
        const struct passwd *account = getpwnam(names[i]);
        if (account == NULL)
            continue;
        ret_owner->uid = account->pw_uid;
        ret_owner->gid = account->pw_gid;
        g_strlcpy(ret_owner->name, names[i], sizeof ret_owner->name);
    }
    return server_owner_usable(ret_owner, parent, error);
}

struct server_scratch *server_scratch_new(const char *parent, GError **error)
{
    const char *folder = parent != NULL ? parent : g_get_tmp_dir();
    AUTO(server_scratch) scratch = g_new0(struct server_scratch, 1);
    struct server_owner owner;

    if (g_mkdir_with_parents(folder, 0700) != 0) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not make \"%s\": %s", folder,
                          g_strerror(errno));
        return NULL;
    }
    if (!account_for(folder, &owner, error))
        return NULL;
    remove_stale(folder);
    g_autofree char *place =
        g_strdup_printf("%s/" SCRATCH_PREFIX "%d-XXXXXX", folder, (int) getpid());
    if (g_mkdtemp_full(place, 0700) == NULL) {
        runbook_error_set(error, RUNBOOK_FAILED, "--scratch DIR names another place",
                          "could not make a folder in \"%s\": %s", folder, g_strerror(errno));
        return NULL;
    }
    scratch->place = g_canonicalize_filename(place, NULL);
    scratch->data = g_build_filename(scratch->place, "data", NULL);
    if (geteuid() != 0 || chown(scratch->place, owner.uid, owner.gid) == 0)
        return g_steal_pointer(&scratch);
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not give \"%s\" to \"%s\": %s",
                      scratch->place, owner.name, g_strerror(errno));
    return NULL;
}

void server_scratch_free(struct server_scratch *scratch)
{
    if (scratch->place != NULL)
        remove_tree(scratch->place);
    g_free(scratch->place);
    g_free(scratch->data);
    g_free(scratch);
}

/* ---- initdb -------------------------------------------------------------------------------- */

struct child {
    const struct server_owner *owner;
    const GArray *groups;
};

static void in_child(gpointer data)
{
    const struct child *child = data;

    setsid();
    if (!server_owner_become(child->owner, child->groups))
        _exit(125);
    umask(077);
    /* Asked for after the change of account, which the kernel forgets it at. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static char **environment(void)
{
    char **variables = g_get_environ();
    g_auto(GStrv) names = g_listenv();

    for (char **name = names; *name != NULL; name++)
        if (g_str_has_prefix(*name, "PG"))
            variables = g_environ_unsetenv(variables, *name);
    return g_environ_setenv(variables, "LC_ALL", "C", TRUE);
}

static char *last_line(char *text)
{
    const char *end = strrchr(g_strchomp(text), '\n');

    return g_strdup(end != NULL ? end + 1 : text);
}

bool server_scratch_init(const struct server_scratch *scratch, int major, const char *bindir,
                         const char *role, GError **error)
{
    struct server_owner owner;
    g_autofree char *initdb = programs_find("initdb", major, major, bindir, NULL, error);

    if (initdb == NULL || !server_owner_of(scratch->place, &owner, error))
        return false;
    char *arguments[] = {initdb,
                         (char[]){"--pgdata"},
                         scratch->data,
                         (char[]){"--username"},
                         (char *) (gsize) role,
                         (char[]){"--auth=trust"},
                         (char[]){"--encoding=UTF8"},
                         (char[]){"--locale=C"},
                         (char[]){"--no-sync"},
                         (char[]){"--no-instructions"},
                         NULL};
    g_auto(GStrv) variables = environment();
    g_autoptr(GArray) groups = server_owner_groups(&owner);
    struct child child = {&owner, groups};
    g_autofree char *said = NULL;
    int status = 0;
    if (!g_spawn_sync(scratch->place, arguments, variables, G_SPAWN_STDOUT_TO_DEV_NULL,
                      in_child, &child, NULL, &said, &status, error))
        return false;
    if (g_spawn_check_wait_status(status, NULL))
        return true;
    g_autofree char *line = last_line(said);
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "initdb failed: %s", line);
    return false;
}
