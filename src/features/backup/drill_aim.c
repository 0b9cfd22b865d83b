/* Which backup is tried, and up to where. */
#include "backup_decide.h"
#include "backup_recoverable.h"
#include "drill.h"
#include "error.h"
#include "repository.h"

static bool target_given(const struct options *options)
{
    return option_given(options, "latest") || option_given(options, "immediate") ||
           option_given(options, "target-time") || option_given(options, "target-lsn") ||
           option_given(options, "target-xid") || option_given(options, "target-name");
}

static bool choose_backup(struct drill *drill, const char *id, GError **error)
{
    const struct repo_backup *bad = NULL;

    for (guint i = 0; i < drill->backups->len; i++) {
        struct repo_backup *backup = drill->backups->pdata[i];
        bool wanted = id == NULL || g_strcmp0(id, backup->id) == 0;
        if (wanted && backup->trouble == NULL &&
            (id != NULL || backup->proof != REPO_DAMAGED) &&
            (drill->backup == NULL || backup->stopped_us >= drill->backup->stopped_us))
            drill->backup = backup;
        else if (wanted)
            bad = backup;
    }
    if (drill->backup != NULL)
        return true;
    if (bad != NULL)
        runbook_error_set(error, RUNBOOK_REFUSED, NULL, "backup %s cannot be restored: %s",
                          bad->id,
                          bad->trouble != NULL      ? bad->trouble
                          : bad->proof_text != NULL ? bad->proof_text
                                                    : "it is damaged");
    else
        runbook_error_set(error, RUNBOOK_REFUSED, "`pgrunbook backup list` has those there are",
                          id != NULL ? "there is no backup \"%s\"" : "there is no backup%s",
                          id != NULL ? id : "");
    return false;
}

/* A moment between the backup's end and the last commit; where there is none the end of the WAL. */
static bool random_target(struct drill *drill, struct target *ret_target, GError **error)
{
    AUTO(recoverable) range = recoverable_of(drill->lineage, drill->backup, error);
    g_autoptr(GRand) dice = g_rand_new_with_seed(drill->seed);

    if (range == NULL)
        return false;
    *ret_target = (struct target){.kind = TARGET_LATEST, .backup = g_strdup(drill->backup->id)};
    if (range->known)
        ret_target->timeline = range->timeline;
    if (range->known && range->to_us - range->from_us > 1) {
        double share = g_rand_double(dice);
        ret_target->kind = TARGET_TIME;
        ret_target->time_us = range->from_us + 1 +
                              (gint64) (share * (double) (range->to_us - range->from_us - 1));
        ret_target->value = target_time_format(ret_target->time_us, NULL);
    }
    return true;
}

static bool plan(struct drill *drill, const struct target *target, GError **error)
{
    g_clear_pointer(&drill->plan, restore_plan_free);
    drill->plan = restore_plan_make(drill->lineage, drill->backups, target, error);
    return drill->plan != NULL;
}

/* ---- what a dry run showed ---------------------------------------------------------------------- */

char *drill_mark(const struct drill *drill)
{
    const struct target *target = &drill->plan->target;

    if (!drill->random || target->kind == TARGET_LATEST)
        return g_strdup(drill->backup->id);
    if (target->kind == TARGET_IMMEDIATE)
        return g_strdup_printf("%s@immediate", drill->backup->id);
    return g_strdup_printf("%s@%" G_GINT64_FORMAT, drill->backup->id, target->time_us);
}

/* The mark's parts, backup and point; NULL: none was given. */
static char **shown(const struct drill *drill)
{
    const char *mark = option_value(drill->call->options, "only");

    return mark != NULL ? g_strsplit(mark, "@", 2) : NULL;
}

static bool aim_as_shown(struct drill *drill, const char *point, GError **error)
{
    struct target target = {.kind = TARGET_LATEST};
    gint64 time_us = point != NULL ? g_ascii_strtoll(point, NULL, 10) : 0;

    if (!random_target(drill, &target, error))
        return false;
    g_clear_pointer(&target.value, g_free);
    target.kind = point == NULL ? TARGET_LATEST : time_us > 0 ? TARGET_TIME : TARGET_IMMEDIATE;
    target.time_us = time_us;
    if (target.kind == TARGET_TIME)
        target.value = target_time_format(time_us, NULL);
    bool fine = plan(drill, &target, error);
    target_clear(&target);
    return fine;
}

static bool is_shown(const struct drill *drill, char *const *mark, GError **error)
{
    if (mark == NULL || g_strcmp0(mark[0], drill->backup->id) == 0)
        return true;
    runbook_error_set(error, RUNBOOK_REFUSED, "look again, and decide anew",
                      "backup %s is not the one that was shown", drill->backup->id);
    return false;
}

/* ------------------------------------------------------------------------------------------------- */

static bool aim_at_random(struct drill *drill, GError **error)
{
    struct target target = {.kind = TARGET_LATEST};

    if (!random_target(drill, &target, error))
        return false;
    bool fine = plan(drill, &target, error);
    /* A moment that only another timeline has, or none behind which there is a commit. */
    if (fine && drill->plan->refusal != NULL && target.kind == TARGET_TIME) {
        target.kind = TARGET_LATEST;
        fine = plan(drill, &target, error);
    }
    if (fine && drill->plan->refusal != NULL) {
        target.kind = TARGET_IMMEDIATE;
        fine = plan(drill, &target, error);
    }
    target_clear(&target);
    return fine;
}

static bool aim_as_told(struct drill *drill, GError **error)
{
    struct target target = {.kind = TARGET_LATEST};

    if (!target_read(drill->call->options, drill->backup->time_zone, &target, error))
        return false;
    if (target.backup != NULL) {
        g_free(target.backup); /* a beginning of its id, perhaps */
        target.backup = g_strdup(drill->backup->id);
    }
    bool fine = plan(drill, &target, error);
    target_clear(&target);
    return fine;
}

static bool read_seed(struct drill *drill, GError **error)
{
    const char *text = option_value(drill->call->options, "seed");
    guint64 seed = 0;

    drill->seed = g_random_int();
    if (text == NULL)
        return true;
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &seed, NULL)) {
        runbook_error_set(error, RUNBOOK_USAGE, "it is the number that a drill said",
                          "\"%s\" is no seed", text);
        return false;
    }
    drill->seed = (guint32) seed;
    return true;
}

bool drill_aim(struct drill *drill, GError **error)
{
    const char *id = option_value(drill->call->options, "backup");
    g_auto(GStrv) mark = shown(drill);

    if (id != NULL) {
        const struct repo_backup *named = repository_backup(drill->backups, id, error);
        if (named == NULL)
            return false;
        id = named->id;
    }
    if (mark != NULL && id == NULL)
        id = mark[0];
    drill->random = !target_given(drill->call->options);
    if (!read_seed(drill, error) || !choose_backup(drill, id, error))
        return false;
    if (!(!drill->random ? aim_as_told(drill, error)
          : mark != NULL ? aim_as_shown(drill, mark[1], error)
                         : aim_at_random(drill, error)))
        return false;
    /* A target that is not within the newest backup's reach is another backup's drill. */
    for (guint i = 0; drill->plan->backup != NULL && i < drill->backups->len; i++)
        if (drill->backups->pdata[i] == drill->plan->backup)
            drill->backup = drill->backups->pdata[i];
    return is_shown(drill, mark, error);
}
