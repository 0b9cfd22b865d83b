/*
 * The words of BASE_BACKUP, pure: the command for each version, the messages of its answer, what
 * the server warns of, the label it puts into the archive. Fuzzed.
 * Protocol: PostgreSQL manual, "Streaming Replication Protocol", of 14 and of 15 to 18.
 */
#ifndef CORE_BASE_BACKUP_MESSAGE_H
#define CORE_BASE_BACKUP_MESSAGE_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

/* From here on all archives and the manifest come in one CopyOut, as typed messages; before, each
 * has a CopyOut of its own, without types. */
enum { BASE_BACKUP_TYPED = 150000 };

struct base_backup_options {
    const char *label; /* at most 1000 bytes */
    gint64 max_rate;   /* bytes a second; 0: no bound */
};

/* The command: manifest, checksums verified, tablespace map, a fast checkpoint, progress, and no
 * waiting for the archiver. Caller frees. */
char *base_backup_command(int version, const struct base_backup_options *options);

/* ---- the messages of the answer ----------------------------------------------------------- */

enum base_backup_kind {
    BASE_BACKUP_ARCHIVE,  /* an archive begins */
    BASE_BACKUP_MANIFEST, /* the manifest begins */
    BASE_BACKUP_DATA,     /* bytes of what began last */
    BASE_BACKUP_PROGRESS,
};

/* Points into the message. */
struct base_backup_message {
    enum base_backup_kind kind;
    guint32 oid;      /* of an archive's tablespace; 0: the data directory */
    const char *path; /* where the tablespace is; "" for the data directory */
    const void *bytes;
    gsize length;
    guint64 done; /* bytes sent, by the server's own count */
};

/* Takes a CopyData message of 15 and newer apart. */
bool base_backup_message_parse(const void *bytes, gsize length,
                               struct base_backup_message *ret_message, GError **error);

/* ---- what the server warns of ------------------------------------------------------------- */

/* A page whose checksum does not fit, or (block negative) so many more in the same file. */
struct base_backup_bad {
    char *file;     /* "base/5/16384.1" */
    gint64 block;   /* counted from the relation fork's beginning; negative: not said */
    guint file_bad; /* of a file's summary: how many there are in it; 0: this is one page */
};

void base_backup_bad_clear(struct base_backup_bad *bad);

/* Reads a warning, in whatever language it is: the file, then the block, calculated and expected
 * checksum; or the file and how many there were in it. False for any other. Until 16 the server
 * counts blocks from the beginning of the file. */
bool base_backup_bad_parse(int version, const char *warning, struct base_backup_bad *ret_bad);

/* Reads a warning, in whatever language it is, that something is left out of the backup for being
 * neither file nor folder (a symbolic link, say): where a cluster cannot be without it the path,
 * from the data directory or a tablespace's own, caller frees; else NULL. Other warnings that name
 * a file are to be kept from it: by BASE_BACKUP_WALKER, the server's function that it comes from. */
#define BASE_BACKUP_WALKER "sendDir"
char *base_backup_left_out_parse(const char *warning);

/* A relation's file: where it lies and which filenode it has. */
struct base_backup_relation {
    guint32 tablespace; /* 1663: pg_default, 1664: pg_global */
    guint32 database;   /* 0: shared */
    guint32 filenode;
    guint segment;    /* of one GB each */
    const char *fork; /* "main", "fsm", "vm", "init" */
};

/* False for a file that is no relation's. */
bool base_backup_relation_parse(const char *file, struct base_backup_relation *ret_relation);

/* ---- the label ---------------------------------------------------------------------------- */

struct base_backup_label {
    guint64 start_lsn, checkpoint_lsn;
    guint32 timeline; /* 0: not said */
    bool from_standby;
};

/* The file backup_label; length bytes. False with an error when it lacks a position. */
bool base_backup_label_parse(const char *text, gsize length,
                             struct base_backup_label *ret_label, GError **error);

/* "16/B374D848" of the replication protocol. */
bool base_backup_lsn_parse(const char *text, guint64 *ret_lsn);

#endif
