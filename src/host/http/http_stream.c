/*
 * Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html
 *
 * What is to be sent waits in `unsent` until the library asks for it; when there is nothing, the
 * connection is suspended until there is. A reader may fall behind by one large event, not for long
 * by more than UNSENT_FAIR, and never by more than UNSENT_MOST.
 */
#include "http/http_private.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

enum {
    /* Who has no token, and who has one: a stranger takes no place from those who are known, and
     * none but a crowd of addresses takes all from other strangers. */
    MOST_STRANGERS = 32,
    MOST_OF_NETWORK = 16,
    MOST_KNOWN = 32,
    MOST_KNOWN_OPERATORS = 40,
    AGAIN_S = 30, /* to ask again, for those for whom there was no room */
    UNSENT_FAIR = 64 * 1024,
    UNSENT_MOST = 1024 * 1024,
    BEHIND_S = 10,      /* that long it may be behind by more than is fair */
    LOOK_S = 1,         /* whether its token is still one */
    ALIVE_S = 15,       /* a comment, so that whatever lies between does not hang up */
    VANISHED_MS = 40000 /* without a sign of life from the client's machine */
};

struct http_stream {
    GList link; /* in the desk's list */
    struct http_request *request;
    char *network; /* of a stranger; NULL: it came with a token */
    GString *unsent;
    gsize sent;       /* of it; taken away now and then, not with each piece */
    gint64 behind_us; /* since when it is behind by more than is fair; 0: it is not */
    guint alive_source;
    guint looks; /* since the last comment */
    bool ending, dropped;
    void (*gone)(gpointer data);
    gpointer gone_data;
};

static gsize pending(const struct http_stream *stream)
{
    return stream->unsent->len - stream->sent;
}

/* Sends on, if the library waits for us. Before the response was queued it does not. */
static void stir(struct http_stream *stream)
{
    if (stream->request->response == NULL)
        http_wake(stream->request);
}

static void drop(struct http_stream *stream)
{
    stream->dropped = true;
    g_string_truncate(stream->unsent, 0);
    stream->sent = 0;
    http_lose(stream->request);
}

/* ---- what the library asks for ---------------------------------------------------------------- */

static ssize_t give(void *data, uint64_t position, char *buffer, size_t most)
{
    struct http_stream *stream = data;
    gsize length = MIN(pending(stream), most);
    (void) position;

    /* At the end of all one that was just woken would be suspended again. */
    if (stream->dropped || stream->request->lost || stream->request->desk->stopping)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (length == 0 && stream->ending)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (length == 0) {
        http_suspend(stream->request);
        return 0;
    }
    memcpy(buffer, stream->unsent->str + stream->sent, length);
    stream->sent += length;
    if (stream->sent >= stream->unsent->len / 2) {
        g_string_erase(stream->unsent, 0, (gssize) stream->sent);
        stream->sent = 0;
    }
    if (pending(stream) <= UNSENT_FAIR)
        stream->behind_us = 0;
    return (ssize_t) length;
}

/* ---- life ------------------------------------------------------------------------------------ */

static gboolean on_alive(gpointer data)
{
    struct http_stream *stream = data;

    /* A token that was taken back takes its streams with it. */
    if (!stream->dropped && !http_admitted_still(stream->request)) {
        drop(stream);
        return G_SOURCE_CONTINUE;
    }
    if (++stream->looks < ALIVE_S / LOOK_S)
        return G_SOURCE_CONTINUE;
    stream->looks = 0;
    if (pending(stream) == 0)
        g_string_append(stream->unsent, ":\n\n");
    stir(stream);
    return G_SOURCE_CONTINUE;
}

/* A machine that is no more says no good-bye; and what lies in the kernel's buffers is old. */
static void tune(int fd)
{
    int vanished_ms = VANISHED_MS, buffer = UNSENT_FAIR;

    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &vanished_ms, sizeof vanished_ms);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
}

/* network NULL: it has a token. */
static bool has_room(const struct http_request *request, const char *network)
{
    const GQueue *streams = &request->desk->streams;
    guint strangers = 0, neighbours = 0;

    for (const GList *link = streams->head; link != NULL; link = link->next) {
        const struct http_stream *stream = link->data;
        strangers += stream->network != NULL;
        neighbours += g_strcmp0(stream->network, network) == 0;
    }
    if (network != NULL)
        return strangers < MOST_STRANGERS && neighbours < MOST_OF_NETWORK;
    return streams->length - strangers <
           (request->role == HTTP_ROLE_OPERATOR ? MOST_KNOWN_OPERATORS : MOST_KNOWN);
}

/* Who asks for events is told by one: an EventSource gives up for good at a 503, and a browser has
 * it as an error in its console each time. */
static void turn_away(struct http_request *request)
{
    static const char error[] = "there are too many streams already";
    const char *accepted = http_request_header(request, "Accept");
    g_autofree char *again = g_strdup_printf("%d", AGAIN_S);
    g_autofree char *event = g_strdup_printf(
        "retry: %s000\nevent: full\ndata: {\"error\":\"%s\"}\n\n", again, error);

    if (accepted != NULL && strstr(accepted, "text/event-stream") != NULL)
        http_answer_text(request, MHD_HTTP_OK, "text/event-stream", event, NULL);
    else
        http_answer_error_with(request, MHD_HTTP_SERVICE_UNAVAILABLE, error,
                               "close other windows", "Retry-After", again);
}

struct http_stream *http_answer_stream(struct http_request *request,
                                       void (*gone)(gpointer data), gpointer data)
{
    /* What its GET would answer has no end, and so no length to tell. */
    if (request->head) {
        http_answer_error_with(request, MHD_HTTP_METHOD_NOT_ALLOWED,
                               "only GET is answered here", NULL, "Allow", "GET");
        return NULL;
    }
    g_autofree char *address = http_request_address(request);
    char *network = request->role == HTTP_ROLE_NONE ? http_network_of(address) : NULL;

    if (!has_room(request, network)) {
        g_free(network);
        turn_away(request);
        return NULL;
    }
    struct http_stream *stream = g_new0(struct http_stream, 1);
    struct MHD_Response *response =
        microhttpd->create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, give, stream, NULL);
    if (response == NULL)
        g_error("out of memory");
    stream->link.data = stream;
    stream->request = request;
    stream->network = network;
    stream->unsent = g_string_new(":\n\n");
    stream->gone = gone;
    stream->gone_data = data;
    stream->alive_source = g_timeout_add_seconds(LOOK_S, on_alive, stream);
    request->stream = stream;
    g_queue_push_tail_link(&request->desk->streams, &stream->link);
    tune(request->guest->fd);
    http_answer_headers(response, "text/event-stream", "no-store");
    http_answer_with(request, MHD_HTTP_OK, response);
    return stream;
}

void http_stream_free(struct http_stream *stream)
{
    g_queue_unlink(&stream->request->desk->streams, &stream->link);
    g_source_remove(stream->alive_source);
    if (stream->gone != NULL)
        stream->gone(stream->gone_data);
    g_string_free(stream->unsent, TRUE);
    g_free(stream->network);
    g_free(stream);
}

bool http_stream_event(struct http_stream *stream, const char *name, const char *data)
{
    gint64 now_us = g_get_monotonic_time();

    if (stream->ending || stream->dropped || stream->request->lost)
        return false;
    if (name != NULL)
        g_string_append_printf(stream->unsent, "event: %s\n", name);
    g_string_append_printf(stream->unsent, "data: %s\n\n", data);
    if (pending(stream) > UNSENT_FAIR && stream->behind_us == 0)
        stream->behind_us = now_us;
    if (pending(stream) > UNSENT_MOST ||
        (stream->behind_us != 0 && stream->behind_us + BEHIND_S * G_USEC_PER_SEC <= now_us)) {
        drop(stream);
        return false;
    }
    stir(stream);
    return true;
}

void http_stream_end(struct http_stream *stream)
{
    stream->gone = NULL;
    stream->ending = true;
    stir(stream);
}
