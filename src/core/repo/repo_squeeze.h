/*
 * Reads a file and compresses it, in threads, while the caller looks at its bytes: for `wal push`,
 * which a server waits for. A few parts are in memory at a time, however long the file is.
 */
#ifndef CORE_REPO_SQUEEZE_H
#define CORE_REPO_SQUEEZE_H

#include "repo/repo_file.h"

struct squeeze;

/* Begins with the first so many bytes of the file, which stays open, as long as it is and named by
 * path until the end: nobody writes to what the server gives to archive_command. Every 2 MiB become
 * a frame of their own, with its size and checksum. */
struct squeeze *squeeze_new(int descriptor, const char *path, gsize length, int level);

/* The next part as it was read, valid until it is put. NULL with an error, or without one: there is
 * none. */
const guint8 *squeeze_next(struct squeeze *squeeze, gsize *ret_length, GError **error);

/* Puts the frame of the part that squeeze_next() has told, when it is done. */
bool squeeze_put(struct squeeze *squeeze, struct repo_writer *file, GError **error);

/* Puts so many zeroes, as frames of the same kind. */
bool squeeze_zeroes(struct repo_writer *file, gsize length, int level, GError **error);

/* What was not begun is left. */
void squeeze_free(struct squeeze *squeeze);
AUTO_DEFINE(squeeze, squeeze_free)

#endif
