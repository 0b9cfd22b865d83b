/*
 * The file of the tokens: refused, or written out again and read as the same.
 */
#include "error.h"
#include "http/http_token.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    struct http_tokens *tokens = http_tokens_parse((const char *) data, size, &error);

    if (tokens == NULL) {
        g_assert(g_error_matches(error, RUNBOOK_ERROR, RUNBOOK_USAGE));
        return 0;
    }
    g_autofree char *once = http_tokens_format(tokens);
    AUTO(http_tokens) again = http_tokens_parse(once, strlen(once), NULL);
    g_assert(again != NULL);
    g_autofree char *twice = http_tokens_format(again);
    g_assert(strcmp(once, twice) == 0);
    for (guint i = 0; i < http_tokens_count(tokens); i++)
        g_assert(http_token_name_valid(http_tokens_at(tokens, i)->name));
    g_assert(http_tokens_match(tokens, "pgr_none", 1) == NULL);
    http_tokens_free(tokens);
    return 0;
}
