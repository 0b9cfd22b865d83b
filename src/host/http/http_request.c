/*
 * From a request to its route. Whatever is wrong with a request is said in JSON; nothing it carries
 * is repeated in the answer. The library calls the handler several times for one request: after the
 * headers, for each piece of the body, at its end, and once more when an answer that came later is
 * there.
 */
#include "http/http_private.h"

#include <stdlib.h>
#include <string.h>

void *http_request_new(void *data, const char *uri, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        microhttpd->get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_request *request = g_new0(struct http_request, 1);

    request->desk = data;
    request->guest = info->socket_context;
    request->guest->request = request;
    http_guest_ask(&request->desk->guests, request->guest, g_get_monotonic_time());
    request->query = http_query_parse(uri, strlen(uri));
    request->body = g_string_new(NULL);
    request->who = g_strdup("");
    return request;
}

void http_request_end(struct http_request *request, bool well)
{
    if (request == NULL)
        return;
    /* Its route still thinks of it. */
    if (request->handed && request->response == NULL && request->gone != NULL)
        request->gone(request->gone_data);
    if (request->stream != NULL)
        http_stream_free(request->stream);
    if (request->response != NULL)
        microhttpd->destroy_response(request->response);
    request->guest->request = NULL;
    if (well)
        http_guest_rest(&request->desk->guests, request->guest, g_get_monotonic_time());
    g_assert(request->watch == NULL);
    if (request->query != NULL)
        http_query_free(request->query);
    g_string_free(request->body, TRUE);
    g_free(request->who);
    g_free(request);
}

/* ---- what was asked for ---------------------------------------------------------------------- */

const struct http_query *http_request_query(const struct http_request *request)
{
    return request->query;
}

bool http_request_is_post(const struct http_request *request)
{
    return request->post;
}

const char *http_request_header(const struct http_request *request, const char *name)
{
    return microhttpd->lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_request_body(const struct http_request *request, gsize *ret_length)
{
    if (ret_length != NULL)
        *ret_length = request->body->len;
    return request->body->str;
}

const char *http_request_who(const struct http_request *request)
{
    return request->who;
}

char *http_request_token(const struct http_request *request)
{
    gsize length = request->role != HTTP_ROLE_NONE ? sizeof request->hash : 0;

    return g_base64_encode(request->hash, length);
}

void http_request_close(struct http_request *request)
{
    request->closes = true;
}

enum http_role http_request_role(const struct http_request *request)
{
    return request->role;
}

void http_request_on_gone(struct http_request *request, void (*gone)(gpointer data),
                          gpointer data)
{
    request->gone = gone;
    request->gone_data = data;
}

/* ---- where it goes --------------------------------------------------------------------------- */

static const struct http_route *route_of(const struct http_route *routes, const char *path)
{
    const struct http_route *best = NULL;

    for (const struct http_route *route = routes; route->path != NULL; route++) {
        gsize length = strlen(route->path);
        if (strcmp(route->path, path) == 0)
            return route;
        if (route->path[length - 1] == '/' && length > 1 &&
            g_str_has_prefix(path, route->path) &&
            (best == NULL || strlen(best->path) < length))
            best = route;
    }
    return best;
}

/* More than a body may be, as its length says. */
static bool is_heavy(const struct http_request *request)
{
    const char *length = http_request_header(request, "Content-Length");

    return length != NULL && g_ascii_strtoull(length, NULL, 10) > HTTP_BODY_MOST;
}

static bool has_body(const struct http_request *request)
{
    const char *length = http_request_header(request, "Content-Length");

    return (length != NULL && strcmp(length, "0") != 0) ||
           http_request_header(request, "Transfer-Encoding") != NULL;
}

/* Of a request's headers. */
struct heads {
    guint hosts; /* of several nobody knows which is meant: who stands between us may have taken
                    another */
    bool of_body; /* one that speaks of a body, be it of none */
    bool odd;     /* a name that is no token */
};

static enum MHD_Result note_head(void *data, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789" G_CSET_A_2_Z G_CSET_a_2_z;
    struct heads *heads = data;
    (void) kind;
    (void) value;

    heads->hosts += g_ascii_strcasecmp(name, "Host") == 0;
    heads->of_body |= g_ascii_strcasecmp(name, "Content-Length") == 0 ||
                      g_ascii_strcasecmp(name, "Transfer-Encoding") == 0;
    heads->odd |= name[strspn(name, token)] != '\0';
    return MHD_YES;
}

static struct heads heads_of(const struct http_request *request)
{
    struct heads heads = {0};

    microhttpd->get_connection_values(request->connection, MHD_HEADER_KIND, note_head, &heads);
    return heads;
}

/* What can be said before a body is read; true: nothing is wrong with it. */
static bool is_sound(struct http_request *request, const char *method, const char *version)
{
    bool reads =
        strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    const struct heads heads = heads_of(request);
    bool newest = strcmp(version, MHD_HTTP_VERSION_1_1) == 0;

    request->post = strcmp(method, MHD_HTTP_METHOD_POST) == 0;
    request->head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    request->closes = !reads || heads.of_body || heads.odd || !newest;
    /* With TLS it would have to be the library that sends it. */
    request->interim = newest && !request->desk->tls;
    if (!reads && !request->post)
        http_answer_error_with(request, MHD_HTTP_METHOD_NOT_ALLOWED,
                               "GET, HEAD and POST are answered", NULL, "Allow",
                               "GET, HEAD, POST");
    else if ((reads && has_body(request)) || is_heavy(request))
        http_answer_error(request, MHD_HTTP_CONTENT_TOO_LARGE,
                          reads ? "a request has no body here" : "the body is too long", NULL);
    else if (heads.hosts > 1)
        http_answer_error(request, MHD_HTTP_BAD_REQUEST, "there are several Host headers",
                          NULL);
    else if (request->query == NULL)
        http_answer_error(request, MHD_HTTP_BAD_REQUEST, "the address is malformed", NULL);
    return request->response == NULL;
}

/* Answers what has no route. */
static void find_way(struct http_request *request)
{
    const char *path = http_query_path(request->query);
    const struct http_file *file = http_file_find(request->desk->files, path);

    if (request->route == NULL && file != NULL && !request->post)
        http_answer_file(request, file);
    else if (request->route == NULL)
        http_answer_error(request, MHD_HTTP_NOT_FOUND, "there is no such page", NULL);
    else if (!(request->route->methods & (request->post ? HTTP_POST : HTTP_GET)))
        http_answer_error_with(request, MHD_HTTP_METHOD_NOT_ALLOWED,
                               request->post ? "only GET is answered here"
                                             : "only POST is answered here",
                               NULL, "Allow", request->post ? "GET, HEAD" : "POST");
}

/* ---- the handler ------------------------------------------------------------------------------ */

/* Not after an error: what came may not be all that was sent, and strangers get few answers of
 * another kind. */
static bool keeps(const struct http_request *request)
{
    return !request->closes && request->status < 400 && request->stream == NULL &&
           http_guest_may_stay(&request->desk->guests, request->guest) &&
           !http_has_hung_up(request->guest);
}

static enum MHD_Result send_it(struct http_request *request)
{
    struct MHD_Response *response = g_steal_pointer(&request->response);

    if (!keeps(request))
        microhttpd->add_response_header(response, "Connection", "close");
    enum MHD_Result queued =
        microhttpd->queue_response(request->connection, (unsigned) request->status, response);

    /* From here on the client has to read; a stream it may read for ever. */
    request->guest->since_us = g_get_monotonic_time();
    request->guest->served = request->stream != NULL;
    request->handed = false;
    microhttpd->destroy_response(response);
    return queued;
}

/* To its route this is a client that went away. */
static void turn_away(struct http_request *request)
{
    if (request->gone != NULL)
        request->gone(request->gone_data);
    request->gone = NULL;
    http_answer_error_with(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                           "too many requests wait for an answer", "ask again in a moment",
                           "Retry-After", "5");
}

static void hand_over(struct http_request *request)
{
    request->handed = true;
    request->route->answer(request, request->desk->data);
    if (request->response == NULL && !http_may_wait(request))
        turn_away(request);
}

/* All that can be said before the body comes. Who is refused hears of it when his body has come: it
 * would be lost on one who is still sending. */
static void look_at(struct http_request *request)
{
    request->route = route_of(request->desk->routes, http_query_path(request->query));
    if (http_admit(request))
        find_way(request);
}

/* False: it is longer than its length told, or than may be. */
static bool take_piece(struct http_request *request, const char *upload, size_t size)
{
    request->body_bytes += size;
    if (request->body_bytes > HTTP_BODY_MOST)
        return false;
    if (request->response == NULL)
        g_string_append_len(request->body, upload, (gssize) size);
    return true;
}

static void begin(struct http_request *request, struct MHD_Connection *connection)
{
    request->begun = true;
    request->connection = connection;
}

enum MHD_Result http_handle(void *data, struct MHD_Connection *connection, const char *url,
                            const char *method, const char *version, const char *upload,
                            size_t *upload_size, void **request_pointer)
{
    struct http_request *request = *request_pointer;
    const struct http_desk *desk = data;
    (void) url;

    if (request == NULL || request->lost || desk->stopping)
        return MHD_NO;
    if (!request->begun) {
        begin(request, connection);
        if (!is_sound(request, method, version))
            return send_it(request);
        look_at(request);
        return MHD_YES;
    }
    if (*upload_size > 0) {
        /* In the middle nothing can be said. */
        if (!take_piece(request, upload, *upload_size))
            return MHD_NO;
        *upload_size = 0;
        return MHD_YES;
    }
    if (request->response == NULL && !request->handed)
        hand_over(request);
    if (request->response != NULL)
        return send_it(request);
    http_suspend(request);
    return MHD_YES;
}
