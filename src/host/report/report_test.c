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
}

static void test_space(void)
{
    AUTO(report) report = october();
    const struct report_win wins[] = {{.before = 100, .after = 40},
                                      {.before = 50, .after = -1}};

    g_array_append_vals(report->wins, wins, 2);
    const struct report_space space = report_space(report);
    g_assert_cmpint(space.won, ==, 60);
    g_assert_cmpuint(space.known, ==, 1);
    g_assert_cmpuint(space.unknown, ==, 1);
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
    g_test_add_func("/report/fit", test_fit);
    g_test_add_func("/report/left", test_left);
    g_test_add_func("/report/acts", test_acts);
    g_test_add_func("/report/tallies", test_tallies);
    g_test_add_func("/report/findings_in_short", test_findings_in_short);
    g_test_add_func("/report/watched", test_watched);
    g_test_add_func("/report/space", test_space);
    g_test_add_func("/report/empty_page", test_empty_page);
    g_test_add_func("/report/mail", test_mail);
    return g_test_run();
}
