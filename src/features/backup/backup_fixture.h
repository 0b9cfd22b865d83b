/*
 * Worlds of a few segments of 1 MiB, for tests of what is decided over them. Segment n of a
 * timeline begins at n MiB; times are seconds.
 */
#ifndef BACKUP_FIXTURE_H
#define BACKUP_FIXTURE_H

#include "backup_decide.h"

#include <string.h>

enum { MIB = 1 << 20 };

struct test_world {
    struct target_world world;
    GPtrArray *backups;
    GArray *segments;
    GPtrArray *indexes; /* beside segments */
    GArray *events;     /* of struct wal_event: one more, WAL_SWITCH, stands for any record */
    GHashTable *paths;  /* timeline → GArray */
    guint64 broken[8];
    guint damaged;      /* a segment of timeline 1; 0: none */
    guint32 unreadable; /* a timeline whose history is damaged; 0: none */
    guint looks, reads; /* indexes that were asked for, segments whose events were */
};

/* Text for a member that is not const; nothing of it is freed by what gets it. */
G_GNUC_UNUSED static char *text(const char *text)
{
    return (char *) (guintptr) g_intern_string(text);
}

static GArray *world_history(guint32 timeline, bool *ret_missing, gpointer data, GError **error)
{
    struct test_world *test = data;
    GArray *path = g_hash_table_lookup(test->paths, GUINT_TO_POINTER(timeline));

    *ret_missing = path == NULL && timeline != test->unreadable;
    if (timeline == test->unreadable) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "the history is damaged");
        return NULL;
    }
    if (path == NULL)
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "no such file, as the repository says it");
    return path != NULL ? g_array_ref(path) : NULL;
}

static guint64 world_broken(guint32 timeline, gpointer data)
{
    return ((struct test_world *) data)->broken[timeline];
}

static const struct wal_index *world_index(const struct repo_segment *segment, gpointer data,
                                           GError **error)
{
    struct test_world *test = data;

    test->looks++;
    if (segment->timeline == 1 && segment->segment == test->damaged && test->damaged != 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_IO, "damaged");
        return NULL;
    }
    for (guint i = 0; i < test->segments->len; i++) {
        const struct repo_segment *at = &g_array_index(test->segments, struct repo_segment, i);
        if (at->timeline == segment->timeline && at->segment == segment->segment)
            return test->indexes->pdata[i];
    }
    g_assert_not_reached();
}

static bool in(const struct repo_segment *segment, guint64 lsn)
{
    return lsn / MIB == segment->segment;
}

static bool world_events(const struct repo_segment *const *segments, guint count,
                         void (*visit)(const struct wal_event *event, gpointer data),
                         gpointer visit_data, gpointer data, GError **error)
{
    struct test_world *test = data;

    (void) error;
    test->reads++;
    for (guint i = 0; i < test->events->len; i++) {
        const struct wal_event *event = &g_array_index(test->events, struct wal_event, i);
        if (event->timeline == segments[0]->timeline && in(segments[0], event->lsn) &&
            (in(segments[0], event->end_lsn - 1) ||
             (count == 2 && in(segments[1], event->end_lsn - 1))))
            visit(event, visit_data);
    }
    return true;
}

static bool world_record(const struct repo_segment *const *segments, guint count, guint64 lsn,
                         guint64 *ret_lsn, guint64 *ret_end, gpointer data, GError **error)
{
    struct test_world *test = data;

    (void) error;
    *ret_lsn = 0;
    for (guint s = 0; s < count && *ret_lsn == 0; s++)
        for (guint i = 0; i < test->events->len && *ret_lsn == 0; i++) {
            const struct wal_event *event = &g_array_index(test->events, struct wal_event, i);
            if (event->timeline == segments[s]->timeline && in(segments[s], event->lsn) &&
                event->lsn >= lsn) {
                *ret_lsn = event->lsn;
                *ret_end = event->end_lsn;
            }
        }
    return true;
}

G_GNUC_UNUSED static void path_add(struct test_world *test, guint32 timeline,
                                   const struct wal_stretch *path, guint count)
{
    GArray *array = g_array_new(FALSE, FALSE, sizeof(struct wal_stretch));

    g_array_append_vals(array, path, count);
    g_hash_table_insert(test->paths, GUINT_TO_POINTER(timeline), array);
}

/* Texts besides the id are interned. */
G_GNUC_UNUSED static void backup_release(gpointer data)
{
    struct repo_backup *backup = data;

    g_free(backup->id);
    g_free(backup);
}

G_GNUC_UNUSED static struct test_world *test_new(void)
{
    struct test_world *test = g_new0(struct test_world, 1);
    const struct wal_stretch first = {.timeline = 1};

    test->backups = g_ptr_array_new_with_free_func(backup_release);
    test->segments = g_array_new(FALSE, FALSE, sizeof(struct repo_segment));
    test->indexes = g_ptr_array_new_with_free_func((GDestroyNotify) wal_index_free);
    test->events = g_array_new(FALSE, FALSE, sizeof(struct wal_event));
    test->paths = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify) g_array_unref);
    path_add(test, 1, &first, 1);
    test->world = (struct target_world){.backups = test->backups,
                                        .segments = test->segments,
                                        .segment_bytes = MIB,
                                        .newest = 1,
                                        .history = world_history,
                                        .broken = world_broken,
                                        .index = world_index,
                                        .events = world_events,
                                        .record = world_record,
                                        .data = test};
    return test;
}

G_GNUC_UNUSED static void test_free(struct test_world *test)
{
    g_ptr_array_unref(test->backups);
    g_array_unref(test->segments);
    g_ptr_array_unref(test->indexes);
    g_array_unref(test->events);
    g_hash_table_unref(test->paths);
    g_free(test);
}

G_GNUC_UNUSED static struct repo_backup *backup_add(struct test_world *test, const char *id,
                                                    guint32 timeline, guint64 start,
                                                    guint64 stop, gint64 stopped)
{
    struct repo_backup *backup = g_new0(struct repo_backup, 1);

    backup->id = g_strdup(id);
    backup->timeline = timeline;
    backup->start_lsn = start;
    backup->stop_lsn = stop;
    backup->stopped_us = stopped * G_USEC_PER_SEC;
    backup->size = 100;
    backup->recovery_seconds = -1;
    g_ptr_array_add(test->backups, backup);
    return backup;
}

G_GNUC_UNUSED static void event_add(struct test_world *test, enum wal_event_kind kind,
                                    guint32 timeline, guint64 lsn, guint32 xid, gint64 seconds,
                                    const char *name)
{
    struct wal_event event = {.kind = kind,
                              .timeline = timeline,
                              .lsn = lsn,
                              .end_lsn = lsn + 64,
                              .xid = xid,
                              .time_us = seconds * G_USEC_PER_SEC,
                              .name = name};
    g_array_append_val(test->events, event);
}

G_GNUC_UNUSED static void commit(struct test_world *test, guint64 lsn, guint32 xid,
                                 gint64 seconds)
{
    event_add(test, WAL_COMMIT, 1, lsn, xid, seconds, NULL);
}

/* Makes segments first to last of a timeline with the indexes of its events; the last one is
 * partial, its WAL ends behind its last event. */
G_GNUC_UNUSED static void segments_add(struct test_world *test, guint32 timeline, guint64 first,
                                       guint64 last, bool partial)
{
    for (guint64 number = first; number <= last; number++) {
        struct repo_segment segment = {.timeline = timeline,
                                       .segment = number,
                                       .partial = partial && number == last,
                                       .stored = 10};
        struct wal_index *index = wal_index_new(timeline, number, MIB);
        index->whole = !segment.partial;
        index->end_lsn = index->whole ? (number + 1) * MIB : number * MIB;
        for (guint i = 0; i < test->events->len; i++) {
            const struct wal_event *event = &g_array_index(test->events, struct wal_event, i);
            if (event->timeline != timeline || !in(&segment, event->lsn))
                continue;
            if (!in(&segment, event->end_lsn - 1))
                index->open_lsn = index->end_lsn = event->lsn;
            else
                wal_index_add(index, event);
            if (!index->whole)
                index->end_lsn = MAX(index->end_lsn, event->end_lsn);
        }
        g_array_append_val(test->segments, segment);
        g_ptr_array_add(test->indexes, index);
    }
}

static guint64 mib(double count)
{
    return (guint64) (count * MIB);
}

/* Two backups, commits each half segment from segment 2 on, one every ten seconds. */
G_GNUC_UNUSED static struct test_world *usual(void)
{
    struct test_world *test = test_new();

    for (guint i = 0; i < 16; i++)
        commit(test, mib(2 + i * 0.5), 700 + i, 100 + 10 * (gint64) i);
    backup_add(test, "A", 1, mib(2.25), mib(2.75), 115);
    backup_add(test, "B", 1, mib(6.25), mib(6.75), 195);
    segments_add(test, 1, 2, 9, true);
    return test;
}

/* Takes a segment's file away. */
G_GNUC_UNUSED static void segment_remove(struct test_world *test, guint32 timeline,
                                         guint64 number)
{
    for (guint i = 0; i < test->segments->len; i++) {
        const struct repo_segment *at = &g_array_index(test->segments, struct repo_segment, i);
        if (at->timeline == timeline && at->segment == number) {
            g_array_remove_index(test->segments, i);
            g_ptr_array_remove_index(test->indexes, i);
            return;
        }
    }
    g_assert_not_reached();
}

/* Timeline 2 left 1 at 4.2 MiB, in segment 4, of which it has its own file; 1 went on. */
G_GNUC_UNUSED static struct test_world *switched(void)
{
    struct test_world *test = usual();
    const struct wal_stretch path[] = {{.timeline = 1, .begin = 0, .end = mib(4.2)},
                                       {.timeline = 2, .begin = mib(4.2)}};

    path_add(test, 2, path, 2);
    test->world.newest = 2;
    event_add(test, WAL_COMMIT, 2, mib(4), 704, 140, NULL); /* copied */
    event_add(test, WAL_COMMIT, 2, mib(4.6), 705, 170, NULL);
    event_add(test, WAL_RESTORE_POINT, 2, mib(4.8), 0, 175, "only here");
    event_add(test, WAL_COMMIT, 2, mib(5), 900, 180, NULL);
    segments_add(test, 2, 4, 5, true);
    return test;
}

/* ---- plans ---------------------------------------------------------------------------------- */

G_GNUC_UNUSED static struct restore_plan *decide(struct test_world *test,
                                                 const struct target *target)
{
    g_autoptr(GError) error = NULL;
    struct restore_plan *plan = target_decide(&test->world, target, &error);

    g_assert_no_error(error);
    return plan;
}

G_GNUC_UNUSED static struct restore_plan *decide_time(struct test_world *test, double seconds)
{
    struct target target = {.kind = TARGET_TIME,
                            .value = text("as typed"),
                            .time_us = (gint64) (seconds * G_USEC_PER_SEC)};

    return decide(test, &target);
}

G_GNUC_UNUSED static struct restore_plan *decide_xid(struct test_world *test, guint32 xid)
{
    struct target target = {.kind = TARGET_XID, .value = text("x"), .xid = xid};

    return decide(test, &target);
}

G_GNUC_UNUSED static struct restore_plan *decide_lsn(struct test_world *test, guint64 lsn)
{
    g_autofree char *value = wal_lsn_format(lsn);
    struct target target = {.kind = TARGET_LSN, .value = value, .lsn = lsn};

    return decide(test, &target);
}

G_GNUC_UNUSED static struct restore_plan *decide_name(struct test_world *test, const char *name)
{
    struct target target = {.kind = TARGET_NAME, .value = text(name)};

    return decide(test, &target);
}

G_GNUC_UNUSED static void assert_lands(const struct restore_plan *plan, const char *backup,
                                       guint32 before, guint32 after)
{
    g_assert_cmpstr(plan->refusal, ==, NULL);
    g_assert_nonnull(plan->backup);
    g_assert_cmpstr(plan->backup->id, ==, backup);
    g_assert_cmpuint(plan->before.xid, ==, before);
    g_assert_cmpuint(plan->after.xid, ==, after);
}

G_GNUC_UNUSED static void assert_refused(const struct restore_plan *plan, const char *nearest)
{
    g_assert_nonnull(plan->refusal);
    g_assert_null(plan->backup);
    g_assert_cmpstr(plan->nearest, ==, nearest);
}

#endif
