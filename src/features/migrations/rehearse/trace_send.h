/*
 * One statement that may take as long as it takes: sent, waited for with Ctrl-C heeded, and answered
 * by a result or by the server's words. Only for servers that are there to be tried on.
 */
#ifndef MIGRATIONS_TRACE_SEND_H
#define MIGRATIONS_TRACE_SEND_H

#include "pg/session.h"

struct trace_answer {
    PGresult *result; /* the last one; NULL when it failed */
    double seconds;
    char *error; /* message, with "detail: " and "hint: " on lines of their own; NULL: none */
    char sqlstate[6];
};

/* Called every so often while the server works. */
struct trace_idle {
    void (*look)(gpointer data); /* NULL: nobody looks */
    gpointer data;
};

/* False only with RUNBOOK_INTERRUPTED: then the statement was cancelled. What the server refuses is
 * in the answer; "08006" is a connection that is gone. */
bool trace_send(struct session *session, const char *sql, const struct trace_idle *idle,
                struct trace_answer *ret_answer, GError **error);
void trace_answer_clear(struct trace_answer *answer);

/* The same for statements of our own, which have to succeed: RUNBOOK_FAILED, with `what`. */
bool trace_command(struct session *session, const char *sql, const char *what, GError **error);

#endif
