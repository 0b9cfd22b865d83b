/*
 * How anything reaches a person or a script. stdout is data, stderr is messages and progress.
 * Hosts make the one `struct output`; features hand it grids, documents and messages.
 */
#ifndef CORE_OUTPUT_H
#define CORE_OUTPUT_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

enum output_format { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV, OUTPUT_MARKDOWN };
enum output_color { OUTPUT_COLOR_AUTO, OUTPUT_COLOR_ALWAYS, OUTPUT_COLOR_NEVER };
enum output_tone {
    OUTPUT_PLAIN,
    OUTPUT_GOOD,
    OUTPUT_CAUTION,
    OUTPUT_BAD,
    OUTPUT_DIM,
    OUTPUT_BOLD
};

struct output;

/* Neither stream is owned. Colour "auto" follows NO_COLOR, TERM=dumb and isatty of each stream.
 * verbosity: -1 quiet, 0 normal, 1 verbose. */
struct output *output_new(FILE *data, FILE *messages, enum output_format format,
                          enum output_color color, int verbosity);
void output_free(struct output *output);
AUTO_DEFINE(output, output_free)

enum output_format output_format(const struct output *output);
int output_verbosity(const struct output *output);

/* Text for people between tables: printed to stdout in table and Markdown format, dropped in
 * JSON and CSV. A newline is added. Control characters other than newline, tab and colours are
 * shown escaped, here and in messages, because names from a database end up in both. */
void output_say(struct output *output, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Text that is itself the answer (a script, a man page): stdout, in every format, unchanged. */
void output_raw(struct output *output, const char *text);

/* `text` in the colour of the tone when stdout has colours (table format only). Caller frees. */
char *output_paint(const struct output *output, enum output_tone tone, const char *text);

/* Messages on stderr: "pgrunbook: warning: …" with detail and hint lines split as for errors.
 * Quiet drops notes, never warnings or errors. They clear a progress bar first. */
void output_note(struct output *output, const char *format, ...) G_GNUC_PRINTF(2, 3);
void output_warn(struct output *output, const char *format, ...) G_GNUC_PRINTF(2, 3);
void output_error(struct output *output, const GError *error);

/* SQL as it runs (-e/--echo) and a semicolon, to stdout in table format, else to stderr. */
void output_echo(struct output *output, const char *sql);

/* Whether output_confirm() could ask: stdin and stderr are terminals, else RUNBOOK_USAGE with the
 * hint --yes. For use before what it would ask about is shown. */
bool output_can_ask(const struct output *output, GError **error);

/* Asks "QUESTION [y/N] " on stderr and reads stdin; both must be terminals, else RUNBOOK_USAGE
 * with the hint --yes. Anything but y or yes is a no, end of input included. A signal while
 * waiting: RUNBOOK_INTERRUPTED. */
bool output_confirm(struct output *output, const char *question, bool *ret_yes, GError **error);

/* From here on a document is one line: several of them on one stream are NDJSON. */
void output_one_line(struct output *output);

/* Flushes stdout. False when anything written to it was lost: with RUNBOOK_FAILED and the cause
 * (disk full), or without an error when the reader closed the pipe (`| head`), because whoever
 * did that does not want to hear of it. */
bool output_finish(struct output *output, GError **error);

#endif
