/*
 * Headers of strangers: Host, Origin and Authorization, one a line. Whatever they are, what was
 * admitted has the shape that it must have.
 */
#include "http/http_guard.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"runbook.example.com", NULL};
    g_autofree char *text = g_strndup((const char *) data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 3);
    guint count = g_strv_length(lines);
    const char *host = count > 0 ? lines[0] : "", *origin = count > 1 ? lines[1] : "";
    bool ours = http_host_ours(host, names);

    if (ours) {
        /* No name but those is let through. */
        g_assert(strpbrk(host, "/@?# \t\r\\%") == NULL || host[0] == '[');
        g_assert(host[0] != '\0');
    }
    if (http_origin_ours(origin, host, true))
        g_assert(g_ascii_strncasecmp(origin, "https://", 8) == 0);
    if (http_origin_ours(origin, host, false))
        g_assert(g_str_has_suffix(origin, host) || strlen(origin) > strlen(host));
    g_autofree char *token = http_bearer(count > 2 ? lines[2] : "");
    g_assert(token == NULL || (token[0] != '\0' && !g_ascii_isspace(token[0])));
    struct http_rules rules = {.tls = size % 2 == 0, .actions = true, .names = names};
    struct http_facts facts = {.host = host,
                               .origin = origin,
                               .post = true,
                               .need = HTTP_ACTOR,
                               .token_given = token != NULL};
    g_assert(http_guard_sender(&rules, &facts).status != 0 || ours);
    g_assert(http_guard_role(&rules, &facts).status != 0);
    return 0;
}
