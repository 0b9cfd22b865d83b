#include "out/document.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *document_of(enum output_format format, void (*fill)(struct document *document),
                         const struct document_server *server)
{
    char *text = NULL;
    size_t size = 0;
    FILE *data = open_memstream(&text, &size);
    AUTO(output) output = output_new(data, stderr, format, OUTPUT_COLOR_ALWAYS, 0);
    struct document *document = document_begin(output, "vacuum.plan/1", server);
    fill(document);
    document_end(document);
    g_assert_true(output_finish(output, NULL));
    fclose(data);
    return text;
}

static void fill_usual(struct document *document)
{
    document_member(document, "run_id", json_integer(7));
    document_array(document, "tables");
    document_item(document, json_pack("{s:s, s:i, s:f}", "table", "Größe", "size_bytes", 8192,
                                      "fraction", 0.1));
    document_item(document, json_string("line\nbreak"));
    document_array_end(document);
    document_array(document, "horizon");
    document_array_end(document);
    document_member(document, "outcome", document_text(NULL));
}

static void test_layout(void)
{
    const struct document_server server = {150004, "shop", NULL};
    char *text = document_of(OUTPUT_JSON, fill_usual, &server);
    char *time = strstr(text, "\"generated_at\": \"");
    char *rest = strstr(text, "\",\n  \"server\"");
    g_assert_nonnull(time);
    g_assert_nonnull(rest);
    *time = '\0';
    g_assert_cmpstr(text, ==, "{\n  \"schema\": \"pgrunbook.vacuum.plan/1\",\n  ");
    g_assert_cmpstr(rest, ==,
                    "\",\n"
                    "  \"server\": {\"version_num\": 150004, \"database\": \"shop\", "
                    "\"system_identifier\": null},\n"
                    "  \"run_id\": 7,\n"
                    "  \"tables\": [\n"
                    "    {\"table\": \"Größe\", \"size_bytes\": 8192, \"fraction\": 0.1},\n"
                    "    \"line\\nbreak\"\n"
                    "  ],\n"
                    "  \"horizon\": [],\n"
                    "  \"outcome\": null\n"
                    "}\n");
    free(text);
}

/* What must not break the document: values jansson refuses, arrays left open. */
static void fill_awkward(struct document *document)
{
    document_member(document, "not_a_number", json_real(NAN));
    document_member(document, "not_utf8", json_string("\xff"));
    document_member(document, "replaced", document_text("caf\xe9 \033"));
    document_array(document, "open");
    document_item(document, NULL);
    document_member(document, "after", json_true());
    document_array(document, "left_open");
    document_item(document, json_integer(1));
}

static void test_always_valid(void)
{
    char *text = document_of(OUTPUT_JSON, fill_awkward, NULL);
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    g_assert_nonnull(root);
    g_assert_true(json_is_null(json_object_get(root, "not_a_number")));
    g_assert_true(json_is_null(json_object_get(root, "not_utf8")));
    g_assert_cmpstr(json_string_value(json_object_get(root, "replaced")), ==, "caf\uFFFD \033");
    g_assert_null(strchr(text, '\033'));
    g_assert_cmpuint(json_array_size(json_object_get(root, "open")), ==, 1);
    g_assert_true(json_is_true(json_object_get(root, "after")));
    g_assert_cmpuint(json_array_size(json_object_get(root, "left_open")), ==, 1);
    g_assert_null(json_object_get(root, "server"));
    json_decref(root);
    free(text);
}

static void test_other_formats(void)
{
    static const enum output_format formats[] = {OUTPUT_TABLE, OUTPUT_CSV, OUTPUT_MARKDOWN};
    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        char *text = document_of(formats[i], fill_usual, NULL);
        g_assert_cmpstr(text, ==, "");
        free(text);
    }
}

static void test_time(void)
{
    static const struct {
        gint64 wall_us;
        const char *text;
    } cases[] = {
        {G_GINT64_CONSTANT(1700000000123456), "2023-11-14T22:13:20.123Z"},
        {1, "1970-01-01T00:00:00.000Z"},
        {0, NULL},
        {G_MAXINT64, NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        json_t *time = document_time(cases[i].wall_us);
        g_assert_cmpstr(json_string_value(time), ==, cases[i].text);
        json_decref(time);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/document/layout", test_layout);
    g_test_add_func("/document/always_valid", test_always_valid);
    g_test_add_func("/document/other_formats", test_other_formats);
    g_test_add_func("/document/time", test_time);
    return g_test_run();
}
