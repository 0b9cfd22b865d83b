#include "lint/lint_ignore.h"

#include <string.h>

/* "RULE RULE|DAY|REASON", "file: …" in front, or "fault". */
static char *what(const char *comment)
{
    AUTO(lint_ignore) ignore = lint_ignore_parse(comment, strlen(comment));

    if (ignore == NULL)
        return g_strdup("none");
    if (ignore->fault != NULL)
        return g_strdup_printf("fault: %s", ignore->fault);
    GString *text = g_string_new(ignore->whole_file ? "file: " : "");
    for (guint i = 0; i < ignore->rules->len; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "",
                               (const char *) ignore->rules->pdata[i]);
    if (ignore->until == G_MAXINT64)
        g_string_append(text, "|ever");
    else
        g_string_append_printf(text, "|%" G_GINT64_FORMAT, ignore->until);
    g_string_append_printf(text, "|%s", ignore->reason != NULL ? ignore->reason : "-");
    return g_string_free(text, FALSE);
}

static void reads(const char *comment, const char *expected)
{
    g_autofree char *found = what(comment);

    g_assert_cmpstr(found, ==, expected);
}

static void test_forms(void)
{
    reads("-- pgrunbook:ignore drop-column: nobody reads it",
          "drop-column|ever|nobody reads it");
    reads("--pgrunbook:ignore a, b until=1970-01-02: both: fine", "a b|1|both: fine");
    reads("-- pgrunbook:ignore until=2026-11-26 a,b:x", "a b|20783|x");
    reads("/* pgrunbook:ignore a:\n   in two\r\n lines */", "a|ever|in two   lines");
    reads("-- pgrunbook:ignore-file a: all of it\r", "file: a|ever|all of it");
}

static void test_others(void)
{
    reads("-- ignore drop-column: no", "none");
    reads("-- see pgrunbook:ignore a: b", "none");
    reads("--", "none");
    reads("/*", "none");
    reads("/**/", "none");
    reads("", "none");
}

static void test_without_reason(void)
{
    reads("-- pgrunbook:ignore a", "a|ever|-");
    reads("-- pgrunbook:ignore a:", "a|ever|-");
    reads("-- pgrunbook:ignore a:   ", "a|ever|-");
    reads("/* pgrunbook:ignore a: */", "a|ever|-");
}

static void test_faults(void)
{
    reads("-- pgrunbook:ignore", "fault: it names no rule");
    reads("-- pgrunbook:ignore : why", "fault: it names no rule");
    reads("-- pgrunbook:ignroe a: b",
          "fault: \"pgrunbook:ignroe\" is not known: ignore, ignore-file");
    reads("-- pgrunbook:ignore a until=2026-02-30: b",
          "fault: \"2026-02-30\" is no date: until=YYYY-MM-DD");
    reads("-- pgrunbook:ignore a until=26-02-03: b",
          "fault: \"26-02-03\" is no date: until=YYYY-MM-DD");
    reads("-- pgrunbook:ignore a until=2026-02-03 until=2026-02-03: b",
          "fault: until= is given twice");
    reads("-- pgrunbook:ignore drop column; b: c", "fault: \"column;\" is no rule's name");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lint/ignore/forms", test_forms);
    g_test_add_func("/lint/ignore/others", test_others);
    g_test_add_func("/lint/ignore/without-reason", test_without_reason);
    g_test_add_func("/lint/ignore/faults", test_faults);
    return g_test_run();
}
