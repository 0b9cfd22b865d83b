#include "error.h"
#include "programs/programs_pipe.h"

#include <string.h>
#include <unistd.h>

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void expect_reason(const char *const *lines, const char *wanted)
{
    g_autofree char *reason = programs_pipe_reason(lines);

    g_assert_cmpstr(reason, ==, wanted);
}

static void test_reason(void)
{
    expect_reason(LINES(NULL), NULL);
    expect_reason(LINES("pg_dump: reading tables", "pg_dump: error: query failed: lost",
                        "pg_dump: detail: Query was: SELECT 1", "pg_dump: another"),
                  "query failed: lost\ndetail: Query was: SELECT 1");
    expect_reason(LINES("pg_restore: error: could not execute query: ERROR:  no role",
                        "Command was: ALTER TABLE a OWNER TO b;"),
                  "could not execute query: ERROR:  no role\n"
                  "detail: Command was: ALTER TABLE a OWNER TO b;");
    expect_reason(LINES("what is this", "Killed"), "Killed");
}

/* What goes in comes out, its messages are heard, and its failure has its own words. */
static void test_pipe(void)
{
    g_autofree char *text = g_strdup("cat; echo 'pg_x: error: no luck' >&2; exit 3");
    char *arguments[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, text, NULL};
    struct programs_pipe_plan plan = {.arguments = arguments, .feeds = true};
    g_autoptr(GError) error = NULL;
    char back[6] = "";

    AUTO(programs_pipe) pipe = programs_pipe_start(&plan, &error);
    g_assert_no_error(error);
    g_assert_cmpint(write(programs_pipe_input(pipe), "hello", 5), ==, 5);
    programs_pipe_close_input(pipe);
    g_assert_cmpint(read(programs_pipe_output(pipe), back, 5), ==, 5);
    g_assert_cmpstr(back, ==, "hello");
    g_assert_false(programs_pipe_finish(pipe, "it failed", &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    g_assert_cmpstr(error->message, ==, "it failed: sh: no luck");
}

static void test_stop(void)
{
    char *arguments[] = {(char[]){"/bin/sleep"}, (char[]){"60"}, NULL};
    struct programs_pipe_plan plan = {.arguments = arguments};
    g_autoptr(GError) error = NULL;

    AUTO(programs_pipe) pipe = programs_pipe_start(&plan, &error);
    g_assert_no_error(error);
    programs_pipe_stop(pipe);
    g_assert_false(programs_pipe_finish(pipe, "it was stopped", &error));
    g_assert_nonnull(strstr(error->message, "ended by signal 2"));
}

static void test_missing(void)
{
    char *arguments[] = {(char[]){"/nowhere/pg_dump"}, NULL};
    struct programs_pipe_plan plan = {.arguments = arguments};
    g_autoptr(GError) error = NULL;

    g_assert_null(programs_pipe_start(&plan, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    g_assert_true(g_str_has_prefix(error->message, "cannot start /nowhere/pg_dump: "));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/programs_pipe/reason", test_reason);
    g_test_add_func("/programs_pipe/pipe", test_pipe);
    g_test_add_func("/programs_pipe/stop", test_stop);
    g_test_add_func("/programs_pipe/missing", test_missing);
    return g_test_run();
}
