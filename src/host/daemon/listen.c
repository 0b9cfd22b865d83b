/*
 * Where and how HTTP is answered, as the settings say it.
 */
#include "daemon/daemon_private.h"
#include "daemon/journal.h"
#include "http/command_token.h"

#include <string.h>

/* Borrows from the settings and from tokens. */
static bool plan_of(struct daemon *daemon, const struct settings *settings, const char *tokens,
                    struct http_plan *ret_plan, GError **error)
{
    *ret_plan = (struct http_plan){
        .certificate = settings_string(settings, "http.tls_certificate"),
        .key = settings_string(settings, "http.tls_key"),
        .tokens = tokens,
        .names = settings_list(settings, "http.names"),
        .open = strcmp(settings_string(settings, "http.view"), "open") == 0,
        .actions = settings_bool(settings, "http.actions"),
        .routes = daemon_routes,
        .files = http_web_files,
        .data = daemon,
    };
    return http_listen_parse(settings_string(settings, "http.listen"), &ret_plan->listen,
                             error);
}

bool daemon_may_listen(const struct settings *settings, GError **error)
{
    g_autofree char *tokens = token_path(settings);
    struct http_plan plan;

    return plan_of(NULL, settings, tokens, &plan, error) && http_plan_check(&plan, error);
}

static void add_setting(const struct setting_view *view, gpointer data)
{
    if (view->section == NULL && g_str_has_prefix(view->name, "http."))
        g_string_append_printf(data, "%s=%s\n", view->name, view->text ? view->text : "");
}

static void add_file(GString *sense, const char *path)
{
    g_autofree char *text = NULL;
    gsize length = 0;

    if (path == NULL || !g_file_get_contents(path, &text, &length, NULL))
        return;
    g_autofree char *sum =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *) text, length);
    g_string_append_printf(sense, "%s\n", sum);
    explicit_bzero(text, length);
}

/* All that it rests on, a certificate's contents included. */
static char *sense_of(const struct settings *settings)
{
    GString *sense = g_string_new(NULL);
    g_autofree char *tokens = token_path(settings);

    settings_each(settings, NULL, add_setting, sense);
    add_file(sense, settings_string(settings, "http.tls_certificate"));
    add_file(sense, settings_string(settings, "http.tls_key"));
    g_string_append(sense, tokens);
    return g_string_free(sense, FALSE);
}

static bool listen_by(struct daemon *daemon, const struct settings *settings, GError **error)
{
    g_autofree char *tokens = token_path(settings);
    struct http_plan plan;

    if (!plan_of(daemon, settings, tokens, &plan, error))
        return false;
    /* First: the new place may be the old port. */
    g_clear_pointer(&daemon->http, http_stop);
    if (!plan.listen.off)
        daemon->http = http_start(&plan, error);
    daemon->http_open = daemon->http != NULL && http_open(daemon->http);
    daemon->http_actions = daemon->http != NULL && http_acts(daemon->http);
    return plan.listen.off || daemon->http != NULL;
}

bool daemon_listen(struct daemon *daemon, GError **error)
{
    if (!listen_by(daemon, daemon->settings, error))
        return false;
    g_free(daemon->listen_sense);
    daemon->listen_sense = sense_of(daemon->settings);
    g_clear_pointer(&daemon->listen_settings, settings_free);
    daemon->listen_settings = settings_copy(daemon->settings);
    return true;
}

char *daemon_where(const struct daemon *daemon)
{
    g_autofree char *where = daemon->http != NULL ? http_where(daemon->http) : NULL;

    if (where == NULL)
        return g_strdup("HTTP off");
    return g_strdup_printf("%s on %s", http_secure(daemon->http) ? "HTTPS" : "HTTP", where);
}

void daemon_listen_anew(struct daemon *daemon)
{
    g_autofree char *sense = sense_of(daemon->settings);
    g_autoptr(GError) error = NULL;

    if (g_strcmp0(daemon->listen_sense, sense) == 0)
        return;
    if (!daemon_listen(daemon, &error)) {
        journal_say(JOURNAL_ERROR, "HTTP stays where it was: %s", error->message);
        listen_by(daemon, daemon->listen_settings, NULL);
    }
    g_autofree char *where = daemon_where(daemon);
    journal_say(JOURNAL_NOTICE, "%s", where);
}
