/*
 * Words joined, prose in lines of 80 columns.
 */
#ifndef HOST_CLI_WRAP_H
#define HOST_CLI_WRAP_H

#include <glib.h>

enum { CLI_WIDTH = 80 };

/* g_strjoinv() for words that are constants. Caller frees. */
char *cli_join(const char *const *words, const char *between);

/* Appends the text broken at spaces; `column` is where the cursor stands, further lines begin at
 * `indent`. Empty lines separate paragraphs, lines that begin with a space stay as they are.
 * Ends with a newline. */
void cli_wrap(GString *out, const char *text, guint indent, guint column);

/* A term at two columns and its explanation beside it, or below where the term is long. */
void cli_wrap_entry(GString *out, const char *term, const char *text, guint indent);

#endif
