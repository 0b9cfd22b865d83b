#include "http/http_guard.h"

#include <arpa/inet.h>
#include <string.h>

/* ---- headers ---------------------------------------------------------------------------------- */

static bool is_port(const char *text)
{
    gsize digits = strspn(text, "0123456789");

    return digits >= 1 && digits <= 5 && text[digits] == '\0';
}

/* "[::1]:8432" */
static bool six_ours(const char *host)
{
    const char *end = strchr(host, ']');
    struct in6_addr address;

    if (end == NULL || (end[1] != '\0' && (end[1] != ':' || !is_port(end + 2))))
        return false;
    g_autofree char *text = g_strndup(host + 1, (gsize) (end - host) - 1);
    return inet_pton(AF_INET6, text, &address) == 1;
}

bool http_host_ours(const char *host, const char *const *names)
{
    const char *colon = strchr(host, ':');
    struct in_addr address;

    if (host[0] == '[')
        return six_ours(host);
    if (colon != NULL && !is_port(colon + 1))
        return false;
    g_autofree char *name =
        g_strndup(host, colon != NULL ? (gsize) (colon - host) : strlen(host));
    if (inet_pton(AF_INET, name, &address) == 1)
        return true;
    if (g_str_has_suffix(name, "."))
        name[strlen(name) - 1] = '\0';
    if (g_ascii_strcasecmp(name, "localhost") == 0)
        return true;
    for (; names != NULL && *names != NULL; names++)
        if (g_ascii_strcasecmp(name, *names) == 0)
            return true;
    return false;
}

bool http_origin_ours(const char *origin, const char *host, bool tls)
{
    bool secure = g_ascii_strncasecmp(origin, "https://", 8) == 0;
    bool plain = g_ascii_strncasecmp(origin, "http://", 7) == 0;

    if (host == NULL || (!secure && !plain) || (tls && plain))
        return false;
    return g_ascii_strcasecmp(origin + (secure ? 8 : 7), host) == 0;
}

char *http_bearer(const char *authorization)
{
    static const char scheme[] = "Bearer ";
    gsize length = strlen(scheme);

    if (g_ascii_strncasecmp(authorization, scheme, length) != 0)
        return NULL;
    g_autofree char *token = g_strstrip(g_strdup(authorization + length));
    return token[0] != '\0' ? g_steal_pointer(&token) : NULL;
}

/* ---- the decision ----------------------------------------------------------------------------- */

static const struct http_verdict admitted = {0, NULL, NULL};

struct http_verdict http_guard_sender(const struct http_rules *rules,
                                      const struct http_facts *facts)
{
    static const struct http_verdict not_us = {
        421, "that is not a name of this server",
        "use its address, or list the name in the setting http.names"};
    static const struct http_verdict elsewhere = {403, "the request is another site's", NULL};

    /* Without one (HTTP/1.0) no browser speaks. */
    if (facts->host != NULL && !http_host_ours(facts->host, rules->names))
        return not_us;
    if (facts->post && facts->origin != NULL &&
        !http_origin_ours(facts->origin, facts->host, rules->tls))
        return elsewhere;
    if (facts->fetch_site == NULL || strcmp(facts->fetch_site, "same-origin") == 0)
        return admitted;
    /* An address that was typed, or a link to the page that was followed. Whatever else another site
     * has a browser ask for would only make work on the databases. */
    if (facts->post)
        return elsewhere;
    if (facts->need == HTTP_FREE || strcmp(facts->fetch_site, "none") == 0)
        return admitted;
    return elsewhere;
}

struct http_verdict http_guard_role(const struct http_rules *rules,
                                    const struct http_facts *facts)
{
    bool acts = facts->need == HTTP_ACTOR && facts->post;

    /* Whatever is asked for: where a wrong token is answered like none, it can be told from a right
     * one as often as anybody likes. */
    if (facts->pause_s > 0)
        return (struct http_verdict){429, "too many wrong tokens", "wait a little"};
    if (facts->token_given && facts->role == HTTP_ROLE_NONE)
        return (struct http_verdict){401, "there is no such token, or it has expired",
                                     "pgrunbook token add NAME"};
    if (facts->need == HTTP_FREE)
        return admitted;
    if (acts && !rules->actions)
        return (struct http_verdict){403, "actions are off",
                                     "turn them on with the setting http.actions"};
    if (facts->role == HTTP_ROLE_NONE && (acts || !rules->open))
        return (struct http_verdict){401, "a token is needed", "pgrunbook token add NAME"};
    if (acts && facts->role != HTTP_ROLE_OPERATOR)
        return (struct http_verdict){403, "only operators may act",
                                     "pgrunbook token add NAME --role operator"};
    if (acts && g_strcmp0(facts->act, "act") != 0)
        return (struct http_verdict){403, "the header X-Pgrunbook: act is missing", NULL};
    return admitted;
}
