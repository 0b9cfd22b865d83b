/*
 * /metrics: what was gathered of the targets, and what the daemon knows of itself and of them by its
 * own memory. Nothing is asked for it.
 */
#ifndef HOST_DAEMON_METRICS_OWN_H
#define HOST_DAEMON_METRICS_OWN_H

#include "auto.h"
#include "metrics/metrics.h"
#include "store/store_minutes.h"
#include "store/store_turns.h"

struct daemon;
struct http_request;

/* The families of what the watches tell (pgrunbook_watch_…) and of the daemon (pgrunbook_serve_…). */
extern const struct metric metrics_watch[], metrics_serve[];

/* What is counted since the daemon's start. */
struct metrics_counts;
struct metrics_counts *metrics_counts_new(void);
void metrics_counts_free(struct metrics_counts *counts);

/* The target has that job: its turns are counted from now on, from 0, so that monitoring sees the
 * first of them too; and what came of the turns before is read from the history (NULL: there is
 * none). Again: nothing. */
void metrics_know_task(struct metrics_counts *counts, struct store *store, const char *target,
                       const char *name);

/* A turn has its record. */
void metrics_count_turn(struct metrics_counts *counts, const struct store_turn *turn);
/* A watch has told of a minute. */
void metrics_count_minute(struct metrics_counts *counts, const char *target,
                          const struct store_minute *minute);

/* The answer of the route. data: the daemon. */
void metrics_answer(struct http_request *request, gpointer data);

/* Whether an Accept header (NULL: none) asks for OpenMetrics. Pure. */
bool metrics_wants_openmetrics(const char *accept);

#endif
