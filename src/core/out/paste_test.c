#include "out/paste.h"

#include "out/display.h"

#include <glib.h>
#include <string.h>

static void expect(char *(*make)(const char *text), const char *text, const char *expected)
{
    g_autofree char *made = make(text);

    g_assert_cmpstr(made, ==, expected);
}

static void test_shell_word(void)
{
    expect(paste_shell_word, "a b", "'a b'");
    expect(paste_shell_word, "it's", "'it'\\''s'");
    expect(paste_shell_word, "gr\u00fcn", "'gr\u00fcn'");
    expect(paste_shell_word, "a\nb", "$'a\\012b'");
    expect(paste_shell_word, "\u202eevil\u202d1", "$'\\342\\200\\256evil\\342\\200\\2551'");
    expect(paste_shell_word, "\033[31m'\\\u00fc", "$'\\033[31m\\'\\\\\u00fc'");
    expect(paste_shell_word, "\xff", "$'\\377'");
}

/* What a shell makes of it is the word. */
static void test_shell_reads_it(void)
{
    static const char *const words[] = {"j\x01\033[31mred\x7f", "\"public\".\"i\u202eevil\"",
                                        "two\nlines\r\t", "it's $HOME `x` \\n!"};

    g_autofree char *bash = g_find_program_in_path("bash");
    g_assert_nonnull(bash); /* what is written is written for it */
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *quoted = paste_shell_word(words[i]);
        g_autofree char *line = g_strdup_printf("printf %%s %s", quoted);
        const char *const argv[] = {bash, "-c", line, NULL};
        g_autofree char *said = NULL;
        g_assert_true(g_spawn_sync(NULL, (char **) (guintptr) argv, NULL, G_SPAWN_DEFAULT, NULL,
                                   NULL, &said, NULL, NULL, NULL));
        g_assert_cmpstr(said, ==, words[i]);
        g_autofree char *clean = display_clean(quoted, 0);
        g_assert_cmpstr(clean, ==, quoted);
    }
}

static void test_shell_words(void)
{
    g_auto(GStrv) plain = g_strsplit("pg_repack|--wait-timeout=60", "|", -1);
    g_auto(GStrv) wild = g_strsplit("pg_repack|--table=\"a'b $(reboot)\"|", "|", -1);
    g_autofree char *first = paste_shell_words(plain);
    g_autofree char *second = paste_shell_words(wild);
    g_assert_cmpstr(first, ==, "pg_repack --wait-timeout=60");
    char **back = NULL;
    g_assert_true(g_shell_parse_argv(second, NULL, &back, NULL));
    g_assert_cmpstr(back[1], ==, wild[1]);
    g_assert_cmpstr(back[2], ==, "");
    g_strfreev(back);
}

static void test_shell_line(void)
{
    expect(paste_shell_line, "pgrunbook indexes drop public.x",
           "pgrunbook indexes drop public.x");
    expect(paste_shell_line, "pgrunbook 'a\x01z' --target 'my shop'",
           "pgrunbook $'a\\001z' --target 'my shop'");
    expect(paste_shell_line, "it's \x01", "it's \x01");
}

static void test_sql(void)
{
    expect(paste_sql, "CREATE INDEX ON \"Gr\u00fcn\".\"a\"\"b\" (c)",
           "CREATE INDEX ON \"Gr\u00fcn\".\"a\"\"b\" (c)");
    expect(paste_sql, "ON \"p\".\"i\u202e\"\"\\x\" (\"\x01\")",
           "ON \"p\".U&\"i\\202E\"\"\\\\x\" (U&\"\\0001\")");
    expect(paste_sql, "ON \"i\u202e", "ON U&\"i\\202E");
    expect(paste_sql, "", "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/paste/shell_word", test_shell_word);
    g_test_add_func("/paste/shell_reads_it", test_shell_reads_it);
    g_test_add_func("/paste/shell_words", test_shell_words);
    g_test_add_func("/paste/shell_line", test_shell_line);
    g_test_add_func("/paste/sql", test_sql);
    return g_test_run();
}
