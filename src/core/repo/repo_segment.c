/* The index behind a segment's frames; where its file stands. */
#include "repo/repo_segment.h"

#include "repo/repo_private.h"
#include "wal/wal_crc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The skippable frame: magic (4), length of the rest (4), the index as JSON, its length (4), its
 * CRC-32C (4), a mark (8). Read from the file's end.
 */
enum { FRAME_HEADER = 8, FRAME_TAIL = 16, INDEX_MOST = 64 << 20 };

static const guint32 index_magic = 0x184D2A57;
#define INDEX_MARK "PGRBWIX1"

/* ---- the index ---------------------------------------------------------------------------- */

GByteArray *segment_index_frame(const struct wal_index *index)
{
    g_autofree char *text = wal_index_text(index);
    guint32 length = (guint32) strlen(text);
    GByteArray *frame = g_byte_array_new();
    guint8 numbers[8];

    repo_store32(numbers, index_magic);
    repo_store32(numbers + 4, length + FRAME_TAIL);
    g_byte_array_append(frame, numbers, 8);
    g_byte_array_append(frame, (const guint8 *) text, length);
    repo_store32(numbers, length);
    repo_store32(numbers + 4, wal_crc(0, text, length));
    g_byte_array_append(frame, numbers, 8);
    g_byte_array_append(frame, (const guint8 *) INDEX_MARK, 8);
    return frame;
}

static bool no_index(const struct repo_reader *file, const char *why, GError **error)
{
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "\"%s\": its index %s",
                      repo_reader_path(file), why);
    return false;
}

struct wal_index *segment_index_read(const struct repo_reader *file, GError **error)
{
    guint64 size = repo_reader_size(file);
    guint8 tail[FRAME_TAIL], head[FRAME_HEADER];
    guint32 length = 0;

    if (size < FRAME_HEADER + FRAME_TAIL ||
        !repo_reader_read(file, size - FRAME_TAIL, tail, sizeof tail, NULL) ||
        memcmp(tail + 8, INDEX_MARK, 8) != 0) {
        no_index(file, "is missing", error);
        return NULL;
    }
    length = repo_load32(tail);
    if (length > INDEX_MOST || length > size - FRAME_HEADER - FRAME_TAIL) {
        no_index(file, "is damaged", error);
        return NULL;
    }
    g_autofree char *text = g_malloc((gsize) length + 1);
    guint64 place = size - FRAME_TAIL - length;
    if (!repo_reader_read(file, place - FRAME_HEADER, head, sizeof head, error) ||
        !repo_reader_read(file, place, text, length, error))
        return NULL;
    if (repo_load32(head) != index_magic || repo_load32(head + 4) != length + FRAME_TAIL ||
        wal_crc(0, text, length) != repo_load32(tail + 4)) {
        no_index(file, "is damaged", error);
        return NULL;
    }
    return wal_index_parse(text, length, error);
}

/* ---- files and folders -------------------------------------------------------------------- */

char *segment_folder(const struct lineage *lineage, guint32 timeline)
{
    if (timeline == 0)
        return g_strdup_printf("%s/wal", lineage_path(lineage));
    return g_strdup_printf("%s/wal/%08X", lineage_path(lineage), timeline);
}

bool segment_file_sync(const char *path, GError **error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    bool good = descriptor >= 0 && fsync(descriptor) == 0;

    if (!good)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not sync \"%s\": %s", path,
                          g_strerror(errno));
    if (descriptor >= 0)
        close(descriptor);
    return good;
}

/* A folder that is there, in one that has not changed for an hour, is durable: every file system
 * has written it by itself since, and an fsync for every segment would be a wait for nothing. */
static bool is_settled(const char *folder, const char *parent)
{
    enum { HOUR_S = 3600 };
    struct stat about, above;

    return stat(folder, &about) == 0 && stat(parent, &above) == 0 &&
           (gint64) above.st_mtime < g_get_real_time() / G_USEC_PER_SEC - HOUR_S;
}

char *segment_folder_make(const struct lineage *lineage, guint32 timeline, GError **error)
{
    g_autofree char *top = segment_folder(lineage, 0);
    g_autofree char *folder = segment_folder(lineage, timeline);
    g_autofree char *repo = g_path_get_dirname(lineage_path(lineage));

    /* Whoever made the cluster's folder may have died before it was durable. */
    if (!is_settled(lineage_path(lineage), repo) &&
        !repo_folder_make(lineage_path(lineage), error))
        return NULL;
    if (!is_settled(top, lineage_path(lineage)) && !repo_folder_make(top, error))
        return NULL;
    if (timeline != 0 && !is_settled(folder, top) && !repo_folder_make(folder, error))
        return NULL;
    return g_steal_pointer(&folder);
}

char *segment_path(const struct lineage *lineage, guint32 timeline, guint64 segment,
                   guint32 segment_bytes, bool partial)
{
    g_autofree char *folder = segment_folder(lineage, timeline);
    char name[WAL_NAME_BYTES];

    wal_segment_name(timeline, segment, segment_bytes, name);
    return g_strdup_printf("%s/%s%s.zst", folder, name, partial ? ".partial" : "");
}
