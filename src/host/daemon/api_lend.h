/*
 * When every slot is taken a child of serve gets no connection, but the target's watch has one: its
 * guard. What makes room again is then carried out there (watch/watcher_order.h).
 */
#ifndef HOST_DAEMON_API_LEND_H
#define HOST_DAEMON_API_LEND_H

#include "daemon/daemon_private.h"

/* What came of it. Borrowed for the time of the call. */
struct api_lent {
    int exit_code;
    json_t *document; /* NULL: none */
    const char *messages;
    gint64 run; /* 0: none */
};

struct api_lend {
    const char *const *words;   /* the command line behind the program's name */
    const char *actor, *reason; /* of a plan NULL */
    bool dry_run;
    /* Called once, later, unless api_lend_forget() comes first. */
    void (*done)(const struct api_lent *lent, gpointer data);
    gpointer data;
};

/* Whether the words are of a command that works on the guard, and the target's watch has one. */
bool api_lend_would(const struct daemon_target *target, const char *const *words);
void api_lend(struct daemon_target *target, const struct api_lend *lend);
/* Nobody waits any more for what is lent with this data. */
void api_lend_forget(struct api *api, gpointer data);

/* The watch has said what came of it, or says nothing more. */
void api_lend_heard(struct daemon_target *target, const struct watch_line *line);
void api_lend_lost(const struct daemon_target *target);

/* The daemon ends: nobody is told. */
void api_lend_stop(struct api *api);

#endif
