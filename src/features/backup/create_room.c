/* Whether a backup fits into the repository's file system, before its first byte is written. */
#include "create.h"
#include "units/units.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>

/* What of a cluster is left by compression when nothing is known of it: heap and indexes of most
 * applications shrink to a third or less. And a little for growth and WAL. */
static const double UNKNOWN_RATIO = 0.35, RESERVE = 1.05;

bool create_room_free(const char *path, guint64 *ret_free, GError **error)
{
    g_autofree char *folder = g_canonicalize_filename(path, NULL);
    struct statvfs about;

    while (statvfs(folder, &about) != 0) {
        char *above = g_path_get_dirname(folder);
        if (errno != ENOENT || g_str_equal(above, folder)) {
            runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not look at \"%s\": %s", path,
                              g_strerror(errno));
            g_free(above);
            return false;
        }
        g_free(folder);
        folder = above;
    }
    *ret_free = (guint64) about.f_bavail * about.f_frsize;
    return true;
}

/* A data directory, or a tablespace's folder of a version: "PG_15_202209061". */
static bool is_of_cluster(const char *folder)
{
    g_autofree char *name = g_path_get_basename(folder);
    g_autofree char *version = g_build_filename(folder, "PG_VERSION", NULL);
    g_autofree char *control = g_build_filename(folder, "global", "pg_control", NULL);

    return g_regex_match_simple("^PG_\\d+_\\d{9}$", name, 0, 0) ||
           (g_file_test(version, G_FILE_TEST_EXISTS) &&
            g_file_test(control, G_FILE_TEST_EXISTS));
}

/* Where it lies or would lie, all links followed. Caller frees. */
static char *real_path(const char *path)
{
    g_autofree char *there = g_canonicalize_filename(path, NULL);
    char *real = realpath(there, NULL);

    while (real == NULL && !g_str_equal(there, "/")) {
        char *above = g_path_get_dirname(there);
        g_free(there);
        there = above;
        real = realpath(there, NULL);
    }
    char *copy = g_strdup(real != NULL ? real : "/");
    free(real);
    return copy;
}

bool create_room_apart(const char *path, GError **error)
{
    g_autofree char *folder = real_path(path);

    while (!is_of_cluster(folder)) {
        char *above = g_path_get_dirname(folder);
        bool top = g_str_equal(above, folder);
        g_free(folder);
        folder = above;
        if (top)
            return true;
    }
    runbook_error_set(
        error, RUNBOOK_REFUSED,
        "--repo names a folder outside of it, best on another disk or machine",
        "the repository \"%s\" lies in a cluster's own folder, \"%s\": each backup "
        "would hold those before it, and all would be lost with the cluster",
        path, folder);
    return false;
}

guint64 create_room_needed(guint64 size, const GPtrArray *backups)
{
    double ratio = UNKNOWN_RATIO;

    for (guint i = backups == NULL ? 0 : backups->len; i > 0; i--) {
        const struct repo_backup *backup = g_ptr_array_index(backups, i - 1);
        if (backup->trouble != NULL || backup->size == 0)
            continue;
        ratio = (double) backup->stored / (double) backup->size;
        break;
    }
    return (guint64) ((double) size * ratio * RESERVE);
}

bool create_room_check(const char *path, guint64 size, const GPtrArray *backups, GError **error)
{
    guint64 available, needed = create_room_needed(size, backups);

    if (!create_room_free(path, &available, error))
        return false;
    if (available >= needed)
        return true;
    g_autofree char *has = units_format_size((gint64) available);
    g_autofree char *wants = units_format_size((gint64) needed);
    g_autofree char *whole = units_format_size((gint64) size);
    runbook_error_set(
        error, RUNBOOK_REFUSED,
        "\"pgrunbook backup expire\" makes room by the rules of what is to be kept",
        "the repository's file system has %s free, and a backup of %s will need "
        "about %s",
        has, whole, wants);
    return false;
}
