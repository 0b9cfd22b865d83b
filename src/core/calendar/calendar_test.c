/*
 * Turns are written as wall clock and offset, so that both sides of a change can be told apart.
 * The last test compares with a minute-by-minute walk over the C library's clock, which shares
 * nothing with the search under test.
 */
#include "calendar/schedule.h"
#include "calendar/window.h"
#include "error.h"

#include <string.h>
#include <time.h>

enum { MINUTE_SECONDS = 60, DAY_SECONDS = 86400 };

static gint64 moment(const char *text)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, NULL);

    g_assert_nonnull(time);
    return g_date_time_to_unix(time);
}

static GTimeZone *zone_of(const char *name)
{
    g_autoptr(GError) error = NULL;
    GTimeZone *zone = schedule_zone(name, &error);

    g_assert_no_error(error);
    g_assert_nonnull(zone);
    return zone;
}

static struct schedule *parsed(const char *text)
{
    g_autoptr(GError) error = NULL;
    struct schedule *schedule = schedule_parse(text, &error);

    g_assert_no_error(error);
    g_assert_nonnull(schedule);
    return schedule;
}

/* The turns after `after` are exactly these, separated by blanks. */
static void turns_are(const char *text, const char *zone_name, const char *after,
                      const char *expected)
{
    g_autoptr(GTimeZone) zone = zone_of(zone_name);
    AUTO(schedule) schedule = parsed(text);
    g_auto(GStrv) turns = g_strsplit(expected, " ", -1);
    gint64 now = moment(after);

    for (char **turn = turns; *turn != NULL; turn++) {
        now = schedule_next(schedule, zone, now);
        g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(now);
        g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, zone);
        g_autofree char *shown = g_date_time_format(local, "%Y-%m-%dT%H:%M%:z");
        g_assert_cmpstr(shown, ==, *turn);
        g_assert_cmpint(now % MINUTE_SECONDS, ==, 0);
    }
}

static void test_plain(void)
{
    turns_are("0 2 * * Sun", "UTC", "2024-05-01T00:00:00Z",
              "2024-05-05T02:00+00:00 2024-05-12T02:00+00:00");
    turns_are("0 2 * * 7", "UTC", "2024-05-05T01:59:59Z", "2024-05-05T02:00+00:00");
    turns_are("0 2 * * 0", "UTC", "2024-05-05T02:00:00Z", "2024-05-12T02:00+00:00");
    turns_are(" 5,10-12\t*  * * * ", "UTC", "2024-05-05T02:00:01Z",
              "2024-05-05T02:05+00:00 2024-05-05T02:10+00:00 2024-05-05T02:11+00:00 "
              "2024-05-05T02:12+00:00 2024-05-05T03:05+00:00");
    turns_are("*/25 8-17/4 * * mon-FRI", "UTC", "2024-05-03T16:20:00Z",
              "2024-05-03T16:25+00:00 2024-05-03T16:50+00:00 2024-05-06T08:00+00:00");
    turns_are("0 0 * * Sat-Sun", "UTC", "2024-05-03T00:00:00Z",
              "2024-05-04T00:00+00:00 2024-05-05T00:00+00:00 2024-05-11T00:00+00:00");
    turns_are("59 23 31 Dec *", "UTC", "2024-12-31T23:58:59Z",
              "2024-12-31T23:59+00:00 2025-12-31T23:59+00:00");
    turns_are("0 0 1 1 *", "Asia/Tokyo", "2024-12-31T14:59:59Z",
              "2025-01-01T00:00+09:00 2026-01-01T00:00+09:00");
    turns_are("0 12 * * *", "Asia/Kathmandu", "2024-01-01T00:00:00Z",
              "2024-01-01T12:00+05:45 2024-01-02T12:00+05:45");
}

static void test_aliases(void)
{
    turns_are("@hourly", "UTC", "2024-05-01T00:00:00Z", "2024-05-01T01:00+00:00");
    turns_are("@daily", "UTC", "2024-05-01T00:00:00Z", "2024-05-02T00:00+00:00");
    turns_are("@weekly", "UTC", "2024-05-01T00:00:00Z", "2024-05-05T00:00+00:00");
    turns_are("@monthly", "UTC", "2024-05-01T00:00:00Z", "2024-06-01T00:00+00:00");
    turns_are(" @Yearly ", "UTC", "2024-05-01T00:00:00Z", "2025-01-01T00:00+00:00");
}

static void test_days(void)
{
    turns_are("0 0 29 2 *", "UTC", "2024-02-29T00:00:00Z", "2028-02-29T00:00+00:00");
    turns_are("0 0 29 Feb *", "UTC", "2096-03-01T00:00:00Z", "2104-02-29T00:00+00:00");
    turns_are("0 0 31 * *", "UTC", "2024-01-31T00:00:00Z",
              "2024-03-31T00:00+00:00 2024-05-31T00:00+00:00 2024-07-31T00:00+00:00");
    /* Either day field, when both are restricted. */
    turns_are("0 0 13 * Fri", "UTC", "2024-09-01T00:00:00Z",
              "2024-09-06T00:00+00:00 2024-09-13T00:00+00:00 2024-09-20T00:00+00:00 "
              "2024-09-27T00:00+00:00 2024-10-04T00:00+00:00 2024-10-11T00:00+00:00 "
              "2024-10-13T00:00+00:00");
    /* A step of * does not restrict in that sense: both must match. */
    turns_are("0 0 */2 * Fri", "UTC", "2024-09-01T00:00:00Z",
              "2024-09-13T00:00+00:00 2024-09-27T00:00+00:00 2024-10-11T00:00+00:00");
    turns_are("0 0 29 2 */7", "UTC", "2024-03-01T00:00:00Z", "2032-02-29T00:00+00:00");
}

static void test_berlin(void)
{
    /* 02:00 to 03:00 does not exist on 2024-03-31. */
    turns_are("30 2 * * *", "Europe/Berlin", "2024-03-30T00:00:00Z",
              "2024-03-30T02:30+01:00 2024-03-31T03:00+02:00 2024-04-01T02:30+02:00");
    turns_are("15,30 2-3 * * *", "Europe/Berlin", "2024-03-31T00:00:00Z",
              "2024-03-31T03:00+02:00 2024-03-31T03:15+02:00 2024-03-31T03:30+02:00 "
              "2024-04-01T02:15+02:00");
    turns_are("*/15 * * * *", "Europe/Berlin", "2024-03-31T00:40:00Z",
              "2024-03-31T01:45+01:00 2024-03-31T03:00+02:00 2024-03-31T03:15+02:00");
    turns_are("0 0-23 * * *", "Europe/Berlin", "2024-03-31T00:00:00Z",
              "2024-03-31T03:00+02:00 2024-03-31T04:00+02:00");
    /* 02:00 to 03:00 exists twice on 2024-10-27. */
    turns_are("30 2 * * *", "Europe/Berlin", "2024-10-26T12:00:00Z",
              "2024-10-27T02:30+02:00 2024-10-28T02:30+01:00");
    turns_are("30 2 * * *", "Europe/Berlin", "2024-10-27T01:10:00Z", "2024-10-28T02:30+01:00");
    turns_are("*/30 2-3 * * *", "Europe/Berlin", "2024-10-27T00:00:00Z",
              "2024-10-27T02:30+02:00 2024-10-27T03:00+01:00 2024-10-27T03:30+01:00");
    turns_are("*/30 * * * *", "Europe/Berlin", "2024-10-26T23:40:00Z",
              "2024-10-27T02:00+02:00 2024-10-27T02:30+02:00 2024-10-27T02:00+01:00 "
              "2024-10-27T02:30+01:00 2024-10-27T03:00+01:00");
    turns_are("0 0-23 * * *", "Europe/Berlin", "2024-10-27T00:00:00Z",
              "2024-10-27T02:00+01:00 2024-10-27T03:00+01:00");
}

static void test_other_zones(void)
{
    turns_are("30 2 * * *", "America/New_York", "2024-03-10T05:00:00Z",
              "2024-03-10T03:00-04:00 2024-03-11T02:30-04:00");
    turns_are("30 1 * * *", "America/New_York", "2024-11-03T04:00:00Z",
              "2024-11-03T01:30-04:00 2024-11-04T01:30-05:00");
    turns_are("*/15 * * * *", "America/New_York", "2024-03-10T06:40:00Z",
              "2024-03-10T01:45-05:00 2024-03-10T03:00-04:00");
    turns_are("*/30 * * * *", "America/New_York", "2024-11-03T05:20:00Z",
              "2024-11-03T01:30-04:00 2024-11-03T01:00-05:00 2024-11-03T01:30-05:00 "
              "2024-11-03T02:00-05:00");
    /* Half an hour: 02:00 becomes 02:30 in October, 02:00 becomes 01:30 in April. */
    turns_are("15 2 * * *", "Australia/Lord_Howe", "2024-10-05T12:00:00Z",
              "2024-10-06T02:30+11:00 2024-10-07T02:15+11:00");
    turns_are("*/15 * * * *", "Australia/Lord_Howe", "2024-10-05T15:20:00Z",
              "2024-10-06T02:30+11:00 2024-10-06T02:45+11:00");
    turns_are("45 1 * * *", "Australia/Lord_Howe", "2024-04-06T12:00:00Z",
              "2024-04-07T01:45+11:00 2024-04-08T01:45+10:30");
    turns_are("*/15 * * * *", "Australia/Lord_Howe", "2024-04-06T14:40:00Z",
              "2024-04-07T01:45+11:00 2024-04-07T01:30+10:30 2024-04-07T01:45+10:30 "
              "2024-04-07T02:00+10:30");
    /* Midnight itself may be missing, and a whole day. */
    turns_are("0 0 * * *", "Africa/Cairo", "2024-04-25T12:00:00Z",
              "2024-04-26T01:00+03:00 2024-04-27T00:00+03:00");
    turns_are("0 12 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z",
              "2011-12-29T12:00-10:00 2011-12-31T00:00+14:00 2011-12-31T12:00+14:00");
    /* Far ahead the rules go on. */
    turns_are("30 2 * 3 Sun", "Europe/Berlin", "2036-03-24T00:00:00Z",
              "2036-03-30T03:00+02:00 2037-03-01T02:30+01:00");
}

static void test_ends_of_time(void)
{
    g_autoptr(GTimeZone) zone = zone_of("Europe/Berlin");
    AUTO(schedule) minutely = parsed("* * * * *");
    AUTO(schedule) rare = parsed("0 0 29 2 */7");

    g_assert_cmpint(schedule_next(minutely, zone, G_MININT64), ==, 0);
    g_assert_cmpint(schedule_next(minutely, zone, -1), ==, 0);
    g_assert_cmpint(schedule_next(minutely, zone, 0), ==, 60);
    g_assert_cmpint(schedule_next(minutely, zone, G_MAXINT64), ==, G_MAXINT64);
    g_assert_cmpint(schedule_next(rare, zone, moment("9999-01-01T00:00:00Z")), ==, G_MAXINT64);
    g_assert_cmpint(schedule_next(rare, zone, moment("9900-01-01T00:00:00Z")), <, G_MAXINT64);
}

static void test_refused(void)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "is not a schedule"},
        {"0 2 * *", "is not a schedule"},
        {"0 2 * * * *", "is not a schedule"},
        {"@reboot", "is not a schedule"},
        {"60 * * * *", "invalid minute \"60\""},
        {"0 24 * * *", "invalid hour \"24\""},
        {"0 0 0 * *", "invalid day of month \"0\""},
        {"0 0 32 * *", "invalid day of month \"32\""},
        {"0 0 * 13 *", "invalid month \"13\""},
        {"0 0 * 0 *", "1 to 12 or Jan to Dec"},
        {"0 0 * * 8", "invalid day of week \"8\""},
        {"0 0 * * Sund", "invalid day of week \"Sund\""},
        {"0 0 * Sun *", "invalid month \"Sun\""},
        {"Jan 0 * * *", "invalid minute \"Jan\""},
        {"1,,2 * * * *", "invalid minute \"\""},
        {", * * * *", "invalid minute \"\""},
        {"5-1 * * * *", "invalid minute \"5-1\""},
        {"1-2-3 * * * *", "invalid minute \"1-2-3\""},
        {"- * * * *", "invalid minute \"-\""},
        {"-1 * * * *", "invalid minute \"-1\""},
        {"+1 * * * *", "invalid minute \"+1\""},
        {"*/0 * * * *", "invalid minute \"*/0\""},
        {"*/60 * * * *", "invalid minute \"*/60\""},
        {"*/ * * * *", "invalid minute \"*/\""},
        {"*/1/2 * * * *", "invalid minute \"*/1/2\""},
        {"5/10 * * * *", "invalid minute \"5/10\""},
        {"/5 * * * *", "invalid minute \"/5\""},
        {"** * * * *", "invalid minute \"**\""},
        {"*,x * * * *", "invalid minute \"x\""},
        {"18446744073709551616 * * * *", "invalid minute"},
        {"0x1 * * * *", "invalid minute"},
        {"0 0 30 2 *", "never come"},
        {"0 0 31 Apr,Jun,Sep,Nov *", "never come"},
        {"0 0 31 2 */2", "never come"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(schedule_parse(cases[i].text, &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
        g_assert_nonnull(strstr(error->message, cases[i].part));
        g_assert_nonnull(strstr(error->message, "\nhint: "));
    }
}

static void test_zones(void)
{
    static const char *const refused[] = {"",           "europe/berlin",      "Foo1",
                                          "+01",        "../zoneinfo/UTC",    "/etc/hosts",
                                          "Europe/",    "Europe/../Etc/UTC",  "zone.tab",
                                          "CET-1CEST",  "tzdata.zi",          "Europe",
                                          "UTC ",       "Europe/Berlin\nfoo", "localtim",
                                          "leapseconds"};

    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(schedule_zone(refused[i], &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(schedule_zone("Europe/Berln", &error));
    g_assert_cmpstr(error->message, ==,
                    "unknown time zone \"Europe/Berln\"\n"
                    "hint: did you mean \"Europe/Berlin\"?");
    g_autoptr(GTimeZone) deep = zone_of("America/Argentina/Buenos_Aires");
    g_assert_cmpint(g_time_zone_get_offset(deep, 0), !=, 0);
}

/* ---- against a minute-by-minute walk --------------------------------------------------- */

struct fields {
    bool minute[60], hour[24], day[32], month[13], weekday[7];
    bool either, elapsed;
};

static char *random_field(unsigned low, unsigned high, bool *allowed, bool *ret_star)
{
    unsigned kind = (unsigned) g_test_rand_int_range(0, 4);
    unsigned from = (unsigned) g_test_rand_int_range((gint32) low, (gint32) high + 1);
    unsigned to = (unsigned) g_test_rand_int_range((gint32) from, (gint32) high + 1);
    unsigned step = (unsigned) g_test_rand_int_range(1, (gint32) (high - low));

    *ret_star = kind < 2;
    for (unsigned value = low; value <= high; value++) {
        bool chosen[] = {true, (value - low) % step == 0, value == from || value == to,
                         value >= from && value <= to && (value - from) % step == 0};
        allowed[value] = chosen[kind];
    }
    switch (kind) {
    case 0:
        return g_strdup("*");
    case 1:
        return g_strdup_printf("*/%u", step);
    case 2:
        return g_strdup_printf("%u,%u", to, from);
    default:
        return g_strdup_printf("%u-%u/%u", from, to, step);
    }
}

static char *random_schedule(struct fields *fields)
{
    bool star, day_star, weekday_star, every_hour = true;

    *fields = (struct fields){0};
    g_autofree char *minute = random_field(0, 59, fields->minute, &star);
    g_autofree char *hour = random_field(0, 23, fields->hour, &fields->elapsed);
    g_autofree char *day = random_field(1, 31, fields->day, &day_star);
    g_autofree char *weekday = random_field(0, 6, fields->weekday, &weekday_star);
    for (int i = 1; i <= 12; i++)
        fields->month[i] = true;
    for (int i = 0; i < 24; i++)
        every_hour = every_hour && fields->hour[i];
    fields->elapsed = fields->elapsed || every_hour;
    fields->either = !day_star && !weekday_star;
    return g_strdup_printf("%s %s %s * %s", minute, hour, day, weekday);
}

static bool fields_match(const struct fields *fields, gint64 wall)
{
    time_t seconds = (time_t) wall;
    struct tm tm;

    gmtime_r(&seconds, &tm);
    bool day = fields->day[tm.tm_mday], weekday = fields->weekday[tm.tm_wday];
    return fields->minute[tm.tm_min] && fields->hour[tm.tm_hour] &&
           (fields->either ? day || weekday : day && weekday);
}

static gint64 wall_at(gint64 now)
{
    time_t seconds = (time_t) now;
    struct tm tm;

    localtime_r(&seconds, &tm);
    return now + tm.tm_gmtoff;
}

/* Whether there is a turn at this minute: the wall clock shows one now or, for schedules by the
 * clock, has just passed one it never showed; and has not passed it before. */
static bool walk_turn(const struct fields *fields, gint64 wall, gint64 *latest)
{
    bool turn = false;

    if (fields->elapsed)
        return fields_match(fields, wall);
    for (; *latest < wall; *latest += MINUTE_SECONDS)
        turn = fields_match(fields, *latest + MINUTE_SECONDS) || turn;
    return turn;
}

static void compare(const char *text, const struct fields *fields, GTimeZone *zone, gint64 from)
{
    AUTO(schedule) schedule = parsed(text);
    gint64 latest = wall_at(from - 3 * DAY_SECONDS);
    gint64 turn = G_MININT64;

    for (gint64 now = from - 3 * DAY_SECONDS; now < from; now += MINUTE_SECONDS)
        latest = MAX(latest, wall_at(now));
    for (gint64 now = from; now < from + 4 * DAY_SECONDS; now += MINUTE_SECONDS) {
        if (turn < now)
            turn = schedule_next(schedule, zone, now - 1);
        if (walk_turn(fields, wall_at(now), &latest) != (turn == now))
            g_error("\"%s\" in %s: the walk and the search differ at %" G_GINT64_FORMAT, text,
                    g_time_zone_get_identifier(zone), now);
    }
}

static void test_against_walk(void)
{
    static const struct {
        const char *zone, *near;
    } changes[] = {
        {"Europe/Berlin", "2024-03-31T01:00:00Z"},
        {"Europe/Berlin", "2024-10-27T01:00:00Z"},
        {"America/New_York", "2025-03-09T07:00:00Z"},
        {"America/New_York", "2025-11-02T06:00:00Z"},
        {"Australia/Lord_Howe", "2024-10-05T15:30:00Z"},
        {"Australia/Lord_Howe", "2024-04-06T15:00:00Z"},
        {"Africa/Cairo", "2024-04-25T22:00:00Z"},
        {"Africa/Casablanca", "2024-03-10T02:00:00Z"},
        {"Pacific/Apia", "2011-12-30T10:00:00Z"},
        {"America/Juneau", "1983-10-30T10:00:00Z"},
        {"UTC", "2023-12-31T00:00:00Z"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autoptr(GTimeZone) zone = zone_of(changes[i].zone);
        g_setenv("TZ", changes[i].zone, TRUE);
        tzset();
        for (int round = 0; round < 12; round++) {
            struct fields fields;
            g_autofree char *text = random_schedule(&fields);
            gint64 before = g_test_rand_int_range(0, 3 * DAY_SECONDS / MINUTE_SECONDS);
            compare(text, &fields, zone, moment(changes[i].near) - before * MINUTE_SECONDS);
        }
    }
}

static void test_window(void)
{
    struct window window = {.start_us = 5000000, .length_ms = 1000};
    struct window endless = window_open(0);
    struct window open = window_open(3600000);

    g_assert_cmpint(window_left_at(&window, 5000000), ==, 1000);
    g_assert_cmpint(window_left_at(&window, 5000999), ==, 1000);
    g_assert_cmpint(window_left_at(&window, 5999999), ==, 1);
    g_assert_cmpint(window_left_at(&window, 6000000), ==, 0);
    g_assert_cmpint(window_left_at(&window, G_MAXINT64), ==, 0);
    g_assert_cmpint(window_left_at(&window, 0), ==, 1000);
    window.length_ms = G_MAXINT64;
    g_assert_cmpint(window_left_at(&window, 6000000), ==, G_MAXINT64 - 1000);
    g_assert_cmpint(window_left_at(&endless, G_MAXINT64), ==, G_MAXINT64);
    g_assert_false(window_closed(&endless));
    g_assert_false(window_closed(&open));
    g_assert_cmpint(window_left_ms(&open), >, 0);
    g_assert_cmpint(window_left_ms(&open), <=, 3600000);
    open.start_us -= G_GINT64_CONSTANT(3600000000);
    g_assert_true(window_closed(&open));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/calendar/schedule/plain", test_plain);
    g_test_add_func("/calendar/schedule/aliases", test_aliases);
    g_test_add_func("/calendar/schedule/days", test_days);
    g_test_add_func("/calendar/schedule/berlin", test_berlin);
    g_test_add_func("/calendar/schedule/other_zones", test_other_zones);
    g_test_add_func("/calendar/schedule/ends_of_time", test_ends_of_time);
    g_test_add_func("/calendar/schedule/refused", test_refused);
    g_test_add_func("/calendar/schedule/against_walk", test_against_walk);
    g_test_add_func("/calendar/zones", test_zones);
    g_test_add_func("/calendar/window", test_window);
    return g_test_run();
}
