#include "daemon/watch_line.h"
#include "feature.h"

#include <string.h>

const struct feature *const features[] = {NULL};

static struct watch_line *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    struct watch_line *line = watch_line_parse(text, strlen(text), &error);
    g_test_message("%s: %s", text, error ? error->message : "good");
    g_assert_cmpint(line == NULL, ==, error != NULL);
    return line;
}

static void test_state(void)
{
    AUTO(watch_line)
    up = parse("{\"line\":\"state\",\"at_us\":5,\"state\":\"up\",\"reason\":null,\"acts\":true,"
               "\"holder\":null,\"host\":\"db1\",\"port\":\"5432\",\"dbname\":\"shop\","
               "\"system_identifier\":\"77\",\"version_num\":150004,\"in_recovery\":false,"
               "\"emergency\":true,\"something\":\"new\"}");
    g_assert_nonnull(up);
    g_assert_cmpint(up->kind, ==, WATCH_LINE_STATE);
    g_assert_cmpint(up->at_us, ==, 5);
    g_assert_true(up->state.up && up->state.acts && up->state.emergency);
    g_assert_false(up->state.in_recovery);
    g_assert_cmpstr(up->state.host, ==, "db1");
    g_assert_cmpint(up->state.version_num, ==, 150004);
    g_assert_null(up->state.reason);
    AUTO(watch_line)
    down = parse("{\"line\":\"state\",\"at_us\":5,\"state\":\"down\",\"reason\":\"gone\","
                 "\"port\":5433}");
    g_assert_nonnull(down);
    g_assert_false(down->state.up || down->state.acts);
    g_assert_cmpstr(down->state.reason, ==, "gone");
    g_assert_cmpstr(down->state.port, ==, "5433");
}

static void test_sample(void)
{
    AUTO(watch_line)
    line = parse("{\"line\":\"sample\",\"at_us\":5,\"max\":40,\"ordinary\":37,\"used\":36,"
                 "\"active\":1,\"idle\":2,\"in_transaction\":3,\"waiting\":4,"
                 "\"triggers\":[\"refused\",\"log\"]}");
    g_assert_nonnull(line);
    g_assert_cmpint(line->sample.used, ==, 36);
    g_assert_cmpint(line->sample.in_transaction, ==, 3);
    g_assert_cmpstr(line->sample.triggers, ==, "refused, log");
    AUTO(watch_line) beat = parse("{\"line\":\"beat\",\"at_us\":5}");
    g_assert_nonnull(beat);
    AUTO(watch_line) busy = parse("{\"line\":\"busy\",\"at_us\":5,\"seconds\":90}");
    g_assert_nonnull(busy);
    g_assert_cmpfloat(busy->busy_seconds, ==, 90);
}

static void test_minute(void)
{
    AUTO(watch_line)
    line =
        parse("{\"line\":\"minute\",\"minute_us\":60000000,\"samples\":60,\"missed\":0,"
              "\"ordinary\":37,\"used_max\":9,\"used_sum\":500,\"active_max\":1,\"idle_max\":2,"
              "\"in_transaction_max\":3,\"waiting_max\":4,\"query_seconds_max\":1.5}");
    g_assert_nonnull(line);
    g_assert_cmpint(line->minute.minute_us, ==, 60000000);
    g_assert_cmpint(line->minute.used_sum, ==, 500);
    g_assert_cmpfloat(line->minute.query_seconds_max, ==, 1.5);
}

static void test_events(void)
{
    AUTO(watch_line)
    alarm = parse("{\"line\":\"alarm\",\"at_us\":5,\"name\":\"slots\",\"open\":true,"
                  "\"severity\":\"critical\",\"message\":\"full\",\"detail\":{\"used\":37}}");
    g_assert_nonnull(alarm);
    g_assert_true(alarm->event.open);
    g_assert_cmpstr(alarm->event.detail, ==, "{\"used\":37}");
    AUTO(watch_line)
    note = parse("{\"line\":\"note\",\"at_us\":5,\"name\":\"relief\","
                 "\"message\":\"3 ended\",\"run\":12}");
    g_assert_nonnull(note);
    g_assert_cmpint(note->event.run, ==, 12);
    g_assert_cmpstr(note->event.severity, ==, "info");
    AUTO(watch_line)
    without = parse("{\"line\":\"note\",\"at_us\":5,\"name\":\"rule\","
                    "\"message\":\"x\",\"run\":null,\"severity\":\"info\"}");
    g_assert_nonnull(without);
    g_assert_cmpint(without->event.run, ==, 0);
}

/* Whatever a broken watch prints is refused, and nothing else happens. */
static void test_refused(void)
{
    static const char *const texts[] = {
        "",
        "x",
        "{}",
        "[]",
        "null",
        "7",
        "{\"line\":7}",
        "{\"line\":\"unheard\",\"at_us\":1}",
        "{\"line\":\"beat\"}",
        "{\"line\":\"beat\",\"at_us\":\"now\"}",
        "{\"line\":\"beat\",\"at_us\":1} {",
        "{\"line\":\"beat\",\"at_us\":1",
        "{\"line\":\"beat\",\"at_us\":99999999999999999999}",
        "{\"line\":\"state\",\"at_us\":1}",
        "{\"line\":\"state\",\"at_us\":1,\"state\":\"sideways\"}",
        "{\"line\":\"state\",\"at_us\":1,\"state\":\"up\",\"acts\":1}",
        "{\"line\":\"state\",\"at_us\":1,\"state\":\"up\",\"host\":5}",
        "{\"line\":\"sample\",\"at_us\":1,\"max\":-1}",
        "{\"line\":\"sample\",\"at_us\":1,\"max\":1,\"ordinary\":1,\"used\":1,\"active\":1,"
        "\"idle\":1,\"in_transaction\":1,\"waiting\":1,\"triggers\":\"all\"}",
        "{\"line\":\"alarm\",\"at_us\":1,\"name\":\"x\",\"open\":true,\"message\":\"m\","
        "\"severity\":\"loud\"}",
        "{\"line\":\"alarm\",\"at_us\":1,\"open\":true,\"message\":\"m\","
        "\"severity\":\"info\"}",
        "{\"line\":\"busy\",\"at_us\":1,\"seconds\":-1}",
        "{\"line\":\"busy\",\"at_us\":1,\"seconds\":1e300}",
        "{\"line\":\"minute\",\"minute_us\":1}",
        "{\"line\":\"be\\u0000at\",\"at_us\":1}",
        "{\"line\":\"beat\",\"at_us\":1,\"x\":\"\xff\"}",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_assert_null(parse(texts[i]));
    g_autofree char *deep = g_strnfill(60000, '[');
    g_assert_null(parse(deep));
}

static void test_live(void)
{
    AUTO(watch_line)
    line = parse("{\"line\":\"live\",\"at_us\":5,\"section\":\"keep\","
                 "\"document\":{\"schema\":\"x\"}}");
    g_assert_nonnull(line);
    g_assert_cmpint(line->kind, ==, WATCH_LINE_LIVE);
    g_assert_cmpstr(line->section, ==, "keep");
    g_assert_true(json_object_size(line->document) == 1);
    g_assert_null(parse("{\"line\":\"live\",\"at_us\":5,\"section\":\"keep\"}"));
    g_assert_null(parse("{\"line\":\"live\",\"at_us\":5,\"section\":1,\"document\":{}}"));
    g_assert_null(parse("{\"line\":\"live\",\"at_us\":5,\"section\":\"x\",\"document\":[]}"));
}

static void test_lent(void)
{
    AUTO(watch_line)
    line =
        parse("{\"line\":\"lent\",\"at_us\":5,\"number\":3,\"exit_code\":4,\"document\":null,"
              "\"messages\":\"no\",\"run\":null}");
    g_assert_nonnull(line);
    g_assert_cmpint(line->kind, ==, WATCH_LINE_LENT);
    g_assert_cmpint(line->lent.number, ==, 3);
    g_assert_cmpint(line->lent.exit_code, ==, 4);
    g_assert_cmpstr(line->lent.messages, ==, "no");
    g_assert_cmpint(line->lent.run, ==, 0);
    g_assert_null(line->document);
    g_assert_null(parse("{\"line\":\"lent\",\"at_us\":5,\"number\":3,\"messages\":\"\"}"));
    g_assert_null(parse("{\"line\":\"lent\",\"at_us\":5,\"number\":3,\"exit_code\":0,"
                        "\"messages\":\"\",\"document\":[]}"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/watch_line/live", test_live);
    g_test_add_func("/watch_line/lent", test_lent);
    g_test_add_func("/watch_line/state", test_state);
    g_test_add_func("/watch_line/sample", test_sample);
    g_test_add_func("/watch_line/minute", test_minute);
    g_test_add_func("/watch_line/events", test_events);
    g_test_add_func("/watch_line/refused", test_refused);
    return g_test_run();
}
