/* What metrics_own.h counts, for those who show it. */
#ifndef HOST_DAEMON_METRICS_COUNTS_H
#define HOST_DAEMON_METRICS_COUNTS_H

#include "daemon/metrics_own.h"

/* What may come of a turn; ends with NULL. */
enum { METRICS_OUTCOMES = 7 };
extern const char *const metrics_outcomes[METRICS_OUTCOMES + 1];

/* A job of a target, as the history knows it: "vacuum", "backup drill". */
struct metrics_task {
    char *target, *name;
    gint64 counts[METRICS_OUTCOMES]; /* since the daemon's start */
    /* When it last ended like that; 0: not within living memory. */
    gint64 well_us;   /* done, or done in part */
    gint64 failed_us; /* failed, refused, interrupted */
    gint64 missed_us;
};

struct metrics_minutes {
    gint64 samples, missed;
};

struct metrics_counts {
    GPtrArray *tasks;    /* of struct metrics_task: few */
    GHashTable *minutes; /* target → struct metrics_minutes */
};

#endif
