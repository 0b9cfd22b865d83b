/* `pgrunbook history prune`: old runs are forgotten. */
#include "cli/history.h"
#include "out/document.h"
#include "out/grid.h"
#include "plan/plan_gate.h"
#include "units/units.h"

/* Old runs, as they are shown before they are forgotten. */
struct prune {
    struct call *call;
    struct store *store;
    gint64 before_us;
    GArray *runs;   /* of gint64 */
    bool forgotten; /* by now */
};

static void take_run(gint64 run, gpointer data)
{
    g_array_append_val(((struct prune *) data)->runs, run);
}

static void show_document(const struct prune *prune)
{
    struct document *document = document_begin(prune->call->output, "history.prune/1", NULL);

    document_member(document, "before", document_time(prune->before_us));
    document_member(document, "outcome", document_text(prune->forgotten ? "done" : "planned"));
    document_array(document, "runs");
    for (guint i = 0; i < prune->runs->len; i++)
        document_item(document, json_integer(g_array_index(prune->runs, gint64, i)));
    document_array_end(document);
    document_end(document);
}

static void show(gpointer data)
{
    const struct prune *prune = data;
    struct output *output = prune->call->output;
    g_autofree char *runs = units_format_counted(prune->runs->len, "run");
    g_autofree char *before = history_time(prune->before_us);
    AUTO(grid) grid = grid_new(history_list_columns);

    if (output_format(output) == OUTPUT_JSON) {
        show_document(prune);
        return;
    }
    for (guint i = 0; !prune->forgotten && i < prune->runs->len; i++)
        store_run_by_id(prune->store, g_array_index(prune->runs, gint64, i), history_list_row,
                        grid, NULL);
    if (grid_rows(grid) > 0)
        grid_print(grid, output);
    output_say(output, "%s from before %s %s.", runs, before,
               prune->forgotten ? "forgotten" : "to forget");
}

static enum runbook_exit fail(const struct prune *prune, GError **error)
{
    g_set_error_literal(error, RUNBOOK_ERROR, RUNBOOK_FAILED, store_trouble(prune->store));
    return RUNBOOK_FAILED;
}

static enum runbook_exit forget(struct prune *prune, GError **error)
{
    bool yes;

    if (!gate_confirmed(prune->call, prune->runs->len, "Forget them?",
                        "--dry-run shows what would be forgotten", show, prune, &yes, error))
        return RUNBOOK_FAILED;
    if (!yes)
        return RUNBOOK_DONE;
    store_prune(prune->store, prune->before_us);
    if (store_trouble(prune->store) != NULL)
        return fail(prune, error);
    prune->forgotten = true;
    show(prune);
    return RUNBOOK_DONE;
}

enum runbook_exit history_prune_command(struct call *call, GError **error)
{
    g_autofree char *path = settings_state_path(call->settings);
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(gint64));
    AUTO(store) reader = store_open_reader(path, error);
    if (reader == NULL)
        return RUNBOOK_FAILED;
    AUTO(store) writer = call->dry_run ? NULL : store_open(path);
    struct prune prune = {
        .call = call,
        .store = writer != NULL ? writer : reader,
        .before_us = g_get_real_time() - settings_int(call->settings, "history.keep") * 1000,
        .runs = runs,
    };
    store_old_runs(prune.store, prune.before_us, take_run, &prune);
    if (store_trouble(prune.store) != NULL)
        return fail(&prune, error);
    if (!call->dry_run)
        return forget(&prune, error);
    show(&prune);
    return RUNBOOK_DONE;
}
