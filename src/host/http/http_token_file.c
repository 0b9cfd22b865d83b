/*
 * The file of the tokens. It is read whole and replaced whole: whoever reads it at the same time
 * has the old one or the new one. Two who change it wait for each other at the folder.
 */
#include "error.h"
#include "http/http_token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_BYTES = 1024 * 1024, SECRET_BYTES = 32 };

static void set_io(GError **error, const char *doing, const char *path, int reason)
{
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot %s %s: %s", doing, path,
                      g_strerror(reason));
}

/* ---- reading ---------------------------------------------------------------------------------- */

static bool is_private(int fd, const char *path, GError **error)
{
    struct stat status;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "%s is no file", path);
        return false;
    }
    if (status.st_mode & 077) {
        g_autofree char *hint = g_strdup_printf("chmod 600 %s", path);
        runbook_error_set(error, RUNBOOK_USAGE, hint, "others than its owner may read %s",
                          path);
        return false;
    }
    if (status.st_size > MOST_BYTES) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "%s is too large for a file of tokens",
                          path);
        return false;
    }
    return true;
}

static struct http_tokens *read_open(int fd, const char *path, GError **error)
{
    g_autofree char *text = g_malloc(MOST_BYTES + 1);
    gsize length = 0;
    ssize_t got = 1;

    if (!is_private(fd, path, error))
        return NULL;
    while (got > 0 && length <= MOST_BYTES) {
        got = read(fd, text + length, MOST_BYTES + 1 - length);
        if (got < 0) {
            set_io(error, "read", path, errno);
            return NULL;
        }
        length += (gsize) got;
    }
    return http_tokens_parse(text, length, error);
}

struct http_tokens *http_tokens_read(const char *path, GError **error)
{
    /* Not to hang at a pipe. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 && errno == ENOENT)
        return http_tokens_parse("", 0, error);
    if (fd < 0) {
        set_io(error, "read", path, errno);
        return NULL;
    }
    struct http_tokens *tokens = read_open(fd, path, error);
    close(fd);
    return tokens;
}

/* ---- writing ---------------------------------------------------------------------------------- */

/* Waits for its turn; closing it ends it. */
static int lock_folder(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int fd = -1;

    if (g_mkdir_with_parents(folder, 0700) == 0)
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX) != 0) {
        set_io(error, "open the folder", folder, errno);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

/* Root writes it for the user whose daemon reads it. */
static bool give_away(int fd, int folder, const char *path)
{
    struct stat owner;

    if (geteuid() != 0)
        return true;
    return (stat(path, &owner) == 0 || fstat(folder, &owner) == 0) &&
           fchown(fd, owner.st_uid, owner.st_gid) == 0;
}

static bool write_text(int fd, const char *text)
{
    gsize length = strlen(text);

    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written < 0)
            return false;
        text += written;
        length -= (gsize) written;
    }
    return fsync(fd) == 0;
}

/* A link is replaced, not followed: root writes into the folder of somebody who could point it to any
 * file of root's. */
static bool replace(const char *path, int folder, const char *text, GError **error)
{
    g_autofree char *beside = g_strconcat(path, ".XXXXXX", NULL);
    int fd = g_mkstemp_full(beside, O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0) {
        set_io(error, "write", path, errno);
        return false;
    }
    bool good = fchmod(fd, 0600) == 0 && give_away(fd, folder, path) && write_text(fd, text) &&
                rename(beside, path) == 0;
    if (!good) {
        set_io(error, "write", path, errno);
        unlink(beside);
    }
    close(fd);
    return good && (fsync(folder) == 0 || errno == EINVAL);
}

/* Changes what is in the file and writes it anew. */
static bool change(const char *path,
                   bool (*edit)(struct http_tokens *tokens, gpointer data, GError **error),
                   gpointer data, GError **error)
{
    int folder = lock_folder(path, error);

    if (folder < 0)
        return false;
    AUTO(http_tokens) tokens = http_tokens_read(path, error);
    bool good = tokens != NULL && edit(tokens, data, error);
    if (good) {
        g_autofree char *text = http_tokens_format(tokens);
        good = replace(path, folder, text, error);
    }
    close(folder);
    return good;
}

static bool edit_add(struct http_tokens *tokens, gpointer data, GError **error)
{
    return http_tokens_put(tokens, data, error);
}

static bool edit_remove(struct http_tokens *tokens, gpointer data, GError **error)
{
    return http_tokens_drop(tokens, data, error);
}

/* "pgr_" and 43 characters of base64url. NULL: the system has no randomness. */
static char *new_secret(GError **error)
{
    guchar bytes[SECRET_BYTES];

    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot get random bytes: %s",
                          g_strerror(errno));
        return NULL;
    }
    g_autofree char *text = g_base64_encode(bytes, sizeof bytes);
    g_strdelimit(text, "+", '-');
    g_strdelimit(text, "/", '_');
    text[strcspn(text, "=")] = '\0';
    explicit_bzero(bytes, sizeof bytes);
    return g_strconcat("pgr_", text, NULL);
}

bool http_tokens_add(const char *path, const char *name, enum http_role role, gint64 expires_s,
                     char **ret_secret, GError **error)
{
    g_autofree char *copy = g_strdup(name), *secret = new_secret(error);
    struct http_token token = {
        .name = copy,
        .role = role,
        .created_s = g_get_real_time() / G_USEC_PER_SEC,
        .expires_s = expires_s,
    };

    if (secret == NULL)
        return false;
    http_token_hash(secret, token.hash);
    if (!change(path, edit_add, &token, error))
        return false;
    *ret_secret = g_steal_pointer(&secret);
    return true;
}

bool http_tokens_remove(const char *path, const char *name, GError **error)
{
    g_autofree char *copy = g_strdup(name);

    return change(path, edit_remove, copy, error);
}
