/*
 * Moments as people type them. A target without its offset has meant the wrong hour often enough:
 * it is taken only with an offset, or with a zone in which the hour exists exactly once.
 */
#include "backup_target.h"
#include "calendar/schedule.h"
#include "error.h"

#include <string.h>

static GTimeZone *zone_of(const char *name)
{
    GTimeZone *zone = name != NULL ? schedule_zone(name, NULL) : NULL;

    return zone != NULL ? zone : g_time_zone_new_utc();
}

char *target_time_format(gint64 us, const char *zone)
{
    g_autoptr(GTimeZone) where = zone_of(zone);
    gint64 seconds = us / G_USEC_PER_SEC, rest = us % G_USEC_PER_SEC;
    char fraction[8] = "";

    if (rest < 0) {
        seconds--;
        rest += G_USEC_PER_SEC;
    }
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(seconds);
    g_autoptr(GDateTime) local = utc != NULL ? g_date_time_to_timezone(utc, where) : NULL;
    if (local == NULL)
        return g_strdup_printf("%" G_GINT64_FORMAT " us", us);
    g_autofree char *moment = g_date_time_format(local, "%Y-%m-%d %H:%M:%S");
    g_autofree char *offset = g_date_time_format(local, "%:::z");
    if (rest != 0) {
        g_snprintf(fraction, sizeof fraction, ".%06d", (int) rest);
        for (char *end = fraction + 6; *end == '0'; end--)
            *end = '\0';
    }
    return g_strconcat(moment, fraction, offset, NULL);
}

/* What a time without its zone is answered with: the same moment of the clock, in full. The server's zone
 * may be one that only it reads, "<+0545>-05:45". */
static void refuse_bare(const char *text, const char *zone, GError **error)
{
    g_autoptr(GTimeZone) known = zone != NULL ? schedule_zone(zone, NULL) : NULL;
    g_autofree char *hint =
        known != NULL && strcmp(zone, "UTC") != 0
            ? g_strdup_printf("say which clock: \"%s %s\" for the server's, \"%s+00\" for UTC",
                              text, zone, text)
            : g_strdup_printf(
                  "say which clock: \"%s+00\" for UTC, \"%s Europe/Berlin\" for the "
                  "clock of a place",
                  text, text);

    runbook_error_set(error, RUNBOOK_USAGE, hint,
                      "the time \"%s\" has neither an offset nor a time zone", text);
}

static gint32 offset_at(GTimeZone *zone, gint64 instant)
{
    return g_time_zone_get_offset(
        zone, g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, instant));
}

/* The instants at which a zone's clocks show a time: none in the hour that spring leaves out, two
 * in the one that autumn repeats. */
static guint instants_of(GTimeZone *zone, gint64 local, gint64 ret_instants[2])
{
    guint count = 0;

    for (int side = -1; side <= 1; side += 2) {
        gint32 offset = offset_at(zone, local + side * 86400);
        gint64 instant = local - offset;
        if (offset_at(zone, instant) == offset && (count == 0 || ret_instants[0] != instant))
            ret_instants[count++] = instant;
    }
    return count;
}

static bool in_named_zone(const char *text, const char *name, gint64 local, gint64 *ret_instant,
                          GError **error)
{
    g_autoptr(GTimeZone) zone = schedule_zone(name, error);
    gint64 instants[2] = {0, 0};

    if (zone == NULL)
        return false;
    switch (instants_of(zone, local, instants)) {
    case 1:
        *ret_instant = instants[0];
        return true;
    case 0:
        runbook_error_set(error, RUNBOOK_USAGE,
                          "the clocks are put forward over it; give the time with an offset",
                          "\"%s\" does not exist", text);
        return false;
    default: {
        g_autofree char *first =
            target_time_format(MIN(instants[0], instants[1]) * G_USEC_PER_SEC, name);
        g_autofree char *second =
            target_time_format(MAX(instants[0], instants[1]) * G_USEC_PER_SEC, name);
        g_autofree char *hint =
            g_strdup_printf("say which: \"%s\" or, later, \"%s\"", first, second);
        runbook_error_set(error, RUNBOOK_USAGE, hint,
                          "\"%s\" is two moments: the clocks are put back over it", text);
        return false;
    }
    }
}

/* "Z", "+01", "-0330", "+05:30:15": seconds east of Greenwich. */
static bool offset_parse(const char *text, gint64 *ret_seconds)
{
    g_autoptr(GRegex) regex =
        g_regex_new("^([+-])(\\d\\d):?(\\d\\d)?(?::?(\\d\\d))?$", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    if (g_ascii_strcasecmp(text, "Z") == 0) {
        *ret_seconds = 0;
        return true;
    }
    if (!g_regex_match(regex, text, 0, &match))
        return false;
    gint64 parts[3] = {0, 0, 0};
    for (int i = 0; i < 3; i++) {
        g_autofree char *digits = g_match_info_fetch(match, i + 2);
        parts[i] = digits != NULL ? g_ascii_strtoll(digits, NULL, 10) : 0;
    }
    if (parts[0] > 15 || parts[1] > 59 || parts[2] > 59)
        return false;
    *ret_seconds = (parts[0] * 3600 + parts[1] * 60 + parts[2]) * (text[0] == '-' ? -1 : 1);
    return true;
}

/* The clock's reading as if it were UTC, and what stands behind it. */
static bool clock_parse(const char *text, gint64 *ret_seconds, gint64 *ret_us, char **ret_zone)
{
    g_autoptr(GRegex) regex =
        g_regex_new("^\\s*(\\d{4})-(\\d\\d)-(\\d\\d)(?:[Tt]|\\s+)(\\d\\d):(\\d\\d)"
                    "(?::(\\d\\d)(?:\\.(\\d{1,6}))?)?\\s*((?:[-+A-Za-z]\\S*)?)\\s*$",
                    0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    gint64 parts[7] = {0};

    if (!g_regex_match(regex, text, 0, &match))
        return false;
    for (int i = 0; i < 7; i++) {
        g_autofree char *digits = g_match_info_fetch(match, i + 1);
        parts[i] = digits != NULL ? g_ascii_strtoll(digits, NULL, 10) : 0;
        for (gsize length = i == 6 ? strlen(digits) : 6; length > 0 && length < 6; length++)
            parts[i] *= 10;
    }
    g_autoptr(GDateTime) clock =
        g_date_time_new_utc((int) parts[0], (int) parts[1], (int) parts[2], (int) parts[3],
                            (int) parts[4], (double) parts[5]);
    if (clock == NULL)
        return false;
    *ret_seconds = g_date_time_to_unix(clock);
    *ret_us = parts[6];
    *ret_zone = g_match_info_fetch(match, 8);
    return true;
}

bool target_time_read(const char *text, const char *server_zone, gint64 *ret_us, GError **error)
{
    g_autofree char *zone = NULL;
    gint64 clock = 0, fraction = 0, offset = 0, instant = 0;

    if (!clock_parse(text, &clock, &fraction, &zone)) {
        runbook_error_set(error, RUNBOOK_USAGE,
                          "a time is spelt \"2026-11-26 02:23:00+01\" or \"2026-11-26 "
                          "02:23:00.5 Europe/Berlin\", with up to six decimals",
                          "\"%s\" is not a time", text);
        return false;
    }
    if (zone == NULL || *zone == '\0') {
        g_autofree char *bare = g_strstrip(g_strdup(text));
        refuse_bare(bare, server_zone, error);
        return false;
    }
    if (offset_parse(zone, &offset))
        instant = clock - offset;
    else if (!in_named_zone(text, zone, clock, &instant, error))
        return false;
    *ret_us = instant * G_USEC_PER_SEC + fraction;
    return true;
}

bool target_time_parse(const char *text, gint64 *ret_us, GError **error)
{
    return target_time_read(text, NULL, ret_us, error);
}
