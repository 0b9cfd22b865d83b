/*
 * Command lines of this program, run as children to answer requests: few at once (looks and plans
 * apart from each other), each bounded in time and in what it prints; who asks for what is being asked for already waits for the same child.
 * What a child brought is kept with its time.
 */
#ifndef HOST_DAEMON_API_RUN_H
#define HOST_DAEMON_API_RUN_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

struct api_runs;
struct api_ticket; /* of somebody who waits */

/* What came of it. Borrowed for the time of the call. */
struct api_result {
    GBytes *document; /* what it printed; NULL: nothing that is a document */
    int status;       /* for HTTP: 200, or what the error is */
    int exit_code;    /* -1: it was stopped, or never ran */
    gint64 at_us;     /* wall clock: when it ended */
    gint64 took_us;
    const char *error, *hint; /* when the status is not 200; hint may be NULL */
};

struct api_order {
    const char *const *words; /* behind the program's name */
    const char *target;       /* whom it is for; NULL: no target */
    const char *alias;        /* as in struct child_plan */
    bool monitor;             /* it ends with the codes of a monitoring plugin */
    bool text;                /* what it prints when all is well may be no document, too */
    bool plan;                /* it leads to an act: those who only look are not before it */
    gint64 max_age_us;        /* an answer that is no older will do; 0: run it */
};

/* settings_fd: the variable is read at each start. idle: called when a child has ended. */
struct api_runs *api_runs_new(const int *settings_fd, void (*idle)(gpointer data),
                              gpointer data);
void api_runs_free(struct api_runs *runs);
AUTO_DEFINE(api_runs, api_runs_free)

/* Calls `answer` once, now (and returns NULL) or later, unless api_runs_forget() comes first. */
struct api_ticket *api_runs_ask(struct api_runs *runs, const struct api_order *order,
                                void (*answer)(const struct api_result *result, gpointer data),
                                gpointer data);

/* Who asked does not wait any more. What runs, runs on: its answer is kept. */
void api_runs_forget(struct api_ticket *ticket);

/* What is kept is out of date: settings changed, or something was done. */
void api_runs_stale(struct api_runs *runs);

/* Answers all who wait with 503, and ends the children. */
void api_runs_stop(struct api_runs *runs, guint grace_ms);

/* ---- rules, pure ---- */

/* The status of an answer by how its command ended. document: it printed one. */
int api_run_status(int exit_code, bool monitor, bool document);

/* Whether the text is one JSON object and nothing else. */
bool api_run_is_document(const char *text, gsize length);

#endif
