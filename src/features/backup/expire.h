/*
 * What of a repository may go. Pure: backups, WAL and rules in, a verdict for each out.
 *
 * The newest that can be restored stay, by number and by time; so does the last one that was proved
 * by a restore. What is older than a damaged backup stays as long as that one is there: whatever
 * harmed it may have harmed newer ones that nobody has looked at. WAL goes that stands before all
 * that stays, on whatever timeline.
 */
#ifndef BACKUP_EXPIRE_H
#define BACKUP_EXPIRE_H

#include "repository.h"

enum expire_verdict {
    EXPIRE_COUNT,   /* stays: among the newest */
    EXPIRE_TIME,    /* stays: a moment of the time to be kept needs it */
    EXPIRE_PROVEN,  /* stays: the last that was proved */
    EXPIRE_BELOW,   /* stays: older than a damaged one */
    EXPIRE_DAMAGED, /* stays: damaged, and --damaged was not given */
    EXPIRE_USED,    /* stays: it is being restored */
    EXPIRE_LACKS,   /* stays: WAL of its own is not there, or not yet */
    EXPIRE_GOES,
};

const char *expire_verdict_text(enum expire_verdict verdict);

struct expire_rules {
    guint keep;          /* at least 1 */
    gint64 keep_time_us; /* 0: none */
    bool damaged;        /* damaged ones go */
    gint64 now_us;
    /* Whether somebody reads the backup now; NULL: nobody does. */
    bool (*used)(const struct repo_backup *backup, gpointer data);
    gpointer used_data;
};

struct expire_plan {
    GArray *verdicts; /* of enum expire_verdict, for each of the backups */
    guint goes;       /* backups */
    bool none_good;   /* no backup can be restored: nothing goes */
    /* Segments before this number go; 0: none do. */
    guint64 first_segment;
};
void expire_plan_free(struct expire_plan *plan);
AUTO_DEFINE(expire_plan, expire_plan_free)

/* backups: as lineage_backups() has them. segments: those that are there, measured; a backup without
 * its own WAL does not count and keeps what is below it, but only `verify` makes it a damaged one.
 */
struct expire_plan *expire_decide(const GPtrArray *backups, const GArray *segments,
                                  const struct expire_rules *rules);

#endif
