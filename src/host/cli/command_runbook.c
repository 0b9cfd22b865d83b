#include "cli/commands.h"
#include "cli/grammar.h"
#include "out/document.h"
#include "out/grid.h"
#include "units/units.h"

#include <string.h>

static enum runbook_exit list_sections(struct output *output)
{
    static const struct grid_column columns[] = {
        {"Section", false}, {"Title", false}, {NULL, false}};
    AUTO(grid) grid = grid_new(columns);
    struct document *document = document_begin(output, "runbook.list/1", NULL);

    document_array(document, "sections");
    for (guint i = 0; features[i] != NULL; i++) {
        grid_cell(grid, OUTPUT_BOLD, features[i]->name);
        grid_cell(grid, OUTPUT_PLAIN, features[i]->title);
        document_item(document, json_pack("{ss ss}", "name", features[i]->name, "title",
                                          features[i]->title));
    }
    document_array_end(document);
    document_end(document);
    grid_print(grid, output);
    return RUNBOOK_DONE;
}

/* Markdown as it is, on a terminal with headings and code set apart. */
static char *style_markdown(const struct output *output, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GString *styled = g_string_new(NULL);
    bool code = false;

    for (guint i = 0; lines[i] != NULL; i++) {
        bool fence = g_str_has_prefix(lines[i], "```");
        enum output_tone tone = fence || code        ? OUTPUT_DIM
                                : lines[i][0] == '#' ? OUTPUT_BOLD
                                                     : OUTPUT_PLAIN;
        g_autofree char *line = output_paint(output, tone, lines[i]);
        code ^= fence;
        g_string_append_printf(styled, "%s%s", i > 0 ? "\n" : "", line);
    }
    return g_string_free(styled, FALSE);
}

static enum runbook_exit show_section(const struct feature *section, struct output *output)
{
    if (output_format(output) != OUTPUT_JSON) {
        g_autofree char *text = style_markdown(output, section->runbook);
        output_raw(output, text);
        return RUNBOOK_DONE;
    }
    struct document *document = document_begin(output, "runbook.show/1", NULL);
    document_member(document, "name", json_string(section->name));
    document_member(document, "title", json_string(section->title));
    document_member(document, "markdown", document_text(section->runbook));
    document_end(document);
    return RUNBOOK_DONE;
}

static enum runbook_exit run_runbook(struct call *call, GError **error)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    const char *name = call->arguments[0];

    if (name == NULL)
        return list_sections(call->output);
    for (guint i = 0; features[i] != NULL; i++) {
        if (strcmp(features[i]->name, name) == 0 && features[i]->runbook != NULL)
            return show_section(features[i], call->output);
        g_strv_builder_add(builder, features[i]->name);
    }
    g_auto(GStrv) names = g_strv_builder_end(builder);
    const char *nearest = units_nearest(name, (const char *const *) names);
    g_autofree char *hint = nearest != NULL ? g_strdup_printf("did you mean \"%s\"?", nearest)
                                            : g_strdup("\"pgrunbook runbook\" lists them.");
    runbook_error_set(error, RUNBOOK_USAGE, hint, "the runbook has no section \"%s\"", name);
    return RUNBOOK_USAGE;
}

const struct command cli_runbook_commands[] = {
    {
        .arguments = "[SECTION]",
        .summary = "List the sections of the runbook, or print one",
        .prose = "A section says what is done, why, and what to do by hand when the program "
                 "cannot. It is Markdown, and part of the program: no file is needed.",
        .examples = "pgrunbook runbook",
        .flags = CLI_BARE,
        .run = run_runbook,
    },
    {.run = NULL},
};
