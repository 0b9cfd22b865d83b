/*
 * Who is admitted, decided from a request's headers before its body is read. Pure, but for the
 * tries, which remember.
 *
 * What it guards against: pages of other sites that the same browser has open (they can make it
 * send requests, but neither read answers nor add the headers that are asked for here), names that
 * are made to point to this machine (Host), and guessing.
 */
#ifndef HOST_HTTP_GUARD_H
#define HOST_HTTP_GUARD_H

#include "http/http.h"

/* Whether a Host header names this server: an address (a name that was made to point here is
 * none), localhost, or one of the names; whatever the port. names may be NULL. */
bool http_host_ours(const char *host, const char *const *names);

/* Whether an Origin header is that of our own pages: scheme and the Host header. Behind a proxy with
 * TLS it is https where we speak http; the other way round is refused. */
bool http_origin_ours(const char *origin, const char *host, bool tls);

/* The token of "Bearer TOKEN"; NULL: it is no such. Caller frees. */
char *http_bearer(const char *authorization);

/* ---- the decision ----------------------------------------------------------------------------- */

struct http_facts {
    /* Headers; NULL: not given. */
    const char *host, *origin, *fetch_site, *act;
    bool post;
    enum http_need need;
    bool token_given;
    enum http_role role; /* of the token; NONE: there is none such, or it has expired */
    guint pause_s; /* it is wrong, and its sender has guessed too often: how long to wait */
};

struct http_rules {
    bool tls;
    bool open;    /* viewing needs no token */
    bool actions; /* operators may act */
    const char *const *names;
};

/* 0: it is admitted. hint may be NULL. */
struct http_verdict {
    int status;
    const char *error, *hint;
};

/* Is its sender one we talk to? Needs no token to be known. */
struct http_verdict http_guard_sender(const struct http_rules *rules,
                                      const struct http_facts *facts);
/* May it do that? */
struct http_verdict http_guard_role(const struct http_rules *rules,
                                    const struct http_facts *facts);

/* What stands for all addresses that one client may have: of IPv6, of which it has as many as it
 * likes, the /64. Caller frees. */
char *http_network_of(const char *address);

/* ---- tries ------------------------------------------------------------------------------------ */

/* Wrong tokens by http_network_of(). From the fifth in a row on there is a pause, of 1 s at
 * first and twice as long each time, up to 5 min, in which whoever brings a wrong one from there is
 * told to wait. From addresses that have never had a right one at most 20 wrong ones a second are
 * told more, all together. A right one is right at any time: behind a proxy all have one address,
 * and nobody guesses 256 bits. */
struct http_tries;

struct http_tries *http_tries_new(void);
void http_tries_free(struct http_tries *tries);
AUTO_DEFINE(http_tries, http_tries_free)

/* Seconds to wait before a wrong token from there counts as one; 0: it counts now. */
guint http_tries_pause(struct http_tries *tries, const char *where, gint64 now_us);
void http_tries_wrong(struct http_tries *tries, const char *where, gint64 now_us);
void http_tries_right(struct http_tries *tries, const char *where, gint64 now_us);
/* How many addresses are remembered; bounded. */
guint http_tries_count(const struct http_tries *tries);

#endif
