/*
 * Parsing fills one bit mask per field. The search for the next turn then jumps: over months that
 * do not match, over days, and by bit tricks to hour and minute. The two clocks are kept apart:
 * match_from() knows wall clocks only and no time zone, the functions below it translate, one
 * stretch of constant offset after the other.
 */
#include "calendar/schedule.h"

#include "error.h"

#include <string.h>

struct schedule {
    guint64 minutes; /* bit n: minute n */
    guint32 hours;
    guint32 days;     /* bits 1 to 31 */
    guint32 months;   /* bits 1 to 12 */
    guint32 weekdays; /* bits 0 to 6, Sunday first */
    bool elapsed;     /* turns follow elapsed time, not the wall clock */
    bool either_day;  /* both day fields are restricted: one match is enough */
};

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };

static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
                                          "Aug", "Sep", "Oct", "Nov", "Dec", NULL};
static const char *const weekday_names[] = {"Sun", "Mon", "Tue", "Wed",
                                            "Thu", "Fri", "Sat", NULL};

static const struct field {
    const char *name;
    unsigned low, high;
    const char *const *names; /* from low on */
    const char *accepts;
} fields[FIELDS] = {
    [MINUTE] = {"minute", 0, 59, NULL, "0 to 59"},
    [HOUR] = {"hour", 0, 23, NULL, "0 to 23"},
    [DAY] = {"day of month", 1, 31, NULL, "1 to 31"},
    [MONTH] = {"month", 1, 12, month_names, "1 to 12 or Jan to Dec"},
    [WEEKDAY] = {"day of week", 0, 7, weekday_names, "0 to 7 (both Sunday) or Sun to Sat"},
};

static const struct alias {
    const char *name, *text;
} aliases[] = {
    {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},  {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
};

/* ---- parsing -------------------------------------------------------------------------- */

static bool parse_number(const char *text, unsigned low, unsigned high, unsigned *ret)
{
    guint64 number = 0;

    if (!g_ascii_isdigit(text[0]) ||
        !g_ascii_string_to_unsigned(text, 10, low, high, &number, NULL))
        return false;
    *ret = (unsigned) number;
    return true;
}

static bool parse_value(const struct field *field, const char *text, unsigned *ret)
{
    for (unsigned i = 0; field->names != NULL && field->names[i] != NULL; i++) {
        if (g_ascii_strcasecmp(text, field->names[i]) == 0) {
            *ret = field->low + i;
            return true;
        }
    }
    return parse_number(text, field->low, field->high, ret);
}

static bool parse_range(const struct field *field, const char *text, unsigned *ret_low,
                        unsigned *ret_high, bool *ret_range)
{
    g_auto(GStrv) ends = g_strsplit(text, "-", 2);

    *ret_range = ends[0] != NULL && ends[1] != NULL;
    if (ends[0] == NULL || !parse_value(field, ends[0], ret_low))
        return false;
    if (!*ret_range) {
        *ret_high = *ret_low;
        return true;
    }
    if (!parse_value(field, ends[1], ret_high))
        return false;
    /* "Sat-Sun" means the Sunday that follows. */
    if (field == &fields[WEEKDAY] && *ret_high == 0 && *ret_low > 0)
        *ret_high = 7;
    return *ret_low <= *ret_high;
}

/* One item of a list: *, VALUE or VALUE-VALUE; the first and the last with /STEP. */
static bool parse_item(const struct field *field, const char *item, guint64 *mask)
{
    g_auto(GStrv) halves = g_strsplit(item, "/", 2);
    unsigned low = field->low, high = field->high, step = 1;
    bool range = halves[0] != NULL && strcmp(halves[0], "*") == 0;

    if (halves[0] == NULL)
        return false;
    if (!range && !parse_range(field, halves[0], &low, &high, &range))
        return false;
    if (halves[1] != NULL &&
        (!range || !parse_number(halves[1], 1, field->high - field->low, &step)))
        return false;
    for (unsigned value = low; value <= high; value += step)
        *mask |= G_GUINT64_CONSTANT(1) << value;
    return true;
}

static bool parse_field(const struct field *field, const char *text, guint64 *ret_mask,
                        GError **error)
{
    g_auto(GStrv) items = g_strsplit(text, ",", -1);

    *ret_mask = 0;
    for (char **item = items; *item != NULL; item++) {
        if (!parse_item(field, *item, ret_mask)) {
            g_autofree char *hint =
                g_strdup_printf("a %s is %s; also *, ranges (1-5), steps (*/5, 1-9/2) and "
                                "lists of them (1,15)",
                                field->name, field->accepts);
            runbook_error_set(error, RUNBOOK_USAGE, hint, "invalid %s \"%s\" in schedule",
                              field->name, *item);
            return false;
        }
    }
    return true;
}

/* Whether any month asked for has one of the days asked for, in a leap year. */
static bool comes_ever(const struct schedule *schedule)
{
    if (schedule->either_day)
        return true;
    for (unsigned month = 1; month <= 12; month++) {
        guint32 length = g_date_get_days_in_month((GDateMonth) month, 2000);
        if ((schedule->months >> month & 1) != 0 &&
            (schedule->days & ((G_GUINT64_CONSTANT(2) << length) - 1)) != 0)
            return true;
    }
    return false;
}

static struct schedule *parse_fields(char *const *texts, GError **error)
{
    guint64 masks[FIELDS];
    const guint64 all_hours = (1 << 24) - 1;

    for (int i = 0; i < FIELDS; i++) {
        if (!parse_field(&fields[i], texts[i], &masks[i], error))
            return NULL;
    }
    AUTO(schedule) schedule = g_new0(struct schedule, 1);
    schedule->minutes = masks[MINUTE];
    schedule->hours = (guint32) masks[HOUR];
    schedule->days = (guint32) masks[DAY];
    schedule->months = (guint32) masks[MONTH];
    schedule->weekdays = (guint32) ((masks[WEEKDAY] | masks[WEEKDAY] >> 7) & 0x7f);
    schedule->elapsed = texts[HOUR][0] == '*' || masks[HOUR] == all_hours;
    schedule->either_day = texts[DAY][0] != '*' && texts[WEEKDAY][0] != '*';
    if (!comes_ever(schedule)) {
        runbook_error_set(error, RUNBOOK_USAGE, "none of its months has any of its days",
                          "the schedule would never come: day of month \"%s\", month \"%s\"",
                          texts[DAY], texts[MONTH]);
        return NULL;
    }
    return g_steal_pointer(&schedule);
}

static const char *expand_alias(const char *text)
{
    for (gsize i = 0; i < G_N_ELEMENTS(aliases); i++) {
        if (g_ascii_strcasecmp(text, aliases[i].name) == 0)
            return aliases[i].text;
    }
    return text;
}

struct schedule *schedule_parse(const char *text, GError **error)
{
    g_autofree char *trimmed = g_strstrip(g_strdup(text));
    g_auto(GStrv) words = g_strsplit_set(expand_alias(trimmed), " \t", -1);
    g_autoptr(GPtrArray) texts = g_ptr_array_new();

    for (char **word = words; *word != NULL; word++) {
        if (**word != '\0')
            g_ptr_array_add(texts, *word);
    }
    if (texts->len != FIELDS) {
        runbook_error_set(error, RUNBOOK_USAGE,
                          "five fields: minute hour day-of-month month day-of-week, as in "
                          "\"0 2 * * Sun\"; or @hourly, @daily, @weekly, @monthly, @yearly",
                          "\"%s\" is not a schedule", trimmed);
        return NULL;
    }
    return parse_fields((char *const *) texts->pdata, error);
}

void schedule_free(struct schedule *schedule)
{
    g_free(schedule);
}

/* ---- wall clocks: seconds since 1970-01-01 00:00 of the wall clock --------------------- */

#define NEVER G_MAXINT64

enum { DAY_MINUTES = 24 * 60, DAY_SECONDS = 24 * 60 * 60, LAST_YEAR = 9999 };
enum { EPOCH_DAY = 719163 }; /* of GDate's day numbers: 1970-01-01 */

/* 9999-12-30 00:00, so that a day's shift does not lead out of the last year. */
#define LAST_SECOND G_GINT64_CONSTANT(253402128000)

static bool day_matches(const struct schedule *schedule, const GDate *date)
{
    bool day = (schedule->days >> g_date_get_day(date) & 1) != 0;
    bool weekday = (schedule->weekdays >> ((unsigned) g_date_get_weekday(date) % 7) & 1) != 0;

    return schedule->either_day ? day || weekday : day && weekday;
}

/* The first matching day from that one on, as day number; 0: none before the end of time. */
static guint32 day_from(const struct schedule *schedule, guint32 day)
{
    GDate date;

    g_date_clear(&date, 1);
    g_date_set_julian(&date, day);
    while (g_date_get_year(&date) <= LAST_YEAR) {
        if ((schedule->months >> (unsigned) g_date_get_month(&date) & 1) == 0) {
            g_date_set_day(&date, 1);
            g_date_add_months(&date, 1);
        } else if (!day_matches(schedule, &date)) {
            g_date_add_days(&date, 1);
        } else {
            return g_date_get_julian(&date);
        }
    }
    return 0;
}

static unsigned lowest(guint64 mask)
{
    return (unsigned) __builtin_ctzll(mask);
}

/* The first matching minute of a day from that one on; -1: none. */
static int minute_from(const struct schedule *schedule, unsigned minute)
{
    unsigned hour = minute / 60;

    if ((schedule->hours >> hour & 1) != 0) {
        guint64 left = schedule->minutes >> minute % 60 << minute % 60;
        if (left != 0)
            return (int) (hour * 60 + lowest(left));
    }
    guint32 later = schedule->hours >> hour >> 1 << hour << 1;
    if (later == 0)
        return -1;
    return (int) (lowest(later) * 60 + lowest(schedule->minutes));
}

/* The first matching wall-clock minute at or after `wall`; NEVER beyond the last year. */
static gint64 match_from(const struct schedule *schedule, gint64 wall)
{
    gint64 minutes = (wall + (gint64) EPOCH_DAY * DAY_SECONDS + 59) / 60;
    guint32 today = (guint32) (minutes / DAY_MINUTES);
    guint32 day = day_from(schedule, today);
    int minute = minute_from(schedule, day == today ? (unsigned) (minutes % DAY_MINUTES) : 0);

    if (minute < 0) {
        day = day_from(schedule, today + 1);
        minute = minute_from(schedule, 0);
    }
    if (day == 0)
        return NEVER;
    return ((gint64) day - EPOCH_DAY) * DAY_SECONDS + (gint64) minute * 60;
}

/* ---- time zones: stretches of constant offset ------------------------------------------ */

static int stretch_at(GTimeZone *zone, gint64 time)
{
    return g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, time);
}

static gint64 offset_at(GTimeZone *zone, gint64 time)
{
    return g_time_zone_get_offset(zone, stretch_at(zone, time));
}

/* The first second of the stretch that follows the one `low` is in; it begins by `high`. */
static gint64 change_between(GTimeZone *zone, gint64 low, gint64 high)
{
    int stretch = stretch_at(zone, low);

    while (high - low > 1) {
        gint64 middle = low + (high - low) / 2;
        if (stretch_at(zone, middle) == stretch)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* The latest time a wall clock has shown by then. Right after it was set back that is not what
 * it shows; no clock was ever set back by more than a day. */
static gint64 latest_shown(GTimeZone *zone, gint64 time)
{
    gint64 latest = time + offset_at(zone, time);
    gint64 at = time - 2 * DAY_SECONDS;

    while (stretch_at(zone, at) != stretch_at(zone, time)) {
        gint64 change = change_between(zone, at, time);
        latest = MAX(latest, change - 1 + offset_at(zone, change - 1));
        at = change;
    }
    return latest;
}

/* The first moment the wall clock shows `wall` or, where it skips that, something later. It has
 * not yet at `time`. */
static gint64 first_showing(GTimeZone *zone, gint64 time, gint64 wall)
{
    gint64 at = MAX(time, wall - 2 * DAY_SECONDS);

    for (;;) {
        gint64 due = MAX(at, wall - offset_at(zone, at));
        if (stretch_at(zone, at) == stretch_at(zone, due))
            return due;
        at = change_between(zone, at, due);
    }
}

static gint64 next_by_clock(const struct schedule *schedule, GTimeZone *zone, gint64 after)
{
    gint64 wall = match_from(schedule, latest_shown(zone, after) + 1);

    return wall == NEVER ? NEVER : first_showing(zone, after, wall);
}

static gint64 next_by_elapsed(const struct schedule *schedule, GTimeZone *zone, gint64 after)
{
    gint64 at = after + 1;

    for (;;) {
        gint64 offset = offset_at(zone, at);
        gint64 wall = match_from(schedule, at + offset);
        if (wall == NEVER)
            return NEVER;
        if (stretch_at(zone, at) == stretch_at(zone, wall - offset))
            return wall - offset;
        at = change_between(zone, at, wall - offset);
    }
}

gint64 schedule_next(const struct schedule *schedule, GTimeZone *zone, gint64 after)
{
    if (after >= LAST_SECOND)
        return NEVER;
    after = MAX(after, -1);
    return schedule->elapsed ? next_by_elapsed(schedule, zone, after)
                             : next_by_clock(schedule, zone, after);
}
