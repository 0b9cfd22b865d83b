/* Where a stream begins: the server's path of timelines beside what the repository has. Pure. */
#ifndef CORE_WAL_STREAM_PLACE_H
#define CORE_WAL_STREAM_PLACE_H

#include "repo/repo_wal.h"

struct wal_stream_place {
    guint32 timeline;
    guint64 lsn; /* a segment's beginning */
};

/* What both look at. */
struct wal_stream_known {
    const GArray *path;     /* of struct wal_stretch, the server's */
    const GArray *segments; /* of struct repo_segment, by place */
    guint32 segment_bytes;
};

/* The segment behind the last of the repository that lies on the path, or the last where it is
 * there only in part; false: none does. */
bool wal_stream_place_end(const struct wal_stream_known *known,
                          struct wal_stream_place *ret_place);

/* The first segment that is not complete in the repository, from that LSN of the path on. */
struct wal_stream_place wal_stream_place_missing(const struct wal_stream_known *known,
                                                 guint64 lsn);

/* Where other WAL than this server has told us of is stored before the place, the last segment of
 * that is to be held against the server's: then that is the place, and true. from: the LSN of which
 * nothing behind was told; reached: how far the server is, which may lag behind what is stored. */
bool wal_stream_place_look_back(const struct wal_stream_known *known, guint64 from,
                                guint64 reached, struct wal_stream_place *place);

/* Where nothing has arrived of the place's segment, by which it would be seen whose it is, the one
 * before is to be held against the server's, as long as that has it: then that is the place, and
 * true. */
bool wal_stream_place_peek(const struct wal_stream_known *known,
                           struct wal_stream_place *place);

/* Whether a place lies before another one of the same path. */
bool wal_stream_place_before(struct wal_stream_place place, struct wal_stream_place other);

#endif
