#include "cli/grammar.h"
#include "report/page.h"
#include "report/report_show.h"

#include <math.h>
#include <string.h>

const struct feature *const features[] = {NULL};

static struct report *october(void)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier("Europe/Berlin");
    struct report *report = report_new("Europe/Berlin", zone);

    report_month_set(&report->month, zone, 2026, 10);
    report->made_us = report->month.until_us + G_TIME_SPAN_DAY;
    return report;
}

static void test_month(void)
{
    int year = 0, month = 0;
    AUTO(report) report = october();
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autofree char *name = report_month_name(&report->month);

    g_assert_true(report_month_parse("2026-10", &year, &month, NULL));
    g_assert_cmpint(year * 100 + month, ==, 202610);
    static const char *const wrong[] = {"2026-13", "2026-00", "2026-1", "26-10",
                                        "2026/10", "+026-10", "",       "2026-10-01"};
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_false(report_month_parse(wrong[i], &year, &month, NULL));
    g_assert_cmpstr(name, ==, "October 2026");
    /* One hour more than 31 days: the clocks go back. */
    g_assert_cmpint(report->month.until_us - report->month.from_us, ==,
                    31 * G_TIME_SPAN_DAY + G_TIME_SPAN_HOUR);
    g_assert_cmpuint(report->month.days->len, ==, 32);
    g_assert_cmpint(g_array_index(report->month.days, gint64, 31), ==, report->month.until_us);
    report_month_last(utc, 1767225600 * (gint64) G_USEC_PER_SEC, &year,
                      &month); /* 2026-01-01 */
    g_assert_cmpint(year * 100 + month, ==, 202512);
}

static bool is_before(GTimeZone *zone, gint64 at_us, const struct report_month *month)
{
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(at_us / G_USEC_PER_SEC);
    g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, zone);

    return g_date_time_get_year(local) * 12 + g_date_time_get_month(local) <
           month->year * 12 + month->month;
}

/* The month's beginning is its first second, and the end of the one before; its days fill it. */
static void check_month(GTimeZone *zone, const struct report_month *month, gint64 before_us)
{
    const gint64 *days = (gpointer) month->days->data;
    const guint count = month->days->len - 1;

    g_assert_cmpint(month->from_us, ==, before_us);
    g_assert_false(is_before(zone, month->from_us, month));
    g_assert_true(is_before(zone, month->from_us - G_USEC_PER_SEC, month));
    g_assert_cmpint(days[0], ==, month->from_us);
    g_assert_cmpint(days[count], ==, month->until_us);
    g_assert_cmpuint(count, >=, 27);
    for (guint i = 0; i < count; i++) {
        g_assert_cmpint(days[i + 1] - days[i], >=, 22 * G_TIME_SPAN_HOUR);
        g_assert_cmpint(days[i + 1] - days[i], <=, 26 * G_TIME_SPAN_HOUR);
    }
}

/* Midnights that come twice, that never come, that come again a minute later, days left out. */
static void test_month_edges(void)
{
    static const char *const names[] = {
        "America/Havana",      "America/Santiago",  "America/Asuncion",
        "America/Sao_Paulo",   "America/Toronto",   "America/St_Johns",
        "Asia/Amman",          "Asia/Beirut",       "Asia/Gaza",
        "Asia/Tehran",         "Africa/Cairo",      "Atlantic/Azores",
        "Pacific/Apia",        "Pacific/Kwajalein", "Asia/Kathmandu",
        "Australia/Lord_Howe", "Europe/Berlin",     "UTC"};
    AUTO(report) report = october();

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(names[i]);
        gint64 before_us = 0;
        for (int month = 1990 * 12; zone != NULL && month < 2036 * 12; month++) {
            report_month_set(&report->month, zone, month / 12, month % 12 + 1);
            check_month(zone, &report->month,
                        before_us != 0 ? before_us : report->month.from_us);
            before_us = report->month.until_us;
        }
    }
    g_autoptr(GTimeZone) havana = g_time_zone_new_identifier("America/Havana");
    report_month_set(&report->month, havana, 2026, 10);
    g_assert_cmpint(report->month.until_us / G_USEC_PER_SEC, ==, 1793505600); /* 04:00Z */
}

static void test_fit(void)
{
    struct report_point points[10];
    double low, middle, high;
    const gint64 week = 7 * G_TIME_SPAN_DAY;

    for (int i = 0; i < 10; i++)
        points[i] = (struct report_point){i * week, 1000 + 70 * i + (i % 2 == 0 ? 5 : -5)};
    g_assert_cmpint(report_fit(points, 3).verdict, ==, REPORT_FIT_FEW);
    g_assert_cmpint(report_fit(points, 0).verdict, ==, REPORT_FIT_FEW);
    const struct report_fit fit = report_fit(points, 10);
    g_assert_cmpint(fit.verdict, ==, REPORT_FIT_GOOD);
    g_assert_cmpfloat(fabs(fit.per_day - 10), <, 0.2);
    g_assert_true(report_forecast(&fit, 13 * week, &low, &middle, &high));
    g_assert_cmpfloat(fabs(middle - 1910), <, 15);
    g_assert_cmpfloat(low, <, middle - 10);
    g_assert_cmpfloat(high, >, middle + 10);
    /* No farther ahead than back: nine weeks are known. */
    g_assert_true(report_forecast(&fit, 18 * week, &low, &middle, &high));
    g_assert_false(report_forecast(&fit, 19 * week, &low, &middle, &high));
    for (int i = 0; i < 10; i++)
        points[i].at_us = i * G_TIME_SPAN_DAY;
    g_assert_cmpint(report_fit(points, 10).verdict, ==, REPORT_FIT_SHORT);
    /* A size is never below zero. */
    for (int i = 0; i < 10; i++)
        points[i] = (struct report_point){i * week, 1000 - 100 * i};
    const struct report_fit falls = report_fit(points, 10);
    g_assert_true(report_forecast(&falls, 15 * week, &low, &middle, &high));
    g_assert_cmpfloat(low, >=, 0);
    g_assert_cmpfloat(middle, >=, 0);
}

static void test_left(void)
{
    AUTO(report) report = october();
    const struct report_run run = {.target = "shop", .section = "second", .verb = "run"};
    g_autofree char *key = report_reason_key("12 of 1,234.5 rows, 3.");

    g_assert_cmpstr(key, ==, "# of # rows, #.");
    report_add_left(report, &run, "skipped", "12 dead rows are too few", "a");
    report_add_left(report, &run, "skipped", "9 dead rows are too few", "b");
    report_add_left(report, &run, "failed", "9 dead rows are too few", "b");
    report_add_left(report, &run, "skipped", NULL, "c");
    g_assert_cmpuint(report->left->len, ==, 3);
    const struct report_left *first = &g_array_index(report->left, struct report_left, 0);
    g_assert_cmpuint(first->times, ==, 2);
    g_assert_true(first->varies);
    g_assert_cmpstr(first->example, ==, "a");
}

static void add_run(struct report *report, gint64 id, const char *section, const char *verb,
                    gint64 started_us, enum report_outcome outcome)
{
    const struct report_run run = {.id = id,
                                   .started_us = started_us,
                                   .ended_us = started_us + G_USEC_PER_SEC,
                                   .target = "shop",
                                   .section = section,
                                   .verb = verb,
                                   .by = "anna",
                                   .outcome = outcome};
    g_array_append_val(report->runs, run);
}

static void test_acts(void)
{
    AUTO(report) report = october();
    struct report_incident incident = {.opened_us = 100, .closed_us = 200, .target = "shop"};

    incident.acts = g_array_new(FALSE, FALSE, sizeof(guint));
    add_run(report, 1, "third", "relieve", 99, REPORT_DONE);
    add_run(report, 2, "third", "relieve", 150, REPORT_DONE);
    add_run(report, 3, "second", "run", 150, REPORT_DONE);
    add_run(report, 4, "fourth", "report", 300, REPORT_DONE);
    report_find_acts(report, &incident, 4);
    g_assert_cmpuint(incident.acts->len, ==, 2);
    g_assert_cmpuint(g_array_index(incident.acts, guint, 0), ==, 1);
    g_assert_cmpuint(g_array_index(incident.acts, guint, 1), ==, 3);
    g_array_unref(incident.acts);
}

static void test_tallies(void)
{
    AUTO(report) report = october();

    add_run(report, 1, "second", "run", 10, REPORT_DONE);
    add_run(report, 2, "first", "report", 20, REPORT_DONE);
    add_run(report, 3, "second", "run", 30, REPORT_FAILED);
    report_tally_runs(report);
    report_judge(report);
    g_assert_cmpuint(report->tallies->len, ==, 2);
    const struct report_tally *vacuum = &g_array_index(report->tallies, struct report_tally, 1);
    g_assert_cmpuint(vacuum->runs, ==, 2);
    g_assert_cmpuint(vacuum->outcomes[REPORT_FAILED], ==, 1);
    g_assert_cmpint(vacuum->last_run, ==, 3);
    const struct report_line *line = &g_array_index(report->lines, struct report_line, 0);
    g_assert_cmpint(line->tone, ==, REPORT_BAD);
    g_assert_cmpstr(line->text, ==, "1 of 3 runs failed; each is listed with its cause.");
    g_assert_cmpint(report_outcome_of("nonsense"), ==, REPORT_UNFINISHED);
}

/* One that is unused and a duplicate is one; what is missing is no index. */
static void test_findings_in_short(void)
{
    AUTO(report) report = october();
    struct report_indexes one = {.database = "shop"};
    const struct report_finding findings[] = {{.schema = "a", .name = "x", .relation = "t"},
                                              {.schema = "a", .name = "x", .relation = "t"},
                                              {.schema = "b", .name = "x", .relation = "t"},
                                              {.schema = "a", .name = "", .relation = "t"}};

    one.findings = g_array_new(FALSE, FALSE, sizeof(struct report_finding));
    g_array_append_vals(one.findings, findings, G_N_ELEMENTS(findings));
    g_array_append_val(report->indexes, one);
    report_judge(report);
    const struct report_line *lines = (gpointer) report->lines->data;
    g_assert_cmpuint(report->lines->len, ==, 3);
    g_assert_cmpstr(lines[1].text, ==, "2 indexes wait for a decision.");
    g_assert_cmpstr(lines[2].text, ==, "1 foreign key has no index.");
}

/* Minutes that nobody wrote were not watched. */
static void test_watched(void)
{
    AUTO(report) report = october();
    struct report_connections shop = {
        .target = "shop", .samples = 60, .due = 100, .ordinary = 10, .used_max = 3};

    g_assert_cmpfloat(report_watched(&shop), ==, 0.6);
    shop.days = g_array_new(FALSE, FALSE, sizeof(struct report_day));
    g_array_append_val(report->connections, shop);
    report_judge(report);
    const struct report_line *lines = (gpointer) report->lines->data;
    g_assert_cmpstr(lines[1].text, ==,
                    "shop was watched for 60 % of the month; of the rest nothing is known.");
    g_assert_cmpstr(lines[2].text, ==, "No critical incident was seen while somebody watched.");
    shop.samples = 200;
    g_assert_cmpfloat(report_watched(&shop), ==, 1);
    struct report_connections *kept = &g_array_index(
        report->connections, struct report_connections, report->connections->len - 1);
    kept->due = 100000; /* it was watched, though not for long */
    g_array_set_size(report->lines, 0);
    report_judge(report);
    lines = (gpointer) report->lines->data;
    g_assert_cmpstr(lines[1].text, ==,
                    "shop was watched for less than 1 % of the month; of the rest "
                    "nothing is known.");
}

static void test_space(void)
{
    AUTO(report) report = october();
    const struct report_win wins[] = {
        {.target = "shop", .name = "a", .before = 100, .after = 40},
        {.target = "shop", .name = "b", .before = 50, .after = -1}};

    g_array_append_vals(report->wins, wins, 2);
    const struct report_space space = report_space(report);
    g_assert_cmpint(space.won, ==, 60);
    g_assert_cmpuint(space.known, ==, 1);
    g_assert_cmpuint(space.unknown, ==, 1);
}

static void add_win(struct report *report, const char *name, gint64 at_us, gint64 before,
                    gint64 after)
{
    const struct report_win win = {.run = at_us,
                                   .at_us = at_us,
                                   .target = "shop",
                                   .name = name,
                                   .what = "rebuilt",
                                   .before = before,
                                   .after = after};

    g_array_append_val(report->wins, win);
}

/* One object counts once, however often it was handled. */
static void test_space_of_one_object(void)
{
    AUTO(report) report = october();

    add_win(report, "a", 3, 4000, 0);
    add_win(report, "a", 1, 10000, 5000);
    add_win(report, "a", 2, 5000, 4000);
    struct report_space space = report_space(report);
    g_assert_cmpuint(space.known, ==, 1);
    g_assert_cmpint(space.before, ==, 10000);
    g_assert_cmpint(space.after, ==, 0);
    g_assert_cmpint(space.won, ==, 10000);
    g_assert_cmpint(space.grown, ==, 0);
    /* It was smaller when the next one came, or larger. */
    add_win(report, "b", 1, 1000, 500);
    add_win(report, "b", 2, 3000, 700);
    add_win(report, "b", 3, -1, 700);
    space = report_space(report);
    g_assert_cmpuint(space.known, ==, 2);
    g_assert_cmpuint(space.unknown, ==, 1);
    g_assert_cmpint(space.won, ==, 12800);
    g_assert_cmpint(space.before, ==, 11000);
    g_assert_cmpint(space.after, ==, 700);
    g_assert_cmpint(space.grown, ==, 2500);
    report_judge(report);
    AUTO(page) page = report_page(report);
    g_autofree char *text = page_plain(page, false);
    g_assert_nonnull(strstr(text, "12.5 kB of disk space won back from 2 objects."));
    g_assert_nonnull(strstr(text,
                            "12.5 kB won: 10.7 kB before, 700 B after; in between they grew "
                            "by 2500 B."));
}

/* What was taken back is no win, and what was so in part is one of which nobody knows. */
static void test_taken_back(void)
{
    AUTO(report) report = october();
    const struct report_win wins[] = {
        {.before = 100, .after = 40, .target = "shop", .name = "a", .what = "rebuilt"},
        {.before = 2048,
         .target = "shop",
         .name = "b",
         .what = "dropped",
         .undone = REPORT_UNDONE,
         .undo_run = 7,
         .undone_us = report->month.from_us},
        {.before = 1000,
         .target = "shop",
         .name = "c",
         .what = "dropped",
         .undone = REPORT_UNDONE_PARTLY,
         .undo_run = 8,
         .undone_us = report->month.from_us}};

    g_array_append_vals(report->wins, wins, G_N_ELEMENTS(wins));
    g_array_append_val(report->returned, wins[1]);
    const struct report_space space = report_space(report);
    g_assert_cmpint(space.won, ==, 60);
    g_assert_cmpuint(space.known, ==, 1);
    g_assert_cmpuint(space.undone, ==, 1);
    g_assert_cmpuint(space.partly, ==, 1);
    g_assert_cmpuint(space.unknown, ==, 0);
    g_assert_cmpint(space.undone_bytes, ==, 2048);
    g_assert_cmpint(report_returned(report), ==, 2048);
    report_judge(report);
    AUTO(page) page = report_page(report);
    g_autofree char *text = page_plain(page, true);
    static const char *const said[] = {
        "60 B of disk space won back from 1 object.",
        "1 object, of 2048 B, was taken back by \"history undo\": not counted as won.",
        "1 object taken back in part: not counted as won.",
        "| b | dropped, taken back on 2026-10-01 by run 7 | 2048 B | back again | none |",
        "| c | dropped, taken back in part on 2026-10-01 by run 8 | 1000 B | partly back |",
        "Taken back of earlier months",
        "1 object that an earlier month won space from, 2048 B, was taken back"};
    for (gsize i = 0; i < G_N_ELEMENTS(said); i++)
        g_assert_nonnull(strstr(text, said[i]));
}

static void add_incident(struct report *report, const char *name, gint64 closed_us, guint act)
{
    struct report_incident incident = {.opened_us = report->month.from_us,
                                       .closed_us = closed_us,
                                       .target = "shop",
                                       .name = name,
                                       .severity = "warning",
                                       .message = "bad",
                                       .closing = closed_us > 0 ? "calm" : NULL};

    incident.acts = g_array_new(FALSE, FALSE, sizeof(guint));
    if (act != G_MAXUINT)
        g_array_append_val(incident.acts, act);
    g_array_append_val(report->incidents, incident);
}

/* What was measured at the end is not what was done. */
static void test_what_was_done(void)
{
    AUTO(report) report = october();
    const gint64 from = report->month.from_us, later = from + G_TIME_SPAN_HOUR;

    add_run(report, 1, "third", "relieve", from, REPORT_DONE);
    add_run(report, 2, "third", "cancel", from, REPORT_REFUSED);
    struct report_run *run = &g_array_index(report->runs, struct report_run, 0);
    run->ended = 3;
    run->cancelled = 1;
    add_incident(report, "slots", later, 0);
    add_incident(report, "slots", later, 1);
    add_incident(report, "slots", later, G_MAXUINT);
    add_incident(report, "slots", 0, G_MAXUINT);
    add_incident(report, "slots", from, G_MAXUINT);
    add_incident(report, "job x", later, G_MAXUINT);
    AUTO(page) page = report_page(report);
    g_autofree char *text = page_plain(page, true);
    static const char *const said[] = {
        "run 1: third relieve by anna, done: 3 sessions ended, 1 query cancelled | calm |",
        "run 2: third cancel by anna, refused; as far as is known it ended by itself | calm |",
        "| 1 h | nothing recorded; as far as is known it ended by itself | calm |",
        "| still open | nothing recorded so far |  |",
        "| a moment | nothing recorded | calm |",
        "job x: bad | 1 h | nothing recorded | calm |"};
    for (gsize i = 0; i < G_N_ELEMENTS(said); i++)
        g_assert_nonnull(strstr(text, said[i]));
}

/* More than ordinary roles may have is of what is reserved, and no share of 102 %. */
static void test_used(void)
{
    AUTO(report) report = october();
    struct report_connections shop = {.target = "shop",
                                      .samples = 100,
                                      .due = 100,
                                      .ordinary = 57,
                                      .used_max = 58,
                                      .peak_us = report->month.from_us};
    g_autofree char *some = report_used(41, 97);
    g_autofree char *all = report_used(97, 97);
    g_autofree char *more = report_used(99, 97);

    g_assert_cmpstr(some, ==, "41 of 97 connections");
    g_assert_cmpstr(all, ==, "97 of 97 connections");
    g_assert_cmpstr(more, ==, "97 of 97 connections and 2 reserved ones");
    g_assert_cmpfloat(report_used_share(58, 57), ==, 1);
    shop.days = g_array_new(FALSE, FALSE, sizeof(struct report_day));
    g_array_append_val(report->connections, shop);
    report_judge(report);
    AUTO(page) page = report_page(report);
    g_autofree char *text = page_plain(page, false);
    g_assert_nonnull(strstr(text, "shop used 57 of 57 connections and 1 reserved one at the "
                                  "highest (100 %)."));
    g_assert_null(strstr(text, "58 of"));
    g_assert_null(strstr(text, "102 %"));
}

/* Of the first days, which are kept no longer, nobody says that they were not watched. */
static void test_kept(void)
{
    AUTO(report) report = october();
    struct report_connections shop = {.target = "shop", .samples = 86400, .ordinary = 9};
    const gint64 *days = (gpointer) report->month.days->data;

    g_assert_cmpstr(report_unwatched(report), ==, "nobody watched");
    shop.days = g_array_new(FALSE, FALSE, sizeof(struct report_day));
    for (guint i = 0; i < 31; i++) {
        const struct report_day day = {.from_us = days[i], .samples = i == 30 ? 86400 : 0};
        g_array_append_val(shop.days, day);
    }
    g_assert_cmpint(report_kept_us(report, &shop), ==, days[0]);
    report->minutes_us = days[28] + 1;
    g_assert_cmpint(report_kept_us(report, &shop), ==, days[29]);
    g_assert_cmpstr(report_unwatched(report), ==, "kept no longer");
    shop.kept_us = days[29];
    shop.due = 2 * 86400;
    g_array_append_val(report->connections, shop);
    report_judge(report);
    AUTO(page) page = report_page(report);
    g_autofree char *text = page_plain(page, false);
    g_assert_nonnull(strstr(text, "What was seen of shop in the first 29 days of the month is "
                                  "kept no longer."));
    g_assert_nonnull(strstr(text, "shop was watched for 50 % of the time since then"));
    g_assert_nonnull(strstr(text, "It was watched for 50 % of the time since 2026-10-30; what "
                                  "was seen before is kept no longer; nobody watched on "
                                  "2026-10-30."));
    g_assert_null(strstr(text, "2026-10-29"));
    /* A day that is kept tells that later ones would be, too. */
    g_array_index(shop.days, struct report_day, 0).samples = 1;
    g_assert_cmpint(report_kept_us(report, &shop), ==, days[0]);
}

/* Names are shown whole and harmless in each form, and a command that is copied means the same. */
static void test_names(void)
{
    AUTO(report) report = october();
    struct report_indexes one = {.database = "\327\220\327\221 7 x"};
    const struct report_finding findings[] = {
        {.schema = "public",
         .name = "i\u202eevil\nb",
         .relation = "t",
         .what = "unused",
         .reason = "because",
         .command = "pgrunbook first drop '\"public\".\"i\u202eevil\nb\"'"},
        {.schema = "public",
         .name = "",
         .relation = "t\u202e",
         .what = "missing_fk",
         .reason = "because",
         .command = "CREATE INDEX CONCURRENTLY ON \"public\".\"t\u202e\" (a)"}};

    one.findings = g_array_new(FALSE, FALSE, sizeof(struct report_finding));
    g_array_append_vals(one.findings, findings, G_N_ELEMENTS(findings));
    g_array_append_val(report->indexes, one);
    report_judge(report);
    AUTO(page) page = report_page(report);
    g_autofree char *html = page_html(page);
    g_autofree char *text = page_plain(page, false);
    g_assert_null(strstr(html, "\u202e"));
    g_assert_null(strstr(text, "\u202e"));
    g_assert_nonnull(strstr(html, ">public.i\\u202eevil\\nb</td>"));
    g_assert_nonnull(strstr(text, "public.i\\u202eevil\\nb"));
    g_assert_nonnull(strstr(text, "drop $'\"public\".\"i\\342\\200\\256evil\\012b\"'"));
    g_assert_nonnull(strstr(html, "drop $&#39;&quot;public&quot;.&quot;i\\342\\200\\256evil"
                                  "\\012b&quot;&#39;</td>"));
    g_assert_nonnull(strstr(text, "for bash, zsh or ksh"));
    g_assert_nonnull(strstr(text, "ON \"public\".U&\"t\\202E\" (a)"));
    g_assert_nonnull(strstr(html, "<h3><bdi>\327\220\327\221</bdi> 7 x</h3>"));
}

/* Every section is there, and says so where it knows nothing. */
static void test_empty_page(void)
{
    AUTO(report) report = october();

    report->target = "<script>alert(1)</script>";
    report_judge(report);
    AUTO(page) page = report_page(report);
    g_autofree char *html = page_html(page);
    g_autofree char *markdown = page_plain(page, true);
    static const char *const parts[] = {"Maintenance",
                                        "Space won",
                                        "Incidents",
                                        "Connections",
                                        "Backups",
                                        "Migrations",
                                        "Indexes to decide on",
                                        "Growth and forecast",
                                        "Turns missed"};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_assert_nonnull(strstr(html, parts[i]));
        g_assert_nonnull(strstr(markdown, parts[i]));
    }
    g_assert_null(strstr(html, "<script"));
    g_assert_nonnull(strstr(markdown, "\\<script\\>"));
    g_assert_nonnull(strstr(html, "prefers-color-scheme: dark"));
    g_assert_nonnull(strstr(html, "<html lang=\"en\">"));
}

static void test_mail(void)
{
    const char *const to[] = {"boss@example.com", "dba@example.com", NULL};
    const struct report_letter letter = {.from = "pgrunbook@db1",
                                         .to = to,
                                         .subject = "October\r\nBcc: x@example.com \303\274",
                                         .text = "text\n.\nFrom me",
                                         .html = "<p>\303\274</p>",
                                         .file = "sh\"op\r\n-2026-10.html",
                                         .now_s = 1790812800,
                                         .unique = 7};
    g_autofree char *mail = report_mail(&letter);

    g_assert_null(strstr(mail, "\nBcc"));
    g_assert_nonnull(strstr(mail, "To: boss@example.com,\r\n dba@example.com\r\n"));
    g_assert_nonnull(strstr(mail, "filename=\"sh-op---2026-10.html\""));
    g_assert_true(g_str_has_suffix(mail, "--=_pgrunbook_00000007--\r\n"));
    for (const char *c = mail; *c != '\0'; c++)
        g_assert_true(g_ascii_isprint(*c) || *c == '\r' || *c == '\n');
    g_auto(GStrv) lines = g_strsplit(mail, "\r\n", -1);
    for (guint i = 0; lines[i] != NULL; i++) {
        g_assert_cmpuint(strlen(lines[i]), <=, 78);
        g_assert_null(strchr(lines[i], '\n'));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/month", test_month);
    g_test_add_func("/report/month_edges", test_month_edges);
    g_test_add_func("/report/fit", test_fit);
    g_test_add_func("/report/left", test_left);
    g_test_add_func("/report/acts", test_acts);
    g_test_add_func("/report/tallies", test_tallies);
    g_test_add_func("/report/findings_in_short", test_findings_in_short);
    g_test_add_func("/report/watched", test_watched);
    g_test_add_func("/report/space", test_space);
    g_test_add_func("/report/space_of_one_object", test_space_of_one_object);
    g_test_add_func("/report/taken_back", test_taken_back);
    g_test_add_func("/report/what_was_done", test_what_was_done);
    g_test_add_func("/report/used", test_used);
    g_test_add_func("/report/kept", test_kept);
    g_test_add_func("/report/names", test_names);
    g_test_add_func("/report/empty_page", test_empty_page);
    g_test_add_func("/report/mail", test_mail);
    return g_test_run();
}
