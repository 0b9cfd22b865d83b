#include "fetch/fetch_private.h"

#include <string.h>

enum { HEADER_BYTES = 64 * 1024 }; /* of an answer, all lines together */

/* ---- what comes ---------------------------------------------------------------------------- */

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
    struct exchange *exchange = data;
    gsize wanted = MIN(size * count, exchange->keep - exchange->answer->len);

    g_string_append_len(exchange->answer, bytes, (gssize) wanted);
    exchange->cut = wanted < size * count;
    return exchange->cut ? 0 : size * count; /* 0 ends the exchange: an endless answer costs
                                              * nothing */
}

/* An answer has come once its header has, to the empty line; "100 Continue" is none. */
static void note_end_of_header(struct exchange *exchange)
{
    long status = 0;

    curl->easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    exchange->status = status >= 200 ? (int) status : 0;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *data)
{
    static const char wanted[] = "retry-after:";
    struct exchange *exchange = data;
    gsize length = size * count, name = sizeof wanted - 1;

    exchange->header_bytes += length;
    exchange->long_header = exchange->header_bytes > HEADER_BYTES;
    if (exchange->long_header)
        return 0;
    if (exchange->mail) {
        exchange_keep_reply(exchange, bytes, length);
        return length;
    }
    if (length <= 2)
        note_end_of_header(exchange);
    if (length > name && g_ascii_strncasecmp(bytes, wanted, name) == 0) {
        g_free(exchange->retry_after);
        exchange->retry_after = g_strstrip(g_strndup(bytes + name, length - name));
    }
    return length;
}

/* ---- an exchange --------------------------------------------------------------------------- */

/* Sets up what the first exchange needs. */
static bool prepare(struct fetch *fetch, GError **error)
{
    static gsize initialized;

    if (!curl_library_load(error))
        return false;
    if (g_once_init_enter(&initialized)) {
        curl->global_init(CURL_GLOBAL_DEFAULT);
        g_once_init_leave(&initialized, 1);
    }
    if (fetch->multi == NULL) {
        fetch->multi = curl->multi_init();
        curl->multi_setopt(fetch->multi, CURLMOPT_SOCKETFUNCTION, fetch_on_socket);
        curl->multi_setopt(fetch->multi, CURLMOPT_SOCKETDATA, fetch);
        curl->multi_setopt(fetch->multi, CURLMOPT_TIMERFUNCTION, fetch_on_timer);
        curl->multi_setopt(fetch->multi, CURLMOPT_TIMERDATA, fetch);
    }
    return true;
}

struct exchange *exchange_new(struct fetch *fetch, const char *url, gint64 timeout_ms,
                              fetch_done *done, gpointer data)
{
    struct exchange *exchange = g_new0(struct exchange, 1);
    g_autoptr(GError) error = NULL;

    exchange->url = g_strdup(url);
    exchange->timeout_ms = CLAMP(timeout_ms, 1, G_MAXINT32);
    exchange->done = done;
    exchange->data = data;
    exchange->answer = g_string_new(NULL);
    if (prepare(fetch, &error))
        exchange->easy = curl->easy_init();
    else
        exchange_refuse(exchange, error->message);
    return exchange;
}

void exchange_refuse(struct exchange *exchange, const char *why)
{
    if (exchange->refused == NULL)
        exchange->refused = g_strndup(why, strcspn(why, "\n"));
}

int exchange_status(const struct exchange *exchange)
{
    if (!exchange->mail)
        return exchange->status;
    return (int) g_ascii_strtoull(exchange->answer->str, NULL, 10) % 1000;
}

void exchange_free(struct exchange *exchange)
{
    if (exchange->easy != NULL) {
        curl->easy_cleanup(exchange->easy);
        curl->slist_free_all(exchange->headers);
    }
    g_free(exchange->refused);
    g_string_free(exchange->answer, TRUE);
    g_free(exchange->retry_after);
    g_free(exchange->recipient);
    if (exchange->turned_away != NULL)
        g_string_free(exchange->turned_away, TRUE);
    g_free(exchange->url);
    g_free(exchange->body);
    g_free(exchange);
}

void exchange_begin(struct fetch *fetch, struct exchange *exchange)
{
    CURL *easy = exchange->easy;

    g_ptr_array_add(fetch->active, exchange);
    if (exchange->refused != NULL)
        return;
    curl->easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    curl->easy_setopt(easy, CURLOPT_URL, exchange->url);
    curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->words);
    curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* A name server that hangs must not hold up whoever gives up on it. */
    curl->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long) exchange->timeout_ms);
    curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long) exchange->timeout_ms);
    /* Exchanges are rare: an open socket and an old address in between would only mislead. */
    curl->easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl->easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl->easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 5L);
    curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl->easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl->easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl->multi_add_handle(fetch->multi, easy);
}

/* ---- HTTP ---------------------------------------------------------------------------------- */

static bool is_web(const char *url)
{
    return g_ascii_strncasecmp(url, "http://", 7) == 0 ||
           g_ascii_strncasecmp(url, "https://", 8) == 0;
}

static void set_body(struct exchange *exchange, const char *body)
{
    exchange->body = g_strdup(body);
    curl->easy_setopt(exchange->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) strlen(body));
    curl->easy_setopt(exchange->easy, CURLOPT_POSTFIELDS, exchange->body);
    /* Without it a long body would wait for a "100 Continue" that few servers send. */
    exchange->headers = curl->slist_append(exchange->headers, "Expect:");
}

static void ask(struct exchange *exchange, const struct fetch_request *request)
{
    CURL *easy = exchange->easy;

    curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
    curl->easy_setopt(easy, CURLOPT_USERAGENT, "pgrunbook/" RUNBOOK_VERSION);
    /* What answers a proxy's CONNECT is not the answer. */
    curl->easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (!request->proxy)
        curl->easy_setopt(easy, CURLOPT_PROXY, "");
    if (request->body != NULL)
        set_body(exchange, request->body);
    if (request->method != NULL)
        curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    for (guint i = 0; request->headers != NULL && request->headers[i] != NULL; i++)
        exchange->headers = curl->slist_append(exchange->headers, request->headers[i]);
    curl->easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
}

void fetch_start(struct fetch *fetch, const struct fetch_request *request, fetch_done *done,
                 gpointer data)
{
    struct exchange *exchange =
        exchange_new(fetch, request->url, request->timeout_ms, done, data);

    exchange->keep = request->keep;
    if (!is_web(request->url))
        exchange_refuse(exchange, "the address must begin with http:// or https://");
    if (exchange->refused == NULL)
        ask(exchange, request);
    exchange_begin(fetch, exchange);
}

/* ---- all of them --------------------------------------------------------------------------- */

struct fetch *fetch_new(void)
{
    struct fetch *fetch = g_new0(struct fetch, 1);

    fetch->sockets = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    fetch->active = g_ptr_array_new();
    fetch->timer_us = -1;
    return fetch;
}

void fetch_free(struct fetch *fetch)
{
    for (guint i = 0; i < fetch->active->len; i++) {
        struct exchange *exchange = fetch->active->pdata[i];
        if (exchange->refused == NULL)
            curl->multi_remove_handle(fetch->multi, exchange->easy);
        exchange_free(exchange);
    }
    if (fetch->multi != NULL)
        curl->multi_cleanup(fetch->multi);
    g_ptr_array_free(fetch->active, TRUE);
    g_array_free(fetch->sockets, TRUE);
    g_free(fetch);
}

guint fetch_pending(const struct fetch *fetch)
{
    return fetch->active->len;
}
