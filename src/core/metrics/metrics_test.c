#include "metrics/metrics.h"

#include <math.h>
#include <string.h>

static const struct metric dead = {"dead_rows", METRIC_GAUGE,      NULL,
                                   "Dead rows", "schema relation", true};
static const struct metric age = {
    "age_seconds", METRIC_GAUGE, "seconds", "Age of \"it\", \\ or so", NULL, false};
static const struct metric runs = {"runs", METRIC_COUNTER, NULL, "Runs", "verb", false};

static struct measure *new_measure(guint top)
{
    struct measure *measure = measure_new(NULL, NULL, NULL, NULL, top);

    measure_section(measure, "vacuum", NULL);
    return measure;
}

static char *text_of(struct measure *measure, const char *target, bool openmetrics)
{
    json_t *families = measure_families(measure);
    const struct metrics_part part = {target, families};
    char *text = metrics_text(&part, 1, openmetrics);

    json_decref(families);
    return text;
}

static void test_formats(void)
{
    AUTO(measure) measure = new_measure(5);

    measure_add(measure, &age, 1.5);
    measure_add(measure, &runs, 3.0, "run");
    g_autofree char *open = text_of(measure, "shop", true);
    g_assert_cmpstr(open, ==,
                    "# HELP pgrunbook_vacuum_age_seconds Age of \\\"it\\\", \\\\ or so\n"
                    "# TYPE pgrunbook_vacuum_age_seconds gauge\n"
                    "# UNIT pgrunbook_vacuum_age_seconds seconds\n"
                    "pgrunbook_vacuum_age_seconds{target=\"shop\"} 1.5\n"
                    "# HELP pgrunbook_vacuum_runs Runs\n"
                    "# TYPE pgrunbook_vacuum_runs counter\n"
                    "pgrunbook_vacuum_runs_total{target=\"shop\",verb=\"run\"} 3\n"
                    "# EOF\n");
    g_autofree char *old = text_of(measure, NULL, false);
    g_assert_cmpstr(old, ==,
                    "# HELP pgrunbook_vacuum_age_seconds Age of \"it\", \\\\ or so\n"
                    "# TYPE pgrunbook_vacuum_age_seconds gauge\n"
                    "pgrunbook_vacuum_age_seconds 1.5\n"
                    "# HELP pgrunbook_vacuum_runs_total Runs\n"
                    "# TYPE pgrunbook_vacuum_runs_total counter\n"
                    "pgrunbook_vacuum_runs_total{verb=\"run\"} 3\n");
}

static void test_hostile_names(void)
{
    AUTO(measure) measure = new_measure(5);

    measure_add(measure, &dead, 4.0, "a\"b", "<script>alert(1)</script>");
    measure_add(measure, &dead, 3.0, "s", "two\nlines\\");
    measure_add(measure, &dead, 2.0, "s", "bad\xff");
    g_autofree char *text = text_of(measure, "t\"\n", true);
    g_assert_nonnull(strstr(text, "{target=\"t\\\"\\n\",schema=\"a\\\"b\","
                                  "relation=\"<script>alert(1)</script>\"} 4\n"));
    g_assert_nonnull(strstr(text, "relation=\"two\\nlines\\\\\"} 3\n"));
    g_assert_nonnull(strstr(text, "relation=\"bad\xef\xbf\xbd\"} 2\n"));
}

static void test_top(void)
{
    AUTO(measure) measure = new_measure(2);

    for (guint i = 1; i <= 5; i++) {
        g_autofree char *name = g_strdup_printf("t%u", i);
        measure_add(measure, &dead, (double) i, "s", name);
    }
    g_autofree char *text = text_of(measure, NULL, false);
    g_assert_nonnull(strstr(text, "{schema=\"s\",relation=\"t5\"} 5\n"
                                  "pgrunbook_vacuum_dead_rows{schema=\"s\",relation=\"t4\"} 4\n"
                                  "pgrunbook_vacuum_dead_rows{relation=\"(other)\"} 6\n"));
    g_assert_null(strstr(text, "t3"));
}

/* What is zero is not named, and a table that is called like the rest is none of it. */
static void test_top_zero(void)
{
    AUTO(measure) measure = new_measure(3);

    measure_add(measure, &dead, 0.0, "s", "empty");
    measure_add(measure, &dead, 7.0, "s", "(other)");
    g_autofree char *text = text_of(measure, NULL, false);
    g_assert_null(strstr(text, "empty"));
    g_assert_nonnull(strstr(text, "{schema=\"s\",relation=\"(other)\"} 7\n"));
    g_assert_nonnull(strstr(text, "rows{relation=\"(other)\"} 0\n"));
}

static void test_alike(void)
{
    AUTO(measure) measure = new_measure(5);

    measure_add(measure, &dead, 1.0, "s", "x\xfe");
    measure_add(measure, &dead, 2.0, "s", "x\xff");
    measure_add(measure, &runs, 1.0, "run");
    measure_add(measure, &runs, 5.0, "run");
    measure_add(measure, &runs, NAN, "never");
    g_autofree char *text = text_of(measure, NULL, false);
    g_assert_nonnull(strstr(text, "relation=\"x\xef\xbf\xbd\"} 3\n"));
    g_assert_nonnull(strstr(text, "{verb=\"run\"} 5\n"));
    g_assert_null(strstr(text, "never"));
}

/* One family of two targets stands in one place; their own label stays away. */
static void test_merge(void)
{
    AUTO(measure) measure = new_measure(5);

    measure_add(measure, &age, 2.0);
    measure_add(measure, &runs, 1.0, "run");
    json_t *families = measure_families(measure);
    json_t *strange = json_pack("[{s:s, s:s, s:[]}, {s:s, s:s}, i]", "name", "bad name", "type",
                                "gauge", "samples", "name", "x", "type", "gauge", 1);
    const struct metrics_part parts[] = {{"a", families}, {"b", families}, {"c", strange}};
    g_autofree char *text = metrics_text(parts, G_N_ELEMENTS(parts), true);
    g_assert_nonnull(strstr(text, "age_seconds{target=\"a\"} 2\n"
                                  "pgrunbook_vacuum_age_seconds{target=\"b\"} 2\n"
                                  "# HELP pgrunbook_vacuum_runs Runs\n"));
    g_assert_null(strstr(text, "bad name"));
    g_assert_true(g_str_has_suffix(text, "# EOF\n"));
    json_decref(families);
    json_decref(strange);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/metrics/formats", test_formats);
    g_test_add_func("/metrics/hostile_names", test_hostile_names);
    g_test_add_func("/metrics/top", test_top);
    g_test_add_func("/metrics/top_zero", test_top_zero);
    g_test_add_func("/metrics/alike", test_alike);
    g_test_add_func("/metrics/merge", test_merge);
    return g_test_run();
}
