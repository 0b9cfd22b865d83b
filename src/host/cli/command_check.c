/*
 * `pgrunbook check`: asks every section for its verdicts and sums them up the way monitoring
 * plugins do, first line a sentence, exit code the state. A section that cannot judge is a
 * verdict of its own, so whatever goes wrong there is always an answer on stdout.
 */
#include "check.h"
#include "cli/check_ask.h"
#include "cli/commands.h"
#include "cli/grammar.h"
#include "out/grid.h"

/* Lines of text for people: what a screen and a pager message hold. */
enum { MOST_LINES = 20, MOST_GAPS = 5 };

static const int plugin_codes[] = {
    [VERDICT_OK] = 0,
    [VERDICT_WARNING] = 1,
    [VERDICT_CRITICAL] = 2,
    [VERDICT_UNKNOWN] = 3,
};

static enum output_tone tone_of(enum verdict_status status)
{
    static const enum output_tone tones[] = {
        [VERDICT_OK] = OUTPUT_GOOD,
        [VERDICT_WARNING] = OUTPUT_CAUTION,
        [VERDICT_CRITICAL] = OUTPUT_BAD,
        [VERDICT_UNKNOWN] = OUTPUT_CAUTION,
    };
    return tones[status];
}

static char *shout(enum verdict_status status)
{
    return g_ascii_strup(check_status_name(status), -1);
}

/* False only for Ctrl-C. */
static bool ask_sections(struct check *check, GError **error)
{
    for (guint i = 0; features[i] != NULL; i++) {
        if (!cli_check_ask(check, features[i], NULL, error))
            return false;
        check_forget(check);
    }
    return true;
}

/* ---- answering ---------------------------------------------------------------------------- */

/* "CRITICAL: the gravest message (and 2 more)". */
static char *summary_of(const struct check *check)
{
    enum verdict_status status = check_status(check);
    g_autofree char *word = shout(status);
    guint count = check_verdicts(check), troubled = 0;

    if (count == 0)
        return g_strdup("UNKNOWN: nothing could be judged");
    if (status == VERDICT_OK)
        return g_strdup_printf("OK: %u checks, nothing to do", count);
    const struct verdict *gravest = check_verdict(check, 0);
    for (guint i = count; i > 0; i--) {
        const struct verdict *verdict = check_verdict(check, i - 1);
        troubled += verdict->status != VERDICT_OK;
        if (verdict->status == status)
            gravest = verdict;
    }
    if (troubled == 1)
        return g_strdup_printf("%s: %s", word, gravest->message);
    return g_strdup_printf("%s: %s (and %u more)", word, gravest->message, troubled - 1);
}

/* Marks verdicts to leave out, the least grave and last first, until `room` are left. */
static void choose_hidden(const struct check *check, guint room, bool *hidden)
{
    static const enum verdict_status order[] = {VERDICT_OK, VERDICT_UNKNOWN, VERDICT_WARNING,
                                                VERDICT_CRITICAL};
    guint shown = check_verdicts(check);

    for (guint grade = 0; grade < G_N_ELEMENTS(order); grade++) {
        for (guint i = check_verdicts(check); i > 0 && shown > room; i--) {
            if (check_verdict(check, i - 1)->status == order[grade]) {
                hidden[i - 1] = true;
                shown--;
            }
        }
    }
}

static char *finding_of(const struct verdict *verdict)
{
    return verdict->next == NULL
               ? g_strdup(verdict->message)
               : g_strdup_printf("%s. Next: %s", verdict->message, verdict->next);
}

/* The verdicts as a table; returns a line about those left out, or NULL. */
static char *print_verdicts(const struct check *check, guint room, struct output *output)
{
    bool with_next = output_format(output) != OUTPUT_TABLE;
    const struct grid_column columns[] = {{"Status", false},
                                          {"Check", false},
                                          {"Finding", false},
                                          {with_next ? "Next" : NULL, false},
                                          {NULL, false}};
    guint count = check_verdicts(check), left_out = 0;
    enum verdict_status worst = VERDICT_OK;
    g_autofree bool *hidden = g_new0(bool, count + 1);
    AUTO(grid) grid = grid_new(columns);

    if (count > room)
        choose_hidden(check, room > 0 ? room - 1 : 0, hidden);
    for (guint i = 0; i < count; i++) {
        const struct verdict *verdict = check_verdict(check, i);
        if (hidden[i]) {
            left_out++;
            worst = check_worse(worst, verdict->status);
            continue;
        }
        grid_take(grid, tone_of(verdict->status), shout(verdict->status));
        grid_cell(grid, OUTPUT_PLAIN, verdict->name);
        /* One column for people, so that it wraps to any terminal. */
        if (with_next)
            grid_cell(grid, OUTPUT_PLAIN, verdict->message);
        else
            grid_take(grid, OUTPUT_PLAIN, finding_of(verdict));
        if (with_next)
            grid_cell(grid, OUTPUT_PLAIN, verdict->next);
    }
    grid_print(grid, output);
    g_autofree char *word = shout(worst);
    return left_out == 0 ? NULL
                         : g_strdup_printf("%u more, none worse than %s; all with --verbose.",
                                           left_out, word);
}

static void print_gaps(const struct check *check, bool all, struct output *output)
{
    guint count = check_gaps(check);
    guint shown = all || count <= MOST_GAPS ? count : MOST_GAPS - 1;

    if (count > 0)
        output_say(output, "Could not be read:");
    for (guint i = 0; i < shown; i++) {
        const struct check_gap *gap = check_gap(check, i);
        output_say(output, "  %s%s%s", gap->what, gap->remedy ? ": " : "",
                   gap->remedy ? gap->remedy : "");
    }
    if (shown < count)
        output_say(output, "  and %u more; all with --verbose.", count - shown);
}

/* At most MOST_LINES lines, unless more are asked for or the output is for a program. */
static void print_text(const struct check *check, struct output *output)
{
    bool all = output_format(output) != OUTPUT_TABLE || output_verbosity(output) > 0;
    guint around = 3; /* summary, head of the table */
    g_autofree char *summary = summary_of(check);
    g_autofree char *painted = output_paint(output, tone_of(check_status(check)), summary);

    if (check_gaps(check) > 0)
        around += 1 + MIN(check_gaps(check), MOST_GAPS);
    output_say(output, "%s", painted);
    g_autofree char *rest =
        print_verdicts(check, all ? G_MAXUINT : (guint) MOST_LINES - around, output);
    if (rest != NULL)
        output_say(output, "%s", rest);
    print_gaps(check, all, output);
}

static enum runbook_exit run_check(struct call *call, GError **error)
{
    g_autoptr(GError) failure = NULL;
    AUTO(session) session = call_connect(call, &failure);
    g_autofree char *where = cli_check_where(call, session);
    AUTO(check) check = check_new(session, call->settings, where);

    if (cli_check_interrupted(failure)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return RUNBOOK_INTERRUPTED;
    }
    if (session == NULL)
        cli_check_failure(check, "connection", failure);
    else if (!ask_sections(check, error))
        return RUNBOOK_INTERRUPTED;

    cli_check_print(check, session, call, call->output);
    if (session == NULL && output_format(call->output) == OUTPUT_TABLE)
        output_say(call->output, "UNKNOWN: %s", failure->message);
    else if (output_format(call->output) != OUTPUT_JSON)
        print_text(check, call->output);
    return (enum runbook_exit) plugin_codes[check_status(check)];
}

const struct command cli_check_commands[] = {
    {
        .summary = "Judge the server's health in at most 20 lines",
        .prose =
            "Each line is a verdict, the number it rests on, what that leads to, and the "
            "command to type next. What the role may not read is listed apart, with the GRANT "
            "that is missing.\n\n"
            "The first line and the exit code are those of a monitoring plugin, so this "
            "command can be one (Nagios, Icinga, Zabbix). Nothing is changed.",
        .examples = "pgrunbook check shop\n"
                    "pgrunbook check --target=all --json\n"
                    "pgrunbook check -h db1 -U monitor -w shop",
        .flags = COMMAND_NEEDS_SERVER | CLI_MONITOR,
        .run = run_check,
    },
    {.run = NULL},
};
