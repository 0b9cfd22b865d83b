#include "backup_recoverable.h"

#include "backup_decide.h"
#include "out/document.h"

enum { MOST_TIMED = 50 };

static void gap_clear(gpointer data)
{
    g_free(((struct recoverable_gap *) data)->text);
}

static struct recoverable *recoverable_new(void)
{
    struct recoverable *recoverable = g_new0(struct recoverable, 1);

    recoverable->gaps = g_array_new(FALSE, FALSE, sizeof(struct recoverable_gap));
    recoverable->left = g_array_new(FALSE, FALSE, sizeof(struct target_left));
    g_array_set_clear_func(recoverable->gaps, gap_clear);
    return recoverable;
}

void recoverable_free(struct recoverable *recoverable)
{
    if (recoverable == NULL)
        return;
    g_array_unref(recoverable->gaps);
    g_array_unref(recoverable->left);
    g_free(recoverable);
}

static bool counts(const struct repo_backup *backup, const struct repo_backup *only,
                   const GArray *path)
{
    return target_usable(backup) && (only == NULL || only == backup) &&
           wal_history_leads(path, backup->timeline, backup->stop_lsn);
}

/* ---- gaps --------------------------------------------------------------------------------- */

/* The last commit or abort before a place and the first commit behind another. */
static bool gap_times(const struct target_chain *chain, struct recoverable_gap *gap,
                      GError **error)
{
    guint64 bytes = chain->world->segment_bytes;
    struct landmark before = {.known = false}, after = {.known = false};

    if (!target_stop_last(chain, chain->first * bytes, gap->from_lsn, &before, error))
        return false;
    if (gap->to_lsn != 0 && !target_stop_after(chain, gap->to_lsn, G_MAXUINT64, &after, error))
        return false;
    gap->from_us = before.known ? before.time_us : 0;
    gap->to_us = after.known ? after.time_us : 0;
    return true;
}

static bool gap_add(const struct target_chain *chain, struct recoverable *recoverable,
                    struct recoverable_gap gap, GError **error)
{
    guint64 bytes = chain->world->segment_bytes;
    guint32 timeline = wal_history_at(chain->path, gap.from_lsn);
    g_autofree char *from = wal_lsn_format(gap.from_lsn);
    char first[WAL_NAME_BYTES], last[WAL_NAME_BYTES];

    gap.timeline = timeline;
    /* Each of them reads two segments; nobody reads the times of hundreds. */
    if (recoverable->gaps->len < MOST_TIMED && !gap_times(chain, &gap, error))
        return false;
    wal_segment_name(timeline, gap.first, (guint32) bytes, first);
    wal_segment_name(timeline, gap.last, (guint32) bytes, last);
    if (gap.first > gap.last)
        gap.text = g_strdup_printf("timeline %u is broken from LSN %s on: WAL was lost",
                                   timeline, from);
    else if (gap.first == gap.last)
        gap.text = g_strdup_printf("WAL segment %s is not there, or not whole", first);
    else
        gap.text = g_strdup_printf("WAL segments %s to %s are not there", first, last);
    g_array_append_val(recoverable->gaps, gap);
    return true;
}

/* Whether WAL goes on behind a segment's file. */
static bool is_whole(const struct target_chain *chain, guint64 number)
{
    const struct repo_segment *link = target_chain_link(chain, number);

    return link != NULL && !link->partial;
}

/* Runs of segments that are not there, from the oldest backup's first on. What is at the very end
 * is still arriving. */
static bool find_gaps(const struct target_chain *chain, guint64 from_lsn,
                      struct recoverable *recoverable, GError **error)
{
    guint64 bytes = chain->world->segment_bytes, behind = target_chain_behind(chain);

    for (guint64 number = from_lsn / bytes; number + 1 < behind; number++) {
        struct recoverable_gap gap = {.first = number, .from_lsn = number * bytes};
        if (is_whole(chain, number))
            continue;
        while (number + 2 < behind && !is_whole(chain, number + 1))
            number++;
        gap.last = number;
        gap.to_lsn = (number + 1) * bytes;
        if (!gap_add(chain, recoverable, gap, error))
            return false;
    }
    return true;
}

static bool find_broken(const struct target_chain *chain, guint64 from_lsn,
                        struct recoverable *recoverable, GError **error)
{
    const struct target_world *world = chain->world;

    for (guint i = 0; i < chain->path->len; i++) {
        const struct wal_stretch *stretch = &g_array_index(chain->path, struct wal_stretch, i);
        struct recoverable_gap gap = {.first = 1, .last = 0};
        gap.from_lsn = world->broken(stretch->timeline, world->data);
        if (gap.from_lsn > from_lsn && gap.from_lsn >= stretch->begin &&
            (stretch->end == 0 || gap.from_lsn < stretch->end) &&
            !gap_add(chain, recoverable, gap, error))
            return false;
    }
    return true;
}

/* ---- from and to -------------------------------------------------------------------------- */

/* From the oldest backup from which the WAL goes without a gap as far as it goes from any. */
static bool find_range(const struct target_chain *chain, const struct repo_backup *only,
                       struct recoverable *recoverable, GError **error)
{
    const struct target_world *world = chain->world;
    guint64 oldest_start = G_MAXUINT64;
    struct landmark last = {.known = false};
    gint64 earliest_us = 0;

    for (guint i = 0; i < world->backups->len; i++) {
        const struct repo_backup *backup = world->backups->pdata[i];
        if (!counts(backup, only, chain->path))
            continue;
        struct target_reach reach = target_chain_reach(chain, backup->start_lsn);
        oldest_start = MIN(oldest_start, backup->start_lsn);
        if (reach.end_lsn < backup->stop_lsn ||
            (recoverable->known && reach.end_lsn <= recoverable->to_lsn))
            continue;
        recoverable->known = true;
        recoverable->timeline = reach.timeline;
        recoverable->oldest = backup;
        recoverable->from_lsn = backup->stop_lsn;
        recoverable->from_us = backup->stopped_us;
        recoverable->to_lsn = reach.end_lsn;
    }
    if (oldest_start == G_MAXUINT64)
        return true;
    if (!find_gaps(chain, oldest_start, recoverable, error) ||
        !find_broken(chain, oldest_start, recoverable, error))
        return false;
    if (!recoverable->known)
        return true;
    if (!target_stop_last(chain, recoverable->oldest->start_lsn, recoverable->to_lsn, &last,
                          error) ||
        !target_stop_earliest(chain, recoverable->oldest, &earliest_us, error))
        return false;
    recoverable->from_us = MAX(recoverable->from_us, earliest_us - 1);
    /* Where nothing was committed behind the backup its own end is all there is. */
    recoverable->to_us =
        last.known ? MAX(last.time_us, recoverable->from_us) : recoverable->from_us;
    return true;
}

/* Without its history nobody knows where a timeline comes from, and its WAL leads nowhere. */
static void note_lost_history(const struct target_world *world, guint32 timeline,
                              struct recoverable *recoverable)
{
    struct recoverable_gap gap = {.timeline = timeline, .first = 1, .last = 0};

    for (guint i = 0; i < world->segments->len && gap.from_lsn == 0; i++) {
        const struct repo_segment *at = &g_array_index(world->segments, struct repo_segment, i);
        if (at->timeline == timeline)
            gap.from_lsn = at->segment * world->segment_bytes;
    }
    gap.text =
        g_strdup_printf("the history of timeline %u is not there (%08X.history): its WAL "
                        "and its backups lead nowhere",
                        timeline, timeline);
    g_array_append_val(recoverable->gaps, gap);
}

static bool find_left(const struct target_world *world, const struct target_try *way,
                      struct recoverable *recoverable, GError **error)
{
    GArray *left = target_left(world, way, error);

    if (left == NULL)
        return false;
    g_array_unref(recoverable->left);
    recoverable->left = left;
    return true;
}

/* The newest timeline that a backup leads to. */
struct recoverable *recoverable_decide(const struct target_world *world,
                                       const struct repo_backup *only, GError **error)
{
    g_autoptr(GArray) timelines = target_timelines(world);
    AUTO(recoverable) recoverable = recoverable_new();

    for (guint i = 0; i < timelines->len; i++) {
        struct target target = {.kind = TARGET_IMMEDIATE,
                                .backup = only != NULL ? only->id : NULL};
        struct target_try try = {.timeline = 0};
        bool fine =
            target_try_make(world, &target, g_array_index(timelines, guint32, i), &try, error);
        bool leads = fine && try.fit > 0;
        if (fine && try.chain == NULL && only == NULL)
            note_lost_history(world, g_array_index(timelines, guint32, i), recoverable);
        if (leads)
            fine = find_range(try.chain, only, recoverable, error) &&
                   find_left(world, &try, recoverable, error);
        target_try_clear(&try);
        if (!fine)
            return NULL;
        if (leads)
            break;
    }
    return g_steal_pointer(&recoverable);
}

/* ---- documents ---------------------------------------------------------------------------- */

static json_t *lsn_json(guint64 lsn)
{
    g_autofree char *text = lsn != 0 ? wal_lsn_format(lsn) : NULL;

    return document_text(text);
}

/* The first millisecond that is in it: what is cut off lies before the backup's end. */
static gint64 first_whole(gint64 wall_us)
{
    enum { STEP_US = 1000 };

    return (wall_us + STEP_US - 1) / STEP_US * STEP_US;
}

json_t *recoverable_json(const struct recoverable *recoverable)
{
    if (!recoverable->known)
        return json_null();
    gint64 from_us = first_whole(recoverable->from_us);

    return json_pack("{s:o, s:o, s:o, s:o, s:i}", "from", document_time(from_us), "to",
                     document_time(MAX(from_us, recoverable->to_us)), "from_lsn",
                     lsn_json(recoverable->from_lsn), "to_lsn", lsn_json(recoverable->to_lsn),
                     "timeline", (int) recoverable->timeline);
}

json_t *recoverable_gaps_json(const struct recoverable *recoverable)
{
    json_t *gaps = json_array();

    for (guint i = 0; i < recoverable->gaps->len; i++) {
        const struct recoverable_gap *gap =
            &g_array_index(recoverable->gaps, struct recoverable_gap, i);
        json_array_append_new(
            gaps, json_pack("{s:i, s:o, s:o, s:o, s:o, s:I, s:o}", "timeline",
                            (int) gap->timeline, "from_lsn", lsn_json(gap->from_lsn), "to_lsn",
                            lsn_json(gap->to_lsn), "from", document_time(gap->from_us), "to",
                            document_time(gap->to_us), "segments",
                            gap->first > gap->last ? (json_int_t) 0
                                                   : (json_int_t) (gap->last - gap->first + 1),
                            "text", document_text(gap->text)));
    }
    return gaps;
}

json_t *recoverable_left_json(const struct recoverable *recoverable)
{
    json_t *all = json_array();

    for (guint i = 0; i < recoverable->left->len; i++) {
        const struct target_left *left =
            &g_array_index(recoverable->left, struct target_left, i);
        json_array_append_new(all, json_pack("{s:i, s:o, s:o}", "timeline",
                                             (int) left->timeline, "lsn", lsn_json(left->lsn),
                                             "from", document_time(left->first.time_us)));
    }
    return all;
}
