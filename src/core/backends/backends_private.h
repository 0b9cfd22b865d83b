/* What the files of the snapshot share; nobody else includes this. */
#ifndef CORE_BACKENDS_PRIVATE_H
#define CORE_BACKENDS_PRIVATE_H

#include "backends/backends.h"

/* "2026-11-25 19:32:21.123456+00", whatever the session's DateStyle and TimeZone are. */
char *backends_timestamp(gint64 time_us);

struct backend *backends_row(struct backends *backends, guint index);

/* Position of the pid + 1; 0: there is none. */
guint backends_position(const struct backends *backends, gint64 pid);

#endif
