#include "daemon/place.h"

#include "error.h"
#include "pg/libpq_library.h"

#include <libpq-fe.h>
#include <string.h>

/* "-h" and its value, when it was given. */
static void add_option(GStrvBuilder *words, const char *letter, const char *value)
{
    if (value != NULL)
        g_strv_builder_add_many(words, letter, value, NULL);
}

char **place_words(const struct session_params *server)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();

    add_option(words, "-h", server->host);
    add_option(words, "-p", server->port);
    add_option(words, "-U", server->user);
    add_option(words, "-d", server->dbname);
    return g_strv_builder_end(words);
}

bool place_agrees(char *const *words, const char *target, GError **error)
{
    if (words[0] == NULL || target == NULL)
        return true;
    runbook_error_set(error, RUNBOOK_USAGE,
                      "where a target is, its conninfo in the configuration says",
                      "--target does not go with another database, host, port or user");
    return false;
}

char *place_name(const char *dbname)
{
    PQconninfoOption *options = NULL;
    char *name = NULL;
    bool plain = dbname != NULL && strchr(dbname, '=') == NULL && strstr(dbname, "://") == NULL;

    if (plain)
        name = g_strdup(dbname);
    else if (dbname != NULL && libpq_library_load(NULL))
        options = PQconninfoParse(dbname, NULL);
    for (PQconninfoOption *option = options; option && option->keyword; option++)
        if (strcmp(option->keyword, "dbname") == 0 && option->val != NULL && name == NULL)
            name = g_strdup(option->val);
    PQconninfoFree(options);
    if (name == NULL)
        name = g_strdup(g_getenv("PGDATABASE"));
    return name != NULL && name[0] != '\0' ? name : (g_free(name), g_strdup("default"));
}
