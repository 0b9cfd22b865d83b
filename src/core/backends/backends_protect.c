/* Who must be left alone, whatever is decided. */
#include "backends/backends.h"

#include <string.h>

bool backends_application_matches(const char *application, const char *name)
{
    gsize length = strlen(name);

    if (length == 0 || g_ascii_strncasecmp(application, name, length) != 0)
        return false;
    return !g_ascii_isalpha(application[length]);
}

static const char *no_client(const struct backend *backend)
{
    if (strcmp(backend->type, "walsender") == 0)
        return "it is a walsender: replication, or a base backup";
    if (g_str_has_prefix(backend->type, "autovacuum"))
        return "it is autovacuum";
    if (strcmp(backend->type, "parallel worker") == 0)
        return "it is a parallel worker of another session";
    return "it is a process of the server";
}

const char *backend_protected(const struct backends_policy *policy,
                              const struct backend *backend)
{
    if (backend->self)
        return "it is this very session";
    if (backend->own)
        return "it is a session of pgrunbook";
    if (backend->state == BACKEND_HIDDEN || backend->type == NULL)
        return "our role may not see what it does";
    if (!backend_is_client(backend))
        return no_client(backend);
    for (guint i = 0; policy->applications != NULL && policy->applications[i] != NULL; i++)
        if (backends_application_matches(backend->application, policy->applications[i]))
            return "its application is protected (protected_applications)";
    if (backend->role != NULL && policy->roles != NULL &&
        g_strv_contains(policy->roles, backend->role))
        return "its role is protected (protected_roles)";
    if (backend->superuser && !policy->superusers)
        return "its role is a superuser";
    return NULL;
}

struct backends_policy backends_policy(const struct settings *settings, const char *superusers)
{
    return (struct backends_policy){
        .roles = settings_list(settings, "protected_roles"),
        .applications = settings_list(settings, "protected_applications"),
        .superusers = settings_bool(settings, superusers),
    };
}

char *backend_left_alone(const struct backends *backends, const struct backends_policy *policy,
                         const struct backend *backend)
{
    const struct backend *leader =
        backend->leader != 0 ? backends_find(backends, backend->leader) : NULL;

    backend = leader != NULL ? leader : backend;
    const char *protected = backend_protected(policy, backend);
    if (protected != NULL || backend->may_end)
        return g_strdup(protected);
    if (backend->superuser)
        return g_strdup("only a superuser may end a superuser's session");
    return g_strdup_printf("role \"%s\" may not; GRANT pg_signal_backend TO \"%s\"",
                           backends->looker, backends->looker);
}
