/* The planner's world out of a repository: indexes as stored behind each segment, events from the
 * bytes of the few segments that need it. */
#include "backup_world.h"

#include "backup_decide.h"
#include "backup_recoverable.h"
#include "error.h"
#include "interrupt.h"

#include <string.h>

/* Of the newest segments so many are looked into for what can be recovered: 4 GB of them. */
enum { LOOK_AT = 256 };

struct repo_world {
    struct target_world world;
    const struct lineage *lineage;
    GArray *segments;
    guint32 segment_bytes;
    guint64 system;
    GHashTable *indexes; /* of struct repo_segment (borrowed) → struct wal_index */
    guint8 *bytes;       /* of one segment, the last that was read */
    const struct repo_segment *held;
    gsize held_length;
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
    index = lineage_segment_index(repo->lineage, segment, error);
    if (index != NULL)
        g_hash_table_insert(repo->indexes, (gpointer) (guintptr) segment, index);
    return index;
}

static bool hold(struct repo_world *repo, const struct repo_segment *segment, GError **error)
{
    if (repo->held == segment)
        return true;
    if (interrupted(error))
        return false;
    repo->held = NULL;
    if (repo->bytes == NULL)
        repo->bytes = g_malloc(repo->segment_bytes);
    if (!lineage_segment_read(repo->lineage, segment, repo->bytes, repo->segment_bytes,
                              &repo->held_length, error))
        return false;
    repo->held = segment;
    return true;
}

/* What has arrived of a partial segment ends anywhere: its end is no error. */
static bool feed(struct wal_reader *reader, struct repo_world *repo,
                 const struct repo_segment *segment, gsize from, gsize length, GError **error)
{
    g_autoptr(GError) broken = NULL;

    if (wal_reader_feed(reader, repo->bytes + from, length, &broken) || segment->partial)
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

static bool repo_events(const struct repo_segment *const *segments, guint count,
                        void (*visit)(const struct wal_event *event, gpointer data),
                        gpointer visit_data, gpointer data, GError **error)
{
    enum { STEP = 64 * 1024 };
    struct repo_world *repo = data;
    guint64 start = segments[0]->segment * repo->segment_bytes;
    struct first_only only = {
        .behind = start + repo->segment_bytes, .visit = visit, .data = visit_data};
    AUTO(wal_reader)
    reader = wal_reader_new(start, repo->segment_bytes, repo->system, visit_first, &only);
    bool transaction = false;

    if (!hold(repo, segments[0], error) ||
        !feed(reader, repo, segments[0], 0, repo->held_length, error))
        return false;
    if (count < 2 || wal_reader_open(reader, &transaction) == 0 || !transaction)
        return true;
    if (!hold(repo, segments[1], error))
        return false;
    for (gsize at = 0; at < repo->held_length; at += STEP) {
        guint64 open = wal_reader_open(reader, &transaction);
        if (open == 0 || open >= only.behind)
            break;
        if (!feed(reader, repo, segments[1], at, MIN(STEP, repo->held_length - at), error))
            return false;
    }
    return true;
}

static void visit_nothing(const struct wal_event *event, gpointer data)
{
    (void) event;
    (void) data;
}

/* The reader tells of no record as such. A record is longer than a step of eight bytes, so that
 * step by step each is seen open once. */
static bool repo_record(const struct repo_segment *const *segments, guint count, guint64 lsn,
                        guint64 *ret_lsn, guint64 *ret_end, gpointer data, GError **error)
{
    enum { STEP = 8 };
    struct repo_world *repo = data;
    guint64 start = segments[0]->segment * repo->segment_bytes, found = 0;
    AUTO(wal_reader)
    reader = wal_reader_new(start, repo->segment_bytes, repo->system, visit_nothing, NULL);
    gsize coarse = lsn - start;
    bool transaction = false;

    *ret_lsn = 0;
    for (guint i = 0; i < count; i++, coarse = 0) {
        if (!hold(repo, segments[i], error))
            return false;
        coarse = MIN(coarse - coarse % 8192, repo->held_length);
        if (!feed(reader, repo, segments[i], 0, coarse, error))
            return false;
        for (gsize at = coarse; at < repo->held_length; at += STEP) {
            if (!feed(reader, repo, segments[i], at, MIN(STEP, repo->held_length - at), error))
                return false;
            guint64 open = wal_reader_open(reader, &transaction);
            if (found == 0 && open >= lsn)
                found = open;
            if (found != 0 && wal_reader_end(reader) > found) {
                *ret_lsn = found;
                *ret_end = wal_reader_end(reader);
                return true;
            }
        }
    }
    return true;
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
    repo->segments = lineage_segments(lineage, error);
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
    g_clear_pointer(&repo->segments, g_array_unref);
    g_free(repo->bytes);
    g_free(repo);
}

struct restore_plan *restore_plan_make(const struct lineage *lineage, const GPtrArray *backups,
                                       const struct target *target, GError **error)
{
    AUTO(repo_world) repo = repo_world_new(lineage, backups, error);

    AUTO(restore_plan) plan = repo != NULL ? target_decide(&repo->world, target, error) : NULL;
    if (plan == NULL || interrupted(error))
        return NULL;
    return g_steal_pointer(&plan);
}

struct recoverable *recoverable_find(const struct lineage *lineage, const GPtrArray *backups,
                                     GError **error)
{
    AUTO(repo_world) repo = repo_world_new(lineage, backups, error);

    if (repo == NULL)
        return NULL;
    repo->world.look_at = LOOK_AT;
    AUTO(recoverable) found = recoverable_decide(repo_world_of(repo), NULL, error);
    if (found == NULL || interrupted(error))
        return NULL;
    return g_steal_pointer(&found);
}

struct recoverable *recoverable_of(const struct lineage *lineage,
                                   const struct repo_backup *backup, GError **error)
{
    g_autoptr(GPtrArray) one = g_ptr_array_new();

    g_ptr_array_add(one, (gpointer) (guintptr) backup);
    return recoverable_find(lineage, one, error);
}
