/*
 * The daemon's HTTP(S): paths answered within the main loop (no thread), at once from memory or
 * later, when a child has brought the answer. Clients are strangers: none can hold the daemon up,
 * nor keep others out for long. Who may do what is decided in http_guard.h, before a route hears
 * of a request.
 */
#ifndef HOST_HTTP_H
#define HOST_HTTP_H

#include "auto.h"
#include "http/http_listen.h"
#include "http/http_query.h"
#include "http/http_token.h"

struct http;
struct http_request; /* alive until it was answered, or its client is gone */

/* ---- routes ---------------------------------------------------------------------------------- */

enum http_methods { HTTP_GET = 1 << 0 /* and HEAD */, HTTP_POST = 1 << 1 };

/* What a request has to bring. */
enum http_need {
    HTTP_FREE,   /* nothing: health, who asks, the files of the page */
    HTTP_VIEWER, /* a token, where views are not open */
    HTTP_ACTOR, /* a GET: as HTTP_VIEWER; a POST: actions are on, an operator's token, our origin
                    and header */
};

/* A path; one that ends with '/' is for all below it that have no route of their own. Tables end
 * with a NULL path. */
struct http_route {
    const char *path;
    unsigned methods;
    enum http_need need;
    /* Answers, with one of the functions below, now or later. */
    void (*answer)(struct http_request *request, gpointer data);
};

/* A file that is served as it is: made by tools/embed.py. Tables end with a NULL path. */
struct http_file {
    const char *path; /* "/app.css" */
    const char *type; /* "text/css; charset=utf-8" */
    const char *etag; /* with its quotes */
    const unsigned char *gzip;
    gsize gzip_length;
};

/* The page: the files of http/web. */
extern const struct http_file http_web_files[];

/* ---- what was asked for ---------------------------------------------------------------------- */

const struct http_query *http_request_query(const struct http_request *request);
bool http_request_is_post(const struct http_request *request);
/* NULL: not given. Borrowed. */
const char *http_request_header(const struct http_request *request, const char *name);
/* The body, followed by a NUL; never NULL, and 64 KiB at most. */
const char *http_request_body(const struct http_request *request, gsize *ret_length);
/* Its answer is the last of its connection, which may be used again otherwise. */
void http_request_close(struct http_request *request);
/* The token's name, "" without one. */
const char *http_request_who(const struct http_request *request);
/* What tells it from every other, be it of the same name; "" without one. Caller frees. */
char *http_request_token(const struct http_request *request);
enum http_role http_request_role(const struct http_request *request);

/* Tells when the client goes away before it was answered, or too many wait already: `gone` is called
 * instead of an answer, and the request is no more. A route that answers later needs it. */
void http_request_on_gone(struct http_request *request, void (*gone)(gpointer data),
                          gpointer data);

/* ---- answers --------------------------------------------------------------------------------- */

/* Each ends the request: it is no more when the function returns. */

/* Further headers: name, value, …, NULL. */
void http_answer_text(struct http_request *request, int status, const char *type,
                      const char *body, ...) G_GNUC_NULL_TERMINATED;
/* The same for what many requests share; not copied. */
void http_answer_bytes(struct http_request *request, int status, const char *type, GBytes *body,
                       ...) G_GNUC_NULL_TERMINATED;
/* {"error": …, "hint": …}; hint may be NULL. */
void http_answer_error(struct http_request *request, int status, const char *error,
                       const char *hint);

/* Server-sent events: a stream that lives until the client goes away, reads too slowly (is behind by
 * more than 64 KiB for 10 s, or by 1 MiB), or http_stream_end(). NULL: it is a HEAD, or there are as many as may be;
 * the request was told so: 32 of those without a token, 16 of them from one address, and 32 of those
 * with one (of operators 40), who do not wait for the others. `gone` is called from the main loop, never from within a function
 * of a stream, and not after http_stream_end(); the stream is no more when it returns. */
struct http_stream;
struct http_stream *http_answer_stream(struct http_request *request,
                                       void (*gone)(gpointer data), gpointer data);
/* One event; name may be NULL. data: one line (JSON). False: its reader is too slow or has gone;
 * `gone` will be called soon, and until then there is no harm in further events. */
bool http_stream_event(struct http_stream *stream, const char *name, const char *data);
void http_stream_end(struct http_stream *stream);

/* ---- life ------------------------------------------------------------------------------------ */

struct http_plan {
    struct http_listen listen;
    const char *certificate, *key; /* paths; NULL: no TLS */
    const char *tokens;            /* path of the file; it need not exist */
    const char *const *names;      /* further names of this host in a URL; NULL-terminated */
    bool open;    /* whoever reaches it may view without a token; only on a loopback address */
    bool actions; /* operators may act */
    const struct http_route *routes;
    const struct http_file *files;
    /* What an administrator has to know of; NULL: nobody wants to. */
    void (*warn)(const char *text, gpointer data);
    gpointer data;
};

/* Whether http_start() would take it: another address than loopback needs TLS and a token, and what
 * the paths name has to be right. RUNBOOK_USAGE. */
bool http_plan_check(const struct http_plan *plan, GError **error);

/* Listens from now on, within the default main context. The plan is copied; routes and files must
 * outlive it. NULL with RUNBOOK_FAILED and a hint (the port is taken), or as http_plan_check(). The
 * tokens' file is read again when it has changed, the certificate is not. before: one whose place it
 * takes, or NULL; the caller stops it afterwards. At the same address it is the same socket: there
 * is no moment at which nobody listens. */
struct http *http_start(const struct http_plan *plan, const struct http *before,
                        GError **error);
void http_stop(struct http *http);
AUTO_DEFINE(http, http_stop)

/* Where it really listens (port 0 was replaced): "127.0.0.1:8432". Caller frees. */
char *http_where(const struct http *http);
bool http_secure(const struct http *http); /* TLS */
/* Whoever reaches it may view; operators may act. */
bool http_open(const struct http *http);
bool http_acts(const struct http *http);

/* How many connections and streams there are. */
guint http_connections(const struct http *http);
guint http_streams(const struct http *http);

#endif
