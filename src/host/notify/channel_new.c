/*
 * Channels out of settings.
 */
#include "error.h"
#include "notify/channel_private.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* ---- webhooks ------------------------------------------------------------------------------ */

/* Line ends only: a key of random bytes may end with any of the other blanks. */
static void trim_end(char *text, gsize *length)
{
    while (*length > 0 && (text[*length - 1] == '\n' || text[*length - 1] == '\r'))
        text[--*length] = '\0';
}

static GBytes *read_secret(const char *path, struct output *output, GError **error)
{
    g_autoptr(GError) failure = NULL;
    char *text = NULL;
    gsize length = 0;
    struct stat found;

    if (!g_file_get_contents(path, &text, &length, &failure)) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "notify.webhook_secret_file: %s",
                          failure->message);
        return NULL;
    }
    trim_end(text, &length);
    if (length == 0) {
        g_free(text);
        runbook_error_set(error, RUNBOOK_USAGE, "as in: openssl rand -hex 32 >FILE",
                          "notify.webhook_secret_file: \"%s\" is empty", path);
        return NULL;
    }
    if (stat(path, &found) == 0 && found.st_mode & S_IRWXO)
        output_warn(output,
                    "others may read the secret of the webhook in \"%s\"\nhint: chmod "
                    "o= %s",
                    path, path);
    return g_bytes_new_take(text, length);
}

/* "webhook HOST"; the second one there has a 2 behind it. */
static char *name_of(const GPtrArray *channels, const char *host)
{
    g_autofree char *plain = g_strconcat("webhook ", host, NULL);
    guint there = 0;

    for (guint i = 0; i < channels->len; i++) {
        const struct channel *channel = channels->pdata[i];
        g_autoptr(GUri) uri = g_uri_parse(channel->url, G_URI_FLAGS_NONE, NULL);
        there += strcmp(g_uri_get_host(uri), host) == 0;
    }
    return there == 0 ? g_steal_pointer(&plain) : g_strdup_printf("%s (%u)", plain, there + 1);
}

static bool add_webhooks(GPtrArray *channels, const struct settings *settings,
                         struct fetch *fetch, struct output *output, GError **error)
{
    const char *const *urls = settings_list(settings, "notify.webhook");
    const char *path = settings_string(settings, "notify.webhook_secret_file");
    g_autoptr(GBytes) secret = NULL;

    if (urls[0] != NULL && path != NULL && path[0] != '\0') {
        secret = read_secret(path, output, error);
        if (secret == NULL)
            return false;
    }
    for (guint i = 0; urls[i] != NULL; i++) {
        g_autoptr(GUri) uri = g_uri_parse(urls[i], G_URI_FLAGS_NONE, NULL);
        const char *scheme = uri != NULL ? g_uri_get_scheme(uri) : "";
        const char *host = uri != NULL ? g_uri_get_host(uri) : NULL;
        if ((strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) || host == NULL ||
            host[0] == '\0') {
            runbook_error_set(error, RUNBOOK_USAGE,
                              "as in https://alerts.example.com/hooks/pgrunbook",
                              "notify.webhook: not the address of a webhook");
            return false;
        }
        struct channel *channel = g_new0(struct channel, 1);
        channel->name = name_of(channels, host);
        channel->key = g_compute_checksum_for_string(G_CHECKSUM_SHA256, urls[i], -1);
        channel->fetch = fetch;
        channel->url = g_strdup(urls[i]);
        channel->secret = secret != NULL ? g_bytes_ref(secret) : NULL;
        g_ptr_array_add(channels, channel);
    }
    return true;
}

/* ---- mail ---------------------------------------------------------------------------------- */

static bool check_address(const char *setting, const char *text, GError **error)
{
    if (notify_is_address(text))
        return true;
    runbook_error_set(error, RUNBOOK_USAGE, "as in dba@example.com, without a name",
                      "%s: not a mail address: \"%s\"", setting, text);
    return false;
}

char *channels_sender(const struct settings *settings)
{
    const char *from = settings_string(settings, "notify.mail_from");

    return from != NULL && from[0] != '\0' ? g_strdup(from)
                                           : g_strconcat("pgrunbook@", g_get_host_name(), NULL);
}

bool channels_may_mail(const struct settings *settings, const char *list, GError **error)
{
    const char *const *to = settings_list(settings, list);
    const char *own = settings_string(settings, "notify.mail_from");
    g_autofree char *from = channels_sender(settings);

    /* What the machine is called is no matter where nothing is mailed. */
    if (to[0] == NULL && (own == NULL || own[0] == '\0'))
        return true;
    for (guint i = 0; to[i] != NULL; i++)
        if (!check_address(list, to[i], error))
            return false;
    return check_address("notify.mail_from", from, error);
}

/* "mail.example.com" is smtp://mail.example.com. NULL: it is no mail server. */
static char *smtp_url(const char *text)
{
    g_autofree char *url =
        strstr(text, "://") == NULL ? g_strconcat("smtp://", text, NULL) : g_strdup(text);
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
    const char *host = uri != NULL ? g_uri_get_host(uri) : NULL;

    if (host == NULL || host[0] == '\0' ||
        (!g_str_has_prefix(url, "smtp://") && !g_str_has_prefix(url, "smtps://")))
        return NULL;
    return g_steal_pointer(&url);
}

static bool add_mail(GPtrArray *channels, const struct settings *settings, struct fetch *fetch,
                     GError **error)
{
    const char *const *to = settings_list(settings, "notify.mail_to");
    const char *smtp = settings_string(settings, "notify.smtp");
    g_autofree char *from = channels_sender(settings);
    bool direct = smtp != NULL && smtp[0] != '\0';
    g_autoptr(GStrvBuilder) recipients = g_strv_builder_new();

    if (to[0] == NULL)
        return true;
    for (guint i = 0; to[i] != NULL; i++)
        g_strv_builder_add(recipients, to[i]);
    if (!channels_may_mail(settings, "notify.mail_to", error))
        return false;
    g_autofree char *url = direct ? smtp_url(smtp) : NULL;
    if (direct && url == NULL) {
        runbook_error_set(error, RUNBOOK_USAGE, "as in smtp://mail.example.com:25",
                          "notify.smtp: not the address of a mail server");
        return false;
    }
    struct channel *channel = g_new0(struct channel, 1);
    channel->name = g_strdup("mail");
    channel->key = g_strdup("mail");
    channel->fetch = fetch;
    channel->url = g_steal_pointer(&url);
    channel->sendmail = g_strdup(settings_string(settings, "notify.sendmail"));
    channel->from = g_steal_pointer(&from);
    channel->to = g_strv_builder_end(recipients);
    g_ptr_array_add(channels, channel);
    return true;
}

GPtrArray *channels_new(const struct settings *settings, struct fetch *fetch,
                        struct output *output, GError **error)
{
    g_autoptr(GPtrArray) channels = g_ptr_array_new_with_free_func(channel_free);

    if (!add_webhooks(channels, settings, fetch, output, error) ||
        !add_mail(channels, settings, fetch, error))
        return NULL;
    return g_steal_pointer(&channels);
}
