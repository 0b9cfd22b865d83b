/*
 * A connection string with several hosts: libpq tries them in one go, and a first host that does
 * not answer eats the time of the second. So they are tried here, one attempt each.
 */
#include "error.h"
#include "pg/libpq_library.h"
#include "pg/session_private.h"

#include <string.h>

static void place_free(gpointer data)
{
    struct session_place *place = data;

    g_free(place->host);
    g_free(place->address);
    g_free(place->port);
    g_free(place);
}

/* What libpq makes of our keywords, the environment and the service file together. It is asked
 * with an sslmode that there is not, so that it stops before it connects. */
static PQconninfoOption *effective(const struct session *session)
{
    struct session_keywords keywords = session_keywords_for(session);

    session_keyword(&keywords, "sslmode", "only-to-ask");
    PGconn *asked = PQconnectStartParams(keywords.names, keywords.values, 1);
    PQconninfoOption *options = PQconninfo(asked);
    PQfinish(asked);
    return options;
}

static const char *value_of(const PQconninfoOption *options, const char *name)
{
    for (; options != NULL && options->keyword != NULL; options++)
        if (strcmp(options->keyword, name) == 0)
            return options->val;
    return NULL;
}

static const char *nth(char **list, guint index, guint count)
{
    if (list == NULL)
        return NULL;
    return g_strv_length(list) == count ? list[index] : list[0];
}

static char **split(const char *text)
{
    return text == NULL || *text == '\0' ? NULL : g_strsplit(text, ",", -1);
}

/* Whether libpq can be told of each place apart: counts fit, and no part is empty. */
static bool are_plain(char **list, guint count, bool one_for_all)
{
    guint length = list == NULL ? 0 : g_strv_length(list);

    for (guint i = 0; i < length; i++)
        if (*list[i] == '\0')
            return false;
    return length == 0 || length == count || (one_for_all && length == 1);
}

GPtrArray *session_places(const char *host, const char *address, const char *port)
{
    g_auto(GStrv) hosts = split(host);
    g_auto(GStrv) addresses = split(address);
    g_auto(GStrv) ports = split(port);
    guint count = hosts != NULL       ? g_strv_length(hosts)
                  : addresses != NULL ? g_strv_length(addresses)
                                      : 1;
    GPtrArray *places = g_ptr_array_new_with_free_func(place_free);

    if (count < 2 || !are_plain(hosts, count, false) || !are_plain(addresses, count, false) ||
        !are_plain(ports, count, true))
        return places;
    for (guint i = 0; i < count; i++) {
        struct session_place *place = g_new0(struct session_place, 1);
        place->host = g_strdup(nth(hosts, i, count));
        place->address = g_strdup(nth(addresses, i, count));
        place->port = g_strdup(nth(ports, i, count));
        g_ptr_array_add(places, place);
    }
    return places;
}

/* libpq's default is "any": that counts only where somebody has written it. Anything else somebody
 * has, be it in a service file. */
static bool says_attributes(const struct session_params *params, const char *attributes)
{
    const char *environment = g_getenv("PGTARGETSESSIONATTRS");

    return (attributes != NULL && strcmp(attributes, "any") != 0) ||
           (params->dbname != NULL && strstr(params->dbname, "target_session_attrs") != NULL) ||
           (environment != NULL && *environment != '\0');
}

GPtrArray *session_places_of(struct session *session)
{
    PQconninfoOption *options = effective(session);
    const char *attributes = value_of(options, "target_session_attrs");
    bool said = says_attributes(session->params, attributes);
    /* It goes over all of them twice: libpq's own matter. */
    bool together = said && g_strcmp0(attributes, "prefer-standby") == 0;
    GPtrArray *places = session_places(together ? NULL : value_of(options, "host"),
                                       together ? NULL : value_of(options, "hostaddr"),
                                       value_of(options, "port"));

    session->wants_primary = places->len > 0 && session->params->primary && !said;
    PQconninfoFree(options);
    return places;
}

guint session_hosts(struct session_params *params)
{
    if (!libpq_library_load(NULL))
        return 1;
    struct session form = {.params = params};
    g_autoptr(GPtrArray) places = session_places_of(&form);

    return MAX(places->len, 1);
}

bool session_wants_primary(const struct session *session)
{
    return session->wants_primary;
}

/* ---- trying them ----------------------------------------------------------------------------- */

/* What is worth more to know: that a server is full, then anything a server has said. */
static int weight_of(const char *sqlstate)
{
    return strcmp(sqlstate, "53300") == 0 ? 2 : strcmp(sqlstate, "08001") != 0;
}

/* Each place has its say; the session's SQLSTATE is that of the weightiest. */
static void report_all(struct session *session, const GString *said, const char *sqlstate,
                       guint count, GError **error)
{
    session_set_sqlstate(session, sqlstate);
    runbook_error_set(error, RUNBOOK_CONNECT, session_refusal_hint(sqlstate, said->str),
                      "cannot connect: none of %u hosts %s\ndetail: %s", count,
                      session->wants_primary ? "is a primary that takes a connection"
                                             : "takes a connection",
                      said->str);
}

bool session_attempt_each(struct session *session, const GPtrArray *places, bool *ret_ask,
                          GError **error)
{
    g_autoptr(GString) said = g_string_new(NULL);
    char weightiest[6] = "";

    *ret_ask = false;
    for (guint i = 0; i < places->len; i++) {
        guint at = (session->params->reached + i) % places->len;
        g_autoptr(GError) failed = NULL;
        bool ask;
        if (session_attempt_at(session, g_ptr_array_index(places, at), &ask, &failed)) {
            session->params->reached = at;
            return true;
        }
        if (g_error_matches(failed, RUNBOOK_ERROR, RUNBOOK_INTERRUPTED)) {
            g_propagate_error(error, g_steal_pointer(&failed));
            return false;
        }
        *ret_ask |= ask;
        if (*weightiest == '\0' || weight_of(session->sqlstate) > weight_of(weightiest))
            g_strlcpy(weightiest, session->sqlstate, sizeof weightiest);
        const char *text = failed->message;
        if (g_str_has_prefix(text, "cannot connect: "))
            text += strlen("cannot connect: ");
        g_string_append_printf(said, "%s%.*s", i > 0 ? "; " : "", (int) strcspn(text, "\n"),
                               text);
    }
    report_all(session, said, weightiest, places->len, error);
    return false;
}
