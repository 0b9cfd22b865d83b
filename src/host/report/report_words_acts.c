/* The report as a page, second part: space won, and incidents. */
#include "report/report_words.h"
#include "units/units.h"

#include <string.h>

enum { WINS = 15, INCIDENTS = 30, ACTS = 5 };

/* ---- space ---------------------------------------------------------------------------------- */

static char *plain_size(gint64 bytes)
{
    return bytes < 0 ? g_strdup("not known") : units_format_size(bytes);
}

/* "dropped, taken back on 2026-10-20 by run 12". Caller frees. */
static char *done_of(const struct report *report, const struct report_win *win)
{
    g_autofree char *day = words_day(report, win->undone_us);

    if (win->undone == REPORT_STANDS)
        return g_strdup(win->what);
    return g_strdup_printf("%s, taken back%s on %s by run %" G_GINT64_FORMAT, win->what,
                           win->undone == REPORT_UNDONE_PARTLY ? " in part" : "", day,
                           win->undo_run);
}

static void add_win(struct page *page, const struct report *report,
                    const struct report_win *win)
{
    const bool stands = win->undone == REPORT_STANDS;
    const bool known = stands && win->before >= 0 && win->after >= 0;

    page_cell(page, REPORT_PLAIN, words_target(win->target));
    words_name(page, win->name);
    page_take(page, stands ? REPORT_PLAIN : REPORT_CAUTION, done_of(report, win));
    page_take(page, REPORT_PLAIN, plain_size(win->before));
    page_take(page, REPORT_PLAIN,
              stands                         ? plain_size(win->after)
              : win->undone == REPORT_UNDONE ? g_strdup("back again")
                                             : g_strdup("partly back"));
    page_take(page, known ? REPORT_GOOD : REPORT_PLAIN,
              known                          ? units_format_size(win->before - win->after)
              : win->undone == REPORT_UNDONE ? g_strdup("none")
                                             : g_strdup("not known"));
    page_take(page, REPORT_PLAIN, g_strdup_printf("%" G_GINT64_FORMAT, win->run));
}

/* "; in between they grew by 3 GB": of those that were handled more than once. Caller frees. */
static char *in_between(const struct report_space *space)
{
    g_autofree char *bytes = units_format_size(ABS(space->grown));

    return space->grown == 0
               ? g_strdup("")
               : g_strdup_printf("; in between %s by %s",
                                 space->grown > 0 ? "they grew" : "they shrank", bytes);
}

static void tell_wins(struct page *page, const struct report *report)
{
    const struct report_space space = report_space(report);
    g_autofree char *won = units_format_size(space.won);
    g_autofree char *before = units_format_size(space.before);
    g_autofree char *after = units_format_size(space.after);
    g_autofree char *undone = units_format_size(space.undone_bytes);
    g_autofree char *grown = in_between(&space);

    if (space.known > 0)
        page_add(page, PAGE_TEXT, REPORT_PLAIN, "%s won: %s before, %s after%s.", won, before,
                 after, grown);
    else
        page_add(page, PAGE_TEXT, REPORT_PLAIN, "Nothing that is known to have stayed won.");
    if (space.undone > 0)
        page_add(page, PAGE_TEXT, REPORT_PLAIN,
                 "%u %s taken back by \"history undo\": the %s do not count as won.",
                 space.undone, space.undone == 1 ? "was" : "were", undone);
    if (space.partly > 0)
        page_add(page, PAGE_GAP, REPORT_PLAIN,
                 "Of %u, taken back in part, it is not known how much stayed won.",
                 space.partly);
    if (space.unknown > 0)
        page_add(page, PAGE_GAP, REPORT_PLAIN,
                 "Of %u more it is not known how large they were.", space.unknown);
}

/* What earlier reports have counted as won. */
static void words_returned(struct page *page, const struct report *report)
{
    static const struct page_column columns[] = {
        {"Target", false},  {"Table or index", false}, {"What was done", false},
        {"Done on", false}, {"Before", true},          {"Run", true},
        {NULL, false}};

    if (report->returned->len == 0)
        return;
    page_add(page, PAGE_SUBHEADING, REPORT_PLAIN, "Taken back of earlier months");
    page_add(page, PAGE_TEXT, REPORT_PLAIN,
             "Space that earlier reports may have counted as won, and that is in use again. It "
             "is not subtracted above.");
    page_table(page, columns, "Of earlier months, taken back in this one");
    for (guint i = 0; i < MIN(report->returned->len, WINS); i++) {
        const struct report_win *win = &g_array_index(report->returned, struct report_win, i);
        page_cell(page, REPORT_PLAIN, words_target(win->target));
        words_name(page, win->name);
        page_take(page, REPORT_CAUTION, done_of(report, win));
        page_take(page, REPORT_PLAIN, words_day(report, win->at_us));
        page_take(page, REPORT_PLAIN, plain_size(win->before));
        page_take(page, REPORT_PLAIN, g_strdup_printf("%" G_GINT64_FORMAT, win->run));
    }
    words_more(page, report->returned->len, WINS, "of them");
}

static void words_wins(struct page *page, const struct report *report)
{
    static const struct page_column columns[] = {{"Target", false},
                                                 {"Table or index", false},
                                                 {"What was done", false},
                                                 {"Before", true},
                                                 {"After", true},
                                                 {"Won", true},
                                                 {"Run", true},
                                                 {NULL, false}};

    tell_wins(page, report);
    page_table(page, columns, "Tables and indexes made smaller or dropped, the most won first");
    for (guint i = 0; i < MIN(report->wins->len, WINS); i++)
        add_win(page, report, &g_array_index(report->wins, struct report_win, i));
    words_more(page, report->wins->len, WINS, "of them");
}

void words_space(struct page *page, const struct report *report)
{
    page_add(page, PAGE_HEADING, REPORT_PLAIN, "Space won");
    if (report->wins->len > 0)
        words_wins(page, report);
    else
        page_add(page, PAGE_GAP, REPORT_PLAIN, "%s",
                 report_is_recorded(report)
                     ? "No table was compacted and no index rebuilt or dropped by the runbook."
                     : "Not known: nothing was recorded.");
    words_returned(page, report);
}

/* ---- incidents ------------------------------------------------------------------------------ */

/* ": 3 sessions ended, 1 query cancelled"; nothing for a run that ends none. */
static void add_ended(GString *acts, const struct report_run *run)
{
    g_autofree char *ended = units_format_counted(run->ended, "session");

    if (run->ended > 0)
        g_string_append_printf(acts, ": %s ended", ended);
    if (run->cancelled > 0)
        g_string_append_printf(acts, "%s%u quer%s cancelled", run->ended > 0 ? ", " : ": ",
                               run->cancelled, run->cancelled == 1 ? "y" : "ies");
}

static void add_act(GString *acts, const struct report_run *run)
{
    g_string_append_printf(acts, "%srun %" G_GINT64_FORMAT ": %s %s by %s, %s",
                           acts->len > 0 ? "; " : "", run->id, run->section, run->verb, run->by,
                           report_outcome_word(run->outcome));
    if (run->reason != NULL)
        g_string_append_printf(acts, " (%s)", run->reason);
    add_ended(acts, run);
}

static char *acts_of(const struct report *report, const struct report_incident *incident)
{
    GString *acts = g_string_new(NULL);

    for (guint i = 0; i < MIN(incident->acts->len, ACTS); i++)
        add_act(acts, &g_array_index(report->runs, struct report_run,
                                     g_array_index(incident->acts, guint, i)));
    if (incident->acts->len > ACTS)
        g_string_append_printf(acts, "; and %u more runs", incident->acts->len - ACTS);
    if (acts->len == 0)
        g_string_append(acts, incident->closed_us == 0 ? "nothing recorded so far"
                                                       : "nothing recorded");
    if (incident->elsewhere > 0)
        g_string_append_printf(acts,
                               "; run %" G_GINT64_FORMAT " was at work on the same server",
                               incident->elsewhere);
    if (report_ended_by_itself(report, incident))
        g_string_append(acts, "; as far as is known it ended by itself");
    return g_string_free(acts, FALSE);
}

static char *lasted(const struct report_incident *incident)
{
    if (incident->closed_us == 0)
        return g_strdup("still open");
    if (incident->closed_us == incident->opened_us)
        return g_strdup("a moment");
    return units_format_duration((double) (incident->closed_us - incident->opened_us) /
                                 G_USEC_PER_SEC);
}

static void add_incident(struct page *page, const struct report *report,
                         const struct report_incident *one)
{
    const enum report_tone tone = strcmp(one->severity, "critical") == 0  ? REPORT_BAD
                                  : strcmp(one->severity, "warning") == 0 ? REPORT_CAUTION
                                                                          : REPORT_PLAIN;

    page_take(page, REPORT_PLAIN, words_moment(report, one->opened_us));
    page_cell(page, tone, one->severity);
    page_cell(page, REPORT_PLAIN, one->target[0] != '\0' ? one->target : "the daemon");
    page_take(page, REPORT_PLAIN, g_strdup_printf("%s: %s", one->name, one->message));
    page_take(page, one->closed_us == 0 ? REPORT_CAUTION : REPORT_PLAIN, lasted(one));
    page_take(page, REPORT_PLAIN, acts_of(report, one));
    page_cell(page, REPORT_PLAIN, one->closing);
}

void words_incidents(struct page *page, const struct report *report)
{
    static const struct page_column columns[] = {
        {"Since", false}, {"Severity", false},      {"Target", false},     {"What", false},
        {"Lasted", true}, {"What was done", false}, {"At its end", false}, {NULL, false}};
    guint shown = 0, infos = 0;

    page_add(page, PAGE_HEADING, REPORT_PLAIN, "Incidents");
    for (guint i = 0; i < report->incidents->len; i++) {
        const struct report_incident *one =
            &g_array_index(report->incidents, struct report_incident, i);
        if (strcmp(one->severity, "info") == 0) {
            infos++;
            continue;
        }
        if (++shown > INCIDENTS)
            continue;
        if (shown == 1)
            page_table(page, columns, "Warnings and critical incidents, the oldest first");
        add_incident(page, report, one);
    }
    words_more(page, shown, INCIDENTS, "incidents");
    if (infos > 0)
        page_add(page, PAGE_TEXT, REPORT_PLAIN, "%u more %s for information only.", infos,
                 infos == 1 ? "event was" : "events were");
    if (shown == 0)
        page_add(page, PAGE_GAP, REPORT_PLAIN, "%s",
                 report->connections->len > 0
                     ? "No warning and no critical incident was recorded."
                 : report->month.from_us < report->minutes_us
                     ? "None was recorded; whether somebody watched is not known any more."
                     : "Nobody watched this month, so incidents are not known.");
}
