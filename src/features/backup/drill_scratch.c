/*
 * The folder a drill works in. Everything lies below one name of ours, so that whatever else is in
 * the folder is never touched, and what a killed drill left is known by its name.
 */
#include "drill.h"
#include "error.h"
#include "units/units.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PLACE "pgrunbook-drill"

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void) status;
    (void) kind;
    (void) walk;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

/* Links are removed, never followed: a tablespace's link may lead anywhere. */
static bool remove_tree(const char *path, GError **error)
{
    if (nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, "it holds nothing but a drill's copy: remove it",
                      "could not remove \"%s\": %s", path, g_strerror(errno));
    return false;
}

static bool take_lock(struct drill_scratch *scratch, GError **error)
{
    g_autofree char *path = g_build_filename(scratch->folder, PLACE ".lock", NULL);

    scratch->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (scratch->lock < 0) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not open \"%s\": %s", path,
                          g_strerror(errno));
        return false;
    }
    if (flock(scratch->lock, LOCK_EX | LOCK_NB) == 0)
        return true;
    /* Who has no lock has nothing to remove. */
    close(scratch->lock);
    scratch->lock = -1;
    runbook_error_set(error, RUNBOOK_REFUSED, "wait for it, or give this one another --scratch",
                      "another drill is at work in \"%s\"", scratch->folder);
    return false;
}

/* A server of a drill that was killed ends with it, but not in no time. */
static bool await_old_server(const struct drill_scratch *scratch, GError **error)
{
    for (int i = 0; i < 100 && server_running_on(scratch->data) != 0; i++)
        g_usleep(G_USEC_PER_SEC / 10);
    if (server_running_on(scratch->data) == 0)
        return true;
    runbook_error_set(error, RUNBOOK_REFUSED, "stop it first",
                      "a server runs on \"%s\", which an earlier drill left", scratch->data);
    return false;
}

/* As root the copy belongs to whom the folder belongs to. */
static bool make_place(struct drill_scratch *scratch, GError **error)
{
    struct server_owner owner;

    if (!server_owner_of(scratch->folder, &owner, error))
        return false;
    scratch->mine = g_mkdir(scratch->place, 0700) == 0;
    if (scratch->mine && (geteuid() != 0 || chown(scratch->place, owner.uid, owner.gid) == 0))
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not make \"%s\": %s", scratch->place,
                      g_strerror(errno));
    return false;
}

bool drill_scratch_open(const char *folder, struct drill_scratch *ret_scratch, GError **error)
{
    struct drill_scratch scratch = {.lock = -1};

    if (folder == NULL || *folder == '\0') {
        runbook_error_set(error, RUNBOOK_USAGE,
                          "--scratch DIR says where, or the setting backup.scratch; it needs "
                          "room for the whole cluster",
                          "it is not known where to restore to");
        return false;
    }
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not make \"%s\": %s", folder,
                          g_strerror(errno));
        return false;
    }
    scratch.folder = g_canonicalize_filename(folder, NULL);
    scratch.place = g_build_filename(scratch.folder, PLACE, NULL);
    scratch.data = g_build_filename(scratch.place, "data", NULL);
    scratch.tablespaces = g_build_filename(scratch.place, "tablespaces", NULL);
    *ret_scratch = scratch;
    return take_lock(ret_scratch, error) && await_old_server(ret_scratch, error) &&
           remove_tree(ret_scratch->place, error) && make_place(ret_scratch, error);
}

bool drill_scratch_room(const struct drill_scratch *scratch, guint64 bytes, GError **error)
{
    struct statvfs space;

    if (statvfs(scratch->folder, &space) != 0)
        return true;
    guint64 left = (guint64) space.f_bavail * space.f_frsize;
    if (left >= bytes)
        return true;
    g_autofree char *wants = units_format_size((gint64) bytes);
    g_autofree char *has = units_format_size((gint64) left);
    runbook_error_set(error, RUNBOOK_REFUSED, "give it another folder with --scratch",
                      "\"%s\" has %s left, and the copy needs %s", scratch->folder, has, wants);
    return false;
}

bool drill_scratch_close(struct drill_scratch *scratch, GError **error)
{
    bool fine = !scratch->mine || remove_tree(scratch->place, error);

    /* The lock's file stays: removed, two could each lock one of that name. */
    if (scratch->lock >= 0)
        close(scratch->lock);
    scratch->lock = -1;
    scratch->mine = false;
    g_clear_pointer(&scratch->folder, g_free);
    g_clear_pointer(&scratch->place, g_free);
    g_clear_pointer(&scratch->data, g_free);
    g_clear_pointer(&scratch->tablespaces, g_free);
    return fine;
}
