/* GitHub's workflow commands: a line for each finding that counts. */
#include "lint/lint_show.h"
#include "out/display.h"

#include <string.h>

/* What ends a command or a property of it is written in hexadecimal. */
static void append_escaped(GString *line, const char *text, bool property)
{
    g_autofree char *clean = display_clean(text, DISPLAY_KEEP_DATA);

    for (const char *at = clean; *at != '\0'; at++)
        if (*at == '%' || *at == '\r' || *at == '\n' ||
            (property && (*at == ':' || *at == ',')))
            g_string_append_printf(line, "%%%02X", (unsigned) *at);
        else
            g_string_append_c(line, *at);
}

struct annotating {
    const struct lint_report *report;
    struct output *output;
};

static void annotate(const struct lint_finding *finding, const struct lint_file *file,
                     const struct lint_statement *statement, gpointer data)
{
    static const char *const commands[] = {"notice", "warning", "error"};
    const struct annotating *annotating = data;

    (void) file;
    (void) statement;
    if (finding->reason != NULL)
        return;
    g_autofree char *path = lint_path(annotating->report, finding);
    GString *line = g_string_new(NULL);
    g_string_append_printf(line, "::%s file=", commands[finding->severity]);
    append_escaped(line, path, true);
    if (finding->line > 0)
        g_string_append_printf(line, ",line=%u", finding->line);
    if (finding->column > 0)
        g_string_append_printf(line, ",col=%u", finding->column);
    g_string_append(line, ",title=");
    append_escaped(line, finding->rule->id, true);
    g_string_append(line, "::");
    append_escaped(line, finding->message, false);
    if (finding->assumption != NULL) {
        g_string_append(line, "%0Aassumed: ");
        append_escaped(line, finding->assumption, false);
    }
    if (finding->safe_rewrite != NULL) {
        g_string_append(line, "%0Ainstead:%0A");
        append_escaped(line, finding->safe_rewrite, false);
    }
    g_string_append_c(line, '\n');
    output_raw(annotating->output, line->str);
    g_string_free(line, TRUE);
}

void lint_show_github(const struct lint_report *report, struct output *output)
{
    struct annotating annotating = {report, output};

    lint_each(report, annotate, &annotating);
}
