/* What comes from outside: an answer's Retry-After, a line of the supervisor's. Whatever an event
 * says, the payload is JSON, and the mail's header has the lines it should have and no other. */
#include "notify/notify.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(const char *text)
{
    gint64 now_s = 1764100000;
    gint64 asked_ms = notify_retry_after_ms(text, now_s);

    g_assert(asked_ms >= 0 && asked_ms <= 3600 * 1000);
    for (guint failures = 1; failures < 20; failures += 9) {
        gint64 wait_ms = notify_backoff_ms(failures, 0.5, asked_ms);
        g_assert(wait_ms >= asked_ms && wait_ms >= 800 && wait_ms <= 3600 * 1000);
    }
    notify_judge_http((int) strlen(text) * 7);
}

static void check_header(const char *mail)
{
    static const char *const known[] = {"Date",
                                        "From",
                                        "To",
                                        "Subject",
                                        "Message-ID",
                                        "References",
                                        "MIME-Version",
                                        "Auto-Submitted",
                                        "Content-Type",
                                        "Content-Transfer-Encoding",
                                        NULL};
    const char *end = strstr(mail, "\r\n\r\n");
    g_autofree char *header = g_strndup(mail, (gsize) (end - mail));
    g_auto(GStrv) lines = g_strsplit(header, "\r\n", -1);
    guint names = 0;

    for (guint i = 0; lines[i] != NULL; i++) {
        g_assert(strlen(lines[i]) <= 998 && strpbrk(lines[i], "\r\n") == NULL);
        if (lines[i][0] == ' ')
            continue;
        g_auto(GStrv) parts = g_strsplit(lines[i], ":", 2);
        g_assert(g_strv_contains(known, parts[0]));
        names++;
    }
    g_assert(names == 10 || names == 9); /* no date behind the year 9999 */
    for (const char *c = mail; *c != '\0'; c++)
        g_assert(*c > 0 && *c < 127);
}

static void check_event(const char *line, gsize length)
{
    static const char *const to[] = {"dba@example.com", "ops", NULL};
    const struct notify_envelope envelope = {"pgrunbook@db1", to, 1764100000, 7};
    AUTO(notify_event) event = notify_event_parse(line, length, NULL);

    if (event == NULL)
        return;
    const struct notify_message message = {event, length % 2 == 0, "db1"};
    g_autofree char *payload = notify_payload(&message);
    json_t *parsed = json_loads(payload, 0, NULL);
    g_assert(json_is_object(parsed));
    json_decref(parsed);
    g_autofree char *headline = notify_headline(&message);
    for (const char *c = headline; *c != '\0'; c++)
        g_assert(!g_ascii_iscntrl(*c));
    g_autofree char *mail = notify_mail(&message, &envelope);
    check_header(mail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *) data, size);

    check_answer(text);
    check_event(text, size);
    if (notify_is_address(text))
        g_assert(strpbrk(text, "\r\n <>,") == NULL);
    return 0;
}
