/*
 * An archive of a backup into a folder, by several threads: each decompresses a frame, has it read
 * for headers when its turn comes, and writes what is in it, all beside the others. Memory is a
 * frame or two a thread, whatever the size of the backup. Nothing is durable yet at the end: one
 * syncfs() for all of it is less work than an fsync() a file.
 */
#ifndef BACKUP_RESTORE_EXTRACT_H
#define BACKUP_RESTORE_EXTRACT_H

#include "repo/repo_seek.h"
#include "server/server.h"

struct extract_plan {
    const struct seek_reader *archive;
    const char *folder; /* is there; members go below it */
    /* Before a member's name in the lists below: "", "pg_tblspc/16384/". */
    const char *prefix;
    GHashTable *kept; /* names that are there as they should be; NULL: none are */
    /* A file that is not written, but given to the caller; NULL: there is none. */
    const char *held;
    GByteArray *held_bytes;
    /* Links of the archive, "NAME\0TARGET", to be made by the caller: nothing is ever written
     * through a link. Others than below pg_tblspc are refused. */
    GHashTable *links;
    const struct server_owner *owner; /* NULL: whose we are */
    guint jobs;
    /* Called a few times a second by the calling thread with the bytes of the archive that are
     * done. NULL: nothing. */
    void (*progress)(guint64 done, gpointer data);
    gpointer data;
};

struct extract_counts {
    guint64 files, bytes, kept;
    guint32 held_mode; /* of the held file */
};

/* False with an error, also when a signal came; all threads have ended then. */
bool extract_run(const struct extract_plan *plan, struct extract_counts *counts,
                 GError **error);

#endif
