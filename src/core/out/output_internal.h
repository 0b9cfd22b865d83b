/*
 * What the parts of core/out share.
 */
#ifndef CORE_OUTPUT_INTERNAL_H
#define CORE_OUTPUT_INTERNAL_H

#include "out/output.h"

struct output {
    FILE *data, *messages;
    enum output_format format;
    int verbosity;
    bool data_colors, message_colors;
    bool one_line;   /* documents */
    int write_error; /* errno of the first write to `data` that failed; later ones are dropped */

    bool progress_possible, progress_shown;
    gint64 progress_drawn_us; /* monotonic */
};

/* Writes to stdout; what goes wrong is kept for output_finish(). Clears a progress line. */
void output_write(struct output *output, const char *bytes, gsize length);

#endif
