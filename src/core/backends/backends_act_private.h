/* What the files of the act share; nobody else includes this. */
#ifndef CORE_BACKENDS_ACT_PRIVATE_H
#define CORE_BACKENDS_ACT_PRIVATE_H

#include "backends/backends_act.h"

/* "2026-11-25 19:32:21.123456+00", whatever the session's DateStyle and TimeZone are. */
char *backends_timestamp(gint64 time_us);

#endif
