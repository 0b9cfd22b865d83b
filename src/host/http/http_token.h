/*
 * Tokens: who may look, and who may act. A token is 32 random bytes; the file keeps its SHA-256 and
 * never the token. Comparing takes as long whether or not there is such a token.
 *
 * The file, mode 0600, one token a line: NAME ROLE SHA256 CREATED EXPIRES, times in seconds since
 * 1970, EXPIRES 0: never. '#' begins a comment line.
 */
#ifndef HOST_HTTP_TOKEN_H
#define HOST_HTTP_TOKEN_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

enum http_role { HTTP_ROLE_NONE, HTTP_ROLE_VIEWER, HTTP_ROLE_OPERATOR };

struct http_token {
    char *name; /* letters, digits, '.', '_', '-'; 1 to 64 of them */
    enum http_role role;
    unsigned char hash[32];
    gint64 created_s, expires_s; /* expires 0: never */
};

struct http_tokens; /* the file as it was read */

/* "viewer", "operator". */
const char *http_role_name(enum http_role role);
/* HTTP_ROLE_NONE for a word that is none. */
enum http_role http_role_parse(const char *word);

bool http_token_name_valid(const char *name);
void http_token_hash(const char *secret, unsigned char ret_hash[32]);

/* A file's text, pure. NULL with RUNBOOK_USAGE and the line's number. */
struct http_tokens *http_tokens_parse(const char *text, gsize length, GError **error);
/* No file: no tokens, and no error. RUNBOOK_USAGE when others may read it. */
struct http_tokens *http_tokens_read(const char *path, GError **error);
void http_tokens_free(struct http_tokens *tokens);
AUTO_DEFINE(http_tokens, http_tokens_free)

guint http_tokens_count(const struct http_tokens *tokens);
const struct http_token *http_tokens_at(const struct http_tokens *tokens, guint index);

/* The token that this is; NULL: none, or it has expired. Constant time. */
const struct http_token *http_tokens_match(const struct http_tokens *tokens, const char *secret,
                                           gint64 now_s);

/* The same by its hash. */
const struct http_token *http_tokens_match_hash(const struct http_tokens *tokens,
                                                const unsigned char hash[32], gint64 now_s);

/* The file's text. Caller frees. */
char *http_tokens_format(const struct http_tokens *tokens);

/* Copies the token. RUNBOOK_USAGE: the name is taken or not valid. */
bool http_tokens_put(struct http_tokens *tokens, const struct http_token *token,
                     GError **error);
/* RUNBOOK_USAGE: there is none of that name. */
bool http_tokens_drop(struct http_tokens *tokens, const char *name, GError **error);

/* Writes the file anew with one more token, atomically; ret_secret: shown once. */
bool http_tokens_add(const char *path, const char *name, enum http_role role, gint64 expires_s,
                     char **ret_secret, GError **error);
/* RUNBOOK_USAGE: there is none of that name. */
bool http_tokens_remove(const char *path, const char *name, GError **error);

#endif
