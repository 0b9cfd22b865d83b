/* A page as one file of HTML. Every text goes through add_text(), an attribute through
 * chart_escape(). */
#include "host_embedded.h"
#include "out/display.h"
#include "report/page.h"

#include <string.h>

static const char *const tones[] = {[REPORT_PLAIN] = "",
                                    [REPORT_GOOD] = "good",
                                    [REPORT_CAUTION] = "caution",
                                    [REPORT_BAD] = "bad"};

/* ---- text ----------------------------------------------------------------------------------- */

/* Hebrew, Arabic and their neighbours: letters that are read from right to left. */
static bool is_right_to_left(gunichar c)
{
    return (c >= 0x0590 && c <= 0x08FF) || (c >= 0xFB1D && c <= 0xFDFF) ||
           (c >= 0xFE70 && c <= 0xFEFC) || (c >= 0x10800 && c <= 0x10FFF) ||
           (c >= 0x1E800 && c <= 0x1EFFF);
}

/* Behind the last such letter before others or digits begin. */
static const char *end_of_run(const char *run)
{
    const char *end = run;

    for (const char *c = run; *c != '\0';) {
        const gunichar letter = g_utf8_get_char(c);
        if (!is_right_to_left(letter) && g_unichar_isalnum(letter))
            break;
        c += g_utf8_skip[*(const guchar *) c];
        end = is_right_to_left(letter) ? c : end;
    }
    return end;
}

/* A name that is read from right to left is kept to itself: what stands beside it, a number perhaps,
 * stays where it belongs. */
static void add_text(GString *html, const char *text)
{
    g_autofree char *clean = display_clean(text != NULL ? text : "", DISPLAY_KEEP_LINES);
    const char *next;

    for (const char *c = clean; *c != '\0'; c = next) {
        const bool turned = is_right_to_left(g_utf8_get_char(c));
        next = turned ? end_of_run(c) : c;
        while (!turned && *next != '\0' && !is_right_to_left(g_utf8_get_char(next)))
            next += g_utf8_skip[*(const guchar *) next];
        g_autofree char *piece = g_strndup(c, (gsize) (next - c));
        g_string_append(html, turned ? "<bdi>" : "");
        chart_escape(html, piece);
        g_string_append(html, turned ? "</bdi>" : "");
    }
}

static void add_element(GString *html, const char *element, const char *class, const char *text)
{
    g_string_append_printf(html, "<%s", element);
    if (class != NULL && class[0] != '\0')
        g_string_append_printf(html, " class=\"%s\"", class);
    g_string_append_c(html, '>');
    add_text(html, text);
    g_string_append_printf(html, "</%s>", element);
}

/* ---- blocks --------------------------------------------------------------------------------- */

/* A colour alone tells nobody who cannot see it. */
static void add_line(GString *html, const struct page_block *block)
{
    static const char *const marks[] = {[REPORT_PLAIN] = "\302\267",
                                        [REPORT_GOOD] = "\342\234\223",
                                        [REPORT_CAUTION] = "\342\226\262",
                                        [REPORT_BAD] = "\342\234\225"};
    static const char *const words[] = {[REPORT_PLAIN] = "For information",
                                        [REPORT_GOOD] = "Good",
                                        [REPORT_CAUTION] = "Worth a look",
                                        [REPORT_BAD] = "Bad"};

    g_string_append_printf(html,
                           "<li><span class=\"mark %s\" role=\"img\" aria-label=\"%s\" "
                           "title=\"%s\">%s</span>",
                           tones[block->tone], words[block->tone], words[block->tone],
                           marks[block->tone]);
    add_text(html, block->text);
    g_string_append(html, "</li>\n");
}

static void add_tile(GString *html, const struct page_block *block)
{
    g_string_append(html, "<div>");
    add_element(html, "dt", NULL, block->text);
    g_autofree char *class = g_strconcat("value ", tones[block->tone], NULL);
    add_element(html, "dd", class, block->value);
    if (block->note != NULL)
        add_element(html, "dd", "note", block->note);
    g_string_append(html, "</div>\n");
}

/* Dates and single words stay in one piece, sentences get room. */
static const char *width_of(const char *text)
{
    const gsize length = text != NULL ? strlen(text) : 0;

    return length > 40 ? "wide" : length <= 16 ? "short" : "";
}

static void add_cell(GString *html, const struct page_block *block, guint number)
{
    const struct page_cell *cell = &g_array_index(block->cells, struct page_cell, number);
    const bool right = block->columns[number % block->column_count].right;
    g_autofree char *class =
        g_strjoin(" ", right ? "right" : width_of(cell->text), tones[cell->tone], NULL);

    add_element(html, "td", g_strstrip(class), cell->text);
}

static void add_table(GString *html, const struct page_block *block)
{
    if (block->column_count == 0)
        return;
    g_string_append(html, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
    chart_escape(html, block->text);
    g_string_append(html, "\"><table>");
    add_element(html, "caption", NULL, block->text);
    g_string_append(html, "<thead><tr>");
    for (guint i = 0; i < block->column_count; i++) {
        g_string_append_printf(html, "<th scope=\"col\"%s>",
                               block->columns[i].right ? " class=\"right\"" : "");
        chart_escape(html, block->columns[i].title);
        g_string_append(html, "</th>");
    }
    g_string_append(html, "</tr></thead>\n<tbody>");
    for (guint i = 0; i < block->cells->len; i++) {
        if (i % block->column_count == 0)
            g_string_append(html, i == 0 ? "<tr>" : "</tr>\n<tr>");
        add_cell(html, block, i);
    }
    g_string_append(html, "</tr></tbody></table></div>\n");
}

static void add_chart(GString *html, const struct page_block *block)
{
    g_string_append(html, "<figure>");
    add_element(html, "div", "title", block->text);
    g_string_append(html, block->svg);
    add_element(html, "figcaption", NULL, block->legend != NULL ? block->legend : block->note);
    g_string_append(html, "</figure>\n");
}

static void add_heading(GString *html, const struct page_block *block, guint number)
{
    if (block->kind == PAGE_HEADING)
        g_string_append_printf(html, "<h2 id=\"part-%u\">", number);
    else
        g_string_append(html, "<h3>");
    add_text(html, block->text);
    g_string_append(html, block->kind == PAGE_HEADING ? "</h2>\n" : "</h3>\n");
}

static void add_block(GString *html, const struct page_block *block, guint number)
{
    switch (block->kind) {
    case PAGE_HEADING:
    case PAGE_SUBHEADING:
        add_heading(html, block, number);
        break;
    case PAGE_TEXT:
    case PAGE_GAP:
        add_element(html, "p", block->kind == PAGE_GAP ? "gap" : NULL, block->text);
        break;
    case PAGE_LINE:
        add_line(html, block);
        break;
    case PAGE_TILE:
        add_tile(html, block);
        break;
    case PAGE_TABLE:
        add_table(html, block);
        break;
    case PAGE_CHART:
        add_chart(html, block);
        break;
    }
}

/* ---- the document --------------------------------------------------------------------------- */

static void add_contents(GString *html, const struct page *page)
{
    g_string_append(html, "<nav aria-label=\"Contents\">");
    for (guint i = 0; i < page->blocks->len; i++) {
        const struct page_block *block = page->blocks->pdata[i];
        if (block->kind != PAGE_HEADING)
            continue;
        g_string_append_printf(html, "<a href=\"#part-%u\">", i);
        chart_escape(html, block->text);
        g_string_append(html, "</a> ");
    }
    g_string_append(html, "</nav>");
}

static void add_head(GString *html, const struct page *page)
{
    g_string_append(
        html, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
              "style-src 'unsafe-inline'\">\n"
              "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    chart_escape(html, page->title);
    g_string_append(html, "</title>\n<style>\n");
    g_string_append(html, host_report_style);
    g_string_append(html, "</style></head>\n<body><main>\n<header>");
    add_element(html, "h1", NULL, page->title);
    add_element(html, "p", NULL, page->subtitle);
    add_contents(html, page);
    g_string_append(html, "</header>\n");
}

/* What stands around a row of blocks of one kind. */
static const char *around(enum page_kind kind, bool end)
{
    if (kind == PAGE_LINE)
        return end ? "</ul>\n" : "<ul class=\"short\">\n";
    if (kind == PAGE_TILE)
        return end ? "</dl>\n" : "<dl class=\"tiles\">\n";
    return "";
}

char *page_html(const struct page *page)
{
    GString *html = g_string_new(NULL);
    enum page_kind before = PAGE_TEXT;

    add_head(html, page);
    for (guint i = 0; i < page->blocks->len; i++) {
        const struct page_block *block = page->blocks->pdata[i];
        if (block->kind != before) {
            g_string_append(html, around(before, true));
            g_string_append(html, around(block->kind, false));
        }
        before = block->kind;
        add_block(html, block, i);
    }
    g_string_append(html, around(before, true));
    g_string_append(html, "<footer>Made by pgrunbook " RUNBOOK_VERSION
                          " from its history alone; no server was asked.</footer>\n"
                          "</main></body></html>\n");
    return g_string_free(html, FALSE);
}
