/*
 * A file that a person has named, there whole or not at all: it is written under another name
 * beside its own. What is there and is no regular file, a device or a pipe, is not replaced but
 * written into; of a link what it leads to is replaced, in that one's folder.
 */
#ifndef CORE_OUT_WHOLE_FILE_H
#define CORE_OUT_WHOLE_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct whole_file {
    char *path;  /* where it will be */
    char *draft; /* its other name; NULL: it is written into at once */
    int descriptor;
    int lock; /* of a shared draft; -1 */
};

/* What is made gets that mode. False with an error: there is nothing to end. */
bool whole_file_begin(struct whole_file *file, const char *path, mode_t mode, GError **error);

/* The same for a writer that may be killed often: the other name is always PATH.pgrunbook, under its
 * lock, so that what one left is taken up by the next. Waits for another one. */
bool whole_file_begin_shared(struct whole_file *file, const char *path, mode_t mode,
                             GError **error);

bool whole_file_put(const struct whole_file *file, const void *bytes, gsize length,
                    GError **error);

/* good: all of it was put; else, with an error already, nothing stays of it. sync: it is to outlive
 * the machine. */
bool whole_file_end(struct whole_file *file, bool good, bool sync, GError **error);

/* All three, of mode 0644 and synced. */
bool whole_file_write(const char *path, const char *text, GError **error);

#endif
