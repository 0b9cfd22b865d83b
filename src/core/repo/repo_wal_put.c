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

/* How many bytes there are of it that say something. */
static gsize length_of(const struct offer *offer, const struct wal_index *index)
{
    return index->whole ? offer->matters
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

/* The whole segment that is stored must be the same as far as ours goes. It is read to its end,
 * whatever it holds: where it is damaged it is not another. */
static enum repo_put compare(const struct offer *offer, const struct wal_index *index,
                             GError **error)
{
    struct repo_segment stored = {
        offer->name.timeline, offer->name.segment, false, 0, offer->segment_bytes, 0};
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
    return equal ? offer_same(offer, stored.timeline, error) : offer_another(offer, error);
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

static bool take_all(const guint8 *bytes, gsize length, gpointer data)
{
    (void) bytes;
    (void) length;
    (void) data;
    return true;
}

/* A standby whose connection broke behind a switch goes on with the next segment: behind the switch its
 * file holds what it held before, where its primary's has zeroes. These are stored. */
static bool squeeze_anew(const struct offer *offer, guint64 empty, struct repo_writer **file,
                         GError **error)
{
    gsize length = (gsize) (empty - offer->name.segment * offer->segment_bytes);

    g_clear_pointer(file, repo_writer_free);
    return squeeze_through(offer, length, take_all, NULL, file, error) &&
           squeeze_zeroes(*file, offer->length - length, offer->level, error);
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

/* Whether what is stored of it decides already: ours is not to take its place. */
static bool is_settled(const struct offer *offer, gsize ours, enum repo_put *ret_put,
                       GError **error)
{
    struct offer_beside beside;

    *ret_put = REPO_PUT_FAILED;
    if (!stored_already(offer, true))
        return false;
    if (!offer_look_beside(offer, ours, &beside, error))
        return true;
    if (offer_contradicted(&beside))
        *ret_put = offer_other_wal(offer, error);
    else if (beside.damaged && beside.noted > ours)
        offer_refuse(error, "look at it with `backup verify`",
                     "what is stored of \"%s\" already is damaged", offer->text);
    else if (beside.damaged || beside.length < ours || beside.differs < ours)
        return false;
    else
        *ret_put = offer_same_partial(offer, error);
    return true;
}

/* Takes the place of a shorter one where it may, for which nobody else may write partial ones. */
static enum repo_put show_partial(const struct offer *offer, struct repo_writer *file,
                                  bool replace, struct segment_known known, GError **error)
{
    bool exists = !replace && stored_already(offer, true);

    if (!exists && !show(offer, file, !replace, &exists, error))
        return REPO_PUT_FAILED;
    if (exists)
        return offer_being_received(offer, error);
    /* It is durable; what is noted of it lets a later loss be seen. */
    segment_partial_note(offer->lineage, offer->name.timeline, offer->name.segment,
                         offer->segment_bytes, known, NULL);
    return REPO_PUT_DONE;
}

static enum repo_put put_partial(const struct offer *offer, const struct wal_index *index,
                                 GError **error)
{
    gsize ours = length_of(offer, index);
    struct segment_known known = {0, 0};
    enum repo_put put = REPO_PUT_FAILED;
    AUTO(repo_writer) file = NULL;

    if (stored_already(offer, false))
        return compare(offer, index, error);
    if (is_settled(offer, ours, &put, error))
        return put;
    /* It is of use only as the beginning of what is stored. */
    if (offer->left && offer->less)
        return offer_incomplete(offer, index->end_lsn, error);
    /* Behind its end it has what another segment left there. */
    if (!squeeze_through(offer, ours, sum_up, &known, &file, error))
        return REPO_PUT_FAILED;
    int lock = segment_partial_lock(offer->lineage, 0, NULL);
    if (lock < 0 || !is_settled(offer, ours, &put, error))
        put = show_partial(offer, file, lock >= 0, known, error);
    segment_partial_unlock(lock);
    return put;
}

/* What has arrived of it by a receiver, while ours was stored or before. */
static enum repo_put look_at_arrived(const struct offer *offer, bool *ret_same, GError **error)
{
    struct offer_beside beside;

    if (!offer_look_beside(offer, offer->matters, &beside, error))
        return REPO_PUT_FAILED;
    *ret_same = !beside.damaged && beside.differs == G_MAXSIZE;
    return offer_contradicted(&beside) ? offer_other_wal(offer, error) : REPO_PUT_DONE;
}

/* As it stands: that it is another one is seen by that. */
struct arrived {
    bool there, same;
    struct stat about;
};

static struct arrived arrived_now(const char *path)
{
    struct arrived arrived = {0};

    arrived.there = stat(path, &arrived.about) == 0;
    return arrived;
}

static bool has_changed(const struct arrived *before, const struct arrived *now)
{
    return now->there && (!before->there || before->about.st_ino != now->about.st_ino ||
                          before->about.st_size != now->about.st_size);
}

/* The other way round than a receiver, which shows and then looks: of two that contradict each other
 * one is found out, and nothing that was acknowledged is hidden by a whole one. */
static enum repo_put show_whole(const struct offer *offer, const struct wal_index *index,
                                struct repo_writer *file, struct arrived *arrived,
                                const char *partial, GError **error)
{
    g_autofree char *whole = segment_path(offer->lineage, offer->name.timeline,
                                          offer->name.segment, offer->segment_bytes, false);
    bool exists = file == NULL;

    if (!exists && !show(offer, file, true, &exists, error))
        return REPO_PUT_FAILED;
    if (exists)
        return compare(offer, index, error);
    struct arrived now = arrived_now(partial);
    enum repo_put put =
        has_changed(arrived, &now) ? look_at_arrived(offer, &now.same, error) : REPO_PUT_DONE;
    if (put != REPO_PUT_DONE)
        unlink(whole);
    else if (has_changed(arrived, &now))
        *arrived = now;
    return put;
}

/* What has arrived before has become of no use, when it is the beginning of this one. */
static void drop_arrived(const struct offer *offer, const struct arrived *arrived, int lock,
                         const char *path)
{
    if (!arrived->there || !arrived->same || lock < 0)
        return;
    unlink(path);
    segment_partial_forget(offer->lineage, offer->name.timeline, offer->name.segment,
                           offer->segment_bytes);
}

/* file: what is written of it already; NULL: its name is taken. */
static enum repo_put put_whole(const struct offer *offer, const struct wal_index *index,
                               struct repo_writer *file, GError **error)
{
    g_autoptr(GByteArray) frame = segment_index_frame(index);
    g_autofree char *path = segment_path(offer->lineage, offer->name.timeline,
                                         offer->name.segment, offer->segment_bytes, true);
    struct arrived arrived = arrived_now(path);
    int lock = arrived.there ? segment_partial_lock(offer->lineage, 0, NULL) : -1;
    enum repo_put put = arrived.there && file != NULL
                            ? look_at_arrived(offer, &arrived.same, error)
                            : REPO_PUT_DONE;

    if (put == REPO_PUT_DONE && file != NULL && !offer_fits_between(offer, index, error))
        put = REPO_PUT_DIFFERENT;
    if (put == REPO_PUT_DONE && file != NULL &&
        !repo_writer_put(file, frame->data, frame->len, error))
        put = REPO_PUT_FAILED;
    if (put == REPO_PUT_DONE)
        put = show_whole(offer, index, file, &arrived, path, error);
    if (put == REPO_PUT_DONE)
        drop_arrived(offer, &arrived, lock, path);
    segment_partial_unlock(lock);
    /* Now and then: it reads a folder of many thousand names. */
    if (put == REPO_PUT_DONE && offer->name.segment % 64 == 0)
        lineage_wal_clean(offer->lineage);
    return put;
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
    if (good && file != NULL && look.rubbish)
        good = squeeze_anew(offer, wal_reader_empty(look.reader), &file, error);
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
