/*
 * A table of text cells: aligned text, Markdown or CSV by the output's format. In JSON format a
 * grid prints nothing: the document carries the data.
 *
 * Widths are terminal columns, not bytes (East Asian wide, combining, emoji). Control characters
 * in cells are shown escaped (\n, \x1b, \u202e), so a table named by an attacker cannot drive the
 * terminal; CSV (RFC 4180, a header row, lines end with LF as psql's do) keeps cells exact, line
 * breaks included, but for the other control characters, which are escaped there too, and for
 * invalid UTF-8, which is replaced everywhere. CSV is for programs: its sizes are bytes, its counts
 * digits, its durations seconds.
 */
#ifndef CORE_GRID_H
#define CORE_GRID_H

#include "out/output.h"

struct grid_column {
    const char *title;
    bool right; /* numbers */
};

struct grid;

/* Columns are copied; the array ends with a NULL title. */
struct grid *grid_new(const struct grid_column *columns);
void grid_free(struct grid *grid);
AUTO_DEFINE(grid, grid_free)

/* One cell, left to right; a full row starts the next. NULL text is an empty cell. */
void grid_cell(struct grid *grid, enum output_tone tone, const char *text);
void grid_cellf(struct grid *grid, enum output_tone tone, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* Takes ownership of text. */
void grid_take(struct grid *grid, enum output_tone tone, char *text);

/* A number as people read it, "1.5 MB", "1,234", "3 min 5 s"; CSV has it exactly: 1572864, 1234,
 * 185.000. GRID_NONE, and less than no seconds, is an empty cell. */
#define GRID_NONE G_MININT64
void grid_size(struct grid *grid, enum output_tone tone, gint64 bytes);
void grid_count(struct grid *grid, enum output_tone tone, gint64 count);
void grid_seconds(struct grid *grid, enum output_tone tone, double seconds);

guint grid_rows(const struct grid *grid);

/* The titles and each row as a line of aligned text, without colours. Free with g_strfreev(). */
char **grid_lines(const struct grid *grid);

/* Prints to the output's stdout. The last column is wrapped between words to the terminal's width
 * where stdout is one, never cut. Cells missing in the last row are empty. */
void grid_print(const struct grid *grid, struct output *output);

#endif
