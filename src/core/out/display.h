/*
 * Text on a terminal: how many columns it takes, and made harmless.
 */
#ifndef CORE_DISPLAY_H
#define CORE_DISPLAY_H

#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

/* Whether the stream is a terminal that understands escape sequences (not TERM=dumb). */
bool display_is_smart(FILE *stream);

/* Columns of the terminal the stream is: COLUMNS, else what the terminal says, else 80. 0 when
 * the stream is no terminal. */
int display_width(FILE *stream);

/* What display_clean() leaves as it is. */
enum display_keep {
    DISPLAY_KEEP_LINES = 1 << 0,  /* newline and tab */
    DISPLAY_KEEP_COLORS = 1 << 1, /* complete colour sequences, ESC [ … m */
    DISPLAY_KEEP_DATA = 1 << 2,   /* newline, carriage return, tab, bidirectional controls */
};

/* A copy that cannot drive a terminal: valid UTF-8, with control characters (C0, DEL, C1, line
 * and paragraph separators, bidirectional controls) as \n, \t, \r, \xNN or \uNNNN. Backslashes
 * of the text itself are not doubled: this is for eyes, not for reading back. Caller frees. */
char *display_clean(const char *text, unsigned keep);

/* Columns of clean text without colours. */
int display_columns(const char *text);

/* The longest beginning of clean text that fits. Caller frees. */
char *display_cut(const char *text, int columns);

#endif
