/*
 * For tests of the scheduler: a clock that is set by hand, in text.
 */
#ifndef HOST_DAEMON_SCHEDULER_FIXTURE_H
#define HOST_DAEMON_SCHEDULER_FIXTURE_H

#include "daemon/scheduler.h"

#include "feature.h"

#include <string.h>

const struct feature *const features[] = {NULL};

/* "2025-03-30 01:00" UTC, as microseconds since 1970. */
static inline gint64 at(const char *text)
{
    g_autofree char *iso = g_strdelimit(g_strconcat(text, ":00Z", NULL), " ", 'T');
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(iso, NULL);
    g_assert_nonnull(time);
    return g_date_time_to_unix(time) * G_USEC_PER_SEC;
}

static inline char *text_of(gint64 wall_us)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(wall_us / G_USEC_PER_SEC);
    return g_date_time_format(time, "%Y-%m-%d %H:%M");
}

#endif
