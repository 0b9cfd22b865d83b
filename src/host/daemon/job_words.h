/*
 * A job in words: how long it may take, and why it failed. Pure.
 */
#ifndef HOST_DAEMON_JOB_WORDS_H
#define HOST_DAEMON_JOB_WORDS_H

#include <glib.h>
#include <stdbool.h>

/* What is left of a window, at least a second; 0, without end, for a deadline of 0. */
gint64 job_left_ms(gint64 deadline_us, gint64 now_us);

/* What went wrong, out of what the job printed: its last error, else its last line, of which at
 * most 500 bytes. NULL when there is nothing. Caller frees. */
char *job_reason(const char *output);

/* In an error, RUNBOOK_FAILED: another attempt would do again what was done already, or be told the
 * same. */
#define JOB_NOT_AGAIN "will not be tried again"

/* Whether a command line of the history is the job's: its words ("vacuum run --yes"), then nothing
 * that would narrow it down, but where to connect, which files and how long. */
bool job_is_line(const char *words, const char *command_line);

#endif
