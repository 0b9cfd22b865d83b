/*
 * Folders of a restore, and who may enter them: their owner, until the backup has told that the cluster
 * was open to its group.
 */
#ifndef BACKUP_RESTORE_FOLDERS_H
#define BACKUP_RESTORE_FOLDERS_H

#include "server/server.h"

/* Makes it and what is missing above it, or closes one that is there to those whom the server wants
 * outside. made gets a name of each that is new or was closed. */
bool restore_folder_made(const char *path, const struct server_owner *owner, GPtrArray *made,
                         GError **error);

/* Lets the group into all of them, to read. */
bool restore_folders_open(const GPtrArray *made, GError **error);

#endif
