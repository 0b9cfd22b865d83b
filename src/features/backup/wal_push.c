/* `backup wal push`: archive_command. It is started for every segment: it does nothing else. */
#include "backup_commands.h"
#include "repo/repo_wal.h"
#include "wal_around.h"

#include <string.h>

/* What a segment says of itself, where there is no data directory around it. */
static char *system_of_segment(const char *path)
{
    enum { HEADER = 40, SYSTEM_AT = 24 };
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);
    guint64 system = 0;

    if (file == NULL || g_mapped_file_get_length(file) < HEADER)
        return NULL;
    memcpy(&system, g_mapped_file_get_contents(file) + SYSTEM_AT, sizeof system);
    return g_strdup_printf("%" G_GUINT64_FORMAT, GUINT64_FROM_LE(system));
}

enum runbook_exit wal_push_command(struct call *call, GError **error)
{
    const char *path = call->arguments[0];
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *system = wal_system_around(path);
    struct wal_name parsed = wal_name_parse(name, 1 << 20);
    bool around = system != NULL;

    if (system == NULL && (parsed.kind == WAL_SEGMENT || parsed.kind == WAL_PARTIAL))
        system = system_of_segment(path);
    if (system == NULL && !g_file_test(path, G_FILE_TEST_EXISTS)) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "there is no file \"%s\"", path);
        return RUNBOOK_FAILED;
    }
    if (system == NULL) {
        runbook_error_set(error, RUNBOOK_FAILED,
                          "archive_command is called in the data directory",
                          "there is no global/pg_control that would say whose \"%s\" is", path);
        return RUNBOOK_FAILED;
    }
    /* Never a new one: where its file system is not mounted, WAL would be stored out of sight, and
     * the server would remove it. */
    AUTO(repo) repo = repo_open(call->settings, false, error);
    if (repo == NULL)
        return runbook_error_exit(*error);
    /* Making sure of its folders costs some waiting for the disk: only when they are not there. What a
     * file alone says of itself, zeroes perhaps, makes no cluster's. */
    AUTO(lineage) lineage = lineage_open(repo, system, false, around ? NULL : error);
    if (lineage == NULL && around)
        lineage = lineage_open(repo, system, true, error);
    if (lineage == NULL)
        return runbook_error_exit(*error);
    enum repo_put put = lineage_wal_put(
        lineage, path, name, (int) settings_int(call->settings, "backup.compress"), error);
    return put == REPO_PUT_DONE || put == REPO_PUT_SAME ? RUNBOOK_DONE : RUNBOOK_FAILED;
}
