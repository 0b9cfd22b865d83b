/*
 * What the parts of host/http share.
 */
#ifndef HOST_HTTP_PRIVATE_H
#define HOST_HTTP_PRIVATE_H

#include "http/http.h"
#include "http/http_guard.h"
#include "http/microhttpd_library.h"

enum {
    HTTP_BODY_MOST = 64 * 1024,
    HTTP_CROWD = 192,   /* connections: from there on the next one takes another's place */
    HTTP_TIMEOUT_S = 10 /* for a request, for the next one, for the reading of an answer */
};
enum { HTTP_MOST_REQUESTS = 100 /* of one connection */ };

/* What is needed to answer. */
struct http_desk {
    const struct http_route *routes;
    const struct http_file *files; /* NULL: none */
    gpointer data;
    bool open, actions, tls;
    char **names; /* further ones of this server */
    struct http_keyring *keyring;
    struct http_tries *tries;
    GQueue guests;  /* of struct http_guest */
    bool stopping;  /* nobody is answered any more */
    bool stirred;   /* the library has to be run: it does not notice by itself */
    GQueue streams; /* of struct http_stream */
    guint waiting;  /* requests that wait for their routes */
};

/* One client, from accept to close; in the order of their patience, oldest first. A connection may
 * have several requests, one after the other. */
struct http_guest {
    GList link;
    int fd;
    gint64 since_us; /* accepted, or since it is the client's turn again */
    guint asked;     /* requests so far */
    bool idle;       /* it has its answer, and has not asked for the next */
    bool served;     /* it waits for us: the patience is ours */
    bool shown_out;
    struct http_request *request; /* NULL: none, between two of them */
};

struct http_request {
    struct http_query *query; /* NULL: malformed */
    struct http_desk *desk;
    struct MHD_Connection *connection; /* set by its first call */
    struct http_guest *guest;
    GString *body;
    gsize body_bytes;               /* as they came; what a refused one sends is not kept */
    const struct http_route *route; /* NULL: a file, or refused */
    bool post, head;
    bool closes;                /* its answer is the connection's last */
    bool interim;               /* something may be sent before its answer */
    bool begun;                 /* the handler has seen it */
    bool handed;                /* a route has it */
    bool suspended;             /* it waits for its route, or for what its stream has to say */
    bool waits;                 /* … for its route */
    bool lost;                  /* its client has gone away, or is being shown out */
    GSource *watch;             /* of its socket, while it is suspended */
    struct http_stream *stream; /* its answer; NULL: an ordinary one */
    char *who;
    enum http_role role;
    unsigned char hash[32];        /* of its token, if it has a role */
    int status;                    /* of the response */
    struct MHD_Response *response; /* that is ready; NULL: not yet */
    void (*gone)(gpointer data);
    gpointer gone_data;
};

/* ---- from a request to its route (http_request.c) --------------------------------------------- */

/* A request, from its first line on: what was asked for, before the library decodes it. */
void *http_request_new(void *data, const char *uri, struct MHD_Connection *connection);
/* The library is done with it. well: its client has the whole answer. */
void http_request_end(struct http_request *request, bool well);

/* The library's handler; `data` is a struct http_desk. */
enum MHD_Result http_handle(void *data, struct MHD_Connection *connection, const char *url,
                            const char *method, const char *version, const char *upload,
                            size_t *upload_size, void **request);

/* ---- who is admitted (http_admit.c, http_keyring.c) ------------------------------------------ */

/* Who may not is told so here. */
bool http_admit(struct http_request *request);
/* "192.0.2.7"; "": not known. Caller frees. */
char *http_request_address(const struct http_request *request);
/* Whether the token that it was admitted with is still valid; true where it came with none. */
bool http_admitted_still(const struct http_request *request);

/* The tokens of a file; path NULL: none. warn: told when the file cannot be read any more; may be
 * NULL. */
struct http_keyring *http_keyring_new(const char *path,
                                      void (*warn)(const char *text, gpointer data),
                                      gpointer data);
void http_keyring_free(struct http_keyring *keyring);
AUTO_DEFINE(http_keyring, http_keyring_free)
/* As they are now; NULL when they were never readable, with an error at the first look at a file.
 * Borrowed until the next look. */
const struct http_tokens *http_keyring_look(struct http_keyring *keyring, GError **error);
/* At the last look they could not be read: they may be too many. */
bool http_keyring_doubtful(const struct http_keyring *keyring);

/* The texts of certificate and key; NULL both: no TLS. RUNBOOK_USAGE (http_plan.c). */
bool http_plan_tls(const struct http_plan *plan, char **ret_certificate, char **ret_key,
                   GError **error);

/* Tells what is in order and yet hardly meant. certificate: its text, or NULL. */
void http_plan_warn(const struct http_plan *plan, const char *certificate,
                    struct http_keyring *keyring);

/* ---- clients (http_guest.c) ------------------------------------------------------------------- */

void http_guest_come(GQueue *guests, struct http_guest *guest, gint64 now_us);
/* Its next request has begun. */
void http_guest_ask(GQueue *guests, struct http_guest *guest, gint64 now_us);
/* It has its answer. */
void http_guest_rest(GQueue *guests, struct http_guest *guest, gint64 now_us);
/* Whether it may ask for more when it has its answer. */
bool http_guest_may_stay(const GQueue *guests, const struct http_guest *guest);

/* Who goes when another needs a place: who asks for nothing, and of these, or of all others, who has
 * done so for longest; not who waits for us. NULL: nobody. */
struct http_guest *http_guest_first_to_go(const GQueue *guests);
/* … of those alone who ask for nothing. */
struct http_guest *http_guest_resting(const GQueue *guests);

/* When the first of them is to be shown out; -1 when nobody is there. */
gint64 http_guest_patience_us(const GQueue *guests);
bool http_guest_is_late(const struct http_guest *guest, gint64 now_us);

/* ---- waiting (http_wait.c) -------------------------------------------------------------------- */

/* The library closes it as one that went away. */
void http_show_out(struct http_guest *guest);

/* Whether it will send nothing more. Of what came together with its last words the library may not
 * have heard. */
bool http_has_hung_up(const struct http_guest *guest);

/* Whether there is room for one more that waits for its route. */
bool http_may_wait(const struct http_request *request);

/* The library looks at it no more until http_wake(), which is harmless for one that is awake. */
void http_suspend(struct http_request *request);
void http_wake(struct http_request *request);

/* Its client has gone, or is shown out: the library will end it, and its route be told. */
void http_lose(struct http_request *request);

/* ---- streams (http_stream.c) ------------------------------------------------------------------ */

/* Its request has ended. */
void http_stream_free(struct http_stream *stream);

/* ---- answers (http_answer.c) ------------------------------------------------------------------ */

/* Makes that response its answer, and wakes it when it waits. Takes the response. */
void http_answer_with(struct http_request *request, int status, struct MHD_Response *response);

/* As http_answer_error(), with one header more. */
void http_answer_error_with(struct http_request *request, int status, const char *error,
                            const char *hint, const char *name, const char *value);

/* The headers that every answer has. */
void http_answer_headers(struct MHD_Response *response, const char *type, const char *cache);

/* ---- gzip (http_pack.c) ----------------------------------------------------------------------- */

/* What an Accept-Encoding says; NULL: there was none, and a client that may not know it. */
bool http_takes_gzip(const char *accepted);
/* Of at most 16 MiB. */
GBytes *http_pack(const void *data, gsize length);
/* NULL: it is not gzip, or of more than that. */
GBytes *http_unpack(const void *data, gsize length);

/* ---- files (http_file.c) ---------------------------------------------------------------------- */

/* NULL: there is none of that path. */
const struct http_file *http_file_find(const struct http_file *files, const char *path);
void http_answer_file(struct http_request *request, const struct http_file *file);

#endif
