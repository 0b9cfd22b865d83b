/* WAL into the repository, as archive_command gives it: checked, never overwritten, durable. */
#include "repo/repo_offer.h"
#include "repo/repo_private.h"
#include "repo/repo_squeeze.h"
#include "wal/wal_crc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- segments ----------------------------------------------------------------------------- */

/* Until visit says false. */
static bool read_through(const struct offer *offer,
                         bool (*visit)(const guint8 *bytes, gsize length, gpointer data),
                         gpointer data, GError **error)
{
    g_autofree guint8 *buffer = g_malloc(SEGMENT_PART);
    gsize length = 0;

    for (gsize at = 0; at < offer->length; at += length) {
        length = MIN(offer->length - at, SEGMENT_PART);
        if (!repo_pread_all(offer->descriptor, offer->path, at, buffer, length, error))
            return false;
        if (!visit(buffer, length, data))
            break;
    }
    return true;
}

/* How many bytes there are of it. */
static gsize length_of(const struct offer *offer, const struct wal_index *index)
{
    return index->whole ? offer->length
                        : (gsize) (index->end_lsn - offer->name.segment * offer->segment_bytes);
}

/* Whether what stands at that place of ours, as far as it goes, is the same. */
static bool same_part(const struct offer *offer, gsize ours, gsize at, const guint8 *there,
                      gsize length, guint8 *buffer, bool *ret_same, GError **error)
{
    gsize common = at < ours ? MIN(length, ours - at) : 0;

    *ret_same = true;
    if (!repo_pread_all(offer->descriptor, offer->path, at, buffer, common, error))
        return false;
    *ret_same = memcmp(there, buffer, common) == 0;
    return true;
}

/* What two files of one name have in common must be the same: as far as the shorter one of two
 * partial ones goes. The stored one is read to its end, whatever it holds: where it is damaged it
 * is not another. */
static enum repo_put compare(const struct offer *offer, const struct wal_index *index,
                             bool partial, GError **error)
{
    struct repo_segment stored = {
        offer->name.timeline, offer->name.segment, partial, 0, offer->segment_bytes, 0};
    g_autofree guint8 *there = g_malloc(SEGMENT_PART), *here = g_malloc(SEGMENT_PART);
    AUTO(segment_reader)
    file = lineage_segment_open(offer->lineage, &stored, offer->segment_bytes, error);
    gsize ours = length_of(offer, index), at = 0, length = 0;
    bool equal = true;

    if (file == NULL)
        return REPO_PUT_FAILED;
    do {
        if (!segment_reader_next(file, there, SEGMENT_PART, &length, error) ||
            (equal && !same_part(offer, ours, at, there, length, here, &equal, error)))
            return REPO_PUT_FAILED;
        at += length;
    } while (length > 0);
    if (!equal)
        return offer_another(offer, error);
    /* A partial file that has less than ours is to be replaced. */
    return at >= ours ? offer_same(offer, stored.timeline, error) : REPO_PUT_DONE;
}

static bool stored_already(const struct offer *offer, bool partial)
{
    g_autofree char *path = segment_path(offer->lineage, offer->name.timeline,
                                         offer->name.segment, offer->segment_bytes, partial);

    return access(path, F_OK) == 0;
}

static struct repo_writer *new_file(const struct offer *offer, GError **error)
{
    g_autofree char *folder = segment_folder_make(offer->lineage, offer->name.timeline, error);

    return folder != NULL ? repo_writer_new(folder, lineage_key(offer->lineage), error) : NULL;
}

/* Compresses its first bytes into a new file of the repository while visit looks at them. It is
 * opened behind the first look, and there is none (*ret_file NULL) when visit has said false. */
static bool squeeze_through(const struct offer *offer, gsize length,
                            bool (*visit)(const guint8 *bytes, gsize length, gpointer data),
                            gpointer data, struct repo_writer **ret_file, GError **error)
{
    AUTO(repo_writer) file = NULL;
    AUTO(squeeze)
    squeeze = squeeze_new(offer->descriptor, offer->path, length, offer->level);
    g_autoptr(GError) failure = NULL;
    const guint8 *bytes = NULL;
    gsize part = 0;

    *ret_file = NULL;
    while ((bytes = squeeze_next(squeeze, &part, &failure)) != NULL) {
        if (!visit(bytes, part, data))
            return true;
        if (file == NULL)
            file = new_file(offer, error);
        if (file == NULL || !squeeze_put(squeeze, file, error))
            return false;
    }
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return false;
    }
    /* Not one record may be complete in a partial one. */
    *ret_file = file != NULL ? g_steal_pointer(&file) : new_file(offer, error);
    return *ret_file != NULL;
}

static bool show(const struct offer *offer, struct repo_writer *file, bool keep,
                 bool *ret_exists, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s.zst", offer->text);

    return repo_writer_end(file, error) &&
           repo_writer_show(file, name, keep, ret_exists, error);
}

static bool sum_up(const guint8 *bytes, gsize length, gpointer data)
{
    struct segment_known *known = data;

    known->crc = wal_crc(known->crc, bytes, length);
    known->length += length;
    return true;
}

static enum repo_put put_partial(const struct offer *offer, const struct wal_index *index,
                                 GError **error)
{
    struct segment_known known = {0, 0};

    for (int whole = 1; whole >= 0; whole--) {
        if (!stored_already(offer, !whole))
            continue;
        enum repo_put compared = compare(offer, index, !whole, error);
        if (compared != REPO_PUT_DONE)
            return compared;
        if (lineage_locked(offer->lineage, "receiver"))
            return offer_refuse(error, "it is tried again", "\"%s\" is being received just now",
                                offer->text);
    }
    /* Behind its end it has what another segment left there. */
    AUTO(repo_writer) file = NULL;
    if (!squeeze_through(offer, length_of(offer, index), sum_up, &known, &file, error))
        return REPO_PUT_FAILED;
    if (!show(offer, file, false, NULL, error))
        return REPO_PUT_FAILED;
    /* It is durable; what is noted of it lets a later loss be seen. */
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

/* file: what is written of it already; NULL: its name is taken. */
static enum repo_put put_whole(const struct offer *offer, const struct wal_index *index,
                               struct repo_writer *file, GError **error)
{
    g_autoptr(GByteArray) frame = segment_index_frame(index);
    bool exists = file == NULL;

    if (file != NULL && (!repo_writer_put(file, frame->data, frame->len, error) ||
                         !show(offer, file, true, &exists, error)))
        return REPO_PUT_FAILED;
    if (exists)
        return compare(offer, index, false, error);
    drop_partial(offer, index);
    /* Now and then: it reads a folder of many thousand names. */
    if (offer->name.segment % 64 == 0)
        lineage_wal_clean(offer->lineage);
    return REPO_PUT_DONE;
}

/* file: of one that is taken for a complete one, and not there yet, while it was looked at. */
static enum repo_put put_looked_at(struct offer *offer, const struct offer_look *look,
                                   struct repo_writer *file, GError **error)
{
    g_autofree char *left_name = g_strdup_printf("%s.partial", offer->text);

    if (!offer_judge(offer, look, error))
        return REPO_PUT_FAILED;
    if (offer->name.kind == WAL_SEGMENT && !offer->left)
        return put_whole(offer, look->index, file, error);
    if (offer->left) {
        offer->text = left_name;
        offer->name.kind = WAL_PARTIAL;
    }
    return put_partial(offer, look->index, error);
}

static enum repo_put put_segment(struct offer *offer, GError **error)
{
    AUTO(repo_writer) file = NULL;
    struct offer_look look;

    offer_look_begin(&look, offer);
    /* Of a partial one only the beginning is kept: how much is known later. */
    bool good = offer->name.kind == WAL_PARTIAL || stored_already(offer, false)
                    ? read_through(offer, offer_look, &look, error)
                    : squeeze_through(offer, offer->length, offer_look, &look, &file, error);
    enum repo_put put = good ? put_looked_at(offer, &look, file, error) : REPO_PUT_FAILED;
    offer_look_clear(&look);
    return put;
}

/* Segments of two sizes have no order, and a recovery reads one only. What cannot be read of the
 * repository is no reason to store nothing more. */
static bool fits(const struct offer *offer, GError **error)
{
    guint32 stored = 0;

    if (!lineage_segment_bytes(offer->lineage, &stored, NULL) || stored == 0 ||
        stored == offer->segment_bytes)
        return true;
    offer_refuse(
        error,
        "wal_segment_size was changed (pg_resetwal --wal-segsize): take another repository, "
        "and a new backup",
        "\"%s\" has %u bytes, the segments in the repository have %u", offer->text,
        offer->segment_bytes, stored);
    return false;
}

static enum repo_put put_file(struct offer *offer, GError **error)
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
        return offer_put_small(offer, error);
    if (offer->name.kind == WAL_OTHER ||
        wal_name_parse(name, offer->segment_bytes).kind != offer->name.kind)
        return offer_refuse(error, NULL,
                            "\"%s\" with %" G_GSIZE_FORMAT " bytes is no file of WAL", name,
                            offer->length);
    return fits(offer, error) ? put_segment(offer, error) : REPO_PUT_FAILED;
}

/* Nobody writes to what the server gives to archive_command: it may be mapped, and read twice. */
enum repo_put lineage_wal_put(struct lineage *lineage, const char *path, const char *name,
                              int level, GError **error)
{
    struct stat about = {0};
    struct offer offer = {.lineage = lineage, .text = name, .path = path, .level = level};

    offer.descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (offer.descriptor < 0 || fstat(offer.descriptor, &about) != 0) {
        int code = errno;
        if (offer.descriptor >= 0)
            close(offer.descriptor);
        return offer_refuse(error, NULL, "could not read \"%s\": %s", path, g_strerror(code));
    }
    offer.length = (gsize) about.st_size;
    enum repo_put put =
        offer.length == 0
            ? offer_refuse(error, NULL, "could not read \"%s\": it is empty", path)
            : put_file(&offer, error);
    close(offer.descriptor);
    return put;
}
