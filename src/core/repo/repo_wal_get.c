/* WAL out of the repository: a segment's bytes and its index. */
#include "repo/repo_segment.h"
#include "repo/repo_wal.h"

#include <string.h>

struct repo_reader *segment_file_open(const struct lineage *lineage,
                                      const struct repo_segment *segment, guint32 segment_bytes,
                                      bool *ret_missing, GError **error)
{
    g_autofree char *path = segment_path(lineage, segment->timeline, segment->segment,
                                         segment_bytes, segment->partial);

    return repo_reader_open(path, lineage_key(lineage), ret_missing, error);
}

struct segment_known segment_known_of(const struct lineage *lineage,
                                      const struct repo_segment *segment, guint32 segment_bytes)
{
    return segment->partial ? segment_partial_known(lineage, segment->timeline,
                                                    segment->segment, segment_bytes)
                            : (struct segment_known){0, 0};
}

/* As it stands now: a partial one that was listed may have been completed since, and gone. */
static struct repo_reader *open_as_it_stands(const struct lineage *lineage,
                                             struct repo_segment *segment,
                                             guint32 segment_bytes, GError **error)
{
    g_autoptr(GError) failure = NULL;
    bool missing = false;
    struct repo_reader *file =
        segment_file_open(lineage, segment, segment_bytes, &missing, &failure);

    if (file == NULL && missing && segment->partial) {
        g_clear_error(&failure);
        segment->partial = false;
        file = segment_file_open(lineage, segment, segment_bytes, NULL, &failure);
    }
    if (failure != NULL)
        g_propagate_error(error, g_steal_pointer(&failure));
    return file;
}

struct segment_reader *lineage_segment_open(const struct lineage *lineage,
                                            const struct repo_segment *segment,
                                            guint32 segment_bytes, GError **error)
{
    struct repo_segment now = *segment;
    struct segment_known known = segment_known_of(lineage, segment, segment_bytes);
    struct repo_reader *file = open_as_it_stands(lineage, &now, segment_bytes, error);

    return file != NULL ? segment_reader_new(file, now.partial, known, segment_bytes) : NULL;
}

static guint64 system_of(const struct lineage *lineage)
{
    guint64 system = 0;

    g_ascii_string_to_unsigned(lineage_system(lineage), 10, 0, G_MAXUINT64, &system, NULL);
    return system;
}

/* To the end also behind bytes that are no WAL: where they were damaged here, that is said. */
static bool feed_all(struct wal_reader *wal, struct segment_reader *bytes, gsize *ret_length,
                     GError **error)
{
    g_autofree guint8 *buffer = g_malloc(SEGMENT_PART);
    g_autoptr(GError) failure = NULL;
    gsize length = 0;

    *ret_length = 0;
    do {
        if (!segment_reader_next(bytes, buffer, SEGMENT_PART, &length, error))
            return false;
        if (failure == NULL)
            wal_reader_feed(wal, buffer, length, &failure);
        *ret_length += length;
    } while (length > 0);
    if (failure == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
}

static struct wal_index *index_by_reading(const struct lineage *lineage,
                                          const struct repo_segment *segment,
                                          guint32 segment_bytes, GError **error)
{
    AUTO(segment_reader)
    bytes = lineage_segment_open(lineage, segment, segment_bytes, error);
    AUTO(wal_index)
    index = wal_index_new(segment->timeline, segment->segment, segment_bytes);
    AUTO(wal_reader)
    wal = wal_reader_new(segment->segment * segment_bytes, segment_bytes, system_of(lineage),
                         wal_index_visit, index);
    gsize length = 0;

    if (bytes == NULL || !feed_all(wal, bytes, &length, error) ||
        !wal_index_finish(index, wal, length, error))
        return NULL;
    return g_steal_pointer(&index);
}

static bool index_fits(const struct wal_index *index, const struct repo_segment *segment,
                       guint32 segment_bytes)
{
    return index->timeline == segment->timeline && index->segment == segment->segment &&
           index->segment_bytes == segment_bytes;
}

/* 0 with an error. */
static guint32 size_for(const struct lineage *lineage, const struct repo_segment *segment,
                        GError **error)
{
    guint32 size = segment->segment_bytes;

    if (size == 0 && lineage_segment_bytes(lineage, &size, error) && size == 0)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "the repository has no segment of WAL");
    return size;
}

struct wal_index *lineage_segment_index(const struct lineage *lineage,
                                        const struct repo_segment *segment, GError **error)
{
    guint32 segment_bytes = size_for(lineage, segment, error);

    if (segment_bytes == 0)
        return NULL;
    if (!segment->partial) {
        AUTO(repo_reader)
        file = segment_file_open(lineage, segment, segment_bytes, NULL, error);
        if (file == NULL)
            return NULL;
        AUTO(wal_index) index = segment_index_read(file, NULL);
        if (index != NULL && index_fits(index, segment, segment_bytes))
            return g_steal_pointer(&index);
    }
    return index_by_reading(lineage, segment, segment_bytes, error);
}

bool lineage_segment_verify(const struct lineage *lineage, const struct repo_segment *segment,
                            bool *ret_usable, GError **error)
{
    guint32 segment_bytes = size_for(lineage, segment, error);

    *ret_usable = false;
    if (segment_bytes == 0)
        return false;
    AUTO(wal_index) made = index_by_reading(lineage, segment, segment_bytes, error);
    *ret_usable = made != NULL;
    if (made == NULL || segment->partial)
        return made != NULL;
    AUTO(repo_reader) file = segment_file_open(lineage, segment, segment_bytes, NULL, error);
    AUTO(wal_index) stored = file != NULL ? segment_index_read(file, error) : NULL;
    if (stored == NULL)
        return false;
    /* One that was stored before joins were. */
    made->joined = stored->joined;
    g_autofree char *wanted = wal_index_text(made);
    g_autofree char *there = wal_index_text(stored);
    if (strcmp(wanted, there) == 0)
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, NULL,
                      "\"%s\": its index says something else than its bytes",
                      repo_reader_path(file));
    return false;
}

bool lineage_segment_copies(const struct lineage *lineage, const struct repo_segment *segment)
{
    g_autoptr(GArray) path = segment->partial && segment->segment_bytes != 0
                                 ? lineage_history(lineage, segment->timeline, NULL, NULL)
                                 : NULL;

    if (path == NULL || path->len < 2)
        return false;
    guint64 begin = g_array_index(path, struct wal_stretch, path->len - 1).begin;
    if (begin / segment->segment_bytes != segment->segment)
        return false;
    AUTO(wal_index) index = lineage_segment_index(lineage, segment, NULL);
    return index != NULL && index->end_lsn < begin;
}
