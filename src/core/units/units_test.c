#include "units/units.h"

#include "error.h"

#include <math.h>
#include <string.h>

static void size_is(const char *text, gint64 expected)
{
    g_autoptr(GError) error = NULL;
    gint64 bytes = -1;

    bool parsed = units_parse_size(text, &bytes, &error);
    g_assert_no_error(error);
    g_assert_true(parsed);
    g_assert_cmpint(bytes, ==, expected);
}

static void duration_is(const char *text, gint64 expected)
{
    g_autoptr(GError) error = NULL;
    gint64 ms = -1;

    bool parsed = units_parse_duration(text, &ms, &error);
    g_assert_no_error(error);
    g_assert_true(parsed);
    g_assert_cmpint(ms, ==, expected);
}

static void fraction_is(const char *text, double expected)
{
    g_autoptr(GError) error = NULL;
    double fraction = -1;

    bool parsed = units_parse_fraction(text, &fraction, &error);
    g_assert_no_error(error);
    g_assert_true(parsed);
    g_assert_true(fraction >= expected && fraction <= expected);
}

static void refused(GError *error, const char *part)
{
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    g_assert_nonnull(strstr(error->message, part));
    g_assert_nonnull(strstr(error->message, "\nhint: "));
    g_error_free(error);
}

static void size_refused(const char *text, const char *part)
{
    GError *error = NULL;
    gint64 bytes = 77;

    g_assert_false(units_parse_size(text, &bytes, &error));
    refused(error, part);
    g_assert_cmpint(bytes, ==, 77);
}

static void duration_refused(const char *text, const char *part)
{
    GError *error = NULL;
    gint64 ms = 77;

    g_assert_false(units_parse_duration(text, &ms, &error));
    refused(error, part);
    g_assert_cmpint(ms, ==, 77);
}

static void fraction_refused(const char *text, const char *part)
{
    GError *error = NULL;
    double fraction = 77;

    g_assert_false(units_parse_fraction(text, &fraction, &error));
    refused(error, part);
    g_assert_cmpfloat(fraction, ==, 77);
}

static void test_parse_size(void)
{
    size_is("0", 0);
    size_is("8192", 8192);
    size_is("8192B", 8192);
    size_is(" 64 kB\t", 65536);
    size_is("64KB", 65536);
    size_is("64kb", 65536);
    size_is("1MB", 1 << 20);
    size_is("1.5 GB", G_GINT64_CONSTANT(3) << 29);
    size_is(".5kB", 512);
    size_is("007", 7);
    size_is("3tb", G_GINT64_CONSTANT(3) << 40);
    size_is("8191PB", G_GINT64_CONSTANT(8191) << 50);
    size_is("9223372036854775807", G_MAXINT64);
    size_is("0.1B", 0);
    size_is("0.5B", 1);
    size_is("0.000000001PB", 1125900); /* 1125899.906842624 */
    size_is("0.999999999PB", (G_GINT64_CONSTANT(1) << 50) - 1125900);
}

static void test_refuse_size(void)
{
    static const char *const garbage[] = {
        "",     " ",     "MB",   "1e5",      "nan", "inf",          "0x10", "1 2",     "1MBB",
        "1 M",  "1,5MB", "1..5", "1.",       ".",   "1.MB",         "+1",   "1MB 2kB", "1%",
        "1k",   "1MiB",  "1 B.", "1.5.",     "٣",   "1mb!",         "B1",   "1_000",   "1s",
        "1\n2", "5'",    "1.B5", "infinity", "0b1", "1.0000000001",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(garbage); i++)
        size_refused(garbage[i], "is not a size");
    size_refused("-1MB", "is negative");
    size_refused(" -0", "is negative");
    size_refused("9223372036854775808", "is too large");
    size_refused("8192PB", "is too large");
    size_refused("18446744073709551616", "is too large");
    size_refused("99999999999999999999999999999999 kB", "is too large");
    size_refused("x", "TB");
}

static void test_parse_duration(void)
{
    duration_is("0", 0);
    duration_is("5", 5000);
    duration_is("0.25", 250);
    duration_is("5s", 5000);
    duration_is("250ms", 250);
    duration_is("1499us", 1);
    duration_is("1500us", 2);
    duration_is("0.4ms", 0);
    duration_is("2h", 7200000);
    duration_is("1.5h", 5400000);
    duration_is("2h30min", 9000000);
    duration_is(" 3 d 4 h ", (3 * 24 + 4) * G_GINT64_CONSTANT(3600000));
    duration_is("1W", G_GINT64_CONSTANT(604800000));
    duration_is("1min0.5s", 60500);
    duration_is("1h 0 min 3s", 3603000);
    duration_is("9223372036854775807us", G_GINT64_CONSTANT(9223372036854776));
}

static void test_refuse_duration(void)
{
    static const char *const garbage[] = {
        "",         "h",    "1m",     "1e3s",   "nan",  "1h30", "30min1h", "1h1h",
        "1h,30min", "0x1s", "1 x",    "1d-",    "1h h", "1:30", "1 hour",  "one",
        "5 5",      "s5",   "1.5.5s", "1h -5s", "5µs",  "1.h",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(garbage); i++)
        duration_refused(garbage[i], "is not a duration");
    duration_refused("-1s", "is negative");
    duration_refused("9223372036855", "is too large");
    duration_refused("9223372036854775807us 1us", "is not a duration");
    duration_refused("9223372036854775s 999999us", "is too large");
    duration_refused("15250285w", "is too large");
}

static void test_parse_fraction(void)
{
    fraction_is("0", 0);
    fraction_is("1", 1);
    fraction_is("0.02", 0.02);
    fraction_is("2%", 0.02);
    fraction_is(" 2.5 % ", 0.025);
    fraction_is("100%", 1);
    fraction_is("1.000", 1);
    fraction_is(".1", 0.1);
    fraction_is("0.000000001", 1e-9);
}

static void test_refuse_fraction(void)
{
    static const char *const garbage[] = {"",     "%",    "2%%",  "1e-3", "nan", "0,5",
                                          "half", "0x0p", "5 %5", "1.",   "% 5", "0.5 kB"};
    for (gsize i = 0; i < G_N_ELEMENTS(garbage); i++)
        fraction_refused(garbage[i], "is not a fraction");
    fraction_refused("1.000000001", "is too large");
    fraction_refused("2", "is too large");
    fraction_refused("100.1%", "is too large");
    fraction_refused("99999999999999999999999%", "is too large");
    fraction_refused("-0.1", "is negative");
}

static void text_is(char *text, const char *expected)
{
    g_assert_cmpstr(text, ==, expected);
    g_free(text);
}

static void test_format_size(void)
{
    text_is(units_format_size(0), "0 B");
    text_is(units_format_size(1), "1 B");
    text_is(units_format_size(8192), "8192 B");
    text_is(units_format_size(10239), "10239 B");
    text_is(units_format_size(10240), "10 kB");
    text_is(units_format_size(10300), "10.1 kB");
    text_is(units_format_size(3 << 19), "1.5 MB");
    text_is(units_format_size(G_GINT64_CONSTANT(20) << 30), "20 GB");
    text_is(units_format_size(102348), "99.9 kB");
    text_is(units_format_size(102350), "100 kB");
    text_is(units_format_size(102911), "100 kB");
    text_is(units_format_size(102912), "101 kB");
    text_is(units_format_size((1 << 20) - 513), "1023 kB");
    text_is(units_format_size((1 << 20) - 512), "1 MB");
    text_is(units_format_size((1 << 20) - 1), "1 MB");
    text_is(units_format_size(1 << 20), "1 MB");
    text_is(units_format_size(-(3 << 19)), "-1.5 MB");
    text_is(units_format_size(G_MAXINT64), "8192 PB");
    text_is(units_format_size(G_MININT64), "-8192 PB");
}

static void test_format_duration(void)
{
    text_is(units_format_duration(0), "0 s");
    text_is(units_format_duration(0.04), "0 s");
    text_is(units_format_duration(0.4), "0.4 s");
    text_is(units_format_duration(9.94), "9.9 s");
    text_is(units_format_duration(9.96), "10 s");
    text_is(units_format_duration(12.4), "12 s");
    text_is(units_format_duration(59.6), "1 min");
    text_is(units_format_duration(185), "3 min 5 s");
    text_is(units_format_duration(3599.6), "1 h");
    text_is(units_format_duration(7800), "2 h 10 min");
    text_is(units_format_duration(86399), "1 d");
    text_is(units_format_duration(3 * 86400 + 4 * 3600), "3 d 4 h");
    text_is(units_format_duration(400 * 86400.0), "400 d");
    text_is(units_format_duration(-5), "0 s");
    text_is(units_format_duration((double) NAN), "0 s");
    text_is(units_format_duration((double) INFINITY), "106481481 d 12 h");
}

static void test_format_count(void)
{
    text_is(units_format_count(0), "0");
    text_is(units_format_count(999), "999");
    text_is(units_format_count(1000), "1,000");
    text_is(units_format_count(1234567), "1,234,567");
    text_is(units_format_count(-123), "-123");
    text_is(units_format_count(-1234), "-1,234");
    text_is(units_format_count(G_MININT64), "-9,223,372,036,854,775,808");
}

/* What is printed can be typed again, and prints the same. */
static void test_round_trips(void)
{
    for (gint64 bytes = 1; bytes < G_MAXINT64 / 2; bytes += bytes / 7 + 1) {
        g_autofree char *text = units_format_size(bytes);
        gint64 again = 0;
        g_assert_true(units_parse_size(text, &again, NULL));
        text_is(units_format_size(again), text);
    }
    for (gint64 wanted = 40; wanted < G_GINT64_CONSTANT(9000000000000000);
         wanted += wanted / 100 + 1) {
        g_autofree char *text = units_format_duration((double) wanted / 1000);
        gint64 ms = 0;
        g_assert_true(units_parse_duration(text, &ms, NULL));
        text_is(units_format_duration((double) ms / 1000), text);
    }
}

static void test_nearest(void)
{
    static const char *const names[] = {"vacuum.jobs", "vacuum.window", "state", "timezone",
                                        NULL};
    static const char *const none[] = {NULL};
    g_autofree char *endless = g_strnfill(100000, 'x');

    g_assert_cmpstr(units_nearest("vacuum.job", names), ==, "vacuum.jobs");
    g_assert_cmpstr(units_nearest("vacuum.jbos", names), ==, "vacuum.jobs");
    g_assert_cmpstr(units_nearest("TimeZone", names), ==, "timezone");
    g_assert_cmpstr(units_nearest("satte", names), ==, "state");
    g_assert_cmpstr(units_nearest("timezone", names), ==, "timezone");
    g_assert_null(units_nearest("bananas", names));
    g_assert_null(units_nearest("", names));
    g_assert_null(units_nearest("st", names));
    g_assert_null(units_nearest("state", none));
    g_assert_null(units_nearest(endless, names));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/units/size/parse", test_parse_size);
    g_test_add_func("/units/size/refuse", test_refuse_size);
    g_test_add_func("/units/size/format", test_format_size);
    g_test_add_func("/units/duration/parse", test_parse_duration);
    g_test_add_func("/units/duration/refuse", test_refuse_duration);
    g_test_add_func("/units/duration/format", test_format_duration);
    g_test_add_func("/units/fraction/parse", test_parse_fraction);
    g_test_add_func("/units/fraction/refuse", test_refuse_fraction);
    g_test_add_func("/units/count", test_format_count);
    g_test_add_func("/units/round_trips", test_round_trips);
    g_test_add_func("/units/nearest", test_nearest);
    return g_test_run();
}
