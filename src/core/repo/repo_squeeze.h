/*
 * Compresses what is in memory, in threads, while the caller does something else: for `wal push`, which
 * a server waits for.
 */
#ifndef CORE_REPO_SQUEEZE_H
#define CORE_REPO_SQUEEZE_H

#include "repo/repo_file.h"

struct squeeze;

/* Begins. Every 2 MiB become a frame of their own, with its size and checksum. The bytes are
 * borrowed. */
struct squeeze *squeeze_new(const guint8 *bytes, gsize length, int level);

/* Puts the frames into the file, in order, each when it is done. Once. */
bool squeeze_put(struct squeeze *squeeze, struct repo_writer *file, GError **error);

/* What was not begun is left. */
void squeeze_free(struct squeeze *squeeze);
AUTO_DEFINE(squeeze, squeeze_free)

#endif
