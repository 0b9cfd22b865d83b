/* The section's lines of `pgrunbook check`. */
#ifndef BACKUP_CHECK_H
#define BACKUP_CHECK_H

#include "feature.h"

bool backup_check(struct check *check, GError **error);

/* What check() hands over for monitoring (backup_measure.c). */
struct backup_figures {
    guint usable, proven, damaged; /* backups; the proven ones are usable as well */
    gint64 newest_us, proven_us;   /* when the newest of them ended; 0: none */
    double recovery_seconds;       /* of the newest proven one; negative: not known */
    guint64 stored_bytes;
    bool wal_known; /* else nothing below is */
    bool recoverable, slot_there;
    gint64 from_us, to_us; /* what can be recovered to */
    guint64 behind_bytes;
    guint gaps;
    gint64 slot_bytes;
    double failing_seconds;
};
extern const struct metric backup_metrics[];
bool backup_measure(struct measure *measure, GError **error);

#endif
