/*
 * A page for people, made of blocks: headings, text, figures, tables, charts. Who writes it need
 * not know whether it becomes HTML, Markdown or text on a terminal; who renders it escapes
 * everything, for names come from databases.
 */
#ifndef HOST_REPORT_PAGE_H
#define HOST_REPORT_PAGE_H

#include "auto.h"
#include "chart/chart.h"
#include "out/output.h"
#include "report/report.h"

enum page_kind {
    PAGE_HEADING, /* of a section */
    PAGE_SUBHEADING,
    PAGE_TEXT,
    PAGE_GAP,  /* what is not known, or did not happen */
    PAGE_LINE, /* one of the sentences in short */
    PAGE_TILE, /* a figure: label, value, note */
    PAGE_TABLE,
    PAGE_CHART,
};

struct page_cell {
    enum report_tone tone;
    char *text;
};

struct page_column {
    const char *title;
    bool right;
};

struct page_block {
    enum page_kind kind;
    enum report_tone tone;
    char *text;                        /* label of a tile; caption of a table or a chart */
    char *value, *note;                /* of a tile */
    const struct page_column *columns; /* static; ends with a NULL title */
    guint column_count;
    GArray *cells; /* of struct page_cell, row by row */
    char *svg;     /* of a chart */
    char *legend;  /* words for what its colours are; NULL: none */
};

struct page {
    char *title, *subtitle;
    GPtrArray *blocks; /* of struct page_block */
    guint charts;
};

struct page *page_new(void);
void page_free(struct page *page);
AUTO_DEFINE(page, page_free)

void page_add(struct page *page, enum page_kind kind, enum report_tone tone, const char *format,
              ...) G_GNUC_PRINTF(4, 5);
/* Takes value and note; note NULL: none. */
void page_tile(struct page *page, enum report_tone tone, const char *label, char *value,
               char *note);
void page_table(struct page *page, const struct page_column *columns, const char *caption);
/* A cell of the table that was begun last; NULL is an empty one. */
void page_cell(struct page *page, enum report_tone tone, const char *text);
void page_take(struct page *page, enum report_tone tone, char *text);
void page_chart(struct page *page, const struct chart *chart, const char *legend);

/* What the report says, in order. Caller frees. */
struct page *report_page(const struct report *report);

/* ---- renderings ----------------------------------------------------------------------------- */

/* A whole document of HTML: no script, nothing from elsewhere. Caller frees. */
char *page_html(const struct page *page);

/* As tables and text, or as Markdown, by the output's format. */
void page_print(const struct page *page, struct output *output);

/* The same as text: Markdown, or what a terminal gets. Caller frees. */
char *page_plain(const struct page *page, bool markdown);

#endif
