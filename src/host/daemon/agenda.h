/*
 * Which jobs a target has by its settings, and the command line of each: what `serve` runs and
 * `schedule` shows.
 */
#ifndef HOST_DAEMON_AGENDA_H
#define HOST_DAEMON_AGENDA_H

#include "daemon/scheduler.h"
#include "feature.h"

/* All jobs a target could have (of struct scheduler_job), in runbook order, but for those that need
 * a setting which it has not; the schedule may be "off". Texts are borrowed from the settings and from target. Caller unrefs. */
GArray *agenda_all(const struct settings *settings, const char *target);

/* The same without those that are off: what the scheduler is told. Texts are borrowed from the
 * settings and from target. Caller unrefs. */
GArray *agenda_jobs(const struct settings *settings, const char *target);

/* What all jobs there could be are known by (see struct scheduler_job), of const char *. Caller
 * unrefs. */
GPtrArray *agenda_keys(void);

/* What a job does, in words. */
const char *agenda_what(const char *section, const char *verb);

/* The words of a job's command line behind the program's name: "vacuum", "run", "--yes",
 * "--window", "3h". left_ms: what is left of the window; 0: no end, the settings hold. Whom it is
 * for (--target) and --config are the caller's to add. Caller frees with g_strfreev(). */
char **agenda_words(const char *section, const char *verb, gint64 left_ms);

/* The section `schedule`. */
extern const struct command agenda_commands[];

#endif
