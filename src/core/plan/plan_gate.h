/*
 * What stands around a run of a plan, the same in every section: the gates before it, the record
 * of it, and what it came to as an exit code.
 */
#ifndef CORE_PLAN_GATE_H
#define CORE_PLAN_GATE_H

#include "feature.h"
#include "plan/plan.h"

/* ---- before ------------------------------------------------------------------------------- */

/* Refused on a standby: RUNBOOK_REFUSED. what: why it cannot be done there, "it cannot be
 * vacuumed". */
bool gate_primary(const struct session *session, bool in_recovery, const char *what,
                  GError **error);

/* --dry-run: the plan as a psql script in table format, else through show, which writes the
 * command's document. lock_timeout in milliseconds. */
void gate_dry_run(const struct call *call, const struct plan *plan, gint64 lock_timeout_ms,
                  const struct window *window, void (*show)(gpointer data), gpointer data);

/* Whether the run may begin: with --yes, with nothing to do, or because the person who was shown
 * the plan (by show) said yes to the question. *ret_yes is false, and a note was printed, when
 * the answer was no. False with RUNBOOK_USAGE when nobody can be asked; hint: how to see the plan
 * without a run. */
bool gate_confirmed(const struct call *call, guint steps, const char *question,
                    const char *hint, void (*show)(gpointer data), gpointer data, bool *ret_yes,
                    GError **error);

/* ---- the record ---------------------------------------------------------------------------- */

/* The call's run in the history; its id, -1 when it could not be written. */
gint64 gate_record_begin(const struct call *call, struct session *control,
                         const struct window *window);

/* The plan's steps, as planned. first_step: number of the first, 0 means 1. */
void gate_record_steps(const struct call *call, gint64 run, const struct plan *plan,
                       int first_step);

/* What the executor needs of the call; limits besides the window, and hooks, are the feature's.
 */
struct plan_run gate_plan_run(const struct call *call, struct session *control,
                              const struct window *window, gint64 run);

/* ---- the end ------------------------------------------------------------------------------- */

/* Objects (or steps) by what became of them. */
struct gate_count {
    guint done, failed;
    guint left;      /* not reached, or skipped against the plan's intent */
    guint forbidden; /* a right was missing before anything was tried */
};

/* Adds the outcome of a step, or of all the plan's. */
void gate_count_step(struct gate_count *count, const struct step *step);
void gate_count_steps(struct gate_count *count, const struct plan *plan);

/* The exit code: nothing but failures is RUNBOOK_FAILED, nothing but missing rights
 * RUNBOOK_REFUSED, anything short of all RUNBOOK_PARTLY. Pure. */
enum runbook_exit gate_judge(const struct gate_count *count);

/* "done", "partly", …, as the history keeps it. */
const char *gate_outcome_name(enum runbook_exit code);

/* Ends the run in the history and returns its exit code: that of broken where it is set, else
 * code. summary: JSON text or NULL. */
enum runbook_exit gate_record_end(const struct call *call, gint64 run, enum runbook_exit code,
                                  const GError *broken, const char *summary);

#endif
