/*
 * A restore plan as people and scripts read it. `backup restore` shows it before it begins, and
 * with --plan nothing else.
 */
#ifndef BACKUP_PLAN_H
#define BACKUP_PLAN_H

#include "backup_target.h"
#include "out/document.h"
#include "out/output.h"

/* For people, on stdout; nothing in JSON. A refusal is not said here: backup_plan_refusal(). */
void backup_plan_say(struct output *output, const struct restore_plan *plan);

/* The members backup, target, wal, bytes, seconds of an open document. */
void backup_plan_members(struct document *document, const struct restore_plan *plan);

/* RFC 3339 to the microsecond, null for 0: a landmark's time is compared with that of a landing. */
json_t *backup_plan_moment(gint64 us);

/* The plan's refusal as an error, RUNBOOK_REFUSED with what can be reached as its hint. False when
 * it refuses. */
bool backup_plan_check(const struct restore_plan *plan, GError **error);

#endif
