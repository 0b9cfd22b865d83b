/* What `backup restore` has done, for people and as a document. */
#ifndef BACKUP_RESTORE_SHOW_H
#define BACKUP_RESTORE_SHOW_H

#include "feature.h"
#include "restore.h"

/* --plan, --dry-run. */
void restore_show_plan(struct call *call, const struct restore_plan *plan);

/* started: the server was asked. run: its id in the history, -1: none. */
void restore_show(struct call *call, const struct restore_request *request,
                  const struct restore_result *result, bool started, gint64 run);

/* For the history, as JSON text; caller frees. */
char *restore_summary(const struct restore_request *request,
                      const struct restore_result *result, bool started);

#endif
