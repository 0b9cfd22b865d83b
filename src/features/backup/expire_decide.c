/* What may go, and why the rest stays. */
#include "expire.h"

const char *expire_verdict_text(enum expire_verdict verdict)
{
    static const char *const texts[] = {
        "stays: among the newest",
        "stays: within the time to be kept",
        "stays: the last that was proved by a restore",
        "stays: older than a damaged one",
        "stays: damaged, --damaged would remove it",
        "stays: it is being restored",
        "stays: not all of its WAL is there, verify looks into it",
        "goes",
    };
    return texts[verdict];
}

void expire_plan_free(struct expire_plan *plan)
{
    g_array_unref(plan->verdicts);
    g_free(plan);
}

static const struct repo_backup *at(const GPtrArray *backups, guint i)
{
    return backups->pdata[i];
}

static enum expire_verdict *verdict_of(struct expire_plan *plan, guint i)
{
    return &g_array_index(plan->verdicts, enum expire_verdict, i);
}

/* Where nothing speaks against it: that it goes. How far its segments go is enough here: whether
 * their bytes are whole `verify` knows. WAL that is not there may be on its way. */
static enum expire_verdict judge(const struct repo_backup *backup, const GArray *segments)
{
    if (backup->system == NULL || repository_proof(backup) == REPO_DAMAGED)
        return EXPIRE_DAMAGED;
    return repository_lacks_wal(segments, backup, NULL) ? EXPIRE_LACKS : EXPIRE_GOES;
}

static bool counts(enum expire_verdict verdict)
{
    return verdict != EXPIRE_DAMAGED && verdict != EXPIRE_LACKS;
}

/* ---- backups ------------------------------------------------------------------------------ */

/* From the newest on: so many, and as far back as the time reaches. The first one that ended before
 * the time to be kept is where that time's recoveries begin. */
static void keep_newest(struct expire_plan *plan, const GPtrArray *backups,
                        const GArray *segments, const struct expire_rules *rules)
{
    guint kept = 0;
    gint64 cutoff_us = rules->now_us - rules->keep_time_us;
    bool covered = rules->keep_time_us == 0;
    for (guint i = backups->len; i > 0; i--) {
        const struct repo_backup *backup = at(backups, i - 1);
        *verdict_of(plan, i - 1) = judge(backup, segments);
        if (!counts(*verdict_of(plan, i - 1)))
            continue;
        if (kept < rules->keep)
            *verdict_of(plan, i - 1) = EXPIRE_COUNT;
        else if (!covered)
            *verdict_of(plan, i - 1) = EXPIRE_TIME;
        kept++;
        covered = covered || backup->stopped_us <= cutoff_us;
    }
    plan->none_good = kept == 0;
}

static void keep_last_proven(struct expire_plan *plan, const GPtrArray *backups)
{
    for (guint i = backups->len; i > 0; i--) {
        if (!counts(*verdict_of(plan, i - 1)) ||
            repository_proof(at(backups, i - 1)) != REPO_PROVEN)
            continue;
        if (*verdict_of(plan, i - 1) == EXPIRE_GOES)
            *verdict_of(plan, i - 1) = EXPIRE_PROVEN;
        return;
    }
}

/* What cannot be read stands last, so it counts as the newest: nothing below it goes. */
static void keep_below_damaged(struct expire_plan *plan)
{
    bool below = false;
    for (guint i = plan->verdicts->len; i > 0; i--) {
        if (!counts(*verdict_of(plan, i - 1)))
            below = true;
        else if (below && *verdict_of(plan, i - 1) == EXPIRE_GOES)
            *verdict_of(plan, i - 1) = EXPIRE_BELOW;
    }
}

/* ---- WAL ---------------------------------------------------------------------------------- */

/* Whichever way a recovery goes from a backup, it never needs a segment before the backup's first. */
static guint64 first_needed(struct expire_plan *plan, const GPtrArray *backups)
{
    guint64 first = G_MAXUINT64;
    for (guint i = 0; i < backups->len; i++) {
        const struct repo_backup *backup = at(backups, i);
        if (*verdict_of(plan, i) == EXPIRE_GOES)
            continue;
        if (backup->system == NULL || backup->wal_segment_bytes == 0)
            return 0; /* nobody knows what it needs */
        first = MIN(first, backup->start_lsn / backup->wal_segment_bytes);
    }
    return first == G_MAXUINT64 ? 0 : first;
}

struct expire_plan *expire_decide(const GPtrArray *backups, const GArray *segments,
                                  const struct expire_rules *rules)
{
    struct expire_plan *plan = g_new0(struct expire_plan, 1);
    plan->verdicts = g_array_sized_new(FALSE, FALSE, sizeof(enum expire_verdict), backups->len);
    for (guint i = 0; i < backups->len; i++) {
        enum expire_verdict goes = EXPIRE_GOES;
        g_array_append_val(plan->verdicts, goes);
    }
    keep_newest(plan, backups, segments, rules);
    keep_last_proven(plan, backups);
    if (plan->none_good)
        return plan;

    for (guint i = 0; rules->damaged && i < backups->len; i++) {
        if (*verdict_of(plan, i) == EXPIRE_DAMAGED)
            *verdict_of(plan, i) = EXPIRE_GOES;
    }
    keep_below_damaged(plan);
    for (guint i = 0; rules->used != NULL && i < backups->len; i++) {
        if (*verdict_of(plan, i) == EXPIRE_GOES &&
            rules->used(at(backups, i), rules->used_data))
            *verdict_of(plan, i) = EXPIRE_USED;
    }
    for (guint i = 0; i < backups->len; i++)
        plan->goes += *verdict_of(plan, i) == EXPIRE_GOES;
    plan->first_segment = first_needed(plan, backups);
    return plan;
}
