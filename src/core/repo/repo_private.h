/* Shared by the files of core/repo; not for others. */
#ifndef CORE_REPO_PRIVATE_H
#define CORE_REPO_PRIVATE_H

#include "repo/repo_file.h"

#include <openssl/evp.h>

/* ---- numbers on disk are little-endian ---------------------------------------------------- */

static inline void repo_store32(guint8 *to, guint32 value)
{
    value = GUINT32_TO_LE(value);
    __builtin_memcpy(to, &value, sizeof value);
}

static inline guint32 repo_load32(const guint8 *from)
{
    guint32 value;
    __builtin_memcpy(&value, from, sizeof value);
    return GUINT32_FROM_LE(value);
}

static inline void repo_store64(guint8 *to, guint64 value)
{
    value = GUINT64_TO_LE(value);
    __builtin_memcpy(to, &value, sizeof value);
}

static inline guint64 repo_load64(const guint8 *from)
{
    guint64 value;
    __builtin_memcpy(&value, from, sizeof value);
    return GUINT64_FROM_LE(value);
}

/* ---- the container ------------------------------------------------------------------------ */

/*
 *   header   magic (8), key check (8), salt (16)
 *   record   head (4: length in the low 30 bits, flags above), ciphertext, tag (16)
 *   …
 *   table    records as well, flag CONTAINER_TABLE, the last one also CONTAINER_LAST: four bytes
 *            for each record before the first of them, its length; CONTAINER_PART of them in each
 *   trailer  number of those records (8), magic (8)
 */
enum {
    CONTAINER_HEADER = 32,
    CONTAINER_HEAD = 4,
    CONTAINER_TAG = 16,
    CONTAINER_AROUND = CONTAINER_HEAD + CONTAINER_TAG,
    CONTAINER_TRAILER = 16,
    CONTAINER_MOST = 4 << 20, /* bytes in a record */
    CONTAINER_PART = CONTAINER_MOST / 4,
};

#define CONTAINER_LENGTH_MASK ((1U << 30) - 1)
#define CONTAINER_TABLE       (1U << 30)
#define CONTAINER_LAST        (1U << 31)

#define CONTAINER_MAGIC     "PGRBGCM1"
#define CONTAINER_END_MAGIC "PGRBEND1"

enum { REPO_KEY_BYTES = 32, REPO_CHECK_BYTES = 8, REPO_SALT_BYTES = 16 };

struct repo_key {
    guint8 bytes[REPO_KEY_BYTES];
    guint8 check[REPO_CHECK_BYTES];
};

/* The key of one file: no nonce is ever used twice, because each file has a key of its own. */
void repo_key_derive(const struct repo_key *key, const guint8 salt[REPO_SALT_BYTES],
                     guint8 ret_key[REPO_KEY_BYTES]);

/* Encrypts a record (context has the cipher and the file's key); out may be in. */
bool repo_record_seal(EVP_CIPHER_CTX *context, guint64 index, const guint8 head[4],
                      const guint8 *in, gsize length, guint8 *out, guint8 tag[CONTAINER_TAG]);

/* And back; false: it is not authentic. */
bool repo_record_open(EVP_CIPHER_CTX *context, guint64 index, const guint8 head[4],
                      const guint8 *in, gsize length, guint8 *out,
                      const guint8 tag[CONTAINER_TAG]);

/* ---- spans -------------------------------------------------------------------------------- */

/* A row of lengths, and the offset of each: 4 bytes a length and an eighth more, so that the table
 * of a terabyte takes 5 MB. */
struct repo_spans {
    GArray *lengths; /* guint32 */
    GArray *marks;   /* guint64: the offset of every 64th */
    guint64 total;
};

void repo_spans_init(struct repo_spans *spans);
void repo_spans_clear(struct repo_spans *spans);
void repo_spans_add(struct repo_spans *spans, guint32 length);
guint64 repo_spans_offset(const struct repo_spans *spans, guint index);
guint repo_spans_find(const struct repo_spans *spans, guint64 offset); /* the one that has it */

static inline guint32 repo_spans_length(const struct repo_spans *spans, guint index)
{
    return g_array_index(spans->lengths, guint32, index);
}

/* ---- files -------------------------------------------------------------------------------- */

/* Names of files that are being written, or were when a process died. */
#define REPO_TEMPORARY ".writing-"

/* pread() and write() until all is done; the error names the file. */
bool repo_pread_all(int fd, const char *path, guint64 offset, void *buffer, gsize length,
                    GError **error);

/* Hexadecimal digits of bytes; caller frees. */
char *repo_hex(const guint8 *bytes, gsize length);

#endif
