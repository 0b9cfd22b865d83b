/*
 * What a watch says: JSON objects, one a line, for the process that started it, or lines for a
 * person at a terminal. A reader that does not read costs nothing but what it does not read: the
 * watch never waits for it.
 */
#ifndef HOST_WATCHER_LINES_H
#define HOST_WATCHER_LINES_H

#include "watch/watch_look.h"
#include "watch/watcher_sample.h"

struct watcher_state {
    bool up, acts, in_recovery, emergency;
    const char *reason; /* why it is down; NULL */
    const char
        *holder; /* who has the target's lock, when this watch has not; NULL: nobody known */
    const char *host, *port, *dbname, *system_identifier; /* NULL: not known */
    int version_num;
};

struct watcher_lines {
    int fd;
    bool json;
    bool gone;        /* the reader closed it */
    int write_error;  /* errno, where that was another reason than a closed pipe */
    GString *backlog; /* what could not be written yet */
    char *last_state; /* as it was said last */
};

void watcher_lines_open(struct watcher_lines *lines, int fd, bool json);
void watcher_lines_close(struct watcher_lines *lines);

/* Only when something has changed. */
void watcher_say_state(struct watcher_lines *lines, const struct watcher_state *state);
void watcher_say_sample(struct watcher_lines *lines, const struct watcher_sample *sample,
                        unsigned triggers);
void watcher_say_beat(struct watcher_lines *lines);
void watcher_say_minute(struct watcher_lines *lines, const struct watcher_minute *minute);
void watcher_say_alarm(struct watcher_lines *lines, const struct watch_alarm *alarm);
void watcher_say_note(struct watcher_lines *lines, const char *name, gint64 run, bool warning,
                      const char *message);
void watcher_say_busy(struct watcher_lines *lines, double seconds);

/* Writes what can be written without waiting. */
void watcher_lines_flush(struct watcher_lines *lines);

/* A section's report of this look; takes the document. Left out where the reader is behind: a later
 * one says more. */
void watcher_say_live(struct watcher_lines *lines, const char *section, json_t *document);

/* What came of an order, whose outcome it takes. */
void watcher_say_lent(struct watcher_lines *lines, gint64 number, int exit_code,
                      struct watch_outcome *outcome);

#endif
