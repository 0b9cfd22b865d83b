/* The report for people: findings with their source, and a line at the end. */
#include "lint/lint_private.h"
#include "lint/lint_show.h"
#include "out/display.h"
#include "out/grid.h"
#include "units/units.h"

#include <string.h>

/* Columns of the source that are shown at most. */
enum { SOURCE_COLUMNS = 100 };

char *lint_path(const struct lint_report *report, const struct lint_finding *finding)
{
    if (finding->file == NULL)
        return g_strdup(report->folder->path);
    return g_build_filename(report->base, finding->file, NULL);
}

/* ---- the source -------------------------------------------------------------------------- */

/* The line of the script, without its end; NULL: it has no such. */
static char *source_line(const struct folder_script *own, guint line)
{
    const struct sql_script *script = own->script;

    if (line < own->line || line - own->line >= script->lines->len)
        return NULL;
    gsize start = g_array_index(script->lines, gsize, line - own->line);
    const char *begin = script->text + start;
    const char *end = memchr(begin, '\n', script->length - start);
    gsize length = end != NULL ? (gsize) (end - begin) : script->length - start;
    if (length > 0 && begin[length - 1] == '\r')
        length--;
    return g_utf8_make_valid(begin, (gssize) length);
}

/* Control characters as they are shown, but a tab is as wide as a blank: the caret has to
 * fit. */
static char *clean_part(const char *text, glong from, glong to)
{
    g_autofree char *part = g_utf8_substring(text, from, to);

    g_strdelimit(part, "\t", ' ');
    return display_clean(part, 0);
}

/* The part of a long line that is shown; *ret_from and *ret_to in characters. */
static void frame(const char *line, guint column, glong *ret_from, glong *ret_to)
{
    glong length = g_utf8_strlen(line, -1), at = MIN((glong) column - 1, length);

    *ret_from = at > SOURCE_COLUMNS - 30 ? at - 30 : 0;
    *ret_to = MIN(length, *ret_from + SOURCE_COLUMNS);
}

static void append_source(GString *text, const struct lint_finding *finding,
                          const struct lint_file *file)
{
    g_autofree char *line =
        file != NULL && finding->column > 0 ? source_line(file->script, finding->line) : NULL;
    glong from, to;

    if (line == NULL)
        return;
    frame(line, finding->column, &from, &to);
    glong at = MIN((glong) finding->column - 1, g_utf8_strlen(line, -1));
    g_autofree char *before = clean_part(line, from, at);
    g_autofree char *behind = clean_part(line, at, MAX(at, to));
    const char *dots = from > 0 ? "…" : "";
    int width = display_columns(before) + (from > 0 ? 1 : 0);
    g_string_append_printf(text, "%6u | %s%s%s%s\n", finding->line, dots, before, behind,
                           MAX(at, to) < g_utf8_strlen(line, -1) ? "…" : "");
    g_string_append_printf(text, "       | %*s^\n", width, "");
}

/* ---- a finding --------------------------------------------------------------------------- */

static enum output_tone tone_of(const struct lint_finding *finding)
{
    if (finding->reason != NULL || finding->severity == LINT_NOTE)
        return OUTPUT_DIM;
    return finding->severity == LINT_ERROR ? OUTPUT_BAD : OUTPUT_CAUTION;
}

static void append_indented(GString *text, const char *heading, const char *lines)
{
    g_auto(GStrv) each = g_strsplit(lines, "\n", -1);

    g_string_append_printf(text, "    %s\n", heading);
    for (guint i = 0; each[i] != NULL; i++)
        g_string_append_printf(text, "        %s\n", each[i]);
}

struct showing {
    const struct lint_report *report;
    struct output *output;
    bool all;
    guint shown;
};

static void show_finding(const struct lint_finding *finding, const struct lint_file *file,
                         const struct lint_statement *statement, gpointer data)
{
    struct showing *showing = data;

    (void) statement;
    if (!showing->all && (finding->severity == LINT_NOTE || finding->reason != NULL))
        return;
    g_autofree char *path = lint_path(showing->report, finding);
    g_autofree char *kind = output_paint(
        showing->output, tone_of(finding),
        finding->reason != NULL ? "ignored" : lint_severity_name(finding->severity));
    GString *text = g_string_new(NULL);
    g_string_append(text, path);
    if (finding->line > 0)
        g_string_append_printf(text, ":%u", finding->line);
    if (finding->column > 0)
        g_string_append_printf(text, ":%u", finding->column);
    g_string_append_printf(text, ": %s: %s\n    %s\n", kind, finding->rule->id,
                           finding->message);
    append_source(text, finding, file);
    if (finding->reason != NULL)
        g_string_append_printf(text, "    ignored: %s\n", finding->reason);
    if (finding->assumption != NULL)
        g_string_append_printf(text, "    assumed: %s\n", finding->assumption);
    if (finding->safe_rewrite != NULL && finding->reason == NULL)
        append_indented(text, "instead:", finding->safe_rewrite);
    output_say(showing->output, "%s", text->str);
    g_string_free(text, TRUE);
    showing->shown++;
}

/* ---- the end ----------------------------------------------------------------------------- */

static void append_count(GString *text, guint count, const char *noun)
{
    g_autofree char *counted = units_format_counted(count, noun);

    g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "", counted);
}

/* What has run is not judged: it is no reason to believe that it was clean. */
static void show_left_out(const struct lint_report *report, struct output *output)
{
    guint count = 0;

    for (guint i = 0; i < report->files->len; i++)
        count += ((const struct lint_file *) report->files->pdata[i])->applied;
    if (count == 0)
        return;
    g_autofree char *scripts = units_format_counted(count, "applied script");
    output_say(output, "%s left out.", scripts);
}

static void show_summary(const struct lint_report *report, struct output *output)
{
    GString *text = g_string_new(NULL);
    g_autofree char *files = units_format_counted(report->files->len, "script");
    g_autofree char *statements = units_format_counted(report->statements, "statement");

    append_count(text, report->errors, "error");
    append_count(text, report->warnings, "warning");
    append_count(text, report->notes, "note");
    if (report->ignored > 0)
        g_string_append_printf(text, ", %u ignored", report->ignored);
    if (report->not_analysed > 0)
        g_string_append_printf(text, ", %u not analysed", report->not_analysed);
    bool hides = output_verbosity(output) <= 0 && report->notes + report->ignored > 0;
    output_say(output, "%s, %s for PostgreSQL %d: %s%s.", files, statements,
               report->server_version / 10000, text->str, hides ? " (-v shows all)" : "");
    show_left_out(report, output);
    if (!report->schema_known)
        output_say(output, "No server was asked (-d, --target): a table that these scripts do "
                           "not create is taken to be large.");
    g_string_free(text, TRUE);
}

void lint_show_text(const struct lint_report *report, struct output *output)
{
    struct showing showing = {
        .report = report,
        .output = output,
        .all = output_verbosity(output) > 0,
    };

    lint_each(report, show_finding, &showing);
    show_summary(report, output);
}

/* ---- rows -------------------------------------------------------------------------------- */

struct rows_of {
    const struct lint_report *report;
    struct grid *grid;
};

/* 0 is none. */
static void add_number(struct grid *grid, guint number)
{
    if (number > 0)
        grid_cellf(grid, OUTPUT_PLAIN, "%u", number);
    else
        grid_cell(grid, OUTPUT_PLAIN, NULL);
}

static void add_row(const struct lint_finding *finding, const struct lint_file *file,
                    const struct lint_statement *statement, gpointer data)
{
    struct rows_of *rows = data;

    (void) file;
    (void) statement;
    grid_take(rows->grid, OUTPUT_PLAIN, lint_path(rows->report, finding));
    add_number(rows->grid, finding->line);
    add_number(rows->grid, finding->column);
    grid_cell(rows->grid, OUTPUT_PLAIN, lint_severity_name(finding->severity));
    grid_cell(rows->grid, OUTPUT_PLAIN, finding->rule->id);
    grid_cell(rows->grid, OUTPUT_PLAIN, finding->message);
    grid_cell(rows->grid, OUTPUT_PLAIN, finding->assumption);
    grid_cell(rows->grid, OUTPUT_PLAIN, finding->safe_rewrite);
    grid_cell(rows->grid, OUTPUT_PLAIN, finding->reason);
}

void lint_show_grid(const struct lint_report *report, struct output *output)
{
    static const struct grid_column columns[] = {
        {"file", false},    {"line", true},     {"column", true},   {"severity", false},
        {"rule", false},    {"message", false}, {"assumed", false}, {"instead", false},
        {"ignored", false}, {NULL, false},
    };
    AUTO(grid) grid = grid_new(columns);
    struct rows_of rows = {report, grid};

    lint_each(report, add_row, &rows);
    if (grid_rows(grid) > 0)
        grid_print(grid, output);
}
