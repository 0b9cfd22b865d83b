/* WAL into the repository, as archive_command gives it: checked, never overwritten, durable. */
#include "repo/repo_segment.h"
#include "repo/repo_squeeze.h"
#include "repo/repo_wal.h"
#include "wal/wal_crc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is to be put, once it is known to be what its name says. */
struct offer {
    struct lineage *lineage;
    const char *text; /* the name */
    struct wal_name name;
    const guint8 *bytes;
    gsize length;
    guint32 segment_bytes;
    guint64 system;
    int level;
    bool left; /* its timeline was left in it: what is there is all there will be */
    struct squeeze *squeeze; /* the whole is being compressed while it is examined; NULL: not */
};

static enum repo_put refuse(GError **error, const char *hint, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static enum repo_put refuse(GError **error, const char *hint, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    runbook_error_set(error, RUNBOOK_FAILED, hint, "%s", what);
    return REPO_PUT_FAILED;
}

static enum repo_put another(const struct offer *offer, GError **error)
{
    runbook_error_set(
        error, RUNBOOK_FAILED,
        "two clusters that write to one repository? A copy of this one needs archive_mode = "
        "off, or a repository of its own",
        "the repository has another file named \"%s\", which stays", offer->text);
    return REPO_PUT_DIFFERENT;
}

/* An identical file is success only when it is durable: who wrote it may have died just before. */
static enum repo_put same(const struct offer *offer, guint32 timeline, GError **error)
{
    g_autofree char *folder = segment_folder(offer->lineage, timeline);

    return repo_folder_sync(folder, error) ? REPO_PUT_SAME : REPO_PUT_FAILED;
}

/* ---- histories ---------------------------------------------------------------------------- */

static enum repo_put compare_small(const struct offer *offer, guint32 timeline,
                                   const char *path, GError **error)
{
    gsize length = 0;
    bool missing = false;
    g_autofree char *there =
        offer->name.kind == WAL_HISTORY
            ? repo_history_read(offer->lineage, offer->text, &length, &missing, NULL, error)
            : repo_file_read(path, lineage_key(offer->lineage), &length, NULL, error);

    if (there == NULL)
        return REPO_PUT_FAILED;
    if (length != offer->length || memcmp(there, offer->bytes, length) != 0)
        return another(offer, error);
    return same(offer, timeline, error);
}

static enum repo_put put_small(const struct offer *offer, GError **error)
{
    guint32 timeline = offer->name.kind == WAL_HISTORY ? 0 : offer->name.timeline;
    g_autofree char *folder = segment_folder_make(offer->lineage, timeline, error);
    g_autofree char *path = g_build_filename(folder != NULL ? folder : "", offer->text, NULL);
    bool exists = false;

    if (folder == NULL)
        return REPO_PUT_FAILED;
    if (offer->name.kind == WAL_HISTORY) {
        g_autofree char *text = g_strndup((const char *) offer->bytes, offer->length);
        g_autoptr(GArray) history = wal_history_parse(offer->name.timeline, text, error);
        if (history == NULL)
            return REPO_PUT_FAILED;
    }
    AUTO(repo_writer) file = repo_writer_new(folder, lineage_key(offer->lineage), error);
    if (file == NULL || !repo_writer_put(file, offer->bytes, offer->length, error) ||
        !repo_writer_end(file, error) ||
        !repo_writer_show(file, offer->text, true, &exists, error))
        return REPO_PUT_FAILED;
    enum repo_put put = exists ? compare_small(offer, timeline, path, error) : REPO_PUT_DONE;
    if (offer->name.kind == WAL_HISTORY && (put == REPO_PUT_DONE || put == REPO_PUT_SAME) &&
        !repo_history_copy(offer->lineage, offer->text, offer->bytes, offer->length, error))
        return REPO_PUT_FAILED;
    return put;
}

enum repo_put lineage_history_put(struct lineage *lineage, guint32 timeline, const char *text,
                                  gsize length, GError **error)
{
    g_autofree char *name = g_strdup_printf("%08X.history", timeline);
    struct offer offer = {.lineage = lineage,
                          .text = name,
                          .name = {WAL_HISTORY, timeline, 0},
                          .bytes = (const guint8 *) text,
                          .length = length};

    return put_small(&offer, error);
}

/* ---- is it what its name says? ------------------------------------------------------------ */

/* A segment that has pages of an earlier timeline only is the one in which its own began. */
static bool forks_here(const struct offer *offer)
{
    g_autoptr(GArray) path = lineage_history(offer->lineage, offer->name.timeline, NULL, NULL);
    const struct wal_stretch *own = NULL;

    if (path == NULL || path->len == 0)
        return false;
    own = &g_array_index(path, struct wal_stretch, path->len - 1);
    return own->begin / offer->segment_bytes == offer->name.segment;
}

/* A standby that follows a promoted one gives its archiver the segment in which the old timeline
 * was left under its full name (archive_mode = always), and again until that succeeds. Behind the
 * end stands whatever the file held before. */
static bool is_left(const struct offer *offer, const struct wal_reader *reader)
{
    guint64 start = offer->name.segment * offer->segment_bytes;
    guint64 fork = repo_history_left(offer->lineage, offer->name.timeline, start,
                                     start + offer->segment_bytes);

    return wal_reader_timeline(reader) != 0 && fork != 0 && wal_reader_end(reader) >= fork;
}

static void ignore(const struct wal_event *event, gpointer data)
{
    wal_index_add(data, event);
}

/* NULL: it is not. */
static struct wal_index *examine(struct offer *offer, GError **error)
{
    guint32 timeline = offer->name.timeline, size = offer->segment_bytes;
    guint64 start = offer->name.segment * size;
    AUTO(wal_index) index = wal_index_new(timeline, offer->name.segment, size);
    AUTO(wal_reader) reader = wal_reader_new(start, size, offer->system, ignore, index);
    bool partial = offer->name.kind == WAL_PARTIAL;
    g_autoptr(GError) failure = NULL;

    bool fed = wal_reader_feed(reader, offer->bytes, offer->length, &failure);
    offer->left = !partial && (!fed || wal_reader_over(reader)) && is_left(offer, reader);
    partial |= offer->left;
    if (!fed && (!partial || wal_reader_timeline(reader) == 0)) {
        refuse(error,
               "a segment that a server has only set aside for later, or that is damaged, is "
               "not archived",
               "\"%s\" is not what its name says: %s", offer->text, failure->message);
        return NULL;
    }
    if (wal_reader_timeline(reader) > timeline ||
        (wal_reader_timeline(reader) < timeline && !forks_here(offer))) {
        refuse(error, NULL, "\"%s\" is not what its name says: its pages are of timeline %u",
               offer->text, wal_reader_timeline(reader));
        return NULL;
    }
    if (!partial && wal_reader_over(reader)) {
        g_autofree char *end = wal_lsn_format(wal_reader_end(reader));
        refuse(error, "the server has not written the rest of it yet",
               "\"%s\" is not complete: its WAL ends at %s", offer->text, end);
        return NULL;
    }
    wal_index_close(index, reader, !partial);
    return g_steal_pointer(&index);
}

/* ---- segments ----------------------------------------------------------------------------- */

/* What two files of one name have in common must be the same: as far as the shorter one of two
 * partial ones goes. */
static enum repo_put compare(const struct offer *offer, const struct wal_index *index,
                             bool partial, GError **error)
{
    struct repo_segment stored = {
        offer->name.timeline, offer->name.segment, partial, 0, offer->segment_bytes, 0};
    gsize length = 0, ours = offer->length, common = 0;
    g_autofree guint8 *there = g_malloc(offer->segment_bytes);

    if (!lineage_segment_read(offer->lineage, &stored, there, offer->segment_bytes, &length,
                              error))
        return REPO_PUT_FAILED;
    if (!index->whole)
        ours = (gsize) (index->end_lsn - offer->name.segment * offer->segment_bytes);
    common = MIN(ours, length);
    if (memcmp(there, offer->bytes, common) != 0)
        return another(offer, error);
    /* A partial file that has less than ours is to be replaced. */
    return length >= ours ? same(offer, stored.timeline, error) : REPO_PUT_DONE;
}

static bool stored_already(const struct offer *offer, bool partial)
{
    g_autofree char *path = segment_path(offer->lineage, offer->name.timeline,
                                         offer->name.segment, offer->segment_bytes, partial);

    return access(path, F_OK) == 0;
}

static bool write_segment(const struct offer *offer, const struct wal_index *index,
                          bool *ret_exists, GError **error)
{
    bool partial = offer->name.kind == WAL_PARTIAL;
    g_autofree char *folder = segment_folder_make(offer->lineage, offer->name.timeline, error);
    g_autofree char *name = g_strdup_printf("%s.zst", offer->text);
    g_autoptr(GByteArray) frame = segment_index_frame(index);
    gsize length = offer->length;

    *ret_exists = false;
    if (folder == NULL)
        return false;
    /* Behind its end a partial one has what another segment left there. */
    if (partial)
        length = (gsize) (index->end_lsn - offer->name.segment * offer->segment_bytes);
    AUTO(repo_writer) file = repo_writer_new(folder, lineage_key(offer->lineage), error);
    AUTO(squeeze)
    own = offer->squeeze == NULL ? squeeze_new(offer->bytes, length, offer->level) : NULL;
    return file != NULL && squeeze_put(own != NULL ? own : offer->squeeze, file, error) &&
           (partial || repo_writer_put(file, frame->data, frame->len, error)) &&
           repo_writer_end(file, error) &&
           repo_writer_show(file, name, !partial, ret_exists, error);
}

static enum repo_put put_partial(const struct offer *offer, const struct wal_index *index,
                                 GError **error)
{
    bool exists = false;

    for (int whole = 1; whole >= 0; whole--) {
        if (!stored_already(offer, !whole))
            continue;
        enum repo_put compared = compare(offer, index, !whole, error);
        if (compared != REPO_PUT_DONE)
            return compared;
        if (lineage_locked(offer->lineage, "receiver"))
            return refuse(error, "it is tried again", "\"%s\" is being received just now",
                          offer->text);
    }
    if (!write_segment(offer, index, &exists, error))
        return REPO_PUT_FAILED;
    /* It is durable; what is noted of it lets a later loss be seen. */
    gsize length = (gsize) (index->end_lsn - offer->name.segment * offer->segment_bytes);
    struct segment_known known = {length, wal_crc(0, offer->bytes, length)};
    segment_partial_note(offer->lineage, offer->name.timeline, offer->name.segment,
                         offer->segment_bytes, known, NULL);
    return REPO_PUT_DONE;
}

/* A partial file of a receiver has become of no use, when it is the beginning of this one. */
static void drop_partial(const struct offer *offer, const struct wal_index *index)
{
    g_autofree char *path = segment_path(offer->lineage, offer->name.timeline,
                                         offer->name.segment, offer->segment_bytes, true);

    if (access(path, F_OK) == 0 && !lineage_locked(offer->lineage, "receiver") &&
        compare(offer, index, true, NULL) == REPO_PUT_DONE) {
        unlink(path);
        segment_partial_forget(offer->lineage, offer->name.timeline, offer->name.segment,
                               offer->segment_bytes);
    }
}

static enum repo_put put_whole(const struct offer *offer, const struct wal_index *index,
                               GError **error)
{
    bool exists = stored_already(offer, false);

    if (!exists && !write_segment(offer, index, &exists, error))
        return REPO_PUT_FAILED;
    if (exists)
        return compare(offer, index, false, error);
    drop_partial(offer, index);
    /* Now and then: it reads a folder of many thousand names. */
    if (offer->name.segment % 64 == 0)
        lineage_wal_clean(offer->lineage);
    return REPO_PUT_DONE;
}

static enum repo_put put_segment(struct offer *offer, GError **error)
{
    bool partial = offer->name.kind == WAL_PARTIAL;
    /* Of a partial one only the beginning is kept: how much is known later. */
    AUTO(squeeze)
    squeeze = partial || stored_already(offer, false)
                  ? NULL
                  : squeeze_new(offer->bytes, offer->length, offer->level);
    AUTO(wal_index) index = examine(offer, error);
    g_autofree char *left_name = g_strdup_printf("%s.partial", offer->text);

    if (index == NULL)
        return REPO_PUT_FAILED;
    offer->squeeze = squeeze;
    if (offer->left) {
        offer->squeeze = NULL;
        offer->text = left_name;
        offer->name.kind = WAL_PARTIAL;
        partial = true;
    }
    return partial ? put_partial(offer, index, error) : put_whole(offer, index, error);
}

/* Segments of two sizes have no order, and a recovery reads one only. What cannot be read of the
 * repository is no reason to store nothing more. */
static bool fits(const struct offer *offer, GError **error)
{
    guint32 stored = 0;

    if (!lineage_segment_bytes(offer->lineage, &stored, NULL) || stored == 0 ||
        stored == offer->segment_bytes)
        return true;
    refuse(error,
           "wal_segment_size was changed (pg_resetwal --wal-segsize): take another repository, "
           "and a new backup",
           "\"%s\" has %u bytes, the segments in the repository have %u", offer->text,
           offer->segment_bytes, stored);
    return false;
}

static enum repo_put put_bytes(struct offer *offer, GError **error)
{
    const char *name = offer->text;

    offer->segment_bytes = offer->length <= 1 << 30 ? (guint32) offer->length : 0;
    offer->name = wal_name_parse(name, offer->segment_bytes);
    if (offer->name.kind == WAL_OTHER)
        offer->name =
            wal_name_parse(name, 1 << 20); /* a backup history has no segment's size */
    g_ascii_string_to_unsigned(lineage_system(offer->lineage), 10, 0, G_MAXUINT64,
                               &offer->system, NULL);
    if (offer->name.kind == WAL_HISTORY || offer->name.kind == WAL_BACKUP_HISTORY)
        return put_small(offer, error);
    if (offer->name.kind == WAL_OTHER ||
        wal_name_parse(name, offer->segment_bytes).kind != offer->name.kind)
        return refuse(error, NULL, "\"%s\" with %" G_GSIZE_FORMAT " bytes is no file of WAL",
                      name, offer->length);
    return fits(offer, error) ? put_segment(offer, error) : REPO_PUT_FAILED;
}

/* Mapped, not read: nobody writes to what the server gives to archive_command. */
enum repo_put lineage_wal_put(struct lineage *lineage, const char *path, const char *name,
                              int level, GError **error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about = {0};
    struct offer offer = {.lineage = lineage, .text = name, .level = level};
    void *bytes = MAP_FAILED;

    if (descriptor >= 0 && fstat(descriptor, &about) == 0 && about.st_size > 0)
        bytes = mmap(NULL, (gsize) about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE,
                     descriptor, 0);
    int code = errno;
    if (descriptor >= 0)
        close(descriptor);
    if (bytes == MAP_FAILED)
        return refuse(error, NULL, "could not read \"%s\": %s", path,
                      descriptor >= 0 && about.st_size == 0 ? "it is empty" : g_strerror(code));
    offer.bytes = bytes;
    offer.length = (gsize) about.st_size;
    enum repo_put put = put_bytes(&offer, error);
    munmap(bytes, offer.length);
    return put;
}
