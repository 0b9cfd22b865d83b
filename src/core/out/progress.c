#include "out/progress.h"

#include "out/display.h"
#include "out/output_internal.h"
#include "units/units.h"

#include <math.h>

enum { BAR_CELLS = 10, REDRAW_US = G_USEC_PER_SEC / 5, USUAL_COLUMNS = 80 };

static double fraction_done(const struct progress_state *state)
{
    double fraction = 0;
    if (state->total_bytes > 0)
        fraction = (double) state->bytes / (double) state->total_bytes;
    else if (state->total > 0)
        fraction = (double) state->done / (double) state->total;
    return CLAMP(fraction, 0, 1);
}

static void append_bar(GString *line, double fraction)
{
    const int full = (int) floor(fraction * BAR_CELLS);
    g_string_append_c(line, '[');
    for (int i = 0; i < BAR_CELLS; i++)
        g_string_append_c(line, i < full ? '#' : '.');
    g_string_append_c(line, ']');
}

static void append_time_left(GString *line, double seconds)
{
    enum { A_YEAR = 366 * 24 * 3600 };
    if (!(seconds >= 0 && seconds < A_YEAR))
        return;
    const int left = (int) ceil(seconds);
    if (left >= 3600)
        g_string_append_printf(line, "  %d:%02d:%02d left", left / 3600, left / 60 % 60,
                               left % 60);
    else
        g_string_append_printf(line, "  %d:%02d left", left / 60, left % 60);
}

char *progress_line(const struct progress_state *state, int columns)
{
    g_autoptr(GString) line = g_string_new(NULL);
    append_bar(line, fraction_done(state));
    /* Work that is counted in bytes alone has no objects, and none when it is not known how much. */
    if (state->total > 0)
        g_string_append_printf(line, "  %u/%u %s", state->done, state->total,
                               state->noun != NULL ? state->noun : "tables");
    if (state->total_bytes > 0) {
        g_autofree char *bytes = units_format_size(state->bytes);
        g_autofree char *total = units_format_size(state->total_bytes);
        g_string_append_printf(line, "  %s of %s", bytes, total);
    }
    append_time_left(line, state->seconds_left);
    if (state->now != NULL) {
        g_autofree char *now = display_clean(state->now, 0);
        g_string_append_printf(line, "  %s", now);
    }
    return display_cut(line->str, columns);
}

bool progress_wanted(const struct output *output)
{
    return output->progress_possible;
}

void progress_show(struct output *output, const struct progress_state *state)
{
    const gint64 now_us = g_get_monotonic_time();
    if (!output->progress_possible ||
        (output->progress_drawn_us != 0 && now_us - output->progress_drawn_us < REDRAW_US))
        return;

    /* The last column stays free: a character there makes some terminals wrap. */
    const int width = display_width(output->messages);
    g_autofree char *line = progress_line(state, (width > 0 ? width : USUAL_COLUMNS) - 1);
    fprintf(output->messages, "\r%s\033[K", line);
    fflush(output->messages);
    output->progress_drawn_us = now_us;
    output->progress_shown = true;
}

void progress_clear(struct output *output)
{
    if (!output->progress_shown)
        return;
    fputs("\r\033[K", output->messages);
    fflush(output->messages);
    output->progress_shown = false;
}
