#include "repo/repo_offer.h"

enum repo_put offer_refuse(GError **error, const char *hint, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    runbook_error_set(error, RUNBOOK_FAILED, hint, "%s", what);
    return REPO_PUT_FAILED;
}

enum repo_put offer_another(const struct offer *offer, GError **error)
{
    runbook_error_set(
        error, RUNBOOK_FAILED,
        "two clusters that write to one repository? A copy of this one needs archive_mode = "
        "off, or a repository of its own",
        "the repository has another file named \"%s\", which stays", offer->text);
    return REPO_PUT_DIFFERENT;
}

enum repo_put offer_incomplete(const struct offer *offer, guint64 end, GError **error)
{
    g_autofree char *place = wal_lsn_format(end);

    return offer_refuse(error, "the server has not written the rest of it yet",
                        "\"%s\" is not complete: its WAL ends at %s", offer->text, place);
}

enum repo_put offer_same(const struct offer *offer, guint32 timeline, GError **error)
{
    g_autofree char *folder = segment_folder(offer->lineage, timeline);

    return repo_folder_sync(folder, error) ? REPO_PUT_SAME : REPO_PUT_FAILED;
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
 * end stands whatever the file held before. One that had the rest from the new timeline's segment
 * has less of it than there was. */
static bool is_left(struct offer *offer, const struct wal_reader *reader)
{
    guint64 start = offer->name.segment * offer->segment_bytes;
    guint64 fork = repo_history_left(offer->lineage, offer->name.timeline, start,
                                     start + offer->segment_bytes);

    offer->less = wal_reader_end(reader) < fork;
    return wal_reader_timeline(reader) != 0 && fork != 0;
}

void offer_look_begin(struct offer_look *look, const struct offer *offer)
{
    guint64 start = offer->name.segment * offer->segment_bytes;

    look->index =
        wal_index_new(offer->name.timeline, offer->name.segment, offer->segment_bytes);
    look->reader = wal_reader_new(start, offer->segment_bytes, offer->system, wal_index_visit,
                                  look->index);
    look->failure = NULL;
    look->rubbish = false;
}

void offer_look_clear(struct offer_look *look)
{
    wal_index_free(look->index);
    wal_reader_free(look->reader);
    g_clear_error(&look->failure);
}

bool offer_look(const guint8 *bytes, gsize length, gpointer data)
{
    struct offer_look *look = data;
    guint64 begin = wal_reader_position(look->reader);
    bool good = wal_reader_feed(look->reader, bytes, length, &look->failure);
    guint64 empty = wal_reader_empty(look->reader);
    gsize at = empty > begin ? (gsize) (empty - begin) : 0;

    while (empty != 0 && at < length && !look->rubbish)
        look->rubbish = bytes[at++] != 0;
    return good;
}

bool offer_judge(struct offer *offer, const struct offer_look *look, GError **error)
{
    guint32 timeline = offer->name.timeline;
    bool partial = offer->name.kind == WAL_PARTIAL, fed = look->failure == NULL;

    offer->left =
        !partial && (!fed || wal_reader_over(look->reader)) && is_left(offer, look->reader);
    partial |= offer->left;
    if (!fed && (!partial || wal_reader_timeline(look->reader) == 0)) {
        offer_refuse(
            error,
            "a segment that a server has only set aside for later, or that is damaged, is "
            "not archived",
            "\"%s\" is not what its name says: %s", offer->text, look->failure->message);
        return false;
    }
    if (wal_reader_timeline(look->reader) > timeline ||
        (wal_reader_timeline(look->reader) < timeline && !forks_here(offer))) {
        offer_refuse(error, NULL,
                     "\"%s\" is not what its name says: its pages are of timeline %u",
                     offer->text, wal_reader_timeline(look->reader));
        return false;
    }
    if (!partial && wal_reader_over(look->reader)) {
        offer_incomplete(offer, wal_reader_end(look->reader), error);
        return false;
    }
    wal_index_close(look->index, look->reader, !partial);
    guint64 empty = wal_reader_empty(look->reader);
    offer->matters = empty != 0 ? (gsize) (empty - offer->name.segment * offer->segment_bytes)
                                : offer->length;
    return true;
}
