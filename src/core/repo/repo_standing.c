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
    struct segment_reader *there;
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

/* As long as the server has that WAL nothing is lost: it is not to forget it. */
static bool unreadable(const GError *failure, GError **error)
{
    runbook_error_set(
        error, runbook_error_exit(failure),
        "move the file out: the server still has that WAL, and it is received anew", "%s",
        failure->message);
    return false;
}

bool standing_find(struct lineage *lineage, guint32 timeline, guint64 segment,
                   guint32 segment_bytes, struct standing **ret_standing, GError **error)
{
    g_autofree char *path = segment_path(lineage, timeline, segment, segment_bytes, false);
    struct repo_segment stored = {timeline, segment, false, 0, segment_bytes, 0};
    g_autoptr(GError) failure = NULL;
    AUTO(standing) standing = g_new0(struct standing, 1);

    *ret_standing = NULL;
    if (access(path, F_OK) != 0)
        return true;
    standing->lineage = lineage;
    standing->timeline = timeline;
    standing->segment = segment;
    standing->segment_bytes = segment_bytes;
    standing->there = lineage_segment_open(lineage, &stored, segment_bytes, &failure);
    standing->part = g_malloc(SEGMENT_PART);
    if (standing->there == NULL)
        return unreadable(failure, error);
    *ret_standing = g_steal_pointer(&standing);
    return true;
}

void standing_free(struct standing *standing)
{
    segment_reader_free(standing->there);
    g_free(standing->part);
    g_free(standing);
}

/* Where it cannot be read to its end other bytes say nothing about the server. */
static bool differs(const struct standing *standing, GError **error)
{
    g_autoptr(GError) failure = NULL;

    return segment_reader_drain(standing->there, &failure)
               ? repo_another_segment(standing->timeline, standing->segment,
                                      standing->segment_bytes, error)
               : unreadable(failure, error);
}

bool standing_put(struct standing *standing, const void *data, gsize length, GError **error)
{
    const guint8 *bytes = data;

    while (length > 0) {
        g_autoptr(GError) failure = NULL;
        gsize got = 0;
        if (!segment_reader_next(standing->there, standing->part, MIN(length, SEGMENT_PART),
                                 &got, &failure))
            return unreadable(failure, error);
        if (got == 0 || memcmp(standing->part, bytes, got) != 0)
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

bool standing_end(struct standing *standing, GError **error)
{
    g_autoptr(GError) failure = NULL;

    return segment_reader_drain(standing->there, &failure) ? standing_sync(standing, error)
                                                           : unreadable(failure, error);
}
