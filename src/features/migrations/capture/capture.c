/* The command, from the connection to the exit code. */
#include "capture/capture.h"

#include "error.h"
#include "migrations_commands.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void clear(struct capture *capture)
{
    shadow_auto(&capture->shadow);
    session_auto(&capture->target);
    snapshot_auto(&capture->before);
    snapshot_auto(&capture->after);
    capture_log_auto(&capture->log);
    g_clear_pointer(&capture->parts, g_ptr_array_unref);
    g_clear_pointer(&capture->files, g_ptr_array_unref);
    g_clear_pointer(&capture->wrong_down, g_ptr_array_unref);
    g_clear_pointer(&capture->wrong_up, g_ptr_array_unref);
    g_clear_pointer(&capture->last, g_free);
}

static bool name_fits(const char *name, GError **error)
{
    if (name[0] != '\0' && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789_-") == strlen(name))
        return true;
    runbook_error_set(error, RUNBOOK_USAGE, "letters, digits, _ and -",
                      "\"%s\" cannot be the name of a migration", name);
    return false;
}

static const char *name_of(const struct capture *capture)
{
    const char *name = option_value(capture->call->options, "name");

    return name != NULL ? name : "capture";
}

static bool has_scripts(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    bool found = false;

    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;)
        found = found || g_str_has_suffix(name, ".sql");
    if (dir != NULL)
        g_dir_close(dir);
    return found;
}

/* The version as the file has it, "000006": how many digits it has is lost in the folder's. */
static char *version_of(const struct folder_migration *migration)
{
    const struct folder_script *script =
        migration->up != NULL ? migration->up : migration->down;
    g_autofree char *file = g_path_get_basename(script->file);
    const char *digits = file + (file[0] == 'V');

    return g_strndup(digits, strspn(digits, "0123456789"));
}

/* A folder that is not there yet, or empty, is anybody's: golang-migrate's unless it is said. */
bool capture_look_at_folder(struct capture *capture, GError **error)
{
    const struct settings *settings = capture->call->settings;
    enum folder_format said = FOLDER_AUTO;

    folder_format_parse(settings_string(settings, "migrations.format"), &said);
    capture->format = said != FOLDER_AUTO ? said : FOLDER_GOLANG_MIGRATE;
    capture->dir = settings_string(settings, "migrations.dir");
    if (capture->dir == NULL || !has_scripts(capture->dir))
        return true;
    AUTO(folder) folder = folder_read(capture->dir, said, error);
    if (folder == NULL)
        return false;
    capture->format = folder->format;
    if (folder->migrations->len > 0) {
        const struct folder_migration *newest =
            folder->migrations->pdata[folder->migrations->len - 1];
        capture->last = version_of(newest);
    }
    return true;
}

/* ---- files --------------------------------------------------------------------------------- */

/* The person's words, as in a shell. */
static char *program_text(const struct capture *capture)
{
    return g_strjoinv(" ", (char **) (gsize) capture->call->arguments);
}

bool capture_propose(struct capture *capture, GError **error)
{
    struct past_server server;

    if (!past_server_open(&server, capture->target, error))
        return false;
    struct capture_past past = past_server_ask(&server);
    capture->parts = capture_parts(capture->log->statements);
    for (guint i = 0; i < capture->parts->len; i++) {
        struct capture_part *part = capture->parts->pdata[i];
        AUTO(capture_down) down = capture_down_new(part->up, &past);
        g_ptr_array_extend_and_steal(part->down, g_steal_pointer(&down->statements));
        g_ptr_array_extend_and_steal(part->notes, g_steal_pointer(&down->notes));
    }
    bool asked = server.error == NULL;
    if (!asked)
        g_propagate_error(error, g_steal_pointer(&server.error));
    past_server_close(&server);
    g_autofree char *program = program_text(capture);
    struct capture_heading heading = {name_of(capture), program};
    capture->files = capture_files(capture->parts, capture->format, capture->last,
                                   g_get_real_time(), &heading);
    return asked;
}

static bool write_file(const char *path, const char *text, GError **error)
{
    int file = g_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    gsize length = strlen(text);
    bool written = file >= 0 && write(file, text, length) == (ssize_t) length;
    int cause = errno; /* close() may change it */

    if (file >= 0 && close(file) != 0 && written) {
        written = false;
        cause = errno;
    }
    if (!written)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not write \"%s\": %s", path,
                          g_strerror(cause));
    return written;
}

bool capture_write(struct capture *capture, GError **error)
{
    if (capture->dir == NULL)
        return true;
    if (g_mkdir_with_parents(capture->dir, 0777) != 0) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not make \"%s\": %s",
                          capture->dir, g_strerror(errno));
        return false;
    }
    for (guint i = 0; i < capture->files->len; i++) {
        const struct capture_file *file = capture->files->pdata[i];
        g_autofree char *path = g_build_filename(capture->dir, file->name, NULL);
        if (!write_file(path, file->text, error))
            return false;
    }
    return true;
}

/* ---- the command --------------------------------------------------------------------------- */

static bool work(struct capture *capture, GError **error)
{
    if (!name_fits(name_of(capture), error) || !capture_look_at_folder(capture, error))
        return false;
    capture->target = call_connect(capture->call, error);
    return capture->target != NULL && capture_observe(capture, error) &&
           capture_propose(capture, error) && capture_prove(capture, error) &&
           capture_write(capture, error);
}

/* An up file that does not lead to what the program has made is of no use; a way back that does not
 * lead all the way is to be completed by hand. */
static enum runbook_exit judge(const struct capture *capture)
{
    if (capture->wrong_up->len > 0)
        return RUNBOOK_FAILED;
    return capture->wrong_down->len > 0 ? RUNBOOK_PARTLY : RUNBOOK_DONE;
}

enum runbook_exit migrations_capture_command(struct call *call, GError **error)
{
    struct capture capture = {.call = call};
    bool worked = work(&capture, error);
    enum runbook_exit code = RUNBOOK_FAILED;

    if (worked) {
        capture_show(&capture);
        code = judge(&capture);
    }
    clear(&capture);
    return code;
}
