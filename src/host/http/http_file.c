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

/* For who does not take it as it is kept: no browser. */
static void answer_unpacked(struct http_request *request, const struct http_file *file)
{
    g_autoptr(GBytes) text = http_unpack(file->gzip, file->gzip_length);

    if (text == NULL)
        http_answer_error(request, MHD_HTTP_INTERNAL_SERVER_ERROR,
                          "the page cannot be unpacked", NULL);
    else
        http_answer_bytes(request, MHD_HTTP_OK, file->type, text, "Vary", "Accept-Encoding",
                          NULL);
}

void http_answer_file(struct http_request *request, const struct http_file *file)
{
    const char *known = http_request_header(request, "If-None-Match");
    bool same = known != NULL && strstr(known, file->etag) != NULL;

    if (!same && !http_takes_gzip(http_request_header(request, "Accept-Encoding"))) {
        answer_unpacked(request, file);
        return;
    }
    struct MHD_Response *response = microhttpd->create_response_from_buffer(
        same ? 0 : file->gzip_length, (void *) (uintptr_t) file->gzip, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        g_error("out of memory");
    http_answer_headers(response, file->type, "no-cache");
    microhttpd->add_response_header(response, "ETag", file->etag);
    microhttpd->add_response_header(response, "Vary", "Accept-Encoding");
    if (!same)
        microhttpd->add_response_header(response, "Content-Encoding", "gzip");
    http_answer_with(request, same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response);
}
