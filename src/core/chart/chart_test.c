#include "chart/chart.h"

#include <math.h>
#include <string.h>

static const gint64 OCTOBER_US = 1790812800 * (gint64) G_USEC_PER_SEC; /* 2026-10-01, UTC */

static void expect_values(enum chart_unit unit, double low, double high, const char *expected)
{
    g_autoptr(GArray) ticks = chart_value_ticks(unit, low, high, 4);
    g_autoptr(GString) found = g_string_new(NULL);

    for (guint i = 0; i < ticks->len; i++) {
        g_autofree char *label = chart_value_label(unit, g_array_index(ticks, double, i));
        g_string_append_printf(found, "%s%s", i > 0 ? "|" : "", label);
    }
    g_assert_cmpstr(found->str, ==, expected);
}

static void test_value_ticks(void)
{
    const double gb = 1024.0 * 1024 * 1024;

    expect_values(CHART_COUNT, 0, 38, "0|10|20|30|40");
    expect_values(CHART_COUNT, 0, 2, "0|1|2");
    expect_values(CHART_COUNT, 0, 97, "0|50|100");
    expect_values(CHART_COUNT, 0, 0, "0|1");
    expect_values(CHART_SIZE, 0, 3.2 * gb, "0 B|1 GB|2 GB|3 GB|4 GB");
    expect_values(CHART_SIZE, 40 * gb, 43 * gb, "40 GB|41 GB|42 GB|43 GB");
    expect_values(CHART_SIZE, 0, 0.9 * gb, "0 B|512 MB|1 GB");
    expect_values(CHART_SIZE, 22 * gb, 22 * gb, "20 GB|21 GB|22 GB|23 GB|24 GB");
    expect_values(CHART_COUNT, 97, 97, "90|95|100|105");
    expect_values(CHART_SECONDS, 0, 200, "0 s|1 min|2 min|3 min|4 min");
    expect_values(CHART_COUNT, NAN, NAN, "0|1");
}

static void expect_times(const char *zone_name, double days, guint most, const char *expected)
{
    g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(zone_name);
    g_autoptr(GArray) ticks = chart_time_ticks(
        zone, OCTOBER_US, OCTOBER_US + (gint64) (days * G_TIME_SPAN_DAY), most);
    g_autoptr(GString) found = g_string_new(NULL);
    gint64 step =
        ticks->len > 1 ? g_array_index(ticks, gint64, 1) - g_array_index(ticks, gint64, 0) : 0;

    for (guint i = 0; i < ticks->len; i++) {
        g_autofree char *label = chart_time_label(zone, g_array_index(ticks, gint64, i), step);
        g_string_append_printf(found, "%s%s", i > 0 ? "|" : "", label);
    }
    g_assert_cmpstr(found->str, ==, expected);
}

static void test_time_ticks(void)
{
    expect_times("UTC", 3, 8, "1 Oct|2 Oct|3 Oct|4 Oct");
    expect_times("UTC", 31, 8, "5 Oct|12 Oct|19 Oct|26 Oct");
    expect_times("UTC", 180, 8, "Oct 2026|Nov 2026|Dec 2026|Jan 2027|Feb 2027|Mar 2027");
    expect_times("UTC", 1500, 8, "2027|2028|2029|2030");
    /* The clocks go back on the 25th: a day of 25 hours is one day. */
    expect_times("Europe/Berlin", 31, 8, "5 Oct|12 Oct|19 Oct|26 Oct");
}

static guint occurrences(const char *text, const char *word)
{
    guint count = 0;

    for (const char *at = text; (at = strstr(at, word)) != NULL; at += strlen(word))
        count++;
    return count;
}

static void test_svg(void)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    const gint64 day = G_TIME_SPAN_DAY;
    const struct chart_point used[] = {{OCTOBER_US, 3},
                                       {OCTOBER_US + day, NAN},
                                       {OCTOBER_US + 2 * day, 5},
                                       {OCTOBER_US + 3 * day, 7}};
    const struct chart_range ranges[] = {{OCTOBER_US + 3 * day, 7, 7, 7},
                                         {OCTOBER_US + 5 * day, 6, 9, 12}};
    const struct chart_series series[] = {{"used <b>", CHART_LINE, used, 4},
                                          {"bars", CHART_BARS, used, 4},
                                          {"limit", CHART_LIMIT, used, 1}};
    const struct chart chart = {.title = "<script>alert(1)</script>",
                                .description = "\"quoted\" & 'single' \x01 \u202ed\xff",
                                .zone = utc,
                                .from_us = OCTOBER_US,
                                .until_us = OCTOBER_US + 5 * day,
                                .series = series,
                                .series_count = 3,
                                .ranges = ranges,
                                .range_count = 2};
    g_autofree char *svg = chart_svg(&chart, "slots");

    g_assert_null(strstr(svg, "<script"));
    g_assert_nonnull(strstr(svg, "&lt;script&gt;alert(1)&lt;/script&gt;</title>"));
    g_assert_nonnull(strstr(
        svg, "&quot;quoted&quot; &amp; &#39;single&#39; \\x01 \\u202ed\357\277\275</desc>"));
    g_assert_nonnull(strstr(svg, "aria-labelledby=\"slots-title slots-text\""));
    g_assert_nonnull(strstr(svg, "<title>3 Oct: used &lt;b&gt; 5</title>"));
    g_assert_cmpuint(occurrences(svg, "<circle"), ==, 3);
    g_assert_cmpuint(occurrences(svg, "<rect"), ==, 3);
    g_assert_null(strstr(svg, "nan"));
    g_assert_null(strstr(svg, "style="));
    /* A line has a gap where nothing is known. */
    const char *line = strstr(svg, "chart-lines");
    g_assert_nonnull(line);
    g_autofree char *path = g_strndup(line, strcspn(line, "/"));
    g_assert_cmpuint(occurrences(path, "M"), ==, 2);
}

static void test_empty(void)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    const struct chart chart = {.title = "nothing", .zone = utc, .from_us = OCTOBER_US};
    g_autofree char *svg = chart_svg(&chart, "none");

    g_assert_nonnull(strstr(svg, "</svg>"));
    g_assert_null(strstr(svg, "inf"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/chart/value_ticks", test_value_ticks);
    g_test_add_func("/chart/time_ticks", test_time_ticks);
    g_test_add_func("/chart/svg", test_svg);
    g_test_add_func("/chart/empty", test_empty);
    return g_test_run();
}
