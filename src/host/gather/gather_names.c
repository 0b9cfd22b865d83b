/* All families of /metrics as a table: the reference and the tests of rules and boards read it. */
#include "gather/gather.h"

#include "cli/grammar.h"
#include "out/grid.h"

#include <string.h>

/* Those of the daemon's own memory name the target themselves. */
static char *labels_of(const struct feature *section, const struct metric *metric)
{
    bool own = strcmp(section->name, "serve") == 0 || strcmp(section->name, "watch") == 0;

    if (own)
        return g_strdup(metric->labels != NULL ? metric->labels : "");
    return g_strconcat("target", metric->labels != NULL ? " " : "", metric->labels, NULL);
}

static void add_row(struct grid *grid, const struct feature *section,
                    const struct metric *metric)
{
    g_autofree char *name = metric_name(section->name, metric);
    bool counter = metric->type == METRIC_COUNTER;

    grid_take(grid, OUTPUT_PLAIN, g_strconcat(name, counter ? "_total" : "", NULL));
    grid_cell(grid, OUTPUT_PLAIN, counter ? "counter" : "gauge");
    grid_take(grid, OUTPUT_PLAIN, labels_of(section, metric));
    grid_take(
        grid, OUTPUT_PLAIN,
        g_strconcat(metric->help, metric->top ? "; the largest, and the rest" : "", NULL));
}

enum runbook_exit gather_names_command(struct call *call, G_GNUC_UNUSED GError **error)
{
    static const struct grid_column columns[] = {
        {"Name", false}, {"Type", false}, {"Labels", false}, {"Meaning", false}, {NULL, false}};
    AUTO(grid) grid = grid_new(columns);
    const struct feature *section;

    for (guint i = 0; (section = cli_section_at(i)) != NULL; i++)
        for (const struct metric *metric = section->metrics;
             metric != NULL && metric->name != NULL; metric++)
            add_row(grid, section, metric);
    grid_print(grid, call->output);
    return RUNBOOK_DONE;
}
