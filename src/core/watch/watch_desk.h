/*
 * The other side of watch_look.h, for the watch itself: where a section's alarms, notes and acts
 * go. Features have no business here.
 */
#ifndef CORE_WATCH_DESK_H
#define CORE_WATCH_DESK_H

#include "watch/watch_alarms.h"
#include "watch/watch_look.h"

struct watch_desk {
    /* An alarm that opens, rises or closes; alarm->holds and its severity tell which. */
    void (*alarm)(const struct watch_alarm *alarm, gpointer data);
    void (*note)(const char *name, gint64 run, bool warning, const char *message,
                 gpointer data);
    /* From now on the watch may be silent for so long. */
    void (*busy)(double seconds, gpointer data);
    gpointer data;
    gint64 calm_us;
    const char *command_line;      /* the watch's own, for the record */
    GHashTable *alarms;            /* name → struct watch_alarm_state; owned */
    struct watch_capture *capture; /* of an act under way */
};

void watch_desk_init(struct watch_desk *desk, gint64 calm_us, const char *command_line);
void watch_desk_clear(struct watch_desk *desk);

/* An alarm of the watch's own. */
enum watch_turn watch_desk_judge(struct watch_desk *desk, const struct watch_alarm *alarm,
                                 gint64 now_us);

#endif
