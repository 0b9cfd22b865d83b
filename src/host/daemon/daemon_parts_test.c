/* The small parts of the daemon that need no process and no server. */
#include "daemon/courier.h"
#include "daemon/gathers.h"
#include "daemon/job_words.h"
#include "daemon/journal.h"
#include "daemon/line_reader.h"
#include "daemon/minder.h"
#include "feature.h"

#include <string.h>

const struct feature *const features[] = {NULL};

/* ---- lines ---------------------------------------------------------------------------------- */

static void take(const char *line, gsize length, bool cut, gpointer data)
{
    g_assert_cmpuint(strlen(line), ==, length);
    g_string_append_printf(data, "%s%s|", line, cut ? "…" : "");
}

static void test_lines(void)
{
    AUTO(line_reader) reader = line_reader_new(5);
    g_autoptr(GString) seen = g_string_new(NULL);
    static const char *const pieces[] = {"ab",         "c\nd\r\n\n",      "12345\n123456\n",
                                         "1234567890", "1234567890\nx\n", "end"};
    for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++)
        line_reader_feed(reader, pieces[i], strlen(pieces[i]), take, seen);
    g_assert_cmpstr(seen->str, ==, "abc|d||12345|12345…|12345…|x|");
    line_reader_finish(reader, take, seen);
    line_reader_finish(reader, take, seen);
    g_assert_cmpstr(seen->str, ==, "abc|d||12345|12345…|12345…|x|end|");
}

static void test_lines_in_any_pieces(void)
{
    static const char text[] = "one\ntwo\r\nthree is longer\n\nfive\n";
    for (gsize size = 1; size < sizeof text; size++) {
        AUTO(line_reader) reader = line_reader_new(8);
        g_autoptr(GString) seen = g_string_new(NULL);
        for (gsize at = 0; at < strlen(text); at += size)
            line_reader_feed(reader, text + at, MIN(size, strlen(text) - at), take, seen);
        g_assert_cmpstr(seen->str, ==, "one|two|three is…||five|");
    }
}

/* ---- the minder's rules --------------------------------------------------------------------- */

static void test_pauses(void)
{
    static const int seconds[] = {0, 1, 2, 4, 8, 16, 32, 60, 60, 60};
    for (guint i = 0; i < G_N_ELEMENTS(seconds); i++)
        g_assert_cmpint(minder_pause_us(i), ==, seconds[i] * G_USEC_PER_SEC);
    g_assert_cmpint(minder_pause_us(G_MAXUINT), ==, 60 * G_USEC_PER_SEC);
    g_assert_cmpuint(minder_failures(0, 0), ==, 1);
    g_assert_cmpuint(minder_failures(7, 299 * G_USEC_PER_SEC), ==, 8);
    g_assert_cmpuint(minder_failures(7, 300 * G_USEC_PER_SEC), ==, 1);
}

/* ---- words ---------------------------------------------------------------------------------- */

static void test_journal(void)
{
    static const struct {
        enum journal_priority priority;
        bool systemd;
        const char *text, *line;
    } cases[] = {
        {JOURNAL_INFO, false, "all well", "pgrunbook: all well"},
        {JOURNAL_NOTICE, true, "all well", "<5>pgrunbook: all well"},
        {JOURNAL_ERROR, true, "no", "<3>pgrunbook: error: no"},
        {JOURNAL_WARNING, false, "a\nhint: b\n", "pgrunbook: warning: a; hint: b"},
        {JOURNAL_INFO, false, "\x1b[1m\t<3>\xff", "pgrunbook: \\x1b[1m\\x09<3>\xef\xbf\xbd"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *line =
            journal_line(cases[i].priority, cases[i].systemd, cases[i].text);
        g_assert_cmpstr(line, ==, cases[i].line);
    }
}

static void test_reason(void)
{
    static const struct {
        const char *output, *reason;
    } cases[] = {
        {"", NULL},
        {"\n \n", NULL},
        {"one\ntwo\n\n", "two"},
        {"pgrunbook: error: cannot connect\npgrunbook: hint: start it\n", "cannot connect"},
        {"pgrunbook: error: first\npgrunbook: error: second\nrest", "second"},
        {"bad \xff byte", "bad \xef\xbf\xbd byte"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *reason = job_reason(cases[i].output);
        g_assert_cmpstr(reason, ==, cases[i].reason);
    }
    g_autoptr(GString) umlauts = g_string_new(NULL);
    for (int i = 0; i < 400; i++)
        g_string_append(umlauts, "ä");
    g_autofree char *cut = job_reason(umlauts->str);
    g_assert_cmpuint(strlen(cut), <=, 500);
    g_assert_true(g_utf8_validate(cut, -1, NULL));
}

static void test_job_line(void)
{
    static const struct {
        const char *line;
        bool ours;
    } cases[] = {
        {"pgrunbook clean run --yes", true},
        {"pgrunbook clean run --yes --window 55min --target shop --state /s", true},
        {"pgrunbook clean run --yes -d 'host=db1 dbname=shop' --state '/a b'", true},
        {"pgrunbook clean run --yes --target", false},
        {"pgrunbook clean run --yes --target shop --table orders", false},
        {"pgrunbook clean run --target shop", false},
        {"pgrunbook clean report --yes", false},
        {"pgrunbook clean", false},
        {"pgrunbook 'clean run", false},
        {"", false},
        {NULL, false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].line != NULL ? cases[i].line : "(none)");
        g_assert_cmpint(job_is_line("clean run --yes", cases[i].line), ==, cases[i].ours);
    }
}

static void test_left(void)
{
    g_assert_cmpint(job_left_ms(0, 5), ==, 0);
    g_assert_cmpint(job_left_ms(10 * G_USEC_PER_SEC, 4 * G_USEC_PER_SEC), ==, 6000);
    g_assert_cmpint(job_left_ms(4 * G_USEC_PER_SEC, 10 * G_USEC_PER_SEC), ==, 1000);
}

static void test_courier_line(void)
{
    struct store_event event = {
        .id = 7,
        .target = "shop",
        .name = "slots",
        .severity = "critical",
        .opened_us = 1,
        .message = "37 \"slots\" of 40\n",
        .detail = "{\"used\":37}",
    };
    g_autofree char *open = courier_line(3, &event);
    g_assert_cmpstr(open, ==,
                    "{\"line\":\"event\",\"seq\":3,\"id\":7,\"target\":\"shop\","
                    "\"name\":\"slots\",\"state\":\"open\",\"severity\":\"critical\","
                    "\"message\":\"37 \\\"slots\\\" of 40\\n\",\"opened_us\":1,"
                    "\"closed_us\":0,\"detail\":{\"used\":37},\"run\":0}\n");
    event.closed_us = 1;
    g_autofree char *note = courier_line(4, &event);
    g_assert_nonnull(strstr(note, "\"state\":\"note\""));
    event.closing = "over";
    g_autofree char *closed = courier_line(5, &event);
    g_assert_nonnull(strstr(closed, "\"state\":\"closed\""));
    g_assert_nonnull(strstr(closed, "\"closing\":\"over\""));
    event.detail = "{broken";
    g_autofree char *plain = courier_line(6, &event);
    g_assert_null(strstr(plain, "detail"));
}

static void test_courier_line_again(void)
{
    g_autoptr(GPtrArray) through = g_ptr_array_new();
    const char *line = "{\"line\":\"event\",\"seq\":3}\n";
    char mail[] = "mail", webhook[] = "5f0c";

    g_autofree char *nobody = courier_line_again(line, 0, through);
    g_assert_cmpstr(nobody, ==,
                    "{\"line\":\"event\",\"seq\":3,\"waited_s\":0,\"through\":[]}\n");
    g_ptr_array_add(through, mail);
    g_ptr_array_add(through, webhook);
    g_autofree char *two = courier_line_again(line, 90, through);
    g_assert_cmpstr(two, ==,
                    "{\"line\":\"event\",\"seq\":3,\"waited_s\":90,"
                    "\"through\":[\"mail\",\"5f0c\"]}\n");
}

static void test_gather_line(void)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"{\"line\":\"check\",\"at_us\":5,\"document\":{}}", true},
        {"{\"line\":\"metrics\",\"at_us\":5,\"families\":[]}", true},
        {"{\"line\":\"metrics\",\"at_us\":5,\"families\":{}}", false},
        {"{\"line\":\"check\",\"at_us\":\"5\",\"document\":{}}", false},
        {"{\"line\":\"check\",\"document\":{}}", false},
        {"{\"line\":\"else\",\"at_us\":5}", false},
        {"[]", false},
        {"no JSON", false},
        {"", false},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        enum gather_kind kind;
        gint64 at_us = 0;
        json_t *value = NULL;
        g_test_message("%s", cases[i].text);
        g_assert_cmpint(
            gather_line_parse(cases[i].text, strlen(cases[i].text), &kind, &at_us, &value), ==,
            cases[i].good);
        g_assert_cmpint(value != NULL, ==, cases[i].good);
        json_decref(value);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/daemon/gather_line", test_gather_line);
    g_test_add_func("/daemon/lines", test_lines);
    g_test_add_func("/daemon/lines/pieces", test_lines_in_any_pieces);
    g_test_add_func("/daemon/minder/pauses", test_pauses);
    g_test_add_func("/daemon/journal", test_journal);
    g_test_add_func("/daemon/job/reason", test_reason);
    g_test_add_func("/daemon/job/line", test_job_line);
    g_test_add_func("/daemon/job/left", test_left);
    g_test_add_func("/daemon/courier/line", test_courier_line);
    g_test_add_func("/daemon/courier/line-again", test_courier_line_again);
    return g_test_run();
}
