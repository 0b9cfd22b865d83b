/* `pgrunbook watch`: one server under one pair of eyes. */
#ifndef HOST_WATCHER_H
#define HOST_WATCHER_H

#include "feature.h"

extern const struct command watcher_commands[];
extern const struct setting watcher_settings[];

/* Until a signal, or until nobody reads what it says. */
enum runbook_exit watcher_run(struct call *call, GError **error);

/* In the environment of a watch that serve started: it reads lines from its stdin, "closely SECONDS":
 * for so long it says after each look what the sections' reports would, as lines "live". */
#define WATCHER_FED_VARIABLE "PGRUNBOOK_WATCH_FED"

#endif
