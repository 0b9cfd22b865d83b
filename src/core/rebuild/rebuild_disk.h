/* How much room there is on the server's disks, where it can be seen: only on this machine. */
#ifndef CORE_REBUILD_DISK_H
#define CORE_REBUILD_DISK_H

#include "pg/session.h"

/* Bytes free where the relation lies; -1: that cannot be seen from here. */
gint64 rebuild_disk_free(struct session *session, guint oid);

/* The same where the WAL is written. */
gint64 rebuild_wal_free(struct session *session);

#endif
