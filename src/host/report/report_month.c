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

void report_month_set(struct report_month *month, GTimeZone *zone, int year, int number)
{
    g_autoptr(GDateTime) first = g_date_time_new(zone, year, number, 1, 0, 0, 0);
    g_autoptr(GDateTime) end = g_date_time_add_months(first, 1);

    month->year = year;
    month->month = number;
    month->from_us = g_date_time_to_unix(first) * G_USEC_PER_SEC;
    month->until_us = g_date_time_to_unix(end) * G_USEC_PER_SEC;
    g_array_set_size(month->days, 0);
    for (int day = 0; day < 32; day++) {
        g_autoptr(GDateTime) at = g_date_time_add_days(first, day);
        const gint64 begin = MIN(g_date_time_to_unix(at) * G_USEC_PER_SEC, month->until_us);
        g_array_append_val(month->days, begin);
        if (begin == month->until_us)
            break;
    }
}

char *report_month_name(const struct report_month *month)
{
    static const char *const names[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};

    return g_strdup_printf("%s %d", names[month->month - 1], month->year);
}
