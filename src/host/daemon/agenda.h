/*
 * Which jobs a target has by its settings, and the command line of each: what `serve` runs and
 * `schedule` shows.
 */
#ifndef HOST_DAEMON_AGENDA_H
#define HOST_DAEMON_AGENDA_H

#include "daemon/scheduler.h"
#include "feature.h"

/* The jobs of a target (of struct scheduler_job), in runbook order; those whose schedule is "off"
 * are left out. Texts are borrowed from the settings and from target. Caller unrefs. */
GArray *agenda_jobs(const struct settings *settings, const char *target);

/* The section's job; NULL where it has none. */
const struct job *agenda_job(const char *section);

/* The words of a job's command line behind the program's name: "vacuum", "run", "--yes",
 * "--window", "3h". left_ms: what is left of the window; 0: no end, the settings hold. Whom it is
 * for (--target) and --config are the caller's to add. Caller frees with g_strfreev(). */
char **agenda_words(const char *section, const char *verb, gint64 left_ms);

#endif
