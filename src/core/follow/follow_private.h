/*
 * Lines out of pieces.
 */
#ifndef CORE_FOLLOW_PRIVATE_H
#define CORE_FOLLOW_PRIVATE_H

#include "follow/follow.h"

/* Appends a piece to the line that is unfinished and calls line() for those it finishes. */
void follow_split(GString *unfinished, const char *piece, gsize length, follow_line *line,
                  gpointer data);

#endif
