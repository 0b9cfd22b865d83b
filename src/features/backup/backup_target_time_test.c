#include "backup_target.h"
#include "error.h"

#include <string.h>

static void assert_is(const char *text, const char *utc)
{
    g_autoptr(GError) error = NULL;
    gint64 us = 0;

    target_time_parse(text, &us, &error);
    g_assert_no_error(error);
    g_autofree char *shown = target_time_format(us, NULL);
    g_assert_cmpstr(shown, ==, utc);
}

static void assert_no(const char *text, const char *says)
{
    g_autoptr(GError) error = NULL;
    gint64 us = 42;

    g_assert_false(target_time_read(text, "Europe/Berlin", &us, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    g_assert_cmpint(us, ==, 42);
    if (strstr(error->message, says) == NULL)
        g_error("%s", error->message);
}

static void test_offsets(void)
{
    assert_is("2026-11-26 02:23:00+01", "2026-11-26 01:23:00+00");
    assert_is(" 2026-11-26T02:23:00.5Z ", "2026-11-26 02:23:00.5+00");
    assert_is("2026-11-26 02:23:00.123456 -05:30", "2026-11-26 07:53:00.123456+00");
    assert_is("2026-11-26 02:23+0100", "2026-11-26 01:23:00+00");
    assert_is("1969-12-31 23:59:59.75+00", "1969-12-31 23:59:59.75+00");
    assert_is("2024-02-29 00:00:00.000001+00", "2024-02-29 00:00:00.000001+00");
}

static void test_zones(void)
{
    assert_is("2026-11-26 02:23:00 Europe/Berlin", "2026-11-26 01:23:00+00");
    assert_is("2026-07-01 02:00:00 Europe/Berlin", "2026-07-01 00:00:00+00");
    assert_is("2026-07-01 02:00:00 UTC", "2026-07-01 02:00:00+00");
    assert_is("2026-07-01 02:00:00.25 Asia/Kolkata", "2026-06-30 20:30:00.25+00");
    g_autofree char *berlin = target_time_format(0, "Europe/Berlin");
    g_assert_cmpstr(berlin, ==, "1970-01-01 01:00:00+01");
}

static void test_refused(void)
{
    assert_no("2026-11-26 02:23:00", "2026-11-26 02:23:00 Europe/Berlin");
    assert_no("2026-11-26 02:23:00", "2026-11-26 02:23:00+00");
    assert_no("2026-11-26", "is not a time");
    assert_no("2026-02-30 00:00:00+00", "is not a time");
    assert_no("2026-11-26 02:23:00.1234567+00", "six decimals");
    assert_no("2026-11-26 02:23:00 Europe/Berlyn", "Europe/Berlin");
    assert_no("2026-11-26 02:23:00+99", "unknown time zone");
    /* The clocks are put forward, and back. */
    assert_no("2026-03-29 02:30:00 Europe/Berlin", "does not exist");
    assert_no("2026-10-25 02:30:00 Europe/Berlin", "2026-10-25 02:30:00+02");
    assert_no("2026-10-25 02:30:00 Europe/Berlin", "2026-10-25 02:30:00+01");
}

/* What is proposed can be typed. */
static void test_bare(void)
{
    g_autoptr(GError) named = NULL, own = NULL;
    gint64 us = 0;

    g_assert_false(target_time_read("2026-11-27 03:00", "Asia/Kathmandu", &us, &named));
    g_assert_nonnull(strstr(named->message, "03:00 Asia/Kathmandu\""));
    g_assert_false(target_time_read("2026-11-27 03:00", "<+0545>-05:45", &us, &own));
    g_assert_null(strstr(own->message, "0545"));
    g_assert_nonnull(strstr(own->message, "03:00+00\""));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backup_target_time/offsets", test_offsets);
    g_test_add_func("/backup_target_time/zones", test_zones);
    g_test_add_func("/backup_target_time/refused", test_refused);
    g_test_add_func("/backup_target_time/bare", test_bare);
    return g_test_run();
}
