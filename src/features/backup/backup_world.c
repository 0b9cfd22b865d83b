/* The planner's world out of a repository: indexes as stored behind each segment, events from the
 * bytes of the few segments that need it. */
#include "backup_world.h"

#include "backup_decide.h"
#include "backup_recoverable.h"
#include "error.h"
#include "interrupt.h"

/* Of the newest segments so many are looked into for what can be recovered: 4 GB of them. */
enum { LOOK_AT = 256 };

struct repo_world {
    struct target_world world;
    const struct lineage *lineage;
    GArray *segments;
    guint32 segment_bytes;
    guint64 system;
    GHashTable *indexes; /* of struct repo_segment (borrowed) → struct wal_index */
    GHashTable *damaged; /* the same → char *: their index could be read, their bytes not */
};

static GArray *repo_history(guint32 timeline, bool *ret_missing, gpointer data, GError **error)
{
    struct repo_world *repo = data;

    return lineage_history(repo->lineage, timeline, ret_missing, error);
}

static guint64 repo_broken(guint32 timeline, gpointer data)
{
    struct repo_world *repo = data;

    return lineage_broken(repo->lineage, timeline, NULL);
}

/* To the planner a segment that cannot be read is a gap, so it comes to an end at once; what it
 * then says is not used. */
static bool interrupted(GError **error)
{
    if (!interrupt_pending())
        return false;
    runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
    return true;
}

static const struct wal_index *repo_index(const struct repo_segment *segment, gpointer data,
                                          GError **error)
{
    struct repo_world *repo = data;
    struct wal_index *index = g_hash_table_lookup(repo->indexes, segment);

    if (index != NULL)
        return index;
    if (interrupted(error))
        return NULL;
    const char *known = g_hash_table_lookup(repo->damaged, segment);
    if (known != NULL) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "%s", known);
        return NULL;
    }
    index = lineage_segment_index(repo->lineage, segment, error);
    if (index != NULL)
        g_hash_table_insert(repo->indexes, (gpointer) (guintptr) segment, index);
    return index;
}

/* Where reading ended: a decision that is made once more meets a gap there. */
static bool spoilt(struct repo_world *repo, const struct repo_segment *segment, GError **error)
{
    bool told = error != NULL && *error != NULL;

    if (interrupt_pending())
        return false;
    g_hash_table_remove(repo->indexes, segment);
    g_hash_table_insert(repo->damaged, (gpointer) (guintptr) segment,
                        g_strdup(told ? (*error)->message : "damaged"));
    return false;
}

/* A segment that is read: its bytes, a part at a time. */
struct reading {
    const struct repo_segment *segment;
    struct segment_reader *file;
    guint8 part[SEGMENT_PART];
};

static void reading_free(struct reading *reading)
{
    segment_reader_free(reading->file);
    g_free(reading);
}
AUTO_DEFINE(reading, reading_free)

static struct reading *reading_new(const struct repo_world *repo,
                                   const struct repo_segment *segment, GError **error)
{
    struct segment_reader *file =
        interrupted(error)
            ? NULL
            : lineage_segment_open(repo->lineage, segment, repo->segment_bytes, error);

    if (file == NULL)
        return NULL;
    struct reading *reading = g_new(struct reading, 1);
    reading->segment = segment;
    reading->file = file;
    return reading;
}

static bool next_part(struct reading *reading, gsize *ret_length, GError **error)
{
    return segment_reader_next(reading->file, reading->part, SEGMENT_PART, ret_length, error);
}

/* What has arrived of a partial segment ends anywhere: its end is no error. */
static bool feed(struct wal_reader *reader, const struct reading *reading, gsize from,
                 gsize length, GError **error)
{
    g_autoptr(GError) broken = NULL;

    if (wal_reader_feed(reader, reading->part + from, length, &broken) ||
        reading->segment->partial)
        return true;
    g_propagate_error(error, g_steal_pointer(&broken));
    return false;
}

struct first_only {
    guint64 behind; /* the first byte that is not of the segment */
    void (*visit)(const struct wal_event *event, gpointer data);
    gpointer data;
};

static void visit_first(const struct wal_event *event, gpointer data)
{
    struct first_only *only = data;

    if (event->lsn < only->behind)
        only->visit(event, only->data);
}

static bool feed_all(struct wal_reader *reader, struct reading *reading, GError **error)
{
    gsize length = 0;

    do {
        if (!next_part(reading, &length, error) || !feed(reader, reading, 0, length, error))
            return false;
    } while (length > 0);
    return true;
}

/* Of the segment behind only what belongs to a record that began before; it is read to its end all
 * the same, to know that it is not damaged. */
static bool feed_crossing(struct wal_reader *reader, struct reading *reading, guint64 border,
                          GError **error)
{
    enum { STEP = 64 * 1024 };
    bool transaction = false;
    gsize length = 0;

    do {
        if (!next_part(reading, &length, error))
            return false;
        for (gsize at = 0; at < length; at += STEP) {
            guint64 open = wal_reader_open(reader, &transaction);
            if (open == 0 || open >= border)
                return segment_reader_drain(reading->file, error);
            if (!feed(reader, reading, at, MIN(STEP, length - at), error))
                return false;
        }
    } while (length > 0);
    return true;
}

static bool repo_events(const struct repo_segment *const *segments, guint count,
                        void (*visit)(const struct wal_event *event, gpointer data),
                        gpointer visit_data, gpointer data, GError **error)
{
    struct repo_world *repo = data;
    guint64 start = segments[0]->segment * repo->segment_bytes;
    struct first_only only = {
        .behind = start + repo->segment_bytes, .visit = visit, .data = visit_data};
    AUTO(wal_reader)
    reader = wal_reader_new(start, repo->segment_bytes, repo->system, visit_first, &only);
    AUTO(reading) first = reading_new(repo, segments[0], error);
    bool transaction = false;

    if (first == NULL || !feed_all(reader, first, error))
        return spoilt(repo, segments[0], error);
    if (count < 2 || wal_reader_open(reader, &transaction) == 0 || !transaction)
        return true;
    AUTO(reading) second = reading_new(repo, segments[1], error);
    return (second != NULL && feed_crossing(reader, second, only.behind, error)) ||
           spoilt(repo, segments[1], error);
}

static void visit_nothing(const struct wal_event *event, gpointer data)
{
    (void) event;
    (void) data;
}

struct record_search {
    guint64 lsn;   /* the record begins here or behind it */
    guint64 found; /* where it does; 0: it was not seen yet */
    guint64 end;   /* 0: not all of it was seen */
};

/* The reader tells of no record as such. A record is longer than a step of eight bytes, so that
 * step by step each is seen open once. coarse: before that place of the segment there is none. */
static bool search_segment(struct wal_reader *reader, struct reading *reading, gsize coarse,
                           struct record_search *search, GError **error)
{
    enum { STEP = 8 };
    bool transaction = false;
    gsize begin = 0, length = 0, step = 0;

    do {
        if (!next_part(reading, &length, error))
            return false;
        for (gsize at = 0; at < length; at += step) {
            step = begin + at < coarse ? coarse - begin - at : STEP;
            step = MIN(step, length - at);
            if (!feed(reader, reading, at, step, error))
                return false;
            guint64 open = wal_reader_open(reader, &transaction);
            if (search->found == 0 && open >= search->lsn)
                search->found = open;
            if (search->found == 0 || wal_reader_end(reader) <= search->found)
                continue;
            search->end = wal_reader_end(reader);
            return segment_reader_drain(reading->file, error);
        }
        begin += length;
    } while (length > 0);
    return true;
}

static bool repo_record(const struct repo_segment *const *segments, guint count, guint64 lsn,
                        guint64 *ret_lsn, guint64 *ret_end, gpointer data, GError **error)
{
    struct repo_world *repo = data;
    guint64 start = segments[0]->segment * repo->segment_bytes;
    AUTO(wal_reader)
    reader = wal_reader_new(start, repo->segment_bytes, repo->system, visit_nothing, NULL);
    struct record_search search = {.lsn = lsn};
    gsize coarse = lsn - start - (lsn - start) % 8192;

    *ret_lsn = 0;
    for (guint i = 0; i < count && search.end == 0; i++, coarse = 0) {
        AUTO(reading) one = reading_new(repo, segments[i], error);
        if (one == NULL || !search_segment(reader, one, coarse, &search, error))
            return spoilt(repo, segments[i], error);
    }
    if (search.end != 0) {
        *ret_lsn = search.found;
        *ret_end = search.end;
    }
    return true;
}

/* As restore_command gives them. */
static GArray *segments_to_recover(const struct lineage *lineage, GError **error)
{
    GArray *segments = lineage_segments(lineage, error);

    for (guint i = segments != NULL ? segments->len : 0; i > 0; i--)
        if (lineage_segment_copies(lineage,
                                   &g_array_index(segments, struct repo_segment, i - 1)))
            g_array_remove_index(segments, i - 1);
    return segments;
}

static void free_index(gpointer index)
{
    wal_index_free(index);
}

struct repo_world *repo_world_new(const struct lineage *lineage, const GPtrArray *backups,
                                  GError **error)
{
    struct repo_world *repo = g_new0(struct repo_world, 1);

    repo->lineage = lineage;
    repo->indexes = g_hash_table_new_full(NULL, NULL, NULL, free_index);
    repo->damaged = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    repo->segments = segments_to_recover(lineage, error);
    if (repo->segments == NULL ||
        !lineage_segment_bytes(lineage, &repo->segment_bytes, error)) {
        repo_world_free(repo);
        return NULL;
    }
    if (repo->segment_bytes == 0)
        repo->segment_bytes = 16 * 1024 * 1024;
    repo->system = g_ascii_strtoull(lineage_system(lineage), NULL, 10);
    repo->world = (struct target_world){.backups = backups,
                                        .segments = repo->segments,
                                        .segment_bytes = repo->segment_bytes,
                                        .newest = lineage_newest_timeline(lineage),
                                        .history = repo_history,
                                        .broken = repo_broken,
                                        .index = repo_index,
                                        .events = repo_events,
                                        .record = repo_record,
                                        .data = repo};
    return repo;
}

const struct target_world *repo_world_of(const struct repo_world *repo)
{
    return &repo->world;
}

void repo_world_free(struct repo_world *repo)
{
    if (repo == NULL)
        return;
    g_hash_table_unref(repo->indexes);
    g_hash_table_unref(repo->damaged);
    g_clear_pointer(&repo->segments, g_array_unref);
    g_free(repo);
}

struct restore_plan *restore_plan_make(const struct lineage *lineage, const GPtrArray *backups,
                                       const struct target *target, GError **error)
{
    AUTO(repo_world) repo = repo_world_new(lineage, backups, error);

    if (repo == NULL)
        return NULL;
    for (;;) {
        guint known = g_hash_table_size(repo->damaged);
        g_autoptr(GError) trouble = NULL;
        AUTO(restore_plan) plan = target_decide(&repo->world, target, &trouble);
        if (interrupted(error))
            return NULL;
        if (plan != NULL)
            return g_steal_pointer(&plan);
        if (g_hash_table_size(repo->damaged) == known) {
            g_propagate_error(error, g_steal_pointer(&trouble));
            return NULL;
        }
    }
}

struct recoverable *recoverable_find(const struct lineage *lineage, const GPtrArray *backups,
                                     GError **error)
{
    AUTO(repo_world) repo = repo_world_new(lineage, backups, error);

    if (repo == NULL)
        return NULL;
    repo->world.look_at = LOOK_AT;
    for (;;) {
        guint known = g_hash_table_size(repo->damaged);
        g_autoptr(GError) trouble = NULL;
        AUTO(recoverable) found = recoverable_decide(&repo->world, NULL, &trouble);
        if (interrupted(error))
            return NULL;
        if (found != NULL)
            return g_steal_pointer(&found);
        if (g_hash_table_size(repo->damaged) == known) {
            g_propagate_error(error, g_steal_pointer(&trouble));
            return NULL;
        }
    }
}

struct recoverable *recoverable_of(const struct lineage *lineage,
                                   const struct repo_backup *backup, GError **error)
{
    g_autoptr(GPtrArray) one = g_ptr_array_new();

    g_ptr_array_add(one, (gpointer) (guintptr) backup);
    return recoverable_find(lineage, one, error);
}
