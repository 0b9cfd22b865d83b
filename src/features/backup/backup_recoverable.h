/*
 * What can be reached, without a target: from where to where, and what is missing in between. For
 * `backup list`, `backup show` and `check`.
 */
#ifndef BACKUP_RECOVERABLE_H
#define BACKUP_RECOVERABLE_H

#include "backup_chain.h"
#include "repo/repo_wal.h"

#include <jansson.h>

/* WAL that is not there, between WAL or a backup that need it and WAL that is. */
struct recoverable_gap {
    guint32 timeline;
    guint64 first, last; /* segments that are missing; first > last: none, it is broken */
    guint64 from_lsn,
        to_lsn;            /* from where on it is missing, where it goes on (0: it does not) */
    gint64 from_us, to_us; /* the last commit before, the first behind; 0: unknown */
    char *text;            /* one sentence */
};

/* Every moment in between can be reached. known false: there is no backup that can be restored. */
struct recoverable {
    bool known;
    guint32 timeline; /* at its end */
    guint64 from_lsn,
        to_lsn;            /* where the oldest backup is consistent; the end of durable WAL */
    gint64 from_us, to_us; /* that backup's end; the last commit (or abort) that is durable */
    const struct repo_backup *oldest; /* borrowed */
    GArray *gaps;                     /* of struct recoverable_gap, in the order of the WAL */
    GArray *
        left; /* of struct target_left (backup_decide.h): commits that are on other timelines */
};
void recoverable_free(struct recoverable *recoverable);
AUTO_DEFINE(recoverable, recoverable_free)

/* Along the newest timeline, up to the newest WAL. backups: as lineage_backups() returns them, to
 * outlive the result; damaged ones and those with a trouble do not count. */
struct recoverable *recoverable_find(const struct lineage *lineage, const GPtrArray *backups,
                                     GError **error);

/* The same for one backup: how far it alone can be replayed; its own WAL may be missing. */
struct recoverable *recoverable_of(const struct lineage *lineage,
                                   const struct repo_backup *backup, GError **error);

/* The pure part of both; only NULL: all backups that can be restored. */
struct recoverable *recoverable_decide(const struct target_world *world,
                                       const struct repo_backup *only, GError **error);

/* "recoverable": {from, to, …}, "gaps": […] and "left": […] as documents have them. */
json_t *recoverable_json(const struct recoverable *recoverable);
json_t *recoverable_gaps_json(const struct recoverable *recoverable);
json_t *recoverable_left_json(const struct recoverable *recoverable);

#endif
