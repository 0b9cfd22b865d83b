/* The way in: the usual one, and when every slot is taken the emergency connection. */
#include "backends/backends_enter.h"

#include <string.h>

static void echo(const char *sql, gpointer output)
{
    output_echo(output, sql);
}

static bool is_full(const struct call *call)
{
    return strcmp(call->server->refusal, "53300") == 0;
}

/* The server's words, and the way in that was not given. */
static void fail_full(const GError *refused, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(refused->message, "\nhint: ", 2);

    runbook_error_set(
        error, RUNBOOK_CONNECT,
        "name a way in with --emergency DSN or the setting emergency_conninfo: a role with "
        "pg_use_reserved_connections (from 16), or a superuser",
        "%s", lines[0]);
}

static bool enter_by_emergency(struct call *call, struct backends_entry *entry,
                               const GError *refused, GError **error)
{
    const char *way = settings_string(call->settings, "emergency_conninfo");

    if (way == NULL || *way == '\0') {
        fail_full(refused, error);
        return false;
    }
    entry->emergency_params = (struct session_params){
        .dbname = way,
        .password = call->server->password,
    };
    g_autoptr(GError) failed = NULL;
    entry->session = session_open(&entry->emergency_params, call->feature->name, &failed);
    if (entry->session == NULL) {
        g_prefix_error(&failed, "every slot is taken, and the emergency connection failed: ");
        g_propagate_error(error, g_steal_pointer(&failed));
        return false;
    }
    entry->emergency = true;
    if (call->echo)
        session_set_echo(entry->session, echo, call->output);
    output_note(call->output,
                "every slot is taken: connected by the emergency connection, as "
                "role \"%s\"",
                session_user(entry->session));
    return true;
}

bool backends_enter(struct call *call, struct backends_entry *entry, GError **error)
{
    g_autoptr(GError) refused = NULL;

    *entry = (struct backends_entry){.session = call->guard, .borrowed = call->guard != NULL};
    if (entry->borrowed)
        return true;
    entry->session = call_connect(call, &refused);
    if (entry->session != NULL)
        return true;
    if (is_full(call))
        return enter_by_emergency(call, entry, refused, error);
    g_propagate_error(error, g_steal_pointer(&refused));
    return false;
}

void backends_leave(struct backends_entry *entry)
{
    if (!entry->borrowed)
        g_clear_pointer(&entry->session, session_close);
    g_clear_pointer(&entry->emergency_params.entered, g_free);
}
