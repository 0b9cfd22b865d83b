/*
 * The daemon's HTTP: a few paths, each answered at once from memory, within the main loop (no
 * thread). Clients are strangers: none can hold the daemon up, nor keep others out for long.
 */
#ifndef HOST_HTTP_H
#define HOST_HTTP_H

#include "auto.h"
#include "http/http_listen.h"
#include "http/http_query.h"

struct http;

struct http_reply {
    int status; /* 200 unless changed */
    const char *type;
    char *body; /* the server frees it; never NULL */
};

/* One path, for GET and HEAD. Tables end with a NULL path. */
struct http_route {
    const char *path;
    void (*answer)(const struct http_query *query, struct http_reply *reply, gpointer data);
};

/* Listens from now on, within the default main context. NULL with RUNBOOK_FAILED and a hint (the
 * port is taken). The routes must outlive it. */
struct http *http_start(const struct http_listen *listen, const struct http_route *routes,
                        gpointer data, GError **error);
void http_stop(struct http *http);
AUTO_DEFINE(http, http_stop)

/* Where it really listens (port 0 was replaced). Caller frees. */
char *http_where(const struct http *http);

#endif
