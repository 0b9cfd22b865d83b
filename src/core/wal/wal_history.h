/*
 * Timeline history files: which timelines led to one, and where each was left. Pure, fuzzed.
 */
#ifndef CORE_WAL_HISTORY_H
#define CORE_WAL_HISTORY_H

#include <glib.h>
#include <stdbool.h>

/* A stretch of the path to a timeline: timeline is valid from begin (included) to end (excluded);
 * end 0: it is the last, and open. */
struct wal_stretch {
    guint32 timeline;
    guint64 begin, end;
};

/* The path to a timeline from its history file's text (NULL or empty for timeline 1, which has
 * none), oldest first, the timeline itself last. An array of struct wal_stretch; NULL with an error
 * for text that is no history. Caller unrefs. */
GArray *wal_history_parse(guint32 timeline, const char *text, GError **error);

/* The timeline that is valid at an LSN on the path; 0: none. */
guint32 wal_history_at(const GArray *path, guint64 lsn);

/* Whether a timeline, up to that LSN, is on the path: a backup that stopped there can be replayed
 * along it. */
bool wal_history_leads(const GArray *path, guint32 timeline, guint64 lsn);

#endif
