/* What a watch counts, how long it waits, and what it says when nobody reads. */
#include "feature.h"
#include "watch/watcher_feed.h"
#include "watch/watcher_guard.h"
#include "watch/watcher_lines.h"
#include "watch/watcher_order.h"
#include "watch/watcher_signs.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

const struct feature *const features[] = {NULL};

#define SECOND ((gint64) G_USEC_PER_SEC)
#define MINUTE (60 * SECOND)

/* ---- samples ------------------------------------------------------------------------------------- */

static void test_sample(void)
{
    AUTO(backends) backends = backends_new();
    gint64 blocker = 2;
    struct backend rows[] = {
        {.pid = 1, .state = BACKEND_ACTIVE, .query_start_us = 90 * SECOND},
        {.pid = 2, .state = BACKEND_IN_TRANSACTION},
        {.pid = 3, .state = BACKEND_ABORTED},
        {.pid = 4, .state = BACKEND_IDLE},
        {.pid = 5,
         .state = BACKEND_ACTIVE,
         .query_start_us = 97 * SECOND,
         .blockers = &blocker,
         .blocker_count = 1},
        {.pid = 6, .state = BACKEND_ACTIVE, .query_start_us = 1 * SECOND, .self = true},
        {.pid = 7, .state = BACKEND_ACTIVE, .query_start_us = 1 * SECOND, .type = "walsender"},
    };

    backends->now_us = 100 * SECOND;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        rows[i].type = rows[i].type ? rows[i].type : "client backend";
        rows[i].database = "shop";
        rows[i].application = rows[i].query = "";
        backends_add(backends, &rows[i]);
    }
    backends_settle(backends);
    struct watcher_sample sample = watcher_sample_of(backends);
    g_assert_cmpuint(sample.active, ==, 2);
    g_assert_cmpuint(sample.in_transaction, ==, 2);
    g_assert_cmpuint(sample.idle, ==, 1);
    g_assert_cmpuint(sample.waiting, ==, 1);
    g_assert_cmpfloat(sample.query_seconds, ==, 10);
}

static void test_minute(void)
{
    struct watcher_minute minute = {.minute_us = 0};
    struct watcher_sample sample = {.slots = {.ordinary = 97, .used = 5}, .active = 2};

    g_assert_false(watcher_minute_over(&minute, 7 * MINUTE));
    watcher_minute_begin(&minute, 7 * MINUTE + 20 * SECOND);
    g_assert_cmpint(minute.minute_us, ==, 7 * MINUTE);
    watcher_minute_add(&minute, &sample);
    sample.slots.used = 9;
    sample.active = 1;
    watcher_minute_add(&minute, &sample);
    g_assert_cmpuint(minute.samples, ==, 2);
    g_assert_cmpint(minute.used_max, ==, 9);
    g_assert_cmpint(minute.used_sum, ==, 14);
    g_assert_cmpuint(minute.active_max, ==, 2);
    g_assert_cmpint(minute.ordinary, ==, 97);
    g_assert_false(watcher_minute_over(&minute, 8 * MINUTE - 1));
    g_assert_true(watcher_minute_over(&minute, 8 * MINUTE));
    g_assert_true(watcher_minute_over(&minute, 6 * MINUTE)); /* the clock was put back */
}

/* ---- pauses -------------------------------------------------------------------------------------- */

static void test_pauses(void)
{
    static const struct {
        guint tries;
        gint64 down_ms, pause_ms;
    } cases[] = {
        {0, 0, 200},     {1, 300, 400},     {2, 800, 800},      {3, 2000, 1600},
        {4, 4000, 2000}, {30, 59999, 2000}, {30, 60000, 15000}, {4000, 9999999, 15000},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(watcher_guard_pause_ms(cases[i].tries, cases[i].down_ms), ==,
                        cases[i].pause_ms);
}

/* ---- back in --------------------------------------------------------------------------------------- */

static void test_knocks(void)
{
    static const struct {
        struct watcher_plight plight;
        bool knocks;
    } cases[] = {
        {{.late = false}, true},
        /* A late answer is waited for until it is known that another connection gets an answer. */
        {{.late = true}, false},
        {{.late = true, .probed = SESSION_PROBE_SILENT}, false},
        {{.late = true, .probed = SESSION_PROBE_FAILED}, false},
        {{.late = true, .probed = SESSION_PROBE_IN}, true},
        {{.late = true, .probed = SESSION_PROBE_FULL}, true},
        /* Another host may be the primary by now. */
        {{.late = true, .several = true}, true},
        {{.late = true, .rescue = true, .down_ms = 29999}, false},
        {{.late = true, .rescue = true, .down_ms = 30000}, true},
        {{.late = true, .rescue = false, .down_ms = 30000}, false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(watcher_guard_knocks(&cases[i].plight), ==, cases[i].knocks);
}

static void test_rescues(void)
{
    static const struct {
        struct watcher_plight plight;
        const char *sqlstate;
        bool rescues;
    } cases[] = {
        {{.rescue = false}, "53300", false},
        {{.rescue = true}, "53300", true},
        {{.rescue = true, .lost = true, .down_ms = 29999}, "08001", false},
        {{.rescue = true, .lost = true, .down_ms = 30000}, "08001", true},
        {{.rescue = true, .lost = true, .down_ms = 30000}, "28000", true},
        {{.rescue = false, .lost = true, .down_ms = 30000}, "08001", false},
        /* Never in: rather a slip in the settings than an emergency. */
        {{.rescue = true, .lost = false, .down_ms = 90000}, "28000", false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(watcher_guard_rescues(&cases[i].plight, cases[i].sqlstate), ==,
                        cases[i].rescues);
}

/* ---- signs ----------------------------------------------------------------------------------------- */

static void test_refusal(void)
{
    static const struct {
        bool recent;
        enum session_probe_state probed;
        const char *reason, *message;
        bool holds;
    } cases[] = {
        {false, SESSION_PROBE_IN, NULL, "new connections get in", false},
        {true, SESSION_PROBE_FULL, "too many", "a new connection is refused: too many", true},
        {false, SESSION_PROBE_FULL, "too many", "a new connection is refused: too many", true},
        {false, SESSION_PROBE_FAILED, "no login", "a new connection is refused: no login",
         true},
        {true, SESSION_PROBE_FAILED, "no login", "a new connection is refused: no login", true},
        {false, SESSION_PROBE_SILENT, "x", "a new connection gets no answer in time", true},
        {true, SESSION_PROBE_UNDERWAY, NULL, "a new connection is refused: no slot is left",
         true},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *message = NULL;
        g_assert_cmpint(
            watcher_signs_refusal(cases[i].recent, cases[i].probed, cases[i].reason, &message),
            ==, cases[i].holds);
        g_assert_cmpstr(message, ==, cases[i].message);
    }
}

/* ---- lines ----------------------------------------------------------------------------------------- */

/* All there is to read, without waiting for more. */
static char *read_all(int fd)
{
    GString *text = g_string_new(NULL);
    char piece[4096];
    ssize_t got;

    while ((got = read(fd, piece, sizeof piece)) > 0)
        g_string_append_len(text, piece, got);
    return g_string_free(text, FALSE);
}

static void open_pipe(int ends[2])
{
    g_assert_true(g_unix_open_pipe(ends, FD_CLOEXEC, NULL));
    g_assert_true(g_unix_set_fd_nonblocking(ends[0], TRUE, NULL));
}

static void test_states(void)
{
    struct watcher_lines lines;
    struct watcher_state state = {.up = false, .reason = "no route to host"};
    int ends[2];

    open_pipe(ends);
    watcher_lines_open(&lines, ends[1], true);
    watcher_say_state(&lines, &state);
    watcher_say_state(&lines, &state); /* the same: not said again */
    state = (struct watcher_state){.up = true, .acts = true, .host = "db\"1", .port = "1"};
    watcher_say_state(&lines, &state);
    g_autofree char *text = read_all(ends[0]);
    g_auto(GStrv) each = g_strsplit(text, "\n", -1);
    g_assert_cmpuint(g_strv_length(each), ==, 3); /* and an empty one behind the last */
    json_t *second = json_loads(each[1], 0, NULL);
    g_assert_cmpstr(json_string_value(json_object_get(second, "host")), ==, "db\"1");
    g_assert_true(json_is_true(json_object_get(second, "acts")));
    json_decref(second);
    watcher_lines_close(&lines);
    close(ends[0]);
    close(ends[1]);
}

/* A reader that does not read: samples are lost in the end, what is dear is not, and nothing
 * waits. */
static void test_nobody_reads(void)
{
    struct watcher_sample sample = {.slots = {.ordinary = 97}};
    struct watcher_lines lines;
    int ends[2];

    open_pipe(ends);
    watcher_lines_open(&lines, ends[1], true);
    for (guint i = 0; i < 10000; i++)
        watcher_say_sample(&lines, &sample, 0);
    gsize length = lines.backlog->len;
    watcher_say_sample(&lines, &sample, 0);
    g_assert_cmpuint(lines.backlog->len, ==, length);
    watcher_say_note(&lines, "relief", 7, false, "two sessions ended");
    g_assert_cmpuint(lines.backlog->len, >, length);
    g_autofree char *first = read_all(ends[0]);
    g_autoptr(GString) all = g_string_new(first);
    while (lines.backlog->len > 0) {
        watcher_lines_flush(&lines);
        g_autofree char *more = read_all(ends[0]);
        g_string_append(all, more);
    }
    g_assert_true(g_str_has_suffix(all->str, "\"severity\":\"info\"}\n"));
    close(ends[0]);
    watcher_say_beat(&lines);
    g_assert_true(lines.gone);
    watcher_lines_close(&lines);
    close(ends[1]);
}

static void test_feed(void)
{
    static const struct {
        const char *line;
        guint seconds;
    } cases[] = {{"closely 15", 15}, {"closely 60", 60}, {"closely 61", 0}, {"closely 0", 0},
                 {"closely -1", 0},  {"closely 15 ", 0}, {"closely", 0},    {"", 0},
                 {"closely x", 0},   {"CLOSELY 15", 0}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(watcher_feed_seconds(cases[i].line), ==, cases[i].seconds);
}

static enum runbook_exit no_command(struct call *call, GError **error)
{
    (void) call;
    (void) error;
    g_assert_not_reached();
}

static void test_order(void)
{
    static const char *const wrong[] = {
        "lend",
        "lend ",
        "lend {}",
        "lend []",
        "lend {\"number\":1,\"words\":[\"keep\"]}",
        "lend {\"number\":\"1\",\"words\":[\"keep\",\"rebuild\"]}",
        "lend {\"number\":1,\"words\":[\"keep\",7]}",
        "closely 15",
    };
    struct watcher_order *order =
        watcher_order_parse("lend {\"number\":7,\"words\":[\"keep\",\"cancel\",\"--\",\"12\"],"
                            "\"dry_run\":true,\"actor\":\"token:anna\"}");

    g_assert_nonnull(order);
    g_assert_cmpint(order->number, ==, 7);
    g_assert_cmpint(g_strv_length(order->words), ==, 4);
    g_assert_true(order->dry_run);
    g_assert_cmpstr(order->actor, ==, "token:anna");
    g_assert_null(order->reason);
    watcher_order_free(order);
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_null(watcher_order_parse(wrong[i]));
}

/* What works on no guard is not done on it, however it is called. */
static void test_order_refused(void)
{
    static const struct command commands[] = {
        {.verb = "rebuild", .run = no_command},
        {.verb = NULL},
    };
    static const struct feature section = {.name = "keep", .commands = commands};
    struct call call = {.feature = &section};
    struct watch_look look = {.call = &call, .may_act = true};
    struct watch_outcome outcome;
    struct watcher_order *order =
        watcher_order_parse("lend {\"number\":1,\"words\":[\"keep\",\"rebuild\"]}");

    g_assert_cmpint(watcher_order_carry_out(order, &look, &outcome), ==, RUNBOOK_REFUSED);
    g_assert_nonnull(strstr(outcome.messages, "a connection of its own"));
    watch_outcome_clear(&outcome);
    watcher_order_free(order);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);
    g_test_add_func("/watcher/feed", test_feed);
    g_test_add_func("/watcher/order", test_order);
    g_test_add_func("/watcher/order-refused", test_order_refused);
    g_test_add_func("/watcher/sample", test_sample);
    g_test_add_func("/watcher/minute", test_minute);
    g_test_add_func("/watcher/pauses", test_pauses);
    g_test_add_func("/watcher/knocks", test_knocks);
    g_test_add_func("/watcher/rescues", test_rescues);
    g_test_add_func("/watcher/refusal", test_refusal);
    g_test_add_func("/watcher/states", test_states);
    g_test_add_func("/watcher/nobody-reads", test_nobody_reads);
    return g_test_run();
}
