/*
 * From a request to its answer. Whatever is wrong with a request is said in JSON; nothing it
 * carries is repeated in the answer.
 */
#include "http/http_private.h"

#include <string.h>

struct request {
    struct http_query *query; /* NULL: malformed */
};

void *http_request_new(void *data, const char *uri, struct MHD_Connection *connection)
{
    struct request *request = g_new0(struct request, 1);
    (void) data;
    (void) connection;

    request->query = http_query_parse(uri, strlen(uri));
    return request;
}

void http_request_free(void *data)
{
    struct request *request = data;

    if (request == NULL)
        return;
    if (request->query != NULL)
        http_query_free(request->query);
    g_free(request);
}

static enum MHD_Result send_reply(struct MHD_Connection *connection, struct http_reply *reply)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(reply->body), reply->body, MHD_RESPMEM_MUST_COPY);

    g_free(reply->body);
    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", reply->type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, "Allow", "GET, HEAD");
    MHD_add_response_header(response, "Connection", "close");
    enum MHD_Result queued = MHD_queue_response(connection, (unsigned) reply->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, int status, const char *error)
{
    struct http_reply reply = {
        .status = status,
        .type = "application/json",
        .body = g_strdup_printf("{\"error\": \"%s\"}\n", error),
    };

    return send_reply(connection, &reply);
}

/* A request that brings something along. */
static bool has_body(struct MHD_Connection *connection)
{
    const char *length =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");

    return (length != NULL && strcmp(length, "0") != 0) ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Transfer-Encoding") !=
               NULL;
}

enum MHD_Result http_answer(void *data, struct MHD_Connection *connection, const char *url,
                            const char *method, const char *version, const char *upload,
                            size_t *upload_size, void **request)
{
    const struct http_desk *desk = data;
    const struct request *asked = *request;
    struct http_reply reply = {.status = MHD_HTTP_OK, .type = "application/json"};
    (void) url;
    (void) version;
    (void) upload;

    *upload_size = 0;
    if (has_body(connection))
        return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE, "a request has no body here");
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD are answered");
    if (asked == NULL || asked->query == NULL)
        return refuse(connection, MHD_HTTP_BAD_REQUEST, "the address is malformed");
    for (const struct http_route *route = desk->routes; route->path != NULL; route++) {
        if (strcmp(route->path, http_query_path(asked->query)) != 0)
            continue;
        route->answer(asked->query, &reply, desk->data);
        return send_reply(connection, &reply);
    }
    return refuse(connection, MHD_HTTP_NOT_FOUND, "there is no such page");
}
