/*
 * HTTP exchanges that never block the caller: any number of them at once, each with its own time
 * limit, all of it in the caller's thread and in the caller's poll (libcurl resolves names in a
 * thread of its own). Mail by SMTP goes the same way.
 *
 * http and https only, HTTP/1.1, certificates are verified. No redirect is followed: the answer
 * says 301 and the configuration is to name the new address. Nothing of libcurl is set up before
 * the first exchange.
 */
#ifndef CORE_FETCH_H
#define CORE_FETCH_H

#include "auto.h"

#include <glib.h>
#include <poll.h>
#include <stdbool.h>

struct fetch;

struct fetch_request {
    const char *url;
    const char *method;         /* NULL: GET; or POST */
    const char *body;           /* NULL: none */
    const char *const *headers; /* "Name: value", NULL-terminated; NULL: none */
    gint64 timeout_ms;          /* for all of it: name, connection, answer */
    gsize keep;                 /* bytes of the answer's body to keep; what is longer is cut */
    /* Whether http_proxy, https_proxy and no_proxy of the environment hold. A readiness check
     * through a proxy would judge the proxy. */
    bool proxy;
};

/* Borrowed, valid within done() only. */
struct fetch_answer {
    /* Of an answer whose header came to its end; 0: none did. For mail: the last reply code of
     * the server. */
    int status;
    const char *error;       /* what went wrong; NULL: the answer came as far as it is kept */
    const char *body;        /* ends with a NUL that does not count; of mail: the last reply */
    gsize length;            /* bytes of the body that were kept */
    const char *retry_after; /* that header as it came; NULL: none */
    /* Of mail: recipients that the server did not take, with its words, whether or not it took
     * the mail for others; NULL: none. */
    const char *turned_away;
    double seconds;
};

struct fetch_mail {
    const char *url;       /* smtp://HOST:PORT or smtps://… */
    const char *from;      /* addresses without names and brackets */
    const char *const *to; /* NULL-terminated */
    const char *text;      /* header and body, lines end with CR LF */
    gint64 timeout_ms;
    bool (*given_up)(
        void); /* asked about once a second: true ends it with an error; NULL: never */
};

struct fetch *fetch_new(void);
/* Drops what is under way; its done() is not called. */
void fetch_free(struct fetch *fetch);
AUTO_DEFINE(fetch, fetch_free)

/* Begins an exchange. done() is called exactly once, by fetch_wait(), never from in here; it may
 * begin others. Everything in the request is copied. */
typedef void fetch_done(const struct fetch_answer *answer, gpointer data);
void fetch_start(struct fetch *fetch, const struct fetch_request *request, fetch_done *done,
                 gpointer data);

/* Sends a mail. TLS is used where the server offers it; with smtps it is a must, and only there
 * is the certificate verified: what would go in the clear otherwise loses nothing. No error: the
 * server has taken it, for all who are not in turned_away. When it took none of them, a reply that
 * bids to come again (4xx) counts before one that is final. */
void fetch_mail(struct fetch *fetch, const struct fetch_mail *mail, fetch_done *done,
                gpointer data);

/* Ends all exchanges now, as one that was given up; done() is called for each. */
void fetch_give_up(struct fetch *fetch);

/* Host, port and path of an address, as may be said in public: what else is in it may be a secret.
 * Caller frees. */
char *fetch_place(const char *url);

/* Exchanges that have not ended. */
guint fetch_pending(const struct fetch *fetch);

/* Waits until an exchange has ended, one of the caller's own descriptors is ready, a signal came
 * or timeout_ms (-1: any time) are over; calls done() of what has ended. `own` is as for poll(),
 * its revents are set. True: a descriptor of the caller's is ready. */
bool fetch_wait(struct fetch *fetch, struct pollfd *own, guint count, int timeout_ms);

#endif
