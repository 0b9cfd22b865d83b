/* Writing a file of the repository: hashed, encrypted, durable, then visible. */
#include "repo_private.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* So many bytes are handed to the disk at a time while more are coming, so that the fsync at the
 * end has little left to wait for. */
enum { EARLY_BYTES = 8 << 20 };

struct repo_writer {
    char *folder;
    char *name; /* its name now */
    int folder_fd, fd;
    bool shown, ended, failed;
    guint64 size, stored, early;
    EVP_MD_CTX *hash;       /* NULL: nobody will ask */
    EVP_CIPHER_CTX *cipher; /* NULL: not encrypted */
    GArray *lengths;        /* guint32, of the records */
    guint8 *record;         /* head, ciphertext, tag */
    gsize record_room;
};

static bool fail(struct repo_writer *writer, const char *what, int code, GError **error)
{
    writer->failed = true;
    const char *hint = NULL;
    if (code == ENOSPC || code == EDQUOT)
        hint = "make room on the repository's file system; what was visible in it is unharmed";
    else if (code == EACCES || code == EPERM || code == EROFS)
        hint = "the repository must belong to the user that writes it";
    runbook_error_set(error, RUNBOOK_FAILED, hint, "could not %s \"%s/%s\": %s", what,
                      writer->folder, writer->name, g_strerror(code));
    return false;
}

/* ---- begin -------------------------------------------------------------------------------- */

/* A name of no meaning. The lock on the file tells a cleaner that somebody is writing it; one who
 * comes between open and flock has taken the name away again, so it is looked at. */
static bool create(struct repo_writer *writer, GError **error)
{
    for (int tries = 0; tries < 100; tries++) {
        g_free(writer->name);
        writer->name =
            g_strdup_printf(REPO_TEMPORARY "%d-%08x", (int) getpid(), g_random_int());
        writer->fd = openat(writer->folder_fd, writer->name,
                            O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
        if (writer->fd < 0 && errno == EEXIST)
            continue;
        if (writer->fd < 0)
            return fail(writer, "create", errno, error);
        repo_folder_give(writer->folder, writer->fd);
        struct stat about;
        if (flock(writer->fd, LOCK_EX | LOCK_NB) == 0 && fstat(writer->fd, &about) == 0 &&
            about.st_nlink > 0)
            return true;
        close(writer->fd);
        writer->fd = -1;
    }
    return fail(writer, "create", EEXIST, error);
}

static bool write_all(struct repo_writer *writer, const guint8 *data, gsize length,
                      GError **error)
{
    if (writer->hash != NULL)
        EVP_DigestUpdate(writer->hash, data, length);
    while (length > 0) {
        gssize done = write(writer->fd, data, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return fail(writer, "write", errno, error);
        data += done;
        length -= (gsize) done;
        writer->stored += (guint64) done;
    }
    if (writer->stored - writer->early >= EARLY_BYTES) {
        (void) sync_file_range(writer->fd, (off_t) writer->early,
                               (off_t) (writer->stored - writer->early), SYNC_FILE_RANGE_WRITE);
        writer->early = writer->stored;
    }
    return true;
}

/* Eight letters, without the zero behind them. */
static void put_magic(guint8 *to, const char *magic)
{
    for (guint i = 0; i < 8; i++)
        to[i] = (guint8) magic[i];
}

static bool begin_container(struct repo_writer *writer, const struct repo_key *key,
                            GError **error)
{
    guint8 header[CONTAINER_HEADER], file_key[REPO_KEY_BYTES];
    put_magic(header, CONTAINER_MAGIC);
    memcpy(header + 8, key->check, REPO_CHECK_BYTES);
    guint8 *salt = header + 8 + REPO_CHECK_BYTES;
    writer->cipher = EVP_CIPHER_CTX_new();
    bool ok = RAND_bytes(salt, REPO_SALT_BYTES) == 1;
    repo_key_derive(key, salt, file_key);
    ok = ok && EVP_EncryptInit_ex(writer->cipher, EVP_aes_256_gcm(), NULL, file_key, NULL) == 1;
    OPENSSL_cleanse(file_key, sizeof file_key);
    if (!ok) {
        writer->failed = true;
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "OpenSSL could not begin to encrypt");
        return false;
    }
    writer->lengths = g_array_new(FALSE, FALSE, sizeof(guint32));
    return write_all(writer, header, sizeof header, error);
}

static struct repo_writer *writer_new(const char *folder, const struct repo_key *key,
                                      bool hashed, GError **error)
{
    AUTO(repo_writer) writer = g_new0(struct repo_writer, 1);
    writer->folder = g_strdup(folder);
    writer->name = g_strdup("");
    writer->fd = -1;
    if (hashed) {
        writer->hash = EVP_MD_CTX_new();
        EVP_DigestInit_ex(writer->hash, EVP_sha256(), NULL);
    }
    writer->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (writer->folder_fd < 0) {
        fail(writer, "open", errno, error);
        return NULL;
    }
    if (!create(writer, error) || (key != NULL && !begin_container(writer, key, error)))
        return NULL;
    return g_steal_pointer(&writer);
}

struct repo_writer *repo_writer_new(const char *folder, const struct repo_key *key,
                                    GError **error)
{
    return writer_new(folder, key, false, error);
}

struct repo_writer *repo_writer_new_hashed(const char *folder, const struct repo_key *key,
                                           GError **error)
{
    return writer_new(folder, key, true, error);
}

bool repo_writer_close_to_others(struct repo_writer *writer, GError **error)
{
    return fchmod(writer->fd, 0600) == 0 || fail(writer, "close to others", errno, error);
}

/* ---- put ---------------------------------------------------------------------------------- */

static bool put_record(struct repo_writer *writer, const guint8 *data, gsize length,
                       guint32 flags, guint64 index, GError **error)
{
    if (writer->record_room < length + CONTAINER_AROUND) {
        writer->record_room = length + CONTAINER_AROUND;
        writer->record = g_realloc(writer->record, writer->record_room);
    }
    guint8 *body = writer->record + CONTAINER_HEAD;
    repo_store32(writer->record, (guint32) length | flags);
    if (!repo_record_seal(writer->cipher, index, writer->record, data, length, body,
                          body + length)) {
        writer->failed = true;
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "OpenSSL could not encrypt");
        return false;
    }
    return write_all(writer, writer->record, length + CONTAINER_AROUND, error);
}

static bool usable(struct repo_writer *writer, GError **error)
{
    if (!writer->failed)
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, NULL,
                      "\"%s/%s\" cannot be written any more: an earlier write failed",
                      writer->folder, writer->name);
    return false;
}

bool repo_writer_put(struct repo_writer *writer, const void *data, gsize length, GError **error)
{
    g_assert(!writer->ended);
    if (!usable(writer, error))
        return false;
    if (writer->cipher == NULL) {
        writer->size += length;
        return write_all(writer, data, length, error);
    }
    const guint8 *bytes = data;
    while (length > 0) {
        guint32 part = (guint32) MIN(length, (gsize) CONTAINER_MOST);
        if (!put_record(writer, bytes, part, 0, writer->lengths->len, error))
            return false;
        g_array_append_val(writer->lengths, part);
        writer->size += part;
        bytes += part;
        length -= part;
    }
    return true;
}

/* The table of the records, by which any of them is found, and no end can be cut off unseen. */
bool repo_writer_end(struct repo_writer *writer, GError **error)
{
    if (!usable(writer, error))
        return false;
    if (writer->ended || writer->cipher == NULL) {
        writer->ended = true;
        return true;
    }
    guint count = writer->lengths->len;
    guint done = 0;
    guint64 index = count;
    g_autofree guint8 *table = g_malloc(4 * (gsize) MAX(MIN(count, CONTAINER_PART), 1));
    do {
        guint part = MIN(count - done, CONTAINER_PART);
        for (guint i = 0; i < part; i++)
            repo_store32(table + 4 * (gsize) i,
                         g_array_index(writer->lengths, guint32, done + i));
        done += part;
        guint32 flags = CONTAINER_TABLE | (done == count ? CONTAINER_LAST : 0);
        if (!put_record(writer, table, 4 * (gsize) part, flags, index++, error))
            return false;
    } while (done < count);

    guint8 trailer[CONTAINER_TRAILER];
    repo_store64(trailer, count);
    put_magic(trailer + 8, CONTAINER_END_MAGIC);
    writer->ended = true;
    return write_all(writer, trailer, sizeof trailer, error);
}

/* ---- durable and visible ------------------------------------------------------------------ */

bool repo_writer_sync(struct repo_writer *writer, GError **error)
{
    if (!usable(writer, error))
        return false;
    /* After a failure the kernel may have dropped the pages: a second try that succeeds would
     * say nothing. */
    if (fdatasync(writer->fd) != 0)
        return fail(writer, "sync", errno, error);
    return true;
}

bool repo_writer_show(struct repo_writer *writer, const char *name, bool keep, bool *ret_exists,
                      GError **error)
{
    if (ret_exists != NULL)
        *ret_exists = false;
    if (!usable(writer, error))
        return false;
    if (fsync(writer->fd) != 0)
        return fail(writer, "sync", errno, error);

    int folder = writer->folder_fd;
    if (!keep && renameat(folder, writer->name, folder, name) != 0)
        return fail(writer, "rename", errno, error);
    if (keep) {
        if (linkat(folder, writer->name, folder, name, 0) != 0) {
            if (errno != EEXIST)
                return fail(writer, "link", errno, error);
            if (ret_exists != NULL)
                *ret_exists = true;
            return true;
        }
        if (unlinkat(folder, writer->name, 0) != 0)
            return fail(writer, "unlink", errno, error);
    }
    g_free(writer->name);
    writer->name = g_strdup(name);
    writer->shown = true;
    if (fsync(folder) != 0)
        return fail(writer, "sync the folder of", errno, error);
    return true;
}

guint64 repo_writer_size(const struct repo_writer *writer)
{
    return writer->size;
}

guint64 repo_writer_stored(const struct repo_writer *writer)
{
    return writer->stored;
}

char *repo_writer_sha256(struct repo_writer *writer)
{
    guint8 hash[32];
    g_assert(writer->hash != NULL);
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    bool ok = EVP_MD_CTX_copy_ex(copy, writer->hash) == 1 &&
              EVP_DigestFinal_ex(copy, hash, NULL) == 1;
    EVP_MD_CTX_free(copy);
    if (!ok)
        g_error("SHA-256 is not to be had from OpenSSL");
    return repo_hex(hash, sizeof hash);
}

void repo_writer_free(struct repo_writer *writer)
{
    if (writer == NULL)
        return;
    if (writer->fd >= 0 && !writer->shown)
        unlinkat(writer->folder_fd, writer->name, 0);
    if (writer->fd >= 0)
        close(writer->fd);
    if (writer->folder_fd >= 0)
        close(writer->folder_fd);
    EVP_MD_CTX_free(writer->hash);
    EVP_CIPHER_CTX_free(writer->cipher);
    if (writer->lengths != NULL)
        g_array_unref(writer->lengths);
    g_free(writer->record);
    g_free(writer->name);
    g_free(writer->folder);
    g_free(writer);
}

bool repo_file_write(const char *folder, const char *name, const struct repo_key *key,
                     const void *data, gsize length, GError **error)
{
    AUTO(repo_writer) writer = repo_writer_new(folder, key, error);
    return writer != NULL && repo_writer_put(writer, data, length, error) &&
           repo_writer_end(writer, error) && repo_writer_show(writer, name, false, NULL, error);
}
