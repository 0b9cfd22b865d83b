/* `migrations checklist`: look, decide, record, show. */
#include "checklist/checklist.h"

#include "calendar/window.h"
#include "checklist/checklist_observe.h"
#include "migrations_commands.h"
#include "out/document.h"
#include "out/grid.h"
#include "plan/plan_gate.h"

struct checklist {
    struct apply apply; /* looks as it would for apply */
    struct checklist_facts facts;
    struct checklist_box boxes[CHECKLIST_BOXES];
    gint64 run;
};

/* ---- showing -------------------------------------------------------------------------------- */

static json_t *box_item(const struct checklist_box *box)
{
    return json_pack("{ss sb sb so}", "name", box->name, "ticked", (int) box->ticked, "due",
                     (int) box->due, "evidence", document_text(box->evidence));
}

static json_t *migration_item(const struct checklist_migration *migration)
{
    return json_pack("{so sb}", "migration", document_text(migration->what), "applied",
                     (int) migration->applied);
}

static void show_document(const struct checklist *checklist)
{
    struct session *session = checklist->apply.control;
    const struct document_server server = {session_version(session), session_database(session),
                                           session_system_identifier(session)};
    struct document *document =
        document_begin(checklist->apply.call->output, "migrations.checklist/1", &server);

    document_member(document, "run",
                    checklist->run > 0 ? json_integer(checklist->run) : json_null());
    document_member(document, "complete", json_boolean(checklist_complete(checklist->boxes)));
    document_array(document, "migrations");
    for (guint i = 0; i < checklist->facts.migrations->len; i++)
        document_item(document, migration_item(checklist->facts.migrations->pdata[i]));
    document_array_end(document);
    document_array(document, "boxes");
    for (guint i = 0; i < CHECKLIST_BOXES; i++)
        document_item(document, box_item(&checklist->boxes[i]));
    document_array_end(document);
    document_end(document);
}

static void show_grid(const struct checklist *checklist)
{
    static const struct grid_column columns[] = {
        {"box", false}, {"ticked", false}, {"evidence", false}, {NULL, false}};
    AUTO(grid) grid = grid_new(columns);

    for (guint i = 0; i < CHECKLIST_BOXES; i++) {
        const struct checklist_box *box = &checklist->boxes[i];
        grid_cell(grid, OUTPUT_PLAIN, box->name);
        grid_cell(grid, OUTPUT_PLAIN, box->ticked ? "yes" : box->due ? "due" : "no");
        grid_cell(grid, OUTPUT_PLAIN, box->evidence);
    }
    grid_print(grid, checklist->apply.call->output);
}

static void show_list(const struct checklist *checklist, bool markdown)
{
    struct output *output = checklist->apply.call->output;
    const GPtrArray *migrations = checklist->facts.migrations;
    const struct checklist_migration *first = migrations->len > 0 ? migrations->pdata[0] : NULL;

    if (first == NULL)
        output_say(output, "No migration is due.");
    else
        output_say(output, "%u migration%s %s, from %s on.", migrations->len,
                   migrations->len == 1 ? "" : "s",
                   first->applied         ? "applied last"
                   : migrations->len == 1 ? "is due"
                                          : "are due",
                   first->what);
    for (guint i = 0; i < CHECKLIST_BOXES; i++) {
        const struct checklist_box *box = &checklist->boxes[i];
        if (markdown)
            output_say(output, "- [%c] **%s**: %s", box->ticked ? 'x' : ' ', box->name,
                       box->evidence);
        else
            output_say(output, "[%c] %s\n      %s", box->ticked ? 'x' : ' ', box->name,
                       box->evidence);
    }
}

static void show(const struct checklist *checklist)
{
    switch (output_format(checklist->apply.call->output)) {
    case OUTPUT_JSON:
        show_document(checklist);
        break;
    case OUTPUT_CSV:
        show_grid(checklist);
        break;
    case OUTPUT_MARKDOWN:
        show_list(checklist, true);
        break;
    case OUTPUT_TABLE:
        show_list(checklist, false);
        break;
    }
}

/* ---- the command ---------------------------------------------------------------------------- */

static char *summary_of(const struct checklist *checklist)
{
    json_t *boxes = json_array();

    for (guint i = 0; i < CHECKLIST_BOXES; i++)
        json_array_append_new(boxes, box_item(&checklist->boxes[i]));
    json_t *summary = json_pack("{so}", "boxes", boxes);
    char *text = json_dumps(summary, JSON_COMPACT);
    char *kept = g_strdup(text);
    free(text);
    json_decref(summary);
    return kept;
}

static void record(struct checklist *checklist, enum runbook_exit code)
{
    struct call *call = checklist->apply.call;
    const struct window window = window_open(0);
    g_autofree char *summary = summary_of(checklist);

    if (call->looks)
        return;
    checklist->run = gate_record_begin(call, checklist->apply.control, &window);
    gate_record_end(call, checklist->run, code, NULL, summary);
}

static void clear(struct checklist *checklist)
{
    struct apply *apply = &checklist->apply;

    checklist_boxes_clear(checklist->boxes);
    checklist_facts_clear(&checklist->facts);
    g_clear_pointer(&apply->items, g_ptr_array_unref);
    g_clear_pointer(&apply->table, version_table_free);
    g_clear_pointer(&apply->folder, folder_free);
    g_clear_pointer(&apply->control, session_close);
    g_free(apply->system);
    g_free(apply->ledger);
    g_free(apply->time_zone);
}

enum runbook_exit migrations_checklist_command(struct call *call, GError **error)
{
    struct checklist checklist = {.apply = {.call = call, .run = -1}, .run = -1};
    struct apply *apply = &checklist.apply;
    enum runbook_exit code = RUNBOOK_FAILED;

    apply->items = g_ptr_array_new_with_free_func(apply_item_free);
    apply->folder = folder_whole_of_call(call, error);
    if (apply->folder != NULL)
        apply->control = call_connect(call, error);
    if (apply->control != NULL && checklist_observe(apply, &checklist.facts, error)) {
        checklist_decide(&checklist.facts, checklist.boxes);
        code = checklist_complete(checklist.boxes) ? RUNBOOK_DONE : RUNBOOK_FAILED;
        record(&checklist, code);
        show(&checklist);
    }
    clear(&checklist);
    return code;
}
