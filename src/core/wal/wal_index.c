/* What a segment holds, in short. */
#include "wal/wal_index.h"

#include "error.h"
#include "wal/wal_name.h"

#include <jansson.h>
#include <string.h>

static void point_clear(gpointer data)
{
    struct wal_point *point = data;

    g_free(point->name);
}

struct wal_index *wal_index_new(guint32 timeline, guint64 segment, guint32 segment_bytes)
{
    struct wal_index *index = g_new0(struct wal_index, 1);

    index->timeline = timeline;
    index->segment = segment;
    index->segment_bytes = segment_bytes;
    index->end_lsn = segment * segment_bytes;
    index->points = g_array_new(FALSE, TRUE, sizeof(struct wal_point));
    g_array_set_clear_func(index->points, point_clear);
    return index;
}

void wal_index_free(struct wal_index *index)
{
    g_array_unref(index->points);
    g_free(index);
}

/* ---- making it ---------------------------------------------------------------------------- */

static void add_end(struct wal_index *index, const struct wal_event *event)
{
    bool first = index->commits + index->aborts == 0;

    if (first) {
        index->first_us = index->earliest_us = index->latest_us = event->time_us;
        index->first_lsn = event->lsn;
        index->first_xid = index->lowest_xid = index->highest_xid = event->xid;
    }
    index->last_us = event->time_us;
    index->last_lsn = event->lsn;
    index->last_xid = event->xid;
    index->earliest_us = MIN(index->earliest_us, event->time_us);
    index->latest_us = MAX(index->latest_us, event->time_us);
    index->lowest_xid = MIN(index->lowest_xid, event->xid);
    index->highest_xid = MAX(index->highest_xid, event->xid);
    if (event->kind == WAL_COMMIT)
        index->commits++;
    else
        index->aborts++;
}

void wal_index_add(struct wal_index *index, const struct wal_event *event)
{
    if (event->kind == WAL_COMMIT || event->kind == WAL_ABORT) {
        add_end(index, event);
    } else if (event->kind == WAL_RESTORE_POINT) {
        struct wal_point point = {g_utf8_make_valid(event->name, -1), event->lsn,
                                  event->end_lsn, event->time_us};
        g_array_append_val(index->points, point);
    }
}

void wal_index_close(struct wal_index *index, const struct wal_reader *reader, bool whole)
{
    bool transaction = false;
    guint64 open = wal_reader_open(reader, &transaction);

    index->end_lsn = wal_reader_end(reader);
    index->open_lsn = transaction ? open : 0;
    wal_reader_join(reader, &index->join);
    index->joined = true;
    index->whole = whole;
}

void wal_index_visit(const struct wal_event *event, gpointer index)
{
    wal_index_add(index, event);
}

static bool is_timeline(const struct wal_index *index, const struct wal_reader *reader,
                        GError **error)
{
    guint32 timeline = wal_reader_timeline(reader);

    if (timeline <= index->timeline)
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, NULL,
                      "the segment belongs to timeline %u, its name says %u", timeline,
                      index->timeline);
    return false;
}

bool wal_index_finish(struct wal_index *index, const struct wal_reader *reader, gsize length,
                      GError **error)
{
    if (!is_timeline(index, reader, error))
        return false;
    wal_index_close(index, reader, length == index->segment_bytes && !wal_reader_over(reader));
    return true;
}

struct wal_index *wal_index_of(const guint8 *bytes, gsize length, guint32 timeline,
                               guint64 segment, guint32 segment_bytes, guint64 system,
                               GError **error)
{
    AUTO(wal_index) index = wal_index_new(timeline, segment, segment_bytes);
    AUTO(wal_reader)
    reader =
        wal_reader_new(segment * segment_bytes, segment_bytes, system, wal_index_visit, index);

    if (!wal_reader_feed(reader, bytes, length, error) ||
        !wal_index_finish(index, reader, length, error))
        return NULL;
    return g_steal_pointer(&index);
}

/* ---- as text ------------------------------------------------------------------------------ */

static void set_lsn(json_t *object, const char *key, guint64 lsn)
{
    g_autofree char *text = wal_lsn_format(lsn);

    json_object_set_new(object, key, json_string(text));
}

static void set_ends(json_t *object, const struct wal_index *index)
{
    json_object_set_new(object, "commits", json_integer(index->commits));
    json_object_set_new(object, "aborts", json_integer(index->aborts));
    if (index->commits + index->aborts == 0)
        return;
    json_object_set_new(object, "first_us", json_integer(index->first_us));
    json_object_set_new(object, "last_us", json_integer(index->last_us));
    json_object_set_new(object, "earliest_us", json_integer(index->earliest_us));
    json_object_set_new(object, "latest_us", json_integer(index->latest_us));
    set_lsn(object, "first_lsn", index->first_lsn);
    set_lsn(object, "last_lsn", index->last_lsn);
    json_object_set_new(object, "first_xid", json_integer(index->first_xid));
    json_object_set_new(object, "last_xid", json_integer(index->last_xid));
    json_object_set_new(object, "lowest_xid", json_integer(index->lowest_xid));
    json_object_set_new(object, "highest_xid", json_integer(index->highest_xid));
}

static void set_points(json_t *object, const struct wal_index *index)
{
    json_t *points = json_array();

    for (guint i = 0; i < index->points->len; i++) {
        const struct wal_point *point = &g_array_index(index->points, struct wal_point, i);
        json_t *item = json_object();
        json_object_set_new(item, "name", json_string(point->name));
        set_lsn(item, "lsn", point->lsn);
        set_lsn(item, "end_lsn", point->end_lsn);
        json_object_set_new(item, "time_us", json_integer(point->time_us));
        json_array_append_new(points, item);
    }
    json_object_set_new(object, "points", points);
}

static void set_join(json_t *object, const struct wal_index *index)
{
    json_t *join = json_object();

    if (index->join.anew)
        json_object_set_new(join, "anew", json_true());
    json_object_set_new(join, "carried", json_integer((json_int_t) index->join.carried));
    set_lsn(join, "previous", index->join.previous);
    set_lsn(join, "last", index->join.last);
    json_object_set_new(join, "left", json_integer((json_int_t) index->join.left));
    json_object_set_new(object, "join", join);
}

char *wal_index_text(const struct wal_index *index)
{
    json_t *object = json_object();
    char *text = NULL, *copy = NULL;

    json_object_set_new(object, "timeline", json_integer(index->timeline));
    json_object_set_new(object, "segment", json_integer((json_int_t) index->segment));
    json_object_set_new(object, "segment_bytes", json_integer(index->segment_bytes));
    json_object_set_new(object, "whole", json_boolean(index->whole));
    set_lsn(object, "end_lsn", index->end_lsn);
    set_lsn(object, "open_lsn", index->open_lsn);
    set_ends(object, index);
    set_points(object, index);
    if (index->joined)
        set_join(object, index);
    text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    copy = g_strdup(text);
    free(text);
    return copy;
}

/* A number in bounds; a missing one is 0, which not every bound allows. */
static gint64 number(const json_t *object, const char *key, gint64 least, gint64 most,
                     bool *good)
{
    const json_t *value = json_object_get(object, key);
    gint64 found = value == NULL ? 0 : json_integer_value(value);

    if ((value != NULL && !json_is_integer(value)) || found < least || found > most)
        *good = false;
    return found;
}

static guint64 lsn_of(const json_t *object, const char *key, bool *good)
{
    const json_t *value = json_object_get(object, key);
    guint64 lsn = 0;

    if (value != NULL &&
        (!json_is_string(value) || !wal_lsn_parse(json_string_value(value), &lsn)))
        *good = false;
    return lsn;
}

static void get_ends(const json_t *object, struct wal_index *index, bool *good)
{
    index->commits = (guint) number(object, "commits", 0, G_MAXINT32, good);
    index->aborts = (guint) number(object, "aborts", 0, G_MAXINT32, good);
    index->first_us = number(object, "first_us", G_MININT64, G_MAXINT64, good);
    index->last_us = number(object, "last_us", G_MININT64, G_MAXINT64, good);
    index->earliest_us = number(object, "earliest_us", G_MININT64, G_MAXINT64, good);
    index->latest_us = number(object, "latest_us", G_MININT64, G_MAXINT64, good);
    index->first_lsn = lsn_of(object, "first_lsn", good);
    index->last_lsn = lsn_of(object, "last_lsn", good);
    index->first_xid = (guint32) number(object, "first_xid", 0, G_MAXUINT32, good);
    index->last_xid = (guint32) number(object, "last_xid", 0, G_MAXUINT32, good);
    index->lowest_xid = (guint32) number(object, "lowest_xid", 0, G_MAXUINT32, good);
    index->highest_xid = (guint32) number(object, "highest_xid", 0, G_MAXUINT32, good);
}

static void get_points(const json_t *object, struct wal_index *index, bool *good)
{
    const json_t *points = json_object_get(object, "points"), *item = NULL;
    size_t i = 0;

    if (!json_is_array(points))
        *good = false;
    json_array_foreach(points, i, item)
    {
        const char *name = json_string_value(json_object_get(item, "name"));
        struct wal_point point = {NULL, lsn_of(item, "lsn", good),
                                  lsn_of(item, "end_lsn", good),
                                  number(item, "time_us", G_MININT64, G_MAXINT64, good)};
        if (name == NULL)
            *good = false;
        point.name = g_strdup(name != NULL ? name : "");
        g_array_append_val(index->points, point);
    }
}

static void get_join(const json_t *object, struct wal_index *index, bool *good)
{
    const json_t *join = json_object_get(object, "join");

    index->joined = join != NULL;
    if (!index->joined)
        return;
    *good = *good && json_is_object(join);
    index->join.anew = json_is_true(json_object_get(join, "anew"));
    index->join.carried = (guint64) number(join, "carried", 0, G_MAXUINT32, good);
    index->join.previous = lsn_of(join, "previous", good);
    index->join.last = lsn_of(join, "last", good);
    index->join.left = (guint64) number(join, "left", 0, G_MAXUINT32, good);
}

static struct wal_index *index_of_json(const json_t *object)
{
    bool good = json_is_object(object);
    guint32 segment_bytes = (guint32) number(object, "segment_bytes", 1 << 20, 1 << 30, &good);
    guint64 segment = (guint64) number(object, "segment", 0, G_MAXINT64, &good);
    guint32 timeline = (guint32) number(object, "timeline", 1, G_MAXUINT32, &good);

    if (!good || (segment_bytes & (segment_bytes - 1)) != 0 ||
        segment > G_MAXUINT64 / segment_bytes - 1)
        return NULL;
    AUTO(wal_index) index = wal_index_new(timeline, segment, segment_bytes);
    index->whole = json_is_true(json_object_get(object, "whole"));
    index->end_lsn = lsn_of(object, "end_lsn", &good);
    index->open_lsn = lsn_of(object, "open_lsn", &good);
    get_ends(object, index, &good);
    get_points(object, index, &good);
    get_join(object, index, &good);
    return good ? g_steal_pointer(&index) : NULL;
}

struct wal_index *wal_index_parse(const char *text, gsize length, GError **error)
{
    json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    struct wal_index *index = object != NULL ? index_of_json(object) : NULL;

    json_decref(object);
    if (index == NULL)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "the index of a segment is damaged");
    return index;
}
