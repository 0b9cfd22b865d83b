/*
 * What the files of core/fetch share.
 */
#ifndef CORE_FETCH_PRIVATE_H
#define CORE_FETCH_PRIVATE_H

#include "fetch/curl_library.h"
#include "fetch/fetch.h"

struct fetch {
    CURLM *multi;      /* NULL until the first exchange */
    GArray *sockets;   /* of struct pollfd: what libcurl waits for */
    gint64 timer_us;   /* when libcurl wants to be called; -1: not at all */
    GPtrArray *active; /* of struct exchange, owned */
};

/* One exchange; owned by its struct fetch. */
struct exchange {
    CURL *easy; /* NULL: it was refused without libcurl */
    fetch_done *done;
    gpointer data;
    char *url, *body; /* copies; body is what is sent */
    gsize sent;       /* of a mail */
    struct curl_slist *headers;
    bool mail;
    char *recipient;      /* of a mail: who the server was just asked to take it for; or NULL */
    GString *turned_away; /* "a@b (550 no such user), …"; NULL: nobody was */
    bool (*given_up)(void); /* of a mail, as in struct fetch_mail */
    gint64 timeout_ms;
    gsize keep;
    GString *answer;
    int status; /* of HTTP; 0: no whole header came */
    gsize header_bytes;
    bool cut, long_header; /* ended by us: the body is longer than wanted; the header is */
    char *retry_after;
    char *refused; /* why it was never begun */
    char words[CURL_ERROR_SIZE];
};

/* A new exchange; refused where there is no libcurl. */
struct exchange *exchange_new(struct fetch *fetch, const char *url, gint64 timeout_ms,
                              fetch_done *done, gpointer data);
/* Why it cannot be; the first reason counts. */
void exchange_refuse(struct exchange *exchange, const char *why);
/* Hands it to libcurl, with all that HTTP and mail have in common; or it waits to be refused. */
void exchange_begin(struct fetch *fetch, struct exchange *exchange);
void exchange_free(struct exchange *exchange);

/* A line of a mail server's. */
void exchange_keep_reply(struct exchange *exchange, const char *line, gsize length);

/* Of what was answered; 0: nothing was. */
int exchange_status(const struct exchange *exchange);

/* What went wrong, in words that stay the same as long as the cause does. Caller frees; NULL: all
 * is well. */
char *exchange_error(const struct exchange *exchange, CURLcode code);

/* libcurl's way of telling what it waits for; data is the struct fetch. */
int fetch_on_socket(CURL *easy, curl_socket_t socket, int what, void *data, void *unused);
int fetch_on_timer(CURLM *multi, long timeout_ms, void *data);

#endif
