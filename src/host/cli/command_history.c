/*
 * `pgrunbook history`: the evidence, read back.
 */
#include "cli/commands.h"
#include "cli/grammar.h"
#include "cli/history.h"
#include "out/document.h"
#include "out/grid.h"

const struct grid_column history_list_columns[] = {
    {"Run", true},       {"Started", false}, {"What", false},
    {"Database", false}, {"Who", false},     {"Outcome", false},
    {"Took", true},      {"Summary", false}, {NULL, false},
};

void history_list_row(const struct store_run_view *run, gpointer grid)
{
    grid_cellf(grid, OUTPUT_BOLD, "%" G_GINT64_FORMAT, run->id);
    grid_take(grid, OUTPUT_PLAIN, history_time(run->started_us));
    grid_cellf(grid, OUTPUT_PLAIN, "%s %s", run->section, run->verb);
    grid_cell(grid, OUTPUT_PLAIN, run->dbname);
    grid_cell(grid, OUTPUT_PLAIN, run->actor != NULL ? run->actor : run->os_user);
    grid_cell(grid, history_tone(run->outcome), history_outcome(run));
    grid_take(grid, OUTPUT_PLAIN, history_took(run->started_us, run->ended_us));
    grid_take(grid, OUTPUT_PLAIN,
              run->error ? g_strdup(run->error) : history_in_words(run->summary));
}

static void list_as_item(const struct store_run_view *run, gpointer document)
{
    document_item(document, history_run_json(run));
}

static enum runbook_exit run_list(struct call *call, GError **error)
{
    const char *limit_text = option_value(call->options, "limit");
    const char *section = option_value(call->options, "section");
    const char *target = option_value(call->options, "target");
    g_autoptr(GError) failure = NULL;
    gint64 limit = 20;
    bool done = true;

    if (limit_text != NULL && !history_number(limit_text, "--limit", &limit, error))
        return RUNBOOK_USAGE;
    AUTO(store) store = history_open(call, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return runbook_error_exit(*error);
    }
    AUTO(grid) grid = grid_new(history_list_columns);
    struct document *document = document_begin(call->output, "history.list/1", NULL);
    document_array(document, "runs");
    if (store != NULL && output_format(call->output) == OUTPUT_JSON)
        done =
            store_each_run(store, section, target, (int) limit, list_as_item, document, error);
    else if (store != NULL)
        done =
            store_each_run(store, section, target, (int) limit, history_list_row, grid, error);
    document_array_end(document);
    document_end(document);
    if (store != NULL && done && grid_rows(grid) > 0)
        grid_print(grid, call->output);
    else if (store != NULL && done)
        output_say(call->output, "No run in the history is of that kind.");
    return done ? RUNBOOK_DONE : RUNBOOK_FAILED;
}

static const struct option list_options[] = {
    {.name = "limit",
     .letter = 'n',
     .argument = "N",
     .prose = "Show this many runs, the newest (default 20)"},
    {.name = "section", .argument = "SECTION", .prose = "Only runs of this section"},
    {.name = "target", .argument = "NAME", .prose = "Only runs on this target"},
    {.name = NULL},
};

static const struct option events_options[] = {
    {.name = "limit",
     .letter = 'n',
     .argument = "N",
     .prose = "Show this many events, the newest (default 20)"},
    {.name = "target", .argument = "NAME", .prose = "Only events of this target"},
    {.name = "since",
     .argument = "DURATION",
     .prose = "Only those that were open this long ago or later, as in 7d"},
    {.name = NULL},
};

static const struct option minutes_options[] = {
    {.name = "target", .argument = "NAME", .prose = "The target they are of"},
    {.name = "since", .argument = "DURATION", .prose = "From this long ago on (default 1h)"},
    {.name = NULL},
};

static const struct option undo_options[] = {
    {.name = "window",
     .argument = "DURATION",
     .setting = "history.undo_window",
     .prose = "hard end of the run, counted from now"},
    {.name = "lock-timeout",
     .argument = "DURATION",
     .setting = "history.undo_lock_timeout",
     .prose = "how long to wait for a table's lock"},
    {.name = NULL},
};

static const struct option prune_options[] = {
    {.name = "older-than",
     .argument = "DURATION",
     .setting = "history.keep",
     .prose = "forget runs that are older"},
    {.name = NULL},
};

const struct setting cli_history_settings[] = {
    {.name = "keep",
     .type = SETTING_DURATION,
     .flags = SETTING_GLOBAL_ONLY,
     .fallback = "400d",
     .minimum = "1d",
     .prose =
         "How long a run is kept in the history: each run of a command that changes "
         "something forgets those that are older. The newest run of each section on each "
         "database always stays, and what can still be taken back is kept twice as long. The "
         "turns and events of `serve` go with the runs of their time; minutes are kept for 90 "
         "days."},
    {.name = "undo_window",
     .type = SETTING_DURATION,
     .fallback = "3h",
     .minimum = "0",
     .prose = "Hard end of `history undo`, counted from its start: at the end the running "
              "statement is cancelled. 0 means no end."},
    {.name = "undo_lock_timeout",
     .type = SETTING_DURATION,
     .fallback = "5s",
     .minimum = "1ms",
     .maximum = "10min",
     .prose = "How long a statement of `history undo` waits for its lock before it is put off, "
              "or given up. Building an index is not bounded by it."},
    {.name = NULL},
};

const struct command cli_history_commands[] = {
    {
        .verb = "list",
        .summary = "List what ran, newest first",
        .prose = "Every run of a command that changes something is recorded with its plan, "
                 "steps and outcome; dry runs are not.",
        .examples = "pgrunbook history\n"
                    "pgrunbook history list --limit 5 --json",
        .options = list_options,
        .flags = CLI_DEFAULT,
        .run = run_list,
    },
    {
        .verb = "show",
        .arguments = "ID",
        .summary = "Show one run: plan, SQL, before, after, outcome",
        .examples = "pgrunbook history show 12",
        .run = history_show_command,
    },
    {
        .verb = "events",
        .summary = "List what happened to the targets while serve watched",
        .prose =
            "An event has a beginning and an end: slots running out, a target that was not "
            "reachable, a turn of a job that failed or was missed. Those without an end are "
            "open. What was of one moment, as a relief, has no length.",
        .examples = "pgrunbook history events\n"
                    "pgrunbook history events --target prod --since 7d --json",
        .options = events_options,
        .run = history_events_command,
    },
    {
        .verb = "minutes",
        .summary = "Show a target's connections, minute by minute",
        .prose =
            "Of each minute in which serve watched the target: how many samples it took and "
            "how many it should have taken besides, slots in use on the average and at most "
            "with the number that ordinary roles have, the most sessions that were active, "
            "idle, idle in a transaction or waiting for a lock at one time, and the longest "
            "query. Minutes are kept for 90 days.",
        .examples = "pgrunbook history minutes --target prod\n"
                    "pgrunbook history minutes --target prod --since 7d --format csv",
        .options = minutes_options,
        .run = history_minutes_command,
    },
    {
        .verb = "undo",
        .arguments = "ID",
        .summary = "Take back what a run did, where that can be done",
        .prose =
            "Carries out the SQL that the history kept for taking a step back: the steps of "
            "the run that were done, the last one first. It is a run of its own, with its "
            "own record, and only runs on the server and the database of the first. What "
            "an earlier undo has done is not done again, what it left is. Only some steps "
            "can be taken back: a dropped index can be built again, a VACUUM stays.",
        .examples = "pgrunbook history undo 12 --dry-run insightengine\n"
                    "pgrunbook history undo 12 --yes insightengine",
        .options = undo_options,
        .flags = COMMAND_NEEDS_SERVER | COMMAND_WRITES,
        .run = history_undo_command,
    },
    {
        .verb = "prune",
        .summary = "Forget old runs",
        .prose = "Runs of commands that change something do the same at their end, so this is "
                 "for other times than history.keep. The newest run of each section on each "
                 "database is never forgotten, and one that can still be taken back only when "
                 "it is twice as old. --dry-run lists the runs.",
        .examples = "pgrunbook history prune --dry-run\n"
                    "pgrunbook history prune --older-than 100d --yes",
        .options = prune_options,
        .flags = COMMAND_WRITES | COMMAND_LOCAL,
        .run = history_prune_command,
    },
    {.run = NULL},
};
