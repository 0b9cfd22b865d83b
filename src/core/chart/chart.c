#include "chart/chart.h"

#include "out/display.h"

#include <math.h>
#include <string.h>

/* The drawing's own units; the page scales it to the width there is. */
enum {
    WIDTH = 720,
    HEIGHT = 240,
    LEFT = 66,
    RIGHT = 14,
    TOP = 12,
    BOTTOM = 28,
    VALUE_TICKS = 4,
    TIME_TICKS = 8,
};

/* What all parts of one drawing share. */
struct canvas {
    const struct chart *chart;
    GString *svg;
    double low, high; /* of the y-axis */
    gint64 from_us, until_us;
};

/* ---- text ---------------------------------------------------------------------------------- */

static const char *entity_of(char c)
{
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void chart_escape(GString *markup, const char *text)
{
    g_autofree char *clean = display_clean(text != NULL ? text : "", DISPLAY_KEEP_LINES);

    for (const char *c = clean; *c != '\0'; c++) {
        const char *entity = entity_of(*c);
        if (entity != NULL)
            g_string_append(markup, entity);
        else
            g_string_append_c(markup, *c);
    }
}

/* A coordinate: a point behind the digits whatever the locale. */
static void add_number(GString *svg, double number)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append(svg, g_ascii_formatd(text, sizeof text, "%.1f", number));
}

static void add_attribute(GString *svg, const char *name, double number)
{
    g_string_append_printf(svg, " %s=\"", name);
    add_number(svg, number);
    g_string_append_c(svg, '"');
}

/* ---- places -------------------------------------------------------------------------------- */

static double x_of(const struct canvas *canvas, gint64 at_us)
{
    const double span = (double) (canvas->until_us - canvas->from_us);
    const double part = span > 0 ? (double) (at_us - canvas->from_us) / span : 0;

    return LEFT + CLAMP(part, 0, 1) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct canvas *canvas, double value)
{
    const double part = (value - canvas->low) / (canvas->high - canvas->low);

    return HEIGHT - BOTTOM - CLAMP(part, 0, 1) * (HEIGHT - TOP - BOTTOM);
}

static void widen(struct canvas *canvas, double value)
{
    if (!isfinite(value))
        return;
    canvas->low = MIN(canvas->low, value);
    canvas->high = MAX(canvas->high, value);
}

/* From the least to the largest value there is. */
static void measure(struct canvas *canvas)
{
    const struct chart *chart = canvas->chart;

    canvas->low = INFINITY;
    canvas->high = -INFINITY;
    for (guint i = 0; i < chart->series_count; i++)
        for (guint at = 0; at < chart->series[i].count; at++) {
            widen(canvas, chart->series[i].points[at].value);
            if (chart->series[i].look == CHART_BARS)
                widen(canvas, 0);
        }
    for (guint i = 0; i < chart->range_count; i++) {
        widen(canvas, chart->ranges[i].low);
        widen(canvas, chart->ranges[i].high);
    }
    if (chart->from_zero)
        widen(canvas, 0);
    if (canvas->low > canvas->high)
        canvas->low = canvas->high = 0;
}

/* ---- the grid ------------------------------------------------------------------------------ */

static void add_label(GString *svg, const char *anchor, double x, double y, const char *label)
{
    g_string_append_printf(svg, "<text text-anchor=\"%s\"", anchor);
    add_attribute(svg, "x", x);
    add_attribute(svg, "y", y);
    g_string_append_c(svg, '>');
    chart_escape(svg, label);
    g_string_append(svg, "</text>");
}

static void add_line(GString *svg, double x1, double y1, double x2, double y2)
{
    g_string_append(svg, "<line");
    add_attribute(svg, "x1", x1);
    add_attribute(svg, "y1", y1);
    add_attribute(svg, "x2", x2);
    add_attribute(svg, "y2", y2);
    g_string_append(svg, "/>");
}

static void draw_values(struct canvas *canvas)
{
    g_autoptr(GArray) ticks =
        chart_value_ticks(canvas->chart->unit, canvas->low, canvas->high, VALUE_TICKS);

    canvas->low = g_array_index(ticks, double, 0);
    canvas->high = g_array_index(ticks, double, ticks->len - 1);
    for (guint i = 0; i < ticks->len; i++) {
        const double tick = g_array_index(ticks, double, i);
        const double y = y_of(canvas, tick);
        g_autofree char *label = chart_value_label(canvas->chart->unit, tick);
        add_line(canvas->svg, LEFT, y, WIDTH - RIGHT, y);
        add_label(canvas->svg, "end", LEFT - 8, y + 4, label);
    }
}

static void draw_times(struct canvas *canvas)
{
    g_autoptr(GArray) ticks =
        chart_time_ticks(canvas->chart->zone, canvas->from_us, canvas->until_us, TIME_TICKS);
    const gint64 step =
        ticks->len > 1 ? g_array_index(ticks, gint64, 1) - g_array_index(ticks, gint64, 0) : 0;

    for (guint i = 0; i < ticks->len; i++) {
        const gint64 tick = g_array_index(ticks, gint64, i);
        const double x = x_of(canvas, tick);
        g_autofree char *label = chart_time_label(canvas->chart->zone, tick, step);
        add_line(canvas->svg, x, HEIGHT - BOTTOM, x, HEIGHT - BOTTOM + 5);
        if (x < WIDTH - RIGHT - 12)
            add_label(canvas->svg, i == 0 && x < LEFT + 10 ? "start" : "middle", x, HEIGHT - 8,
                      label);
    }
}

/* ---- values -------------------------------------------------------------------------------- */

/* What a pointer over the point is told: "5 Oct: used at most 38". */
static void add_title(const struct canvas *canvas, const char *name,
                      const struct chart_point *point)
{
    g_autofree char *when = chart_time_label(canvas->chart->zone, point->at_us, 1);
    g_autofree char *value = chart_value_label(canvas->chart->unit, point->value);
    g_autofree char *title = g_strdup_printf("%s: %s %s", when, name, value);

    g_string_append(canvas->svg, "<title>");
    chart_escape(canvas->svg, title);
    g_string_append(canvas->svg, "</title>");
}

static void draw_path(const struct canvas *canvas, const struct chart_series *series)
{
    bool pen = false;

    g_string_append(canvas->svg, "<path class=\"chart-line\" fill=\"none\" d=\"");
    for (guint i = 0; i < series->count; i++) {
        const struct chart_point *point = &series->points[i];
        if (isfinite(point->value)) {
            g_string_append_c(canvas->svg, pen ? 'L' : 'M');
            add_number(canvas->svg, x_of(canvas, point->at_us));
            g_string_append_c(canvas->svg, ' ');
            add_number(canvas->svg, y_of(canvas, point->value));
        }
        pen = isfinite(point->value);
    }
    g_string_append(canvas->svg, "\"/>");
}

static void draw_dots(const struct canvas *canvas, const struct chart_series *series)
{
    for (guint i = 0; i < series->count; i++) {
        const struct chart_point *point = &series->points[i];
        if (!isfinite(point->value))
            continue;
        g_string_append(canvas->svg, "<circle r=\"3\"");
        add_attribute(canvas->svg, "cx", x_of(canvas, point->at_us));
        add_attribute(canvas->svg, "cy", y_of(canvas, point->value));
        g_string_append_c(canvas->svg, '>');
        add_title(canvas, series->name, point);
        g_string_append(canvas->svg, "</circle>");
    }
}

static void draw_bars(const struct canvas *canvas, const struct chart_series *series)
{
    for (guint i = 0; i < series->count; i++) {
        const struct chart_point *point = &series->points[i];
        const gint64 next =
            i + 1 < series->count ? series->points[i + 1].at_us : canvas->until_us;
        const double x = x_of(canvas, point->at_us), y = y_of(canvas, point->value);
        if (!isfinite(point->value))
            continue;
        g_string_append(canvas->svg, "<rect rx=\"1.5\"");
        add_attribute(canvas->svg, "x", x + 1);
        add_attribute(canvas->svg, "y", y);
        add_attribute(canvas->svg, "width", MAX(x_of(canvas, next) - x - 2, 1));
        add_attribute(canvas->svg, "height", MAX(y_of(canvas, 0) - y, 0));
        g_string_append_c(canvas->svg, '>');
        add_title(canvas, series->name, point);
        g_string_append(canvas->svg, "</rect>");
    }
}

static void draw_series(const struct canvas *canvas, guint number)
{
    static const char *const looks[] = {"chart-lines", "chart-bars", "chart-limit"};
    const struct chart_series *series = &canvas->chart->series[number];

    g_string_append_printf(canvas->svg, "<g class=\"%s chart-%u\">", looks[series->look],
                           number + 1);
    if (series->look == CHART_BARS)
        draw_bars(canvas, series);
    else
        draw_path(canvas, series);
    if (series->look == CHART_LINE)
        draw_dots(canvas, series);
    g_string_append(canvas->svg, "</g>");
}

/* ---- the range ----------------------------------------------------------------------------- */

static void add_corner(const struct canvas *canvas, char pen, gint64 at_us, double value)
{
    g_string_append_c(canvas->svg, pen);
    add_number(canvas->svg, x_of(canvas, at_us));
    g_string_append_c(canvas->svg, ' ');
    add_number(canvas->svg, y_of(canvas, value));
}

static void draw_range(const struct canvas *canvas)
{
    const struct chart *chart = canvas->chart;
    const struct chart_range *ranges = chart->ranges;

    if (chart->range_count == 0)
        return;
    g_string_append(canvas->svg, "<g class=\"chart-range\"><path class=\"chart-band\" d=\"");
    for (guint i = 0; i < chart->range_count; i++)
        add_corner(canvas, i == 0 ? 'M' : 'L', ranges[i].at_us, ranges[i].high);
    for (guint i = chart->range_count; i > 0; i--)
        add_corner(canvas, 'L', ranges[i - 1].at_us, ranges[i - 1].low);
    g_string_append(canvas->svg, "Z\"/><path class=\"chart-middle\" fill=\"none\" d=\"");
    for (guint i = 0; i < chart->range_count; i++)
        add_corner(canvas, i == 0 ? 'M' : 'L', ranges[i].at_us, ranges[i].middle);
    g_string_append(canvas->svg, "\"/></g>");
}

/* ---- all of it ----------------------------------------------------------------------------- */

static void begin(const struct canvas *canvas, const char *id)
{
    GString *svg = canvas->svg;

    g_string_append_printf(svg,
                           "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" "
                           "aria-labelledby=\"%s-title %s-text\"><title id=\"%s-title\">",
                           WIDTH, HEIGHT, id, id, id);
    chart_escape(svg, canvas->chart->title);
    g_string_append_printf(svg, "</title><desc id=\"%s-text\">", id);
    chart_escape(svg, canvas->chart->description);
    g_string_append(svg, "</desc>");
}

char *chart_svg(const struct chart *chart, const char *id)
{
    struct canvas canvas = {.chart = chart,
                            .svg = g_string_new(NULL),
                            .from_us = chart->from_us,
                            .until_us = MAX(chart->until_us, chart->from_us + 1)};

    measure(&canvas);
    begin(&canvas, id);
    g_string_append(canvas.svg, "<g class=\"chart-grid\">");
    draw_values(&canvas);
    draw_times(&canvas);
    g_string_append(canvas.svg, "</g>");
    draw_range(&canvas);
    for (guint i = 0; i < chart->series_count; i++)
        draw_series(&canvas, i);
    g_string_append(canvas.svg, "</svg>");
    return g_string_free(canvas.svg, FALSE);
}
