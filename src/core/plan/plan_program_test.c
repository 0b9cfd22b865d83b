#include "error.h"
#include "plan/plan_private.h"
#include "programs/programs_child.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* ---- its environment ---------------------------------------------------------------------- */

#define TEXT(literal) ((char[]){literal})

static const PQconninfoOption OPTIONS[] = {
    {.keyword = TEXT("service"), .envvar = TEXT("PGSERVICE"), .val = TEXT("shop")},
    {.keyword = TEXT("user"), .envvar = TEXT("PGUSER"), .val = TEXT("dba")},
    {.keyword = TEXT("password"), .envvar = TEXT("PGPASSWORD"), .val = NULL},
    {.keyword = TEXT("dbname"), .envvar = TEXT("PGDATABASE"), .val = TEXT("shop; rm -rf /")},
    {.keyword = TEXT("host"), .envvar = TEXT("PGHOST"), .val = TEXT("db1,db2")},
    {.keyword = TEXT("port"), .envvar = TEXT("PGPORT"), .val = TEXT("5432,5433")},
    {.keyword = TEXT("hostaddr"), .envvar = TEXT("PGHOSTADDR"), .val = NULL},
    {.keyword = TEXT("sslmode"), .envvar = TEXT("PGSSLMODE"), .val = TEXT("")},
    {.keyword = TEXT("options"), .envvar = TEXT("PGOPTIONS"), .val = TEXT("-c geqo=off")},
    {.keyword = TEXT("keepalives_idle"), .envvar = NULL, .val = TEXT("30")},
    {.keyword = NULL},
};

static char **environment(PQconninfoOption *options, bool guarded)
{
    char *base[] = {TEXT("PATH=/bin"),       TEXT("PGPASSWORD=old"),
                    TEXT("PGSERVICE=other"), TEXT("PGSERVICEFILE=/tmp/services"),
                    TEXT("PGUSER=other"),    TEXT("PGSSLMODE=disable"),
                    TEXT("PGPASSFILE=/p"),   NULL};
    struct program_server server = {options, "db2", "5433", "10.0.0.2", guarded};

    return program_environment(base, &server);
}

static void expect(char **given, const char *variable, const char *value)
{
    g_assert_cmpstr(g_environ_getenv(given, variable), ==, value);
}

static void test_environment(void)
{
    PQconninfoOption options[G_N_ELEMENTS(OPTIONS)];
    memcpy(options, OPTIONS, sizeof options);
    g_auto(GStrv) given = environment(options, false);
    expect(given, "PATH", "/bin");
    expect(given, "PGPASSFILE", "/p");
    expect(given, "PGUSER", "dba");
    expect(given, "PGDATABASE", "shop; rm -rf /");
    expect(given, "PGHOST", "db2");
    expect(given, "PGPORT", "5433");
    expect(given, "PGHOSTADDR", NULL);
    expect(given, "PGOPTIONS", "-c geqo=off");
    /* What we did not use the program must not either. */
    expect(given, "PGPASSWORD", NULL);
    expect(given, "PGSSLMODE", NULL);
    expect(given, "PGSERVICE", NULL);
    expect(given, "PGSERVICEFILE", NULL);

    options[2].val = TEXT("secret");
    options[6].val = TEXT("10.0.0.1,10.0.0.2");
    g_auto(GStrv) more = environment(options, true);
    expect(more, "PGPASSWORD", "secret");
    expect(more, "PGHOSTADDR", "10.0.0.2");
    expect(more, "PGOPTIONS", "-c geqo=off -c client_connection_check_interval=5s");
    options[8].val = NULL;
    g_auto(GStrv) only = environment(options, true);
    expect(only, "PGOPTIONS", "-c client_connection_check_interval=5s");
}

/* ---- its words ----------------------------------------------------------------------------- */

static void test_last_lines(void)
{
    static const struct {
        const char *output, *words;
    } cases[] = {
        {"", ""},
        {"\n \r\n\t\n", ""},
        {"ERROR: no\n", "ERROR: no"},
        {"INFO: a\nWARNING: b\n\nERROR: c\n  DETAIL: d  \n", "WARNING: b; ERROR: c; DETAIL: d"},
        {"10 %\r20 %\r", "10 %; 20 %"},
        {"a\xff\xfe", "a\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *words = program_last_lines(cases[i].output, strlen(cases[i].output));
        g_assert_cmpstr(words, ==, cases[i].words);
    }
}

static void test_signals(void)
{
    gint64 s = G_USEC_PER_SEC, asked = 1000 * s;
    g_assert_cmpint(program_next_signal(0, asked, asked), ==, SIGINT);
    g_assert_cmpint(program_next_signal(1, asked, asked), ==, 0);
    g_assert_cmpint(program_next_signal(1, asked, asked + 10 * s - 1), ==, 0);
    g_assert_cmpint(program_next_signal(1, asked, asked + 10 * s), ==, SIGTERM);
    g_assert_cmpint(program_next_signal(2, asked, asked + 30 * s - 1), ==, 0);
    g_assert_cmpint(program_next_signal(2, asked, asked + 30 * s), ==, SIGKILL);
    g_assert_cmpint(program_next_signal(3, asked, G_MAXINT64), ==, 0);
}

/* ---- real ones ----------------------------------------------------------------------------- */

static struct program *start(const char *script)
{
    char *arguments[] = {TEXT("sh"), TEXT("-c"), g_strdup(script), NULL};
    g_autoptr(GError) error = NULL;
    struct step step = {.program = arguments};
    struct program *program = program_start(&step, NULL, false, &error);

    g_assert_no_error(error);
    g_assert_nonnull(program);
    g_free(arguments[2]);
    return program;
}

static void await(struct program *program)
{
    gint64 deadline = g_get_monotonic_time() + 60 * (gint64) G_USEC_PER_SEC;

    while (!program_ended(program)) {
        g_assert_cmpint(g_get_monotonic_time(), <, deadline);
        g_usleep(2000);
    }
}

static void expect_end(const char *script, const char *sqlstate, const char *words)
{
    AUTO(program) program = start(script);
    await(program);
    g_autofree char *said = program_words(program);
    g_assert_cmpstr(program_sqlstate(program), ==, sqlstate);
    g_assert_cmpstr(said, ==, words);
}

/* What the step names is its stdin. */
static void test_input(void)
{
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("plan-program-XXXXXX", &path, &error);
    char *arguments[] = {TEXT("cat"), NULL};
    struct step step = {.program = arguments, .program_input = path};

    g_assert_no_error(error);
    g_assert_cmpint(write(fd, "read me\n", 8), ==, 8);
    close(fd);
    AUTO(program) program = program_start(&step, NULL, false, &error);
    g_assert_no_error(error);
    await(program);
    g_autofree char *said = program_words(program);
    g_assert_cmpstr(said, ==, "read me (exit code 0)");
    unlink(path);
}

static void test_ends(void)
{
    expect_end("exit 0", "", "exit code 0");
    expect_end("echo one; echo two >&2", "", "one; two (exit code 0)");
    expect_end("echo no; exit 3", "38000", "no (exit code 3)");
    expect_end("kill -KILL $$", "38000", "ended by signal 9 (Killed)");
    expect_end("cat && echo read nothing", "", "read nothing (exit code 0)");
    expect_end("exec >&- 2>&-; exit 4", "38000", "exit code 4");
    /* More than a pipe holds, and more than is kept. */
    expect_end("seq 200000; echo end", "", "199999; 200000; end (exit code 0)");
    /* What it leaves behind may hold its output for longer. */
    expect_end("sleep 5 & echo bye", "", "bye (exit code 0)");
    expect_end("(: </dev/tty) 2>/dev/null || echo no terminal", "",
               "no terminal (exit code 0)");
}

static void test_not_there(void)
{
    char *arguments[] = {TEXT("/nonexistent/program"), NULL};
    struct step step = {.program = arguments};
    g_autoptr(GError) error = NULL;
    g_assert_null(program_start(&step, NULL, false, &error));
    g_assert_nonnull(error);
}

/* Returns what it said first. */
static char *await_words(struct program *program)
{
    char *said = program_words(program);

    while (g_str_has_prefix(said, "exit code")) {
        g_assert_false(program_ended(program));
        g_free(said);
        said = program_words(program);
    }
    return said;
}

static void test_stopped(void)
{
    AUTO(program)
    program = start("trap 'echo asked; exit 7' INT; echo up; "
                    "while :; do sleep 0.01; done");
    g_autofree char *first = await_words(program);
    g_assert_true(g_str_has_prefix(first, "up"));
    program_stop(program);
    program_stop(program);
    await(program);
    g_autofree char *said = program_words(program);
    g_assert_cmpstr(said, ==, "up; asked (exit code 7)");
    g_assert_cmpstr(program_sqlstate(program), ==, "57014");
}

/* It was about to end well: then it did. */
static void test_stopped_too_late(void)
{
    AUTO(program) program = start("exec true");
    await(program);
    program_stop(program);
    g_assert_cmpstr(program_sqlstate(program), ==, "");
}

static void test_freed_at_work(void)
{
    struct program *program = start("echo $$; exec sleep 60");
    g_autofree char *said = await_words(program);
    pid_t pid = (pid_t) g_ascii_strtoll(said, NULL, 10);
    g_assert_cmpint(kill(pid, 0), ==, 0);
    program_free(program);
    g_assert_cmpint(kill(pid, 0), ==, -1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/program/environment", test_environment);
    g_test_add_func("/program/last-lines", test_last_lines);
    g_test_add_func("/program/signals", test_signals);
    g_test_add_func("/program/ends", test_ends);
    g_test_add_func("/plan_program/input", test_input);
    g_test_add_func("/program/not-there", test_not_there);
    g_test_add_func("/program/stopped", test_stopped);
    g_test_add_func("/program/stopped-too-late", test_stopped_too_late);
    g_test_add_func("/program/freed-at-work", test_freed_at_work);
    return g_test_run();
}
