/* WAL that nobody needs any more. */
#include "repo/repo_segment.h"

#include <errno.h>
#include <unistd.h>

bool lineage_segment_remove(struct lineage *lineage, const struct repo_segment *segment,
                            GError **error)
{
    guint32 bytes = segment->segment_bytes;

    if (bytes == 0 && !lineage_segment_bytes(lineage, &bytes, error))
        return false;
    segment_partial_forget(lineage, segment->timeline, segment->segment, bytes);
    /* The partial one may still stand beside the whole. */
    for (int partial = 0; partial <= 1; partial++) {
        g_autofree char *path =
            segment_path(lineage, segment->timeline, segment->segment, bytes, partial == 1);
        if (unlink(path) == 0 || errno == ENOENT)
            continue;
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not remove \"%s\": %s", path,
                          g_strerror(errno));
        return false;
    }
    return true;
}

/* The .backup files that an archiver brought, in one timeline's folder. */
static void tidy_timeline(const char *folder, guint32 bytes, guint64 first)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        struct wal_name parsed = wal_name_parse(name, bytes);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (parsed.kind == WAL_BACKUP_HISTORY && parsed.segment < first)
            unlink(path);
    }
    repo_folder_clean(folder);
}

bool lineage_wal_tidy(struct lineage *lineage, guint64 first, GError **error)
{
    g_autofree char *wal = segment_folder(lineage, 0);
    guint32 bytes = 0;
    g_autoptr(GDir) dir = g_dir_open(wal, 0, NULL);
    const char *name;

    if (!lineage_segment_bytes(lineage, &bytes, error))
        return false;

    while (dir != NULL && bytes != 0 && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *folder = g_build_filename(wal, name, NULL);
        if (!g_file_test(folder, G_FILE_TEST_IS_DIR))
            continue;
        tidy_timeline(folder, bytes, first);
        if (!repo_folder_sync(folder, error))
            return false;
    }
    return true;
}
