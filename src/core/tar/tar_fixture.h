/* Archives for tests, as the server writes them. */
#ifndef CORE_TAR_FIXTURE_H
#define CORE_TAR_FIXTURE_H

#include "tar/tar.h"

#include <string.h>

/* Appends a header with a checksum that fits. type: '0', '5' or '2'. */
G_GNUC_UNUSED static void tar_put_header(GByteArray *archive, char type, const char *name,
                                         const char *target, guint64 size)
{
    guint8 header[TAR_BLOCK] = {0};
    guint sum = 0;

    g_strlcpy((char *) header, name, 100);
    g_snprintf((char *) header + 100, 8, "%07o", type == '5' ? 0700u : 0600u);
    g_snprintf((char *) header + 124, 12, "%011" G_GINT64_MODIFIER "o", size);
    g_snprintf((char *) header + 136, 12, "%011o", 1700000000u);
    memset(header + 148, ' ', 8);
    header[156] = (guint8) type;
    if (target != NULL)
        g_strlcpy((char *) header + 157, target, 100);
    g_strlcpy((char *) header + 257, "ustar", 6);
    memcpy(header + 263, "00", 2);
    for (gsize i = 0; i < TAR_BLOCK; i++)
        sum += header[i];
    g_snprintf((char *) header + 148, 8, "%06o", sum);
    g_byte_array_append(archive, header, TAR_BLOCK);
}

G_GNUC_UNUSED static void tar_put_file(GByteArray *archive, const char *name, const void *bytes,
                                       gsize length)
{
    static const guint8 zeroes[TAR_BLOCK];

    tar_put_header(archive, '0', name, NULL, length);
    g_byte_array_append(archive, bytes, (guint) length);
    g_byte_array_append(archive, zeroes,
                        (guint) ((TAR_BLOCK - length % TAR_BLOCK) % TAR_BLOCK));
}

G_GNUC_UNUSED static void tar_put_end(GByteArray *archive)
{
    static const guint8 zeroes[2 * TAR_BLOCK];

    g_byte_array_append(archive, zeroes, sizeof zeroes);
}

#endif
