/*
 * A folder that holds something already, compared with what a backup will put there: files that are
 * as they should be are kept, what does not belong to the backup is removed. For --delta, and for
 * an interrupted restore that is gone on with.
 */
#ifndef BACKUP_RESTORE_COMPARE_H
#define BACKUP_RESTORE_COMPARE_H

#include "restore_manifest.h"

struct compare_plan {
    const char *folder; /* the data directory */
    const struct manifest *manifest;
    /* Where tablespaces lie: "pg_tblspc/16384" → its folder. */
    GHashTable *places;
    int major; /* a tablespace's folder may hold those of other versions, which stay */
    guint jobs;
    void (*progress)(guint64 bytes, guint64 total, gpointer data); /* NULL: nothing */
    gpointer data;
};

struct compare_result {
    GHashTable *kept; /* names of the manifest, borrowed from it */
    guint64 kept_bytes;
    guint removed;
};

/* Reads every file whose size fits. False only after a signal. */
bool compare_files(const struct compare_plan *plan, struct compare_result *result,
                   GError **error);

/* Removes files that the manifest does not have, and folders that are empty then: the archive
 * brings back those that it has. */
bool compare_remove(const struct compare_plan *plan, struct compare_result *result,
                    GError **error);

/* Whether a name below the data directory is none of a backup's business: our marker, the WAL.
 * Pure. */
bool compare_spares(const char *name);

#endif
