#include "http/http_token.h"

#include "error.h"

#include <openssl/crypto.h>
#include <string.h>

enum { MOST_TOKENS = 1000, HASH_BYTES = 32, MOST_NAME = 64, MOST_SECRET = 128 };

struct http_tokens {
    GPtrArray *list; /* of struct http_token */
};

static const char *const role_names[] = {
    [HTTP_ROLE_NONE] = "none",
    [HTTP_ROLE_VIEWER] = "viewer",
    [HTTP_ROLE_OPERATOR] = "operator",
};

const char *http_role_name(enum http_role role)
{
    return role_names[role];
}

enum http_role http_role_parse(const char *word)
{
    if (strcmp(word, role_names[HTTP_ROLE_VIEWER]) == 0)
        return HTTP_ROLE_VIEWER;
    return strcmp(word, role_names[HTTP_ROLE_OPERATOR]) == 0 ? HTTP_ROLE_OPERATOR
                                                             : HTTP_ROLE_NONE;
}

bool http_token_name_valid(const char *name)
{
    gsize length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789._-");

    return name[length] == '\0' && length >= 1 && length <= MOST_NAME;
}

void http_token_hash(const char *secret, unsigned char ret_hash[32])
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize length = HASH_BYTES;

    g_checksum_update(checksum, (const guchar *) secret, (gssize) strlen(secret));
    g_checksum_get_digest(checksum, ret_hash, &length);
}

/* ---- the file's text -------------------------------------------------------------------------- */

static void free_token(gpointer data)
{
    struct http_token *token = data;

    g_free(token->name);
    g_free(token);
}

static struct http_tokens *tokens_new(void)
{
    struct http_tokens *tokens = g_new0(struct http_tokens, 1);

    tokens->list = g_ptr_array_new_with_free_func(free_token);
    return tokens;
}

void http_tokens_free(struct http_tokens *tokens)
{
    g_ptr_array_unref(tokens->list);
    g_free(tokens);
}

static bool parse_hash(const char *word, unsigned char *ret_hash)
{
    if (strlen(word) != 2 * HASH_BYTES)
        return false;
    for (gsize i = 0; i < HASH_BYTES; i++) {
        int high = g_ascii_xdigit_value(word[2 * i]);
        int low = g_ascii_xdigit_value(word[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_hash[i] = (unsigned char) (high * 16 + low);
    }
    return true;
}

static bool parse_time(const char *word, gint64 *ret_s)
{
    return g_ascii_string_to_signed(word, 10, 0, G_MAXINT64 / G_USEC_PER_SEC, ret_s, NULL);
}

/* What is wrong with it; NULL: nothing. */
static const char *parse_line(const char *line, struct http_token *token)
{
    g_auto(GStrv) words = g_strsplit_set(line, " \t", 16);
    const char *fields[5];
    guint count = 0;

    for (char **word = words; *word != NULL; word++) {
        if (**word == '\0')
            continue;
        if (count == G_N_ELEMENTS(fields))
            return "there are more than five fields";
        fields[count++] = *word;
    }
    if (count < G_N_ELEMENTS(fields))
        return "there are fewer than five fields";
    if (!http_token_name_valid(fields[0]))
        return "the name is not valid";
    token->role = http_role_parse(fields[1]);
    if (token->role == HTTP_ROLE_NONE)
        return "the role is neither viewer nor operator";
    if (!parse_hash(fields[2], token->hash))
        return "the SHA-256 is not 64 hexadecimal digits";
    if (!parse_time(fields[3], &token->created_s) || !parse_time(fields[4], &token->expires_s))
        return "a time is not a number of seconds";
    token->name = g_strdup(fields[0]);
    return NULL;
}

static const struct http_token *find_name(const struct http_tokens *tokens, const char *name)
{
    for (guint i = 0; i < tokens->list->len; i++) {
        const struct http_token *token = tokens->list->pdata[i];
        if (strcmp(token->name, name) == 0)
            return token;
    }
    return NULL;
}

static const char *add_line(struct http_tokens *tokens, const char *line)
{
    struct http_token token = {0};
    const char *fault = parse_line(line, &token);

    if (fault == NULL && find_name(tokens, token.name) != NULL)
        fault = "the name is there twice";
    if (fault == NULL && tokens->list->len == MOST_TOKENS)
        fault = "there are more than 1000 tokens";
    if (fault == NULL)
        g_ptr_array_add(tokens->list, g_memdup2(&token, sizeof token));
    else
        g_free(token.name);
    return fault;
}

struct http_tokens *http_tokens_parse(const char *text, gsize length, GError **error)
{
    AUTO(http_tokens) tokens = tokens_new();
    const char *end = text + length;
    guint number = 0;

    while (text < end) {
        const char *stop = memchr(text, '\n', (gsize) (end - text));
        gsize size = (gsize) ((stop != NULL ? stop : end) - text);
        g_autofree char *line = g_strndup(text, size);
        number++;
        const char *fault = strlen(line) != size ? "there is a byte 0" : NULL;
        g_strstrip(line);
        if (fault == NULL && line[0] != '\0' && line[0] != '#')
            fault = add_line(tokens, line);
        if (fault != NULL) {
            runbook_error_set(error, RUNBOOK_USAGE,
                              "\"pgrunbook token add\" and \"token remove\" write the file",
                              "tokens, line %u: %s", number, fault);
            return NULL;
        }
        text += size + 1;
    }
    return g_steal_pointer(&tokens);
}

char *http_tokens_format(const struct http_tokens *tokens)
{
    GString *text = g_string_new("# name role sha256 created expires; made by \"pgrunbook "
                                 "token\"\n");

    for (guint i = 0; i < tokens->list->len; i++) {
        const struct http_token *token = tokens->list->pdata[i];
        g_string_append_printf(text, "%s %s ", token->name, http_role_name(token->role));
        for (gsize j = 0; j < HASH_BYTES; j++)
            g_string_append_printf(text, "%02x", token->hash[j]);
        g_string_append_printf(text, " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n",
                               token->created_s, token->expires_s);
    }
    return g_string_free(text, FALSE);
}

/* ---- one of them ------------------------------------------------------------------------------ */

guint http_tokens_count(const struct http_tokens *tokens)
{
    return tokens->list->len;
}

const struct http_token *http_tokens_at(const struct http_tokens *tokens, guint index)
{
    return tokens->list->pdata[index];
}

const struct http_token *http_tokens_match_hash(const struct http_tokens *tokens,
                                                const unsigned char hash[32], gint64 now_s)
{
    const struct http_token *found = NULL;

    /* All of them, each as long as the other. */
    for (guint i = 0; i < tokens->list->len; i++) {
        const struct http_token *token = tokens->list->pdata[i];
        if (CRYPTO_memcmp(token->hash, hash, HASH_BYTES) == 0)
            found = token;
    }
    if (found != NULL && found->expires_s != 0 && found->expires_s <= now_s)
        return NULL;
    return found;
}

const struct http_token *http_tokens_match(const struct http_tokens *tokens, const char *secret,
                                           gint64 now_s)
{
    unsigned char hash[HASH_BYTES];

    if (strlen(secret) > MOST_SECRET)
        return NULL;
    http_token_hash(secret, hash);
    return http_tokens_match_hash(tokens, hash, now_s);
}

bool http_tokens_put(struct http_tokens *tokens, const struct http_token *token, GError **error)
{
    const char *fault = NULL;

    if (!http_token_name_valid(token->name))
        fault = "a token's name has letters, digits, '.', '_' and '-', 64 of them at most";
    else if (find_name(tokens, token->name) != NULL)
        fault = "there is a token of that name already: remove it first";
    else if (tokens->list->len == MOST_TOKENS)
        fault = "there are 1000 tokens already: remove some";
    if (fault != NULL) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "%s", fault);
        return false;
    }
    struct http_token *copy = g_memdup2(token, sizeof *token);
    copy->name = g_strdup(token->name);
    g_ptr_array_add(tokens->list, copy);
    return true;
}

bool http_tokens_drop(struct http_tokens *tokens, const char *name, GError **error)
{
    const struct http_token *token = find_name(tokens, name);

    if (token == NULL) {
        runbook_error_set(error, RUNBOOK_USAGE, "\"pgrunbook token list\" shows them",
                          "there is no token of that name");
        return false;
    }
    for (guint i = 0; i < tokens->list->len; i++) {
        if (tokens->list->pdata[i] == token) {
            g_ptr_array_remove_index(tokens->list, i);
            break;
        }
    }
    return true;
}
