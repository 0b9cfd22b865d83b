/*
 * The repository: a folder that holds backups and WAL of any number of clusters, each under its
 * system identifier. docs/repository-format.md describes every file.
 *
 *   DIR/repository.json                    format, key check; repository.copy.json: the same
 *   DIR/SYSTEM/lock                        flock: one writer of backups at a time
 *   DIR/SYSTEM/proof                       the same, for a moment: who writes a proof.json
 *   DIR/SYSTEM/damage.json                 bad pages the last backup met; blocks expiry
 *   DIR/SYSTEM/backups/ID/                 a backup, visible by a rename from .new-ID
 *       base.tar.zst  OID.tar.zst          the data directory, each tablespace (seekable)
 *       backup_manifest.zst                the server's, byte for byte
 *       manifest.json                      ours; manifest.copy.json: the same once more
 *       proof.json                         what verify and drill found; may be missing
 *   DIR/SYSTEM/wal/TTTTTTTT/NAME.zst       a segment of timeline T, complete
 *   DIR/SYSTEM/wal/TTTTTTTT/NAME.partial.zst   one that is still arriving
 *   DIR/SYSTEM/wal/TTTTTTTT/broken.json    WAL was lost from an LSN on
 *   DIR/SYSTEM/wal/NNNNNNNN.history        for ever
 *
 * Functions of this header may be called from one thread at a time.
 */
#ifndef CORE_REPO_H
#define CORE_REPO_H

#include "repo/repo_file.h"

struct settings;

/* The repository of the settings backup.repo, backup.key_file and backup.key_command.
 * RUNBOOK_USAGE when none is configured. With create a folder that is missing or empty becomes
 * one; a folder that holds something else is refused. */
struct repo *repo_open(const struct settings *settings, bool create, GError **error);
void repo_close(struct repo *repo);
AUTO_DEFINE(repo, repo_close)

const char *repo_path(const struct repo *repo);
const struct repo_key *repo_key_of(const struct repo *repo); /* NULL: not encrypted */

/* What is wrong with repository.json, of which there are two copies; NULL: nothing. */
const char *repo_trouble(const struct repo *repo);

/* The system identifiers it holds, NULL-terminated; caller frees with g_strfreev(). */
char **repo_systems(const struct repo *repo, GError **error);

/* ---- one cluster's part ------------------------------------------------------------------- */

/* What belongs to one system identifier. */
struct lineage;

/* With system NULL: the only one there is, RUNBOOK_USAGE (naming them) when there are several.
 * With create its folders are made. */
struct lineage *lineage_open(struct repo *repo, const char *system, bool create,
                             GError **error);
void lineage_close(struct lineage *lineage);
AUTO_DEFINE(lineage, lineage_close)

const char *lineage_system(const struct lineage *lineage);
const char *lineage_path(const struct lineage *lineage); /* DIR/SYSTEM */
const struct repo_key *lineage_key(const struct lineage *lineage);

/* Tries for the exclusive right to add and remove backups ("lock") or to receive WAL
 * ("receiver"); released with the lineage or with the process. RUNBOOK_REFUSED when another
 * process has it, naming it. Reading needs no lock. */
bool lineage_lock(struct lineage *lineage, const char *what, GError **error);

/* Whether another process holds it now. */
bool lineage_locked(const struct lineage *lineage, const char *what);

/* ---- backups ------------------------------------------------------------------------------ */

enum repo_proof {
    REPO_UNVERIFIED,
    REPO_VERIFIED, /* every frame and checksum read, WAL complete */
    REPO_PROVEN,   /* restored, started and asked */
    REPO_DAMAGED,
};

const char *repo_proof_name(enum repo_proof proof); /* "proven" */

/* Who found something out about a backup: by reading its bytes, or by restoring it. */
enum repo_prover { REPO_BY_DRILL, REPO_BY_VERIFY };

/* A file of a backup. */
struct repo_backup_file {
    char *name;     /* "base.tar.zst" */
    guint64 size;   /* decompressed */
    guint64 stored; /* on disk */
    char *sha256;   /* of what is on disk */
};

struct repo_tablespace {
    guint32 oid;
    char *path; /* where it was */
};

/* A phase of making it, as it was timed. */
struct repo_phase {
    char *name;
    double seconds;
};

/* Our manifest. Text members are owned; LSNs and times 0 where unknown; times are microseconds
 * since 1970. */
struct repo_backup {
    char *id; /* "20261126T022300F": UTC of its beginning, F for full */
    char *folder;
    char *trouble; /* why it cannot be read, is incomplete or damaged; NULL: it is fine */
    bool
        cut; /* no more than that a file is not as long as it was: its frames may all be there */
    char *note; /* what is wrong with it but was survived; NULL: nothing */
    char *kind; /* "full" */
    char *label;
    char *system;
    int version_num; /* of the server */
    char *program;   /* "pgrunbook 0.1.0" */
    guint32 timeline;
    guint64 start_lsn, stop_lsn, checkpoint_lsn;
    gint64 started_us, stopped_us;
    guint32 wal_segment_bytes;
    bool checksums, from_standby;
    int level;
    guint64 size, stored; /* of all files together */
    char *time_zone;      /* the server's setting TimeZone */
    /* What a server that replays it may not have less of: see rule 24 of hot standby. */
    int max_connections, max_worker_processes, max_wal_senders, max_prepared_transactions,
        max_locks_per_transaction;
    GArray *files;       /* of struct repo_backup_file */
    GArray *tablespaces; /* of struct repo_tablespace */
    GArray *phases;      /* of struct repo_phase */
    enum repo_proof proof;
    enum repo_prover proof_by;
    gint64 proof_us;         /* when, 0: never */
    char *proof_text;        /* the finding, one sentence; NULL */
    double recovery_seconds; /* of the last drill; negative: none */
};

struct repo_backup *repo_backup_new(void);
void repo_backup_free(struct repo_backup *backup);
AUTO_DEFINE(repo_backup, repo_backup_free)

/* All that are visible, oldest first (by timeline and stop LSN; what cannot be read stands last,
 * with its trouble). An array of struct repo_backup *; caller unrefs. NULL with an error only when
 * the folder cannot be read. */
GPtrArray *lineage_backups(const struct lineage *lineage, GError **error);

/* One of them, whatever state it is in. */
struct repo_backup *lineage_backup_read(const struct lineage *lineage, const char *id);

/* Removes what died: backups that did not end, expired ones half removed. The lock must be held. */
bool lineage_clean(struct lineage *lineage, void (*note)(const char *text, gpointer data),
                   gpointer data, GError **error);

/* Makes the folder for a new backup, not yet visible; its id is set. The lock must be held. What
 * died before is removed first, and said through note (may be NULL). */
struct repo_backup *lineage_backup_begin(struct lineage *lineage, gint64 now_us,
                                         void (*note)(const char *text, gpointer data),
                                         gpointer data, GError **error);

/* Writes the manifest and makes the backup visible: everything in it is durable first. */
bool lineage_backup_show(struct lineage *lineage, struct repo_backup *backup, GError **error);

/* Removes one, visible or not, so that a half removed one is never taken for a whole. */
bool lineage_backup_remove(struct lineage *lineage, const struct repo_backup *backup,
                           GError **error);

/* Keeps what was found out about a backup, which becomes what counts then: a finding never lowers
 * proven to verified, and what a drill found damaged only a later drill takes back: the bytes that
 * verify reads may well be those that were damaged when the backup was taken. */
bool lineage_backup_prove(struct lineage *lineage, struct repo_backup *backup,
                          enum repo_prover by, enum repo_proof proof, const char *text,
                          double recovery_seconds, gint64 now_us, GError **error);

/* Says to `expire`, as long as the lineage is open, that this backup and the WAL behind it are being
 * read: by a read lock on its manifest, for which no right to write is needed. */
bool lineage_backup_use(const struct lineage *lineage, const struct repo_backup *backup,
                        GError **error);

/* Whether anybody else has said so. */
bool lineage_backup_used(const struct lineage *lineage, const struct repo_backup *backup);

/* The manifest's text and back; pure, fuzzed. The text ends with a SHA-256 of itself. */
char *repo_manifest_text(const struct repo_backup *backup);
struct repo_backup *repo_manifest_parse(const char *from, gsize length, GError **error);

/* ---- damage of the cluster ---------------------------------------------------------------- */

/* Bad pages that a backup met, of the primary or of a standby. While the mark stands nothing is
 * expired. */
bool lineage_damage_mark(struct lineage *lineage, const char *text, bool from_standby,
                         gint64 now_us, GError **error);

/* A backup met none, and the server looked at every page: takes the mark away, but for a backup
 * from a standby one that the primary's pages have set: those are others. */
bool lineage_damage_clear(struct lineage *lineage, bool from_standby, GError **error);
/* Caller frees; NULL: none. */
char *lineage_damage(const struct lineage *lineage);

#endif
