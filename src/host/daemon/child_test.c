/* Children for real: they are this program again, which does as its first word says. */
#include "daemon/child.h"
#include "daemon/minder.h"
#include "daemon/signals.h"
#include "feature.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct feature *const features[] = {NULL};

/* ---- the child ------------------------------------------------------------------------------ */

static volatile sig_atomic_t signals_seen;

static void count_signal(int number)
{
    (void) number;
    signals_seen++;
}

/* Ends when its stdin does, and tells how often it was told to before. */
static int count_signals(void)
{
    signal(SIGTERM, count_signal);
    printf("here\n");
    while (signals_seen == 0)
        pause();
    printf("told\n");
    while (getchar() != EOF)
        continue;
    printf("%d\n", (int) signals_seen);
    return 0;
}

static int be_child(const char *word)
{
    char line[100] = "";

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(word, "count") == 0)
        return count_signals();
    if (strcmp(word, "say") == 0)
        printf("one\ntwo\nand a very long line that is cut\nlast");
    else if (strcmp(word, "echo") == 0)
        while (fgets(line, sizeof line, stdin) != NULL)
            printf("heard %s", line);
    else if (strcmp(word, "mask") == 0)
        printf("%s\n", getppid() > 1 && getsid(0) == getpid() ? "own session" : "wrong");
    else if (strcmp(word, "stubborn") == 0)
        signal(SIGTERM, SIG_IGN);
    if (strcmp(word, "stubborn") == 0 || strcmp(word, "wait") == 0) {
        printf("here\n");
        for (;;)
            pause();
    }
    return strcmp(word, "fail") == 0 ? 3 : 0;
}

/* ---- its parent ------------------------------------------------------------------------------ */

struct seen {
    GString *lines;
    int status;
    bool ended;
    guint starts, loops, ends;
};

static void on_signal(int number, gpointer data)
{
    (void) data;
    if (number == SIGCHLD)
        child_reap_all();
}

static void on_line(const char *line, gsize length, bool cut, gpointer data)
{
    struct seen *seen = data;
    (void) length;
    g_string_append_printf(seen->lines, "%s%s|", line, cut ? "..." : "");
}

static void on_ended(int status, gpointer data)
{
    struct seen *seen = data;
    seen->status = status;
    seen->ended = true;
}

static struct child *begin(const char *word, bool feed, struct seen *seen)
{
    const char *const arguments[] = {word, NULL};
    struct child_plan plan = {
        .arguments = arguments,
        .feed = feed,
        .longest = 20,
        .settings_fd = -1,
        .line = on_line,
        .ended = on_ended,
        .data = seen,
    };
    struct child *child = child_start(&plan, NULL);
    g_assert_nonnull(child);
    return child;
}

static void await_line(struct seen *seen, const char *line)
{
    while (strstr(seen->lines->str, line) == NULL)
        g_main_context_iteration(NULL, TRUE);
}

static void await_end(const struct seen *seen)
{
    while (!seen->ended)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(child_count(), ==, 0);
}

static void test_says(void)
{
    struct seen seen = {.lines = g_string_new(NULL)};
    begin("say", false, &seen);
    await_end(&seen);
    g_assert_cmpstr(seen.lines->str, ==, "one|two|and a very long line...|last|");
    g_assert_cmpint(child_exit_code(seen.status), ==, 0);
    g_string_free(seen.lines, TRUE);
}

static void test_fails(void)
{
    struct seen seen = {.lines = g_string_new(NULL)};
    begin("fail", false, &seen);
    await_end(&seen);
    g_autofree char *words = child_status_words(seen.status);
    g_assert_cmpstr(words, ==, "exit code 3");
    g_assert_cmpint(child_exit_code(seen.status), ==, 3);
    g_string_free(seen.lines, TRUE);
}

static void test_is_alone(void)
{
    struct seen seen = {.lines = g_string_new(NULL)};
    begin("mask", false, &seen);
    await_end(&seen);
    g_assert_cmpstr(seen.lines->str, ==, "own session|");
    g_string_free(seen.lines, TRUE);
}

static void test_is_fed(void)
{
    struct seen seen = {.lines = g_string_new(NULL)};
    struct child *child = begin("echo", true, &seen);
    g_assert_true(child_feed(child, "a\n"));
    g_assert_true(child_feed(child, "b\n"));
    await_line(&seen, "heard b|");
    child_stop(child, 60000); /* closes its stdin as well */
    await_end(&seen);
    g_assert_true(g_str_has_prefix(seen.lines->str, "heard a|heard b|"));
    g_string_free(seen.lines, TRUE);
}

static void test_stops(void)
{
    struct seen seen = {.lines = g_string_new(NULL)};
    struct child *child = begin("wait", false, &seen);
    await_line(&seen, "here|");
    child_stop(child, 60000);
    await_end(&seen);
    g_assert_cmpint(child_exit_code(seen.status), ==, -1);
    g_assert_cmpint(seen.status & 0x7f, ==, SIGTERM);
    g_string_free(seen.lines, TRUE);
}

/* A second one would mean "at once": neither another person nor the end of the daemon sends it. */
static void test_is_interrupted_once(void)
{
    struct seen seen = {.lines = g_string_new(NULL)};
    struct child *child = begin("count", true, &seen);
    await_line(&seen, "here|");
    child_interrupt(child);
    await_line(&seen, "told|");
    child_interrupt(child);
    child_stop(child, 60000); /* closes its stdin */
    await_end(&seen);
    g_assert_cmpstr(seen.lines->str, ==, "here|told|1|");
    g_assert_cmpint(child_exit_code(seen.status), ==, 0);
    g_string_free(seen.lines, TRUE);
}

static void test_is_killed(void)
{
    struct seen seen = {.lines = g_string_new(NULL)};
    struct child *child = begin("stubborn", false, &seen);
    await_line(&seen, "here|");
    child_stop(child, 60000);
    child_stop(child, 50); /* sooner than was said first */
    await_end(&seen);
    g_autofree char *words = child_status_words(seen.status);
    g_assert_true(g_str_has_prefix(words, "killed by signal 9"));
    g_string_free(seen.lines, TRUE);
}

/* ---- the minder ------------------------------------------------------------------------------ */

static void on_started(gpointer data)
{
    ((struct seen *) data)->starts++;
}

static void on_minded_end(const char *how, gpointer data)
{
    struct seen *seen = data;
    seen->ends++;
    g_string_append_printf(seen->lines, "%s|", how);
}

static void on_trouble(bool looping, const char *message, gpointer data)
{
    struct seen *seen = data;
    g_assert_nonnull(message);
    seen->loops += looping;
}

static struct minder *mind(const char *word, gint64 silence_us, struct seen *seen)
{
    const char *const arguments[] = {word, NULL};
    struct minder_plan plan = {
        .name = "the child",
        .child = {.arguments = arguments, .longest = 100, .settings_fd = -1},
        .silence_us = silence_us,
        .line = on_line,
        .started = on_started,
        .ended = on_minded_end,
        .trouble = on_trouble,
        .data = seen,
    };
    return minder_new(&plan);
}

static void await_minded_end(struct minder *minder)
{
    while (minder_child(minder) != NULL)
        g_main_context_iteration(NULL, TRUE);
}

/* What ends is started again, but not before its pause is over, and after a while it is told. */
static void test_minder_restarts(void)
{
    struct seen seen = {.lines = g_string_new(NULL)};
    gint64 hour = G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC;
    AUTO(minder) minder = mind("fail", 0, &seen);
    for (guint i = 1; i <= 4; i++) {
        await_minded_end(minder);
        g_assert_cmpuint(seen.starts, ==, i);
        minder_tick(minder, g_get_monotonic_time());
        g_assert_null(minder_child(minder));
        g_assert_cmpuint(seen.loops, ==, i >= 4);
        minder_tick(minder, g_get_monotonic_time() + hour);
    }
    minder_stop(minder, 60000);
    await_minded_end(minder);
    minder_tick(minder, g_get_monotonic_time() + 2 * hour);
    g_assert_null(minder_child(minder));
    g_string_free(seen.lines, TRUE);
}

static void test_minder_kills_the_silent(void)
{
    struct seen seen = {.lines = g_string_new(NULL)};
    AUTO(minder) minder = mind("stubborn", G_USEC_PER_SEC, &seen);
    await_line(&seen, "here|");
    minder_busy(minder, 100 * G_USEC_PER_SEC);
    minder_tick(minder, g_get_monotonic_time() + 50 * G_USEC_PER_SEC);
    minder_tick(minder, g_get_monotonic_time() + 200 * G_USEC_PER_SEC);
    await_minded_end(minder);
    g_assert_nonnull(strstr(seen.lines->str, "silent for too long"));
    minder_stop(minder, 0);
    g_string_free(seen.lines, TRUE);
}

static void test_minder_renews(void)
{
    struct seen seen = {.lines = g_string_new(NULL)};
    const char *const other[] = {"say", NULL};
    AUTO(minder) minder = mind("wait", 0, &seen);
    await_line(&seen, "here|");
    minder_renew(minder, other);
    await_line(&seen, "two|");
    g_assert_cmpuint(seen.starts, ==, 2);
    minder_stop(minder, 0);
    await_minded_end(minder);
    g_string_free(seen.lines, TRUE);
}

int main(int argc, char **argv)
{
    if (argc == 2 && argv[1][0] != '-')
        return be_child(argv[1]);
    g_test_init(&argc, &argv, NULL);
    g_assert_true(signals_catch(on_signal, NULL, NULL));
    g_test_add_func("/child/says", test_says);
    g_test_add_func("/child/fails", test_fails);
    g_test_add_func("/child/is-alone", test_is_alone);
    g_test_add_func("/child/is-fed", test_is_fed);
    g_test_add_func("/child/stops", test_stops);
    g_test_add_func("/child/is-interrupted-once", test_is_interrupted_once);
    g_test_add_func("/child/is-killed", test_is_killed);
    g_test_add_func("/minder/restarts", test_minder_restarts);
    g_test_add_func("/minder/kills-the-silent", test_minder_kills_the_silent);
    g_test_add_func("/minder/renews", test_minder_renews);
    return g_test_run();
}
