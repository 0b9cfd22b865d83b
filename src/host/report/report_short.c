/* The month in short: a handful of sentences, the worst first. Pure. */
#include "report/report_words.h"
#include "units/units.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

static const double NEARLY_FULL = 0.8, WELL_WATCHED = 0.95;

static void say(struct report *report, enum report_tone tone, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void say(struct report *report, enum report_tone tone, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    const struct report_line line = {tone, report_text(report, text)};
    g_array_append_val(report->lines, line);
}

static void judge_runs(struct report *report)
{
    guint outcomes[REPORT_OUTCOMES] = {0};

    for (guint i = 0; i < report->runs->len; i++)
        outcomes[g_array_index(report->runs, struct report_run, i).outcome]++;
    const guint all = report->runs->len, failed = outcomes[REPORT_FAILED];
    const guint other = all - failed - outcomes[REPORT_DONE];
    g_autofree char *counted = units_format_counted(all, "run");

    if (all == 0)
        say(report, REPORT_CAUTION, "No run of the runbook is recorded for this month.");
    else if (failed > 0)
        say(report, REPORT_BAD, "%u of %s failed; each is listed with its cause.", failed,
            counted);
    else if (other > 0)
        say(report, REPORT_CAUTION, "%s, none failed, %u did not get all done.", counted,
            other);
    else
        say(report, REPORT_GOOD, "%s, and each did all it had to.", counted);
}

static void judge_space(struct report *report)
{
    const struct report_space space = report_space(report);
    g_autofree char *won = units_format_size(space.won);
    g_autofree char *objects = units_format_counted(space.known, "object");
    g_autofree char *undone = units_format_counted(space.undone, "object");
    g_autofree char *bytes = units_format_size(space.undone_bytes);
    g_autofree char *partly = units_format_counted(space.partly, "object");
    g_autofree char *returned = units_format_counted(report->returned->len, "object");
    g_autofree char *returned_bytes = units_format_size(report_returned(report));

    if (space.known > 0 && space.won > 0)
        say(report, REPORT_GOOD, "%s of disk space won back from %s.", won, objects);
    if (space.undone > 0)
        say(report, REPORT_PLAIN,
            "%s, of %s, %s taken back by \"history undo\": not counted as won.", undone, bytes,
            space.undone == 1 ? "was" : "were");
    if (space.partly > 0)
        say(report, REPORT_PLAIN, "%s taken back in part: not counted as won.", partly);
    if (report->returned->len > 0)
        say(report, REPORT_CAUTION,
            "%s that an earlier month won space from, %s, %s taken back: that space is in use "
            "again.",
            returned, returned_bytes, report->returned->len == 1 ? "was" : "were");
}

static bool is_well_watched(const struct report *report)
{
    for (guint i = 0; i < report->connections->len; i++) {
        const struct report_connections *one =
            &g_array_index(report->connections, struct report_connections, i);
        if (report_watched(one) < WELL_WATCHED || one->kept_us > report->month.from_us)
            return false;
    }
    return true;
}

static void judge_incidents(struct report *report)
{
    guint critical = 0, open = 0;
    double seconds = 0;

    for (guint i = 0; i < report->incidents->len; i++) {
        const struct report_incident *incident =
            &g_array_index(report->incidents, struct report_incident, i);
        if (strcmp(incident->severity, "critical") != 0)
            continue;
        critical++;
        open += incident->closed_us == 0;
        if (incident->closed_us != 0)
            seconds += (double) (incident->closed_us - incident->opened_us) / G_USEC_PER_SEC;
    }
    g_autofree char *lasted = units_format_duration(seconds);
    g_autofree char *counted = units_format_counted(critical, "critical incident");
    if (open > 0)
        say(report, REPORT_BAD, "%s, of which %u had no end when this was written.", counted,
            open);
    else if (critical > 0)
        say(report, REPORT_CAUTION, "%s, %s in all; none is open.", counted, lasted);
    else if (report->connections->len > 0 && is_well_watched(report))
        say(report, REPORT_GOOD, "No critical incident.");
    else if (report->connections->len > 0)
        say(report, REPORT_PLAIN, "No critical incident was seen while somebody watched.");
}

static void judge_connections(struct report *report)
{
    for (guint i = 0; i < report->connections->len; i++) {
        const struct report_connections *one =
            &g_array_index(report->connections, struct report_connections, i);
        const double watched = report_watched(one);
        if (one->kept_us > report->month.from_us)
            say(report, REPORT_PLAIN,
                "What was seen of %s in the first %d days of the month is kept no longer.",
                one->target, (int) ((one->kept_us - report->month.from_us) / G_TIME_SPAN_DAY));
        if (watched < WELL_WATCHED)
            say(report, REPORT_CAUTION,
                "%s was watched for %s%d %% of %s%s; of the rest nothing is known.",
                one->target, watched < 0.01 ? "less than " : "", MAX(1, (int) (100 * watched)),
                one->kept_us > report->month.from_us ? "the time since then" : "the month",
                report_is_whole(report) ? "" : " so far");
        if (one->ordinary <= 0 || one->peak_us == 0)
            continue;
        const double share = report_used_share(one->used_max, one->ordinary);
        g_autofree char *used = report_used(one->used_max, one->ordinary);
        if (share >= NEARLY_FULL)
            say(report, share >= 1 ? REPORT_BAD : REPORT_CAUTION,
                "%s used %s at the highest (%.0f %%).", one->target, used, 100 * share);
    }
}

static void judge_drills(struct report *report, const struct report_backups *one)
{
    g_autofree char *recovery = units_format_duration(one->recovery_seconds);

    if (one->disproven > 0)
        say(report, REPORT_BAD, "%s: %u of %u recovery drills did not succeed.",
            words_target(one->target), one->disproven, one->proven + one->disproven);
    else if (one->proven > 0 && one->recovery_seconds >= 0)
        say(report, REPORT_GOOD, "%s: recovery is proven, the last drill took %s.",
            words_target(one->target), recovery);
    else if (one->proven > 0)
        say(report, REPORT_GOOD, "%s: recovery is proven.", words_target(one->target));
    else
        say(report, REPORT_CAUTION,
            "%s: no drill %s this month, so that its backups can be recovered from is not "
            "proven.",
            words_target(one->target), one->unjudged > 0 ? "came to a verdict" : "ran");
}

/* "2 of 9 backups were not made: 1 refused, 1 interrupted." */
static void judge_other(struct report *report, const struct report_backups *one, guint all)
{
    const guint other = report_backups_other(one);
    g_autoptr(GString) how = g_string_new(NULL);

    for (int i = 0; i < REPORT_OUTCOMES; i++)
        if (one->other[i] > 0)
            g_string_append_printf(how, "%s%u %s", how->len > 0 ? ", " : "", one->other[i],
                                   report_outcome_word((enum report_outcome) i));
    if (other > 0)
        say(report, REPORT_CAUTION, "%s: %u of %u backups %s not made: %s.",
            words_target(one->target), other, all, other == 1 ? "was" : "were", how->str);
}

static void judge_backups(struct report *report)
{
    for (guint i = 0; i < report->backups->len; i++) {
        const struct report_backups *one =
            &g_array_index(report->backups, struct report_backups, i);
        const guint failed = one->failed + one->dumps_failed;
        const guint all = failed + one->made + one->dumps + report_backups_other(one);
        judge_drills(report, one);
        if (failed > 0)
            say(report, REPORT_BAD, "%s: %u of %u backups failed.", words_target(one->target),
                failed, all);
        judge_other(report, one, all);
    }
}

static void judge_migrations(struct report *report)
{
    guint forced = 0, failed = 0;

    for (guint i = 0; i < report->migrations->len; i++) {
        const struct report_migration *one =
            &g_array_index(report->migrations, struct report_migration, i);
        forced += one->forced != NULL;
        failed += strcmp(one->outcome, "failed") == 0;
    }
    if (failed > 0)
        say(report, REPORT_BAD, "%u of %u migrations failed.", failed, report->migrations->len);
    if (forced > 0)
        say(report, REPORT_CAUTION, "%u of %u migrations were applied against the gate.",
            forced, report->migrations->len);
}

static void judge_growth(struct report *report)
{
    for (guint i = 0; i < report->growths->len; i++) {
        const struct report_growth *one =
            &g_array_index(report->growths, struct report_growth, i);
        const double month = one->fit.per_day * 30;
        g_autofree char *size = units_format_size(llround(fabs(month)));
        if (one->fit.verdict == REPORT_FIT_GOOD && fabs(month) >= 1024 * 1024.0)
            say(report, REPORT_PLAIN, "%s %s by about %s in 30 days.", one->database,
                month > 0 ? "grows" : "shrinks", size);
    }
}

static void judge_turns(struct report *report)
{
    g_autofree char *counted = units_format_counted(report->turns->len, "scheduled turn");

    if (report->turns->len > 0)
        say(report, REPORT_CAUTION, "%s missed.", counted);
}

/* An index may be unused and a duplicate: it is one to decide on. */
static void count_findings(const struct report_indexes *one, guint *indexes, guint *missing)
{
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < one->findings->len; i++) {
        const struct report_finding *finding =
            &g_array_index(one->findings, struct report_finding, i);
        if (finding->name[0] == '\0')
            (*missing)++;
        else if (g_hash_table_add(names,
                                  g_strdup_printf("%s\n%s", finding->schema, finding->name)))
            (*indexes)++;
    }
}

static void judge_indexes(struct report *report)
{
    guint indexes = 0, missing = 0;

    for (guint i = 0; i < report->indexes->len; i++)
        count_findings(&g_array_index(report->indexes, struct report_indexes, i), &indexes,
                       &missing);
    if (indexes > 0)
        say(report, REPORT_PLAIN, "%u %s a decision.", indexes,
            indexes == 1 ? "index waits for" : "indexes wait for");
    if (missing > 0)
        say(report, REPORT_PLAIN, "%u %s no index.", missing,
            missing == 1 ? "foreign key has" : "foreign keys have");
}

static int by_tone(const void *left, const void *right)
{
    static const int order[] = {
        [REPORT_BAD] = 0, [REPORT_CAUTION] = 1, [REPORT_GOOD] = 2, [REPORT_PLAIN] = 3};

    return order[((const struct report_line *) left)->tone] -
           order[((const struct report_line *) right)->tone];
}

void report_judge(struct report *report)
{
    judge_runs(report);
    judge_incidents(report);
    judge_connections(report);
    judge_backups(report);
    judge_migrations(report);
    judge_turns(report);
    judge_space(report);
    judge_growth(report);
    judge_indexes(report);
    g_array_sort(report->lines, by_tone); /* keeps the order of equals: it is a merge sort */
}
