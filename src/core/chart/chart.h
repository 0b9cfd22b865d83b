/*
 * Charts over time as SVG that stands in a page: no script, no colours of its own. The page's style
 * sheet gives them by class (chart-line, chart-limit, chart-band, chart-grid, chart-1 …) and by
 * currentColor, so one chart is readable in a light and a dark theme and on paper. What a pointer
 * shows of a point, and what a screen reader reads, is text within.
 */
#ifndef CORE_CHART_H
#define CORE_CHART_H

#include <glib.h>
#include <stdbool.h>

enum chart_unit {
    CHART_COUNT,
    CHART_SIZE,    /* bytes */
    CHART_SECONDS, /* durations */
};

enum chart_look {
    CHART_LINE,
    CHART_BARS,  /* from zero; a point's bar is as wide as the span until the next point */
    CHART_LIMIT, /* a dashed line without points */
};

struct chart_point {
    gint64 at_us; /* wall clock, microseconds since 1970 */
    double value; /* NaN: not known; a line has a gap there */
};

struct chart_series {
    const char *name;
    enum chart_look look;
    const struct chart_point *points; /* in order of time */
    guint count;
};

/* An area between two values, as around a forecast. */
struct chart_range {
    gint64 at_us;
    double low, middle, high;
};

struct chart {
    const char *title;       /* what it shows */
    const char *description; /* the same in a sentence, for who cannot see it */
    enum chart_unit unit;
    GTimeZone *zone; /* of the ticks and the points' times */
    gint64 from_us, until_us;
    bool from_zero; /* the y-axis begins at zero; bars always do */
    const struct chart_series *series;
    guint series_count;
    const char *range_name; /* "forecast" */
    const struct chart_range *ranges;
    guint range_count; /* 0: none */
};

/* id: makes the ids of its title and description unique in the page; letters, digits and "-".
 * Caller frees. */
char *chart_svg(const struct chart *chart, const char *id);

/* ---- its parts, for tests ------------------------------------------------------------------ */

/* Round values from below `low` to above `high`, about `wanted` steps: multiples of 1, 2 or 5 times
 * a power of ten, of 1, 2, 4 … of a unit of bytes, of what people divide time by. Array of double;
 * caller unrefs. */
GArray *chart_value_ticks(enum chart_unit unit, double low, double high, guint wanted);

/* Beginnings of days, weeks (Monday), months or years in that zone, within the span, at most `most`.
 * Array of gint64 (microseconds); caller unrefs. */
GArray *chart_time_ticks(GTimeZone *zone, gint64 from_us, gint64 until_us, guint most);

/* "Mon 5 Oct", "Oct 2026", "2026": short, by how far the ticks are apart. Caller frees. */
char *chart_time_label(GTimeZone *zone, gint64 at_us, gint64 step_us);

/* "12", "1.5 GB", "20 s". Caller frees. */
char *chart_value_label(enum chart_unit unit, double value);

/* Text as it may stand in HTML and SVG, also in an attribute in double quotes: < > & " ' are
 * entities; what would show nothing or turn what follows round (control characters, bidirectional
 * ones) is shown as display_clean() does; what is not UTF-8 is replaced. Appends. */
void chart_escape(GString *markup, const char *text);

#endif
