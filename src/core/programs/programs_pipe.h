/*
 * A program of PostgreSQL's as the end of a pipe: what it writes is read by us, what it reads is
 * written by us. It finds the server as programs_child.h says; its messages are in English.
 */
#ifndef CORE_PROGRAMS_PIPE_H
#define CORE_PROGRAMS_PIPE_H

#include "auto.h"

#include <glib.h>
#include <libpq-fe.h>
#include <stdbool.h>

struct programs_pipe;

struct programs_pipe_plan {
    char **arguments;   /* the program's path first; NULL-terminated */
    PGconn *connection; /* whose server it works on; NULL: none */
    bool feeds;         /* its stdin is a pipe of ours, else it is empty */
    /* A line it wrote on stderr, without its end; NULL: only the last words are kept. */
    void (*line)(const char *line, gpointer data);
    gpointer data;
};

/* Starts it. NULL with RUNBOOK_FAILED. The plan is copied, but for arguments and data. */
struct programs_pipe *programs_pipe_start(const struct programs_pipe_plan *plan,
                                          GError **error);

int programs_pipe_output(const struct programs_pipe *pipe); /* its stdout; blocks */
int programs_pipe_errors(const struct programs_pipe *pipe); /* its stderr; -1: it closed it */
int programs_pipe_input(const struct programs_pipe *pipe);  /* its stdin; -1: none, or closed */

/* It gets no more. */
void programs_pipe_close_input(struct programs_pipe *pipe);

/* Reads what is there of its stderr, without waiting. False: it closed it. */
bool programs_pipe_listen(struct programs_pipe *pipe);

/* Asks it to stop: SIGINT at once, SIGTERM 10 s after that, SIGKILL after 20 s more. To be called
 * until programs_pipe_ended(). */
void programs_pipe_stop(struct programs_pipe *pipe);

/* True once it ended and all it said was read. Does not wait. */
bool programs_pipe_ended(struct programs_pipe *pipe);

/* Waits for the end; heeds no signal. False with RUNBOOK_FAILED and its words when it failed. */
bool programs_pipe_finish(struct programs_pipe *pipe, const char *what, GError **error);

/* Ended by us, when it has not ended. */
void programs_pipe_free(struct programs_pipe *pipe);
AUTO_DEFINE(programs_pipe, programs_pipe_free)

/* What of a program's messages tells why it failed: from its first error on, "NAME: " taken off,
 * as a GError's text: message, "detail: …", "hint: …". NULL when it said nothing. Pure; caller
 * frees. */
char *programs_pipe_reason(const char *const *lines);

#endif
