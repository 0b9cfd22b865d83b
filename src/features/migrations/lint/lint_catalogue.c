/* `migrations rules`: the catalogue, or one of it. */
#include "lint/lint_rules.h"
#include "migrations_commands.h"
#include "out/document.h"
#include "out/grid.h"

static bool is_wanted(const struct call *call, const struct lint_rule *rule)
{
    return call->arguments[0] == NULL || g_strcmp0(call->arguments[0], rule->id) == 0;
}

static bool check_name(const struct call *call, GError **error)
{
    const char *name = call->arguments[0];

    if (name == NULL || lint_rule_find(name) != NULL)
        return true;
    const char *nearest = lint_rule_nearest(name);
    g_autofree char *hint = nearest != NULL ? g_strdup_printf("did you mean \"%s\"?", nearest)
                                            : g_strdup("pgrunbook migrations rules");
    runbook_error_set(error, RUNBOOK_USAGE, hint, "there is no rule \"%s\"", name);
    return false;
}

static void show_document(const struct call *call)
{
    struct document *document = document_begin(call->output, "migrations.rules/1", NULL);

    document_array(document, "rules");
    for (const struct lint_rule *rule = lint_rules; rule->id != NULL; rule++) {
        if (!is_wanted(call, rule))
            continue;
        json_t *item = json_object();
        json_object_set_new(item, "rule", json_string(rule->id));
        json_object_set_new(item, "severity", json_string(lint_severity_name(rule->severity)));
        json_object_set_new(item, "title", json_string(rule->title));
        json_object_set_new(item, "prose", json_string(rule->prose));
        document_item(document, item);
    }
    document_array_end(document);
    document_end(document);
}

static void show_grid(const struct call *call)
{
    static const struct grid_column columns[] = {
        {"rule", false},
        {"severity", false},
        {"what it finds", false},
        {NULL, false},
    };
    static const enum output_tone tones[] = {OUTPUT_DIM, OUTPUT_CAUTION, OUTPUT_BAD};
    AUTO(grid) grid = grid_new(columns);

    for (const struct lint_rule *rule = lint_rules; rule->id != NULL; rule++) {
        if (!is_wanted(call, rule))
            continue;
        grid_cell(grid, OUTPUT_PLAIN, rule->id);
        grid_cell(grid, tones[rule->severity], lint_severity_name(rule->severity));
        grid_cell(grid, OUTPUT_PLAIN, rule->title);
    }
    grid_print(grid, call->output);
    if (call->arguments[0] != NULL)
        output_say(call->output, "\n%s", lint_rule(call->arguments[0])->prose);
}

enum runbook_exit migrations_rules_command(struct call *call, GError **error)
{
    if (!check_name(call, error))
        return RUNBOOK_USAGE;
    if (output_format(call->output) == OUTPUT_JSON)
        show_document(call);
    else
        show_grid(call);
    return RUNBOOK_DONE;
}
