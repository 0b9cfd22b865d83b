/* The report as a page, third part: connections, backups, migrations, indexes, growth, turns. */
#include "out/paste.h"
#include "report/report_words.h"
#include "units/units.h"

#include <math.h>
#include <string.h>

enum { DECISIONS = 25, TURNS = 20, FORECAST_DAYS = 91 };

/* ---- connections ---------------------------------------------------------------------------- */

static void draw_days(struct page *page, const struct report *report,
                      const struct report_connections *one)
{
    g_autofree struct chart_point *most = g_new0(struct chart_point, one->days->len + 1);
    g_autofree struct chart_point *limit = g_new0(struct chart_point, one->days->len + 1);

    for (guint i = 0; i < one->days->len; i++) {
        const struct report_day *day = &g_array_index(one->days, struct report_day, i);
        most[i] =
            (struct chart_point){day->from_us, day->samples > 0 ? day->used_max : (double) NAN};
        limit[i] = (struct chart_point){day->from_us,
                                        day->ordinary > 0 ? day->ordinary : one->ordinary};
    }
    /* The last bar ends with its day, not with the month. */
    most[one->days->len] = (struct chart_point){
        g_array_index(report->month.days, gint64, one->days->len), (double) NAN};
    limit[one->days->len] = (struct chart_point){report->month.until_us, one->ordinary};
    const struct chart_series series[] = {
        {"at most", CHART_BARS, most, one->days->len + 1},
        {"limit", CHART_LIMIT, limit, one->days->len + 1},
    };
    g_autofree char *title = g_strdup_printf("%s: connections in use", one->target);
    g_autofree char *used = report_used(one->used_max, one->ordinary);
    g_autofree char *text = g_strdup_printf(
        "The most connections of %s in use at one time on each day of the month; %s at the "
        "highest.",
        one->target, used);
    const struct chart chart = {.title = title,
                                .description = text,
                                .unit = CHART_COUNT,
                                .zone = report->zone,
                                .from_us = report->month.from_us,
                                .until_us = report->month.until_us,
                                .series = series,
                                .series_count = 2};
    page_chart(
        page, &chart,
        one->kept_us > report->month.from_us
            ? "Bars: the most in use at one time on that day. Dashed: how many there are. A "
              "day without a bar was not watched, or is kept no longer."
            : "Bars: the most in use at one time on that day. Dashed: how many there are. A "
              "day without a bar was not watched.");
}

enum { UNWATCHED_DAYS = 5 };

/* "; nobody watched on 2026-10-09, 2026-10-10"; "" where somebody did on each. */
static char *unwatched(const struct report *report, const struct report_connections *one)
{
    GString *days = g_string_new(NULL);
    guint count = 0;

    for (guint i = 0; i < one->days->len; i++) {
        const struct report_day *day = &g_array_index(one->days, struct report_day, i);
        g_autofree char *date = words_day(report, day->from_us);
        if (day->samples > 0 || day->from_us < one->kept_us || ++count > UNWATCHED_DAYS)
            continue;
        g_string_append_printf(days, "%s%s", count == 1 ? "; nobody watched on " : ", ", date);
    }
    if (count > UNWATCHED_DAYS)
        g_string_append_printf(days, " and %u more days", count - UNWATCHED_DAYS);
    return g_string_free(days, FALSE);
}

/* Of what its share is told. */
static char *span(const struct report *report, const struct report_connections *one)
{
    g_autofree char *kept = words_day(report, one->kept_us);

    if (one->kept_us > report->month.from_us)
        return g_strdup_printf("of the time since %s; what was seen before is kept no longer",
                               kept);
    return g_strdup(report_is_whole(report) ? "of the month" : "of the month so far");
}

/* Never more than it was: 99.7 % is not all. */
static char *watched(const struct report *report, const struct report_connections *one)
{
    const double share = report_watched(one);
    g_autofree char *month = span(report, one);
    g_autofree char *days = unwatched(report, one);

    if (one->samples >= one->due && one->kept_us <= report->month.from_us)
        return g_strdup("It was watched all the time.");
    if (share >= 0.99)
        return g_strdup_printf("It was watched for more than 99 %% %s%s.", month, days);
    if (share < 0.01)
        return g_strdup_printf("It was watched for less than 1 %% %s%s.", month, days);
    return g_strdup_printf("It was watched for %d %% %s%s.", (int) (100 * share), month, days);
}

static void add_connections(struct page *page, const struct report *report,
                            const struct report_connections *one)
{
    g_autofree char *peak = words_moment(report, one->peak_us);
    g_autofree char *used = report_used(one->used_max, one->ordinary);
    g_autofree char *share = words_share(MIN(one->used_max, one->ordinary), one->ordinary);
    g_autofree char *part = watched(report, one);
    int queries = 0;

    for (guint i = 0; i < one->days->len; i++)
        queries = MAX(queries,
                      (int) g_array_index(one->days, struct report_day, i).query_seconds_max);
    g_autofree char *longest = units_format_duration(queries);
    if (one->samples == 0) {
        page_add(page, PAGE_GAP, REPORT_PLAIN, "%s: not known, it could never be reached.",
                 one->target);
        return;
    }
    page_add(page, PAGE_TEXT, REPORT_PLAIN,
             "%s: %s (%s) at the highest, on %s; %.1f on the average. The longest query ran "
             "for %s. %s",
             one->target, used, share, peak, one->average, longest, part);
    draw_days(page, report, one);
}

void words_connections(struct page *page, const struct report *report)
{
    g_autofree char *kept = words_day(report, report->minutes_us);

    page_add(page, PAGE_HEADING, REPORT_PLAIN, "Connections");
    if (report->connections->len == 0 && report->month.from_us < report->minutes_us)
        page_add(page, PAGE_GAP, REPORT_PLAIN,
                 "Not known: what the daemon saw before %s is kept no longer%s.", kept,
                 report->minutes_us < report_end_us(report)
                     ? ", and since then it watched none of the databases"
                     : "");
    else if (report->connections->len == 0)
        page_add(page, PAGE_GAP, REPORT_PLAIN,
                 "Not known: \"pgrunbook serve\" watched none of the databases in this "
                 "month.");
    for (guint i = 0; i < report->connections->len; i++)
        add_connections(page, report,
                        &g_array_index(report->connections, struct report_connections, i));
}

/* ---- backups -------------------------------------------------------------------------------- */

static char *age(const struct report *report, gint64 at_us)
{
    g_autofree char *ago =
        units_format_duration((double) (report_end_us(report) - at_us) / G_USEC_PER_SEC);

    return at_us > 0 ? g_strconcat(ago, " old", NULL) : g_strdup("none this month");
}

static void add_backups(struct page *page, const struct report *report)
{
    static const struct page_column columns[] = {
        {"Target", false}, {"Made", true},         {"Failed", true}, {"Other", true},
        {"Stored", true},  {"Newest", false},      {"Proven", true}, {"Recovery", true},
        {"Dumps", true},   {"Newest dump", false}, {NULL, false}};

    page_table(page, columns, "Backups of the month; ages are as of its end");
    for (guint i = 0; i < report->backups->len; i++) {
        const struct report_backups *one =
            &g_array_index(report->backups, struct report_backups, i);
        page_cell(page, REPORT_PLAIN, words_target(one->target));
        page_take(page, REPORT_PLAIN, units_format_count(one->made));
        page_take(page, one->failed + one->dumps_failed > 0 ? REPORT_BAD : REPORT_PLAIN,
                  units_format_count(one->failed + one->dumps_failed));
        page_take(page, report_backups_other(one) > 0 ? REPORT_CAUTION : REPORT_PLAIN,
                  units_format_count(report_backups_other(one)));
        page_take(page, REPORT_PLAIN, units_format_size(one->stored_bytes));
        page_take(page, REPORT_PLAIN, age(report, one->newest_us));
        page_take(page, one->proven > 0 ? REPORT_GOOD : REPORT_CAUTION,
                  g_strdup_printf("%u of %u", one->proven, one->proven + one->disproven));
        page_take(page, REPORT_PLAIN,
                  one->recovery_seconds < 0 ? g_strdup("not proven")
                                            : units_format_duration(one->recovery_seconds));
        page_take(page, REPORT_PLAIN, units_format_count(one->dumps));
        page_take(page, REPORT_PLAIN, age(report, one->newest_dump_us));
    }
}

void words_backups(struct page *page, const struct report *report)
{
    static const struct page_column columns[] = {
        {"Run", true},      {"When", false},    {"Target", false}, {"Backup", false},
        {"Verdict", false}, {"Recovery", true}, {NULL, false}};

    page_add(page, PAGE_HEADING, REPORT_PLAIN, "Backups");
    if (report->backups->len == 0) {
        page_add(page, PAGE_GAP, REPORT_PLAIN, "%s",
                 report_is_recorded(report)
                     ? "The runbook made no backup, no dump and no drill "
                       "this month. Whether others did is not known."
                     : "Not known: nothing was recorded.");
        return;
    }
    add_backups(page, report);
    if (report->drills->len == 0) {
        page_add(
            page, PAGE_GAP, REPORT_PLAIN,
            "No recovery drill ran: that these backups can be recovered from is not proven.");
        return;
    }
    page_table(page, columns,
               "Drills: a backup was recovered on a scratch server and compared");
    for (guint i = 0; i < report->drills->len; i++) {
        const struct report_drill *one = &g_array_index(report->drills, struct report_drill, i);
        page_take(page, REPORT_PLAIN, g_strdup_printf("%" G_GINT64_FORMAT, one->run));
        page_take(page, REPORT_PLAIN, words_moment(report, one->at_us));
        page_cell(page, REPORT_PLAIN, words_target(one->target));
        page_cell(page, REPORT_PLAIN, one->backup);
        page_cell(page,
                  one->proven      ? REPORT_GOOD
                  : one->disproven ? REPORT_BAD
                                   : REPORT_CAUTION,
                  one->verdict);
        page_take(page, REPORT_PLAIN,
                  one->recovery_seconds < 0 ? g_strdup("not known")
                                            : units_format_duration(one->recovery_seconds));
    }
}

/* ---- migrations ----------------------------------------------------------------------------- */

void words_migrations(struct page *page, const struct report *report)
{
    static const struct page_column columns[] = {
        {"When", false},    {"Database", false},    {"Version", false},         {"Name", false},
        {"Outcome", false}, {"Longest lock", true}, {"Forced, because", false}, {NULL, false}};

    page_add(page, PAGE_HEADING, REPORT_PLAIN, "Migrations");
    if (report->migrations->len == 0) {
        page_add(page, PAGE_GAP, REPORT_PLAIN,
                 "No migration was applied by the runbook this month.");
        return;
    }
    page_table(page, columns, "Migrations applied and taken back, the oldest first");
    for (guint i = 0; i < report->migrations->len; i++) {
        const struct report_migration *one =
            &g_array_index(report->migrations, struct report_migration, i);
        page_take(page, REPORT_PLAIN, words_moment(report, one->at_us));
        page_cell(page, REPORT_PLAIN, one->database);
        page_cell(page, REPORT_PLAIN, one->version);
        words_name(page, one->name);
        page_take(page, strcmp(one->outcome, "failed") == 0 ? REPORT_BAD : REPORT_PLAIN,
                  g_strdup_printf("%s%s", one->outcome,
                                  strcmp(one->direction, "down") == 0 ? " (taken back)" : ""));
        page_take(page, REPORT_PLAIN,
                  one->longest_hold_ms < 0
                      ? g_strdup("not known")
                      : units_format_duration(one->longest_hold_ms / 1000));
        page_cell(page, REPORT_CAUTION, one->forced);
    }
}

/* ---- indexes -------------------------------------------------------------------------------- */

static void add_findings(struct page *page, const struct report_indexes *one)
{
    static const struct page_column columns[] = {{"Index or table", false}, {"Size", true},
                                                 {"Finding", false},        {"Why", false},
                                                 {"To do it", false},       {NULL, false}};
    bool quoted = false;

    page_table(page, columns, "Indexes to decide on, the largest first");
    for (guint i = 0; i < MIN(one->findings->len, DECISIONS); i++) {
        const struct report_finding *finding =
            &g_array_index(one->findings, struct report_finding, i);
        const bool missing = finding->name[0] == '\0';
        g_autofree char *name = g_strdup_printf("%s.%s", finding->schema,
                                                missing ? finding->relation : finding->name);
        words_name(page, name);
        page_take(page, REPORT_PLAIN,
                  missing ? g_strdup("") : units_format_size(finding->bytes));
        page_cell(page, REPORT_PLAIN, missing ? "no index on a foreign key" : finding->what);
        page_cell(page, REPORT_PLAIN, finding->reason);
        char *command =
            missing ? paste_sql(finding->command) : paste_shell_line(finding->command);
        quoted = quoted || (!missing && strstr(command, " $'") != NULL);
        page_take(page, REPORT_PLAIN, command);
    }
    if (one->findings->len > DECISIONS)
        page_add(page, PAGE_TEXT, REPORT_PLAIN, "… and %u more, in the document (--json).",
                 one->findings->len - DECISIONS);
    if (quoted)
        page_add(page, PAGE_TEXT, REPORT_PLAIN,
                 "Names with characters that cannot be typed stand in $'…': that is for bash, "
                 "zsh or ksh.");
}

void words_indexes(struct page *page, const struct report *report)
{
    page_add(page, PAGE_HEADING, REPORT_PLAIN, "Indexes to decide on");
    if (report->indexes->len == 0)
        page_add(page, PAGE_GAP, REPORT_PLAIN, "Not known: %s",
                 report->findings_later
                     ? "only what the newest \"indexes report\" has found is kept."
                     : "no \"indexes report\" has left samples in the history.");
    for (guint i = 0; i < report->indexes->len; i++) {
        const struct report_indexes *one =
            &g_array_index(report->indexes, struct report_indexes, i);
        g_autofree char *since = words_day(report, one->first_us);
        g_autofree char *last = words_day(report, one->last_us);
        g_autofree char *found = words_day(report, one->found_us);
        g_autofree char *times = units_format_counted(one->samples, "time");
        page_add(page, PAGE_SUBHEADING, REPORT_PLAIN, "%s", one->database);
        page_add(page, PAGE_TEXT, REPORT_PLAIN,
                 "%u indexes, whose use was looked at %s from %s to %s; %u had no scan in the "
                 "30 days before that.",
                 one->known, times, since, last, one->quiet);
        if (one->findings->len > 0)
            page_add(page, PAGE_TEXT, REPORT_PLAIN,
                     "As the report of %s found them; it may have changed since.", found);
        if (one->findings->len > 0)
            add_findings(page, one);
        else
            page_add(page, PAGE_GAP, REPORT_PLAIN,
                     "The last report is not known to have found anything to decide on.");
    }
}

/* ---- growth --------------------------------------------------------------------------------- */

static void draw_growth(struct page *page, const struct report *report,
                        const struct report_growth *one)
{
    const guint count = one->points->len;
    g_autofree struct chart_point *points = g_new0(struct chart_point, count);
    const gint64 first = g_array_index(one->points, struct report_point, 0).at_us;
    const gint64 last = g_array_index(one->points, struct report_point, count - 1).at_us;
    struct chart_range ranges[14] = {{0}};
    guint ahead = 0;

    for (guint i = 0; i < count; i++) {
        const struct report_point *point = &g_array_index(one->points, struct report_point, i);
        points[i] = (struct chart_point){point->at_us, point->bytes};
    }
    for (gint64 day = 0; day <= FORECAST_DAYS && ahead < G_N_ELEMENTS(ranges); day += 7) {
        struct chart_range *range = &ranges[ahead];
        range->at_us = last + day * G_TIME_SPAN_DAY;
        ahead +=
            report_forecast(&one->fit, range->at_us, &range->low, &range->middle, &range->high);
    }
    const struct chart_series series = {"", CHART_LINE, points, count};
    g_autofree char *title =
        g_strdup_printf("%s: size of all tables and indexes", one->database);
    g_autofree char *size = chart_value_label(CHART_SIZE, points[count - 1].value);
    g_autofree char *text =
        g_strdup_printf("Size of %s at the end of each week; %s at last.", one->database, size);
    const struct chart chart = {.title = title,
                                .description = text,
                                .unit = CHART_SIZE,
                                .zone = report->zone,
                                .from_us = first,
                                .until_us = ahead > 0 ? ranges[ahead - 1].at_us : last,
                                .series = &series,
                                .series_count = 1,
                                .ranges = ranges,
                                .range_count = ahead};
    page_chart(page, &chart,
               ahead > 0
                   ? "Line: measured. Dashed: if growth goes on as it was; within the band "
                     "in 95 of 100 cases. The axis need not begin at zero."
                   : "Line: measured. The axis need not begin at zero.");
}

static void tell_forecast(struct page *page, const struct report_growth *one)
{
    double low, middle, high;
    const gint64 month = (gint64) 30 * G_TIME_SPAN_DAY;
    const gint64 days =
        one->fit.verdict == REPORT_FIT_GOOD &&
                report_forecast(&one->fit, one->fit.last_us + 3 * month, &low, &middle, &high)
            ? 90
            : 30;

    g_autofree char *weeks = units_format_counted(one->points->len, "week");

    if (one->fit.verdict == REPORT_FIT_FEW)
        page_add(page, PAGE_GAP, REPORT_PLAIN,
                 "No forecast: there are sizes of %s, and it takes four weeks.", weeks);
    else if (one->fit.verdict == REPORT_FIT_SHORT)
        page_add(page, PAGE_GAP, REPORT_PLAIN,
                 "No forecast: the sizes are of less than three weeks.");
    else if (!report_forecast(&one->fit, one->fit.last_us + days * G_TIME_SPAN_DAY, &low,
                              &middle, &high))
        page_add(page, PAGE_GAP, REPORT_PLAIN,
                 "No forecast: it would look farther ahead than the sizes look back.");
    else {
        g_autofree char *rate = units_format_size(llround(fabs(one->fit.per_day * 30)));
        g_autofree char *low_text = units_format_size(llround(low));
        g_autofree char *middle_text = units_format_size(llround(middle));
        g_autofree char *high_text = units_format_size(llround(high));
        page_add(
            page, PAGE_TEXT, REPORT_PLAIN,
            "It %s by %s in 30 days. If that goes on, it has %s in %d days, between %s and "
            "%s in 95 of 100 cases. A straight line knows no new customers and no clean-up.",
            one->fit.per_day >= 0 ? "grows" : "shrinks", rate, middle_text, (int) days,
            low_text, high_text);
    }
}

static void add_relations(struct page *page, const struct report *report,
                          const struct report_growth *one)
{
    static const struct page_column columns[] = {{"Table or index", false},
                                                 {"Kind", false},
                                                 {"Size", true},
                                                 {"Since before the month", true},
                                                 {NULL, false}};
    g_autofree char *before = words_day(report, one->before_us);
    g_autofree char *caption =
        one->before_us > 0
            ? g_strdup_printf("The largest of %u, and how they changed since %s",
                              one->relation_count, before)
            : g_strdup_printf(
                  "The largest of %u; of the time before the month nothing is known",
                  one->relation_count);

    page_table(page, columns, caption);
    for (guint i = 0; i < one->relations->len; i++) {
        const struct report_relation *relation =
            &g_array_index(one->relations, struct report_relation, i);
        g_autofree char *change = units_format_size(relation->bytes - relation->before);
        if (relation->name != NULL)
            words_name(page, relation->name);
        else
            page_take(page, REPORT_PLAIN, g_strdup_printf("oid %u", relation->oid));
        page_cell(page, REPORT_PLAIN, relation->kind);
        page_take(page, REPORT_PLAIN, units_format_size(relation->bytes));
        page_take(
            page, REPORT_PLAIN,
            relation->before < 0
                ? g_strdup(one->before_us > 0 ? "new" : "not known")
                : g_strconcat(relation->bytes > relation->before ? "+" : "", change, NULL));
    }
    if (one->unnamed)
        page_add(page, PAGE_GAP, REPORT_PLAIN,
                 "Names are known of what a \"bloat report\" of this version has sampled.");
}

void words_growth(struct page *page, const struct report *report)
{
    page_add(page, PAGE_HEADING, REPORT_PLAIN, "Growth and forecast");
    if (report->growths->len == 0)
        page_add(page, PAGE_GAP, REPORT_PLAIN,
                 "Not known: no \"bloat report\" has left sizes in the history.");
    for (guint i = 0; i < report->growths->len; i++) {
        const struct report_growth *one =
            &g_array_index(report->growths, struct report_growth, i);
        page_add(page, PAGE_SUBHEADING, REPORT_PLAIN, "%s", one->database);
        if (one->points->len == 0) {
            page_add(
                page, PAGE_GAP, REPORT_PLAIN,
                "Not known: its sizes were not sampled in the year before the month's end.");
            continue;
        }
        tell_forecast(page, one);
        draw_growth(page, report, one);
        add_relations(page, report, one);
    }
}

/* ---- turns ---------------------------------------------------------------------------------- */

void words_turns(struct page *page, const struct report *report)
{
    static const struct page_column columns[] = {
        {"When", false}, {"Target", false}, {"Job", false}, {"Why", false}, {NULL, false}};

    page_add(page, PAGE_HEADING, REPORT_PLAIN, "Turns missed");
    if (report->turns_all == 0) {
        page_add(page, PAGE_GAP, REPORT_PLAIN,
                 "No turn of a scheduled job is in the history of this month.");
        return;
    }
    if (report->turns->len == 0) {
        page_add(page, PAGE_TEXT, REPORT_PLAIN, "None of %u scheduled turns was missed.",
                 report->turns_all);
        return;
    }
    page_table(page, columns, "Scheduled turns at which nothing was done");
    for (guint i = 0; i < MIN(report->turns->len, TURNS); i++) {
        const struct report_turn *one = &g_array_index(report->turns, struct report_turn, i);
        page_take(page, REPORT_PLAIN, words_moment(report, one->at_us));
        page_cell(page, REPORT_PLAIN, one->target);
        page_cell(page, REPORT_PLAIN, one->job);
        page_cell(page, REPORT_PLAIN, one->reason);
    }
    if (report->turns->len > TURNS)
        page_add(page, PAGE_TEXT, REPORT_PLAIN, "… and %u more, in the document (--json).",
                 report->turns->len - TURNS);
}
