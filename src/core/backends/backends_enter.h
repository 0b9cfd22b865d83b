/* The way in of those who have to get in when every slot is taken. */
#ifndef CORE_BACKENDS_ENTER_H
#define CORE_BACKENDS_ENTER_H

#include "auto.h"
#include "feature.h"

struct backends_entry {
    struct session *session; /* owned, but for the watch's (call->guard) */
    struct session_params emergency_params;
    bool borrowed;  /* it is the watch's */
    bool emergency; /* it was the emergency connection that got in */
};

/* The row of a command that enters so. */
#define BACKENDS_ENTER_OPTION                                                                  \
    {                                                                                          \
        "emergency", '\0', "DSN", "emergency_conninfo", OPTION_LOCAL,                          \
            "connection string to get in by when every slot is taken"                          \
    }

/* Connects, or takes the call's guard; where every slot is taken, by the setting
 * emergency_conninfo, and says so. False with an error (RUNBOOK_CONNECT, naming that way where it
 * was not given). The entry must not move while the session is open. */
bool backends_enter(struct call *call, struct backends_entry *entry, GError **error);
void backends_leave(struct backends_entry *entry);

#endif
