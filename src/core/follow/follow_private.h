/*
 * Lines out of pieces; what happens to names.
 */
#ifndef CORE_FOLLOW_PRIVATE_H
#define CORE_FOLLOW_PRIVATE_H

#include "follow/follow.h"

/* Appends a piece to the line that is unfinished and calls line() for those it finishes. */
void follow_split(GString *unfinished, const char *piece, gsize length, follow_line *line,
                  gpointer data);

/* The names in a log's folder. Works without inotify as well, and then tells nothing. */
struct follow_names;
struct follow_names *follow_names_new(const char *path);
void follow_names_free(struct follow_names *names);
int follow_names_fd(const struct follow_names *names); /* -1: none */

/* Takes in what has happened since. */
void follow_names_read(struct follow_names *names);

/* Where a file is now that bore the name and lost it since; each is told once. NULL: no more.
 * Caller frees. */
char *follow_names_next(struct follow_names *names);

#endif
