/* What the files of `backup verify` share. */
#ifndef BACKUP_VERIFY_H
#define BACKUP_VERIFY_H

#include "repo/repo_seek.h"
#include "repository.h"
#include "restore_manifest.h"

enum verify_kind {
    VERIFY_DAMAGED,
    VERIFY_GAP,      /* WAL is not there between WAL that is; no backup is the worse for it */
    VERIFY_SURVIVED, /* nothing is lost: there is a second copy, or it can be made again */
};

/* Something that is not as it was written. */
struct verify_finding {
    enum verify_kind kind;
    char *object; /* a path, or the id of a backup */
    char *text;   /* one sentence */
};

struct verify {
    const struct call *call;
    struct repository *repository;
    GPtrArray *findings; /* of struct verify_finding */
    guint threads;
    guint64 read, total; /* bytes on disk: done, and all there is to do */
    guint segments;      /* of WAL, read in full */
};

/* Takes no text over. What was found out first of an object stands for it. */
void verify_add(struct verify *verify, enum verify_kind kind, const char *object,
                const char *format, ...) G_GNUC_PRINTF(4, 5);

/* So many bytes more are done. False after a signal: RUNBOOK_INTERRUPTED. */
bool verify_step(struct verify *verify, guint64 bytes, const char *now, GError **error);

/* Every byte of a backup. False only after a signal; *ret_text
 * (caller frees) is why it is damaged, NULL: it is whole. */
bool verify_backup(struct verify *verify, const struct repo_backup *backup, char **ret_text,
                   GError **error);

/* An archive's members against the server's manifest, of which what fits is taken out. prefix: ""
 * or "pg_tblspc/OID/". *ret_text: what does not fit; NULL. */
bool verify_archive(struct verify *verify, const struct seek_reader *archive, guint64 stored,
                    const char *prefix, struct manifest *manifest, char **ret_text,
                    GError **error);

/* Every segment of the repository, and that nothing is missing between them where the stored WAL
 * should be in one piece, and each goes on where the one before it ends, on its own timeline or on
 * that which it left. *ret_bad: names of segments that are damaged, as a set; caller unrefs. */
bool verify_wal(struct verify *verify, const GArray *segments, GHashTable **ret_bad,
                GError **error);

/* The segments (measured) that a backup cannot do without, read in full where bad is NULL, else looked up
 * there. *ret_text: what is wrong with them; NULL: nothing. */
bool verify_needed(struct verify *verify, const GArray *segments, GHashTable *bad,
                   const struct repo_backup *backup, char **ret_text, GError **error);

/* Small files of an encrypted repository: bits that are survived. Before the proofs are written
 * anew. */
void verify_containers(struct verify *verify);

/* Histories, marks of loss and of damage. */
void verify_small_files(struct verify *verify);

#endif
