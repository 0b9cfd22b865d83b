#include "out/json_text.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void test_layout(void)
{
    AUTO(json_text) json = json_text_new();

    json_text_object(json, NULL);
    json_text_string(json, "text", "Größe");
    json_text_int(json, "number", -7);
    json_text_list(json, "list");
    json_text_close(json);
    json_text_list(json, "objects");
    json_text_object(json, NULL);
    json_text_real(json, "real", 0.5);
    json_text_close(json);
    json_text_object(json, NULL);
    json_text_close(json);
    json_text_null(json, NULL);
    json_text_bool(json, NULL, true);
    json_text_bool(json, NULL, false);
    json_text_close(json);
    json_text_time(json, "time", 0);
    json_text_close(json);
    g_assert_cmpstr(json_text_peek(json), ==,
                    "{\"text\": \"Größe\", \"number\": -7, \"list\": [], "
                    "\"objects\": [{\"real\": 0.5}, {}, null, true, false], \"time\": null}");
    json_text_clear(json);
    json_text_time(json, NULL, G_GINT64_CONSTANT(1700000000123456));
    g_assert_cmpstr(json_text_peek(json), ==, "\"2023-11-14T22:13:20.123Z\"");
}

/* What jansson makes of it. Takes the value; caller frees. */
static char *dumped(json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));

    json_decref(value);
    return text;
}

static void check_string(const char *text)
{
    AUTO(json_text) json = json_text_new();
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    char *expected = dumped(json_string(valid));

    json_text_string(json, NULL, text);
    g_assert_cmpstr(json_text_peek(json), ==, expected);
    free(expected);
}

static void test_strings(void)
{
    static const char *const cases[] = {
        "",   "plain",    "a \"b\" c", "back\\slash", "/",    "line\nbreak\ttab\r\b\f",
        "🐘",  "caf\xe9",  "\x7f",      "\xff\xfe",    "é\"é", "cut \xc3",
        "\"", "\xc3\xa9", "\x1f\x10",  "a\vb",        "\\n",  "\xed\xa0\x80",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        check_string(cases[i]);
    for (char byte = 1; byte > 0; byte = (char) (byte == 127 ? 0 : byte + 1))
        check_string((const char[]){'x', byte, 'y', '\0'});
    AUTO(json_text) json = json_text_new();
    json_text_string(json, NULL, NULL);
    g_assert_cmpstr(json_text_peek(json), ==, "null");
}

static void check_real(double number)
{
    AUTO(json_text) json = json_text_new();
    char *expected = dumped(json_real(number));

    json_text_real(json, NULL, number);
    g_assert_cmpstr(json_text_peek(json), ==, expected == NULL ? "null" : expected);
    free(expected);
}

static void test_reals(void)
{
    static const double cases[] = {
        0,      -0.0,  1,  -1,        0.1, 1e-4, 9.9999e-5, 1e14, 1e15,  1e16,
        1e-300, 1e300, 25, 100.0 / 3, NAN, 3e14, 123456,    0.5,  -12.5, 99999999999999.9};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        check_real(cases[i]);
    check_real(INFINITY);
    check_real(-INFINITY);
    for (int i = 0; i < 20000; i++)
        check_real(g_test_rand_double_range(-1, 1) * pow(10, g_test_rand_int_range(-20, 20)));
}

static void test_ints(void)
{
    static const gint64 cases[] = {0, 1, -1, 10, 1000000, G_MAXINT64, G_MININT64};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        AUTO(json_text) json = json_text_new();
        g_autofree char *expected = g_strdup_printf("%" G_GINT64_FORMAT, cases[i]);
        json_text_int(json, NULL, cases[i]);
        g_assert_cmpstr(json_text_peek(json), ==, expected);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json_text/layout", test_layout);
    g_test_add_func("/json_text/strings", test_strings);
    g_test_add_func("/json_text/reals", test_reals);
    g_test_add_func("/json_text/ints", test_ints);
    return g_test_run();
}
