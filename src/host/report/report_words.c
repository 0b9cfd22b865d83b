/* The report as a page, first part: the month in short, and maintenance. */
#include "report/report_words.h"
#include "out/display.h"
#include "units/units.h"

#include <string.h>

enum { FAILURES = 25, LEFT = 20 };

/* ---- words ---------------------------------------------------------------------------------- */

static char *formatted(const struct report *report, gint64 at_us, const char *format)
{
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(at_us / G_USEC_PER_SEC);
    g_autoptr(GDateTime) at =
        utc != NULL && at_us != 0 ? g_date_time_to_timezone(utc, report->zone) : NULL;

    return at != NULL ? g_date_time_format(at, format) : g_strdup("");
}

char *words_moment(const struct report *report, gint64 at_us)
{
    return formatted(report, at_us, "%Y-%m-%d %H:%M");
}

char *words_day(const struct report *report, gint64 at_us)
{
    return formatted(report, at_us, "%Y-%m-%d");
}

char *words_share(double part, double whole)
{
    return whole > 0 ? g_strdup_printf("%.0f %%", 100 * part / whole) : g_strdup("not known");
}

const char *words_target(const char *target)
{
    return target == NULL || target[0] == '\0' ? "(no target)" : target;
}

void words_name(struct page *page, const char *name)
{
    page_take(page, REPORT_PLAIN, name != NULL ? display_clean(name, 0) : NULL);
}

enum report_tone words_tone(enum report_outcome outcome)
{
    return outcome == REPORT_DONE     ? REPORT_GOOD
           : outcome == REPORT_FAILED ? REPORT_BAD
                                      : REPORT_CAUTION;
}

void words_more(struct page *page, guint all, guint shown, const char *noun)
{
    if (all > shown)
        page_add(page, PAGE_TEXT, REPORT_PLAIN, "… and %u more %s, in the document (--json).",
                 all - shown, noun);
}

/* ---- in short ------------------------------------------------------------------------------- */

static void add_unknown_tile(struct page *page, const char *label, const char *why)
{
    page_tile(page, REPORT_PLAIN, label, g_strdup("not known"), g_strdup(why));
}

/* Caller frees; NULL: there is nothing to say. */
static char *space_note(const struct report_space *space)
{
    g_autofree char *known = units_format_counted(space->known, "object");

    if (space->undone == 0)
        return space->known > 0 ? g_steal_pointer(&known) : NULL;
    return space->known > 0 ? g_strdup_printf("%s; %u taken back", known, space->undone)
                            : g_strdup_printf("%u taken back", space->undone);
}

static void add_space_tile(struct page *page, const struct report *report)
{
    const struct report_space space = report_space(report);

    if (!report_is_recorded(report)) {
        add_unknown_tile(page, "Space won back", "nothing was recorded");
        return;
    }
    if (space.known == 0 && space.unknown + space.partly > 0) {
        add_unknown_tile(page, "Space won back", "sizes were not recorded");
        return;
    }
    page_tile(page, space.won > 0 ? REPORT_GOOD : REPORT_PLAIN, "Space won back",
              units_format_size(MAX(space.won, 0)), space_note(&space));
}

static void add_peak_tile(struct page *page, const struct report *report)
{
    const struct report_connections *worst = NULL;

    for (guint i = 0; i < report->connections->len; i++) {
        const struct report_connections *one =
            &g_array_index(report->connections, struct report_connections, i);
        if (one->ordinary > 0 &&
            (worst == NULL || (gint64) one->used_max * worst->ordinary >
                                  (gint64) worst->used_max * one->ordinary))
            worst = one;
    }
    if (worst == NULL) {
        add_unknown_tile(page, "Most connections", report_unwatched(report));
        return;
    }
    const double share = report_used_share(worst->used_max, worst->ordinary);
    g_autofree char *used = report_used(worst->used_max, worst->ordinary);
    page_tile(page,
              share >= 1     ? REPORT_BAD
              : share >= 0.8 ? REPORT_CAUTION
                             : REPORT_PLAIN,
              "Most connections", words_share(share, 1),
              g_strdup_printf("%s, %s", used, worst->target));
}

static void add_recovery_tile(struct page *page, const struct report *report)
{
    const struct report_drill *last = NULL;

    for (guint i = 0; i < report->drills->len; i++) {
        const struct report_drill *one = &g_array_index(report->drills, struct report_drill, i);
        if (one->proven && one->recovery_seconds >= 0)
            last = one;
    }
    if (last == NULL)
        page_tile(page, REPORT_CAUTION, "Recovery time", g_strdup("not proven"),
                  g_strdup("no drill succeeded this month"));
    else
        page_tile(page, REPORT_GOOD, "Recovery time",
                  units_format_duration(last->recovery_seconds),
                  g_strdup_printf("drill of %s", words_target(last->target)));
}

static void add_runs_tile(struct page *page, const struct report *report)
{
    guint failed = 0;

    for (guint i = 0; i < report->runs->len; i++)
        failed += g_array_index(report->runs, struct report_run, i).outcome == REPORT_FAILED;
    if (!report_is_recorded(report))
        add_unknown_tile(page, "Maintenance runs", "nothing was recorded");
    else
        page_tile(page, failed > 0 ? REPORT_BAD : REPORT_PLAIN, "Maintenance runs",
                  units_format_count(report->runs->len),
                  failed > 0 ? g_strdup_printf("%u failed", failed) : g_strdup("none failed"));
}

static void add_incidents_tile(struct page *page, const struct report *report)
{
    guint incidents = 0;

    for (guint i = 0; i < report->incidents->len; i++)
        incidents +=
            strcmp(g_array_index(report->incidents, struct report_incident, i).severity,
                   "critical") == 0;
    if (report->incidents->len == 0 && report->connections->len == 0)
        add_unknown_tile(page, "Critical incidents", report_unwatched(report));
    else
        page_tile(page, incidents > 0 ? REPORT_CAUTION : REPORT_PLAIN, "Critical incidents",
                  units_format_count(incidents), NULL);
}

static void words_short(struct page *page, const struct report *report)
{
    page_add(page, PAGE_HEADING, REPORT_PLAIN, "In short");
    add_runs_tile(page, report);
    add_incidents_tile(page, report);
    add_peak_tile(page, report);
    add_recovery_tile(page, report);
    add_space_tile(page, report);
    for (guint i = 0; i < report->lines->len; i++) {
        const struct report_line *line = &g_array_index(report->lines, struct report_line, i);
        page_add(page, PAGE_LINE, line->tone, "%s", line->text);
    }
}

/* ---- maintenance ---------------------------------------------------------------------------- */

static void count_cell(struct page *page, guint count, enum report_tone tone)
{
    page_take(page, count > 0 ? tone : REPORT_PLAIN, units_format_count(count));
}

static void words_tallies(struct page *page, const struct report *report)
{
    static const struct page_column columns[] = {
        {"Target", false}, {"What", false}, {"Runs", true}, {"Done", true},  {"Partly", true},
        {"Failed", true},  {"Other", true}, {"Time", true}, {"Last", false}, {NULL, false}};

    page_table(page, columns, "Runs of the month by target and command");
    for (guint i = 0; i < report->tallies->len; i++) {
        const struct report_tally *one =
            &g_array_index(report->tallies, struct report_tally, i);
        const guint other = one->outcomes[REPORT_REFUSED] + one->outcomes[REPORT_INTERRUPTED] +
                            one->outcomes[REPORT_UNFINISHED];
        page_cell(page, REPORT_PLAIN, words_target(one->target));
        page_take(page, REPORT_PLAIN, g_strdup_printf("%s %s", one->section, one->verb));
        count_cell(page, one->runs, REPORT_PLAIN);
        count_cell(page, one->outcomes[REPORT_DONE], REPORT_PLAIN);
        count_cell(page, one->outcomes[REPORT_PARTLY], REPORT_CAUTION);
        count_cell(page, one->outcomes[REPORT_FAILED], REPORT_BAD);
        count_cell(page, other, REPORT_CAUTION);
        page_take(page, REPORT_PLAIN, units_format_duration(one->seconds));
        page_take(page, REPORT_PLAIN, words_moment(report, one->last_us));
    }
}

static void words_failures(struct page *page, const struct report *report)
{
    static const struct page_column columns[] = {
        {"Run", true},      {"When", false}, {"Target", false}, {"What", false},
        {"Outcome", false}, {"By", false},   {"Why", false},    {NULL, false}};
    guint count = 0;

    for (guint i = 0; i < report->runs->len; i++) {
        const struct report_run *run = &g_array_index(report->runs, struct report_run, i);
        if (run->outcome == REPORT_DONE || ++count > FAILURES)
            continue;
        if (count == 1) {
            page_add(page, PAGE_SUBHEADING, REPORT_PLAIN, "Runs that did not get all done");
            page_table(page, columns, "Each run that did not end with everything done");
        }
        page_take(page, REPORT_PLAIN, g_strdup_printf("%" G_GINT64_FORMAT, run->id));
        page_take(page, REPORT_PLAIN, words_moment(report, run->started_us));
        page_cell(page, REPORT_PLAIN, words_target(run->target));
        page_take(page, REPORT_PLAIN, g_strdup_printf("%s %s", run->section, run->verb));
        page_cell(page, words_tone(run->outcome), report_outcome_word(run->outcome));
        page_cell(page, REPORT_PLAIN, run->by);
        page_cell(page, REPORT_PLAIN, run->error != NULL ? run->error : "see the history");
    }
    words_more(page, count, FAILURES, "such runs");
}

static void words_left(struct page *page, const struct report *report)
{
    static const struct page_column columns[] = {
        {"Target", false}, {"Section", false}, {"Outcome", false}, {"Times", true},
        {"Why", false},    {"As", false},      {NULL, false}};

    if (report->left->len == 0)
        return;
    page_add(page, PAGE_SUBHEADING, REPORT_PLAIN, "What was left alone, and why");
    page_table(page, columns, "Tables and indexes that were skipped, not reached or failed");
    for (guint i = 0; i < MIN(report->left->len, LEFT); i++) {
        const struct report_left *one = &g_array_index(report->left, struct report_left, i);
        page_cell(page, REPORT_PLAIN, words_target(one->target));
        page_cell(page, REPORT_PLAIN, one->section);
        page_take(page, strcmp(one->outcome, "failed") == 0 ? REPORT_BAD : REPORT_PLAIN,
                  g_strdelimit(g_strdup(one->outcome), "_", ' '));
        count_cell(page, one->times, REPORT_PLAIN);
        page_take(page, REPORT_PLAIN,
                  g_strconcat(one->varies ? "for example: " : "", one->reason, NULL));
        words_name(page, one->example);
    }
    words_more(page, report->left->len, LEFT, "reasons");
}

static void words_maintenance(struct page *page, const struct report *report)
{
    page_add(page, PAGE_HEADING, REPORT_PLAIN, "Maintenance");
    if (report->runs->len == 0) {
        page_add(page, PAGE_GAP, REPORT_PLAIN, "No run of this month is in the history.");
        return;
    }
    for (guint i = 0; i < report->vacuums->len; i++) {
        const struct report_vacuum *one =
            &g_array_index(report->vacuums, struct report_vacuum, i);
        g_autofree char *tables = units_format_counted(one->tables, "table");
        g_autofree char *removed = units_format_count(one->removed);
        g_autofree char *times = units_format_count(one->times);
        page_add(page, PAGE_TEXT, REPORT_PLAIN,
                 "%s: %s vacuumed or analyzed, %s times in all; %s%s dead rows removed.",
                 words_target(one->target), tables, times, one->some ? "at least " : "",
                 removed);
    }
    words_tallies(page, report);
    words_failures(page, report);
    words_left(page, report);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void words_gaps(struct page *page, const struct report *report)
{
    if (report->gaps->len == 0)
        return;
    page_add(page, PAGE_HEADING, REPORT_PLAIN, "What this report does not know");
    for (guint i = 0; i < report->gaps->len; i++)
        page_add(page, PAGE_GAP, REPORT_PLAIN, "%s",
                 g_array_index(report->gaps, const char *, i));
}

struct page *report_page(const struct report *report)
{
    struct page *page = page_new();
    g_autofree char *name = report_month_name(&report->month);
    g_autofree char *made = words_moment(report, report->made_us);

    page->title = g_strdup_printf("Database maintenance in %s", name);
    page->subtitle =
        g_strdup_printf("%s%s. Times are of %s. Written %s%s.",
                        report->target != NULL ? "Database " : "All databases",
                        report->target != NULL ? report->target : "", report->zone_name, made,
                        report_is_whole(report) ? "" : ", before the month was over");
    words_short(page, report);
    words_maintenance(page, report);
    words_space(page, report);
    words_incidents(page, report);
    words_connections(page, report);
    words_backups(page, report);
    words_migrations(page, report);
    words_indexes(page, report);
    words_growth(page, report);
    words_turns(page, report);
    words_gaps(page, report);
    return page;
}
