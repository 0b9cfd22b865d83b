/*
 * Where a recovery would land: pure, from what the repository holds to a plan or a refusal with the
 * nearest target that can be reached.
 *
 * The rules are the server's own (src/backend/access/transam/xlogrecovery.c, recoveryStopsBefore()
 * and recoveryStopsAfter()), inclusive as by default: a time stops before the first commit or abort
 * that is later, an xid after its own, a name behind the restore point, an LSN behind the first
 * record that begins at or behind it. A backup fits when its stop LSN is not behind that place.
 */
#ifndef BACKUP_TARGET_H
#define BACKUP_TARGET_H

#include "repo/repo_wal.h"

struct options;

enum target_kind {
    TARGET_LATEST,
    TARGET_TIME,
    TARGET_LSN,
    TARGET_XID,
    TARGET_NAME,
    TARGET_IMMEDIATE, /* as soon as the backup is consistent */
};

struct target {
    enum target_kind kind;
    char *value; /* as typed; NULL for latest and immediate */
    gint64 time_us;
    guint64 lsn;
    guint32 xid;
    guint32 timeline; /* 0: the newest that the repository has */
    char *backup;     /* an id: this backup and no other; NULL: the newest that fits */
};

/* A commit. */
struct landmark {
    bool known;
    gint64 time_us;
    guint32 xid;
    guint64 lsn;     /* where its record begins */
    guint64 end_lsn; /* behind it */
};

struct restore_plan {
    const struct repo_backup *backup; /* borrowed; NULL: none fits */
    struct target target;             /* timeline resolved; strings owned */
    char *refusal;                    /* why it cannot be reached, one sentence; NULL: it can */
    char *nearest; /* what can, as options: "--target-time '2026-…'"; NULL */
    struct landmark before,
        after; /* the last commit that will be there, the first that will not */
    guint64
        end_lsn; /* replay ends here at the latest: pg_last_wal_replay_lsn() is not behind it;
                        0: unknown */
    gint64
        last_us; /* what pg_last_xact_replay_timestamp() will say: of the last commit or abort
                        that is replayed; 0: none is */
    guint32 end_timeline; /* of the WAL at end_lsn */
    GArray *path;         /* of struct wal_stretch, from the backup's timeline on */
    GArray *needed;       /* of struct repo_segment, in the order of replay */
    GPtrArray *missing;   /* of char *: names of segments and histories that are not there */
    guint64 bytes,
        stored;     /* of the backup and the WAL: written, and read from the repository */
    bool cut;       /* WAL behind the target is missing or damaged: nothing may be read ahead */
    double seconds; /* predicted; negative: unknown */
    char *note;     /* what to know of a target that can be reached, one sentence; NULL */
};
void restore_plan_free(struct restore_plan *plan);
AUTO_DEFINE(restore_plan, restore_plan_free)

/* The options that name a target, for a command's table; target_read() reads them. */
#define TARGET_OPTION_ROWS                                                                     \
    {                                                                                          \
        "latest", 0,           NULL,                                                           \
        NULL,     OPTION_ONCE, "to the end of the WAL that is there (the default)"},           \
        {"target-time", 0,     "TIME",                                                         \
         NULL,          false, "to the last moment that is not later; with offset or zone"},   \
        {"target-lsn", 0,           "LSN",                                                     \
         NULL,         OPTION_ONCE, "to the first record at or behind this LSN"},              \
        {"target-xid", 0, "XID", NULL, OPTION_ONCE, "until this transaction has ended"},       \
        {"target-name", 0, "NAME", NULL, OPTION_ONCE, "to the restore point of this name"},    \
        {"immediate", 0, NULL, NULL, OPTION_ONCE, "no further than the backup needs"},         \
        {"timeline", 0,     "N|current|latest",                                                \
         NULL,       false, "along this timeline (default: the newest there is)"},             \
    {                                                                                          \
        "backup", 0, "ID", NULL, OPTION_ONCE,                                                  \
            "from this backup (default: the newest that fits)"                                 \
    }

enum { TARGET_TIMELINE_CURRENT = G_MAXINT32 }; /* the backup's own */

/* Reads those options. RUNBOOK_USAGE for what cannot be read and for two targets at once. zone: the
 * server's, for the hint of a time without one; NULL: unknown. Strings of *ret_target are owned:
 * target_clear(). */
bool target_read(const struct options *options, const char *zone, struct target *ret_target,
                 GError **error);
void target_clear(struct target *target);

const char *target_kind_name(enum target_kind kind); /* "latest", "time", "lsn", … */

/* "2026-11-26 02:23:00+00", "transaction 744", "the end of the WAL": for people. Caller frees. */
char *target_text(const struct target *target);

/* "2026-11-26 03:23:00.5+01" in an IANA zone (NULL or unknown: UTC), exact to the microsecond, as
 * --target-time takes it. Caller frees. */
char *target_time_format(gint64 us, const char *zone);

/* Reads "2026-11-26 02:23:00+01", "… Europe/Berlin", RFC 3339, with up to six decimals. A time
 * without offset or zone is RUNBOOK_USAGE, the hint has both spellings for the server's zone. */
bool target_time_parse(const char *text, gint64 *ret_us, GError **error);

/* The same with the server's zone, which the hint names; NULL: unknown. */
bool target_time_read(const char *text, const char *server_zone, gint64 *ret_us,
                      GError **error);

/* Plans from a repository: reads indexes, and of the few segments around the target every record.
 * NULL with an error when the repository cannot be read; a target out of reach is a plan with a
 * refusal. backups is borrowed and must outlive the plan. */
struct restore_plan *restore_plan_make(const struct lineage *lineage, const GPtrArray *backups,
                                       const struct target *target, GError **error);

#endif
