/*
 * Cells are kept as they were given, in one string chunk (20,000 rows of eight cells are common),
 * and made fit for the format when they are printed.
 */
#include "out/grid.h"

#include "out/display.h"
#include "out/output_internal.h"
#include "units/units.h"

#include <string.h>

struct cell {
    const char *text;  /* in the grid's chunk */
    const char *exact; /* what CSV has instead, in the chunk; NULL: the same */
    enum output_tone tone;
};

struct grid {
    GArray *columns; /* of struct grid_column, titles in the chunk */
    GArray *cells;   /* of struct cell, row after row */
    GStringChunk *texts;
};

enum { GAP = 2 };

struct grid *grid_new(const struct grid_column *columns)
{
    struct grid *grid = g_new0(struct grid, 1);
    grid->columns = g_array_new(FALSE, FALSE, sizeof(struct grid_column));
    grid->cells = g_array_new(FALSE, FALSE, sizeof(struct cell));
    grid->texts = g_string_chunk_new(4096);
    for (; columns->title != NULL; columns++) {
        struct grid_column copy = {g_string_chunk_insert(grid->texts, columns->title),
                                   columns->right};
        g_array_append_val(grid->columns, copy);
    }
    g_assert(grid->columns->len > 0);
    return grid;
}

void grid_free(struct grid *grid)
{
    if (grid == NULL)
        return;
    g_array_unref(grid->columns);
    g_array_unref(grid->cells);
    g_string_chunk_free(grid->texts);
    g_free(grid);
}

void grid_cell(struct grid *grid, enum output_tone tone, const char *text)
{
    struct cell cell = {.text = g_string_chunk_insert(grid->texts, text != NULL ? text : ""),
                        .tone = tone};
    g_array_append_val(grid->cells, cell);
}

void grid_cellf(struct grid *grid, enum output_tone tone, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    grid_cell(grid, tone, text);
}

void grid_take(struct grid *grid, enum output_tone tone, char *text)
{
    grid_cell(grid, tone, text);
    g_free(text);
}

/* Takes ownership of text, which says the number as people read it. */
static void add_number(struct grid *grid, enum output_tone tone, char *text, const char *exact)
{
    grid_take(grid, tone, text);
    g_array_index(grid->cells, struct cell, grid->cells->len - 1).exact =
        g_string_chunk_insert(grid->texts, exact);
}

void grid_size(struct grid *grid, enum output_tone tone, gint64 bytes)
{
    if (bytes == GRID_NONE) {
        grid_cell(grid, tone, NULL);
        return;
    }
    g_autofree char *exact = g_strdup_printf("%" G_GINT64_FORMAT, bytes);
    add_number(grid, tone, units_format_size(bytes), exact);
}

void grid_count(struct grid *grid, enum output_tone tone, gint64 count)
{
    if (count == GRID_NONE) {
        grid_cell(grid, tone, NULL);
        return;
    }
    g_autofree char *exact = g_strdup_printf("%" G_GINT64_FORMAT, count);
    add_number(grid, tone, units_format_count(count), exact);
}

void grid_seconds(struct grid *grid, enum output_tone tone, double seconds)
{
    if (seconds < 0) {
        grid_cell(grid, tone, NULL);
        return;
    }
    char exact[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd(exact, sizeof exact, "%.3f", seconds);
    add_number(grid, tone, units_format_duration(seconds), exact);
}

guint grid_rows(const struct grid *grid)
{
    g_assert(grid->columns->len > 0);
    return (grid->cells->len + grid->columns->len - 1) / grid->columns->len;
}

static const struct grid_column *column_at(const struct grid *grid, guint column)
{
    return &g_array_index(grid->columns, struct grid_column, column);
}

static struct cell cell_at(const struct grid *grid, guint row, guint column)
{
    const guint index = row * grid->columns->len + column;
    if (index >= grid->cells->len)
        return (struct cell){.text = "", .tone = OUTPUT_PLAIN};
    return g_array_index(grid->cells, struct cell, index);
}

/* ---- aligned text ----------------------------------------------------------------------- */

struct layout {
    struct output *output;
    guint columns;
    int *widths;
    int offset; /* where the last column starts */
    int room;   /* columns it may take before it wraps; 0: as many as it likes */
};

static int clean_columns(const char *text)
{
    g_autofree char *clean = display_clean(text, 0);
    return display_columns(clean);
}

static void measure_columns(const struct grid *grid, struct layout *layout)
{
    const guint last = layout->columns - 1;
    for (guint column = 0; column <= last; column++) {
        int width = clean_columns(column_at(grid, column)->title);
        for (guint row = 0; row < grid_rows(grid); row++) {
            const int columns = clean_columns(cell_at(grid, row, column).text);
            width = MAX(width, columns);
        }
        layout->widths[column] = width;
        layout->offset += column < last ? width + GAP : 0;
    }
}

static void measure(const struct grid *grid, struct layout *layout)
{
    enum { TOO_NARROW = 16 }; /* a column of single words is worse than the terminal's wrap */
    const guint last = layout->columns - 1;
    measure_columns(grid, layout);
    const int room = display_width(layout->output->data) - layout->offset;
    if (room >= TOO_NARROW && layout->widths[last] > room && !column_at(grid, last)->right)
        layout->room = room;
}

/* Lines of at most `room` columns, broken at spaces; a longer word has a line of its own. The
 * text is not empty. */
static GStrv wrap(const char *text, int room)
{
    g_autoptr(GStrvBuilder) lines = g_strv_builder_new();
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    g_autoptr(GString) line = g_string_new(words[0]);
    int used = display_columns(words[0]);
    for (guint i = 1; words[i] != NULL; i++) {
        const int columns = display_columns(words[i]);
        if (used + 1 + columns > room) {
            g_strv_builder_add(lines, line->str);
            g_string_assign(line, words[i]);
            used = columns;
        } else {
            g_string_append_printf(line, " %s", words[i]);
            used += 1 + columns;
        }
    }
    g_strv_builder_add(lines, line->str);
    return g_strv_builder_end(lines);
}

static void append_painted(GString *line, const struct layout *layout, enum output_tone tone,
                           const char *text)
{
    g_autofree char *painted = output_paint(layout->output, tone, text);
    g_string_append(line, painted);
}

static void append_wrapped(GString *line, const struct layout *layout, enum output_tone tone,
                           const char *text)
{
    g_auto(GStrv) parts = wrap(text, layout->room);
    for (guint i = 0; parts[i] != NULL; i++) {
        if (i > 0)
            g_string_append_printf(line, "\n%*s", layout->offset, "");
        append_painted(line, layout, tone, parts[i]);
    }
}

/* Appends a cell behind *spaces blanks and leaves in it those that follow, so that no line ends
 * with blanks. */
static void append_cell(GString *line, const struct layout *layout,
                        const struct grid_column *column, guint number, const char *text,
                        enum output_tone tone, int *spaces)
{
    g_autofree char *clean = display_clean(text, 0);
    const bool last = number + 1 == layout->columns;
    const int padding = MAX(layout->widths[number] - display_columns(clean), 0);
    const int before = *spaces + (column->right ? padding : 0);
    if (*clean == '\0') {
        *spaces += layout->widths[number] + GAP;
        return;
    }
    g_string_append_printf(line, "%*s", before, "");
    if (last && layout->room > 0)
        append_wrapped(line, layout, tone, clean);
    else
        append_painted(line, layout, tone, clean);
    *spaces = GAP + (column->right ? 0 : padding);
}

static void write_header(const struct grid *grid, const struct layout *layout)
{
    g_autoptr(GString) line = g_string_new(NULL);
    int spaces = 0;
    for (guint column = 0; column < layout->columns; column++)
        append_cell(line, layout, column_at(grid, column), column,
                    column_at(grid, column)->title, OUTPUT_BOLD, &spaces);
    g_string_append_c(line, '\n');
    if (!layout->output->data_colors) {
        for (guint column = 0; column < layout->columns; column++) {
            const bool last = column + 1 == layout->columns;
            const int dashes = last && layout->room > 0 ? layout->room : layout->widths[column];
            for (int i = 0; i < dashes; i++)
                g_string_append_c(line, '-');
            g_string_append(line, last ? "\n" : "  ");
        }
    }
    output_write(layout->output, line->str, line->len);
}

static void print_table(const struct grid *grid, struct output *output)
{
    g_autofree int *widths = g_new0(int, grid->columns->len);
    struct layout layout = {.output = output, .columns = grid->columns->len, .widths = widths};
    measure(grid, &layout);
    write_header(grid, &layout);

    g_autoptr(GString) line = g_string_new(NULL);
    for (guint row = 0; row < grid_rows(grid); row++) {
        int spaces = 0;
        g_string_truncate(line, 0);
        for (guint column = 0; column < layout.columns; column++) {
            const struct cell cell = cell_at(grid, row, column);
            append_cell(line, &layout, column_at(grid, column), column, cell.text, cell.tone,
                        &spaces);
        }
        g_string_append_c(line, '\n');
        output_write(output, line->str, line->len);
    }
}

char **grid_lines(const struct grid *grid)
{
    struct output plain = {.format = OUTPUT_TABLE};
    g_autofree int *widths = g_new0(int, grid->columns->len);
    struct layout layout = {.output = &plain, .columns = grid->columns->len, .widths = widths};
    g_autoptr(GStrvBuilder) lines = g_strv_builder_new();

    measure_columns(grid, &layout);
    for (gint64 row = -1; row < (gint64) grid_rows(grid); row++) {
        g_autoptr(GString) line = g_string_new(NULL);
        int spaces = 0;
        for (guint column = 0; column < layout.columns; column++) {
            const char *text = row < 0 ? column_at(grid, column)->title
                                       : cell_at(grid, (guint) row, column).text;
            append_cell(line, &layout, column_at(grid, column), column, text, OUTPUT_PLAIN,
                        &spaces);
        }
        g_strv_builder_add(lines, line->str);
    }
    return g_strv_builder_end(lines);
}

/* ---- Markdown and CSV --------------------------------------------------------------------- */

/* Backslashes before what Markdown would take for markup; an underscore within a word is none. */
static void append_markdown_line(GString *line, const char *text)
{
    g_autofree char *clean = display_clean(text, 0);
    for (const char *at = clean; *at != '\0'; at++) {
        const bool in_word =
            *at == '_' && at > clean && g_ascii_isalnum(at[-1]) && g_ascii_isalnum(at[1]);
        if (strchr("\\`*_~<[&|", *at) != NULL && !in_word)
            g_string_append_c(line, '\\');
        g_string_append_c(line, *at);
    }
}

/* A row is one line: breaks within a cell are <br>. */
static void append_markdown(GString *line, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "\n", -1);

    for (guint i = 0; parts[i] != NULL; i++) {
        if (i > 0)
            g_string_append(line, "<br>");
        append_markdown_line(line, parts[i]);
    }
}

static void append_csv(GString *line, const char *text)
{
    g_autofree char *clean = display_clean(text, DISPLAY_KEEP_DATA);
    if (strpbrk(clean, ",\"\r\n") == NULL) {
        g_string_append(line, clean);
        return;
    }
    g_string_append_c(line, '"');
    for (const char *at = clean; *at != '\0'; at++) {
        if (*at == '"')
            g_string_append_c(line, '"');
        g_string_append_c(line, *at);
    }
    g_string_append_c(line, '"');
}

/* How a format without alignment writes a row. */
struct flavour {
    void (*append)(GString *line, const char *text);
    const char *before, *between, *after;
    bool exact; /* for programs */
};

static const char *text_of(struct cell cell, const struct flavour *flavour)
{
    return flavour->exact && cell.exact != NULL ? cell.exact : cell.text;
}

/* row -1: the titles. */
static void write_row(const struct grid *grid, struct output *output, gint64 row,
                      const struct flavour *flavour)
{
    g_autoptr(GString) line = g_string_new(flavour->before);
    for (guint column = 0; column < grid->columns->len; column++) {
        if (column > 0)
            g_string_append(line, flavour->between);
        flavour->append(line, row < 0 ? column_at(grid, column)->title
                                      : text_of(cell_at(grid, (guint) row, column), flavour));
    }
    g_string_append(line, flavour->after);
    output_write(output, line->str, line->len);
}

static void print_markdown(const struct grid *grid, struct output *output)
{
    static const struct flavour markdown = {append_markdown, "| ", " | ", " |\n", false};
    write_row(grid, output, -1, &markdown);
    for (guint column = 0; column < grid->columns->len; column++)
        output_raw(output, column_at(grid, column)->right ? "|--:" : "|---");
    output_raw(output, "|\n");
    for (guint row = 0; row < grid_rows(grid); row++)
        write_row(grid, output, row, &markdown);
}

static void print_csv(const struct grid *grid, struct output *output)
{
    static const struct flavour csv = {append_csv, "", ",", "\n", true};
    for (gint64 row = -1; row < (gint64) grid_rows(grid); row++)
        write_row(grid, output, row, &csv);
}

void grid_print(const struct grid *grid, struct output *output)
{
    switch (output->format) {
    case OUTPUT_TABLE:
        print_table(grid, output);
        break;
    case OUTPUT_MARKDOWN:
        print_markdown(grid, output);
        break;
    case OUTPUT_CSV:
        print_csv(grid, output);
        break;
    case OUTPUT_JSON:
        break;
    }
}
