/* What a receiver, or another archive_command, has stored already of a segment that is offered. */
#include "repo/repo_offer.h"
#include "repo/repo_private.h"

#include <string.h>
#include <unistd.h>

enum repo_put offer_other_wal(const struct offer *offer, GError **error)
{
    char name[WAL_NAME_BYTES];

    wal_segment_name(offer->name.timeline, offer->name.segment, offer->segment_bytes, name);
    runbook_error_set(
        error, RUNBOOK_FAILED, REPO_TWO_SERVERS,
        "the repository has other WAL of %s already, which stays: \"%s\" does not "
        "go on where that ends",
        name, offer->text);
    return REPO_PUT_DIFFERENT;
}

/* Who has signed the lock is for a person to know. Caller frees. */
static char *receiver_of(const struct offer *offer)
{
    g_autofree char *path = g_build_filename(lineage_path(offer->lineage), "receiver", NULL);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL) || *g_strstrip(text) == '\0')
        return g_strdup("another process");
    return g_utf8_make_valid(text, -1);
}

enum repo_put offer_being_received(const struct offer *offer, GError **error)
{
    g_autofree char *receiver = receiver_of(offer);

    return offer_refuse(
        error,
        "it is tried again. Where that `backup wal receive` follows a server that "
        "is no longer the primary, point it at this one",
        "\"%s\" is being received just now by %s", offer->text, receiver);
}

enum repo_put offer_same_partial(const struct offer *offer, GError **error)
{
    g_autofree char *path = segment_path(offer->lineage, offer->name.timeline,
                                         offer->name.segment, offer->segment_bytes, true);

    return segment_file_sync(path, error) ? offer_same(offer, offer->name.timeline, error)
                                          : REPO_PUT_FAILED;
}

/* ---- beside ours -------------------------------------------------------------------------- */

struct looking {
    const struct offer *offer;
    gsize ours;
    struct wal_reader *wal; /* NULL: it has ceased to be WAL */
    guint8 *there, *here;
};

/* Where the next part of it differs from ours. */
static bool hold_against(struct looking *look, struct offer_beside *beside, gsize length,
                         GError **error)
{
    gsize at = beside->length, common = at < look->ours ? MIN(length, look->ours - at) : 0;

    if (beside->differs != G_MAXSIZE)
        return true;
    if (!repo_pread_all(look->offer->descriptor, look->offer->path, at, look->here, common,
                        error))
        return false;
    if (memcmp(look->there, look->here, common) == 0)
        return true;
    for (gsize i = 0; i < common && beside->differs == G_MAXSIZE; i++) {
        if (look->there[i] != look->here[i])
            beside->differs = at + i;
    }
    return true;
}

/* Each record has a checksum of its own: what is right by that was written so. */
static void follow(struct looking *look, struct offer_beside *beside, gsize length)
{
    guint64 start = look->offer->name.segment * look->offer->segment_bytes;

    if (look->wal == NULL)
        return;
    bool good = wal_reader_feed(look->wal, look->there, length, NULL);
    if (wal_reader_checked(look->wal) > start)
        beside->sure = (gsize) (wal_reader_checked(look->wal) - start);
    if (!good)
        g_clear_pointer(&look->wal, wal_reader_free);
}

static bool look_through(struct looking *look, struct segment_reader *file,
                         struct offer_beside *beside, GError **error)
{
    gsize length = 0;

    do {
        beside->damaged = !segment_reader_next(file, look->there, SEGMENT_PART, &length, NULL);
        if (beside->damaged)
            return true;
        if (!hold_against(look, beside, length, error))
            return false;
        follow(look, beside, length);
        beside->length += length;
    } while (length > 0);
    return true;
}

bool offer_look_beside(const struct offer *offer, gsize ours, struct offer_beside *ret_beside,
                       GError **error)
{
    const struct repo_segment stored = {
        offer->name.timeline, offer->name.segment, true, 0, offer->segment_bytes, 0};
    struct segment_known known =
        segment_known_of(offer->lineage, &stored, offer->segment_bytes);
    guint64 start = offer->name.segment * offer->segment_bytes;
    AUTO(segment_reader)
    file = lineage_segment_open(offer->lineage, &stored, offer->segment_bytes, NULL);
    struct looking look = {.offer = offer, .ours = ours};

    *ret_beside =
        (struct offer_beside){.differs = G_MAXSIZE, .noted = known.length, .damaged = true};
    if (file == NULL)
        return true;
    g_autofree guint8 *there = g_malloc(SEGMENT_PART), *here = g_malloc(SEGMENT_PART);
    look.there = there;
    look.here = here;
    look.wal = wal_reader_new(start, offer->segment_bytes, offer->system, NULL, NULL);
    bool good = look_through(&look, file, ret_beside, error);
    g_clear_pointer(&look.wal, wal_reader_free);
    if (!ret_beside->damaged)
        ret_beside->sure = MAX(ret_beside->sure, MIN(known.length, ret_beside->length));
    return good;
}

bool offer_contradicted(const struct offer_beside *beside)
{
    return beside->differs < beside->sure;
}

/* ---- between its neighbours --------------------------------------------------------------- */

/* NULL: it is not there, or how it hangs together with others is not known. */
static struct wal_index *neighbour(const struct offer *offer, guint64 segment)
{
    const struct repo_segment stored = {offer->name.timeline, segment, false, 0,
                                        offer->segment_bytes, 0};
    g_autofree char *path = segment_path(offer->lineage, offer->name.timeline, segment,
                                         offer->segment_bytes, false);

    if (access(path, F_OK) != 0)
        return NULL;
    AUTO(wal_index) index = lineage_segment_index(offer->lineage, &stored, NULL);
    return index != NULL && index->joined ? g_steal_pointer(&index) : NULL;
}

static bool no_neighbour(const struct offer *offer, guint64 segment, GError **error)
{
    char name[WAL_NAME_BYTES];

    wal_segment_name(offer->name.timeline, segment, offer->segment_bytes, name);
    runbook_error_set(
        error, RUNBOOK_FAILED, REPO_TWO_SERVERS,
        "the repository has another %s, which stays: its WAL and that of \"%s\" do "
        "not go on in each other",
        name, offer->text);
    return false;
}

bool offer_fits_between(const struct offer *offer, const struct wal_index *index,
                        GError **error)
{
    guint64 segment = offer->name.segment;
    AUTO(wal_index) before = segment > 0 ? neighbour(offer, segment - 1) : NULL;
    AUTO(wal_index) after = neighbour(offer, segment + 1);

    if (before != NULL && !wal_join_fits(&before->join, &index->join))
        return no_neighbour(offer, segment - 1, error);
    if (after != NULL && !wal_join_fits(&index->join, &after->join))
        return no_neighbour(offer, segment + 1, error);
    return true;
}
