#include "daemon/events.h"

#include <string.h>

enum { UNWRITTEN_MOST = 1000 };

/* One that is open, or over and not in the history; a copy. */
struct open_event {
    char *target, *name, *severity, *message, *detail, *closing;
    gint64 id; /* in the history; -1: not written */
    gint64 opened_us, closed_us, run;
};

struct events {
    struct store *store;
    GPtrArray *open;      /* of struct open_event, oldest first: there are never many */
    GPtrArray *unwritten; /* the same, of those that are over */
    void (*told)(const struct store_event *event, gpointer data);
    gpointer data;
};

static void free_open(gpointer data)
{
    struct open_event *event = data;

    g_free(event->target);
    g_free(event->name);
    g_free(event->severity);
    g_free(event->message);
    g_free(event->detail);
    g_free(event->closing);
    g_free(event);
}

/* Hint and detail of an error stand in the same line: tables and messages have but one. */
static char *one_line(const char *text)
{
    g_autofree char *whole = g_strchomp(g_strdup(text));
    g_auto(GStrv) lines = g_strsplit(whole, "\n", -1);

    for (char **line = lines; *line != NULL; line++)
        g_strstrip(*line);
    return g_strjoinv("; ", lines);
}

static struct open_event *copy_of(const struct store_event *event)
{
    struct open_event *copy = g_new0(struct open_event, 1);

    copy->target = g_strdup(event->target);
    copy->name = g_strdup(event->name);
    copy->severity = g_strdup(event->severity);
    copy->message = one_line(event->message);
    copy->detail = g_strdup(event->detail);
    copy->closing = g_strdup(event->closing);
    copy->id = event->id;
    copy->opened_us = event->opened_us;
    copy->closed_us = event->closed_us;
    copy->run = event->run;
    return copy;
}

static struct open_event *keep(struct events *events, const struct store_event *event)
{
    struct open_event *open = copy_of(event);

    g_ptr_array_add(events->open, open);
    return open;
}

static struct store_event view_of(const struct open_event *open)
{
    return (struct store_event){
        .id = open->id,
        .target = open->target,
        .name = open->name,
        .severity = open->severity,
        .opened_us = open->opened_us,
        .closed_us = open->closed_us,
        .message = open->message,
        .closing = open->closing,
        .detail = open->detail,
        .run = open->run,
    };
}

static bool find(const struct events *events, const char *target, const char *name,
                 guint *ret_index)
{
    for (guint i = 0; i < events->open->len; i++) {
        const struct open_event *open = g_ptr_array_index(events->open, i);
        if (strcmp(open->target, target) == 0 && strcmp(open->name, name) == 0) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

/* That the history cannot be written is the one thing that it cannot be told: whoever opens it again
 * writes it down then. */
static bool is_written(const struct store_event *event)
{
    return event->target[0] != '\0' || strcmp(event->name, "store") != 0;
}

/* One that is over waits until there is a history that it can be written to. */
static void keep_unwritten(struct events *events, const struct store_event *event)
{
    bool lost = event->id < 0 ||
                (store_in_memory(events->store) && store_trouble(events->store) != NULL);

    if (!lost || !is_written(event))
        return;
    if (events->unwritten->len >= UNWRITTEN_MOST)
        g_ptr_array_remove_index(events->unwritten, 0);
    g_ptr_array_add(events->unwritten, copy_of(event));
}

static void on_stored(const struct store_event *event, gpointer data)
{
    keep(data, event);
}

struct events *events_new(struct store *store,
                          void (*told)(const struct store_event *event, gpointer data),
                          gpointer data)
{
    struct events *events = g_new0(struct events, 1);

    events->store = store;
    events->open = g_ptr_array_new_with_free_func(free_open);
    events->unwritten = g_ptr_array_new_with_free_func(free_open);
    events->told = told;
    events->data = data;
    store_events_open(store, NULL, on_stored, events);
    return events;
}

void events_free(struct events *events)
{
    g_ptr_array_unref(events->open);
    g_ptr_array_unref(events->unwritten);
    g_free(events);
}

/* ---- the history, opened anew --------------------------------------------------------------- */

struct ended {
    const struct events *events;
    GArray *ids; /* of gint64 */
};

static void collect_ended(const struct store_event *event, gpointer data)
{
    struct ended *ended = data;
    guint index;

    if (!find(ended->events, event->target, event->name, &index))
        g_array_append_val(ended->ids, event->id);
}

static void write_unwritten(struct events *events)
{
    for (guint i = 0; i < events->unwritten->len; i++) {
        struct open_event *over = g_ptr_array_index(events->unwritten, i);
        struct store_event event = view_of(over);
        if (event.closing != NULL)
            event.closed_us = 0; /* what closes it is its closing */
        event.id = store_event_open(events->store, &event);
        if (event.id >= 0 && event.closing != NULL)
            store_event_close(events->store, event.id, over->closed_us, over->closing);
    }
    g_ptr_array_set_size(events->unwritten, 0);
}

void events_set_store(struct events *events, struct store *store)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    struct ended ended = {events, ids};

    events->store = store;
    store_events_open(store, NULL, collect_ended, &ended);
    for (guint i = 0; i < ids->len; i++)
        store_event_close(store, g_array_index(ids, gint64, i), g_get_real_time(),
                          "ended while the history could not be written");
    write_unwritten(events);
    for (guint i = 0; i < events->open->len; i++) {
        struct open_event *open = g_ptr_array_index(events->open, i);
        struct store_event event = view_of(open);
        if (is_written(&event))
            open->id = store_event_open(store, &event);
    }
}

/* ---- opening and closing -------------------------------------------------------------------- */

static void set_text(char **text, const char *now)
{
    g_free(*text);
    *text = g_strdup(now);
}

/* It is told again, and stays critical until it is over. */
static void rise(struct events *events, struct open_event *open,
                 const struct store_event *event)
{
    if (strcmp(event->severity, "critical") != 0 || strcmp(open->severity, "critical") == 0)
        return;
    set_text(&open->severity, event->severity);
    g_autofree char *message = one_line(event->message);
    set_text(&open->message, message);
    set_text(&open->detail, event->detail);
    if (open->id >= 0)
        store_event_rise(events->store, open->id, event);
    struct store_event view = view_of(open);
    events->told(&view, events->data);
}

void events_open(struct events *events, const struct store_event *event)
{
    guint index;

    if (find(events, event->target, event->name, &index)) {
        rise(events, g_ptr_array_index(events->open, index), event);
        return;
    }
    struct open_event *open = keep(events, event);
    struct store_event view = view_of(open);
    view.id = open->id = is_written(&view) ? store_event_open(events->store, &view) : -1;
    events->told(&view, events->data);
}

static void close_at(struct events *events, guint index, gint64 at_us, const char *closing)
{
    struct open_event *open = g_ptr_array_steal_index(events->open, index);
    g_autofree char *end = one_line(closing);
    struct store_event view = view_of(open);

    view.closed_us = MAX(at_us, open->opened_us);
    view.closing = end;
    if (open->id >= 0)
        store_event_close(events->store, open->id, view.closed_us, end);
    view.id = open->id;
    keep_unwritten(events, &view);
    events->told(&view, events->data);
    free_open(open);
}

void events_close(struct events *events, const char *target, const char *name, gint64 at_us,
                  const char *closing)
{
    guint index;

    if (find(events, target, name, &index))
        close_at(events, index, at_us, closing);
}

void events_note(struct events *events, const struct store_event *event)
{
    g_autofree char *message = one_line(event->message);
    struct store_event note = *event;

    note.message = message;
    note.closed_us = note.opened_us;
    note.id = store_event_open(events->store, &note);
    keep_unwritten(events, &note);
    events->told(&note, events->data);
}

bool events_is_open(const struct events *events, const char *target, const char *name)
{
    guint index;

    return find(events, target, name, &index);
}

void events_close_target(struct events *events, const char *target, gint64 at_us,
                         const char *closing)
{
    for (guint i = events->open->len; i > 0; i--) {
        const struct open_event *open = g_ptr_array_index(events->open, i - 1);
        if (strcmp(open->target, target) == 0)
            close_at(events, i - 1, at_us, closing);
    }
}

void events_each(const struct events *events, const char *target,
                 void (*visit)(const struct store_event *event, gpointer data), gpointer data)
{
    for (guint i = 0; i < events->open->len; i++) {
        const struct open_event *open = g_ptr_array_index(events->open, i);
        struct store_event view = view_of(open);
        if (strcmp(open->target, target) == 0)
            visit(&view, data);
    }
}

GHashTable *events_targets(const struct events *events)
{
    GHashTable *targets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < events->open->len; i++) {
        const struct open_event *open = g_ptr_array_index(events->open, i);
        g_hash_table_add(targets, g_strdup(open->target));
    }
    return targets;
}
