/*
 * Receives WAL over the replication protocol into a repository: compressed while it arrives,
 * durable before it is acknowledged, along the timelines of the server.
 *
 * One stream is one replication connection; what reconnects, waits and deals with lost WAL is
 * `backup wal receive`. A stream belongs to one thread, but for the functions that say otherwise.
 */
#ifndef CORE_WAL_STREAM_H
#define CORE_WAL_STREAM_H

#include "pg/session.h"
#include "repo/repo_wal.h"

struct wal_stream;

struct wal_stream_setup {
    struct session_params *server; /* borrowed */
    struct lineage *lineage;       /* borrowed; the lock "receiver" is the caller's matter */
    const char *section;           /* of the application_name: "backup" */
    /* A slot that exists; NULL: a temporary one that goes with the connection, and the start is
     * told by wal_stream_begin(). */
    const char *slot;
    guint64 from; /* with a slot: its restart LSN; 0: it has none yet, the current position */
    /* Begin at `from`, wherever the repository ends. Where something is missing between them lost()
     * (may be NULL) is called first, with the end of what is there: a segment's beginning, or
     * where a timeline begins. */
    bool leap;
    bool (*lost)(guint32 timeline, guint64 lsn, gpointer data, GError **error);
    int level;
    gint64 interval_ms; /* so long may WAL that has arrived not be durable */
    /* Something worth telling a person, may be NULL; from the thread that runs the stream. */
    void (*note)(const char *text, gpointer data);
    /* About once a second while it runs, may be NULL; from that thread. */
    void (*beat)(gpointer data);
    gpointer data;
};

/* Connects, finds where to begin and begins (on a temporary slot it does not: from the last
 * checkpoint or restart point on WAL is kept, no more). From here on the server keeps the WAL. Errors:
 * RUNBOOK_CONNECT; RUNBOOK_REFUSED when the repository's WAL is no part of this server's history;
 * what else the server says. *ret_removed (may be NULL): the server has no longer what would be
 * next. */
struct wal_stream *wal_stream_open(const struct wal_stream_setup *setup, bool *ret_removed,
                                   GError **error);

/* On a temporary slot: begins with the segment of that LSN, or of where the server was when the
 * stream was opened, whichever is earlier. */
bool wal_stream_begin(struct wal_stream *stream, guint32 timeline, guint64 lsn, GError **error);

/* Receives until it is told to stop, until the wanted LSN is durable, or an error. Timeline
 * switches are followed. Everything that was acknowledged is in the repository whatever happens. */
bool wal_stream_run(struct wal_stream *stream, GError **error);

/* After a run that failed: the server has no longer what would be next. */
bool wal_stream_removed(const struct wal_stream *stream);

/* To be durable before the run ends; where a segment was switched, to its end. From any thread. */
void wal_stream_until(struct wal_stream *stream, guint64 lsn);

/* Ends the run soon, what has arrived being made durable first. From any thread. */
void wal_stream_stop(struct wal_stream *stream);

/* Where it began; what is durable and acknowledged. From any thread. */
guint64 wal_stream_start(const struct wal_stream *stream);
guint64 wal_stream_durable(const struct wal_stream *stream);
guint32 wal_stream_timeline(const struct wal_stream *stream);

void wal_stream_close(struct wal_stream *stream);
AUTO_DEFINE(wal_stream, wal_stream_close)

#endif
