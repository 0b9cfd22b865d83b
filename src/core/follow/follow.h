/*
 * A log file as it grows, through everything that is done to log files: renamed and created anew
 * (whoever has the old one open may write to it for a while: it is read for a minute more),
 * replaced by another, truncated after a copy, deleted, not there yet, not readable for a while.
 *
 * What cannot be had:
 * - A file that came and was deleted, or replaced by another, between two looks was never seen.
 *   One that was renamed in its folder is found. follow_fd() says when to look.
 * - copytruncate: lines written after the last look and before the truncation are gone from the
 *   file. That it was truncated is seen even when it has grown beyond its old length since, unless
 *   the very same bytes stand before the place that was reached.
 */
#ifndef CORE_FOLLOW_H
#define CORE_FOLLOW_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

enum { FOLLOW_LINE_BYTES = 64 * 1024 }; /* of a line that are kept; the rest of it is dropped */

struct follow;

/* From the end of what is there; a line that is unfinished then is read whole. A file that is not
 * there yet is read from its beginning once it is. */
struct follow *follow_new(const char *path);
void follow_free(struct follow *follow);
AUTO_DEFINE(follow, follow_free)

/* Calls line() for each line that was completed since, without its end; a NUL follows it that does
 * not count. Reads at most a few megabytes; true: there is more, to be read by another call. */
typedef void follow_line(const char *line, gsize length, gpointer data);
bool follow_read(struct follow *follow, follow_line *line, gpointer data);

/* Readable when it is time to look because a name in the log's folder has changed: the next
 * follow_read() makes it quiet again. What is appended does not wake anybody. -1: there is none. */
int follow_fd(const struct follow *follow);

/* Why the file cannot be read now, "Permission denied"; NULL: it can. */
const char *follow_trouble(const struct follow *follow);

/* Whether a line speaks of connections having run out, as PostgreSQL, PgBouncer, drivers and pools
 * say it, in any case, in JSON too. Never one that names this program: it would hear itself. */
bool follow_line_matches(const char *line, gsize length);

#endif
