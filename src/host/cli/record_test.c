#include "cli/record.h"

#include <glib.h>
#include <string.h>

static void test_masked(void)
{
    static const struct {
        const char *text, *masked;
    } cases[] = {
        {"shop", "shop"},
        {"host=db password=secret user=x", "host=db password=******** user=x"},
        {"host=db password = secret", "host=db password = ********"},
        {"password='it''s \\' here' host=db", "password=******** host=db"},
        {"password='two words' host=db", "password=******** host=db"},
        {"password='a\\'b c' host=db", "password=******** host=db"},
        {"password='never closed", "password=********"},
        {"password=a\\ b&c host=db", "password=******** host=db"},
        {"-dpassword=secret", "-dpassword=********"},
        {"--dbname=PASSWORD=secret", "--dbname=PASSWORD=********"},
        {"sslpassword=secret", "sslpassword=********"},
        {"postgres://joe:secret@db/shop", "postgres://joe:********@db/shop"},
        {"--dbname=postgresql://joe:s@cret@db:5432/shop",
         "--dbname=postgresql://joe:********@db:5432/shop"},
        {"postgres://joe:se?cret@db/shop", "postgres://joe:********@db/shop"},
        {"postgres://joe:se/cret@db/shop", "postgres://joe:********@db/shop"},
        {"postgres://:secret@db", "postgres://:********@db"},
        {"postgres://joe@db:5432/shop?password=secret&user=x",
         "postgres://joe@db:5432/shop?password=********&user=x"},
        {"postgres://joe@db:5432/shop", "postgres://joe@db:5432/shop"},
        {"postgres://db:5432/shop", "postgres://db:5432/shop"},
        {"", ""},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *masked = cli_mask_passwords(cases[i].text);
        g_assert_cmpstr(masked, ==, cases[i].masked);
    }
}

static void test_line(void)
{
    static const char *const words[] = {
        "pgrunbook", "demo", "run",          "--table", "Weird \"na'me\"",
        "",          "-d",   "password=x y", NULL};
    g_autofree char *line = cli_record_line(words);
    g_auto(GStrv) back = NULL;

    g_assert_true(g_shell_parse_argv(line, NULL, &back, NULL));
    for (guint i = 0; i < 7; i++)
        g_assert_cmpstr(back[i], ==, words[i]);
    g_assert_cmpstr(back[7], ==, "password=******** y");
    g_assert_true(g_str_has_prefix(line, "pgrunbook demo run --table "));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/record/masked", test_masked);
    g_test_add_func("/record/line", test_line);
    return g_test_run();
}
