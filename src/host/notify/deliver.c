/*
 * The courier. Each channel has a queue of its own, delivered in order: the first of it is tried
 * again, with growing pauses, until it is delivered, refused for good or a day old. A channel that
 * is out of order holds up no other.
 *
 * What the supervisor sent is "settled" once every channel is through with it. What is not settled
 * when this process dies it sends to the next one, and says which channels need it no more: where
 * an answer was lost a message may come twice, none is lost.
 */
#include "notify/deliver.h"

#include "daemon/line_reader.h"
#include "interrupt.h"
#include "notify/channel.h"
#include "units/units.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    WAITING_MOST = 1000, /* of a channel */
    GIVE_UP_S = 24 * 3600,
    LAST_TRY_MS = 3000, /* for all that is left, when it is time to go */
    LINE_BYTES = 128 * 1024,
};

/* An event on its way to the channels. */
struct letter {
    struct notify_event *event;
    guint refs; /* of channels that are not through with it */
    gint64 came_us;
};

/* The same for one channel. */
struct copy {
    struct letter *letter;
    bool whole;             /* its beginning was never delivered */
    struct copy *beginning; /* it goes in the place of this one; NULL: of none */
};

struct route {
    struct courier_child *courier;
    struct channel *channel;
    GQueue copies;  /* of struct copy, the oldest first */
    guint failures; /* in a row */
    gint64 next_us; /* not before; monotonic */
    guint dropped;  /* since the queue was last empty */
    /* Incidents whose beginning this channel never got and never will. */
    GHashTable *untold;
};

struct courier_child {
    GPtrArray *channels;
    struct fetch *fetch;
    struct route *routes; /* as many as channels */
    struct line_reader *reader;
    enum notify_severity severity;
    const char *host;
    struct output *output;
    bool ending;
    gint64 end_us;
};

/* ---- what is said -------------------------------------------------------------------------- */

static void say(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);

    printf("%s\n", text);
    fflush(stdout);
    free(text);
    json_decref(object);
}

static void say_outcome(const struct route *route, gint64 seq, bool delivered, bool partly,
                        const char *message)
{
    g_autofree char *valid = g_strchomp(g_utf8_make_valid(message, -1));
    json_t *object = json_pack("{s:s, s:I, s:s, s:b, s:s}", "line", "outcome", "seq",
                               (json_int_t) seq, "channel", channel_name(route->channel),
                               "delivered", delivered, "message", valid);

    if (partly)
        json_object_set_new(object, "partly", json_true());
    say(object);
}

static void say_not_delivered(const struct route *route, gint64 seq, const char *message)
{
    say_outcome(route, seq, false, false, message);
}

static void release(struct letter *letter)
{
    if (--letter->refs > 0)
        return;
    say(json_pack("{s:s, s:I}", "line", "settled", "seq", (json_int_t) letter->event->seq));
    notify_event_free(letter->event);
    g_free(letter);
}

/* The channel is through with it; the supervisor is told whether or not others are. */
static void settle(const struct route *route, struct copy *copy)
{
    if (copy->beginning != NULL)
        settle(route, copy->beginning);
    if (copy->letter->refs > 1)
        say(json_pack("{s:s, s:I, s:s}", "line", "through", "seq",
                      (json_int_t) copy->letter->event->seq, "key",
                      channel_key(route->channel)));
    release(copy->letter);
    g_free(copy);
}

/* ---- one channel --------------------------------------------------------------------------- */

/* A beginning that was never delivered and is over by now: its end goes in its place, and says
 * both. */
static void merge_head(struct route *route)
{
    struct copy *head = g_queue_peek_head(&route->copies);

    if (head->letter->event->state != NOTIFY_OPEN)
        return;
    for (GList *link = route->copies.head->next; link != NULL; link = link->next) {
        struct copy *end = link->data;
        if (end->letter->event->state != NOTIFY_CLOSED ||
            !notify_same_event(head->letter->event, end->letter->event))
            continue;
        end->whole = true;
        end->beginning = head;
        g_queue_delete_link(&route->copies, link);
        g_queue_pop_head(&route->copies);
        g_queue_push_head(&route->copies, end);
        return;
    }
}

/* A beginning that this channel will not tell: its end, whenever it comes, is to say both. */
static void note_untold(struct route *route, const struct copy *copy)
{
    const struct notify_event *event = copy->letter->event;

    if (event->state != NOTIFY_OPEN)
        return;
    for (GList *link = route->copies.head; link != NULL; link = link->next) {
        struct copy *end = link->data;
        if (end != copy && end->letter->event->state == NOTIFY_CLOSED &&
            notify_same_event(event, end->letter->event)) {
            end->whole = true;
            return;
        }
    }
    if (g_hash_table_size(route->untold) >= WAITING_MOST)
        g_hash_table_remove_all(route->untold); /* ends that never came */
    g_hash_table_add(route->untold, notify_incident(event));
}

static void pass_on(struct route *route)
{
    settle(route, g_queue_pop_head(&route->copies));
    route->failures = 0;
    route->next_us = 0;
    if (route->copies.length > 0)
        return;
    if (route->dropped > 1) {
        g_autofree char *words =
            g_strdup_printf("%u messages in all were dropped", route->dropped);
        say_not_delivered(route, 0, words);
    }
    route->dropped = 0;
}

static void try_later(struct route *route, const struct channel_outcome *outcome)
{
    const struct copy *head = g_queue_peek_head(&route->copies);
    gint64 now_us = g_get_monotonic_time(), seq = head->letter->event->seq;

    route->failures++;
    gint64 wait_ms = notify_backoff_ms(route->failures, g_random_double(), outcome->asked_ms);
    if (now_us + wait_ms * 1000 > head->letter->came_us + GIVE_UP_S * (gint64) G_USEC_PER_SEC) {
        g_autofree char *words = g_strdup_printf("given up after a day: %s", outcome->words);
        say_not_delivered(route, seq, words);
        note_untold(route, head);
        pass_on(route);
        return;
    }
    route->next_us = now_us + wait_ms * 1000;
    g_autofree char *wait = units_format_duration((double) wait_ms / 1000);
    g_autofree char *words = g_strdup_printf("%s; try %u, the next one in %s", outcome->words,
                                             route->failures, wait);
    say_not_delivered(route, seq, words);
}

static void on_outcome(const struct channel_outcome *outcome, gpointer data)
{
    struct route *route = data;
    const struct copy *head = g_queue_peek_head(&route->copies);
    gint64 seq = head->letter->event->seq;

    switch (outcome->verdict) {
    case NOTIFY_DELIVERED:
        say_outcome(route, seq, true, outcome->partly, outcome->words);
        pass_on(route);
        break;
    case NOTIFY_NEVER: {
        g_autofree char *words = g_strdup_printf("%s; not tried again", outcome->words);
        say_not_delivered(route, seq, words);
        note_untold(route, head);
        pass_on(route);
        break;
    }
    case NOTIFY_AGAIN:
        try_later(route, outcome);
        break;
    }
}

/* When it is time to go, what failed before gets one try; what fails then is left. */
static bool may_send(const struct route *route)
{
    if (route->copies.length == 0 || channel_is_busy(route->channel))
        return false;
    return route->next_us <= g_get_monotonic_time();
}

static void send_head(struct route *route)
{
    merge_head(route);
    const struct copy *head = g_queue_peek_head(&route->copies);
    const struct notify_message message = {
        .event = head->letter->event,
        .whole = head->whole,
        .host = route->courier->host,
    };

    channel_send(route->channel, &message, on_outcome, route);
}

/* The oldest goes; not the one that is under way. */
static void drop_oldest(struct route *route)
{
    GList *link = route->copies.head;

    if (channel_is_busy(route->channel))
        link = link->next;
    struct copy *copy = link->data;
    if (route->dropped++ == 0) {
        g_autofree char *words = g_strdup_printf(
            "dropped, and so are others: more than %d messages wait", WAITING_MOST);
        say_not_delivered(route, copy->letter->event->seq, words);
    }
    note_untold(route, copy);
    g_queue_delete_link(&route->copies, link);
    settle(route, copy);
}

/* ---- what comes ---------------------------------------------------------------------------- */

static void take_up(struct route *route, struct letter *letter)
{
    const struct notify_event *event = letter->event;
    g_autofree char *incident = notify_incident(event);

    if (g_strv_contains((const char *const *) event->through, channel_key(route->channel)))
        return;
    struct copy *copy = g_new0(struct copy, 1);
    copy->letter = letter;
    copy->whole = event->state == NOTIFY_CLOSED && g_hash_table_remove(route->untold, incident);
    letter->refs++;
    g_queue_push_tail(&route->copies, copy);
    if (route->copies.length > WAITING_MOST)
        drop_oldest(route);
}

static void on_line(const char *line, gsize length, bool cut, gpointer data)
{
    struct courier_child *courier = data;
    g_autoptr(GError) error = NULL;
    struct notify_event *event = notify_event_parse(line, length, &error);

    if (event == NULL || cut) {
        if (length > 0)
            output_warn(courier->output, "a line on stdin is passed over: %s",
                        cut ? "too long" : error->message);
        if (event != NULL)
            notify_event_free(event);
        return;
    }
    struct letter *letter = g_new0(struct letter, 1);
    letter->event = event;
    letter->came_us = g_get_monotonic_time() - event->waited_s * G_USEC_PER_SEC;
    letter->refs = 1; /* ours, until all have it */
    for (guint i = 0; event->severity >= courier->severity && i < courier->channels->len; i++)
        take_up(&courier->routes[i], letter);
    release(letter);
}

static void begin_end(struct courier_child *courier)
{
    courier->ending = true;
    courier->end_us = g_get_monotonic_time() + LAST_TRY_MS * 1000;
    for (guint i = 0; i < courier->channels->len; i++)
        courier->routes[i].next_us = 0;
}

static void read_stdin(struct courier_child *courier)
{
    char piece[16 * 1024];
    ssize_t got = read(STDIN_FILENO, piece, sizeof piece);

    if (got > 0)
        line_reader_feed(courier->reader, piece, (gsize) got, on_line, courier);
    else if (got == 0 || (errno != EINTR && errno != EAGAIN))
        begin_end(courier);
}

/* ---- the loop ------------------------------------------------------------------------------ */

static guint left_over(const struct courier_child *courier)
{
    guint count = 0;

    for (guint i = 0; i < courier->channels->len; i++)
        count += courier->routes[i].copies.length;
    return count;
}

/* Sends what is due; when the next is, or -1. */
static int milliseconds_to_next(struct courier_child *courier)
{
    gint64 now_us = g_get_monotonic_time(), next_us = courier->ending ? courier->end_us : -1;

    for (guint i = 0; i < courier->channels->len; i++) {
        struct route *route = &courier->routes[i];
        if (may_send(route))
            send_head(route);
        else if (route->copies.length > 0 && !channel_is_busy(route->channel))
            next_us = next_us < 0 ? route->next_us : MIN(next_us, route->next_us);
    }
    if (next_us < 0)
        return -1;
    return (int) CLAMP((next_us - now_us) / 1000 + 1, 0, G_MAXINT32);
}

static bool is_through(const struct courier_child *courier)
{
    bool tried = true;

    if (!courier->ending)
        return false;
    for (guint i = 0; i < courier->channels->len; i++) {
        const struct route *route = &courier->routes[i];
        tried = tried && !channel_is_busy(route->channel) &&
                (route->copies.length == 0 || route->next_us > 0);
    }
    return tried || g_get_monotonic_time() >= courier->end_us;
}

static void carry(struct courier_child *courier)
{
    while (!is_through(courier)) {
        struct pollfd own[] = {
            {.fd = courier->ending ? -1 : STDIN_FILENO, .events = POLLIN},
            {.fd = courier->ending ? -1 : interrupt_fd(), .events = POLLIN},
        };
        int timeout_ms = milliseconds_to_next(courier);
        channels_wait(courier->channels, courier->fetch, own, 2, timeout_ms);
        if (own[0].revents != 0)
            read_stdin(courier);
        if (!courier->ending && interrupt_pending())
            begin_end(courier);
    }
}

static void forget(struct copy *copy)
{
    if (--copy->letter->refs == 0) {
        notify_event_free(copy->letter->event);
        g_free(copy->letter);
    }
    g_free(copy);
}

static void clear(struct courier_child *courier)
{
    for (guint i = 0; i < courier->channels->len; i++) {
        struct copy *copy;
        while ((copy = g_queue_pop_head(&courier->routes[i].copies)) != NULL) {
            if (copy->beginning != NULL)
                forget(copy->beginning);
            forget(copy);
        }
        g_hash_table_unref(courier->routes[i].untold);
    }
    g_free(courier->routes);
    line_reader_free(courier->reader);
}

enum runbook_exit deliver_command(struct call *call, GError **error)
{
    AUTO(fetch) fetch = fetch_new();
    g_autoptr(GPtrArray) channels = channels_new(call->settings, fetch, call->output, error);
    struct courier_child courier = {
        .channels = channels,
        .fetch = fetch,
        .host = g_get_host_name(),
        .output = call->output,
    };

    if (channels == NULL)
        return runbook_error_exit(*error);
    notify_severity_parse(settings_string(call->settings, "notify.severity"),
                          &courier.severity);
    courier.reader = line_reader_new(LINE_BYTES);
    courier.routes = g_new0(struct route, channels->len);
    for (guint i = 0; i < channels->len; i++) {
        courier.routes[i].courier = &courier;
        courier.routes[i].channel = channels->pdata[i];
        g_queue_init(&courier.routes[i].copies);
        courier.routes[i].untold = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    }
    carry(&courier);
    guint left = left_over(&courier);
    if (left > 0)
        output_warn(call->output, "%u message%s could not be delivered before the end", left,
                    left == 1 ? "" : "s");
    clear(&courier);
    return left > 0 ? RUNBOOK_PARTLY : RUNBOOK_DONE;
}
