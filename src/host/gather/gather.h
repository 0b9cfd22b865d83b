/*
 * `pgrunbook gather`: all that the page and the metrics show of one target and that its watch does
 * not, by one connection: the document of `check`, and the sections' figures. `serve` starts it.
 *
 * On stdout one JSON object a line:
 *   {"line": "check", "at_us": …, "document": {…}}     as `check --json` prints it
 *   {"line": "metrics", "at_us": …, "families": […]}   see metrics_text() of core/metrics
 * Without a connection there is only the first, whose one verdict says why.
 */
#ifndef HOST_GATHER_H
#define HOST_GATHER_H

#include "feature.h"

extern const struct command gather_commands[];
enum runbook_exit gather_names_command(struct call *call, GError **error);

/* Of the gathering itself, and of check's verdicts. */
extern const struct metric gather_metrics[], gather_check_metrics[];

/* The last runs, from the history. */
extern const struct metric gather_history_metrics[];
bool gather_history_measure(struct measure *measure, GError **error);

#endif
