/* `pgrunbook report`: its rows in the tables, and how a report is made. */
#include "calendar/schedule.h"
#include "cli/grammar.h"
#include "cli/history.h"
#include "error.h"
#include "out/whole_file.h"
#include "report/page.h"
#include "report/report_show.h"
#include "store/store.h"

#include <string.h>

/* ---- making it ------------------------------------------------------------------------------ */

static struct report *empty(struct call *call, const char *target, GError **error)
{
    const char *zone_name = settings_string(call->settings, "timezone");
    const char *month = option_value(call->options, "month");
    const gint64 now_us = g_get_real_time();
    int year = 0, number = 0;
    g_autoptr(GTimeZone) zone = schedule_zone(zone_name, error);

    if (zone == NULL)
        return NULL;
    if (month == NULL)
        report_month_last(zone, now_us, &year, &number);
    else if (!report_month_parse(month, &year, &number, error))
        return NULL;
    struct report *report = report_new(zone_name, zone);
    report->made_us = now_us;
    report->target = report_text(report, target);
    report->configured = settings_targets(call->settings);
    report_month_set(&report->month, zone, year, number);
    if (report->month.from_us <= now_us)
        return report;
    report_free(report);
    runbook_error_set(error, RUNBOOK_USAGE, NULL, "the month %04d-%02d has not begun", year,
                      number);
    return NULL;
}

static gint64 minutes_kept_us(const struct call *call, gint64 now_us)
{
    const gint64 most = (gint64) STORE_MINUTES_DAYS * G_TIME_SPAN_DAY;

    return now_us -
           MIN(most, settings_int(call->settings, "history.keep") * G_TIME_SPAN_MILLISECOND);
}

struct report *report_make(struct call *call, const char *target, GError **error)
{
    g_autoptr(GError) failure = NULL;
    AUTO(report) report = empty(call, target, error);

    if (report == NULL)
        return NULL;
    AUTO(store) store = history_open(call, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    if (store == NULL)
        report_gap(report, "There is no history yet: nothing is known of this month.");
    else {
        report->minutes_us = minutes_kept_us(call, report->made_us);
        if (!report_gather(report, store, error))
            return NULL;
    }
    report_judge(report);
    return g_steal_pointer(&report);
}

/* ---- report show ---------------------------------------------------------------------------- */

/* A target may have left the configuration, and the history still knows it. */
static bool check_target(const struct call *call, const struct report *report, GError **error)
{
    const char *const *targets = settings_targets(call->settings);
    const bool known =
        report->target == NULL || g_strv_contains(targets, report->target) ||
        g_ptr_array_find_with_equal_func(report->names, report->target, g_str_equal, NULL);
    g_autoptr(GString) hint = g_string_new(NULL);

    if (known)
        return true;
    for (guint i = 0; targets[i] != NULL; i++)
        g_string_append_printf(hint, ", %s", targets[i]);
    for (guint i = 0; i < report->names->len; i++)
        if (!g_strv_contains(targets, report->names->pdata[i]))
            g_string_append_printf(hint, ", %s", (const char *) report->names->pdata[i]);
    g_autofree char *list = g_strconcat("there are: ", hint->str + MIN(hint->len, 2), NULL);
    runbook_error_set(error, RUNBOOK_USAGE, hint->len > 0 ? list : NULL,
                      "neither the configuration nor the history knows a target \"%s\"",
                      report->target);
    return false;
}

/* One way of showing it, and one that there is: what was asked for is never left out in silence. */
static bool check_format(const struct call *call, GError **error)
{
    const enum output_format format = output_format(call->output);
    const bool html = option_given(call->options, "html");
    const bool markdown = option_given(call->options, "markdown");

    if (format == OUTPUT_CSV)
        runbook_error_set(error, RUNBOOK_USAGE, "--json has all of its figures",
                          "a report is more than one table: there is none in CSV");
    else if (html + (markdown || format == OUTPUT_MARKDOWN) + (format == OUTPUT_JSON) > 1)
        runbook_error_set(error, RUNBOOK_USAGE, NULL,
                          "--html, --markdown and --json contradict: one of them at a time");
    else
        return true;
    return false;
}

static enum runbook_exit show_command(struct call *call, GError **error)
{
    const char *target = option_value(call->options, "target");
    const char *file = option_value(call->options, "html");

    if (g_strcmp0(target, "all") == 0)
        target = NULL;
    if (!check_format(call, error))
        return runbook_error_exit(*error);
    AUTO(report) report = report_make(call, target, error);
    if (report == NULL || !check_target(call, report, error))
        return runbook_error_exit(*error);
    AUTO(page) page = report_page(report);
    if (output_format(call->output) == OUTPUT_JSON) {
        report_document(report, call->output);
    } else if (option_given(call->options, "markdown")) {
        g_autofree char *text = page_plain(page, true);
        output_raw(call->output, text);
    } else if (file == NULL) {
        page_print(page, call->output);
    } else {
        g_autofree char *html = page_html(page);
        if (strcmp(file, "-") == 0)
            output_raw(call->output, html);
        else if (!whole_file_write(file, html, error))
            return runbook_error_exit(*error);
    }
    return RUNBOOK_DONE;
}

/* ---- the tables ----------------------------------------------------------------------------- */

const struct setting report_settings[] = {
    {.name = "schedule",
     .type = SETTING_SCHEDULE,
     .fallback = "0 6 1 * *",
     .prose =
         "When serve makes the report of the last month (cron). Only where report.folder or "
         "report.to is set: without them there is no such job."},
    {.name = "folder",
     .type = SETTING_STRING,
     .prose = "Folder that reports are written to, as TARGET-2026-10.html. Unset: none is."},
    {.name = "to",
     .type = SETTING_LIST,
     .prose = "Who gets the report by mail, addresses with commas between them. The mail goes "
              "the way of notify.smtp or notify.sendmail: text, and the page attached."},
    {.name = "format",
     .type = SETTING_CHOICE,
     .fallback = "html",
     .choices = (const char *const[]){"html", "markdown", NULL},
     .prose = "What is written to report.folder."},
    {.name = NULL},
};

const struct job report_jobs[] = {
    {.schedule = "schedule",
     .verb = "send",
     .what = "Write and mail the report of the last month",
     .needs = "folder|to"},
    {.schedule = NULL},
};

static const struct option show_options[] = {
    {.name = "month",
     .argument = "MONTH",
     .prose = "The month, as in 2026-10 (default: the last one that is over)"},
    {.name = "target", .argument = "NAME", .prose = "Only of this target (default: all)"},
    {.name = "html",
     .argument = "FILE",
     .flags = OPTION_LOCAL,
     .prose = "Write one self-contained page of HTML; - is standard output"},
    {.name = "markdown",
     .flags = OPTION_LOCAL, /* over HTTP there is the document */
     .prose = "print Markdown, as --format markdown does"},
    {.name = NULL},
};

static const struct option send_options[] = {
    {.name = "month",
     .argument = "MONTH",
     .prose = "The month, as in 2026-10 (default: the last one that is over)"},
    {.name = "folder",
     .argument = "FOLDER",
     .setting = "report.folder",
     .flags = OPTION_LOCAL,
     .prose = "where the file is written to"},
    {.name = NULL},
};

const struct command report_commands[] = {
    {
        .verb = "show",
        .summary = "Show what a month brought",
        .prose =
            "One text that somebody can read who does not run databases: what was maintained "
            "and what was left alone and why, space won, incidents and what was done about "
            "them, connections over the month, backups made and proven with the time a "
            "recovery "
            "took, migrations, indexes to decide on, growth with a forecast, and turns that "
            "were "
            "missed. It is made from the history alone; no server is asked. What the history "
            "does not know is said.\n\n"
            "What \"history undo\" has taken back, in that month or since, does not count as "
            "space won; the month in which it was taken back says so.\n\n"
            "A forecast is a straight line through weekly sizes. It takes four weeks, never "
            "looks farther ahead than the sizes look back, and comes with the bounds that 95 "
            "of "
            "100 values are between.",
        .examples = "pgrunbook report\n"
                    "pgrunbook report --month 2026-10 --html october.html\n"
                    "pgrunbook report --month 2026-10 --target shop --json",
        .options = show_options,
        .flags = CLI_DEFAULT,
        .run = show_command,
    },
    {
        .verb = "send",
        .summary = "Write the report to its folder and mail it",
        .prose = "What serve does at the turns of report.schedule: the report goes to "
                 "report.folder as TARGET-2026-10.html, there whole or not at all, and to "
                 "report.to by mail with the page attached.\n\n"
                 "What failed serve tries again, as long as nobody was mailed. Once somebody "
                 "was, it is not: what is missing is said, and is an event.",
        .examples = "pgrunbook report send --target shop\n"
                    "pgrunbook report send --target all --month 2026-10",
        .options = send_options,
        .flags = COMMAND_TAKES_TARGET | COMMAND_LOCAL,
        .run = report_send_command,
    },
    {.run = NULL},
};
