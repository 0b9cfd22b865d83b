/*
 * Any bytes as Go source: every call that is found stands where it says, a value is told only for
 * an argument, and comments and strings around the text change nothing about it.
 */
#include "connections_pool.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static guint lines_of(const char *text, gsize length)
{
    guint lines = 1;

    for (gsize i = 0; i < length; i++)
        lines += text[i] == '\n';
    return lines;
}

static const struct connections_pool_found *at(const GArray *calls, guint position)
{
    return &g_array_index(calls, struct connections_pool_found, position);
}

/* A comment with a call in front, and the same in a string: both are no calls. */
static void check_prefixed(const char *text, gsize length, const GArray *calls)
{
    static const char prefix[] = "/* db.SetMaxOpenConns(7)\n */ \n";
    g_autofree char *longer = g_malloc(length + sizeof prefix);

    memcpy(longer, prefix, sizeof prefix - 1);
    if (length > 0)
        memcpy(longer + sizeof prefix - 1, text, length);
    g_autoptr(GArray) again = connections_pool_read_source(longer, length + sizeof prefix - 1);
    g_assert(again->len == calls->len);
    for (guint i = 0; i < calls->len; i++) {
        g_assert(at(again, i)->line == at(calls, i)->line + 2);
        g_assert(at(again, i)->known == at(calls, i)->known);
        g_assert(at(again, i)->value == at(calls, i)->value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *) data;
    g_autoptr(GArray) calls = connections_pool_read_source(text, size);
    guint lines = lines_of(text, size);
    static const char *const none[] = {NULL};
    const struct connections_app app = {
        .name = "a", .max_open = 25, .applications = none, .roles = none, .clients = none};

    for (guint i = 0; i < calls->len; i++) {
        const struct connections_pool_found *call = at(calls, i);
        const char *name = connections_pool_call_name(call->call);
        g_assert(call->line >= 1 && call->line <= lines);
        g_assert(i == 0 || call->line >= at(calls, i - 1)->line);
        g_assert(g_strstr_len(text, (gssize) size, name) != NULL || memchr(text, 0, size));
        g_assert(g_utf8_validate(call->text, -1, NULL));
        g_assert(!call->known || *call->text != '\0');
    }
    check_prefixed(text, size, calls);
    g_autoptr(GArray) rows = connections_source_compare(calls, &app);
    g_assert(rows->len >= CONNECTIONS_POOL_CALLS && rows->len <= calls->len + 3);
    return 0;
}
