/* `backup dump --format=directory`: pg_dump writes a folder of its own, with several connections;
 * we make it durable and visible in one step. */
#include "archive.h"
#include "dump.h"
#include "dump_file.h"
#include "interrupt.h"
#include "out/progress.h"
#include "programs/programs_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct listener {
    struct dump *dump;
    guint started; /* tables */
};

/* ---- progress ---------------------------------------------------------------------------- */

/* pg_dump: dumping contents of table "public.orders" */
static void heard(const char *line, gpointer data)
{
    struct listener *listener = data;
    const char *table = strstr(line, "dumping contents of table ");

    if (table == NULL)
        return;
    g_autofree char *name = g_strdup(strchr(table, '"') ? strchr(table, '"') + 1 : "");
    struct progress_state state = {
        .done = listener->started++,
        .total = (guint) MAX(listener->dump->tables, listener->started),
        .seconds_left = -1,
        .now = g_strdelimit(name, "\"", '\0'),
    };
    progress_show(listener->dump->call->output, &state);
}

static bool wait_for_end(struct programs_pipe *pipe)
{
    while (!programs_pipe_ended(pipe)) {
        struct pollfd descriptors[] = {
            {.fd = programs_pipe_errors(pipe), .events = POLLIN},
            {.fd = interrupt_fd(), .events = POLLIN},
        };
        bool stopping = interrupt_pending();
        if (stopping)
            programs_pipe_stop(pipe);
        poll(descriptors, stopping ? 1 : 2, programs_pipe_errors(pipe) >= 0 ? 200 : 20);
    }
    return !interrupt_pending();
}

static bool run_program(struct dump *dump, const char *path, GError **error)
{
    g_auto(GStrv) words = dump_arguments(dump, path);
    struct listener listener = {.dump = dump};
    struct programs_pipe_plan plan = {
        .arguments = words,
        .connection = session_handle(dump->session),
        .line = heard,
        .data = &listener,
    };

    AUTO(programs_pipe) pipe = programs_pipe_start(&plan, error);
    if (pipe == NULL)
        return false;
    bool went_on = wait_for_end(pipe);
    progress_clear(dump->call->output);
    if (went_on)
        return programs_pipe_finish(pipe, "the dump failed, and nothing is left of it", error);
    runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL,
                      "interrupted; pg_dump was cancelled, and nothing is left of the dump");
    return false;
}

/* ---- the folder -------------------------------------------------------------------------- */

static bool fail_file(const char *what, const char *path, GError **error)
{
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot %s \"%s\": %s", what, path,
                      g_strerror(errno));
    return false;
}

static bool sync_path(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;

    if (!synced)
        fail_file("make durable", path, error);
    if (fd >= 0)
        close(fd);
    return synced;
}

/* One of its files: durable, counted, its sum as a line for `sha256sum -c` beside the folder. */
static bool seal_file(struct dump *dump, const char *folder, const char *file, GString *sums,
                      GError **error)
{
    g_autofree char *path = g_build_filename(folder, file, NULL);
    g_autofree char *shown = g_build_filename(dump->name, file, NULL);
    struct stat status;

    if (!sync_path(path, error))
        return false;
    if (stat(path, &status) != 0)
        return fail_file("read", path, error);
    dump->stored_bytes += status.st_size;
    g_autofree char *sha256 = repo_file_sha256(path, error);
    if (sha256 == NULL)
        return false;
    g_autofree char *line = dump_sum_line(sha256, shown);
    g_string_append(sums, line);
    return true;
}

static bool seal(struct dump *dump, const char *folder, GString *sums, GError **error)
{
    g_autoptr(GDir) files = g_dir_open(folder, 0, error);
    const char *file;

    if (files == NULL)
        return false;
    while ((file = g_dir_read_name(files)) != NULL)
        if (!seal_file(dump, folder, file, sums, error))
            return false;
    return sync_path(folder, error);
}

static bool count(struct dump *dump, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "toc.dat", NULL);
    g_autofree char *toc = NULL;
    gsize length = 0;
    AUTO(archive) archive = archive_new();

    if (!g_file_get_contents(path, &toc, &length, error) ||
        !archive_feed(archive, toc, length, error) || !archive_end(archive, error))
        return false;
    dump->tables = archive->tables;
    dump->rows = -1;
    return true;
}

static void remove_folder(const char *path)
{
    g_autoptr(GDir) files = g_dir_open(path, 0, NULL);
    const char *file;

    while (files != NULL && (file = g_dir_read_name(files)) != NULL) {
        g_autofree char *inside = g_build_filename(path, file, NULL);
        g_unlink(inside);
    }
    g_rmdir(path);
}

/* ---- what a dump that was killed left ----------------------------------------------------- */

/* "HOST.PID" of a process that is gone. Another machine's are its own to clear away. */
static bool is_dead(const char *owner)
{
    g_autofree char *here = g_strconcat(g_get_host_name(), ".", NULL);
    guint64 pid = 0;

    return g_str_has_prefix(owner, here) &&
           g_ascii_string_to_unsigned(owner + strlen(here), 10, 1, G_MAXINT32, &pid, NULL) &&
           kill((pid_t) pid, 0) != 0 && errno == ESRCH;
}

/* ".shop_20261126_023514.dir.HOST.PID" */
static bool is_leftover(const struct dump *dump, const char *name)
{
    static const char suffix[] = ".dir";
    const char *end = name[0] == '.' ? strstr(name + 1, ".dir.") : NULL;

    if (end == NULL)
        return false;
    gsize length = (gsize) (end - name - 1) + strlen(suffix);
    g_autofree char *shown = g_strndup(name + 1, length);
    return dump_is_of(shown, session_database(dump->session), suffix) &&
           is_dead(name + 1 + length + 1);
}

void dump_clear_leftovers(const struct dump *dump)
{
    g_autoptr(GDir) folder = g_dir_open(dump->folder, 0, NULL);
    const char *name;

    repo_folder_clean(dump->folder);
    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *path = g_build_filename(dump->folder, name, NULL);
        if (is_leftover(dump, name))
            remove_folder(path);
    }
}

static bool show(struct dump *dump, const char *hidden, GError **error)
{
    g_autofree char *path = g_build_filename(dump->folder, dump->name, NULL);
    g_autofree char *sums_name = g_strconcat(dump->name, ".sha256", NULL);
    g_autoptr(GString) sums = g_string_new(NULL);

    if (!count(dump, hidden, error) || !seal(dump, hidden, sums, error))
        return false;
    /* Onto a folder that is there already rename() goes only when that is empty. */
    if (g_file_test(path, G_FILE_TEST_EXISTS)) {
        errno = EEXIST;
        return fail_file("make", path, error);
    }
    if (rename(hidden, path) != 0)
        return fail_file("rename to", path, error);
    return sync_path(dump->folder, error) &&
           repo_file_write(dump->folder, sums_name, NULL, sums->str, sums->len, error);
}

bool dump_directory(struct dump *dump, GError **error)
{
    g_autofree char *temporary =
        g_strdup_printf(".%s.%s.%d", dump->name, g_get_host_name(), (int) getpid());
    g_autofree char *hidden = g_build_filename(dump->folder, temporary, NULL);
    bool done = run_program(dump, hidden, error) && show(dump, hidden, error);

    if (!done)
        remove_folder(hidden);
    return done;
}
