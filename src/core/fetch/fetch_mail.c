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

/* ---- what the server says ------------------------------------------------------------------ */

/* libcurl tells what it sends through here only. */
static int on_debug(CURL *easy, curl_infotype what, char *bytes, size_t size, void *data)
{
    static const char wanted[] = "RCPT TO:<";
    struct exchange *exchange = data;

    (void) easy;
    if (what != CURLINFO_HEADER_OUT)
        return 0;
    g_clear_pointer(&exchange->recipient, g_free);
    if (size > sizeof wanted && g_ascii_strncasecmp(bytes, wanted, sizeof wanted - 1) == 0) {
        exchange->recipient = g_strndup(bytes + sizeof wanted - 1, size - (sizeof wanted - 1));
        exchange->recipient[strcspn(exchange->recipient, ">\r\n")] = '\0';
    }
    return 0;
}

static void note_turned_away(struct exchange *exchange, const char *line, gsize length)
{
    g_autofree char *said = g_strchomp(g_strndup(line, length));

    if (exchange->turned_away == NULL)
        exchange->turned_away = g_string_new(NULL);
    g_string_append_printf(exchange->turned_away, "%s%s (%s)",
                           exchange->turned_away->len > 0 ? ", " : "", exchange->recipient,
                           said);
    /* The reply has more lines, of which one is enough. */
    g_clear_pointer(&exchange->recipient, g_free);
}

/* The last line tells how it ended; but for the goodbye, which comes always, and where one
 * recipient may be taken later and the next is not at all. */
void exchange_keep_reply(struct exchange *exchange, const char *line, gsize length)
{
    bool away = exchange->recipient != NULL && (line[0] == '4' || line[0] == '5');
    bool later = exchange->turned_away != NULL && exchange->answer->str[0] == '4';

    if (length > 3 && strncmp(line, "221", 3) == 0)
        return;
    if (away)
        note_turned_away(exchange, line, length);
    if (away && later && line[0] == '5')
        return;
    g_string_truncate(exchange->answer, 0);
    g_string_append_len(exchange->answer, line, (gssize) length);
}

/* ---- the mail ------------------------------------------------------------------------------ */

/* Where libcurl waits for what the server says of the text it lets nobody else have a turn. */
static int on_progress(void *data, curl_off_t all, curl_off_t came, curl_off_t most,
                       curl_off_t gone)
{
    const struct exchange *exchange = data;

    (void) all, (void) came, (void) most, (void) gone;
    return exchange->given_up();
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

static void ask(struct exchange *exchange, const struct fetch_mail *mail)
{
    CURL *easy = exchange->easy;
    bool secure = g_ascii_strncasecmp(mail->url, "smtps://", 8) == 0;

    curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl->easy_setopt(easy, CURLOPT_PROXY, "");
    curl->easy_setopt(easy, CURLOPT_USE_SSL, (long) CURLUSESSL_TRY);
    curl->easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, secure ? 1L : 0L);
    curl->easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, secure ? 2L : 0L);
    curl->easy_setopt(easy, CURLOPT_MAIL_FROM, mail->from);
    for (guint i = 0; mail->to[i] != NULL; i++)
        exchange->headers = curl->slist_append(exchange->headers, mail->to[i]);
    curl->easy_setopt(easy, CURLOPT_MAIL_RCPT, exchange->headers);
    /* An address that is closed must not keep the mail from all others. */
    curl->easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    curl->easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_debug);
    curl->easy_setopt(easy, CURLOPT_DEBUGDATA, exchange);
    curl->easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    if (exchange->given_up != NULL) {
        curl->easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
        curl->easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl->easy_setopt(easy, CURLOPT_XFERINFODATA, exchange);
    }
    curl->easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl->easy_setopt(easy, CURLOPT_READFUNCTION, give_text);
    curl->easy_setopt(easy, CURLOPT_READDATA, exchange);
}

void fetch_mail(struct fetch *fetch, const struct fetch_mail *mail, fetch_done *done,
                gpointer data)
{
    struct exchange *exchange = exchange_new(fetch, mail->url, mail->timeout_ms, done, data);
    const char *why = why_not(mail);

    exchange->mail = true;
    exchange->given_up = mail->given_up;
    exchange->body = g_strdup(mail->text);
    if (why != NULL)
        exchange_refuse(exchange, why);
    if (exchange->refused == NULL)
        ask(exchange, mail);
    exchange_begin(fetch, exchange);
}
