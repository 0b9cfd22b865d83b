/*
 * The server's backup_manifest: which files a backup has, their sizes and checksums. Read line by
 * line, because the server writes a line a file and a tree of all of them would be ten times its
 * size.
 */
#ifndef BACKUP_RESTORE_MANIFEST_H
#define BACKUP_RESTORE_MANIFEST_H

#include "auto.h"

#include <glib.h>
#include <openssl/evp.h>
#include <stdbool.h>

enum manifest_checksum {
    MANIFEST_NONE,
    MANIFEST_CRC32C,
    MANIFEST_SHA224,
    MANIFEST_SHA256,
    MANIFEST_SHA384,
    MANIFEST_SHA512,
};

struct manifest_file {
    char *path; /* relative to the data directory, "pg_tblspc/16384/…" included; as bytes */
    guint64 size;
    enum manifest_checksum kind;
    char *checksum; /* hexadecimal digits; NULL: none */
};

struct manifest {
    GHashTable *files; /* path → struct manifest_file, which owns it */
};

/* Pure. NULL with an error for what is no manifest, or one that was cut off. */
struct manifest *manifest_parse(const char *text, gsize length, GError **error);
void manifest_free(struct manifest *manifest);
AUTO_DEFINE(manifest, manifest_free)

/* A checksum over bytes that come piece by piece. manifest_sum_is() ends it: once for each begun. */
struct manifest_sum {
    enum manifest_checksum kind;
    guint32 crc;
    EVP_MD_CTX *digest;
};
void manifest_sum_begin(struct manifest_sum *sum, enum manifest_checksum kind);
void manifest_sum_add(struct manifest_sum *sum, const guint8 *bytes, gsize length);
bool manifest_sum_is(struct manifest_sum *sum, const char *digits);

/* Whether a file's bytes are those: size and checksum. A file without a checksum never is, nor one
 * that has another name as well. Reads
 * through a descriptor of its own; from any thread. *ret_size gets how much there was. */
bool manifest_file_fits(const struct manifest_file *file, const char *path);

#endif
