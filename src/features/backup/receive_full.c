/*
 * After WAL was lost no backup before the loss leads beyond it: a new one is taken at once. Whether
 * one is needed is read from the repository, so that a receiver that died in between loses nothing.
 */
#include "programs/programs.h"
#include "receive.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_PAUSE_S = 60, LONGEST_PAUSE_S = 3600 };

struct receive_full {
    struct call *call;
    GPid child; /* 0: none */
    gint64 next_us, pause_s;
    bool settled; /* nothing is broken, or a newer backup is there */
    bool anew;    /* more was lost while the child was at it */
};

struct receive_full *receive_full_new(struct call *call)
{
    struct receive_full *full = g_new0(struct receive_full, 1);

    full->call = call;
    full->pause_s = FIRST_PAUSE_S;
    return full;
}

void receive_full_free(struct receive_full *full)
{
    if (full->child != 0) {
        kill(full->child, SIGTERM);
        waitpid(full->child, NULL, 0);
    }
    g_free(full);
}

/* ---- whether ------------------------------------------------------------------------------ */

bool receive_full_needed(const GArray *path, const guint64 *broken, const GPtrArray *backups)
{
    guint64 lost = 0;

    for (guint i = 0; i < path->len; i++) {
        const struct wal_stretch *stretch = &g_array_index(path, struct wal_stretch, i);
        if (broken[i] >= stretch->begin && (stretch->end == 0 || broken[i] <= stretch->end))
            lost = MAX(lost, broken[i]);
    }
    for (guint i = 0; i < backups->len; i++) {
        const struct repo_backup *backup = backups->pdata[i];
        if (backup->trouble == NULL && backup->start_lsn > lost &&
            wal_history_leads(path, backup->timeline, backup->start_lsn))
            return false;
    }
    return lost != 0;
}

/* After a failover the loss is marked on the timeline that was left: all that lead to the newest
 * are looked at. Without its history there is only itself. */
static bool is_needed(const struct lineage *lineage)
{
    const struct wal_stretch own = {lineage_newest_timeline(lineage), 0, 0};
    g_autoptr(GArray) path = lineage_history(lineage, own.timeline, NULL, NULL);
    g_autoptr(GPtrArray) backups = lineage_backups(lineage, NULL);
    g_autofree guint64 *broken = NULL;

    if (own.timeline == 0 || backups == NULL)
        return false;
    if (path == NULL) {
        path = g_array_new(FALSE, FALSE, sizeof(struct wal_stretch));
        g_array_append_val(path, own);
    }
    broken = g_new0(guint64, path->len);
    for (guint i = 0; i < path->len; i++)
        broken[i] =
            lineage_broken(lineage, g_array_index(path, struct wal_stretch, i).timeline, NULL);
    return receive_full_needed(path, broken, backups);
}

/* ---- the child ---------------------------------------------------------------------------- */

static void add_option(GPtrArray *words, const char *name, const char *value)
{
    if (value == NULL)
        return;
    g_ptr_array_add(words, g_strdup(name));
    g_ptr_array_add(words, g_strdup(value));
}

static char **command_line(const struct call *call)
{
    GPtrArray *words = g_ptr_array_new();
    const struct session_params *server = call->server;

    g_ptr_array_add(words, programs_self());
    g_ptr_array_add(words, g_strdup("backup"));
    g_ptr_array_add(words, g_strdup("create"));
    add_option(words, "--config", option_value(call->options, "config"));
    add_option(words, "--repo", settings_string(call->settings, "backup.repo"));
    g_ptr_array_add(words, g_strdup("--yes"));
    add_option(words, "--label", "after lost WAL");
    if (call->target != NULL) {
        add_option(words, "--target", call->target);
    } else {
        add_option(words, "--host", server->host);
        add_option(words, "--port", server->port);
        add_option(words, "--username", server->user);
        if (server->dbname != NULL)
            g_ptr_array_add(words, g_strdup(server->dbname));
    }
    g_ptr_array_add(words, NULL);
    return (char **) g_ptr_array_free(words, FALSE);
}

static void start(struct receive_full *full)
{
    g_auto(GStrv) words = command_line(full->call);
    g_autoptr(GError) failure = NULL;

    output_note(full->call->output, "WAL was lost: a new full backup is being taken");
    if (!g_spawn_async(NULL, words, NULL,
                       G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                       &full->child, &failure)) {
        output_warn(full->call->output, "it could not be started: %s", failure->message);
        full->child = 0;
    }
}

static void reap(struct receive_full *full)
{
    int status = 0;

    if (waitpid(full->child, &status, WNOHANG) != full->child)
        return;
    bool anew = full->anew;

    full->child = 0;
    full->anew = false;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        output_note(full->call->output, "the new full backup is complete");
        return;
    }
    if (anew) {
        output_warn(full->call->output, "more WAL was lost while the new full backup was being "
                                        "taken");
        full->next_us = 0;
        return;
    }
    output_warn(
        full->call->output,
        "the new full backup failed: until there is one, nothing behind the loss can be "
        "recovered; tried again in %d s",
        (int) full->pause_s);
    full->next_us = g_get_monotonic_time() + full->pause_s * G_USEC_PER_SEC;
    full->pause_s = MIN(full->pause_s * 2, LONGEST_PAUSE_S);
}

void receive_full_wake(struct receive_full *full)
{
    full->settled = false;
    full->anew = full->child != 0;
    full->next_us = 0;
}

void receive_full_tend(struct receive_full *full, struct lineage *lineage)
{
    if (full->child != 0)
        reap(full);
    if (full->child == 0 && !full->settled && g_get_monotonic_time() >= full->next_us) {
        full->settled = !is_needed(lineage);
        if (!full->settled)
            start(full);
    }
}
