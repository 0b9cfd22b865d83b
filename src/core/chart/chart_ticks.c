/* Where the lines of a chart's grid stand, and what is written beside them. */
#include "chart/chart.h"
#include "units/units.h"

#include <math.h>

/* ---- values -------------------------------------------------------------------------------- */

/* The least of 1, 2, 5 times a power of ten that is not below. */
static double round_step(double least)
{
    double power = pow(10, floor(log10(least)));

    for (guint i = 0; i < 3; i++) {
        static const double factors[] = {1, 2, 5};
        if (factors[i] * power >= least * (1 - 1e-9))
            return factors[i] * power;
    }
    return 10 * power;
}

/* Halves and quarters of 1024 are numbers that people read; below a kB it is bytes. */
static double size_step(double least)
{
    double unit = 1;

    while (least > unit * 1024 && unit < 1e15)
        unit *= 1024;
    const double step = round_step(MAX(least / unit, 1e-3));
    return step >= 500 ? unit * 1024 / 2 * ceil(step / 512) : MAX(step * unit, 1);
}

static double seconds_step(double least)
{
    static const double steps[] = {1,     2,     5,     10,    15,     30,    60,
                                   120,   300,   600,   900,   1800,   3600,  7200,
                                   10800, 21600, 43200, 86400, 172800, 604800};

    if (least < 1)
        return round_step(least);
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++)
        if (steps[i] >= least)
            return steps[i];
    return ceil(least / 604800) * 604800;
}

static double step_of(enum chart_unit unit, double least)
{
    if (unit == CHART_SIZE)
        return size_step(least);
    if (unit == CHART_SECONDS)
        return seconds_step(least);
    return MAX(round_step(least), 1);
}

GArray *chart_value_ticks(enum chart_unit unit, double low, double high, guint wanted)
{
    GArray *ticks = g_array_new(FALSE, FALSE, sizeof(double));

    if (!isfinite(low) || !isfinite(high))
        low = high = isfinite(low) ? low : 0;
    /* What hardly differs would have the same label at each line. */
    if (high - low < 0.02 * fabs(high)) {
        low -= 0.05 * fabs(low);
        high += 0.05 * fabs(high);
    }
    high = high > low ? high : low + 1;
    const double step = step_of(unit, (high - low) / MAX(wanted, 1));
    for (double tick = floor(low / step) * step;; tick += step) {
        g_array_append_val(ticks, tick);
        if (tick >= high * (1 - 1e-12) || ticks->len > 100)
            break;
    }
    return ticks;
}

char *chart_value_label(enum chart_unit unit, double value)
{
    if (!isfinite(value))
        return g_strdup("not known");
    if (unit == CHART_SIZE)
        return units_format_size(llround(value));
    if (unit == CHART_SECONDS)
        return units_format_duration(value);
    if (fabs(value - round(value)) > 0.05)
        return g_strdup_printf("%.1f", value);
    return units_format_count(llround(value));
}

/* ---- time ---------------------------------------------------------------------------------- */

enum calendar { CALENDAR_DAYS, CALENDAR_MONTHS };

static const struct stride {
    enum calendar calendar;
    int count;
    double days; /* about */
} strides[] = {
    {CALENDAR_DAYS, 1, 1},       {CALENDAR_DAYS, 2, 2},          {CALENDAR_DAYS, 7, 7},
    {CALENDAR_DAYS, 14, 14},     {CALENDAR_MONTHS, 1, 30},       {CALENDAR_MONTHS, 2, 61},
    {CALENDAR_MONTHS, 3, 91},    {CALENDAR_MONTHS, 6, 183},      {CALENDAR_MONTHS, 12, 365},
    {CALENDAR_MONTHS, 60, 1826}, {CALENDAR_MONTHS, 1200, 36524},
};

/* The beginning of the stride that the moment is in: a day, a Monday, a first. */
static GDateTime *beginning(GTimeZone *zone, gint64 at_us, const struct stride *stride)
{
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(at_us / G_USEC_PER_SEC);
    g_autoptr(GDateTime) at = utc != NULL ? g_date_time_to_timezone(utc, zone) : NULL;

    if (at == NULL)
        return NULL;
    int year = g_date_time_get_year(at), month = g_date_time_get_month(at);
    int day = g_date_time_get_day_of_month(at);
    if (stride->calendar == CALENDAR_MONTHS) {
        int months = year * 12 + month - 1;
        months -= months % stride->count;
        return g_date_time_new(zone, months / 12, months % 12 + 1, 1, 0, 0, 0);
    }
    g_autoptr(GDateTime) midnight = g_date_time_new(zone, year, month, day, 0, 0, 0);
    return g_date_time_add_days(
        midnight, stride->count >= 7 ? 1 - g_date_time_get_day_of_week(midnight) : 0);
}

GArray *chart_time_ticks(GTimeZone *zone, gint64 from_us, gint64 until_us, guint most)
{
    GArray *ticks = g_array_new(FALSE, FALSE, sizeof(gint64));
    const double days = (double) (until_us - from_us) / G_TIME_SPAN_DAY;
    const struct stride *stride = strides;

    while (stride < strides + G_N_ELEMENTS(strides) - 1 && days / stride->days > MAX(most, 1))
        stride++;
    GDateTime *at = beginning(zone, from_us, stride);
    while (at != NULL) {
        const gint64 tick = g_date_time_to_unix(at) * G_USEC_PER_SEC;
        if (tick > until_us)
            break;
        if (tick >= from_us)
            g_array_append_val(ticks, tick);
        GDateTime *next = stride->calendar == CALENDAR_MONTHS
                              ? g_date_time_add_months(at, stride->count)
                              : g_date_time_add_days(at, stride->count);
        g_date_time_unref(at);
        at = next;
    }
    if (at != NULL)
        g_date_time_unref(at);
    return ticks;
}

/* Names of months are English in every locale. */
char *chart_time_label(GTimeZone *zone, gint64 at_us, gint64 step_us)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(at_us / G_USEC_PER_SEC);
    g_autoptr(GDateTime) at = utc != NULL ? g_date_time_to_timezone(utc, zone) : NULL;

    if (at == NULL)
        return g_strdup("");
    const char *month = months[g_date_time_get_month(at) - 1];
    if (step_us >= 360 * G_TIME_SPAN_DAY)
        return g_strdup_printf("%d", g_date_time_get_year(at));
    if (step_us >= 27 * G_TIME_SPAN_DAY)
        return g_strdup_printf("%s %d", month, g_date_time_get_year(at));
    return g_strdup_printf("%d %s", g_date_time_get_day_of_month(at), month);
}
