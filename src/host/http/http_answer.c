/*
 * Answers, at once or later.
 */
#include "http/http_private.h"
#include "out/json_text.h"

#include <string.h>

enum { PACKED_LEAST = 2048, PACKED_MOST = 1024 * 1024 };

void http_answer_headers(struct MHD_Response *response, const char *type, const char *cache)
{
    static const char *const same[][2] = {
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
         "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Content-Type-Options", "nosniff"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };

    microhttpd->add_response_header(response, "Content-Type", type);
    microhttpd->add_response_header(response, "Cache-Control", cache);
    for (gsize i = 0; i < G_N_ELEMENTS(same); i++)
        microhttpd->add_response_header(response, same[i][0], same[i][1]);
}

void http_answer_with(struct http_request *request, int status, struct MHD_Response *response)
{
    g_assert(request->response == NULL);
    request->status = status;
    request->response = response;
    http_wake(request);
}

/* ---- texts ------------------------------------------------------------------------------------ */

static void add_headers(struct MHD_Response *response, va_list more)
{
    const char *name;

    while ((name = va_arg(more, const char *)) != NULL) {
        const char *value = va_arg(more, const char *);
        if (value != NULL)
            microhttpd->add_response_header(response, name, value);
    }
}

static void let_go(void *bytes)
{
    g_bytes_unref(bytes);
}

/* Packed where that saves a packet, and keeps nobody waiting. An answer to a POST is not: it has a
 * plan's id, and how well something can be packed tells of what is in it. NULL: as it is. */
static GBytes *pack(const struct http_request *request, GBytes *body)
{
    gsize length = 0;
    const void *data = g_bytes_get_data(body, &length);

    if (request->post || length < PACKED_LEAST || length > PACKED_MOST ||
        !http_takes_gzip(http_request_header(request, "Accept-Encoding")))
        return NULL;
    return http_pack(data, length);
}

static struct MHD_Response *begin(const struct http_request *request, const char *type,
                                  GBytes *body)
{
    g_autoptr(GBytes) packed = pack(request, body);
    gsize length = 0;
    GBytes *sent = packed != NULL ? packed : body;
    const void *data = g_bytes_get_data(sent, &length);
    struct MHD_Response *response =
        microhttpd->create_response_from_buffer_with_free_callback_cls(
            length, (void *) (uintptr_t) data, let_go, g_bytes_ref(sent));

    if (response == NULL)
        g_error("out of memory");
    http_answer_headers(response, type, "no-store");
    if (packed != NULL)
        microhttpd->add_response_header(response, "Content-Encoding", "gzip");
    return response;
}

static const char *allowed(const struct http_route *route)
{
    if (route == NULL || route->methods == (HTTP_GET | HTTP_POST))
        return "GET, HEAD, POST";
    return route->methods == HTTP_POST ? "POST" : "GET, HEAD";
}

void http_answer_text(struct http_request *request, int status, const char *type,
                      const char *body, ...)
{
    g_autoptr(GBytes) bytes = g_bytes_new(body, strlen(body));
    struct MHD_Response *response = begin(request, type, bytes);
    va_list more;

    va_start(more, body);
    add_headers(response, more);
    va_end(more);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED &&
        microhttpd->get_response_header(response, "Allow") == NULL)
        microhttpd->add_response_header(response, "Allow", allowed(request->route));
    http_answer_with(request, status, response);
}

void http_answer_bytes(struct http_request *request, int status, const char *type, GBytes *body,
                       ...)
{
    struct MHD_Response *response = begin(request, type, body);
    va_list more;

    va_start(more, body);
    add_headers(response, more);
    va_end(more);
    http_answer_with(request, status, response);
}

void http_answer_error_with(struct http_request *request, int status, const char *error,
                            const char *hint, const char *name, const char *value)
{
    AUTO(json_text) json = json_text_new();

    json_text_object(json, NULL);
    json_text_string(json, "error", error);
    if (hint != NULL)
        json_text_string(json, "hint", hint);
    json_text_close(json);
    g_autofree char *body = g_strconcat(json_text_peek(json), "\n", NULL);
    http_answer_text(request, status, "application/json", body, name, value,
                     (const char *) NULL);
}

void http_answer_error(struct http_request *request, int status, const char *error,
                       const char *hint)
{
    http_answer_error_with(request, status, error, hint, NULL, NULL);
}
