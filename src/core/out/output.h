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
enum output_tone { OUTPUT_PLAIN, OUTPUT_GOOD, OUTPUT_CAUTION, OUTPUT_BAD, OUTPUT_DIM, OUTPUT_BOLD };

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
 * JSON and CSV. A newline is added. */
void output_say(struct output *output, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* `text` in the colour of the tone when stdout has colours. Caller frees. */
char *output_paint(const struct output *output, enum output_tone tone, const char *text);

/* Messages on stderr: "pgrunbook: warning: …" with detail and hint lines split as for errors.
 * Quiet drops notes, never warnings or errors. They clear a progress bar first. */
void output_note(struct output *output, const char *format, ...) G_GNUC_PRINTF(2, 3);
void output_warn(struct output *output, const char *format, ...) G_GNUC_PRINTF(2, 3);
void output_error(struct output *output, const GError *error);

/* SQL as it runs (-e/--echo), to stdout in table format, else to stderr. */
void output_echo(struct output *output, const char *sql);

/* Asks on the terminal; true for yes. Without a terminal: RUNBOOK_USAGE, hint --yes. */
bool output_confirm(struct output *output, const char *question, bool *ret_yes,
                    GError **error);

/* Flushes stdout and reports a write error (disk full, closed pipe) as RUNBOOK_FAILED. */
bool output_finish(struct output *output, GError **error);

#endif
