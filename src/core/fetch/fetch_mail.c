#include "fetch/fetch_private.h"

#include <string.h>

static size_t give_text(char *room, size_t size, size_t count, void *data)
{
    struct exchange *exchange = data;
    gsize left = strlen(exchange->body + exchange->sent), now = MIN(left, size * count);

    memcpy(room, exchange->body + exchange->sent, now);
    exchange->sent += now;
    return now;
}

static bool is_address(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c) || strchr("<> ", *c) != NULL)
            return false;
    return text[0] != '\0';
}

static const char *why_not(const struct fetch_mail *mail)
{
    if (g_ascii_strncasecmp(mail->url, "smtp://", 7) != 0 &&
        g_ascii_strncasecmp(mail->url, "smtps://", 8) != 0)
        return "the mail server's address must begin with smtp:// or smtps://";
    if (!is_address(mail->from))
        return "the sender is not a mail address";
    for (guint i = 0; mail->to[i] != NULL; i++)
        if (!is_address(mail->to[i]))
            return "a recipient is not a mail address";
    return mail->to[0] == NULL ? "the mail has no recipient" : NULL;
}

void fetch_mail(struct fetch *fetch, const struct fetch_mail *mail, fetch_done *done,
                gpointer data)
{
    struct exchange *exchange = exchange_new(fetch, mail->url, mail->timeout_ms, done, data);
    CURL *easy = exchange->easy;
    bool secure = g_ascii_strncasecmp(mail->url, "smtps://", 8) == 0;

    exchange->mail = true;
    exchange->refused = why_not(mail);
    exchange->body = g_strdup(mail->text);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_USE_SSL, (long) CURLUSESSL_TRY);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, secure ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, secure ? 2L : 0L);
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, mail->from);
    for (guint i = 0; mail->to[i] != NULL; i++)
        exchange->headers = curl_slist_append(exchange->headers, mail->to[i]);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, exchange->headers);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_text);
    curl_easy_setopt(easy, CURLOPT_READDATA, exchange);
    exchange_begin(fetch, exchange);
}
