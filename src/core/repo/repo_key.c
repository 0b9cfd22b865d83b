/* The key of a repository: read, kept out of swap and core files, and what is derived from it. */
#include "repo_private.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_TEXT_MOST = 4096 };

char *repo_hex(const guint8 *bytes, gsize length)
{
    static const char digits[] = "0123456789abcdef";
    char *text = g_malloc(2 * length + 1);
    for (gsize i = 0; i < length; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * length] = '\0';
    return text;
}

static void hmac(const struct repo_key *key, const void *data, gsize length, guint8 ret[32])
{
    unsigned int written = 0;
    if (HMAC(EVP_sha256(), key->bytes, REPO_KEY_BYTES, data, length, ret, &written) == NULL)
        g_error("HMAC-SHA-256 is not to be had from OpenSSL");
}

void repo_key_derive(const struct repo_key *key, const guint8 salt[REPO_SALT_BYTES],
                     guint8 ret_key[REPO_KEY_BYTES])
{
    static const char label[] = "pgrunbook file key";
    guint8 text[sizeof label - 1 + REPO_SALT_BYTES];
    memcpy(text, label, sizeof label - 1);
    memcpy(text + sizeof label - 1, salt, REPO_SALT_BYTES);
    hmac(key, text, sizeof text, ret_key);
}

/* ---- reading it --------------------------------------------------------------------------- */

static bool parse_hex(const char *text, guint8 *ret)
{
    for (gsize i = 0; i < REPO_KEY_BYTES; i++) {
        int high = g_ascii_xdigit_value(text[2 * i]);
        int low = g_ascii_xdigit_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret[i] = (guint8) (high << 4 | low);
    }
    return true;
}

static bool parse_base64(const char *text, guint8 *ret)
{
    gsize length = 0;
    g_autofree char *copy = g_strndup(text, 44);
    if (strspn(copy, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") !=
            43 ||
        copy[43] != '=')
        return false;
    guchar *bytes = g_base64_decode(copy, &length);
    bool ok = length == REPO_KEY_BYTES;
    if (ok)
        memcpy(ret, bytes, REPO_KEY_BYTES);
    OPENSSL_cleanse(bytes, length);
    OPENSSL_cleanse(copy, 44);
    g_free(bytes);
    return ok;
}

static bool parse(const char *text, gsize length, guint8 *ret)
{
    /* 32 bytes are the key itself, whatever they are: a blank at either end belongs to it. */
    if (length == REPO_KEY_BYTES) {
        memcpy(ret, text, REPO_KEY_BYTES);
        return true;
    }
    while (length > 0 && g_ascii_isspace(*text)) {
        text++;
        length--;
    }
    while (length > 0 && g_ascii_isspace(text[length - 1]))
        length--;

    if (length == REPO_KEY_BYTES)
        memcpy(ret, text, REPO_KEY_BYTES);
    return length == REPO_KEY_BYTES || (length == 64 && parse_hex(text, ret)) ||
           (length == 44 && parse_base64(text, ret));
}

static gssize read_all(int fd, char *buffer, gsize most)
{
    gsize length = 0;
    while (length < most) {
        gssize got = read(fd, buffer + length, most - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        length += (gsize) got;
    }
    return (gssize) length;
}

static gssize read_file(const char *file, char *buffer, GError **error)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (fd < 0 || fstat(fd, &about) != 0) {
        runbook_error_set(error, RUNBOOK_REFUSED, NULL,
                          "could not open the key file \"%s\": %s", file, g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (S_ISREG(about.st_mode) && (about.st_mode & 0007) != 0) {
        close(fd);
        runbook_error_set(error, RUNBOOK_REFUSED, "chmod 600 it, or 640 for a group",
                          "the key file \"%s\" may be used by everybody on this machine", file);
        return -1;
    }
    gssize length = read_all(fd, buffer, KEY_TEXT_MOST);
    if (length < 0)
        runbook_error_set(error, RUNBOOK_REFUSED, NULL,
                          "could not read the key file \"%s\": %s", file, g_strerror(errno));
    close(fd);
    return length;
}

static gssize read_command(const char *command, char *buffer, GError **error)
{
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    g_autofree char *out = NULL;
    g_autoptr(GError) cause = NULL;
    int status = 0;
    /* GLib wants char **, and does not change it. */
    if (!g_spawn_sync(NULL, (char **) (gpointer) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out,
                      NULL, &status, &cause) ||
        !g_spawn_check_wait_status(status, &cause)) {
        runbook_error_set(error, RUNBOOK_REFUSED, NULL,
                          "backup.key_command gave no key: %s\ndetail: the command was: %s",
                          cause->message, command);
        if (out != NULL)
            OPENSSL_cleanse(out, strlen(out));
        return -1;
    }
    /* GLib ends the output with a zero: bytes behind a zero of a raw key cannot be told. */
    gsize length = strlen(out);
    gsize taken = MIN(length, (gsize) KEY_TEXT_MOST);
    memcpy(buffer, out, taken);
    OPENSSL_cleanse(out, length);
    return (gssize) taken;
}

static struct repo_key *key_new(void)
{
    struct repo_key *key =
        mmap(NULL, sizeof *key, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (key == MAP_FAILED)
        g_error("out of memory");
    /* Both may be refused to an ordinary user; the key works all the same. */
    (void) mlock(key, sizeof *key);
    (void) madvise(key, sizeof *key, MADV_DONTDUMP);
    return key;
}

struct repo_key *repo_key_load(const char *file, const char *command, bool *ret_none,
                               GError **error)
{
    bool none = file == NULL && command == NULL;
    if (ret_none != NULL)
        *ret_none = none;
    if (none)
        return NULL;

    char text[KEY_TEXT_MOST];
    gssize length =
        file != NULL ? read_file(file, text, error) : read_command(command, text, error);
    if (length < 0)
        return NULL;

    struct repo_key *key = key_new();
    bool ok = parse(text, (gsize) length, key->bytes);
    OPENSSL_cleanse(text, sizeof text);
    if (!ok) {
        repo_key_free(key);
        runbook_error_set(error, RUNBOOK_REFUSED,
                          "make one with: openssl rand -hex 32 > FILE; chmod 600 FILE",
                          "%s is no key: 32 bytes, 64 hexadecimal digits or 44 of base64",
                          file != NULL ? file : "what backup.key_command printed");
        return NULL;
    }
    static const char label[] = "pgrunbook key check";
    guint8 hash[32];
    hmac(key, label, sizeof label - 1, hash);
    memcpy(key->check, hash, REPO_CHECK_BYTES);
    return key;
}

void repo_key_free(struct repo_key *key)
{
    if (key == NULL)
        return;
    OPENSSL_cleanse(key, sizeof *key);
    munmap(key, sizeof *key);
}

char *repo_key_check(const struct repo_key *key)
{
    return repo_hex(key->check, REPO_CHECK_BYTES);
}

/* ---- records ------------------------------------------------------------------------------ */

static void nonce_of(guint64 index, guint8 ret[12])
{
    memset(ret, 0, 4);
    repo_store64(ret + 4, index);
}

bool repo_record_seal(EVP_CIPHER_CTX *context, guint64 index, const guint8 head[4],
                      const guint8 *in, gsize length, guint8 *out, guint8 tag[CONTAINER_TAG])
{
    guint8 nonce[12];
    int written = 0;
    nonce_of(index, nonce);
    return EVP_EncryptInit_ex(context, NULL, NULL, NULL, nonce) == 1 &&
           EVP_EncryptUpdate(context, NULL, &written, head, 4) == 1 &&
           EVP_EncryptUpdate(context, out, &written, in, (int) length) == 1 &&
           EVP_EncryptFinal_ex(context, out + written, &written) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, CONTAINER_TAG, tag) == 1;
}

bool repo_record_open(EVP_CIPHER_CTX *context, guint64 index, const guint8 head[4],
                      const guint8 *in, gsize length, guint8 *out,
                      const guint8 tag[CONTAINER_TAG])
{
    guint8 nonce[12], expected[CONTAINER_TAG];
    int written = 0;
    nonce_of(index, nonce);
    memcpy(expected, tag, sizeof expected);
    return EVP_DecryptInit_ex(context, NULL, NULL, NULL, nonce) == 1 &&
           EVP_DecryptUpdate(context, NULL, &written, head, 4) == 1 &&
           EVP_DecryptUpdate(context, out, &written, in, (int) length) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, CONTAINER_TAG, expected) == 1 &&
           EVP_DecryptFinal_ex(context, out + written, &written) == 1;
}
