#include "http/http_query.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 4096, MOST_VALUES = 32 };

struct http_query {
    char *authority; /* NULL: none */
    char *path;
    GHashTable *values; /* name → value */
};

/* Percent escapes, and '+' for a blank where `plus`. NULL: malformed. */
static char *decode(const char *text, gsize length, bool plus)
{
    g_autoptr(GString) decoded = g_string_sized_new(length);

    for (gsize i = 0; i < length; i++) {
        char byte = text[i];
        if (byte == '%') {
            if (length - i < 3 || !g_ascii_isxdigit(text[i + 1]) ||
                !g_ascii_isxdigit(text[i + 2]))
                return NULL;
            byte = (char) (g_ascii_xdigit_value(text[i + 1]) << 4 |
                           g_ascii_xdigit_value(text[i + 2]));
            i += 2;
        } else if (byte == '+' && plus) {
            byte = ' ';
        }
        if (byte == '\0')
            return NULL;
        g_string_append_c(decoded, byte);
    }
    if (!g_utf8_validate_len(decoded->str, decoded->len, NULL))
        return NULL;
    return g_strdup(decoded->str);
}

static bool add_pair(struct http_query *query, const char *text, gsize length)
{
    const char *equals = memchr(text, '=', length);
    gsize name_length = equals != NULL ? (gsize) (equals - text) : length;
    g_autofree char *name = decode(text, name_length, true);
    g_autofree char *value =
        equals != NULL ? decode(equals + 1, length - name_length - 1, true) : g_strdup("");

    if (name == NULL || value == NULL || g_hash_table_contains(query->values, name) ||
        g_hash_table_size(query->values) >= MOST_VALUES)
        return false;
    return g_hash_table_insert(query->values, g_steal_pointer(&name), g_steal_pointer(&value));
}

static bool add_pairs(struct http_query *query, const char *text, gsize length)
{
    while (length > 0) {
        const char *end = memchr(text, '&', length);
        gsize here = end != NULL ? (gsize) (end - text) : length;
        if (here > 0 && !add_pair(query, text, here))
            return false;
        gsize used = here + (end != NULL);
        text += used;
        length -= used;
    }
    return true;
}

static struct http_query *query_new(void)
{
    struct http_query *query = g_new0(struct http_query, 1);

    query->values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return query;
}

/* Whether it begins with the scheme of an absolute form; *ret_length: how long that is. */
static bool is_absolute(const char *text, gsize length, gsize *ret_length)
{
    static const char *const schemes[] = {"http://", "https://"};

    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        *ret_length = strlen(schemes[i]);
        if (length > *ret_length && g_ascii_strncasecmp(text, schemes[i], *ret_length) == 0)
            return true;
    }
    return false;
}

/* How many bytes of it are the authority; 0: there is none, or one that says who asks as well. */
static gsize authority_of(const char *text, gsize length)
{
    gsize end = 0;

    for (; end < length && strchr("/?", text[end]) == NULL; end++)
        if (text[end] == '@' || text[end] == '\0')
            return 0;
    return end;
}

/* RFC 9112, 3.2.2: what a proxy is asked has to be understood by others as well. */
static struct http_query *parse_absolute(const char *text, gsize length)
{
    gsize authority = authority_of(text, length);

    if (authority == 0)
        return NULL;
    g_autofree char *rest =
        g_strdup_printf("%s%.*s", authority < length && text[authority] == '/' ? "" : "/",
                        (int) (length - authority), text + authority);
    struct http_query *query = http_query_parse(rest, strlen(rest));
    if (query != NULL)
        query->authority = g_strndup(text, authority);
    return query;
}

struct http_query *http_query_parse(const char *text, gsize length)
{
    gsize scheme = 0;

    if (length == 0 || length > LONGEST || memchr(text, '\0', length) != NULL)
        return NULL;
    if (is_absolute(text, length, &scheme))
        return parse_absolute(text + scheme, length - scheme);
    if (text[0] != '/')
        return NULL;
    AUTO(http_query) query = query_new();
    const char *mark = memchr(text, '?', length);
    gsize path_length = mark != NULL ? (gsize) (mark - text) : length;

    query->path = decode(text, path_length, false);
    if (query->path == NULL)
        return NULL;
    if (mark != NULL && !add_pairs(query, mark + 1, length - path_length - 1))
        return NULL;
    return g_steal_pointer(&query);
}

void http_query_free(struct http_query *query)
{
    g_free(query->authority);
    g_free(query->path);
    g_hash_table_unref(query->values);
    g_free(query);
}

const char *http_query_authority(const struct http_query *query)
{
    return query->authority;
}

const char *http_query_path(const struct http_query *query)
{
    return query->path;
}

const char *http_query_value(const struct http_query *query, const char *name)
{
    return g_hash_table_lookup(query->values, name);
}

guint http_query_count(const struct http_query *query)
{
    return g_hash_table_size(query->values);
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(const char *const *) left, *(const char *const *) right);
}

void http_query_each(const struct http_query *query,
                     void (*visit)(const char *name, const char *value, gpointer data),
                     gpointer data)
{
    guint count;
    g_autofree gpointer *names = g_hash_table_get_keys_as_array(query->values, &count);

    qsort(names, count, sizeof *names, by_name);
    for (guint i = 0; i < count; i++)
        visit(names[i], http_query_value(query, names[i]), data);
}

char *http_query_format(const struct http_query *query)
{
    GString *text = g_string_new(NULL);
    guint count;
    g_autofree gpointer *names = g_hash_table_get_keys_as_array(query->values, &count);

    g_string_append_uri_escaped(text, query->path, "/", FALSE);
    qsort(names, count, sizeof *names, by_name);
    for (guint i = 0; i < count; i++) {
        const char *name = names[i];
        g_string_append_c(text, i == 0 ? '?' : '&');
        g_string_append_uri_escaped(text, name, NULL, FALSE);
        g_string_append_c(text, '=');
        g_string_append_uri_escaped(text, http_query_value(query, name), NULL, FALSE);
    }
    return g_string_free(text, FALSE);
}
