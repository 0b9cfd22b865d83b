#include "daemon/courier.h"

#include "daemon/journal.h"
#include "daemon/minder.h"
#include "out/json_text.h"

#include <jansson.h>

enum { WAITING_MOST = 1000, LONGEST = 1 << 16, STOP_MS = 4000 };

struct parcel {
    gint64 seq;
    char *line;
    gint64 came_us;     /* monotonic */
    GPtrArray *through; /* keys of channels that need it no more */
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
    g_ptr_array_unref(parcel->through);
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

char *courier_line_again(const char *line, gint64 waited_s, const GPtrArray *through)
{
    json_t *object = json_loads(line, 0, NULL);
    json_t *keys = json_array();

    for (guint i = 0; i < through->len; i++)
        json_array_append_new(keys, json_string(through->pdata[i]));
    json_object_set_new(object, "waited_s", json_integer(waited_s));
    json_object_set_new(object, "through", keys);
    char *text = json_dumps(object, JSON_COMPACT);
    char *again = g_strconcat(text, "\n", NULL);
    free(text);
    json_decref(object);
    return again;
}

static GList *find(struct courier *courier, gint64 seq)
{
    GList *link = courier->parcels.head;

    while (link != NULL && ((const struct parcel *) link->data)->seq != seq)
        link = link->next;
    return link;
}

static void settle(struct courier *courier, gint64 seq)
{
    GList *link = find(courier, seq);

    if (link == NULL)
        return;
    free_parcel(link->data);
    g_queue_delete_link(&courier->parcels, link);
}

static void note_through(struct courier *courier, gint64 seq, const char *key)
{
    GList *link = find(courier, seq);
    const struct parcel *parcel = link != NULL ? link->data : NULL;

    if (parcel != NULL && key != NULL &&
        !g_ptr_array_find_with_equal_func(parcel->through, key, g_str_equal, NULL))
        g_ptr_array_add(parcel->through, g_strdup(key));
}

static void hear_outcome(json_t *object)
{
    const char *channel = json_string_value(json_object_get(object, "channel"));
    const char *message = json_string_value(json_object_get(object, "message"));
    bool failed = json_is_false(json_object_get(object, "delivered"));

    if (failed || json_is_true(json_object_get(object, "partly")))
        journal_say(JOURNAL_WARNING, "a message could not be delivered%s (%s): %s",
                    failed ? "" : " to all", channel != NULL ? channel : "unknown channel",
                    message != NULL ? message : "no reason given");
}

static void on_line(const char *line, gsize length, bool cut, gpointer data)
{
    struct courier *courier = data;
    json_t *object = json_loadb(line, length, 0, NULL);
    const char *word = json_string_value(json_object_get(object, "line"));
    gint64 seq = json_integer_value(json_object_get(object, "seq"));
    (void) cut;

    if (g_strcmp0(word, "settled") == 0)
        settle(courier, seq);
    else if (g_strcmp0(word, "through") == 0)
        note_through(courier, seq, json_string_value(json_object_get(object, "key")));
    else if (g_strcmp0(word, "outcome") == 0)
        hear_outcome(object);
    json_decref(object);
}

/* A new one gets what the one before was not through with. */
static void on_started(gpointer data)
{
    struct courier *courier = data;

    for (const GList *link = courier->parcels.head; link != NULL && courier->minder != NULL;
         link = link->next) {
        const struct parcel *parcel = link->data;
        gint64 waited_us = g_get_monotonic_time() - parcel->came_us;
        g_autofree char *line =
            courier_line_again(parcel->line, waited_us / G_USEC_PER_SEC, parcel->through);
        child_feed(minder_child(courier->minder), line);
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
    char *line = courier_line(courier->seq + 1, event);
    if (line == NULL)
        return;
    struct parcel *parcel = g_new0(struct parcel, 1);
    parcel->seq = ++courier->seq;
    parcel->line = line;
    parcel->came_us = g_get_monotonic_time();
    parcel->through = g_ptr_array_new_with_free_func(g_free);
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
