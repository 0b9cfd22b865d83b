/*
 * Timelines that the way to a target leaves: a primary that went on after a standby was promoted, the
 * production beside a copy that was recovered to an earlier moment and whose WAL came here as well. The
 * server takes the newest timeline unasked, and what was committed on the others is silently not there.
 */
#include "backup_decide.h"

#include "error.h"

struct branch {
    guint32 timeline;
    guint64 lsn;           /* where it and the way part */
    struct landmark first; /* its first commit behind that */
    struct target_try try; /* of the same target along it */
};

/* 0: they have nothing in common, or one is the other. */
static guint64 parting(const GArray *way, const GArray *other)
{
    for (guint i = 0; i < way->len && i < other->len; i++) {
        const struct wal_stretch *left = &g_array_index(way, struct wal_stretch, i);
        const struct wal_stretch *right = &g_array_index(other, struct wal_stretch, i);
        if (left->timeline != right->timeline)
            return left->begin < right->begin ? left->begin : right->begin;
        if (left->end != right->end)
            return MIN(left->end == 0 ? G_MAXUINT64 : left->end,
                       right->end == 0 ? G_MAXUINT64 : right->end);
    }
    return 0;
}

/* What cannot be read of another timeline keeps nobody from this one. False with the error: it is
 * another kind of failure. Else *ret_why, which the caller frees, is why it cannot be told. */
static bool passed_over(GError *failure, char **ret_why, GError **error)
{
    if (g_error_matches(failure, RUNBOOK_ERROR, RUNBOOK_INTERRUPTED)) {
        g_propagate_error(error, failure);
        return false;
    }
    *ret_why = g_strdup(failure->message);
    g_error_free(failure);
    return true;
}

/* Where a timeline, of which try is to be made, leaves the way, and its first commit behind that. */
static bool look_at(const struct target_world *world, const struct target_try *way,
                    const struct target *target, struct branch *branch, GError **error)
{
    if (branch->timeline == way->timeline)
        return true;
    if (!target_try_make(world, target, branch->timeline, &branch->try, error))
        return false;
    if (branch->try.chain != NULL)
        branch->lsn = parting(way->chain->path, branch->try.chain->path);
    return branch->lsn == 0 || target_stop_after(branch->try.chain, branch->lsn, G_MAXUINT64,
                                                 &branch->first, error);
}

GArray *target_left(const struct target_world *world, const struct target_try *way,
                    GError **error)
{
    g_autoptr(GArray) timelines = target_timelines(world);
    g_autoptr(GArray) left = g_array_new(FALSE, FALSE, sizeof(struct target_left));
    const struct target anything = {.kind = TARGET_IMMEDIATE};

    for (guint i = 0; i < timelines->len; i++) {
        struct branch branch = {.timeline = g_array_index(timelines, guint32, i)};
        g_autofree char *why = NULL; /* `backup verify` finds it as well */
        GError *failure = NULL;
        bool fine = look_at(world, way, &anything, &branch, &failure) ||
                    passed_over(failure, &why, error);
        struct target_left one = {branch.timeline, branch.lsn, branch.first};
        if (fine && one.first.known)
            g_array_append_val(left, one);
        target_try_clear(&branch.try);
        if (!fine)
            return NULL;
    }
    return g_steal_pointer(&left);
}

/* Whether the branch has an answer of its own to the same target. */
static bool matters(const struct branch *branch, const struct target *target)
{
    switch (target->kind) {
    case TARGET_LATEST:
        return true;
    case TARGET_TIME:
        return branch->first.time_us <= target->time_us;
    case TARGET_LSN:
    case TARGET_XID:
    case TARGET_NAME:
        return branch->try.backup != NULL && branch->try.stop.place > branch->lsn;
    case TARGET_IMMEDIATE:
        break;
    }
    return false;
}

static void branch_note(const struct branch *branch, guint32 taken, struct restore_plan *plan)
{
    g_autofree char *what = target_text(&plan->target);
    g_autofree char *lsn = wal_lsn_format(branch->lsn);
    g_autofree char *when = target_time_format(branch->first.time_us, NULL);

    if (plan->target.kind == TARGET_TIME || plan->target.kind == TARGET_LATEST)
        target_add_note(
            plan,
            g_strdup_printf("timeline %u went on where this way leaves it, at LSN %s: what "
                            "was committed there from %s on will not be there "
                            "(--timeline %u has it)",
                            branch->timeline, lsn, when, branch->timeline));
    else
        target_add_note(plan, g_strdup_printf("%s is on timeline %u as well, and another one: "
                                              "this is that of timeline %u",
                                              what, branch->timeline, taken));
}

/* At that moment nothing of the way's own was committed yet, and the other timeline was at work:
 * whoever names the moment means that one. Along it, or to its end where that is before. */
static void branch_refuse(const struct branch *branch, guint32 taken, struct restore_plan *plan)
{
    struct target other = plan->target;
    g_autofree char *what = target_text(&plan->target);
    g_autofree char *when = target_time_format(branch->first.time_us, NULL);

    other.timeline = branch->timeline;
    if (branch->try.backup == NULL)
        other.kind = TARGET_LATEST;
    plan->nearest = target_as_options(&other);
    plan->refusal = g_strdup_printf(
        "at %s timeline %u was at work: what it committed from %s on is not on the way to "
        "timeline %u, which begins with a commit that is later (--timeline %u takes that all "
        "the same)",
        what, branch->timeline, when, taken, taken);
    plan->target.timeline = taken;
}

static bool branch_judge(const struct target_try *taken, const struct branch *branch,
                         struct restore_plan *plan, GError **error)
{
    struct landmark own = {.known = false};

    if (!branch->first.known || taken->stop.place <= branch->lsn ||
        !matters(branch, &plan->target))
        return true;
    if (!target_stop_before(taken->chain, branch->lsn, taken->stop.place, &own, error))
        return false;
    if (plan->target.kind == TARGET_TIME && !own.known) {
        branch_refuse(branch, taken->timeline, plan);
        return true;
    }
    branch_note(branch, taken->timeline, plan);
    return true;
}

bool target_branches(const struct target_world *world, const struct target_try *taken,
                     struct restore_plan *plan, GError **error)
{
    g_autoptr(GArray) timelines = target_timelines(world);
    bool fine = true;

    for (guint i = 0; fine && plan->refusal == NULL && i < timelines->len; i++) {
        struct branch branch = {.timeline = g_array_index(timelines, guint32, i)};
        g_autofree char *why = NULL;
        GError *failure = NULL;
        fine = look_at(world, taken, &plan->target, &branch, &failure)
                   ? branch_judge(taken, &branch, plan, error)
                   : passed_over(failure, &why, error);
        if (why != NULL)
            target_add_note(plan, g_strdup_printf("what timeline %u has cannot be told: %s",
                                                  branch.timeline, why));
        target_try_clear(&branch.try);
    }
    return fine;
}
