/*
 * Comments by which a finding is ignored, each with its reason:
 *   -- pgrunbook:ignore RULE[, RULE] [until=YYYY-MM-DD]: REASON
 * in front of a statement, within it, or behind it on its last line. "ignore-file" in the place
 * of "ignore" stands for all statements of the script.
 */
#ifndef MIGRATIONS_LINT_IGNORE_H
#define MIGRATIONS_LINT_IGNORE_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

struct lint_ignore {
    bool whole_file;
    GPtrArray *rules; /* of char * */
    gint64 until;     /* the last day it holds, in days since 1970; G_MAXINT64: for ever */
    char *reason;     /* NULL: none is given */
    char *fault;      /* why it cannot be read, and then nothing else is said; NULL */
};

/* From a comment with its marks, any bytes. NULL: it is a comment like others. */
struct lint_ignore *lint_ignore_parse(const char *comment, gsize length);
void lint_ignore_free(struct lint_ignore *ignore);
AUTO_DEFINE(lint_ignore, lint_ignore_free)

/* Days since 1970 of YYYY-MM-DD; false for anything else. */
bool lint_ignore_day(const char *text, gsize length, gint64 *ret_day);

#endif
