/*
 * The files of the page, compressed when the program was built.
 */
#include "http/http_private.h"

#include <string.h>

const struct http_file *http_file_find(const struct http_file *files, const char *path)
{
    if (files == NULL)
        return NULL;
    if (strcmp(path, "/") == 0)
        path = "/index.html";
    for (; files->path != NULL; files++)
        if (strcmp(files->path, path) == 0)
            return files;
    return NULL;
}

static bool takes_gzip(const struct http_request *request)
{
    const char *accepted = http_request_header(request, "Accept-Encoding");

    return accepted != NULL && strstr(accepted, "gzip") != NULL;
}

void http_answer_file(struct http_request *request, const struct http_file *file)
{
    const char *known = http_request_header(request, "If-None-Match");
    bool same = known != NULL && strstr(known, file->etag) != NULL;

    if (!same && !takes_gzip(request)) {
        http_answer_error(request, MHD_HTTP_NOT_ACCEPTABLE, "the page is sent as gzip only",
                          "Accept-Encoding: gzip, as by curl --compressed");
        return;
    }
    struct MHD_Response *response = microhttpd->create_response_from_buffer(
        same ? 0 : file->gzip_length, (void *) (uintptr_t) file->gzip, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        g_error("out of memory");
    http_answer_headers(response, file->type, "no-cache");
    microhttpd->add_response_header(response, "ETag", file->etag);
    if (!same)
        microhttpd->add_response_header(response, "Content-Encoding", "gzip");
    http_answer_with(request, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response);
}
