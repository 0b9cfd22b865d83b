/*
 * Input: a digit that chooses the time zone, the moment, the schedule: "1 1711846800 30 2 * * *".
 * A turn is later than what it was asked for, on a whole minute of the clock or at the moment a
 * zone changed, and every moment in between leads to it.
 */
#include "calendar/schedule.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static GTimeZone *zone_by_number(unsigned number)
{
    static const char *const names[] = {
        "UTC",          "Europe/Berlin",  "America/New_York", "Australia/Lord_Howe",
        "Pacific/Apia", "Africa/Monrovia"};
    static GTimeZone *zones[G_N_ELEMENTS(names)];
    GTimeZone **zone = &zones[(number - '0') % G_N_ELEMENTS(names)];

    if (*zone == NULL)
        *zone = schedule_zone(names[(number - '0') % G_N_ELEMENTS(names)], NULL);
    return *zone;
}

static gint64 offset_at(GTimeZone *zone, gint64 time)
{
    int interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, time);

    return g_time_zone_get_offset(zone, interval);
}

static void check_turn(const struct schedule *schedule, GTimeZone *zone, gint64 after)
{
    gint64 turn = schedule_next(schedule, zone, after);

    if (turn == G_MAXINT64)
        return;
    g_assert(turn > after && turn >= 0);
    g_assert((turn + offset_at(zone, turn)) % 60 == 0 ||
             offset_at(zone, turn) != offset_at(zone, turn - 1));
    after = MAX(after, -1);
    /* A clock that was set back in between shows the same hour again. */
    const gint64 between[] = {turn - 1, after + (turn - after) / 2 - 1, after + 1800,
                              after + 3600};
    for (gsize i = 0; i < G_N_ELEMENTS(between); i++) {
        if (between[i] >= after && between[i] < turn)
            g_assert(schedule_next(schedule, zone, between[i]) == turn);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *) data, size);
    g_autoptr(GError) error = NULL;
    char *rest = NULL;

    if (*text == '\0')
        return 0;
    GTimeZone *zone = zone_by_number((unsigned char) *text);
    gint64 after = g_ascii_strtoll(text + 1, &rest, 10);
    AUTO(schedule) schedule = schedule_parse(rest, &error);
    g_assert((schedule == NULL) == (error != NULL));
    for (int turn = 0; turn < 3 && schedule != NULL && after < G_MAXINT64; turn++) {
        check_turn(schedule, zone, after);
        after = schedule_next(schedule, zone, after);
    }
    return 0;
}
