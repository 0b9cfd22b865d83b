/*
 * Where to listen: the setting http.listen, read.
 */
#ifndef HOST_HTTP_LISTEN_H
#define HOST_HTTP_LISTEN_H

#include <glib.h>
#include <stdbool.h>
#include <sys/socket.h>

struct http_listen {
    bool off;
    struct sockaddr_storage address;
    socklen_t length;
};

/* "127.0.0.1:8432", "[::1]:8432", or "off". Port 0 is any free one. Names are not looked up: a
 * daemon that waits for a name server at its start is no help in an emergency. RUNBOOK_USAGE. */
bool http_listen_parse(const char *text, struct http_listen *ret_listen, GError **error);

/* As http_listen_parse() reads it. Caller frees. */
char *http_listen_format(const struct http_listen *listen);

/* Whether both have the same port, whatever the address. */
bool http_listen_same_port(const struct http_listen *a, const struct http_listen *b);

/* Whether only this machine can reach it. */
bool http_listen_local(const struct http_listen *listen);

#endif
