/* A page as text: tables for a terminal, or Markdown. Charts are their descriptions there. */
#include "out/grid.h"
#include "report/page.h"

#include <stdlib.h>
#include <string.h>

static enum output_tone tone_of(enum report_tone tone)
{
    static const enum output_tone tones[] = {[REPORT_PLAIN] = OUTPUT_PLAIN,
                                             [REPORT_GOOD] = OUTPUT_GOOD,
                                             [REPORT_CAUTION] = OUTPUT_CAUTION,
                                             [REPORT_BAD] = OUTPUT_BAD};

    return tones[tone];
}

static bool is_markdown(const struct output *output)
{
    return output_format(output) == OUTPUT_MARKDOWN;
}

/* Backslashes before what Markdown or HTML in it would take for more than text. Caller frees. */
static char *literal(const struct output *output, const char *text)
{
    GString *said = g_string_new(NULL);

    for (const char *c = text; *c != '\0'; c++) {
        if (is_markdown(output) && strchr("\\`*_[]<>#|~&", *c) != NULL)
            g_string_append_c(said, '\\');
        g_string_append_c(said, *c == '\n' ? ' ' : *c);
    }
    return g_string_free(said, FALSE);
}

static void say_heading(struct output *output, int level, const char *text)
{
    static const char marks[] = "####";
    g_autofree char *plain = literal(output, text);
    g_autofree char *bold = output_paint(output, OUTPUT_BOLD, plain);

    if (is_markdown(output))
        output_say(output, "%s%.*s %s\n", level > 1 ? "\n" : "", level, marks, plain);
    else
        output_say(output, "%s%s", level > 1 ? "\n" : "", bold);
}

static void say_text(struct output *output, enum report_tone tone, const char *text)
{
    static const char *const words[] = {[REPORT_PLAIN] = "",
                                        [REPORT_GOOD] = "good: ",
                                        [REPORT_CAUTION] = "note: ",
                                        [REPORT_BAD] = "bad: "};
    g_autofree char *plain = literal(output, text);
    g_autofree char *painted = output_paint(output, tone_of(tone), words[tone]);

    output_say(output, "%s%s%s", is_markdown(output) ? "- " : "  ", painted, plain);
}

static void print_table(const struct page_block *block, struct output *output)
{
    g_autofree struct grid_column *columns =
        g_new0(struct grid_column, block->column_count + 1);

    for (guint i = 0; i < block->column_count; i++)
        columns[i] = (struct grid_column){block->columns[i].title, block->columns[i].right};
    AUTO(grid) grid = grid_new(columns);
    for (guint i = 0; i < block->cells->len; i++) {
        const struct page_cell *cell = &g_array_index(block->cells, struct page_cell, i);
        grid_cell(grid, tone_of(cell->tone), cell->text);
    }
    output_say(output, "%s", "");
    grid_print(grid, output);
    output_say(output, "%s", "");
}

static void print_block(const struct page_block *block, struct output *output)
{
    g_autofree char *text = NULL;

    switch (block->kind) {
    case PAGE_HEADING:
        say_heading(output, 2, block->text);
        break;
    case PAGE_SUBHEADING:
        say_heading(output, 3, block->text);
        break;
    case PAGE_TEXT:
        text = literal(output, block->text);
        output_say(output, "%s", text);
        break;
    case PAGE_GAP:
    case PAGE_LINE:
        say_text(output, block->tone, block->text);
        break;
    case PAGE_TILE:
        text = g_strdup_printf("%s: %s%s%s", block->text, block->value,
                               block->note != NULL ? ", " : "",
                               block->note != NULL ? block->note : "");
        say_text(output, REPORT_PLAIN, text);
        break;
    case PAGE_TABLE:
        print_table(block, output);
        break;
    case PAGE_CHART:
        text = literal(output, block->note);
        output_say(output, "%s", text);
        break;
    }
}

void page_print(const struct page *page, struct output *output)
{
    g_autofree char *subtitle = literal(output, page->subtitle);

    say_heading(output, 1, page->title);
    output_say(output, "%s", subtitle);
    for (guint i = 0; i < page->blocks->len; i++)
        print_block(page->blocks->pdata[i], output);
}

char *page_plain(const struct page *page, bool markdown)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    struct output *output = output_new(
        stream, stderr, markdown ? OUTPUT_MARKDOWN : OUTPUT_TABLE, OUTPUT_COLOR_NEVER, 0);

    page_print(page, output);
    output_finish(output, NULL);
    output_free(output);
    fclose(stream);
    char *copy = g_strdup(text);
    free(text);
    return copy;
}
