/* What metrics_own.h counts, for those who show it. */
#ifndef HOST_DAEMON_METRICS_COUNTS_H
#define HOST_DAEMON_METRICS_COUNTS_H

#include "daemon/metrics_own.h"

struct metrics_turns {
    char *target, *job, *outcome;
    gint64 count, last_us;
};

struct metrics_minutes {
    gint64 samples, missed;
};

struct metrics_counts {
    GPtrArray *turns;    /* of struct metrics_turns: few */
    GHashTable *minutes; /* target → struct metrics_minutes */
};

#endif
