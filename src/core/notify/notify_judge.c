#include "fetch/curl_library.h"
#include "notify/notify.h"

#include <string.h>
#include <sysexits.h>

enum {
    FIRST_MS = 1000,
    LONGEST_MS = 10 * 60 * 1000,
    ASKED_MOST_MS = 60 * 60 * 1000, /* a server that asks for more is not believed */
};

enum notify_verdict notify_judge_http(int status)
{
    if (status >= 200 && status < 300)
        return NOTIFY_DELIVERED;
    /* Not the message's fault: no answer, too slow, too early, too many, the server's trouble. */
    if (status < 200 || status == 408 || status == 425 || status == 429 || status >= 500)
        return NOTIFY_AGAIN;
    return NOTIFY_NEVER; /* 3xx as well: the address moved, the configuration is to follow */
}

enum notify_verdict notify_judge_smtp(bool failed, int status)
{
    if (!failed)
        return NOTIFY_DELIVERED;
    return status >= 500 && status < 600 ? NOTIFY_NEVER : NOTIFY_AGAIN;
}

enum notify_verdict notify_judge_sendmail(int code)
{
    switch (code) {
    case EX_OK:
        return NOTIFY_DELIVERED;
    case EX_USAGE:
    case EX_DATAERR:
    case EX_NOINPUT:
    case EX_NOUSER:
    case EX_NOHOST:
    case EX_PROTOCOL:
    case EX_NOPERM:
        return NOTIFY_NEVER;
    default: /* EX_TEMPFAIL; also a program that is missing just now, or was killed */
        return NOTIFY_AGAIN;
    }
}

gint64 notify_retry_after_ms(const char *text, gint64 now_s)
{
    gint64 seconds = 0;

    if (text == NULL || text[0] == '\0')
        return 0;
    if (strspn(text, "0123456789") == strlen(text)) {
        seconds = (gint64) MIN(g_ascii_strtoull(text, NULL, 10), ASKED_MOST_MS / 1000);
    } else if (g_ascii_isalpha(text[0]) && curl_library_load(NULL)) {
        time_t moment = curl->getdate(text, NULL);
        seconds = moment < 0 || moment <= now_s ? 0 : moment - now_s;
    }
    return MIN(seconds, ASKED_MOST_MS / 1000) * 1000;
}

gint64 notify_backoff_ms(guint failures, double chance, gint64 asked_ms)
{
    gint64 wait_ms = FIRST_MS;

    for (guint i = 1; i < failures && wait_ms < LONGEST_MS; i++)
        wait_ms *= 2;
    wait_ms = MIN(wait_ms, LONGEST_MS);
    wait_ms += (gint64) ((double) wait_ms * 0.4 * (CLAMP(chance, 0, 1) - 0.5));
    return MAX(wait_ms, asked_ms);
}
