/*
 * Why a target cannot be reached, and what can: the neighbour is given as options to type, and is
 * itself looked up by the same rules, so that it is never refused in turn.
 */
#include "backup_decide.h"

#include <string.h>

char *target_as_options(const struct target *target)
{
    GString *text = g_string_new(NULL);
    g_autofree char *quoted = target->value != NULL ? g_shell_quote(target->value) : NULL;

    if (target->timeline != 0)
        g_string_append_printf(text, "--timeline %u ", target->timeline);
    if (target->backup != NULL)
        g_string_append_printf(text, "--backup %s ", target->backup);
    switch (target->kind) {
    case TARGET_LATEST:
        g_string_append(text, "--latest");
        break;
    case TARGET_IMMEDIATE:
        g_string_append(text, "--immediate");
        break;
    case TARGET_LSN:
        g_string_append_printf(text, "--target-lsn %s", target->value);
        break;
    case TARGET_XID:
        g_string_append_printf(text, "--target-xid %u", target->xid);
        break;
    case TARGET_TIME:
    case TARGET_NAME:
        g_string_append_printf(text, "--target-%s %s", target_kind_name(target->kind), quoted);
    }
    return g_string_free(text, FALSE);
}

/* Whether a target can be reached along a timeline. */
static bool reachable(const struct target_world *world, const struct target *target,
                      guint32 timeline, bool *ret_reachable, GError **error)
{
    struct target_try try = {.timeline = 0};

    if (!target_try_make(world, target, timeline, &try, error))
        return false;
    *ret_reachable = try.backup != NULL;
    target_try_clear(&try);
    return true;
}

/* ---- another timeline, another backup ----------------------------------------------------- */

/* In front of what another timeline has. */
static void say_lost_history(const struct target_try *try, struct restore_plan *plan)
{
    g_autofree char *said = g_steal_pointer(&plan->refusal);
    char *name = g_strdup_printf("%08X.history", try->timeline);

    plan->refusal = g_strdup_printf("the history of timeline %u is not there: %s; %s",
                                    try->timeline, name, said);
    g_ptr_array_add(plan->missing, name);
}

static bool refuse_for_timeline(const struct target_world *world, struct restore_plan *plan,
                                guint32 tried, GError **error)
{
    g_autoptr(GArray) timelines = target_timelines(world);
    g_autofree char *what = target_text(&plan->target);

    for (guint i = 0; plan->nearest == NULL && i < timelines->len; i++) {
        struct target other = plan->target;
        bool there = false;
        other.timeline = g_array_index(timelines, guint32, i);
        if (other.timeline == tried)
            continue;
        if (!reachable(world, &other, other.timeline, &there, error))
            return false;
        if (!there)
            continue;
        plan->nearest = target_as_options(&other);
        g_free(plan->refusal);
        plan->refusal = plan->target.kind == TARGET_LATEST
                            ? g_strdup_printf("no backup leads to the end of timeline %u; one "
                                              "leads to that of timeline %u",
                                              tried, other.timeline)
                            : g_strdup_printf("%s is not on the path to timeline %u; it is on "
                                              "that to timeline %u",
                                              what, tried, other.timeline);
    }
    return true;
}

/* With --backup: the same target from whichever fits. */
static bool refuse_for_backup(const struct target_world *world, struct restore_plan *plan,
                              guint32 tried, GError **error)
{
    struct target other = plan->target;
    g_autofree char *what = target_text(&plan->target);
    bool there = false;

    other.backup = NULL;
    other.timeline = 0;
    if (!reachable(world, &other, tried, &there, error))
        return false;
    if (there) {
        plan->nearest = target_as_options(&other);
        plan->refusal = g_strdup_printf("%s cannot be reached from backup %s, but from another",
                                        what, plan->target.backup);
    }
    return true;
}

/* ---- before the first and behind the last ------------------------------------------------- */

/* The first moment that can be reached from a backup, and its end. */
static bool earliest_of(const struct target_try *try, const struct repo_backup *backup,
                        struct target *ret_target, GError **error)
{
    struct target target = {.kind = TARGET_TIME};
    struct target_stop stop;
    gint64 latest_us = 0, earliest_us = 0;

    if (!target_stop_latest(try->chain, backup->start_lsn, backup->stop_lsn, &latest_us,
                            error) ||
        !target_stop_earliest(try->chain, backup, &earliest_us, error))
        return false;
    target.time_us = MAX(earliest_us, latest_us);
    if (!target_stop_find(try->chain, backup, &target, &stop, error))
        return false;
    if (stop.ends == TARGET_REACHED)
        target.value = target_time_format(target.time_us, NULL);
    else
        target = (struct target){.kind = TARGET_IMMEDIATE, .backup = g_strdup(backup->id)};
    *ret_target = target;
    return true;
}

static bool refuse_early(const struct target_try *try, struct restore_plan *plan,
                         GError **error)
{
    g_autofree char *what = target_text(&plan->target);
    g_autofree char *when = target_time_format(try->early->stopped_us, NULL);
    g_autofree char *lsn = wal_lsn_format(try->early->stop_lsn);
    struct target first = {.kind = TARGET_IMMEDIATE, .backup = g_strdup(try->early->id)};

    if (plan->target.kind == TARGET_TIME) {
        target_clear(&first);
        if (!earliest_of(try, try->early, &first, error))
            return false;
    }
    plan->nearest = target_as_options(&first);
    target_clear(&first);
    plan->refusal =
        g_strdup_printf("%s is not behind the end of a backup that could lead to it: backup %s "
                        "ended at %s, at LSN %s",
                        what, try->early->id, when, lsn);
    return true;
}

/* The last place before the end of the WAL that can be named: the end itself, or, where WAL is
 * missing, the last commit or abort before the gap. */
static bool last_place(const struct target_try *try, struct landmark *ret_last,
                       struct target *ret_target, GError **error)
{
    guint64 first = try->chain->first * try->chain->world->segment_bytes;

    if (!target_stop_last(try->chain, first, try->stop.reach.end_lsn, ret_last, error))
        return false;
    *ret_target = (struct target){.kind = TARGET_LATEST};
    if (try->stop.reach.cut && ret_last->known && ret_last->end_lsn >= try->late->stop_lsn) {
        *ret_target = (struct target){.kind = TARGET_LSN, .lsn = ret_last->lsn};
        ret_target->value = wal_lsn_format(ret_last->lsn);
    } else if (try->stop.reach.cut) {
        *ret_target =
            (struct target){.kind = TARGET_IMMEDIATE, .backup = g_strdup(try->late->id)};
    }
    return true;
}

static void fill_missing(const struct target_try *try, const struct target_reach *reach,
                         struct restore_plan *plan)
{
    for (guint64 number = reach->missing;
         reach->missing != 0 && number < target_chain_behind(try->chain) &&
         target_chain_link(try->chain, number) == NULL && plan->missing->len < 10000;
         number++)
        g_ptr_array_add(plan->missing, target_chain_name(try->chain, number));
}

/* What ended last, for the sentence. */
static char *last_text(const struct landmark *last)
{
    g_autofree char *when = last->known ? target_time_format(last->time_us, NULL) : NULL;
    g_autofree char *lsn = last->known ? wal_lsn_format(last->lsn) : NULL;

    if (!last->known)
        return g_strdup("there is no commit in it");
    return g_strdup_printf("the last commit or abort in it was transaction %u at %s (LSN %s)",
                           last->xid, when, lsn);
}

/* "000000010000000000000004 and 3 more". */
static char *missing_text(const struct restore_plan *plan)
{
    const char *first = plan->missing->pdata[0];

    return plan->missing->len == 1
               ? g_strdup(first)
               : g_strdup_printf("%s and %u more", first, plan->missing->len - 1);
}

static bool refuse_late(const struct target_try *try, struct restore_plan *plan, GError **error)
{
    g_autofree char *what = target_text(&plan->target);
    g_autofree char *end = wal_lsn_format(try->stop.reach.end_lsn);
    struct target nearest = {.kind = TARGET_LATEST};
    struct landmark last = {.known = false};

    if (!last_place(try, &last, &nearest, error))
        return false;
    g_autofree char *ended = last_text(&last);
    fill_missing(try, &try->stop.reach, plan);
    plan->nearest = target_as_options(&nearest);
    target_clear(&nearest);
    g_autofree char *missing = plan->missing->len > 0 ? missing_text(plan) : NULL;
    if (missing != NULL)
        plan->refusal =
            g_strdup_printf("WAL is missing on the way to %s: %s; it ends at LSN %s, %s", what,
                            missing, end, ended);
    else if (try->stop.reach.cut)
        plan->refusal = g_strdup_printf("WAL was lost on the way to %s: it ends at LSN %s, %s",
                                        what, end, ended);
    else if (plan->target.kind == TARGET_TIME)
        plan->refusal = g_strdup_printf("%s is not before the last commit: the WAL ends at LSN "
                                        "%s, %s, and a server that looks for a later one fails "
                                        "at its end",
                                        what, end, ended);
    else
        plan->refusal =
            g_strdup_printf("%s is not in the WAL, which ends at LSN %s; %s", what, end, ended);
    return true;
}

/* ---- names and transactions that are not there -------------------------------------------- */

static bool refine_nearest(const struct target_try *try, struct restore_plan *plan,
                           GError **error)
{
    struct target other = {.kind = plan->target.kind};

    if (!target_nearest(try, &plan->target, &other, error))
        return false;
    if (other.value != NULL) {
        g_free(plan->nearest);
        plan->nearest = target_as_options(&other);
    }
    target_clear(&other);
    return true;
}

/* A time or an LSN in a hole: the WAL of the older backup ends before it, the newer backup ended
 * after it. The nearer end is offered. */
static bool refuse_hole(const struct target_try *try, struct restore_plan *plan, GError **error)
{
    struct landmark last = {.known = false};
    bool by_time = plan->target.kind == TARGET_TIME;
    gint64 wanted = by_time ? plan->target.time_us : (gint64) plan->target.lsn;
    gint64 begins = by_time ? try->early->stopped_us : (gint64) try->early->stop_lsn;
    guint64 first = try->chain->first * try->chain->world->segment_bytes;

    if (!target_stop_last(try->chain, first, try->stop.reach.end_lsn, &last, error))
        return false;
    gint64 ended = by_time ? last.time_us : (gint64) last.lsn;
    if (!last.known || wanted - ended > begins - wanted) {
        if (!refuse_early(try, plan, error))
            return false;
        fill_missing(try, &try->stop.reach, plan);
        return true;
    }
    return refuse_late(try, plan, error);
}

/* What is not found may be in the WAL that is missing between two backups. */
static void refuse_gap(const struct target_try *try, struct restore_plan *plan)
{
    g_autofree char *said = g_steal_pointer(&plan->refusal);

    fill_missing(try, &try->gap, plan);
    plan->refusal =
        plan->missing->len > 0
            ? g_strdup_printf("%s; it may be in WAL that is missing: %s and %u more", said,
                              (char *) plan->missing->pdata[0], plan->missing->len - 1)
            : g_strdup(said);
}

/* ---- nothing fits ------------------------------------------------------------------------- */

static void refuse_dry(const struct target_try *try, struct restore_plan *plan)
{
    struct target_reach reach = target_chain_reach(try->chain, try->dry->start_lsn);
    guint64 number = reach.first > reach.last
                         ? try->dry->start_lsn / try->chain->world->segment_bytes
                         : reach.last + 1;
    g_autofree char *name = target_chain_name(try->chain, number);

    plan->refusal =
        g_strdup_printf("WAL that backup %s itself needs is not there: %s", try->dry->id, name);
    g_ptr_array_add(plan->missing, g_steal_pointer(&name));
}

static guint usable_count(const struct target_world *world, const char **ret_newest)
{
    guint count = 0;

    for (guint i = 0; i < world->backups->len; i++) {
        const struct repo_backup *backup = world->backups->pdata[i];
        count += target_usable(backup) ? 1 : 0;
        if (target_usable(backup))
            *ret_newest = backup->id;
    }
    return count;
}

/* Nothing but backups that are known to be damaged: one of them is better than none, for who knows
 * what it is. */
static bool refuse_damaged(const struct target_world *world, struct restore_plan *plan,
                           GError **error)
{
    for (guint i = world->backups->len; plan->nearest == NULL && i > 0; i--) {
        const struct repo_backup *backup = world->backups->pdata[i - 1];
        struct target other = plan->target;
        bool there = false;
        if (backup->trouble != NULL && !backup->cut)
            continue;
        other.backup = backup->id;
        if (other.timeline == MAX(world->newest, 1))
            other.timeline = 0;
        if (!reachable(world, &other,
                       plan->target.timeline != 0 ? plan->target.timeline : backup->timeline,
                       &there, error))
            return false;
        if (!there)
            continue;
        plan->nearest = target_as_options(&other);
        plan->refusal = g_strdup("there is no backup that can be trusted: all that lead there "
                                 "are known to be damaged");
    }
    return true;
}

static void refuse_nothing(const struct target_world *world, const struct target_try *try,
                           struct restore_plan *plan)
{
    const char *newest = NULL;
    guint usable = usable_count(world, &newest);

    if (usable == 0) {
        plan->refusal =
            g_strdup(world->backups->len == 0 ? "there is no backup"
                                              : "there is no backup that can be restored");
    } else if (try->timeline != 0 && try->chain == NULL) {
        char *name = g_strdup_printf("%08X.history", try->timeline);
        g_ptr_array_add(plan->missing, name);
        plan->refusal =
            g_strdup_printf("the history of timeline %u is not there: %s", try->timeline, name);
    } else if (plan->target.backup != NULL) {
        plan->refusal =
            g_strdup_printf("there is no backup \"%s\" that leads there", plan->target.backup);
        plan->nearest = g_strdup_printf("--backup %s", newest);
    } else {
        plan->refusal = g_strdup_printf(
            "no backup is on the path to timeline %u: all were made on others, or behind the "
            "place where it left them",
            try->timeline);
    }
}

static bool refuse_here(const struct target_try *try, struct restore_plan *plan, GError **error)
{
    enum target_kind kind = plan->target.kind;

    if ((kind == TARGET_TIME || kind == TARGET_LSN) && try->late != NULL && try->early != NULL)
        return refuse_hole(try, plan, error);
    if (try->early != NULL)
        return refuse_early(try, plan, error);
    if (try->late == NULL) {
        refuse_dry(try, plan);
        return true;
    }
    if (!refuse_late(try, plan, error))
        return false;
    if (kind != TARGET_XID && kind != TARGET_NAME)
        return true;
    if (try->cut && plan->missing->len == 0)
        refuse_gap(try, plan);
    return refine_nearest(try, plan, error);
}

bool target_refuse(const struct target_world *world, const struct target_try *try,
                   struct restore_plan *plan, GError **error)
{
    const char *newest = NULL;

    plan->target.timeline = try->timeline;
    if (plan->target.backup == NULL && usable_count(world, &newest) == 0 &&
        !refuse_damaged(world, plan, error))
        return false;
    if (plan->nearest != NULL)
        return true;
    if (try->timeline != 0) {
        if (plan->target.backup != NULL &&
            !refuse_for_backup(world, plan, try->timeline, error))
            return false;
        if (plan->nearest == NULL && plan->target.kind != TARGET_IMMEDIATE &&
            (try->early == NULL || plan->target.kind != TARGET_TIME) &&
            (try->fit == 0 || plan->target.kind != TARGET_LATEST) &&
            !refuse_for_timeline(world, plan, try->timeline, error))
            return false;
    }
    if (plan->nearest != NULL && try->timeline != 0 && try->chain == NULL)
        say_lost_history(try, plan);
    if (plan->nearest != NULL)
        return true;
    if (try->fit == 0) {
        refuse_nothing(world, try, plan);
        return true;
    }
    return refuse_here(try, plan, error);
}
