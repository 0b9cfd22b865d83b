/* CRC-32C (Castagnoli), as PostgreSQL keeps it in every WAL record. Pure. */
#ifndef CORE_WAL_CRC_H
#define CORE_WAL_CRC_H

#include <glib.h>

/* Goes on from an earlier result; the first is 0. */
guint32 wal_crc(guint32 crc, const void *data, gsize length);

/* The same by a table, whatever the processor can; for the test of the other. */
guint32 wal_crc_plain(guint32 crc, const void *data, gsize length);

#endif
