/*
 * What a section is given at each look of the watch at its server, once a second: what was seen,
 * what else points to an emergency, and the means to judge it and to act. The watch itself is
 * host/watch.
 */
#ifndef CORE_WATCH_LOOK_H
#define CORE_WATCH_LOOK_H

#include "backends/backends.h"
#include "feature.h"
#include "watch/watch_alarms.h"

#include <jansson.h>

/* Signs of an emergency that no snapshot shows. Each holds for as long as it is seen, and a few
 * seconds longer. */
enum watch_trigger {
    WATCH_REFUSED = 1 << 0, /* a new connection was refused for want of a slot (53300) */
    WATCH_UNREADY = 1 << 1, /* the service's health_url answers 503, or nothing */
    WATCH_LOGGED = 1 << 2,  /* a line in log_file says so */
};

/* The section's own, from one look to the next: what it likes to keep, and how that is freed. */
struct watch_memory {
    gpointer data; /* NULL at first */
    GDestroyNotify free_data;
};

struct watch_look {
    /* The section's: settings and target; options, store, command and guard only between
     * watch_act_begin() and watch_act_end(). */
    struct call *call;
    struct session *guard;
    const struct backends *backends;
    gint64 now_us;     /* on the monotonic clock */
    unsigned triggers; /* those that hold now */
    /* This watch is the one that acts on the target, which is no standby and hides nothing from
     * our role. False again once an act of this look has lost the guard. */
    bool may_act;
    bool emergency; /* the guard is the emergency connection */
    struct watch_memory *memory;
    struct watch_desk *desk; /* where it goes; the watch's */
};

/* The beginning of a document that is made of this look: schema ("queries.report/1", without the
 * program's name), time and server. Caller unrefs. */
json_t *watch_document(const struct watch_look *look, const char *schema);

/* A condition, judged anew at each look. */
struct watch_alarm {
    const char *name; /* "slots", unique to the target */
    bool holds, critical;
    const char *message; /* one sentence with its numbers, for people; of the calm too */
    json_t *detail;      /* taken over; NULL: none */
};

/* The watch opens an event when it has held for two looks, tells once that it has become critical,
 * and closes it when it has been gone for a while. Returns which of these it was. */
enum watch_turn watch_alarm(struct watch_look *look, const struct watch_alarm *alarm);

/* Something that was done or happened at one moment. run: in the history; -1: none. */
void watch_note(struct watch_look *look, const char *name, gint64 run, bool warning,
                const char *message);

/* Makes the call that of the section's command of this verb, as if typed with --yes, on the guard
 * and with a history; what it prints is kept. seconds: how long it may take. Then the section adds
 * options, and calls the command itself. */
void watch_act_begin(struct watch_look *look, const char *verb, double seconds);
void watch_act_option(struct watch_look *look, const char *name, const char *value);

void watch_act_argument(struct watch_look *look, const char *argument);

/* The act is somebody's, who gave a reason; both stand in the history. dry_run: only the plan is
 * made. */
void watch_act_for(struct watch_look *look, const char *actor, const char *reason,
                   bool dry_run);

/* What came of it. */
struct watch_outcome {
    json_t *document; /* the command's, NULL when it made none */
    char *messages;   /* what it said on stderr, with the error; one line, "" for nothing */
    gint64 run;       /* in the history; -1: none */
};

/* Ends it. error: of the command, or NULL. */
struct watch_outcome watch_act_end(struct watch_look *look, const GError *error);
void watch_outcome_clear(struct watch_outcome *outcome);

#endif
