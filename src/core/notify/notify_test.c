#include "notify/notify.h"

#include <string.h>

static const char LINE[] =
    "{\"line\":\"event\",\"seq\":7,\"id\":3,\"target\":\"shop\",\"name\":\"slots\","
    "\"state\":\"closed\",\"severity\":\"critical\",\"message\":\"38 of 40 slots taken\","
    "\"closing\":\"12 of 40 taken\",\"opened_us\":1764100000000000,"
    "\"closed_us\":1764100125500000,\"detail\":{\"used\":38},\"run\":12}";

static struct notify_event *parse(const char *line)
{
    g_autoptr(GError) error = NULL;
    struct notify_event *event = notify_event_parse(line, strlen(line), &error);

    g_assert_no_error(error);
    return event;
}

/* The line with one of its texts replaced. */
static struct notify_event *parse_with(const char *old, const char *new)
{
    g_auto(GStrv) pieces = g_strsplit(LINE, old, 2);
    g_autofree char *line = g_strjoinv(new, pieces);

    return parse(line);
}

/* ---- events -------------------------------------------------------------------------------- */

static void test_parse(void)
{
    AUTO(notify_event) event = parse(LINE);
    g_assert_cmpint(event->seq, ==, 7);
    g_assert_cmpstr(event->target, ==, "shop");
    g_assert_cmpint(event->state, ==, NOTIFY_CLOSED);
    g_assert_cmpint(event->severity, ==, NOTIFY_CRITICAL);
    g_assert_cmpint(event->run, ==, 12);
    AUTO(notify_event) opening = parse_with("closed\",", "open\",");
    AUTO(notify_event) other = parse_with("\"slots\"", "\"refused\"");
    g_assert_true(notify_same_event(event, opening));
    g_assert_false(notify_same_event(event, other));

    static const char *const wrong[] = {
        "",
        "x",
        "[]",
        "{}",
        "{\"line\":\"event\"}",
        "{\"line\":\"outcome\",\"seq\":1}",
        "{\"line\":\"event\",\"target\":\"a\",\"name\":\"b\",\"message\":\"c\"}",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(notify_event_parse(wrong[i], strlen(wrong[i]), &error));
        g_assert_nonnull(error);
    }
}

static void expect_headline(struct notify_event *event, bool whole, const char *expected)
{
    struct notify_message message = {event, whole, "db1"};
    g_autofree char *line = notify_headline(&message);

    g_assert_cmpstr(line, ==, expected);
    notify_event_free(event);
}

static void test_headline(void)
{
    expect_headline(parse(LINE), false,
                    "[over] shop: slots: over after 2 min 6 s: 12 of 40 taken");
    expect_headline(
        parse(LINE), true,
        "[critical] shop: slots: 38 of 40 slots taken (over after 2 min 6 s: 12 of 40 "
        "taken)");
    expect_headline(parse_with("closed\",", "open\","), false,
                    "[critical] shop: slots: 38 of 40 slots taken");
    expect_headline(parse_with("\"shop\"", "\"\""), false,
                    "[over] db1: slots: over after 2 min 6 s: 12 of 40 taken");
    expect_headline(parse_with("12 of 40", "a\\nb\\u0007"), false,
                    "[over] shop: slots: over after 2 min 6 s: a b taken");
    expect_headline(notify_event_test(1), false,
                    "[test] db1: test: This is a test. Messages of pgrunbook arrive here.");
}

/* ---- webhook ------------------------------------------------------------------------------- */

static void test_payload(void)
{
    AUTO(notify_event) event = parse(LINE);
    struct notify_message message = {event, true, "db1"};
    g_autofree char *payload = notify_payload(&message);
    g_autofree char *delivery = notify_delivery_id(event);
    json_t *object = json_loads(payload, 0, NULL);
    const char *incident = json_string_value(json_object_get(object, "incident"));

    g_assert_cmpstr(json_string_value(json_object_get(object, "schema")), ==,
                    "pgrunbook.notify.event/1");
    g_assert_cmpstr(json_string_value(json_object_get(object, "opened_at")), ==,
                    "2025-11-25T19:46:40.000Z");
    g_assert_cmpstr(json_string_value(json_object_get(object, "closed_at")), ==,
                    "2025-11-25T19:48:45.500Z");
    g_assert_cmpfloat(json_real_value(json_object_get(object, "seconds")), ==, 125.5);
    g_assert_true(json_is_true(json_object_get(object, "first")));
    g_assert_cmpuint(strlen(incident), ==, 16);
    g_assert_true(g_str_has_prefix(delivery, incident));
    g_assert_cmpstr(json_string_value(json_object_get(object, "delivery")), ==, delivery);
    json_decref(object);

    AUTO(notify_event) opening = parse_with("closed\",", "open\",");
    g_autofree char *other = notify_delivery_id(opening);
    g_assert_cmpstr(delivery, !=, other);
    g_assert_true(strncmp(delivery, other, 17) == 0);

    opening->severity = NOTIFY_WARNING;
    g_autofree char *before = notify_delivery_id(opening);
    opening->severity = NOTIFY_CRITICAL;
    g_autofree char *graver = notify_delivery_id(opening);
    g_assert_cmpstr(before, !=, graver);
}

/* As `printf 5.hello | openssl dgst -sha256 -hmac key` has it. */
static void test_signature(void)
{
    g_autofree char *signature = notify_signature("key", 3, 5, "hello");

    g_assert_cmpstr(
        signature, ==,
        "t=5,sha256=22a689a24c1ec53c4aef64be82ba9279ce3673db08707638f518b0b5033f9663");
}

/* ---- mail ---------------------------------------------------------------------------------- */

static char *mail_of(struct notify_event *event)
{
    static const char *const to[] = {"dba@example.com", "ops", NULL};
    const struct notify_envelope envelope = {"pgrunbook@db1", to, 1764100000, 0xabc};
    struct notify_message message = {event, false, "db1"};
    char *mail = notify_mail(&message, &envelope);

    notify_event_free(event);
    return mail;
}

static void test_mail(void)
{
    g_autofree char *mail = mail_of(parse(LINE));

    g_assert_true(g_str_has_prefix(mail,
                                   "Date: Tue, 25 Nov 2025 19:46:40 +0000\r\n"
                                   "From: pgrunbook <pgrunbook@db1>\r\n"
                                   "To: dba@example.com,\r\n ops\r\n"
                                   "Subject: [over] shop: slots: over after 2 min 6 s: 12 of "
                                   "40 taken\r\n"
                                   "Message-ID: <pgrunbook."));
    g_assert_nonnull(strstr(mail, ".00000abc@db1>\r\n"));
    g_assert_nonnull(strstr(mail, "\r\nMessage:  38 of 40 slots taken\r\n"));
    g_assert_nonnull(strstr(mail, "\r\npgrunbook history show 12\r\n"));
}

static void test_mail_subject(void)
{
    /* Not ASCII: encoded words, each of whole characters. */
    g_autofree char *mail = mail_of(parse_with("12 of 40", "Ünïcödé ünïcödé ünïcödé"));
    const char *subject = strstr(mail, "\r\nSubject: ") + strlen("\r\nSubject: ");
    g_autofree char *text = g_strndup(subject, (gsize) (strstr(subject, "\r\nM") - subject));
    g_auto(GStrv) words = g_strsplit(text, "\r\n ", -1);
    g_autoptr(GString) decoded = g_string_new(NULL);

    for (guint i = 0; words[i] != NULL; i++) {
        g_assert_cmpuint(strlen(words[i]), <=, 75);
        g_assert_true(g_str_has_prefix(words[i], "=?UTF-8?B?"));
        gsize length;
        words[i][strlen(words[i]) - 2] = '\0';
        g_autofree guchar *bytes = g_base64_decode(words[i] + 10, &length);
        g_assert_true(g_utf8_validate((char *) bytes, (gssize) length, NULL));
        g_string_append_len(decoded, (char *) bytes, (gssize) length);
    }
    g_assert_cmpstr(decoded->str, ==,
                    "[over] shop: slots: over after 2 min 6 s: Ünïcödé ünïcödé ünïcödé taken");
}

/* A target's name is what somebody typed, a message may be a server's. */
static void test_mail_injection(void)
{
    g_autofree char *mail =
        mail_of(parse_with("\"shop\"", "\"x\\r\\nBcc: a@b\\r\\n\\r\\nhi\""));
    g_autofree char *body = mail_of(parse_with("12 of 40", "\\n.\\nFrom me\\u00e9="));

    g_autofree char *header = g_strndup(mail, (gsize) (strstr(mail, "\r\n\r\n") - mail));

    g_assert_null(strstr(header, "\nBcc"));
    g_assert_nonnull(strstr(header, "\r\nSubject: [over] x Bcc: a@b hi: slots"));
    g_assert_nonnull(strstr(header, "\r\nContent-Transfer-Encoding: quoted-printable"));
    g_assert_null(strstr(body, "\r\n.\r\n"));
    g_assert_null(strstr(body, "\nFrom me"));
    g_assert_nonnull(strstr(body, "=2E\r\n=46rom me=C3=A9=3D taken"));
}

static void test_addresses(void)
{
    static const char *const right[] = {"a@b", "ops", "x.y+z@example.com"};
    static const char *const wrong[] = {
        "", "@b", "a@", "-oQ/tmp", "a b@c", "a@b\r\nBcc: c", "a@b,c@d", "<a@b>", "a@b>"};

    for (gsize i = 0; i < G_N_ELEMENTS(right); i++)
        g_assert_true(notify_is_address(right[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_assert_false(notify_is_address(wrong[i]));
}

/* ---- answers ------------------------------------------------------------------------------- */

static void test_judge(void)
{
    static const struct {
        int status;
        enum notify_verdict verdict;
    } cases[] = {
        {200, NOTIFY_DELIVERED}, {204, NOTIFY_DELIVERED}, {0, NOTIFY_AGAIN},
        {408, NOTIFY_AGAIN},     {429, NOTIFY_AGAIN},     {500, NOTIFY_AGAIN},
        {503, NOTIFY_AGAIN},     {301, NOTIFY_NEVER},     {400, NOTIFY_NEVER},
        {401, NOTIFY_NEVER},     {404, NOTIFY_NEVER},     {410, NOTIFY_NEVER},
        {100, NOTIFY_AGAIN},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(notify_judge_http(cases[i].status), ==, cases[i].verdict);
    g_assert_cmpint(notify_judge_smtp(false, 250), ==, NOTIFY_DELIVERED);
    g_assert_cmpint(notify_judge_smtp(true, 0), ==, NOTIFY_AGAIN);
    g_assert_cmpint(notify_judge_smtp(true, 451), ==, NOTIFY_AGAIN);
    g_assert_cmpint(notify_judge_smtp(true, 550), ==, NOTIFY_NEVER);
    g_assert_cmpint(notify_judge_sendmail(0), ==, NOTIFY_DELIVERED);
    g_assert_cmpint(notify_judge_sendmail(75), ==, NOTIFY_AGAIN);
    g_assert_cmpint(notify_judge_sendmail(-1), ==, NOTIFY_AGAIN);
    g_assert_cmpint(notify_judge_sendmail(67), ==, NOTIFY_NEVER);
}

static void test_retry_after(void)
{
    gint64 now_s = 1764100000; /* Tue, 25 Nov 2025 19:46:40 GMT */
    static const struct {
        const char *text;
        gint64 seconds;
    } cases[] = {
        {NULL, 0},
        {"", 0},
        {"0", 0},
        {"17", 17},
        {"-5", 0},
        {"5 s", 0},
        {"1e9", 0},
        {"3600", 3600},
        {"99999999999999999999999", 3600},
        {"soon", 0},
        {"Tue, 25 Nov 2025 19:47:00 GMT", 20},
        {"Tue, 25 Nov 2025 19:46:00 GMT", 0},
        {"Fri, 31 Dec 2027 23:59:59 GMT", 3600},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpint(notify_retry_after_ms(cases[i].text, now_s), ==,
                        cases[i].seconds * 1000);
}

static void test_backoff(void)
{
    g_assert_cmpint(notify_backoff_ms(1, 0.5, 0), ==, 1000);
    g_assert_cmpint(notify_backoff_ms(1, 0, 0), ==, 800);
    g_assert_cmpint(notify_backoff_ms(1, 1, 0), ==, 1200);
    g_assert_cmpint(notify_backoff_ms(4, 0.5, 0), ==, 8000);
    g_assert_cmpint(notify_backoff_ms(1000000, 0.5, 0), ==, 600000);
    g_assert_cmpint(notify_backoff_ms(2, 0.5, 60000), ==, 60000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/notify/parse", test_parse);
    g_test_add_func("/notify/headline", test_headline);
    g_test_add_func("/notify/payload", test_payload);
    g_test_add_func("/notify/signature", test_signature);
    g_test_add_func("/notify/mail", test_mail);
    g_test_add_func("/notify/mail-subject", test_mail_subject);
    g_test_add_func("/notify/mail-injection", test_mail_injection);
    g_test_add_func("/notify/addresses", test_addresses);
    g_test_add_func("/notify/judge", test_judge);
    g_test_add_func("/notify/retry-after", test_retry_after);
    g_test_add_func("/notify/backoff", test_backoff);
    return g_test_run();
}
