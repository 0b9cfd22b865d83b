/* Sessions with a server of ours, and how one that lets no superuser in gets to do so. */
#include "error.h"
#include "server/server.h"
#include "server/server_private.h"

#include <string.h>

/* ---- asking -------------------------------------------------------------------------------- */

/* What roles and databases set for themselves stands above the command line, and this above them.
 * Programs that are given the session's parameters get it too. */
#define SESSION_OPTIONS                                                                        \
    "-c zero_damaged_pages=off -c ignore_checksum_failure=off -c ignore_system_indexes=off "   \
    "-c session_preload_libraries= -c local_preload_libraries="
#define SESSION_OPTIONS_17 " -c event_triggers=off" /* those at login as well */

static char *quoted(const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value, "\\", -1);
    g_autofree char *slashes = g_strjoinv("\\\\", parts);
    g_auto(GStrv) quotes = g_strsplit(slashes, "'", -1);

    return g_strjoinv("\\'", quotes);
}

/* What the environment says of another server is said away, as far as this libpq knows of it. Caller
 * frees. */
static char *neutral(void)
{
    static const char *const words[][2] = {
        {"hostaddr", "''"},
        {"sslmode", "disable"},
        {"sslrootcert", "''"}, /* "system" forbids that */
        {"gssencmode", "disable"},
        {"channel_binding", "disable"},
        {"requirepeer", "''"},
        {"target_session_attrs", "any"},
        {"connect_timeout", "5"},
        {"require_auth", "''"},          /* since 16 */
        {"sslcertmode", "disable"},      /* 16 */
        {"sslnegotiation", "postgres"},  /* 17 */
        {"min_protocol_version", "3.0"}, /* 18 */
    };
    GString *text = g_string_new(NULL);
    PQconninfoOption *known = PQconninfoParse("", NULL);

    for (const PQconninfoOption *option = known; option && option->keyword; option++)
        for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
            if (g_str_equal(option->keyword, words[i][0]))
                g_string_append_printf(text, " %s=%s", words[i][0], words[i][1]);
    PQconninfoFree(known);
    return g_string_free(text, FALSE);
}

/* Of a role that is no superuser. That another sets nothing worse for it nobody can see to. */
#define PLAIN_OPTIONS "-c local_preload_libraries="

static struct session *session_as(struct server *server, const char *database, bool super,
                                  GError **error)
{
    g_autofree char *name = quoted(database);
    g_autofree char *rest = neutral();

    g_free(server->database);
    server->database = g_strdup_printf(
        "dbname='%s' options='%s%s'%s", name, super ? SESSION_OPTIONS : PLAIN_OPTIONS,
        super && server->major >= 17 ? SESSION_OPTIONS_17 : "", rest);
    server->params = (struct session_params){.host = server->place,
                                             .port = SERVER_PORT,
                                             .user = server->roles[server->role],
                                             .dbname = server->database,
                                             .password = SESSION_PASSWORD_NEVER};
    g_clear_error(error);
    return session_open(&server->params, "restore", error);
}

/* The role may not, or has as many sessions as it may have; another may. */
static bool another_role_may(const struct server *server)
{
    static const char *const refusals[] = {"28000", "42501", "53300", NULL};

    return g_strv_contains(refusals, server->params.refusal);
}

/* With each role that may be there: the name may have changed, in the files or while replaying. */
static struct session *session_to(struct server *server, const char *database, GError **error)
{
    guint count = g_strv_length(server->roles);
    bool closed = false; /* to one of them, by the database */

    for (guint tries = 0; tries < count; tries++) {
        struct session *session = session_as(server, database, true, error);
        if (session == NULL && g_str_equal(server->params.refusal, "42501"))
            session = session_as(server, database, false, error);
        if (session != NULL || !another_role_may(server))
            return session;
        closed = closed || g_str_equal(server->params.refusal, "42501");
        server->role = (server->role + 1) % count;
    }
    if (closed)
        g_strlcpy(server->params.refusal, "42501", sizeof server->params.refusal);
    return NULL;
}

/* There is no such database, or it lets nobody in. */
static bool another_may(const struct server *server)
{
    static const char *const refusals[] = {"3D000", "55000", "42501", NULL};

    return g_strv_contains(refusals, server->params.refusal);
}

/* It has asked everybody. */
static void nobody_may(const struct server *server, GError **error)
{
    if (!g_str_equal(server->params.refusal, "28000") || error == NULL || *error == NULL)
        return;
    const char *message = (*error)->message;
    g_autofree char *last = g_strndup(message, strcspn(message, "\n"));
    g_clear_error(error);
    runbook_error_set(error, RUNBOOK_REFUSED,
                      "backup restore --no-start (and --delta, where this one has written "
                      "already) leaves the "
                      "recovery to your own start; postgres --single lets a role in",
                      "no role of the cluster may log in: %s", last);
}

struct session *server_session(struct server *server, const char *database, GError **error)
{
    static const char *const usual[] = {"postgres", "template1"};
    struct session *session = NULL;

    if (database != NULL) {
        session = session_to(server, database, error);
        if (session == NULL)
            nobody_may(server, error);
        return session;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(usual); i++) {
        session = session_to(server, usual[i], error);
        if (session == NULL)
            nobody_may(server, error);
        if (session != NULL || !another_may(server))
            return session;
    }
    g_auto(GStrv) names = server_databases(server->folder);
    for (char **name = names; *name != NULL && session == NULL && another_may(server); name++)
        session = session_to(server, *name, error);
    return session;
}

/* ---- letting somebody in ------------------------------------------------------------------- */

bool server_session_is_super(struct session *session)
{
    const char *super = PQparameterStatus(session_handle(session), "is_superuser");

    return super != NULL && strcmp(super, "on") == 0;
}

/* Alone, without a postmaster, the server asks nobody's rights. */
static bool let_in(struct server *server, GError **error)
{
    static const char statement[] = "UPDATE pg_catalog.pg_authid SET rolcanlogin = true, "
                                    "rolsuper = true WHERE oid = 10;\n";
    g_auto(GStrv) databases = server_databases(server->folder);
    GPtrArray *words = g_ptr_array_new();

    g_ptr_array_add(words, g_strdup(server->arguments[0]));
    g_ptr_array_add(words, g_strdup("--single"));
    for (char **word = server->arguments + 1; *word != NULL; word++)
        g_ptr_array_add(words, g_strdup(*word));
    g_ptr_array_add(words, g_strdup(databases[0] != NULL ? databases[0] : "template1"));
    g_ptr_array_add(words, NULL);
    g_auto(GStrv) arguments = (char **) g_ptr_array_free(words, FALSE);
    return server_spawn(server, arguments, statement, error) && server_finish(server, error);
}

bool server_admit(struct server *server, GError **error)
{
    if (!server_stop(server, SERVER_FAST, error) || !let_in(server, error))
        return false;
    g_strfreev(server->roles);
    server->roles = server_roles_to_try(server->folder, NULL);
    server->role = 0;
    return server_spawn(server, server->arguments, NULL, error) &&
           server_await(server, 0, NULL, NULL, error);
}
