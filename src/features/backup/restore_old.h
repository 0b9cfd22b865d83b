/*
 * The cluster that a restore is written over: looked at before anything of it is touched, and what is
 * nowhere else set aside. Its pg_control waits beside the place of the new one until the end, its
 * WAL in a folder of its own within pg_wal: on the same file system for certain, a rename away, and
 * in no backup.
 */
#ifndef BACKUP_RESTORE_OLD_H
#define BACKUP_RESTORE_OLD_H

#include "restore_manifest.h"
#include "server/server.h"

#define RESTORE_CONTROL_BEFORE "global/pg_control.before"

/* Whether the files of a manifest can take the place of those in a folder; changes nothing.
 * RUNBOOK_REFUSED where there is too little room, where a link stands for what the backup has or
 * lies deeper (it may lead to another cluster's files), and where pg_wal does not let us in. */
bool restore_old_look(const char *folder, const struct manifest *manifest, GError **error);

/* A link at the top that is none of the backup's names: postgresql.conf or log kept elsewhere. It
 * stays. Pure. */
bool restore_old_link_stays(const struct manifest *manifest, const char *name);

/* No pg_control any more, and the WAL out of the way. *ret_saved gets where the WAL is, NULL where
 * there was none. *ret_undone: it could not be done, and all is as it was. */
bool restore_old_set_aside(const char *folder, const struct server_owner *owner,
                           char **ret_saved, bool *ret_undone, GError **error);

/* The new pg_control is there. */
bool restore_old_forget(const char *folder, GError **error);

#endif
