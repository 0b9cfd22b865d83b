/* What `check` says of a repository: pure, from what was read to two verdicts. */
#ifndef BACKUP_HEALTH_H
#define BACKUP_HEALTH_H

#include "backup_recoverable.h"
#include "feature.h"

struct health_bounds {
    gint64 proof_us, proof_critical_us; /* age of the newest proven backup */
    gint64 wal_us;                      /* age of the newest commit that could be recovered */
};

/* What the server says of its WAL. */
struct health_server {
    guint64 lsn;
    bool slot_there, slot_active, pushes, failing;
    const char *slot_status; /* "reserved", "extended", "unreserved", "lost"; NULL */
    gint64 slot_bytes;       /* that it holds back */
    const char *failed_wal;  /* what archive_command failed with last; NULL */
    double failing_seconds;  /* since it last did not */
};

/* A verdict and its message, which is the caller's to free. next: the words behind "pgrunbook
 * backup", NULL: nothing to do. */
struct health {
    enum verdict_status status;
    double value;
    char *message;
    const char *next;
};

/* The newest proven backup; damage: what lineage_damage() says, NULL: none. */
struct health health_proof(const GPtrArray *backups, const char *damage,
                           const struct health_bounds *bounds, gint64 now_us);

/* Gaps, broken timelines, what is not in the repository yet, and what keeps it. */
struct health health_wal(const struct recoverable *recoverable, const GPtrArray *backups,
                         const struct health_server *server, const struct health_bounds *bounds,
                         gint64 now_us);

#endif
