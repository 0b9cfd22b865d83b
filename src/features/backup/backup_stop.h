/*
 * Where a recovery from one backup stops: the server's rules over a chain. Pure.
 */
#ifndef BACKUP_STOP_H
#define BACKUP_STOP_H

#include "backup_chain.h"

enum target_ends {
    TARGET_REACHED,
    TARGET_TOO_EARLY, /* the server would stop before the backup is consistent, and fail */
    TARGET_NEVER,     /* the WAL ends before anything stops it, and the server fails */
    TARGET_NO_WAL,    /* not even what the backup itself needs is there */
};

struct target_stop {
    enum target_ends ends;
    guint64 place;    /* commits whose record begins before it are replayed, no others */
    guint64 end_lsn;  /* behind the last record that is replayed, or later by a page's header */
    guint64 timed;    /* transactions that end before it are in pg_last_xact_replay_timestamp():
                         one that is itself the record of an LSN is not */
    guint64 read_lsn; /* WAL is read up to here: a time stops at the record behind the place */
    struct target_reach reach;
};

/* The target's timeline does not matter here: the chain is of it. */
bool target_stop_find(const struct target_chain *chain, const struct repo_backup *backup,
                      const struct target *target, struct target_stop *ret_stop,
                      GError **error);

/* The first moment that can be reached from a backup, for all that is known of clocks. */
bool target_stop_earliest(const struct target_chain *chain, const struct repo_backup *backup,
                          gint64 *ret_us, GError **error);

/* The last commit that begins between the two, and the last commit or abort. */
bool target_stop_before(const struct target_chain *chain, guint64 from, guint64 place,
                        struct landmark *ret_commit, GError **error);
bool target_stop_last(const struct target_chain *chain, guint64 from, guint64 place,
                      struct landmark *ret_end, GError **error);
/* The first commit that begins at or behind a place and ends before `to`. */
bool target_stop_after(const struct target_chain *chain, guint64 place, guint64 to,
                       struct landmark *ret_commit, GError **error);
/* The latest time of a commit or abort between the two; 0: none. */
bool target_stop_latest(const struct target_chain *chain, guint64 from, guint64 to,
                        gint64 *ret_us, GError **error);

#endif
