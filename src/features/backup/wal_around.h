/*
 * Whose WAL a file is: what archive_command and restore_command know of the data directory that they
 * are called for.
 */
#ifndef BACKUP_WAL_AROUND_H
#define BACKUP_WAL_AROUND_H

#include <glib.h>

/* The system identifier of the data directory two folders above a file of pg_wal, else of the one
 * that is the current folder, as it is for a server's commands (but not for those of pg_rewind).
 * Caller frees; NULL: there is none. */
char *wal_system_around(const char *path);

#endif
