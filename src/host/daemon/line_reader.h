/*
 * Lines out of a stream of bytes that comes in pieces. What a line may be is bounded: of a longer
 * one the rest is dropped, and it is marked.
 */
#ifndef HOST_DAEMON_LINE_READER_H
#define HOST_DAEMON_LINE_READER_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

struct line_reader;

/* longest: bytes a line may have, without its end. */
struct line_reader *line_reader_new(gsize longest);
void line_reader_free(struct line_reader *reader);
AUTO_DEFINE(line_reader, line_reader_free)

/* Calls `line` for each line that is complete with these bytes. It ends with NUL at [length], and
 * has no newline; a carriage return before it is taken off. */
void line_reader_feed(struct line_reader *reader, const char *bytes, gsize length,
                      void (*line)(const char *line, gsize length, bool cut, gpointer data),
                      gpointer data);

/* The same for what came without an end, once nothing more comes. */
void line_reader_finish(struct line_reader *reader,
                        void (*line)(const char *line, gsize length, bool cut, gpointer data),
                        gpointer data);

#endif
