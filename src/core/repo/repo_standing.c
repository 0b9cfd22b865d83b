/*
 * A segment that is stored already and arrives once more: what arrives is held against it. Two servers
 * that write into one repository are found out by that, before anything of the second is
 * acknowledged.
 */
#include "repo/repo_segment.h"

#include <string.h>
#include <unistd.h>

struct standing {
    struct lineage *lineage;
    guint32 timeline, segment_bytes;
    guint64 segment;
    struct segment_reader *there; /* NULL: it is damaged, and nothing can be held against it */
    guint8 *part;
};

bool repo_another_segment(guint32 timeline, guint64 segment, guint32 segment_bytes,
                          GError **error)
{
    char name[WAL_NAME_BYTES];

    wal_segment_name(timeline, segment, segment_bytes, name);
    runbook_error_set(error, RUNBOOK_REFUSED, REPO_TWO_SERVERS,
                      "the repository has another %s already, which stays", name);
    return false;
}

struct standing *standing_new(struct lineage *lineage, guint32 timeline, guint64 segment,
                              guint32 segment_bytes)
{
    g_autofree char *path = segment_path(lineage, timeline, segment, segment_bytes, false);
    struct repo_segment stored = {timeline, segment, false, 0, segment_bytes, 0};
    struct standing *standing = NULL;

    if (access(path, F_OK) != 0)
        return NULL;
    standing = g_new0(struct standing, 1);
    standing->lineage = lineage;
    standing->timeline = timeline;
    standing->segment = segment;
    standing->segment_bytes = segment_bytes;
    standing->there = lineage_segment_open(lineage, &stored, segment_bytes, NULL);
    standing->part = g_malloc(SEGMENT_PART);
    return standing;
}

void standing_free(struct standing *standing)
{
    segment_reader_free(standing->there);
    g_free(standing->part);
    g_free(standing);
}

/* Where it cannot be read to its end other bytes say nothing about the server. */
static bool differs(struct standing *standing, GError **error)
{
    bool whole = segment_reader_drain(standing->there, NULL);

    g_clear_pointer(&standing->there, segment_reader_free);
    return !whole || repo_another_segment(standing->timeline, standing->segment,
                                          standing->segment_bytes, error);
}

bool standing_put(struct standing *standing, const void *data, gsize length, GError **error)
{
    const guint8 *bytes = data;

    while (length > 0 && standing->there != NULL) {
        gsize got = 0;
        if (!segment_reader_next(standing->there, standing->part, MIN(length, SEGMENT_PART),
                                 &got, NULL) ||
            got == 0)
            g_clear_pointer(&standing->there, segment_reader_free);
        else if (memcmp(standing->part, bytes, got) != 0)
            return differs(standing, error);
        bytes += got;
        length -= got;
    }
    return true;
}

bool standing_sync(struct standing *standing, GError **error)
{
    g_autofree char *folder = segment_folder(standing->lineage, standing->timeline);

    return repo_folder_sync(folder, error);
}
