/* What the files of the archive's reader share. */
#ifndef BACKUP_ARCHIVE_PRIVATE_H
#define BACKUP_ARCHIVE_PRIVATE_H

#include "archive.h"

enum archive_stage {
    STAGE_HEADER,  /* and what stands before the entries */
    STAGE_ENTRIES, /* the table of contents */
    STAGE_BLOCK,   /* between blocks of data */
    STAGE_OBJECT,  /* between the large objects of a block */
    STAGE_CHUNK,   /* before a chunk's length */
    STAGE_BYTES,   /* within a chunk */
};

enum { ARCHIVE_TAIL = 5 }; /* a COPY's data ends with "\.", line break, two empty lines */

struct archive_state {
    enum archive_stage stage;
    GByteArray *waiting; /* what could not be understood yet for want of more */
    gsize at;            /* how much of it was */
    guint64 offset;      /* of the first byte of waiting, in the whole */
    guint8 int_bytes, offset_bytes;
    gint64 entries_left;
    gint64 chunk_left;
    bool objects;                /* the block is one of large objects */
    struct archive_lines *lines; /* of this block */
    GHashTable *by_id;           /* of struct archive_entry */
};

/* A cursor over what is waiting: `short_of` once more was asked than there is. */
struct archive_cursor {
    const guint8 *data;
    gsize at, length;
    bool short_of, wrong;
    guint8 int_bytes;
};

guint8 archive_byte(struct archive_cursor *cursor);
gint64 archive_int(struct archive_cursor *cursor);
char *archive_string(struct archive_cursor *cursor); /* NULL: null, or short of it */

/* archive_toc.c: true when it was understood; else nothing was taken. */
bool archive_header(struct archive *archive, struct archive_cursor *cursor);
bool archive_entry(struct archive *archive, struct archive_cursor *cursor);

void archive_entry_clear(struct archive_entry *entry);

#endif
