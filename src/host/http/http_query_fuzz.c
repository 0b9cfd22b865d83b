/*
 * What comes from the network and from the file: refused, or written out again and read as the same.
 */
#include "error.h"
#include "http/http_listen.h"
#include "http/http_query.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_query(const char *text, gsize length)
{
    AUTO(http_query) query = http_query_parse(text, length);

    if (query == NULL)
        return;
    g_assert(http_query_path(query)[0] == '/');
    g_assert(g_utf8_validate(http_query_path(query), -1, NULL));
    const char *authority = http_query_authority(query);
    g_assert(text[0] == '/' ? authority == NULL
                            : authority[0] != '\0' && strpbrk(authority, "/?@") == NULL);
    g_autofree char *once = http_query_format(query);
    if (strlen(once) > 4096) /* escapes make it longer than what may be asked */
        return;
    AUTO(http_query) again = http_query_parse(once, strlen(once));
    g_assert(again != NULL);
    g_autofree char *twice = http_query_format(again);
    g_assert(strcmp(once, twice) == 0);
    g_assert(http_query_count(query) == http_query_count(again));
    g_assert(strcmp(http_query_path(query), http_query_path(again)) == 0);
    g_assert(http_query_authority(again) == NULL);
}

static void check_listen(const char *text)
{
    g_autoptr(GError) error = NULL;
    struct http_listen listen, again;

    if (!http_listen_parse(text, &listen, &error)) {
        g_assert(g_error_matches(error, RUNBOOK_ERROR, RUNBOOK_USAGE));
        return;
    }
    g_autofree char *once = http_listen_format(&listen);
    g_assert(http_listen_parse(once, &again, NULL));
    g_autofree char *twice = http_listen_format(&again);
    g_assert(strcmp(once, twice) == 0);
    g_assert(http_listen_local(&listen) == http_listen_local(&again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *) data, size);

    check_query((const char *) data, size);
    check_listen(text);
    return 0;
}
