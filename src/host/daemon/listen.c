/*
 * Where and how HTTP is answered, as the settings say it.
 */
#include "daemon/daemon_private.h"
#include "daemon/journal.h"
#include "http/command_token.h"

#include <string.h>

static void warn(const char *text, gpointer data)
{
    (void) data;
    journal_say(JOURNAL_WARNING, "%s", text);
}

/* Another name is one behind which there is a proxy: it brings the network to us, and open is then
 * what somebody has said, not what nobody thought of. */
static bool is_open(const struct settings *settings)
{
    bool named = settings_list(settings, "http.names")[0] != NULL;

    return strcmp(settings_string(settings, "http.view"), "open") == 0 &&
           (!named || settings_is_set(settings, "http.view"));
}

/* Borrows from the settings and from tokens. */
static bool plan_of(struct daemon *daemon, const struct settings *settings, const char *tokens,
                    struct http_plan *ret_plan, GError **error)
{
    *ret_plan = (struct http_plan){
        .certificate = settings_string(settings, "http.tls_certificate"),
        .key = settings_string(settings, "http.tls_key"),
        .tokens = tokens,
        .names = settings_list(settings, "http.names"),
        .open = is_open(settings),
        .actions = settings_bool(settings, "http.actions"),
        .routes = daemon_routes,
        .files = http_web_files,
        .warn = warn,
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

/* Puts the settings in force. False: what was in force still is. */
static bool put(struct daemon *daemon, const struct http_plan *plan, GError **error)
{
    struct http *next = plan->listen.off ? NULL : http_start(plan, daemon->http, error);

    if (next == NULL && !plan->listen.off)
        return false;
    g_clear_pointer(&daemon->http, http_stop);
    daemon->http = next;
    daemon->http_open = next != NULL && http_open(next);
    daemon->http_actions = next != NULL && http_acts(next);
    daemon->listen = plan->listen;
    return true;
}

bool daemon_listen(struct daemon *daemon, GError **error)
{
    g_autofree char *tokens = token_path(daemon->settings);
    struct http_plan plan;

    if (!plan_of(daemon, daemon->settings, tokens, &plan, error) || !put(daemon, &plan, error))
        return false;
    g_free(daemon->listen_sense);
    daemon->listen_sense = sense_of(daemon->settings);
    return true;
}

char *daemon_where(const struct daemon *daemon)
{
    g_autofree char *where = daemon->http != NULL ? http_where(daemon->http) : NULL;

    if (where == NULL)
        return g_strdup("HTTP off");
    return g_strdup_printf("%s on %s", http_secure(daemon->http) ? "HTTPS" : "HTTP", where);
}

/* why: an error's text, its hint on a line of its own. */
static void open_event(struct daemon *daemon, const char *why)
{
    gsize reason = strcspn(why, "\n");
    g_autofree char *where = daemon->http != NULL ? http_where(daemon->http) : NULL;
    g_autofree char *stays = where != NULL
                                 ? g_strdup_printf("HTTP stays where it was, on %s", where)
                                 : g_strdup("there is no HTTP until then");
    g_autofree char *message = g_strdup_printf("%.*s; %s, and it is tried again%s",
                                               (int) reason, why, stays, why + reason);

    events_open(daemon->events, &(struct store_event){
                                    .target = "",
                                    .name = "http",
                                    .severity = "warning",
                                    .opened_us = g_get_real_time(),
                                    .message = message,
                                });
}

static void say_where(struct daemon *daemon)
{
    g_autofree char *where = daemon_where(daemon);

    daemon->listen_late = false;
    journal_say(JOURNAL_NOTICE, "%s", where);
    events_close(daemon->events, "", "http", g_get_real_time(), "it is as the settings say");
}

/* Where it cannot be had where it is to be, all else is in force where it was: what the settings
 * forbid by now nobody may do a moment longer. */
static void stay(struct daemon *daemon, const struct http_plan *plan)
{
    struct http_plan here = *plan;

    here.listen = daemon->listen;
    if (here.listen.length > 0 && put(daemon, &here, NULL))
        return;
    g_clear_pointer(&daemon->http, http_stop);
    daemon->http_open = daemon->http_actions = false;
}

static void listen_anew(struct daemon *daemon, bool again)
{
    g_autofree char *tokens = token_path(daemon->settings);
    g_autoptr(GError) error = NULL;
    struct http_plan plan;

    if (!plan_of(daemon, daemon->settings, tokens, &plan, &error))
        return;
    if (put(daemon, &plan, &error)) {
        say_where(daemon);
        return;
    }
    daemon->listen_late = true;
    /* Another address at our port can only be had once ours is given up; at the next tick. */
    if (!again && http_listen_same_port(&plan.listen, &daemon->listen))
        g_clear_pointer(&daemon->http, http_stop);
    else
        stay(daemon, &plan);
    open_event(daemon, error->message);
}

void daemon_listen_anew(struct daemon *daemon)
{
    char *sense = sense_of(daemon->settings);
    bool same = g_strcmp0(daemon->listen_sense, sense) == 0;

    g_free(daemon->listen_sense);
    daemon->listen_sense = sense;
    if (!same)
        listen_anew(daemon, false);
}

void daemon_listen_tick(struct daemon *daemon)
{
    if (daemon->listen_late)
        listen_anew(daemon, true);
}
