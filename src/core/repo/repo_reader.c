/* Reading a file of the repository: plain, or a container whose records authenticate themselves. */
#include "repo_private.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SMALL_MOST = 256 << 20, HASH_BYTES = 1 << 20 };

struct repo_reader {
    char *path;
    int fd;
    guint64 stored;
    bool ended, by_table;
    bool container;
    guint8 key[REPO_KEY_BYTES]; /* of this file */
    struct repo_spans records;
};

bool repo_pread_all(int fd, const char *path, guint64 offset, void *buffer, gsize length,
                    GError **error)
{
    guint8 *to = buffer;
    while (length > 0) {
        gssize got = pread(fd, to, length, (off_t) offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            runbook_error_set(error, RUNBOOK_FAILED, NULL,
                              "could not read \"%s\" at offset %" G_GUINT64_FORMAT ": %s", path,
                              offset, g_strerror(errno));
            return false;
        }
        if (got == 0) {
            runbook_error_set(error, RUNBOOK_FAILED, NULL,
                              "\"%s\" is cut off: it ends at offset %" G_GUINT64_FORMAT, path,
                              offset);
            return false;
        }
        to += got;
        offset += (guint64) got;
        length -= (gsize) got;
    }
    return true;
}

/* ---- the container's records -------------------------------------------------------------- */

static guint64 record_offset(const struct repo_reader *reader, guint index)
{
    return CONTAINER_HEADER + repo_spans_offset(&reader->records, index) +
           (guint64) index * CONTAINER_AROUND;
}

/* Reads a record whose place and head are known and decrypts it in its place. */
static bool read_record(const struct repo_reader *reader, guint64 index, guint64 offset,
                        guint32 head, guint8 *buffer, GError **error)
{
    gsize length = head & CONTAINER_LENGTH_MASK;
    guint8 tag[CONTAINER_TAG], head_bytes[CONTAINER_HEAD];
    repo_store32(head_bytes, head);
    struct iovec parts[] = {{buffer, length}, {tag, sizeof tag}};
    guint64 body = offset + CONTAINER_HEAD;
    gssize got = preadv(reader->fd, parts, 2, (off_t) body);
    /* Short reads are rare: then once more, part by part. */
    if (got != (gssize) (length + sizeof tag) &&
        (!repo_pread_all(reader->fd, reader->path, body, buffer, length, error) ||
         !repo_pread_all(reader->fd, reader->path, body + length, tag, sizeof tag, error)))
        return false;

    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool ok = EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, reader->key, NULL) == 1 &&
              repo_record_open(context, index, head_bytes, buffer, length, buffer, tag);
    EVP_CIPHER_CTX_free(context);
    if (ok)
        return true;
    memset(buffer, 0, length);
    runbook_error_set(error, RUNBOOK_FAILED, NULL,
                      "\"%s\" is damaged: record %" G_GUINT64_FORMAT
                      " at offset %" G_GUINT64_FORMAT " does not authenticate",
                      reader->path, index, offset);
    return false;
}

/* The table at the end. False: there is none that can be believed. */
static bool read_table(struct repo_reader *reader)
{
    guint8 trailer[CONTAINER_TRAILER];
    if (reader->stored < CONTAINER_HEADER + CONTAINER_AROUND + CONTAINER_TRAILER ||
        !repo_pread_all(reader->fd, reader->path, reader->stored - CONTAINER_TRAILER, trailer,
                        sizeof trailer, NULL) ||
        memcmp(trailer + 8, CONTAINER_END_MAGIC, 8) != 0)
        return false;

    guint64 count = repo_load64(trailer);
    if (count > reader->stored / CONTAINER_AROUND)
        return false;
    guint64 parts = MAX((count + CONTAINER_PART - 1) / CONTAINER_PART, 1);
    guint64 table = 4 * count + parts * CONTAINER_AROUND;
    guint64 room = reader->stored - CONTAINER_HEADER - CONTAINER_TRAILER;
    if (table > room)
        return false;
    guint64 offset = reader->stored - CONTAINER_TRAILER - table;
    guint64 left = count;
    g_autofree guint8 *bytes = g_malloc(4 * (gsize) MAX(MIN(count, CONTAINER_PART), 1));
    for (guint64 part = 0; part < parts; part++) {
        guint32 entries = (guint32) MIN(left, (guint64) CONTAINER_PART);
        left -= entries;
        guint32 head = 4 * entries | CONTAINER_TABLE | (left == 0 ? CONTAINER_LAST : 0);
        if (!read_record(reader, count + part, offset, head, bytes, NULL))
            return false;
        for (guint32 i = 0; i < entries; i++)
            repo_spans_add(&reader->records, repo_load32(bytes + 4 * (gsize) i));
        offset += 4 * (guint64) entries + CONTAINER_AROUND;
    }
    return reader->records.total + count * CONTAINER_AROUND + table == room;
}

/* Without a table the records are found by their heads, as far as there are whole ones. */
static bool walk_records(struct repo_reader *reader, GError **error)
{
    guint64 offset = CONTAINER_HEADER;
    while (offset + CONTAINER_AROUND <= reader->stored) {
        guint8 bytes[CONTAINER_HEAD];
        if (!repo_pread_all(reader->fd, reader->path, offset, bytes, sizeof bytes, error))
            return false;
        guint32 head = repo_load32(bytes);
        guint32 length = head & CONTAINER_LENGTH_MASK;
        if (offset + CONTAINER_AROUND + length > reader->stored)
            return true;
        if ((head & CONTAINER_TABLE) != 0) {
            reader->ended = reader->ended || (head & CONTAINER_LAST) != 0;
        } else if (length > CONTAINER_MOST || reader->ended) {
            runbook_error_set(error, RUNBOOK_FAILED, NULL,
                              "\"%s\" is damaged at offset %" G_GUINT64_FORMAT
                              ": no record begins there",
                              reader->path, offset);
            return false;
        } else {
            repo_spans_add(&reader->records, length);
        }
        offset += CONTAINER_AROUND + length;
    }
    return true;
}

static bool open_container(struct repo_reader *reader, const struct repo_key *key,
                           const guint8 *header, GError **error)
{
    if (memcmp(header + 8, key->check, REPO_CHECK_BYTES) != 0) {
        runbook_error_set(
            error, RUNBOOK_REFUSED, "see the settings backup.key_file and backup.key_command",
            "\"%s\" was encrypted with another key, or its first bytes are damaged",
            reader->path);
        return false;
    }
    repo_key_derive(key, header + 8 + REPO_CHECK_BYTES, reader->key);
    reader->container = true;
    repo_spans_init(&reader->records);
    reader->ended = reader->by_table = read_table(reader);
    if (reader->ended)
        return true;
    repo_spans_clear(&reader->records);
    repo_spans_init(&reader->records);
    return walk_records(reader, error);
}

/* ---- opening ------------------------------------------------------------------------------ */

static bool look_inside(struct repo_reader *reader, const struct repo_key *key, GError **error)
{
    guint8 header[CONTAINER_HEADER];
    gsize there = (gsize) MIN(reader->stored, (guint64) sizeof header);
    if (!repo_pread_all(reader->fd, reader->path, 0, header, there, error))
        return false;
    bool container = there >= 8 && memcmp(header, CONTAINER_MAGIC, 8) == 0;
    if (!container && key == NULL) {
        reader->ended = true;
        return true;
    }
    if (container && key == NULL) {
        runbook_error_set(error, RUNBOOK_REFUSED,
                          "name its key with backup.key_file or backup.key_command",
                          "\"%s\" is encrypted, and there is no key", reader->path);
        return false;
    }
    /* Whoever can write to the folder could else put a file of his own in the place of ours. */
    if (!container || there < sizeof header) {
        runbook_error_set(
            error, RUNBOOK_FAILED, NULL,
            "\"%s\" is damaged: its first bytes are not those of an encrypted file",
            reader->path);
        return false;
    }
    return open_container(reader, key, header, error);
}

struct repo_reader *repo_reader_open(const char *path, const struct repo_key *key,
                                     bool *ret_missing, GError **error)
{
    if (ret_missing != NULL)
        *ret_missing = false;
    AUTO(repo_reader) reader = g_new0(struct repo_reader, 1);
    reader->path = g_strdup(path);
    reader->fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (reader->fd < 0 || fstat(reader->fd, &about) != 0) {
        int code = errno;
        if (ret_missing != NULL)
            *ret_missing = code == ENOENT;
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not open \"%s\": %s", path,
                          g_strerror(code));
        return NULL;
    }
    if (!S_ISREG(about.st_mode)) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "\"%s\" is not a file", path);
        return NULL;
    }
    reader->stored = (guint64) about.st_size;
    if (!look_inside(reader, key, error))
        return NULL;
    return g_steal_pointer(&reader);
}

guint64 repo_reader_size(const struct repo_reader *reader)
{
    return reader->container ? reader->records.total : reader->stored;
}

guint64 repo_reader_stored(const struct repo_reader *reader)
{
    return reader->stored;
}

bool repo_reader_ended(const struct repo_reader *reader)
{
    return reader->ended;
}

const char *repo_reader_path(const struct repo_reader *reader)
{
    return reader->path;
}

void repo_reader_free(struct repo_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->fd >= 0)
        close(reader->fd);
    if (reader->container)
        repo_spans_clear(&reader->records);
    OPENSSL_cleanse(reader->key, sizeof reader->key);
    g_free(reader->path);
    g_free(reader);
}

bool repo_reader_intact(const struct repo_reader *reader, GError **error)
{
    if (!reader->container)
        return true;
    if (!reader->by_table) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "\"%s\" is damaged: the table of its records cannot be read",
                          reader->path);
        return false;
    }
    guint count = reader->records.lengths->len;
    guint parts = MAX((count + CONTAINER_PART - 1) / CONTAINER_PART, 1);
    guint64 offset = CONTAINER_HEADER, left = count;
    for (guint i = 0; i < count + parts; i++) {
        guint8 bytes[CONTAINER_HEAD];
        guint32 part = (guint32) MIN(left, (guint64) CONTAINER_PART);
        guint32 head = i < count ? repo_spans_length(&reader->records, i)
                                 : 4 * part | CONTAINER_TABLE |
                                       (i + 1 == count + parts ? CONTAINER_LAST : 0);
        left -= i < count ? 0 : part;
        if (!repo_pread_all(reader->fd, reader->path, offset, bytes, sizeof bytes, error))
            return false;
        if (repo_load32(bytes) != head) {
            runbook_error_set(error, RUNBOOK_FAILED, NULL,
                              "\"%s\" is damaged: the head of record %u at offset "
                              "%" G_GUINT64_FORMAT " is not what its table says",
                              reader->path, i, offset);
            return false;
        }
        offset += (head & CONTAINER_LENGTH_MASK) + CONTAINER_AROUND;
    }
    return true;
}

/* ---- reading ------------------------------------------------------------------------------ */

bool repo_reader_read(const struct repo_reader *reader, guint64 offset, void *buffer,
                      gsize length, GError **error)
{
    guint64 size = repo_reader_size(reader);
    if (offset > size || length > size - offset) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "\"%s\" is cut off: %" G_GUINT64_FORMAT
                          " bytes where %" G_GUINT64_FORMAT " are wanted",
                          reader->path, size, offset + length);
        return false;
    }
    if (!reader->container)
        return repo_pread_all(reader->fd, reader->path, offset, buffer, length, error);

    guint8 *to = buffer;
    g_autofree guint8 *aside = NULL;
    for (guint index = repo_spans_find(&reader->records, offset); length > 0; index++) {
        guint32 whole = repo_spans_length(&reader->records, index);
        gsize skip = (gsize) (offset - repo_spans_offset(&reader->records, index));
        gsize part = MIN(length, whole - skip);
        bool direct = part == whole;
        if (!direct)
            aside = g_realloc(aside, whole);
        if (!read_record(reader, index, record_offset(reader, index), whole,
                         direct ? to : aside, error))
            return false;
        if (!direct)
            memcpy(to, aside + skip, part);
        to += part;
        offset += part;
        length -= part;
    }
    return true;
}

char *repo_file_read(const char *path, const struct repo_key *key, gsize *ret_length,
                     bool *ret_missing, GError **error)
{
    AUTO(repo_reader) reader = repo_reader_open(path, key, ret_missing, error);
    if (reader == NULL)
        return NULL;
    guint64 size = repo_reader_size(reader);
    if (!repo_reader_ended(reader) || size > SMALL_MOST) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "\"%s\" is damaged: it is %s", path,
                          repo_reader_ended(reader) ? "far too big" : "cut off");
        return NULL;
    }
    g_autofree char *text = g_malloc((gsize) size + 1);
    if (!repo_reader_read(reader, 0, text, (gsize) size, error))
        return NULL;
    text[size] = '\0';
    if (ret_length != NULL)
        *ret_length = (gsize) size;
    return g_steal_pointer(&text);
}

char *repo_file_sha256(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not open \"%s\": %s", path,
                          g_strerror(errno));
        return NULL;
    }
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
    g_autofree guint8 *buffer = g_malloc(HASH_BYTES);
    gssize got;
    while ((got = read(fd, buffer, HASH_BYTES)) > 0 || (got < 0 && errno == EINTR)) {
        if (got > 0)
            EVP_DigestUpdate(hash, buffer, (gsize) got);
    }
    guint8 result[32];
    EVP_DigestFinal_ex(hash, result, NULL);
    EVP_MD_CTX_free(hash);
    if (got < 0)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not read \"%s\": %s", path,
                          g_strerror(errno));
    close(fd);
    return got < 0 ? NULL : repo_hex(result, sizeof result);
}
