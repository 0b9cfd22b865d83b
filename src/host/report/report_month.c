/* Months and their days, by the calendar of a time zone. */
#include "error.h"
#include "report/report.h"

#include <stdio.h>
#include <string.h>

bool report_month_parse(const char *text, int *ret_year, int *ret_month, GError **error)
{
    bool good = strlen(text) == 7 && text[4] == '-';

    for (guint i = 0; good && i < 7; i++)
        good = i == 4 || g_ascii_isdigit(text[i]);
    const int year = good ? (int) g_ascii_strtoll(text, NULL, 10) : 0;
    const int month = good ? (int) g_ascii_strtoll(text + 5, NULL, 10) : 0;
    if (year < 1971 || year > 9998 || month < 1 || month > 12) {
        runbook_error_set(error, RUNBOOK_USAGE, "a year and a month, as in 2026-10",
                          "invalid --month: \"%s\"", text);
        return false;
    }
    *ret_year = year;
    *ret_month = month;
    return true;
}

void report_month_last(GTimeZone *zone, gint64 now_us, int *ret_year, int *ret_month)
{
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(now_us / G_USEC_PER_SEC);
    g_autoptr(GDateTime) now = g_date_time_to_timezone(utc, zone);
    const int months = g_date_time_get_year(now) * 12 + g_date_time_get_month(now) - 2;

    *ret_year = months / 12;
    *ret_month = months % 12 + 1;
}

/* Zones are up to 14 hours off. */
enum { FAR_S = 26 * 3600 };

static gint64 interval_begin(GTimeZone *zone, int interval, gint64 after_s, gint64 by_s)
{
    while (by_s - after_s > 1) {
        const gint64 middle_s = after_s + (by_s - after_s) / 2;
        if (g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, middle_s) < interval)
            after_s = middle_s;
        else
            by_s = middle_s;
    }
    return by_s;
}

/* A day's first moment: of a midnight that comes twice the first, for one that the clocks leap over
 * that of the leap. */
static gint64 day_begin(GTimeZone *zone, int year, int month, int day)
{
    g_autoptr(GDateTime) midnight = g_date_time_new_utc(year, month, day, 0, 0, 0);
    const gint64 local_s = g_date_time_to_unix(midnight);
    const gint64 from_s = local_s - FAR_S, until_s = local_s + FAR_S;
    const int first = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, from_s);
    const int last = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, until_s);

    for (int i = first; i <= last; i++) {
        const gint64 begin_s = i > first ? interval_begin(zone, i, from_s, until_s) : from_s;
        const gint64 at_s = MAX(begin_s, local_s - g_time_zone_get_offset(zone, i));
        if (g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, at_s) == i)
            return at_s * G_USEC_PER_SEC;
    }
    return local_s * G_USEC_PER_SEC;
}

/* Of a day that a zone has left out nothing is there. */
void report_month_set(struct report_month *month, GTimeZone *zone, int year, int number)
{
    const int days = g_date_get_days_in_month((GDateMonth) number, (GDateYear) year);

    month->year = year;
    month->month = number;
    month->from_us = day_begin(zone, year, number, 1);
    month->until_us = day_begin(zone, year + number / 12, number % 12 + 1, 1);
    g_array_set_size(month->days, 0);
    for (int day = 1; day <= days; day++) {
        const gint64 begin_us = day_begin(zone, year, number, day);
        const gint64 end_us =
            day < days ? day_begin(zone, year, number, day + 1) : month->until_us;
        if (begin_us < end_us)
            g_array_append_val(month->days, begin_us);
    }
    g_array_append_val(month->days, month->until_us);
}

char *report_month_name(const struct report_month *month)
{
    static const char *const names[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};

    return g_strdup_printf("%s %d", names[month->month - 1], month->year);
}
