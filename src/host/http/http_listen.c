#include "http/http_listen.h"

#include "error.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const char shape[] = "as in 127.0.0.1:8432 or [::1]:8432; off: nowhere";

static bool read_port(const char *text, in_port_t *ret_port)
{
    guint64 port;

    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT16, &port, NULL))
        return false;
    *ret_port = htons((uint16_t) port);
    return true;
}

static bool read_four(const char *host, const char *port, struct http_listen *listen)
{
    struct sockaddr_in *address = (struct sockaddr_in *) (void *) &listen->address;

    address->sin_family = AF_INET;
    listen->length = sizeof *address;
    return inet_pton(AF_INET, host, &address->sin_addr) == 1 &&
           read_port(port, &address->sin_port);
}

static bool read_six(const char *host, const char *port, struct http_listen *listen)
{
    struct sockaddr_in6 *address = (struct sockaddr_in6 *) (void *) &listen->address;

    address->sin6_family = AF_INET6;
    listen->length = sizeof *address;
    return inet_pton(AF_INET6, host, &address->sin6_addr) == 1 &&
           read_port(port, &address->sin6_port);
}

bool http_listen_parse(const char *text, struct http_listen *ret_listen, GError **error)
{
    struct http_listen listen = {.off = g_ascii_strcasecmp(text, "off") == 0};
    const char *colon = strrchr(text, ':');
    bool bracketed = text[0] == '[' && colon != NULL && colon > text + 1 && colon[-1] == ']';
    bool valid = listen.off;

    if (!valid && bracketed) {
        g_autofree char *host = g_strndup(text + 1, (gsize) (colon - text) - 2);
        valid = read_six(host, colon + 1, &listen);
    } else if (!valid && colon != NULL) {
        g_autofree char *host = g_strndup(text, (gsize) (colon - text));
        valid = read_four(host, colon + 1, &listen);
    }
    if (!valid) {
        runbook_error_set(error, RUNBOOK_USAGE, shape,
                          "http.listen: \"%s\" is not an address and a port", text);
        return false;
    }
    *ret_listen = listen;
    return true;
}

char *http_listen_format(const struct http_listen *listen)
{
    const struct sockaddr_in *four =
        (const struct sockaddr_in *) (const void *) &listen->address;
    const struct sockaddr_in6 *six =
        (const struct sockaddr_in6 *) (const void *) &listen->address;
    char host[INET6_ADDRSTRLEN] = "";

    if (listen->off)
        return g_strdup("off");
    if (listen->address.ss_family == AF_INET) {
        inet_ntop(AF_INET, &four->sin_addr, host, sizeof host);
        return g_strdup_printf("%s:%u", host, ntohs(four->sin_port));
    }
    inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof host);
    return g_strdup_printf("[%s]:%u", host, ntohs(six->sin6_port));
}

static guint port_of(const struct http_listen *listen)
{
    if (listen->address.ss_family == AF_INET6)
        return ((const struct sockaddr_in6 *) (const void *) &listen->address)->sin6_port;
    return ((const struct sockaddr_in *) (const void *) &listen->address)->sin_port;
}

bool http_listen_same_port(const struct http_listen *a, const struct http_listen *b)
{
    return !a->off && !b->off && port_of(a) == port_of(b);
}

bool http_listen_local(const struct http_listen *listen)
{
    const struct sockaddr_in *four =
        (const struct sockaddr_in *) (const void *) &listen->address;
    const struct sockaddr_in6 *six =
        (const struct sockaddr_in6 *) (const void *) &listen->address;

    if (listen->off)
        return true;
    if (listen->address.ss_family == AF_INET)
        return (ntohl(four->sin_addr.s_addr) >> 24) == 127;
    return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}
