/* What restore_command asks for: a file of WAL out of the repository, to a place of the server's. */
#include "out/whole_file.h"
#include "repo/repo_segment.h"
#include "repo/repo_wal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of a server that is open to its group (initdb -g) what it makes is as well. */
static mode_t mode_of(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    struct stat status;

    return stat(folder, &status) == 0 && (status.st_mode & 0777) == 0750 ? 0640 : 0600;
}

static bool write_file(const char *path, const guint8 *bytes, gsize length, GError **error)
{
    struct whole_file file;

    return whole_file_begin_shared(&file, path, mode_of(path), error) &&
           whole_file_end(&file, whole_file_put(&file, bytes, length, error), false, error);
}

/* A segment to be given: what is stored of it, as far as it is the segment's. */
struct gift {
    struct segment_reader *bytes;
    gsize most;
};

/* The next part of it; *ret_length 0: that was all. What is not the segment's is read, to learn
 * whether the file is as it was stored. */
static bool gift_next(const struct gift *gift, gsize at, guint8 *buffer, gsize *ret_length,
                      GError **error)
{
    gsize room = MIN(gift->most - at, SEGMENT_PART);

    *ret_length = 0;
    return room > 0 ? segment_reader_next(gift->bytes, buffer, room, ret_length, error)
                    : segment_reader_drain(gift->bytes, error);
}

/* Zeroes behind what there is of a partial one. */
static bool put_segment(const struct whole_file *draft, const struct gift *gift,
                        guint32 segment_bytes, GError **error)
{
    g_autofree guint8 *buffer = g_malloc(SEGMENT_PART);
    gsize length = 0, left = segment_bytes;

    do {
        if (!gift_next(gift, segment_bytes - left, buffer, &length, error) ||
            !whole_file_put(draft, buffer, length, error))
            return false;
        left -= length;
    } while (length > 0);
    memset(buffer, 0, MIN(left, SEGMENT_PART));
    for (gsize part = 0; left > 0; left -= part) {
        part = MIN(left, SEGMENT_PART);
        if (!whole_file_put(draft, buffer, part, error))
            return false;
    }
    return true;
}

/* What is no segment stands as it is: histories, backup histories. */
static bool get_small(const struct lineage *lineage, const struct wal_name *name,
                      const char *text, const char *path, bool *ret_missing, GError **error)
{
    guint32 timeline = name->kind == WAL_HISTORY ? 0 : name->timeline;
    g_autofree char *folder = segment_folder(lineage, timeline);
    g_autofree char *from = g_build_filename(folder, text, NULL);
    gsize length = 0;
    g_autofree char *bytes =
        name->kind == WAL_HISTORY
            ? repo_history_read(lineage, text, &length, ret_missing, NULL, error)
            : repo_file_read(from, lineage_key(lineage), &length, ret_missing, error);

    return bytes != NULL && write_file(path, (const guint8 *) bytes, length, error);
}

/* Complete, else as far as it has arrived; *ret_known: what must be there of it. */
static struct repo_reader *open_any(const struct lineage *lineage, struct repo_segment *segment,
                                    struct segment_known *ret_known, bool *ret_missing,
                                    GError **error)
{
    guint32 size = segment->segment_bytes;
    bool asked = segment->partial;

    /* Twice: it may have been completed between the two looks. */
    for (int turn = 0; turn < 2; turn++) {
        for (int partial = asked; partial <= 1; partial++) {
            g_autoptr(GError) failure = NULL;
            segment->partial = partial == 1;
            *ret_known = segment_known_of(lineage, segment, size);
            struct repo_reader *file =
                segment_file_open(lineage, segment, size, ret_missing, &failure);
            if (file != NULL)
                return file;
            if (!*ret_missing || (turn == 1 && partial == 1)) {
                g_propagate_error(error, g_steal_pointer(&failure));
                /* Its note is there: so it has been. */
                *ret_missing = *ret_missing && ret_known->length == 0;
                return NULL;
            }
        }
    }
    return NULL;
}

static gsize read_up_to(int descriptor, guint8 *buffer, gsize length)
{
    gsize done = 0;

    while (done < length) {
        gssize got = read(descriptor, buffer + done, length - done);
        if (got == 0 || (got < 0 && errno != EINTR))
            break;
        done += (gsize) MAX(got, 0);
    }
    return done;
}

/* Whether a file begins with all that there is of a segment. */
static bool begins_with(int descriptor, const struct gift *gift, bool *ret_same, GError **error)
{
    g_autofree guint8 *stored = g_malloc(SEGMENT_PART), *here = g_malloc(SEGMENT_PART);
    gsize at = 0, length = 0;

    *ret_same = true;
    do {
        if (!gift_next(gift, at, stored, &length, error))
            return false;
        *ret_same = *ret_same && read_up_to(descriptor, here, length) == length &&
                    memcmp(stored, here, length) == 0;
        at += length;
    } while (length > 0);
    return true;
}

/* The server replaces the segment that it has in pg_wal, beside path, by the one it is given. One
 * that still arrives is less than what a standby has had from its primary meanwhile: commits that
 * a client was told of, the record it must find again to be promoted. Of one timeline the shorter
 * is the other's beginning; so what begins with all of ours is as long or longer. */
static bool is_there_already(const char *name, const char *path, const struct gift *gift,
                             bool *ret_there, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *there = g_build_filename(folder, name, NULL);
    g_autofree char *base = g_path_get_basename(path);
    int descriptor = -1;

    *ret_there = false;
    if (strcmp(base, name) == 0)
        return true;
    descriptor = open(there, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return true;
    bool good = begins_with(descriptor, gift, ret_there, error);
    close(descriptor);
    segment_reader_rewind(gift->bytes);
    if (good && *ret_there)
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "the repository has no more of \"%s\" than there is already", name);
    return good;
}

/* Also when *ret_missing with an error. */
static bool give(const struct gift *gift, const char *name, const char *path,
                 guint32 segment_bytes, bool partial, bool *ret_missing, GError **error)
{
    struct whole_file draft;

    if (partial && (!is_there_already(name, path, gift, ret_missing, error) || *ret_missing))
        return false;
    return whole_file_begin_shared(&draft, path, mode_of(path), error) &&
           whole_file_end(&draft, put_segment(&draft, gift, segment_bytes, error), false,
                          error);
}

/* Where a timeline begins in the segment, and the file that is there is of one that it left and goes on
 * behind that: that file, and how much of it is on the path. */
static bool find_left(const struct lineage *lineage, const struct repo_segment *segment,
                      struct repo_segment *ret_left, gsize *ret_most)
{
    guint64 start = segment->segment * segment->segment_bytes;
    g_autoptr(GArray) path = lineage_history(lineage, segment->timeline, NULL, NULL);
    guint count = path != NULL ? path->len : 0;

    if (count < 2 ||
        g_array_index(path, struct wal_stretch, count - 1).begin / segment->segment_bytes !=
            segment->segment)
        return false;
    for (guint i = count - 1; i > 0; i--) {
        const struct wal_stretch *stretch = &g_array_index(path, struct wal_stretch, i - 1);
        if (stretch->end < start)
            break;
        if (!lineage_segment_find(lineage, stretch->timeline, segment->segment,
                                  segment->segment_bytes, ret_left))
            continue;
        AUTO(wal_index) index = lineage_segment_index(lineage, ret_left, NULL);
        *ret_most = (gsize) (stretch->end - start);
        return index != NULL && index->end_lsn > stretch->end;
    }
    return false;
}

static bool get_segment(const struct lineage *lineage, const char *name,
                        struct repo_segment segment, const char *path, bool *ret_missing,
                        GError **error)
{
    struct segment_known known = {0, 0};
    struct repo_reader *file = open_any(lineage, &segment, &known, ret_missing, error);

    if (file == NULL)
        return false;
    AUTO(segment_reader)
    bytes = segment_reader_new(file, segment.partial, known, segment.segment_bytes);
    const struct gift gift = {bytes, segment.segment_bytes};
    if (segment.partial && lineage_segment_copies(lineage, &segment)) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "of \"%s\" only a part has arrived that is of the timeline before",
                          name);
        *ret_missing = true;
        return false;
    }
    return give(&gift, name, path, segment.segment_bytes, segment.partial, ret_missing, error);
}

/* What is not there: false, also when *ret_missing. */
static bool parse_segment(const struct lineage *lineage, const char *name,
                          struct repo_segment *ret_segment, bool *ret_missing, GError **error)
{
    guint32 segment_bytes = 0;

    /* What cannot be read is not missing: a recovery would end there, and be believed. */
    if (!lineage_segment_bytes(lineage, &segment_bytes, error))
        return false;
    struct wal_name parsed = wal_name_parse(name, segment_bytes);
    *ret_missing = segment_bytes == 0 || parsed.kind == WAL_OTHER;
    if (*ret_missing)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "the repository has no \"%s\"", name);
    *ret_segment = (struct repo_segment){
        parsed.timeline, parsed.segment, parsed.kind == WAL_PARTIAL, 0, segment_bytes, 0};
    return !*ret_missing;
}

bool lineage_wal_get(const struct lineage *lineage, const char *name, const char *path,
                     bool *ret_missing, GError **error)
{
    struct wal_name parsed = wal_name_parse(name, 1 << 20);
    struct repo_segment segment;

    *ret_missing = false;
    if (parsed.kind == WAL_OTHER) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "\"%s\" is no name of a file of WAL",
                          name);
        return false;
    }
    if (parsed.kind == WAL_HISTORY || parsed.kind == WAL_BACKUP_HISTORY)
        return get_small(lineage, &parsed, name, path, ret_missing, error);
    return parse_segment(lineage, name, &segment, ret_missing, error) &&
           get_segment(lineage, name, segment, path, ret_missing, error);
}

bool lineage_wal_get_common(const struct lineage *lineage, const char *name, const char *path,
                            bool *ret_missing, GError **error)
{
    struct repo_segment segment, left;
    struct gift gift = {0};

    *ret_missing = wal_name_parse(name, 1 << 20).kind != WAL_SEGMENT;
    if (*ret_missing || !parse_segment(lineage, name, &segment, ret_missing, error))
        return false;
    *ret_missing = !find_left(lineage, &segment, &left, &gift.most);
    if (*ret_missing)
        return false;
    AUTO(segment_reader)
    bytes = lineage_segment_open(lineage, &left, segment.segment_bytes, error);
    gift.bytes = bytes;
    return bytes != NULL &&
           give(&gift, name, path, segment.segment_bytes, true, ret_missing, error);
}

/* What comes before a timeline's beginning is its ancestors': there it has no gaps. */
static bool is_on(const struct lineage *lineage, const struct wal_name *name, guint32 size)
{
    g_autoptr(GArray) path = lineage_history(lineage, name->timeline, NULL, NULL);

    if (path == NULL || path->len == 0)
        return true;
    return name->segment >= g_array_index(path, struct wal_stretch, path->len - 1).begin / size;
}

bool lineage_wal_gap(const struct lineage *lineage, const char *name, GError **error)
{
    guint32 size = 0;
    guint64 behind = G_MAXUINT64;
    char next[WAL_NAME_BYTES];

    if (!lineage_segment_bytes(lineage, &size, NULL) || size == 0)
        return false;
    struct wal_name missing = wal_name_parse(name, size);
    if (missing.kind != WAL_SEGMENT || !is_on(lineage, &missing, size))
        return false;
    g_autofree char *partial =
        segment_path(lineage, missing.timeline, missing.segment, size, true);
    if (g_file_test(partial, G_FILE_TEST_EXISTS))
        return false;
    g_autofree char *folder = segment_folder(lineage, missing.timeline);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file = NULL;
    while (dir != NULL && (file = g_dir_read_name(dir)) != NULL) {
        g_autofree char *stem =
            g_strndup(file, strlen(file) - MIN(strlen(file), strlen(".zst")));
        struct wal_name there = wal_name_parse(stem, size);
        if (g_str_has_suffix(file, ".zst") && there.segment > missing.segment &&
            (there.kind == WAL_SEGMENT || there.kind == WAL_PARTIAL))
            behind = MIN(behind, there.segment);
    }
    if (behind == G_MAXUINT64)
        return false;
    wal_segment_name(missing.timeline, behind, size, next);
    runbook_error_set(error, RUNBOOK_FAILED,
                      "WAL behind the gap cannot be reached from before. With --gaps-are-ends "
                      "a recovery ends here; a backup that was taken behind it leads on",
                      "WAL is missing from \"%s\" on, and there again from \"%s\" on", name,
                      next);
    return true;
}
