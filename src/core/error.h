/*
 * The one error domain. An error's code is the exit code the program ends with, so a cause is
 * classified once, where it is known, and never again.
 *
 * A message follows PostgreSQL's habit: lower case, no final period; below it optional lines
 * "detail: …" and "hint: …", each a sentence or two. Only hosts print it.
 */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include <glib.h>

#define RUNBOOK_ERROR (runbook_error_quark())

/* Exit codes of every command but `check`, and codes of GErrors in RUNBOOK_ERROR. */
enum runbook_exit {
    RUNBOOK_DONE = 0,
    RUNBOOK_FAILED = 1,
    RUNBOOK_USAGE = 2,   /* command line or configuration */
    RUNBOOK_CONNECT = 3, /* cannot connect */
    RUNBOOK_REFUSED = 4, /* a safety gate: window closed, standby, missing right, lock held */
    RUNBOOK_PARTLY = 5,  /* some steps skipped or failed, each listed with its reason */
    RUNBOOK_INTERRUPTED = 130,
};

GQuark runbook_error_quark(void);

/* Sets *error (which may be NULL) to the formatted message, with "hint: HINT" on a line of its
 * own unless hint is NULL. */
void runbook_error_set(GError **error, enum runbook_exit code, const char *hint,
                       const char *format, ...) G_GNUC_PRINTF(4, 5);

/* The exit code an error stands for; RUNBOOK_FAILED for errors of other domains. */
enum runbook_exit runbook_error_exit(const GError *error);

#endif
