#include "out/progress.h"

#include "out/pty_fixture.h"

#include <math.h>
#include <string.h>

static void expect_line(const struct progress_state *state, int columns, const char *expected)
{
    g_autofree char *line = progress_line(state, columns);
    g_assert_cmpstr(line, ==, expected);
}

static void test_line(void)
{
    struct progress_state state = {.done = 12, .total = 40, .seconds_left = -1};
    expect_line(&state, 200, "[###.......]  12/40 tables");

    state.noun = "indexes";
    state.seconds_left = 41.2;
    state.now = "a\nb: vacuuming";
    expect_line(&state, 200, "[###.......]  12/40 indexes  0:42 left  a\\nb: vacuuming");
    expect_line(&state, 14, "[###.......]  ");
    expect_line(&state, 0, "");

    state.seconds_left = 3661;
    state.now = NULL;
    expect_line(&state, 200, "[###.......]  12/40 indexes  1:01:01 left");
    state.seconds_left = NAN;
    expect_line(&state, 200, "[###.......]  12/40 indexes");
    state.seconds_left = 1e300;
    expect_line(&state, 200, "[###.......]  12/40 indexes");
}

static void test_bytes(void)
{
    const struct progress_state half = {
        .done = 0, .total = 3, .bytes = 1 << 20, .total_bytes = 2 << 20, .seconds_left = -1};
    g_autofree char *line = progress_line(&half, 200);
    g_assert_true(g_str_has_prefix(line, "[#####.....]  0/3 tables  1"));
    g_assert_nonnull(strstr(line, " of 2"));

    const struct progress_state over = {
        .done = 3, .total = 3, .bytes = 9, .total_bytes = 2, .seconds_left = 0};
    g_autofree char *full = progress_line(&over, 12);
    g_assert_cmpstr(full, ==, "[##########]");

    const struct progress_state nothing = {.seconds_left = -1};
    expect_line(&nothing, 12, "[..........]");
}

static void test_terminal(void)
{
    struct pty pty = pty_open(22);
    struct output *output = output_new(stdout, pty.stream, OUTPUT_TABLE, OUTPUT_COLOR_NEVER, 0);
    const struct progress_state state = {.done = 1, .total = 2, .seconds_left = -1};
    progress_show(output, &state);
    for (int i = 0; i < 50; i++)
        progress_show(output, &state);
    output_note(output, "done");
    progress_clear(output);
    output_free(output);
    g_autofree char *shown = pty_close(&pty);
    g_assert_true(g_str_has_prefix(shown, "\r[#####.....]  1/2 tab\033[K"));
    g_assert_nonnull(strstr(shown, "\r\033[Kpgrunbook: done\n"));
    g_assert_true(g_str_has_suffix(shown, "pgrunbook: done\n"));
    g_assert_cmpuint(strlen(shown), <, 100); /* the 51 calls drew but a few times */
}

static void expect_silence(const char *term, int verbosity)
{
    struct pty pty = pty_open(80);
    g_setenv("TERM", term, TRUE);
    struct output *output =
        output_new(stdout, pty.stream, OUTPUT_TABLE, OUTPUT_COLOR_NEVER, verbosity);
    const struct progress_state state = {.done = 1, .total = 2, .seconds_left = -1};
    progress_show(output, &state);
    output_free(output);
    g_autofree char *shown = pty_close(&pty);
    g_assert_cmpstr(shown, ==, "");
}

static void test_silence(void)
{
    expect_silence("xterm", -1);
    expect_silence("dumb", 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/progress/line", test_line);
    g_test_add_func("/progress/bytes", test_bytes);
    g_test_add_func("/progress/terminal", test_terminal);
    g_test_add_func("/progress/silence", test_silence);
    return g_test_run();
}
