/*
 * libmicrohttpd reads and writes; we own the socket, the loop and the patience. Its descriptor is
 * an epoll set that the main loop watches; all its work is done within microhttpd->run().
 *
 * A connection may be used again after an answer that went well, for HTTP_MOST_REQUESTS in all, by
 * whoever speaks HTTP/1.1 and sends no body: where a body ends, others on its way may have read
 * otherwise, and what follows must not be taken for a request (http_request.c).
 *
 * Patience: a request has HTTP_TIMEOUT_S from its first line to its last byte, whatever trickles in
 * between (the library's own timeout begins anew with each byte), and its first line has as long from
 * accept, or from the answer before. When HTTP_CROWD connections are there one makes room for the
 * next: who has its answer and asks for nothing, then who has waited longest. A request that waits
 * for its answer is spared, and so are streams: there are never so many of these that nobody else
 * gets in (http_wait.c).
 */
#include "http/http_private.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum {
    MOST_CONNECTIONS = 256,
    CONNECTION_BYTES = 8192,
    BACKLOG = 1024, /* who finds it full asks again a second later */
};

/* Of gnutls. */
static char priorities[] = "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

struct http {
    struct MHD_Daemon *library;
    struct http_desk desk;
    GSource *source;
    gpointer tag;              /* of the library's descriptor in the source */
    struct http_listen listen; /* as it was asked for */
    int fd;                    /* the library's, that listens */
    char *where;
    char *certificate, *key; /* PEM; NULL: no TLS */
};

struct http_source {
    GSource source;
    struct http *http;
};

/* ---- the clients --------------------------------------------------------------------------- */

static void arrive(struct http *http, struct MHD_Connection *connection, void **ret_guest)
{
    const union MHD_ConnectionInfo *info =
        microhttpd->get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct http_guest *guest = g_new0(struct http_guest, 1);

    guest->fd = info != NULL ? info->connect_fd : -1;
    *ret_guest = guest;
    struct http_guest *first = http->desk.guests.length >= HTTP_CROWD
                                   ? http_guest_first_to_go(&http->desk.guests)
                                   : NULL;
    if (first != NULL)
        http_show_out(first);
    http_guest_come(&http->desk.guests, guest, g_get_monotonic_time());
}

static void on_connection(void *data, struct MHD_Connection *connection, void **guest_pointer,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http *http = data;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        arrive(http, connection, guest_pointer);
        return;
    }
    struct http_guest *guest = *guest_pointer;
    if (guest == NULL)
        return;
    g_queue_unlink(&http->desk.guests, &guest->link);
    g_free(guest);
    *guest_pointer = NULL;
    /* Where it ran out of connections or descriptors the library does not listen until it is run
     * again, and nothing else says so. */
    http->desk.stirred = true;
}

static void on_completed(void *data, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode code)
{
    (void) data;
    (void) connection;
    http_request_end(*request, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    *request = NULL;
}

static void show_out_late(struct http *http, gint64 now_us)
{
    for (GList *link = http->desk.guests.head; link != NULL; link = link->next)
        if (http_guest_is_late(link->data, now_us))
            http_show_out(link->data);
}

/* Where no descriptor is left the library lets nobody in before a connection has ended. */
static void make_room(struct http *http)
{
    struct pollfd door = {.fd = http->fd, .events = POLLIN};
    struct http_guest *resting = http_guest_resting(&http->desk.guests);

    if (resting == NULL || poll(&door, 1, 0) != 1)
        return;
    int fd = fcntl(http->fd, F_DUPFD_CLOEXEC, 0);
    if (fd >= 0)
        close(fd);
    else
        http_show_out(resting);
}

/* ---- in the main loop ---------------------------------------------------------------------- */

static gboolean prepare(GSource *source, gint *ret_timeout_ms)
{
    struct http *http = ((struct http_source *) source)->http;
    gint64 patience = http_guest_patience_us(&http->desk.guests);
    MHD_UNSIGNED_LONG_LONG library_ms = 0;
    gint64 wait_ms = http->desk.stirred ? 0 : -1;

    if (wait_ms < 0 && patience >= 0)
        wait_ms = MAX(0, (patience - g_source_get_time(source)) / 1000 + 1);
    if (microhttpd->get_timeout(http->library, &library_ms) == MHD_YES)
        wait_ms = wait_ms < 0 ? (gint64) library_ms : MIN(wait_ms, (gint64) library_ms);
    *ret_timeout_ms = (gint) CLAMP(wait_ms, -1, 60000);
    return *ret_timeout_ms == 0;
}

static gboolean check(GSource *source)
{
    struct http *http = ((struct http_source *) source)->http;
    MHD_UNSIGNED_LONG_LONG library_ms = 1;
    gint64 patience = http_guest_patience_us(&http->desk.guests);

    if (http->desk.stirred || g_source_query_unix_fd(source, http->tag) != 0)
        return TRUE;
    if (patience >= 0 && patience <= g_source_get_time(source))
        return TRUE;
    return microhttpd->get_timeout(http->library, &library_ms) == MHD_YES && library_ms == 0;
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    struct http *http = ((struct http_source *) source)->http;
    (void) callback;
    (void) data;

    show_out_late(http, g_source_get_time(source));
    http->desk.stirred = false;
    microhttpd->run(http->library);
    make_room(http);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs functions = {.prepare = prepare, .check = check, .dispatch = dispatch};

static void attach(struct http *http)
{
    const union MHD_DaemonInfo *info =
        microhttpd->get_daemon_info(http->library, MHD_DAEMON_INFO_EPOLL_FD);

    http->source = g_source_new(&functions, sizeof(struct http_source));
    ((struct http_source *) http->source)->http = http;
    http->tag = g_source_add_unix_fd(http->source, info->epoll_fd, G_IO_IN);
    /* Behind the children's lines and the signals. */
    g_source_set_priority(http->source, G_PRIORITY_DEFAULT + 10);
    g_source_set_static_name(http->source, "http");
    g_source_attach(http->source, NULL);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void explain(const char *where, int reason, GError **error)
{
    const char *hint = NULL;

    if (reason == EADDRINUSE)
        hint = "another program, perhaps another pgrunbook serve, has the port: name another "
               "with the setting http.listen, or off";
    else if (reason == EADDRNOTAVAIL)
        hint = "no network interface of this machine has that address: change the setting "
               "http.listen";
    else if (reason == EACCES)
        hint = "ports below 1024 need a privilege: choose another with the setting http.listen";
    runbook_error_set(error, RUNBOOK_FAILED, hint, "cannot listen on %s: %s", where,
                      g_strerror(reason));
}

/* The library's socket would be inherited by the children. */
static int open_socket(const struct http_listen *listen_at, GError **error)
{
    g_autofree char *where = http_listen_format(listen_at);
    const struct sockaddr *address =
        (const struct sockaddr *) (const void *) &listen_at->address;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;

    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, address, listen_at->length) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    explain(where, errno, error);
    if (fd >= 0)
        close(fd);
    return -1;
}

static char *where_of(int fd)
{
    struct http_listen listen = {.length = sizeof listen.address};

    getsockname(fd, (struct sockaddr *) (void *) &listen.address, &listen.length);
    return http_listen_format(&listen);
}

/* What the library has to say of its clients is nothing for the journal. */
static void G_GNUC_PRINTF(2, 0) be_silent(void *data, const char *format, va_list arguments)
{
    (void) data;
    (void) format;
    (void) arguments;
}

/* key NULL: no TLS. The library copies neither. */
static struct MHD_Daemon *start_library(struct http *http, int fd)
{
    struct MHD_OptionItem secure[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, http->key},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, http->certificate},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, priorities},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME;

    return microhttpd->start_daemon(
        http->key != NULL ? flags | MHD_USE_TLS : flags, 0, NULL, NULL, http_handle,
        &http->desk, MHD_OPTION_EXTERNAL_LOGGER, be_silent, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned) MOST_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned) HTTP_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t) CONNECTION_BYTES, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_URI_LOG_CALLBACK,
        http_request_new, &http->desk, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY,
        http->key != NULL ? secure : plain, MHD_OPTION_END);
}

static struct http_desk desk_of(const struct http_plan *plan)
{
    return (struct http_desk){
        .routes = plan->routes,
        .files = plan->files,
        .data = plan->data,
        .open = plan->open && http_listen_local(&plan->listen),
        .actions = plan->actions,
        .tls = plan->key != NULL,
        .names = g_strdupv((char **) (uintptr_t) plan->names),
        .keyring = http_keyring_new(plan->tokens, plan->warn, plan->data),
        .tries = http_tries_new(),
    };
}

static bool same_place(const struct http_listen *a, const struct http_listen *b)
{
    return a->length == b->length && memcmp(&a->address, &b->address, a->length) == 0;
}

/* A port that is bound anew at once may still be in use: a child that has forked and not yet come
 * to its exec has all our descriptors. */
static int socket_of(const struct http_plan *plan, const struct http *before, GError **error)
{
    if (before == NULL || !same_place(&plan->listen, &before->listen))
        return open_socket(&plan->listen, error);
    int fd = fcntl(before->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        explain(before->where, errno, error);
    return fd;
}

struct http *http_start(const struct http_plan *plan, const struct http *before, GError **error)
{
    AUTO(http) http = NULL;

    if (!http_plan_check(plan, error))
        return NULL;
    int fd = socket_of(plan, before, error);
    if (fd < 0)
        return NULL;
    http = g_new0(struct http, 1);
    http->listen = plan->listen;
    http->fd = fd;
    http->desk = desk_of(plan);
    g_queue_init(&http->desk.guests);
    http->where = where_of(fd);
    if (http_plan_tls(plan, &http->certificate, &http->key, error)) {
        http->library = start_library(http, fd);
        if (http->library == NULL)
            runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot answer HTTP on %s",
                              http->where);
    }
    if (http->library == NULL) {
        close(fd);
        return NULL;
    }
    http_plan_warn(plan, http->certificate, http->desk.keyring);
    attach(http);
    return g_steal_pointer(&http);
}

/* The library does not bear suspended connections when it is stopped. */
static void say_good_bye(struct http *http)
{
    http->desk.stopping = true;
    for (GList *link = http->desk.guests.head; link != NULL; link = link->next) {
        struct http_guest *guest = link->data;
        if (guest->request != NULL && guest->request->suspended)
            http_lose(guest->request);
    }
    microhttpd->run(http->library);
}

void http_stop(struct http *http)
{
    if (http->source != NULL) {
        g_source_destroy(http->source);
        g_source_unref(http->source);
    }
    if (http->library != NULL) {
        /* Who comes now is the next one's, if there is one. */
        microhttpd->quiesce_daemon(http->library);
        close(http->fd);
        say_good_bye(http);
        microhttpd->stop_daemon(http->library);
    }
    g_strfreev(http->desk.names);
    http_keyring_free(http->desk.keyring);
    http_tries_free(http->desk.tries);
    if (http->key != NULL)
        explicit_bzero(http->key, strlen(http->key));
    g_free(http->key);
    g_free(http->certificate);
    g_free(http->where);
    g_free(http);
}

char *http_where(const struct http *http)
{
    return g_strdup(http->where);
}

bool http_secure(const struct http *http)
{
    return http->key != NULL;
}

bool http_open(const struct http *http)
{
    return http->desk.open;
}

bool http_acts(const struct http *http)
{
    return http->desk.actions;
}

guint http_connections(const struct http *http)
{
    return http->desk.guests.length;
}

guint http_streams(const struct http *http)
{
    return http->desk.streams.length;
}
