/*
 * Five-field cron schedules in a named time zone.
 *
 * Fields: minute hour day-of-month month day-of-week; `*`, lists, ranges, steps of `*` or of a
 * range, English names of three letters (Jan, Sun), 7 = Sunday; @hourly @daily @weekly @monthly
 * @yearly. When both day fields are restricted a day matches if either does; a day field that
 * begins with `*` is not restricted in this sense, even with a step (as cron has always done).
 *
 * Daylight saving: a time that does not exist (spring) runs at the first moment that does; a time
 * that exists twice (autumn) runs once, at its first occurrence, unless the hour field begins
 * with `*` or names every hour: such turns follow elapsed time, and run in both.
 */
#ifndef CORE_CALENDAR_SCHEDULE_H
#define CORE_CALENDAR_SCHEDULE_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

struct schedule;

/* Parses; an error names the field and what it accepts. A schedule that can never come
 * ("0 0 30 2 *") is an error. */
struct schedule *schedule_parse(const char *text, GError **error);
void schedule_free(struct schedule *schedule);
AUTO_DEFINE(schedule, schedule_free)

/* The first turn strictly after `after` (seconds since 1970, UTC), same unit. Turns before 1970
 * and after the year 9999 are not looked for: past the last one the answer is G_MAXINT64. */
gint64 schedule_next(const struct schedule *schedule, GTimeZone *zone, gint64 after);

/* The time zone of that IANA name, or NULL with an error that names the nearest. Caller unrefs. */
GTimeZone *schedule_zone(const char *name, GError **error);

#endif
