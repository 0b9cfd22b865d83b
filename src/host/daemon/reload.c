/*
 * The settings: read as a whole, checked as a whole, and only then in force.
 */
#include "cli/grammar.h"
#include "daemon/daemon_private.h"
#include "daemon/journal.h"
#include "daemon/systemd.h"
#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static struct settings *read_settings(const struct settings_files *files,
                                      const struct daemon_options *options, GError **error)
{
    AUTO(settings) settings = settings_files_load(files, cli_setting_tables(), error);

    if (settings == NULL)
        return NULL;
    if (options->state != NULL &&
        !settings_override(settings, "state", options->state, "--state", error))
        return NULL;
    return g_steal_pointer(&settings);
}

/* What the files cannot know to be wrong. */
static bool check(const struct settings *settings, const struct daemon_options *options,
                  GError **error)
{
    const char *const *targets = settings_targets(settings);

    if (!daemon_may_listen(settings, error))
        return false;
    if (options->connection[0] != NULL)
        return true;
    if (targets[0] == NULL) {
        runbook_error_set(error, RUNBOOK_USAGE,
                          "add a section [target NAME] with a conninfo (\"pgrunbook config "
                          "sample\" shows how), or name one database: pgrunbook serve -d "
                          "CONNINFO",
                          "there is no target to serve");
        return false;
    }
    for (guint i = 0; targets[i] != NULL; i++) {
        AUTO(settings) target = settings_for_target(settings, targets[i], error);
        if (target == NULL)
            return false;
    }
    if (options->only == NULL || g_strv_contains(targets, options->only))
        return true;
    AUTO(settings) none = settings_for_target(settings, options->only, error);
    return none != NULL;
}

/* The children's copy of the files keeps its descriptor: they are told its number. */
static bool share(struct daemon *daemon, const struct settings_files *files, GError **error)
{
    int fd = settings_files_share(files, error);

    if (fd < 0 || daemon->snapshot < 0) {
        daemon->snapshot = fd;
        return fd >= 0;
    }
    bool replaced = dup3(fd, daemon->snapshot, O_CLOEXEC) >= 0;
    if (!replaced)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot keep the configuration: %s",
                          g_strerror(errno));
    close(fd);
    return replaced;
}

bool daemon_load(struct daemon *daemon, GError **error)
{
    AUTO(settings_files) files = settings_files_read(daemon->options->config, error);

    if (files == NULL)
        return false;
    AUTO(settings) settings = read_settings(files, daemon->options, error);
    if (settings == NULL || !check(settings, daemon->options, error) ||
        !share(daemon, files, error))
        return false;
    g_clear_pointer(&daemon->settings, settings_free);
    daemon->settings = g_steal_pointer(&settings);
    return true;
}

static void say_state_stays(const struct daemon *daemon)
{
    g_autofree char *path = settings_state_path(daemon->settings);

    if (g_strcmp0(path, daemon->state) != 0)
        journal_say(JOURNAL_WARNING, "the history stays %s until the daemon is started again",
                    daemon->state);
}

static void refuse(struct daemon *daemon, const GError *error)
{
    struct store_event event = {
        .target = "",
        .name = "configuration",
        .severity = "warning",
        .opened_us = g_get_real_time(),
    };
    g_autofree char *message = g_strdup_printf(
        "the new configuration is refused, the old one stays in force: %s", error->message);

    event.message = message;
    /* Another fault than before is said as well. */
    events_close(daemon->events, "", event.name, event.opened_us, "it was read again");
    events_open(daemon->events, &event);
}

void daemon_reload(struct daemon *daemon)
{
    g_autoptr(GError) error = NULL;

    systemd_reloading();
    if (daemon_load(daemon, &error)) {
        journal_say(JOURNAL_NOTICE, "the configuration was read again");
        events_close(daemon->events, "", "configuration", g_get_real_time(),
                     "the configuration is in order");
        daemon_apply(daemon);
        daemon_listen_anew(daemon);
        say_state_stays(daemon);
    } else {
        refuse(daemon, error);
    }
    systemd_tell("READY=1");
}
