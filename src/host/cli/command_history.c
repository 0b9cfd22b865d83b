/*
 * `pgrunbook history`: the evidence, read back. One run is shown as it was recorded, so that the
 * answer to "what did it do to my table" is on one page.
 */
#include "cli/commands.h"
#include "cli/grammar.h"
#include "out/document.h"
#include "out/grid.h"
#include "units/units.h"

#include <string.h>

/* ---- opening ------------------------------------------------------------------------------ */

/* NULL without an error: there is no history yet. */
static struct store *open_history(struct call *call, GError **error)
{
    g_autofree char *path = settings_state_path(call->settings);

    if (g_file_test(path, G_FILE_TEST_EXISTS))
        return store_open_reader(path, error);
    output_note(call->output, "there is no history yet: \"%s\" does not exist", path);
    return NULL;
}

/* A whole number from 1 on. */
static bool parse_number(const char *text, const char *what, gint64 *ret_number, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (g_ascii_string_to_signed(text, 10, 1, G_MAXINT32, ret_number, &cause))
        return true;
    runbook_error_set(error, RUNBOOK_USAGE, NULL,
                      "invalid %s: \"%s\" is not a number from 1 on", what, text);
    return false;
}

/* ---- words -------------------------------------------------------------------------------- */

/* Local time to the second; NULL for 0. */
static char *local_time(gint64 wall_us)
{
    if (wall_us == 0)
        return NULL;
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(wall_us / G_USEC_PER_SEC);
    return g_date_time_format(time, "%Y-%m-%d %H:%M:%S");
}

static char *took(gint64 started_us, gint64 ended_us)
{
    if (started_us == 0 || ended_us == 0)
        return NULL;
    return units_format_duration((double) (ended_us - started_us) / G_USEC_PER_SEC);
}

static enum output_tone tone_of(const char *outcome)
{
    if (g_strcmp0(outcome, "done") == 0)
        return OUTPUT_GOOD;
    return g_strcmp0(outcome, "failed") == 0 ? OUTPUT_BAD : OUTPUT_CAUTION;
}

/* Recorded JSON text: its value; what is not JSON stays text. */
static json_t *recorded(const char *text)
{
    if (text == NULL)
        return json_null();
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    return value != NULL ? value : document_text(text);
}

/* {"dead": 12, "pages": 7} as "dead 12, pages 7", for people. */
static char *in_words(const char *text)
{
    if (text == NULL)
        return NULL;
    json_t *value = json_loads(text, 0, NULL);
    if (!json_is_object(value)) {
        json_decref(value);
        return g_strdup(text);
    }
    GString *words = g_string_new(NULL);
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member)
    {
        if (json_is_null(member))
            continue;
        char *shown = json_is_string(member) ? NULL : json_dumps(member, JSON_ENCODE_ANY);
        g_string_append_printf(words, "%s%s %s", words->len ? ", " : "", key,
                               shown ? shown : json_string_value(member));
        free(shown);
    }
    json_decref(value);
    return g_string_free(words, FALSE);
}

static const char *outcome_of(const struct store_run_view *run)
{
    return run->outcome != NULL ? run->outcome : "running";
}

static json_t *run_as_json(const struct store_run_view *run)
{
    json_t *object = json_pack(
        "{sI so so so so so so so so so so so so}", "id", (json_int_t) run->id, "section",
        document_text(run->section), "verb", document_text(run->verb), "target",
        document_text(run->target), "host", document_text(run->host), "database",
        document_text(run->dbname), "role", document_text(run->role), "os_user",
        document_text(run->os_user), "os_host", document_text(run->os_host), "started_at",
        document_time(run->started_us), "ended_at", document_time(run->ended_us), "outcome",
        document_text(outcome_of(run)), "summary", recorded(run->summary));
    bool ended = run->started_us != 0 && run->ended_us != 0;

    json_object_set_new(
        object, "seconds",
        ended ? json_real((double) (run->ended_us - run->started_us) / G_USEC_PER_SEC)
              : json_null());
    json_object_set_new(object, "exit_code",
                        ended ? json_integer(run->exit_code) : json_null());
    json_object_set_new(object, "error", document_text(run->error));
    return object;
}

/* ---- list --------------------------------------------------------------------------------- */

static void list_as_row(const struct store_run_view *run, gpointer data)
{
    struct grid *grid = data;

    grid_cellf(grid, OUTPUT_BOLD, "%" G_GINT64_FORMAT, run->id);
    grid_take(grid, OUTPUT_PLAIN, local_time(run->started_us));
    grid_cellf(grid, OUTPUT_PLAIN, "%s %s", run->section, run->verb);
    grid_cell(grid, OUTPUT_PLAIN, run->dbname);
    grid_cell(grid, OUTPUT_PLAIN, run->os_user);
    grid_cell(grid, tone_of(run->outcome), outcome_of(run));
    grid_take(grid, OUTPUT_PLAIN, took(run->started_us, run->ended_us));
    grid_take(grid, OUTPUT_PLAIN, run->error ? g_strdup(run->error) : in_words(run->summary));
}

static void list_as_item(const struct store_run_view *run, gpointer document)
{
    document_item(document, run_as_json(run));
}

static enum runbook_exit run_list(struct call *call, GError **error)
{
    static const struct grid_column columns[] = {
        {"Run", true},       {"Started", false}, {"What", false},
        {"Database", false}, {"Who", false},     {"Outcome", false},
        {"Took", true},      {"Summary", false}, {NULL, false}};
    const char *limit_text = option_value(call->options, "limit");
    const char *section = option_value(call->options, "section");
    const char *target = option_value(call->options, "target");
    g_autoptr(GError) failure = NULL;
    gint64 limit = 20;
    bool done = true;

    if (limit_text != NULL && !parse_number(limit_text, "--limit", &limit, error))
        return RUNBOOK_USAGE;
    AUTO(store) store = open_history(call, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return runbook_error_exit(*error);
    }
    AUTO(grid) grid = grid_new(columns);
    struct document *document = document_begin(call->output, "history.list/1", NULL);
    document_array(document, "runs");
    if (store != NULL && output_format(call->output) == OUTPUT_JSON)
        done =
            store_each_run(store, section, target, (int) limit, list_as_item, document, error);
    else if (store != NULL)
        done = store_each_run(store, section, target, (int) limit, list_as_row, grid, error);
    document_array_end(document);
    document_end(document);
    if (store != NULL && done && grid_rows(grid) > 0)
        grid_print(grid, call->output);
    else if (store != NULL && done)
        output_say(call->output, "No run in the history is of that kind.");
    return done ? RUNBOOK_DONE : RUNBOOK_FAILED;
}

/* ---- show --------------------------------------------------------------------------------- */

static void say(struct output *output, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0')
        output_say(output, "%-13s %s", name, text);
}

static void show_run(const struct store_run_view *run, gpointer data)
{
    struct output *output = data;
    g_autofree char *title =
        g_strdup_printf("Run %" G_GINT64_FORMAT ": %s %s", run->id, run->section, run->verb);
    g_autofree char *painted = output_paint(output, OUTPUT_BOLD, title);
    g_autofree char *who =
        g_strdup_printf("%s@%s, process %d", run->os_user ? run->os_user : "?",
                        run->os_host ? run->os_host : "?", run->pid);
    g_autofree char *where = g_strdup_printf(
        "%s%s%s as %s%s%s", run->dbname ? run->dbname : "?", run->host ? " on " : "",
        run->host ? run->host : "", run->role ? run->role : "?", run->target ? ", target " : "",
        run->target ? run->target : "");
    g_autofree char *started = local_time(run->started_us);
    g_autofree char *deadline = local_time(run->deadline_us);
    g_autofree char *duration = took(run->started_us, run->ended_us);
    g_autofree char *summary = in_words(run->summary);
    g_autofree char *outcome = output_paint(output, tone_of(run->outcome), outcome_of(run));

    output_say(output, "%s", painted);
    say(output, "Command", run->command_line);
    say(output, "Who", who);
    say(output, "Where", where);
    say(output, "Started", started);
    say(output, "Deadline", deadline);
    say(output, "Took", duration);
    say(output, "Outcome", outcome);
    say(output, "Error", run->error);
    say(output, "Summary", summary);
}

static void show_step(const struct store_step_view *step, gpointer data)
{
    struct output *output = data;
    g_autofree char *duration = took(step->started_us, step->ended_us);
    g_autofree char *outcome =
        output_paint(output, tone_of(step->outcome), step->outcome ? step->outcome : "planned");
    g_autofree char *sql = output_paint(output, OUTPUT_DIM, step->sql ? step->sql : "");

    output_say(output, "\n%d. %s: %s%s%s%s%s", step->number, step->object, outcome,
               duration ? ", " : "", duration ? duration : "", step->detail ? ": " : "",
               step->detail ? step->detail : "");
    output_say(output, "   %s;", sql);
    if (step->reason != NULL)
        output_say(output, "   why: %s", step->reason);
    if (step->lock_mode != NULL)
        output_say(output, "   lock: %s; attempts: %d", step->lock_mode, step->attempts);
}

static char *object_name(const struct store_object *object)
{
    return g_strdup_printf("%s%s%s", object->schema ? object->schema : "",
                           object->schema ? "." : "", object->name);
}

static void show_object(const struct store_object *object, gpointer data)
{
    struct grid *grid = data;

    grid_take(grid, OUTPUT_PLAIN, object_name(object));
    grid_cell(grid, tone_of(object->outcome), object->outcome);
    grid_take(grid, OUTPUT_PLAIN,
              object->seconds > 0 ? units_format_duration(object->seconds) : NULL);
    grid_take(grid, OUTPUT_PLAIN, in_words(object->before));
    grid_take(grid, OUTPUT_PLAIN, in_words(object->after));
    grid_cell(grid, OUTPUT_PLAIN, object->reason);
}

static bool show_as_text(struct store *store, gint64 id, struct output *output, GError **error)
{
    static const struct grid_column columns[] = {
        {"Object", false}, {"Outcome", false}, {"Took", true}, {"Before", false},
        {"After", false},  {"Reason", false},  {NULL, false}};
    AUTO(grid) grid = grid_new(columns);

    if (!store_run_by_id(store, id, show_run, output, error) ||
        !store_each_step(store, id, show_step, output, error) ||
        !store_each_object(store, id, show_object, grid, error))
        return false;
    if (grid_rows(grid) > 0) {
        output_say(output, "%s", "");
        grid_print(grid, output);
    }
    return true;
}

static void json_run(const struct store_run_view *run, gpointer document)
{
    json_t *object = run_as_json(run);

    json_object_set_new(object, "command_line", document_text(run->command_line));
    json_object_set_new(object, "pid", json_integer(run->pid));
    json_object_set_new(object, "deadline", document_time(run->deadline_us));
    json_object_set_new(object, "server_version_num", json_integer(run->version_num));
    json_object_set_new(object, "system_identifier", document_text(run->system_identifier));
    document_member(document, "run", object);
}

static void json_step(const struct store_step_view *step, gpointer document)
{
    document_item(
        document,
        json_pack("{si so so so so so so si so so}", "number", step->number, "object",
                  document_text(step->object), "sql", document_text(step->sql), "reason",
                  document_text(step->reason), "lock_mode", document_text(step->lock_mode),
                  "outcome", document_text(step->outcome), "detail",
                  document_text(step->detail), "attempts", step->attempts, "started_at",
                  document_time(step->started_us), "ended_at", document_time(step->ended_us)));
}

static void json_object_row(const struct store_object *object, gpointer document)
{
    document_item(document,
                  json_pack("{si so so so so sf sI so so}", "step", object->step, "schema",
                            document_text(object->schema), "name", document_text(object->name),
                            "outcome", document_text(object->outcome), "reason",
                            document_text(object->reason), "seconds", object->seconds,
                            "size_bytes", (json_int_t) object->bytes, "before",
                            recorded(object->before), "after", recorded(object->after)));
}

static void swallow_run(const struct store_run_view *run, gpointer data)
{
    (void) run;
    (void) data;
}

static bool show_as_json(struct store *store, gint64 id, struct output *output, GError **error)
{
    /* A run that is not there must not begin a document. */
    if (!store_run_by_id(store, id, swallow_run, NULL, error))
        return false;
    struct document *document = document_begin(output, "history.show/1", NULL);
    bool done = store_run_by_id(store, id, json_run, document, error);
    document_array(document, "steps");
    done = done && store_each_step(store, id, json_step, document, error);
    document_array_end(document);
    document_array(document, "objects");
    done = done && store_each_object(store, id, json_object_row, document, error);
    document_array_end(document);
    document_end(document);
    return done;
}

static enum runbook_exit run_show(struct call *call, GError **error)
{
    g_autoptr(GError) failure = NULL;
    gint64 id;

    if (!parse_number(call->arguments[0], "run id", &id, error))
        return RUNBOOK_USAGE;
    AUTO(store) store = open_history(call, &failure);
    if (store == NULL && failure == NULL)
        return RUNBOOK_DONE;
    bool done = store != NULL;
    if (done && output_format(call->output) == OUTPUT_JSON)
        done = show_as_json(store, id, call->output, &failure);
    else if (done)
        done = show_as_text(store, id, call->output, &failure);
    if (done)
        return RUNBOOK_DONE;
    g_propagate_error(error, g_steal_pointer(&failure));
    return runbook_error_exit(*error);
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
        .run = run_show,
    },
    {.run = NULL},
};
