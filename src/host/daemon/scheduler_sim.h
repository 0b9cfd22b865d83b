/*
 * For tests: a world with a clock that jumps from one thing that happens to the next. Targets go
 * away and come back, the daemon dies and is started again, jobs take their time, fail and are
 * tried again; and after each year everything is held against the rules.
 */
#ifndef HOST_DAEMON_SCHEDULER_SIM_H
#define HOST_DAEMON_SCHEDULER_SIM_H

#include <glib.h>
#include <stdbool.h>

struct sim_job {
    const char *target, *section, *schedule, *zone;
    gint64 window_ms;
};

struct sim_plan {
    guint32 seed;
    gint64 from_us, until_us;
    const struct sim_job *jobs;
    guint jobs_count, limit;
    guint daemon_outages, target_outages;
    guint clock_steps; /* of up to two hours, either way */
    gint64 job_us;     /* the longest that a job takes */
    const char *path;  /* of the history; NULL: in memory, where it survives the daemon, too */
};

/* What came of it, for people. */
struct sim_result {
    guint turns, done, partly, failed, refused, interrupted, missed, attempts;
    guint killed; /* jobs that an outage of the daemon killed */
    guint
        done_unheard; /* jobs that were done when the daemon died, and told only the history */
};

/* Lives through it; a rule that does not hold ends the test. */
struct sim_result sim_run(const struct sim_plan *plan);

#endif
