/*
 * What went wrong, in words. libcurl's own tell milliseconds and byte counts, so that the same
 * cause would read differently each time, and whoever says each cause once would say it always.
 */
#include "fetch/fetch_private.h"
#include "units/units.h"

#include <string.h>

/* The host and port of the address: never the whole of it, it may hold a password. */
static char *place_of(const char *url)
{
    CURLU *parts = curl->url();
    char *host = NULL, *port = NULL;
    char *place = NULL;

    if (curl->url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
        curl->url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl->url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
        place = g_strdup_printf("%s port %s", host, port);
    curl->free(host);
    curl->free(port);
    curl->url_cleanup(parts);
    return place != NULL ? place : g_strdup("the server");
}

char *fetch_place(const char *url)
{
    CURLU *parts = curl_library_load(NULL) ? curl->url() : NULL;
    char *host = NULL, *port = NULL, *path = NULL;
    char *place = NULL;

    if (parts == NULL)
        return g_strdup("the service");
    if (curl->url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl->url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl->url_get(parts, CURLUPART_PATH, &path, 0) == CURLUE_OK) {
        bool with_port = curl->url_get(parts, CURLUPART_PORT, &port, 0) == CURLUE_OK;
        place = g_strconcat(host, with_port ? ":" : "", with_port ? port : "", path, NULL);
    }
    curl->free(host);
    curl->free(port);
    curl->free(path);
    curl->url_cleanup(parts);
    return place != NULL ? place : g_strdup("the service");
}

static const char *system_words(const struct exchange *exchange)
{
    long number = 0;

    curl->easy_getinfo(exchange->easy, CURLINFO_OS_ERRNO, &number);
    return number != 0 ? g_strerror((int) number) : NULL;
}

static char *with_reason(char *what, const char *reason)
{
    if (reason == NULL)
        return what;
    char *both = g_strdup_printf("%s: %s", what, reason);
    g_free(what);
    return both;
}

static char *timed_out(const struct exchange *exchange)
{
    g_autofree char *place = place_of(exchange->url);
    g_autofree char *limit = units_format_duration((double) exchange->timeout_ms / 1000);
    curl_off_t named = 0, connected = 0;

    curl->easy_getinfo(exchange->easy, CURLINFO_NAMELOOKUP_TIME_T, &named);
    curl->easy_getinfo(exchange->easy, CURLINFO_CONNECT_TIME_T, &connected);
    if (exchange_status(exchange) != 0 && !exchange->mail)
        return g_strdup_printf("the answer of %s did not end within %s", place, limit);
    if (connected != 0)
        return g_strdup_printf("no answer of %s within %s", place, limit);
    if (named != 0)
        return g_strdup_printf("no connection to %s within %s", place, limit);
    return g_strdup_printf("no address of %s within %s", place, limit);
}

static char *in_words(const struct exchange *exchange, CURLcode code)
{
    g_autofree char *place = place_of(exchange->url);
    int number = (int) code; /* there are a hundred codes; these have words of our own */

    if (exchange->mail && exchange_status(exchange) >= 400)
        return g_strdup_printf("%s refused: %s", place, exchange->answer->str);
    switch (number) {
    case CURLE_OPERATION_TIMEDOUT:
        return timed_out(exchange);
    case CURLE_COULDNT_CONNECT:
        return with_reason(g_strdup_printf("cannot connect to %s", place),
                           system_words(exchange));
    case CURLE_GOT_NOTHING:
        return g_strdup_printf("%s closed the connection without an answer", place);
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return with_reason(g_strdup_printf("connection to %s lost", place),
                           system_words(exchange));
    case CURLE_PARTIAL_FILE:
        return g_strdup_printf("the answer of %s ended early", place);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
        return g_strdup_printf("the answer of %s is not %s", place,
                               exchange->mail ? "SMTP" : "HTTP");
    case CURLE_ABORTED_BY_CALLBACK:
        return g_strdup_printf("the answer of %s was not waited for", place);
    case CURLE_URL_MALFORMAT:
        return g_strdup("the address is not a valid URL");
    default:
        return g_strdup(exchange->words[0] ? exchange->words : curl->easy_strerror(code));
    }
}

char *exchange_error(const struct exchange *exchange, CURLcode code)
{
    if (exchange->refused != NULL)
        return g_strdup(exchange->refused);
    if (exchange->long_header)
        return g_strdup("the answer's header is longer than 64 kB");
    if (code == CURLE_OK || exchange->cut)
        return NULL;
    return g_strdelimit(g_strchomp(in_words(exchange, code)), "\r\n", ' ');
}
