/* What follows from the rows: counts, sums, a straight line. Pure. */
#include "report/report.h"

#include <math.h>
#include <string.h>

/* ---- outcomes ------------------------------------------------------------------------------- */

static const char *const outcomes[] = {"done",    "partly",      "failed",
                                       "refused", "interrupted", "unfinished"};

enum report_outcome report_outcome_of(const char *word)
{
    for (int i = 0; i < REPORT_UNFINISHED; i++)
        if (g_strcmp0(word, outcomes[i]) == 0)
            return (enum report_outcome) i;
    return REPORT_UNFINISHED;
}

const char *report_outcome_word(enum report_outcome outcome)
{
    return outcomes[outcome];
}

/* ---- runs ----------------------------------------------------------------------------------- */

static int by_command(const void *left, const void *right)
{
    const struct report_tally *a = left, *b = right;
    int order = strcmp(a->target, b->target);

    if (order == 0)
        order = strcmp(a->section, b->section);
    return order != 0 ? order : strcmp(a->verb, b->verb);
}

static struct report_tally *tally_of(struct report *report, const struct report_run *run)
{
    const struct report_tally wanted = {
        .target = run->target, .section = run->section, .verb = run->verb};

    for (guint i = 0; i < report->tallies->len; i++) {
        struct report_tally *tally = &g_array_index(report->tallies, struct report_tally, i);
        if (by_command(tally, &wanted) == 0)
            return tally;
    }
    g_array_append_val(report->tallies, wanted);
    return &g_array_index(report->tallies, struct report_tally, report->tallies->len - 1);
}

void report_tally_runs(struct report *report)
{
    for (guint i = 0; i < report->runs->len; i++) {
        const struct report_run *run = &g_array_index(report->runs, struct report_run, i);
        struct report_tally *tally = tally_of(report, run);
        tally->runs++;
        tally->outcomes[run->outcome]++;
        if (run->ended_us > run->started_us)
            tally->seconds += (double) (run->ended_us - run->started_us) / G_USEC_PER_SEC;
        if (run->started_us >= tally->last_us) {
            tally->last_us = run->started_us;
            tally->last_run = run->id;
        }
    }
    g_array_sort(report->tallies, by_command);
}

/* ---- what was left alone -------------------------------------------------------------------- */

char *report_reason_key(const char *reason)
{
    GString *key = g_string_new(NULL);
    bool digits = false;

    for (const char *c = reason; *c != '\0'; c++) {
        const bool digit = g_ascii_isdigit(*c) ||
                           (digits && (*c == ',' || *c == '.') && g_ascii_isdigit(c[1]));
        if (!digit)
            g_string_append_c(key, *c);
        else if (!digits)
            g_string_append_c(key, '#');
        digits = digit;
    }
    return g_string_free(key, FALSE);
}

void report_add_left(struct report *report, const struct report_run *run, const char *outcome,
                     const char *reason, const char *name)
{
    const char *said = reason != NULL && reason[0] != '\0' ? reason : "no reason was recorded";
    g_autofree char *key = report_reason_key(said);

    for (guint i = 0; i < report->left->len; i++) {
        struct report_left *left = &g_array_index(report->left, struct report_left, i);
        if (strcmp(left->key, key) == 0 && strcmp(left->outcome, outcome) == 0 &&
            strcmp(left->section, run->section) == 0 &&
            strcmp(left->target, run->target) == 0) {
            left->times++;
            left->varies = left->varies || strcmp(left->reason, said) != 0;
            return;
        }
    }
    const struct report_left left = {
        .target = run->target,
        .section = run->section,
        .outcome = report_text(report, outcome),
        .reason = report_text(report, said),
        .key = report_text(report, key),
        .times = 1,
        .example = name,
    };
    g_array_append_val(report->left, left);
}

/* ---- incidents ------------------------------------------------------------------------------ */

bool report_ends_sessions(const char *verb)
{
    return strcmp(verb, "relieve") == 0 || strcmp(verb, "cancel") == 0 ||
           strcmp(verb, "terminate") == 0;
}

static bool is_known_act(const struct report *report, const struct report_incident *incident,
                         gint64 run)
{
    for (guint i = 0; i < incident->acts->len; i++)
        if (g_array_index(report->runs, struct report_run,
                          g_array_index(incident->acts, guint, i))
                .id == run)
            return true;
    return false;
}

void report_find_elsewhere(const struct report *report, struct report_incident *incident)
{
    const char *cluster = g_hash_table_lookup(report->clusters, incident->target);

    for (guint i = 0; cluster != NULL && i < report->reliefs->len; i++) {
        const struct report_relief *one =
            &g_array_index(report->reliefs, struct report_relief, i);
        if (strcmp(one->cluster, cluster) == 0 && one->started_us >= incident->opened_us &&
            one->started_us <= incident->closed_us && !is_known_act(report, incident, one->run))
            incident->elsewhere = one->run;
    }
}

void report_find_acts(const struct report *report, struct report_incident *incident,
                      gint64 own_run)
{
    const gint64 until =
        incident->closed_us > incident->opened_us ? incident->closed_us : G_MAXINT64;

    for (guint i = 0; i < report->runs->len; i++) {
        const struct report_run *run = &g_array_index(report->runs, struct report_run, i);
        const bool meant = report_ends_sessions(run->verb) &&
                           strcmp(run->target, incident->target) == 0 &&
                           incident->closed_us != incident->opened_us &&
                           run->started_us >= incident->opened_us && run->started_us <= until;
        if (meant || (own_run > 0 && run->id == own_run))
            g_array_append_val(incident->acts, i);
    }
}

void report_count_acts(const struct report *report, const struct report_incident *incident,
                       guint *ret_ended, guint *ret_cancelled)
{
    *ret_ended = *ret_cancelled = 0;
    for (guint i = 0; i < incident->acts->len; i++) {
        const struct report_run *run = &g_array_index(report->runs, struct report_run,
                                                      g_array_index(incident->acts, guint, i));
        *ret_ended += run->ended;
        *ret_cancelled += run->cancelled;
    }
}

bool report_ended_by_itself(const struct report *report, const struct report_incident *incident)
{
    guint ended, cancelled;

    report_count_acts(report, incident, &ended, &cancelled);
    return incident->closed_us > incident->opened_us && ended + cancelled == 0 &&
           incident->elsewhere == 0 && incident->target[0] != '\0' &&
           !g_str_has_prefix(incident->name, "job ");
}

/* ---- connections ---------------------------------------------------------------------------- */

char *report_used(int used, int ordinary)
{
    const int reserved = used - ordinary;

    if (reserved <= 0)
        return g_strdup_printf("%d of %d connections", used, ordinary);
    return g_strdup_printf("%d of %d connections and %d reserved one%s", ordinary, ordinary,
                           reserved, reserved == 1 ? "" : "s");
}

double report_used_share(int used, int ordinary)
{
    return ordinary > 0 ? MIN(1.0, (double) used / ordinary) : 0;
}

void report_add_up_days(struct report_connections *connections)
{
    double used = 0;

    for (guint i = 0; i < connections->days->len; i++) {
        const struct report_day *day = &g_array_index(connections->days, struct report_day, i);
        connections->samples += day->samples;
        connections->missed += day->missed;
        used += day->average * (double) day->samples;
    }
    connections->average = connections->samples > 0 ? used / (double) connections->samples : 0;
}

gint64 report_kept_us(const struct report *report, const struct report_connections *connections)
{
    const GArray *days = connections->days;
    guint first = 0;

    while (first < days->len) {
        const struct report_day *day = &g_array_index(days, struct report_day, first);
        if (day->samples + day->missed > 0 || day->from_us >= report->minutes_us)
            return day->from_us;
        first++;
    }
    return report_end_us(report);
}

const char *report_unwatched(const struct report *report)
{
    return report->month.from_us < report->minutes_us ? "kept no longer" : "nobody watched";
}

double report_watched(const struct report_connections *connections)
{
    return connections->due > 0
               ? MIN(1.0, (double) connections->samples / (double) connections->due)
               : 0;
}

/* ---- backups -------------------------------------------------------------------------------- */

guint report_backups_other(const struct report_backups *backups)
{
    guint all = 0;

    for (int i = 0; i < REPORT_OUTCOMES; i++)
        all += backups->other[i];
    return all;
}

/* ---- growth --------------------------------------------------------------------------------- */

enum { LEAST_POINTS = 4, LEAST_DAYS = 21 };

static double day_of(gint64 at_us)
{
    return (double) at_us / (double) G_TIME_SPAN_DAY;
}

/* Of Student's t for 95 %, two-sided, by degrees of freedom. */
static double quantile_of(guint freedom)
{
    static const double quantiles[] = {0,     12.71, 4.303, 3.182, 2.776, 2.571, 2.447,
                                       2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
                                       2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086};

    return freedom < G_N_ELEMENTS(quantiles) ? quantiles[freedom]
                                             : 1.96 + 2.6 / (double) freedom;
}

static enum report_fit_verdict verdict_of(const struct report_point *points, guint count)
{
    if (count < LEAST_POINTS)
        return REPORT_FIT_FEW;
    return points[count - 1].at_us - points[0].at_us < LEAST_DAYS * G_TIME_SPAN_DAY
               ? REPORT_FIT_SHORT
               : REPORT_FIT_GOOD;
}

struct report_fit report_fit(const struct report_point *points, guint count)
{
    struct report_fit fit = {.verdict = verdict_of(points, count), .count = count};
    double products = 0, rest = 0;

    if (fit.verdict != REPORT_FIT_GOOD)
        return fit;
    fit.first_us = points[0].at_us;
    fit.last_us = points[count - 1].at_us;
    for (guint i = 0; i < count; i++) {
        fit.mean_day += day_of(points[i].at_us) / count;
        fit.mean += points[i].bytes / count;
    }
    for (guint i = 0; i < count; i++) {
        const double day = day_of(points[i].at_us) - fit.mean_day;
        fit.squares += day * day;
        products += day * (points[i].bytes - fit.mean);
    }
    fit.per_day = products / fit.squares;
    for (guint i = 0; i < count; i++) {
        const double line = fit.mean + fit.per_day * (day_of(points[i].at_us) - fit.mean_day);
        rest += (points[i].bytes - line) * (points[i].bytes - line);
    }
    fit.spread = sqrt(rest / (count - 2));
    fit.quantile = quantile_of(count - 2);
    return fit;
}

bool report_forecast(const struct report_fit *fit, gint64 at_us, double *ret_low,
                     double *ret_middle, double *ret_high)
{
    if (fit->verdict != REPORT_FIT_GOOD || at_us - fit->last_us > fit->last_us - fit->first_us)
        return false;
    const double day = day_of(at_us) - fit->mean_day;
    const double middle = fit->mean + fit->per_day * day;
    const double bound =
        fit->quantile * fit->spread * sqrt(1 + 1.0 / fit->count + day * day / fit->squares);
    *ret_middle = MAX(middle, 0);
    *ret_low = MAX(middle - bound, 0);
    *ret_high = MAX(middle + bound, 0);
    return true;
}
