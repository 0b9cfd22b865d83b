/*
 * The guard at work: a request's headers as the facts it decides from, the token that comes with
 * it, and what is answered to those who are not admitted.
 */
#include "http/http_guard.h"
#include "http/http_private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

char *http_request_address(const struct http_request *request)
{
    const union MHD_ConnectionInfo *info = microhttpd->get_connection_info(
        request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char text[INET6_ADDRSTRLEN] = "";

    if (info == NULL || info->client_addr == NULL)
        return g_strdup("");
    if (info->client_addr->sa_family == AF_INET6) {
        const struct sockaddr_in6 *six =
            (const struct sockaddr_in6 *) (const void *) info->client_addr;
        inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
    } else {
        const struct sockaddr_in *four =
            (const struct sockaddr_in *) (const void *) info->client_addr;
        inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
    }
    return g_strdup(text);
}

/* Whose token it is; what is free does not ask, but would like to know. */
static void identify(struct http_request *request, const char *secret, struct http_facts *facts)
{
    struct http_desk *desk = request->desk;
    const struct http_tokens *tokens = http_keyring_look(desk->keyring, NULL);
    g_autofree char *address = http_request_address(request);
    gint64 now_us = g_get_monotonic_time();
    const struct http_token *token =
        tokens != NULL ? http_tokens_match(tokens, secret, g_get_real_time() / G_USEC_PER_SEC)
                       : NULL;

    if (token == NULL) {
        facts->pause_s = http_tries_pause(desk->tries, address, now_us);
        if (facts->pause_s == 0)
            http_tries_wrong(desk->tries, address, now_us);
        return;
    }
    http_tries_right(desk->tries, address, now_us);
    request->role = http_keyring_doubtful(desk->keyring) ? HTTP_ROLE_VIEWER : token->role;
    facts->role = request->role;
    memcpy(request->hash, token->hash, sizeof request->hash);
    g_free(request->who);
    request->who = g_strdup(token->name);
}

bool http_admitted_still(const struct http_request *request)
{
    const struct http_tokens *tokens;

    if (request->role == HTTP_ROLE_NONE)
        return true;
    tokens = http_keyring_look(request->desk->keyring, NULL);
    return tokens != NULL && http_tokens_match_hash(tokens, request->hash,
                                                    g_get_real_time() / G_USEC_PER_SEC) != NULL;
}

static void refuse(struct http_request *request, const struct http_verdict *verdict,
                   guint pause_s)
{
    g_autofree char *pause = g_strdup_printf("%u", pause_s);

    if (verdict->status == MHD_HTTP_UNAUTHORIZED)
        http_answer_error_with(request, verdict->status, verdict->error, verdict->hint,
                               "WWW-Authenticate", "Bearer");
    else if (verdict->status == MHD_HTTP_TOO_MANY_REQUESTS)
        http_answer_error_with(request, verdict->status, verdict->error, verdict->hint,
                               "Retry-After", pause);
    else
        http_answer_error(request, verdict->status, verdict->error, verdict->hint);
}

/* A proxy that asks for a password of its own passes it on: no token of ours. */
static bool is_basic(const char *authorization)
{
    return g_ascii_strncasecmp(authorization, "Basic ", strlen("Basic ")) == 0;
}

bool http_admit(struct http_request *request)
{
    struct http_desk *desk = request->desk;
    const struct http_rules rules = {
        .tls = desk->tls,
        .open = desk->open,
        .actions = desk->actions,
        .names = (const char *const *) desk->names,
    };
    const char *authorization = http_request_header(request, "Authorization");
    const char *authority = http_query_authority(request->query);
    struct http_facts facts = {
        .host = authority != NULL ? authority : http_request_header(request, "Host"),
        .origin = http_request_header(request, "Origin"),
        .fetch_site = http_request_header(request, "Sec-Fetch-Site"),
        .act = http_request_header(request, "X-Pgrunbook"),
        .post = request->post,
        .need = request->route != NULL ? request->route->need : HTTP_FREE,
        .token_given = authorization != NULL && !is_basic(authorization),
    };
    struct http_verdict verdict = http_guard_sender(&rules, &facts);

    if (verdict.status == 0) {
        g_autofree char *secret = authorization != NULL ? http_bearer(authorization) : NULL;
        if (secret != NULL)
            identify(request, secret, &facts);
        verdict = http_guard_role(&rules, &facts);
    }
    if (verdict.status != 0)
        refuse(request, &verdict, facts.pause_s);
    return verdict.status == 0;
}
