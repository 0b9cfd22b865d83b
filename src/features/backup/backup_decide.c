#include "backup_decide.h"

#include <string.h>

bool target_usable(const struct repo_backup *backup)
{
    return backup->trouble == NULL && backup->proof != REPO_DAMAGED;
}

bool target_wanted(const struct repo_backup *backup, const char *only)
{
    if (only == NULL)
        return target_usable(backup);
    return (backup->trouble == NULL || backup->cut) && strcmp(backup->id, only) == 0;
}

void target_try_clear(struct target_try *try)
{
    g_clear_pointer(&try->chain, target_chain_free);
}

static gint newest_first(gconstpointer left, gconstpointer right)
{
    guint32 a = *(const guint32 *) left, b = *(const guint32 *) right;

    return a < b ? 1 : a > b ? -1 : 0;
}

static void add_timeline(GArray *timelines, guint32 timeline)
{
    for (guint i = 0; i < timelines->len; i++)
        if (g_array_index(timelines, guint32, i) == timeline)
            return;
    g_array_append_val(timelines, timeline);
}

GArray *target_timelines(const struct target_world *world)
{
    GArray *timelines = g_array_new(FALSE, FALSE, sizeof(guint32));

    for (guint i = 0; i < world->backups->len; i++) {
        const struct repo_backup *backup = world->backups->pdata[i];
        if (target_usable(backup))
            add_timeline(timelines, backup->timeline);
    }
    for (guint i = 0; i < world->segments->len; i++)
        add_timeline(timelines,
                     g_array_index(world->segments, struct repo_segment, i).timeline);
    g_array_sort(timelines, newest_first);
    return timelines;
}

/* The timelines of the backups alone: a target that does not leave its backup's. */
static GArray *backup_timelines(const struct target_world *world, const char *only)
{
    GArray *timelines = g_array_new(FALSE, FALSE, sizeof(guint32));

    for (guint i = world->backups->len; i > 0; i--) {
        const struct repo_backup *backup = world->backups->pdata[i - 1];
        if (target_wanted(backup, only))
            add_timeline(timelines, backup->timeline);
    }
    g_array_sort(timelines, newest_first);
    return timelines;
}

static bool fits(const struct repo_backup *backup, const struct target *target,
                 const GArray *path)
{
    return target_wanted(backup, target->backup) &&
           wal_history_leads(path, backup->timeline, backup->stop_lsn);
}

/* The chain begins where the oldest WAL does that leads here, so that the commit before the place
 * is found also where it is older than the backup. */
static guint64 chain_first(const struct target_world *world, const GArray *path)
{
    guint64 first = G_MAXUINT64;

    for (guint i = 0; i < world->segments->len; i++) {
        const struct repo_segment *at = &g_array_index(world->segments, struct repo_segment, i);
        if (wal_history_leads(path, at->timeline, at->segment * world->segment_bytes))
            first = MIN(first, at->segment);
    }
    for (guint i = 0; i < world->backups->len; i++) {
        const struct repo_backup *backup = world->backups->pdata[i];
        if (backup->trouble == NULL)
            first = MIN(first, backup->start_lsn / world->segment_bytes);
    }
    return first == G_MAXUINT64 ? 0 : first;
}

/* What comes of a recovery that begins with this backup. */
static void note_stop(struct target_try *try, const struct repo_backup *backup,
                      const struct target_stop *stop)
{
    if (stop->ends == TARGET_REACHED)
        try->backup = backup;
    else if (stop->ends == TARGET_TOO_EARLY)
        try->early = backup;
    else if (stop->ends == TARGET_NO_WAL && try->dry == NULL)
        try->dry = backup;
    if (stop->ends == TARGET_REACHED || (stop->ends == TARGET_NEVER && try->late == NULL))
        try->stop = *stop;
    if (stop->ends != TARGET_NEVER)
        return;
    if (try->late == NULL)
        try->late = backup;
    try->oldest = backup;
    if (stop->reach.cut && !try->cut) {
        try->cut = true;
        try->gap = stop->reach;
    }
}

bool target_try_make(const struct target_world *world, const struct target *target,
                     guint32 timeline, struct target_try *ret_try, GError **error)
{
    struct target_try try = {.timeline = timeline};
    bool missing = false;
    g_autoptr(GError) failure = NULL;
    GArray *path = world->history(timeline, &missing, world->data, &failure);

    *ret_try = try;
    if (path == NULL && !missing)
        g_propagate_error(error, g_steal_pointer(&failure));
    if (path == NULL)
        return missing; /* a refusal, not an error: there is no such timeline */
    try.chain = target_chain_new(world, path, chain_first(world, path));
    for (guint i = world->backups->len; try.backup == NULL && i > 0; i--) {
        const struct repo_backup *backup = world->backups->pdata[i - 1];
        struct target_stop stop;
        if (!fits(backup, target, path))
            continue;
        try.fit++;
        if (!target_stop_find(try.chain, backup, target, &stop, error)) {
            target_try_clear(&try);
            return false;
        }
        note_stop(&try, backup, &stop);
    }
    *ret_try = try;
    return true;
}

/* ---- the plan of a target that can be reached --------------------------------------------- */

static void fill_path(const struct target_try *try, struct restore_plan *plan)
{
    for (guint i = 0; i < try->chain->path->len; i++) {
        struct wal_stretch stretch = g_array_index(try->chain->path, struct wal_stretch, i);
        if (stretch.end == 0 || stretch.end > try->backup->start_lsn)
            g_array_append_val(plan->path, stretch);
    }
}

static void fill_needed(const struct target_try *try, struct restore_plan *plan)
{
    guint64 bytes = try->chain->world->segment_bytes;

    plan->bytes = try->backup->size;
    plan->stored = try->backup->stored;
    for (guint64 number = try->backup->start_lsn / bytes; number * bytes < try->stop.read_lsn;
         number++) {
        const struct repo_segment *link = target_chain_link(try->chain, number);
        if (link == NULL)
            continue;
        g_array_append_val(plan->needed, *link);
        plan->bytes += bytes;
        plan->stored += link->stored;
    }
}

/* A drill's time is the truth, scaled by how much there is to write; before the first drill the
 * time the backup took, which reads and compresses as much as a restore writes. */
static double predict(const struct target_world *world, const struct restore_plan *plan)
{
    double seconds = 0;

    for (guint i = world->backups->len; i > 0; i--) {
        const struct repo_backup *backup = world->backups->pdata[i - 1];
        if (backup->recovery_seconds > 0 && backup->size > 0)
            return backup->recovery_seconds * (double) plan->bytes / (double) backup->size;
    }
    for (guint i = 0; plan->backup->phases != NULL && i < plan->backup->phases->len; i++)
        seconds += g_array_index(plan->backup->phases, struct repo_phase, i).seconds;
    if (seconds <= 0 || plan->backup->size == 0)
        return -1;
    return seconds * (double) plan->bytes / (double) plan->backup->size;
}

void target_add_note(struct restore_plan *plan, char *text)
{
    g_autofree char *before = plan->note, *added = text;

    plan->note =
        before != NULL ? g_strdup_printf("%s; %s", before, added) : g_steal_pointer(&added);
}

static void note_damage(struct restore_plan *plan)
{
    const struct repo_backup *backup = plan->backup;
    const char *how = backup->trouble != NULL      ? backup->trouble
                      : backup->proof_text != NULL ? backup->proof_text
                                                   : "nobody has said how";

    if (backup->trouble != NULL || backup->proof == REPO_DAMAGED)
        target_add_note(plan, g_strdup_printf("the backup is known to be damaged: %s", how));
}

/* Where the clock was set back the server stops at the first commit that is later than the target,
 * and what was committed after that, with an earlier time, is not there. */
static void note_clock(const struct target_world *world, const struct target_try *try,
                       struct restore_plan *plan)
{
    for (guint64 number = try->stop.place / world->segment_bytes + 1;
         plan->target.kind == TARGET_TIME &&
         number * world->segment_bytes < try->stop.reach.end_lsn;
         number++) {
        const struct repo_segment *link = target_chain_link(try->chain, number);
        const struct wal_index *index =
            link != NULL ? world->index(link, world->data, NULL) : NULL;
        if (index == NULL || index->commits == 0 ||
            index->earliest_us > plan->target.time_us - G_USEC_PER_SEC)
            continue;
        target_add_note(
            plan, g_strdup("the clock was set back: behind this place there are commits whose "
                           "time is before the target, and they will not be there"));
        return;
    }
}

static bool fill(const struct target_world *world, const struct target_try *try,
                 struct restore_plan *plan, GError **error)
{
    struct landmark last = {.known = false};
    guint64 first = try->chain->first * world->segment_bytes;

    plan->backup = try->backup;
    plan->target.timeline = try->timeline;
    plan->end_lsn = try->stop.end_lsn;
    plan->cut = try->stop.reach.cut;
    plan->end_timeline = wal_history_at(try->chain->path, MAX(plan->end_lsn, 1) - 1);
    fill_path(try, plan);
    fill_needed(try, plan);
    plan->seconds = predict(world, plan);
    note_damage(plan);
    note_clock(world, try, plan);
    char *namesakes =
        plan->target.kind == TARGET_NAME ? target_namesakes(try, plan->target.value) : NULL;
    if (namesakes != NULL)
        target_add_note(plan, namesakes);
    if (!target_stop_before(try->chain, first, try->stop.place, &plan->before, error) ||
        !target_stop_last(try->chain, try->backup->start_lsn, try->stop.timed, &last, error))
        return false;
    plan->last_us = last.known ? last.time_us : 0;
    return plan->target.kind == TARGET_LATEST ||
           target_stop_after(try->chain, try->stop.place, try->stop.reach.end_lsn, &plan->after,
                             error);
}

static struct restore_plan *plan_new(const struct target *target)
{
    struct restore_plan *plan = g_new0(struct restore_plan, 1);

    plan->target = *target;
    plan->target.value = g_strdup(target->value);
    plan->target.backup = g_strdup(target->backup);
    plan->path = g_array_new(FALSE, FALSE, sizeof(struct wal_stretch));
    plan->needed = g_array_new(FALSE, FALSE, sizeof(struct repo_segment));
    plan->missing = g_ptr_array_new_with_free_func(g_free);
    plan->seconds = -1;
    return plan;
}

void restore_plan_free(struct restore_plan *plan)
{
    if (plan == NULL)
        return;
    target_clear(&plan->target);
    g_free(plan->refusal);
    g_free(plan->nearest);
    g_free(plan->note);
    g_array_unref(plan->path);
    g_array_unref(plan->needed);
    g_ptr_array_unref(plan->missing);
    g_free(plan);
}

/* The timelines to try, the first one being what was asked for. */
static GArray *timelines_of(const struct target_world *world, const struct target *target)
{
    GArray *timelines = NULL;

    if (target->timeline == TARGET_TIMELINE_CURRENT ||
        (target->kind == TARGET_IMMEDIATE && target->timeline == 0))
        return backup_timelines(world, target->backup);
    timelines = g_array_new(FALSE, FALSE, sizeof(guint32));
    guint32 timeline = target->timeline != 0 ? target->timeline : MAX(world->newest, 1);
    g_array_append_val(timelines, timeline);
    return timelines;
}

struct restore_plan *target_decide(const struct target_world *world,
                                   const struct target *target, GError **error)
{
    AUTO(restore_plan) plan = plan_new(target);
    g_autoptr(GArray) timelines = timelines_of(world, target);
    struct target_try first = {.timeline = 0};
    bool fine = true, found = false;

    for (guint i = 0; fine && !found && i < timelines->len; i++) {
        struct target_try try = {.timeline = 0};
        fine =
            target_try_make(world, target, g_array_index(timelines, guint32, i), &try, error);
        found = fine && try.backup != NULL;
        if (found && target->timeline == 0)
            fine = target_branches(world, &try, plan, error);
        if (fine && found && plan->refusal == NULL)
            fine = fill(world, &try, plan, error);
        if (i == 0)
            first = try;
        else
            target_try_clear(&try);
    }
    if (fine && !found)
        fine = target_refuse(world, &first, plan, error);
    target_try_clear(&first);
    return fine ? g_steal_pointer(&plan) : NULL;
}
