/*
 * `--watch SECONDS`: a report again and again. On a terminal it is a page that is redrawn like
 * top's, with a row to choose and keys that cancel or terminate what the row stands for, after a
 * question; elsewhere one report follows the other, as documents of one line each in JSON.
 *
 * Nothing here knows what is watched: whoever watches gives a frame and does what a key asks.
 */
#ifndef CORE_WATCH_H
#define CORE_WATCH_H

#include "error.h"
#include "out/grid.h"

enum watch_act { WATCH_CANCEL, WATCH_TERMINATE };

/* What is to be seen at one moment. */
struct watch_frame {
    char *title;       /* lines above the rows */
    struct grid *grid; /* the rows */
    GArray *ids;       /* of gint64, one for each row: a chosen row is followed by it */
};

struct watch {
    struct output *output;
    double seconds; /* between two looks */
    /* Fills the frame, all of whose members are then the watch's to free. */
    bool (*look)(struct watch_frame *ret, gpointer data, GError **error);
    /* The question before an act on that row of the last frame; where it may not be done *ret_may
     * is false, and the text says why. Caller frees. */
    char *(*question)(gint64 id, enum watch_act act, bool *ret_may, gpointer data);
    /* Does it; what came of it, one line. Caller frees. */
    char *(*act)(gint64 id, enum watch_act act, gpointer data);
    /* One report on stdout, where that is no terminal. */
    bool (*print)(gpointer data, GError **error);
    gpointer data;
};

/* What stands behind --watch: a duration of 100 ms at least, a bare number being seconds. */
bool watch_seconds(const char *text, double *ret, GError **error);

/* Until q, the end of input, or a signal (RUNBOOK_INTERRUPTED, without an error). The terminal is
 * as it was before in any case. */
enum runbook_exit watch_run(const struct watch *watch, GError **error);

#endif
