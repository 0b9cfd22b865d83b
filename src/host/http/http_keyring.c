/*
 * The tokens as the file has them now: read again when the file is another. One that cannot be read
 * leaves what was known in force for looking, is told once, and nobody acts meanwhile: it may be that
 * a token was to be taken away. One that is gone: then there are no tokens. One that may not be seen,
 * as its folder may not be entered, is none that is gone.
 */
#include "http/http_private.h"

#include <errno.h>
#include <sys/stat.h>

struct http_keyring {
    char *path; /* NULL: there is none */
    struct http_tokens *tokens;
    struct stat seen;
    int reason; /* why it was not seen; 0: it was */
    bool looked;
    bool doubtful; /* the file cannot be read as it is */
    void (*warn)(const char *text, gpointer data);
    gpointer data;
};

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mode == b->st_mode && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
           a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void doubt(struct http_keyring *keyring, GError *trouble, GError **error)
{
    if (keyring->warn != NULL) {
        g_autofree char *text =
            g_strdup_printf("nobody may act by a token, and who may look stays as it was: %s",
                            trouble->message);
        keyring->warn(text, keyring->data);
    }
    g_propagate_error(error, trouble);
}

const struct http_tokens *http_keyring_look(struct http_keyring *keyring, GError **error)
{
    struct stat now = {0};
    int reason = keyring->path == NULL ? ENOENT : stat(keyring->path, &now) == 0 ? 0 : errno;
    GError *trouble = NULL;

    if (keyring->looked && reason == keyring->reason && same(&now, &keyring->seen))
        return keyring->tokens;
    struct http_tokens *tokens = reason == ENOENT ? http_tokens_parse("", 0, &trouble)
                                                  : http_tokens_read(keyring->path, &trouble);
    keyring->looked = true;
    keyring->reason = reason;
    keyring->seen = now;
    keyring->doubtful = tokens == NULL;
    if (tokens == NULL) {
        doubt(keyring, trouble, error);
        return keyring->tokens;
    }
    g_clear_pointer(&keyring->tokens, http_tokens_free);
    keyring->tokens = tokens;
    return tokens;
}

bool http_keyring_doubtful(const struct http_keyring *keyring)
{
    return keyring->doubtful;
}

struct http_keyring *
http_keyring_new(const char *path, void (*warn)(const char *text, gpointer data), gpointer data)
{
    struct http_keyring *keyring = g_new0(struct http_keyring, 1);

    keyring->path = g_strdup(path);
    keyring->warn = warn;
    keyring->data = data;
    return keyring;
}

void http_keyring_free(struct http_keyring *keyring)
{
    g_clear_pointer(&keyring->tokens, http_tokens_free);
    g_free(keyring->path);
    g_free(keyring);
}
