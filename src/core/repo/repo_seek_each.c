/*
 * All frames in order: threads decompress ahead of the caller, who is given each when its turn has
 * come. Memory is a few frames a thread.
 */
#include "repo_seek_private.h"

enum { AHEAD = 2 }; /* frames a thread */

struct ahead {
    guint8 *bytes;
    gsize room;
    guint frame;
    bool done;
    GError *error;
};

struct each {
    const struct seek_reader *reader;
    GMutex mutex;
    GCond changed;
    struct ahead *places;
    guint place_count, count;
    guint taken;    /* frames given to threads */
    guint consumed; /* frames the caller has seen */
    bool stop;
};

static struct ahead *place_of(struct each *each, guint frame)
{
    return &each->places[frame % each->place_count];
}

static void fill(const struct each *each, struct ahead *place)
{
    gsize length = seek_reader_length(each->reader, place->frame);
    if (place->room < length) {
        place->bytes = g_realloc(place->bytes, length);
        place->room = length;
    }
    seek_reader_frame(each->reader, place->frame, place->bytes, &place->error);
}

static gpointer worker(gpointer data)
{
    struct each *each = data;
    g_mutex_lock(&each->mutex);
    while (!each->stop && each->taken < each->count) {
        if (each->taken - each->consumed >= each->place_count) {
            g_cond_wait(&each->changed, &each->mutex);
            continue;
        }
        guint frame = each->taken++;
        struct ahead *place = place_of(each, frame);
        place->frame = frame;
        g_mutex_unlock(&each->mutex);
        fill(each, place);
        g_mutex_lock(&each->mutex);
        place->done = true;
        g_cond_broadcast(&each->changed);
    }
    g_mutex_unlock(&each->mutex);
    return NULL;
}

/* The caller's turn with one frame. */
static bool consume(struct each *each,
                    bool (*visit)(const void *bytes, gsize length, guint64 offset,
                                  gpointer data, GError **error),
                    gpointer data, GError **error)
{
    guint frame = each->consumed;
    struct ahead *place = place_of(each, frame);
    g_mutex_lock(&each->mutex);
    while (!place->done)
        g_cond_wait(&each->changed, &each->mutex);
    place->done = false;
    g_mutex_unlock(&each->mutex);

    bool ok = place->error == NULL;
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&place->error));
    else
        ok = visit(place->bytes, seek_reader_length(each->reader, frame),
                   seek_reader_offset(each->reader, frame), data, error);

    g_mutex_lock(&each->mutex);
    each->consumed++;
    each->stop = !ok;
    g_cond_broadcast(&each->changed);
    g_mutex_unlock(&each->mutex);
    return ok;
}

bool seek_reader_each(const struct seek_reader *reader, guint threads,
                      bool (*visit)(const void *bytes, gsize length, guint64 offset,
                                    gpointer data, GError **error),
                      gpointer data, GError **error)
{
    threads = CLAMP(threads, 1, 64);
    struct each each = {
        .reader = reader, .place_count = AHEAD * threads, .count = seek_reader_frames(reader)};
    g_mutex_init(&each.mutex);
    g_cond_init(&each.changed);
    each.places = g_new0(struct ahead, each.place_count);
    g_autofree GThread **workers = g_new0(GThread *, threads);
    for (guint i = 0; i < threads; i++)
        workers[i] = g_thread_new("decompress", worker, &each);

    bool ok = true;
    while (ok && each.consumed < each.count)
        ok = consume(&each, visit, data, error);

    for (guint i = 0; i < threads; i++)
        g_thread_join(workers[i]);
    for (guint i = 0; i < each.place_count; i++) {
        g_free(each.places[i].bytes);
        g_clear_error(&each.places[i].error);
    }
    g_free(each.places);
    g_mutex_clear(&each.mutex);
    g_cond_clear(&each.changed);
    return ok;
}
