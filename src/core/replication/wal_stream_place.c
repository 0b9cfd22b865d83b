#include "replication/wal_stream_place.h"

static guint64 floor_of(const struct wal_stream_known *known, guint64 lsn)
{
    return lsn - lsn % known->segment_bytes;
}

/* The last segment of a stretch; NULL: none is there. */
static const struct repo_segment *last_of(const struct wal_stream_known *known,
                                          const struct wal_stretch *stretch)
{
    const struct repo_segment *last = NULL;

    for (guint i = 0; i < known->segments->len; i++) {
        const struct repo_segment *one =
            &g_array_index(known->segments, struct repo_segment, i);
        if (one->timeline == stretch->timeline &&
            (stretch->end == 0 || one->segment * known->segment_bytes < stretch->end))
            last = one;
    }
    return last;
}

bool wal_stream_place_end(const struct wal_stream_known *known,
                          struct wal_stream_place *ret_place)
{
    for (guint i = known->path->len; i > 0; i--) {
        const struct wal_stretch *stretch =
            &g_array_index(known->path, struct wal_stretch, i - 1);
        const struct repo_segment *last = last_of(known, stretch);
        if (last == NULL)
            continue;
        guint64 lsn = (last->segment + (last->partial ? 0 : 1)) * known->segment_bytes;
        *ret_place = (struct wal_stream_place){stretch->timeline, lsn};
        if (stretch->end != 0 && lsn >= stretch->end)
            *ret_place = (struct wal_stream_place){stretch[1].timeline,
                                                   floor_of(known, stretch[1].begin)};
        return true;
    }
    return false;
}

/* A segment that is stored is left for the one of the same number on the timeline its end belongs to,
 * where the path changes inside it, and only then for the next number: where it changes right at
 * its end, no server has a next one of the old timeline. */
struct wal_stream_place wal_stream_place_missing(const struct wal_stream_known *known,
                                                 guint64 lsn)
{
    struct wal_stream_place place = {wal_history_at(known->path, lsn), floor_of(known, lsn)};
    guint32 bytes = known->segment_bytes;

    while (repo_segments_have(known->segments, place.timeline, place.lsn / bytes)) {
        guint32 at_end = wal_history_at(known->path, place.lsn + bytes - 1);
        if (at_end == place.timeline) {
            place.lsn += bytes;
            at_end = wal_history_at(known->path, place.lsn);
        }
        place.timeline = at_end;
    }
    return place;
}

bool wal_stream_place_look_back(const struct wal_stream_known *known, guint64 from,
                                guint64 reached, struct wal_stream_place *place)
{
    guint32 bytes = known->segment_bytes;
    bool looks = false;

    while (place->lsn > floor_of(known, from) && (!looks || place->lsn > reached) &&
           repo_segments_have(known->segments, place->timeline, place->lsn / bytes - 1)) {
        place->lsn -= bytes;
        looks = true;
    }
    return looks;
}

bool wal_stream_place_peek(const struct wal_stream_known *known, struct wal_stream_place *place)
{
    guint64 segment = place->lsn / known->segment_bytes;

    for (guint i = 0; i < known->segments->len; i++) {
        const struct repo_segment *one =
            &g_array_index(known->segments, struct repo_segment, i);
        if (one->timeline == place->timeline && one->segment == segment)
            return false;
    }
    if (segment == 0 || !repo_segments_have(known->segments, place->timeline, segment - 1))
        return false;
    place->lsn -= known->segment_bytes;
    return true;
}

bool wal_stream_place_before(struct wal_stream_place place, struct wal_stream_place other)
{
    return place.timeline < other.timeline ||
           (place.timeline == other.timeline && place.lsn < other.lsn);
}
