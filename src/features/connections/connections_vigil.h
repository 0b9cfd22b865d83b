/* What the section remembers from one look of the watch to the next. Pure. */
#ifndef CONNECTIONS_VIGIL_H
#define CONNECTIONS_VIGIL_H

#include "connections_private.h"

struct connections_vigil {
    guint full_looks;           /* in a row at which the room was full */
    enum connections_kind kind; /* of the emergency under way; healthy: there is none */
    gint64 not_before_us;       /* relief came to nothing: until then it is not tried again */
    bool said;                  /* that nobody may be ended, in this emergency */
};

/* One look: whether there is something to see to. full: as much of the room is taken as
 * connections.warning says; triggers: what else points to it. */
bool connections_vigil_triggered(struct connections_vigil *vigil, bool full, unsigned triggers);

/* The diagnosis of this look (healthy where nothing triggered). Another one than before is a new
 * emergency. */
void connections_vigil_diagnosed(struct connections_vigil *vigil, enum connections_kind kind);

/* Whether relief may be tried now, and what came of it. */
bool connections_vigil_may_relieve(const struct connections_vigil *vigil, gint64 now_us);
void connections_vigil_relieved(struct connections_vigil *vigil, gint64 now_us, guint ended);

#endif
