#include "daemon/courier.h"

#include "daemon/journal.h"
#include "daemon/minder.h"
#include "out/json_text.h"

#include <jansson.h>

enum { WAITING_MOST = 1000, LONGEST = 1 << 16, STOP_MS = 4000 };

struct parcel {
    gint64 seq;
    char *line;
};

struct courier {
    struct minder *minder;
    GQueue parcels; /* of struct parcel, which it is not through with */
    gint64 seq;
    guint dropped;
    bool off; /* no channel is configured any more */
    void (*trouble)(bool looping, const char *message, gpointer data);
    gpointer data;
};

static void free_parcel(gpointer data)
{
    struct parcel *parcel = data;

    g_free(parcel->line);
    g_free(parcel);
}

static const char *state_of(const struct store_event *event)
{
    if (event->closed_us == 0)
        return "open";
    return event->closed_us == event->opened_us && event->closing == NULL ? "note" : "closed";
}

char *courier_line(gint64 seq, const struct store_event *event)
{
    json_t *detail = event->detail != NULL ? json_loads(event->detail, 0, NULL) : NULL;
    json_t *object = json_pack(
        "{s:s, s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:s*, s:I, s:I, s:o*, s:I}", "line", "event",
        "seq", (json_int_t) seq, "id", (json_int_t) event->id, "target", event->target, "name",
        event->name, "state", state_of(event), "severity", event->severity, "message",
        event->message, "closing", event->closing, "opened_us", (json_int_t) event->opened_us,
        "closed_us", (json_int_t) event->closed_us, "detail", detail, "run",
        (json_int_t) event->run);
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    char *line = text != NULL ? g_strconcat(text, "\n", NULL) : NULL;

    free(text);
    json_decref(object);
    return line;
}

static void settle(struct courier *courier, gint64 seq)
{
    for (GList *link = courier->parcels.head; link != NULL; link = link->next) {
        struct parcel *parcel = link->data;
        if (parcel->seq != seq)
            continue;
        g_queue_delete_link(&courier->parcels, link);
        free_parcel(parcel);
        return;
    }
}

static void on_line(const char *line, gsize length, bool cut, gpointer data)
{
    struct courier *courier = data;
    json_t *object = json_loadb(line, length, 0, NULL);
    const char *word = json_string_value(json_object_get(object, "line"));
    const char *channel = json_string_value(json_object_get(object, "channel"));
    const char *message = json_string_value(json_object_get(object, "message"));
    gint64 seq = json_integer_value(json_object_get(object, "seq"));
    (void) cut;

    if (g_strcmp0(word, "settled") == 0)
        settle(courier, seq);
    else if (g_strcmp0(word, "outcome") == 0 &&
             json_is_false(json_object_get(object, "delivered")))
        journal_say(JOURNAL_WARNING, "a message could not be delivered (%s): %s",
                    channel != NULL ? channel : "unknown channel",
                    message != NULL ? message : "no reason given");
    json_decref(object);
}

/* A new one gets what the one before was not through with. */
static void on_started(gpointer data)
{
    struct courier *courier = data;

    for (const GList *link = courier->parcels.head; link != NULL && courier->minder != NULL;
         link = link->next) {
        const struct parcel *parcel = link->data;
        child_feed(minder_child(courier->minder), parcel->line);
    }
}

static void on_ended(const char *how, gpointer data)
{
    (void) how;
    (void) data;
}

static void on_trouble(bool looping, const char *message, gpointer data)
{
    struct courier *courier = data;

    courier->trouble(looping, message, courier->data);
}

struct courier *courier_new(const char *const *arguments, int settings_fd,
                            void (*trouble)(bool looping, const char *message, gpointer data),
                            gpointer data)
{
    struct courier *courier = g_new0(struct courier, 1);
    struct minder_plan plan = {
        .name = "the courier of messages",
        .child = {.arguments = arguments,
                  .feed = true,
                  .longest = LONGEST,
                  .settings_fd = settings_fd},
        .line = on_line,
        .started = on_started,
        .ended = on_ended,
        .trouble = on_trouble,
        .data = courier,
    };

    g_queue_init(&courier->parcels);
    courier->trouble = trouble;
    courier->data = data;
    courier->minder = minder_new(&plan);
    return courier;
}

void courier_free(struct courier *courier)
{
    minder_free(courier->minder);
    g_queue_clear_full(&courier->parcels, free_parcel);
    g_free(courier);
}

void courier_carry(struct courier *courier, const struct store_event *event)
{
    if (courier->off)
        return;
    struct parcel *parcel = g_new0(struct parcel, 1);
    parcel->seq = ++courier->seq;
    parcel->line = courier_line(parcel->seq, event);
    if (parcel->line == NULL) {
        g_free(parcel);
        return;
    }
    if (courier->parcels.length >= WAITING_MOST) {
        if (courier->dropped++ == 0)
            journal_say(JOURNAL_WARNING,
                        "%d messages wait for delivery; the oldest are dropped", WAITING_MOST);
        free_parcel(g_queue_pop_head(&courier->parcels));
    }
    g_queue_push_tail(&courier->parcels, parcel);
    if (minder_child(courier->minder) != NULL)
        child_feed(minder_child(courier->minder), parcel->line);
}

void courier_tick(struct courier *courier, gint64 now_us)
{
    minder_tick(courier->minder, now_us);
}

void courier_renew(struct courier *courier, const char *const *arguments)
{
    courier->off = false;
    minder_renew(courier->minder, arguments);
}

void courier_retire(struct courier *courier)
{
    courier->off = true;
    g_queue_clear_full(&courier->parcels, free_parcel);
    minder_stop(courier->minder, STOP_MS);
}

bool courier_stop(struct courier *courier, guint grace_ms)
{
    return minder_stop(courier->minder, grace_ms);
}
