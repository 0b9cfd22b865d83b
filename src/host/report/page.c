#include "report/page.h"

#include <stdarg.h>

static void clear_cell(gpointer data)
{
    g_free(((struct page_cell *) data)->text);
}

static void free_block(gpointer data)
{
    struct page_block *block = data;

    g_free(block->text);
    g_free(block->value);
    g_free(block->note);
    g_free(block->svg);
    g_free(block->legend);
    if (block->cells != NULL)
        g_array_unref(block->cells);
    g_free(block);
}

struct page *page_new(void)
{
    struct page *page = g_new0(struct page, 1);

    page->blocks = g_ptr_array_new_with_free_func(free_block);
    return page;
}

void page_free(struct page *page)
{
    g_ptr_array_unref(page->blocks);
    g_free(page->title);
    g_free(page->subtitle);
    g_free(page);
}

static struct page_block *add(struct page *page, enum page_kind kind, enum report_tone tone,
                              char *text)
{
    struct page_block *block = g_new0(struct page_block, 1);

    block->kind = kind;
    block->tone = tone;
    block->text = text;
    g_ptr_array_add(page->blocks, block);
    return block;
}

void page_add(struct page *page, enum page_kind kind, enum report_tone tone, const char *format,
              ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(page, kind, tone, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

void page_tile(struct page *page, enum report_tone tone, const char *label, char *value,
               char *note)
{
    struct page_block *block = add(page, PAGE_TILE, tone, g_strdup(label));

    block->value = value;
    block->note = note;
}

void page_table(struct page *page, const struct page_column *columns, const char *caption)
{
    struct page_block *block = add(page, PAGE_TABLE, REPORT_PLAIN, g_strdup(caption));

    block->columns = columns;
    while (columns[block->column_count].title != NULL)
        block->column_count++;
    block->cells = g_array_new(FALSE, FALSE, sizeof(struct page_cell));
    g_array_set_clear_func(block->cells, clear_cell);
}

void page_take(struct page *page, enum report_tone tone, char *text)
{
    struct page_block *block = page->blocks->pdata[page->blocks->len - 1];
    const struct page_cell cell = {tone, text};

    /* A cell is a line: an error may have several ("hint: …"). */
    if (text != NULL)
        g_strdelimit(text, "\n", ' ');
    g_array_append_val(block->cells, cell);
}

void page_cell(struct page *page, enum report_tone tone, const char *text)
{
    page_take(page, tone, g_strdup(text));
}

void page_chart(struct page *page, const struct chart *chart, const char *legend)
{
    g_autofree char *id = g_strdup_printf("chart-%u", ++page->charts);
    struct page_block *block = add(page, PAGE_CHART, REPORT_PLAIN, g_strdup(chart->title));

    block->svg = chart_svg(chart, id);
    block->note = g_strdup(chart->description);
    block->legend = g_strdup(legend);
}
