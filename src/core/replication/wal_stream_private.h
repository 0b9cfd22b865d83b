/* What the files of the stream share; nobody else includes this. */
#ifndef CORE_WAL_STREAM_PRIVATE_H
#define CORE_WAL_STREAM_PRIVATE_H

#include "replication/wal_stream.h"
#include "replication/wal_stream_place.h"

#include "repo/repo_segment.h"

#include <stdatomic.h>

struct wal_stream {
    struct wal_stream_setup setup;
    struct session *session;
    PGconn *connection;
    char *slot; /* of its own when setup has none */
    guint32 segment_bytes;
    guint64 system;
    guint32 server_timeline;
    guint64 server_lsn; /* when it was asked */
    GArray *path;       /* the server's, of struct wal_stretch */
    guint64 start;

    /* The segment that is arriving; both NULL between two. */
    struct growing *file;
    struct standing *standing; /* instead: it is stored, and what arrives is held against it */
    bool passing; /* instead: what stands there is damaged, and was stored long ago */
    int lock;     /* on partial segments; negative: none */
    bool unsure;  /* what is stored before the next segment may be another server's */
    bool joins;   /* the segment that arrives follows a stored one: */
    struct wal_join before;
    struct wal_index *index;
    struct wal_reader *reader; /* NULL: its bytes cannot be read as WAL */

    guint64 position;                /* received */
    gint64 dirty_since;              /* 0: all that was received is durable */
    gint64 status_at;                /* when the server was last told */
    gint64 heard_at;                 /* when it was last heard */
    gint64 beat_at;                  /* when the owner was last called */
    gint64 wanted_since;             /* when the wanted LSN had become durable, 0: not yet */
    bool streaming, ended;           /* copying; the timeline has ended */
    bool removed;                    /* the server has no longer what would be next */
    struct wal_stream_place without; /* where to begin when it has not what is looked at first;
                                        timeline 0: that is needed */

    _Atomic guint32 timeline;
    _Atomic guint64 durable, until;
    _Atomic bool stop;
};

/* Tells a person. */
void wal_stream_note(const struct wal_stream *stream, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

gint64 wal_stream_now_ms(void);

/* Says what has arrived and what is durable; answer: whether it shall say something. */
bool wal_stream_tell(struct wal_stream *stream, bool answer, GError **error);

/* ---- wal_stream_segments.c ---------------------------------------------------------------- */

/* The bytes that follow. RUNBOOK_REFUSED: the repository has another server's WAL there. */
bool wal_stream_take(struct wal_stream *stream, const char *data, gsize length, GError **error);

/* Makes durable what has arrived, without a word to the server. */
bool wal_stream_settle(struct wal_stream *stream, GError **error);

/* No more of it arrives. */
void wal_stream_end_segment(struct wal_stream *stream);

/* ---- wal_stream_begin.c ------------------------------------------------------------------- */

/* Asks for a timeline from an LSN on. The server either copies (streaming), or says at once that
 * the timeline has ended there (ended), with the next one in the arguments. */
bool wal_stream_ask(struct wal_stream *stream, guint32 timeline, guint64 lsn, bool *ret_removed,
                    guint32 *ret_next, guint64 *ret_from, GError **error);

/* From a place on, or from where the timeline goes on when it has ended there. */
bool wal_stream_start_at(struct wal_stream *stream, struct wal_stream_place place,
                         bool *ret_removed, GError **error);

/* The same from where it begins without a look at what is before. */
bool wal_stream_start_without(struct wal_stream *stream, bool *ret_removed, GError **error);

/* Fetches a timeline's history into the repository. False with an error when it cannot be had or
 * kept. */
bool wal_stream_fetch_history(struct wal_stream *stream, guint32 timeline, GArray **ret_path,
                              GError **error);

/* The next result of the connection, waiting so long for it; NULL at the end of the results, or
 * with an error. */
PGresult *wal_stream_result(struct wal_stream *stream, gint64 patience_ms, GError **error);

/* The error of a result or of the connection. */
bool wal_stream_failed(const struct wal_stream *stream, const PGresult *result, GError **error);

/* Waits for bytes from the server, so long at most. */
void wal_stream_wait(const struct wal_stream *stream, gint64 patience_ms);

/* What the server says of the timeline that follows. */
bool wal_stream_read_next(const PGresult *result, guint32 *ret_next, guint64 *ret_from,
                          GError **error);

#endif
