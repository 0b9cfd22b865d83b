#include "out/output.h"

#include "error.h"
#include "interrupt.h"
#include "out/display.h"
#include "out/pty_fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* An output on two memory streams; texts() ends it and says what was written. */
struct written {
    FILE *data, *messages;
    char *data_text, *message_text;
    size_t data_size, message_size;
    struct output *output;
};

static void written_open(struct written *written, enum output_format format,
                         enum output_color color, int verbosity)
{
    written->data = open_memstream(&written->data_text, &written->data_size);
    written->messages = open_memstream(&written->message_text, &written->message_size);
    written->output = output_new(written->data, written->messages, format, color, verbosity);
}

static void written_expect(struct written *written, const char *data, const char *messages)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(output_finish(written->output, &error));
    g_assert_no_error(error);
    output_free(written->output);
    fclose(written->data);
    fclose(written->messages);
    g_assert_cmpstr(written->data_text, ==, data);
    g_assert_cmpstr(written->message_text, ==, messages);
    free(written->data_text);
    free(written->message_text);
}

static void test_error_lines(void)
{
    struct written written;
    g_autoptr(GError) error = NULL;
    written_open(&written, OUTPUT_TABLE, OUTPUT_COLOR_AUTO, -1);
    runbook_error_set(&error, RUNBOOK_FAILED, "Try again.",
                      "no luck\ndetail: It rained.\nmore");
    output_error(written.output, error);
    output_error(written.output, NULL);
    output_warn(written.output, "%s", "odd\n");
    output_warn(written.output, "%s", "");
    output_note(written.output, "quiet drops this");
    written_expect(&written, "",
                   "pgrunbook: error: no luck\n"
                   "pgrunbook: detail: It rained.\n"
                   "more\n"
                   "pgrunbook: hint: Try again.\n"
                   "pgrunbook: warning: odd\n"
                   "pgrunbook: warning: \n");
}

static void test_formats(void)
{
    static const struct {
        enum output_format format;
        const char *data, *messages;
    } cases[] = {
        {OUTPUT_TABLE, "said\nSELECT 1;\nraw\033", "pgrunbook: note\n"},
        {OUTPUT_MARKDOWN, "said\nraw\033", "SELECT 1;\npgrunbook: note\n"},
        {OUTPUT_JSON, "raw\033", "SELECT 1;\npgrunbook: note\n"},
        {OUTPUT_CSV, "raw\033", "SELECT 1;\npgrunbook: note\n"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct written written;
        written_open(&written, cases[i].format, OUTPUT_COLOR_NEVER, 0);
        g_assert_cmpint(output_format(written.output), ==, cases[i].format);
        g_assert_cmpint(output_verbosity(written.output), ==, 0);
        output_say(written.output, "%s", "said");
        output_echo(written.output, "SELECT 1");
        output_raw(written.output, "raw\033");
        output_note(written.output, "note");
        written_expect(&written, cases[i].data, cases[i].messages);
    }
}

static void test_colors(void)
{
    struct written written;
    written_open(&written, OUTPUT_TABLE, OUTPUT_COLOR_ALWAYS, 0);
    g_autofree char *bad = output_paint(written.output, OUTPUT_BAD, "bad");
    g_autofree char *plain = output_paint(written.output, OUTPUT_PLAIN, "plain");
    g_assert_cmpstr(bad, ==, "\033[31mbad\033[0m");
    g_assert_cmpstr(plain, ==, "plain");
    output_say(written.output, "%s \033[2J\033[31", bad);
    output_warn(written.output, "x\nhint: y\033[31m");
    written_expect(&written, "\033[31mbad\033[0m \\x1b[2J\\x1b[31\n",
                   "pgrunbook: \033[33mwarning: \033[0mx\n"
                   "pgrunbook: \033[1mhint: \033[0my\\x1b[31m\n");

    written_open(&written, OUTPUT_CSV, OUTPUT_COLOR_ALWAYS, 0);
    g_autofree char *data = output_paint(written.output, OUTPUT_BAD, "bad");
    g_assert_cmpstr(data, ==, "bad");
    written_expect(&written, "", "");
}

static void test_auto_color(void)
{
    static const struct {
        const char *term, *no_color, *painted;
    } cases[] = {
        {"xterm", NULL, "\033[32mok\033[0m"},
        {"xterm", "", "\033[32mok\033[0m"},
        {"xterm", "1", "ok"},
        {"dumb", NULL, "ok"},
        {NULL, NULL, "ok"},
    };
    struct pty pty = pty_open(80);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_unsetenv("TERM");
        g_unsetenv("NO_COLOR");
        if (cases[i].term != NULL)
            g_setenv("TERM", cases[i].term, TRUE);
        if (cases[i].no_color != NULL)
            g_setenv("NO_COLOR", cases[i].no_color, TRUE);
        AUTO(output)
        output = output_new(pty.stream, stderr, OUTPUT_TABLE, OUTPUT_COLOR_AUTO, 0);
        g_autofree char *painted = output_paint(output, OUTPUT_GOOD, "ok");
        g_assert_cmpstr(painted, ==, cases[i].painted);
    }
    g_free(pty_close(&pty));
}

static void test_clean(void)
{
    static const struct {
        const char *text;
        unsigned keep;
        const char *clean;
    } cases[] = {
        {"", 0, ""},
        {"plain ~", 0, "plain ~"},
        {"a\nb\tc\rd", 0, "a\\nb\\tc\\rd"},
        {"a\nb\tc\rd", DISPLAY_KEEP_LINES, "a\nb\tc\\rd"},
        {"a\nb\tc\rd\033", DISPLAY_KEEP_DATA, "a\nb\tc\rd\\x1b"},
        {"\x7f\x01", 0, "\\x7f\\x01"},
        {"\xc2\x9b"
         "31m",
         0, "\\x9b31m"},
        {"\u202egnp.exe\u2066\u2028", 0, "\\u202egnp.exe\\u2066\\u2028"},
        {"\u202e\u2069", DISPLAY_KEEP_DATA, "\u202e\u2069"},
        {"caf\xe9", 0, "caf\uFFFD"},
        {"Größe 表 🐘", 0, "Größe 表 🐘"},
        {"\033[1;31mx\033[0m\033[K", DISPLAY_KEEP_COLORS, "\033[1;31mx\033[0m\\x1b[K"},
        {"\033", DISPLAY_KEEP_COLORS, "\\x1b"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *clean = display_clean(cases[i].text, cases[i].keep);
        g_assert_cmpstr(clean, ==, cases[i].clean);
    }
}

static void test_columns(void)
{
    g_assert_cmpint(display_columns("abc"), ==, 3);
    g_assert_cmpint(display_columns("Größe"), ==, 5);
    g_assert_cmpint(display_columns("e\u0301"), ==, 1);
    g_assert_cmpint(display_columns("表🐘"), ==, 4);

    g_autofree char *half = display_cut("a表b", 2);
    g_autofree char *most = display_cut("a表b", 3);
    g_autofree char *all = display_cut("a表b", 4);
    g_autofree char *none = display_cut("a", 0);
    g_assert_cmpstr(half, ==, "a");
    g_assert_cmpstr(most, ==, "a表");
    g_assert_cmpstr(all, ==, "a表b");
    g_assert_cmpstr(none, ==, "");
}

static void test_width(void)
{
    struct pty pty = pty_open(50);
    g_assert_cmpint(display_width(pty.stream), ==, 50);
    g_setenv("COLUMNS", "70", TRUE);
    g_assert_cmpint(display_width(pty.stream), ==, 70);
    g_setenv("COLUMNS", "wide", TRUE);
    g_assert_cmpint(display_width(pty.stream), ==, 50);
    g_unsetenv("COLUMNS");
    g_free(pty_close(&pty));

    FILE *file = tmpfile();
    g_assert_cmpint(display_width(file), ==, 0);
    fclose(file);
}

static void test_full_disk(void)
{
    FILE *full = fopen("/dev/full", "w");
    g_autoptr(GError) error = NULL;
    struct output *output = output_new(full, stderr, OUTPUT_TABLE, OUTPUT_COLOR_NEVER, 0);
    for (int i = 0; i < 10000; i++)
        output_say(output, "more than one buffer");
    g_assert_false(output_finish(output, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    g_assert_nonnull(strstr(error->message, g_strerror(ENOSPC)));
    output_free(output);
    fclose(full);
}

static void test_closed_pipe(void)
{
    int ends[2];
    g_autoptr(GError) error = NULL;
    signal(SIGPIPE, SIG_IGN);
    g_assert_cmpint(pipe(ends), ==, 0);
    close(ends[0]);
    FILE *data = fdopen(ends[1], "w");
    struct output *output = output_new(data, stderr, OUTPUT_TABLE, OUTPUT_COLOR_NEVER, 0);
    output_say(output, "nobody reads this");
    g_assert_false(output_finish(output, &error));
    g_assert_no_error(error);
    output_free(output);
    fclose(data);
}

static bool ask(struct pty *pty, const char *typed, bool *ret_yes, GError **error)
{
    const int saved = dup(STDIN_FILENO);
    AUTO(output) output = output_new(stdout, pty->stream, OUTPUT_TABLE, OUTPUT_COLOR_AUTO, 0);
    g_assert_cmpint(dup2(fileno(pty->stream), STDIN_FILENO), ==, STDIN_FILENO);
    g_assert_cmpint(write(pty->master, typed, strlen(typed)), ==, (gint64) strlen(typed));
    const bool ok = output_confirm(output, "Proceed?", ret_yes, error);
    dup2(saved, STDIN_FILENO);
    close(saved);
    return ok;
}

static void test_confirm(void)
{
    static const struct {
        const char *typed;
        bool yes;
    } cases[] = {
        {"y\n", true},
        {"YES\n", true},
        {" yes \n", true},
        {"n\n", false},
        {"\n", false},
        {"yesss\n", false},
        {"\004", false}, /* Ctrl-D */
        {"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\n", false},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct pty pty = pty_open(80);
        g_autoptr(GError) error = NULL;
        bool yes = !cases[i].yes;
        g_assert_true(ask(&pty, cases[i].typed, &yes, &error));
        g_assert_no_error(error);
        g_assert_true(yes == cases[i].yes);
        g_autofree char *shown = pty_close(&pty);
        g_assert_cmpstr(shown, ==, "Proceed? [y/N] ");
    }
}

static void test_confirm_without_terminal(void)
{
    struct written written;
    g_autoptr(GError) error = NULL;
    bool yes = false;
    written_open(&written, OUTPUT_TABLE, OUTPUT_COLOR_AUTO, 0);
    g_assert_false(output_confirm(written.output, "Proceed?", &yes, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    g_assert_nonnull(strstr(error->message, "--yes"));
    g_assert_false(yes);
    written_expect(&written, "", "");
}

/* The last test: from here on this process counts as interrupted. */
static void test_confirm_interrupted(void)
{
    struct pty pty = pty_open(80);
    g_autoptr(GError) error = NULL;
    bool yes = false;
    interrupt_install();
    raise(SIGINT);
    g_assert_false(ask(&pty, "y\n", &yes, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_INTERRUPTED);
    g_assert_false(yes);
    g_free(pty_close(&pty));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/output/error_lines", test_error_lines);
    g_test_add_func("/output/formats", test_formats);
    g_test_add_func("/output/colors", test_colors);
    g_test_add_func("/output/auto_color", test_auto_color);
    g_test_add_func("/output/clean", test_clean);
    g_test_add_func("/output/columns", test_columns);
    g_test_add_func("/output/width", test_width);
    g_test_add_func("/output/full_disk", test_full_disk);
    g_test_add_func("/output/closed_pipe", test_closed_pipe);
    g_test_add_func("/output/confirm", test_confirm);
    g_test_add_func("/output/confirm_without_terminal", test_confirm_without_terminal);
    g_test_add_func("/output/confirm_interrupted", test_confirm_interrupted);
    return g_test_run();
}
