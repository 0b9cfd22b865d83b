/* `pgrunbook history show`: one run as it was recorded, so that the answer to "what did it do to my
 * table" is on one page. */
#include "cli/history.h"
#include "cli/history_undo.h"
#include "out/document.h"
#include "out/grid.h"

static void say(struct output *output, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0')
        output_say(output, "%-13s %s", name, text);
}

static void say_run(struct output *output, const char *name, gint64 id)
{
    g_autofree char *text = g_strdup_printf("run %" G_GINT64_FORMAT, id);
    say(output, name, id > 0 ? text : NULL);
}

static void say_stop(struct output *output, const struct store_run_view *run)
{
    g_autofree char *time = history_time(run->stopped_us);
    g_autofree char *text = g_strdup_printf("by %s, %s%s%s", run->stopped_by, time,
                                            run->stop_reason != NULL ? ": " : "",
                                            run->stop_reason != NULL ? run->stop_reason : "");

    say(output, "Stopped", run->stopped_by != NULL ? text : NULL);
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
    g_autofree char *started = history_time(run->started_us);
    g_autofree char *deadline = history_time(run->deadline_us);
    g_autofree char *duration = history_took(run->started_us, run->ended_us);
    g_autofree char *summary = history_in_words(run->summary);
    g_autofree char *outcome =
        output_paint(output, history_tone(run->outcome), history_outcome(run));

    output_say(output, "%s", painted);
    say(output, "Command", run->command_line);
    say(output, "Who", who);
    say(output, "For", run->actor);
    say(output, "Because", run->reason);
    say(output, "Where", where);
    say(output, "Started", started);
    say(output, "Deadline", deadline);
    say(output, "Took", duration);
    say(output, "Outcome", outcome);
    say_stop(output, run);
    say(output, "Error", run->error);
    say(output, "Summary", summary);
    say_run(output, "Takes back", run->undoes);
    say_run(output, "Undo", run->undo_run);
}

static void say_undo(struct output *output, const char *undo)
{
    g_auto(GStrv) statements = undo_statements(undo != NULL ? undo : "");

    for (guint i = 0; statements[i] != NULL; i++)
        output_say(output, "   %s %s;", i == 0 ? "undo:" : "     ", statements[i]);
}

static void show_step(const struct store_step_view *step, gpointer data)
{
    struct output *output = data;
    g_autofree char *duration = history_took(step->started_us, step->ended_us);
    g_autofree char *outcome = output_paint(output, history_tone(step->outcome),
                                            step->outcome ? step->outcome : "planned");
    g_autofree char *sql = output_paint(output, OUTPUT_DIM, step->sql ? step->sql : "");

    output_say(output, "\n%d. %s: %s%s%s%s%s", step->number, step->object, outcome,
               duration ? ", " : "", duration ? duration : "", step->detail ? ": " : "",
               step->detail ? step->detail : "");
    output_say(output, "   %s;", sql);
    say_undo(output, step->undo);
    if (step->reason != NULL)
        output_say(output, "   why: %s", step->reason);
    if (step->lock_mode != NULL)
        output_say(output, "   lock: %s; attempts: %d", step->lock_mode, step->attempts);
    else if (step->attempts > 1)
        output_say(output, "   attempts: %d", step->attempts);
}

static char *object_name(const struct store_object *object)
{
    /* A session has no schema. */
    if (object->schema == NULL || object->schema[0] == '\0')
        return g_strdup(object->name);
    return g_strdup_printf("%s.%s", object->schema, object->name);
}

static void show_object(const struct store_object *object, gpointer data)
{
    struct grid *grid = data;

    grid_take(grid, OUTPUT_PLAIN, object_name(object));
    grid_cell(grid, history_tone(object->outcome), object->outcome);
    grid_seconds(grid, OUTPUT_PLAIN, object->seconds > 0 ? object->seconds : -1);
    grid_take(grid, OUTPUT_PLAIN, history_in_words(object->before));
    grid_take(grid, OUTPUT_PLAIN, history_in_words(object->after));
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

static json_t *run_or_null(gint64 id)
{
    return id > 0 ? json_integer(id) : json_null();
}

static void json_run(const struct store_run_view *run, gpointer document)
{
    json_t *object = history_run_json(run);

    json_object_set_new(object, "command_line", document_text(run->command_line));
    json_object_set_new(object, "pid", json_integer(run->pid));
    json_object_set_new(object, "deadline", document_time(run->deadline_us));
    json_object_set_new(object, "server_version_num", json_integer(run->version_num));
    json_object_set_new(object, "system_identifier", document_text(run->system_identifier));
    json_object_set_new(object, "undoes", run_or_null(run->undoes));
    json_object_set_new(object, "undo_run", run_or_null(run->undo_run));
    document_member(document, "run", object);
}

static void json_step(const struct store_step_view *step, gpointer document)
{
    document_item(document,
                  json_pack("{si so so so so so so so si so so}", "number", step->number,
                            "object", document_text(step->object), "sql",
                            document_text(step->sql), "reason", document_text(step->reason),
                            "lock_mode", document_text(step->lock_mode), "outcome",
                            document_text(step->outcome), "detail", document_text(step->detail),
                            "undo", document_text(step->undo), "attempts", step->attempts,
                            "started_at", document_time(step->started_us), "ended_at",
                            document_time(step->ended_us)));
}

static void json_object_row(const struct store_object *object, gpointer document)
{
    document_item(document,
                  json_pack("{si so so so so sf sI so so}", "step", object->step, "schema",
                            document_text(object->schema), "name", document_text(object->name),
                            "outcome", document_text(object->outcome), "reason",
                            document_text(object->reason), "seconds", object->seconds,
                            "size_bytes", (json_int_t) object->bytes, "before",
                            history_recorded(object->before), "after",
                            history_recorded(object->after)));
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

enum runbook_exit history_show_command(struct call *call, GError **error)
{
    g_autoptr(GError) failure = NULL;
    gint64 id;

    if (!history_number(call->arguments[0], "run id", &id, error))
        return RUNBOOK_USAGE;
    AUTO(store) store = history_open(call, &failure);
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
