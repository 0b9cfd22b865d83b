/* Backups, drills and dumps, by what their runs have said of themselves. */
#include "report/report.h"
#include "store/store_report.h"

#include <jansson.h>
#include <string.h>

static struct report_backups *backups_of(struct report *report, const char *target)
{
    for (guint i = 0; i < report->backups->len; i++) {
        struct report_backups *backups =
            &g_array_index(report->backups, struct report_backups, i);
        if (strcmp(backups->target, target) == 0)
            return backups;
    }
    const struct report_backups backups = {.target = target, .recovery_seconds = -1};
    g_array_append_val(report->backups, backups);
    return &g_array_index(report->backups, struct report_backups, report->backups->len - 1);
}

/* Whether it was made. One that was refused, or stopped, or is still at work has not failed. */
static bool count(struct report_backups *backups, const struct report_run *run, guint *made,
                  guint *failed)
{
    if (run->outcome == REPORT_DONE)
        ++*made;
    else if (run->outcome == REPORT_FAILED)
        ++*failed;
    else
        backups->other[run->outcome]++;
    return run->outcome == REPORT_DONE;
}

static void take_backup(struct report *report, const struct report_run *run,
                        const json_t *summary)
{
    struct report_backups *backups = backups_of(report, run->target);
    const json_t *backup = json_object_get(summary, STORE_SUMMARY_BACKUP);

    if (!count(backups, run, &backups->made, &backups->failed))
        return;
    backups->newest_us = MAX(backups->newest_us, run->ended_us);
    backups->stored_bytes += json_integer_value(json_object_get(backup, "stored_bytes"));
}

static void take_dump(struct report *report, const struct report_run *run)
{
    struct report_backups *backups = backups_of(report, run->target);

    if (count(backups, run, &backups->dumps, &backups->dumps_failed))
        backups->newest_dump_us = MAX(backups->newest_dump_us, run->ended_us);
}

/* Its own, or why it has none. */
static const char *verdict_of(struct report *report, const struct report_run *run,
                              const char *verdict)
{
    const char *outcome = report_outcome_word(run->outcome);

    if (verdict != NULL)
        return report_text(report, verdict);
    return run->error != NULL ? report_textf(report, "%s: %s", outcome, run->error)
                              : report_text(report, outcome);
}

/* Of a cluster with several targets it is one drill: whose it was told to be, or all of theirs. */
static void add_drill(struct report *report, const struct report_run *run,
                      const struct report_drill *drill)
{
    GArray *drills = report->drills;
    struct report_drill *last =
        drills->len > 0 ? &g_array_index(drills, struct report_drill, drills->len - 1) : NULL;

    if (last == NULL || last->run != run->id)
        g_array_append_vals(drills, drill, 1);
    else if (run->own == NULL)
        last->target = report_textf(report, "%s, %s", last->target, run->target);
}

/* A drill that broke off before its verdict says nothing of the backup. */
static void take_drill(struct report *report, const struct report_run *run,
                       const json_t *summary)
{
    struct report_backups *backups = backups_of(report, run->target);
    const json_t *seconds = json_object_get(summary, "recovery_seconds");
    const char *verdict = json_string_value(json_object_get(summary, "verdict"));
    const struct report_drill drill = {
        .run = run->id,
        .at_us = run->started_us,
        .target = run->own != NULL ? run->own : run->target,
        .verdict = verdict_of(report, run, verdict),
        .backup = report_text(
            report, json_string_value(json_object_get(summary, STORE_SUMMARY_BACKUP))),
        .recovery_seconds = json_is_number(seconds) ? json_number_value(seconds) : -1,
        .proven = run->outcome == REPORT_DONE,
        .disproven = run->outcome == REPORT_FAILED && verdict != NULL,
    };

    add_drill(report, run, &drill);
    backups->proven += drill.proven;
    backups->disproven += drill.disproven;
    backups->unjudged += !drill.proven && !drill.disproven;
    if (!drill.proven)
        return;
    backups->drilled_us = run->started_us;
    backups->recovery_seconds = drill.recovery_seconds;
}

void report_gather_backups(struct report *report)
{
    for (guint i = 0; i < report->safeguards->len; i++) {
        const struct report_run *run = &g_array_index(report->safeguards, struct report_run, i);
        json_t *summary = run->summary != NULL ? json_loads(run->summary, 0, NULL) : NULL;
        if (strcmp(run->verb, "create") == 0)
            take_backup(report, run, summary);
        else if (strcmp(run->verb, "drill") == 0)
            take_drill(report, run, summary);
        else if (strcmp(run->verb, "dump") == 0)
            take_dump(report, run);
        json_decref(summary);
    }
}
