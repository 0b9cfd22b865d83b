/*
 * A tar archive as a stream of bytes: whoever feeds it is told of each member and of the pieces of
 * its content, which point into what was fed. Reads what the server's BASE_BACKUP writes (ustar;
 * sizes in octal or base 256) and what tar(1) makes of plain files; refuses everything else, and
 * whatever a hostile archive could do harm with. Fuzzed.
 */
#ifndef CORE_TAR_H
#define CORE_TAR_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

enum tar_kind { TAR_FILE, TAR_FOLDER, TAR_LINK };

enum { TAR_BLOCK = 512 };

/* Valid during the call that it is given to. */
struct tar_member {
    enum tar_kind kind;
    const char *name;   /* relative, without "." or ".." in it, without a slash at its end;
                           "": the archive's own root */
    const char *target; /* of a link, as it stands in the archive; NULL for others */
    guint32 mode;       /* permissions */
    gint64 mtime;       /* seconds since 1970 */
    guint64 header;     /* where in the archive its header stands */
    guint64 offset;     /* and its content */
    guint64 size;       /* of the content */
};

/* Any of these may be NULL. One that returns false ends the walk with its error. */
struct tar_visitor {
    bool (*member)(const struct tar_member *member, gpointer data, GError **error);
    /* A piece of the content of the member last told, at that offset in it. */
    bool (*content)(const void *bytes, gsize length, guint64 offset, gpointer data,
                    GError **error);
    /* The member last told is complete; for those without content as well. */
    bool (*complete)(gpointer data, GError **error);
};

struct tar_walker;

/* The visitor is copied. */
struct tar_walker *tar_walker_new(const struct tar_visitor *visitor, gpointer data);

/* Takes the bytes that follow. After an error the walker is of no use any more. */
bool tar_walker_feed(struct tar_walker *walker, const void *bytes, gsize length,
                     GError **error);

/* How much of what follows is content or padding of a member that nobody needs to be fed: the
 * caller may leave out that many bytes with tar_walker_skip(). Of what is left out nothing is told,
 * the member's completeness neither. */
guint64 tar_walker_skippable(const struct tar_walker *walker);
void tar_walker_skip(struct tar_walker *walker, guint64 length);

/* How many bytes were taken. */
guint64 tar_walker_offset(const struct tar_walker *walker);

/* False with an error where the archive stops within a member. (Before 15 the server does not
 * write the blocks of zeroes that mark the end.) */
bool tar_walker_end(struct tar_walker *walker, GError **error);

void tar_walker_free(struct tar_walker *walker);
AUTO_DEFINE(tar_walker, tar_walker_free)

#endif
