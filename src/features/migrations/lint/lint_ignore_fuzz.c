/* Any bytes as a comment. What was read is written as a comment again, and read to the same. */
#include "lint/lint_ignore.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *written(const struct lint_ignore *ignore)
{
    GString *text = g_string_new("-- pgrunbook:ignore");

    if (ignore->whole_file)
        g_string_append(text, "-file");
    for (guint i = 0; i < ignore->rules->len; i++)
        g_string_append_printf(text, "%s %s", i > 0 ? "," : "",
                               (const char *) ignore->rules->pdata[i]);
    if (ignore->until != G_MAXINT64) {
        GDate day;
        g_date_clear(&day, 1);
        g_date_set_julian(&day, (guint32) (ignore->until + 719163));
        g_string_append_printf(text, " until=%04d-%02d-%02d", g_date_get_year(&day),
                               (int) g_date_get_month(&day), g_date_get_day(&day));
    }
    if (ignore->reason != NULL)
        g_string_append_printf(text, ": %s", ignore->reason);
    return g_string_free(text, FALSE);
}

static void same(const struct lint_ignore *ignore, const struct lint_ignore *again)
{
    g_assert_nonnull(again);
    g_assert_null(again->fault);
    g_assert(ignore->whole_file == again->whole_file);
    g_assert(ignore->until == again->until);
    g_assert_cmpstr(ignore->reason, ==, again->reason);
    g_assert_cmpuint(ignore->rules->len, ==, again->rules->len);
    for (guint i = 0; i < ignore->rules->len; i++)
        g_assert_cmpstr(ignore->rules->pdata[i], ==, again->rules->pdata[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(lint_ignore) ignore = lint_ignore_parse((const char *) data, size);

    if (ignore == NULL)
        return 0;
    if (ignore->fault != NULL) {
        g_assert(g_utf8_validate(ignore->fault, -1, NULL));
        return 0;
    }
    g_assert(ignore->reason == NULL || g_utf8_validate(ignore->reason, -1, NULL));
    g_autofree char *text = written(ignore);
    AUTO(lint_ignore) again = lint_ignore_parse(text, strlen(text));
    same(ignore, again);
    return 0;
}
