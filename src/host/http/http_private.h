/*
 * What the parts of host/http share.
 */
#ifndef HOST_HTTP_PRIVATE_H
#define HOST_HTTP_PRIVATE_H

#include "http/http.h"

#include <microhttpd.h>

/* What is needed to answer. */
struct http_desk {
    const struct http_route *routes;
    gpointer data;
};

/* A request, from its first line on: what was asked for, before the library decodes it. */
void *http_request_new(void *data, const char *uri, struct MHD_Connection *connection);
void http_request_free(void *data);

/* The library's handler; `data` is a struct http_desk. */
enum MHD_Result http_answer(void *data, struct MHD_Connection *connection, const char *url,
                            const char *method, const char *version, const char *upload,
                            size_t *upload_size, void **request);

#endif
