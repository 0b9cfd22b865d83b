/* Is the file what it should be? All of it is read, and nothing else touched, before the plan. */
#include "dump.h"
#include "dump_file.h"
#include "interrupt.h"
#include "out/progress.h"
#include "programs/programs_pipe.h"
#include "restore_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 20 };

/* How a file is restored that pg_dump wrote in a format of its that is no archive to us; NULL: it did not.
 * Caller frees. */
static char *other_way(const char *path, bool no_header)
{
    char start[512] = "";
    g_autofree char *quoted = g_shell_quote(path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    gssize got = fd >= 0 ? read(fd, start, sizeof start - 1) : 0;

    if (fd >= 0)
        close(fd);
    /* Its plain format begins with a comment, its tar format with the table of contents. */
    if (got >= 2 && strncmp(start, "--", 2) == 0)
        return g_strdup_printf("a dump as SQL is for psql: psql -v ON_ERROR_STOP=1 -f %s",
                               quoted);
    if (strcmp(start, "toc.dat") == 0 && got > 262 && strncmp(start + 257, "ustar", 5) == 0)
        return g_strdup_printf("a dump in the tar format is for pg_restore: pg_restore "
                               "--exit-on-error -d NEWDB %s",
                               quoted);
    const char *unpack = strncmp(start, "\x1f\x8b", 2) == 0           ? "gzip"
                         : strncmp(start, "\x28\xb5\x2f\xfd", 4) == 0 ? "zstd"
                                                                      : NULL;
    if (unpack != NULL && no_header)
        return g_strdup_printf("should it be a dump as SQL: %s -dc %s | psql -v "
                               "ON_ERROR_STOP=1 -d NEWDB",
                               unpack, quoted);
    return NULL;
}

void restore_dump_refuse(const struct restore_dump *restore, const GError *why, GError **error)
{
    if (g_error_matches(why, RUNBOOK_ERROR, RUNBOOK_INTERRUPTED)) {
        g_propagate_error(error, g_error_copy(why));
        return;
    }
    g_autofree char *other =
        other_way(restore->path, strstr(why->message, "no header at byte 0") != NULL);
    runbook_error_set(error, RUNBOOK_REFUSED,
                      other != NULL ? other : "nothing was touched; take another dump",
                      "\"%s\" cannot be restored: %s", restore->path, why->message);
}

static void show(const struct restore_dump *restore, const struct dump_reader *reader)
{
    struct progress_state state = {
        .done = restore->archive->tables_seen,
        .total = restore->archive->tables,
        .bytes = (gint64) dump_reader_at(reader),
        .total_bytes = (gint64) dump_reader_stored(reader),
        .seconds_left = -1,
        .now = "reading the file, before anything is touched",
    };
    progress_show(restore->call->output, &state);
}

/* The archive's head, up to its first data, is kept for pg_restore -l. */
static bool read_whole(struct restore_dump *restore, struct dump_reader *reader,
                       GByteArray *head, GError **error)
{
    g_autofree char *chunk = g_malloc(CHUNK_BYTES);
    gsize got = 1;

    while (got > 0) {
        bool listed = archive_listed(restore->archive);
        if (!dump_reader_read(reader, chunk, CHUNK_BYTES, &got, error))
            return false;
        if (!listed)
            g_byte_array_append(head, (const guint8 *) chunk, (guint) got);
        if (!archive_feed(restore->archive, chunk, got, error))
            return false;
        restore->bytes += (gint64) got;
        show(restore, reader);
        if (interrupt_pending()) {
            runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL,
                              "interrupted; nothing was touched");
            return false;
        }
    }
    return archive_end(restore->archive, error);
}

static bool check_sum(struct restore_dump *restore, struct dump_reader *reader, GError **error)
{
    g_autoptr(GError) failed = NULL;
    g_autofree char *wanted = dump_sum_beside(restore->path, &failed);
    g_autofree char *has = dump_reader_sha256(reader);

    if (failed != NULL) {
        g_propagate_error(error, g_steal_pointer(&failed));
        return false;
    }
    restore->summed = wanted != NULL;
    if (wanted == NULL || strcmp(wanted, has) == 0)
        return true;
    runbook_error_set(
        error, RUNBOOK_FAILED, NULL,
        "its SHA-256 is not the one in \"%s.sha256\": it has changed since it was "
        "written",
        restore->path);
    return false;
}

/* ---- pg_restore's own word --------------------------------------------------------------- */

static bool list(const struct restore_dump *restore, const char *path, GError **error)
{
    g_autofree char *file = g_strdup(path);
    char *arguments[] = {restore->program, (char[]){"--list"}, file, NULL};
    struct programs_pipe_plan plan = {.arguments = arguments};
    g_autofree char *chunk = g_malloc(CHUNK_BYTES);

    AUTO(programs_pipe) pipe = programs_pipe_start(&plan, error);
    if (pipe == NULL)
        return false;
    while (read(programs_pipe_output(pipe), chunk, CHUNK_BYTES) > 0)
        programs_pipe_listen(pipe);
    return programs_pipe_finish(pipe, "pg_restore does not read it", error);
}

static bool list_head(const struct restore_dump *restore, const GByteArray *head,
                      GError **error)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("pgrunbook-XXXXXX.toc", &path, error);

    if (fd < 0)
        return false;
    close(fd);
    bool listed = g_file_set_contents_full(path, (const char *) head->data, head->len,
                                           G_FILE_SET_CONTENTS_NONE, 0600, error) &&
                  list(restore, path, error);
    g_unlink(path);
    return listed;
}

/* A pg_restore older than the pg_dump that wrote it may not know the format. */
bool restore_dump_fit(struct restore_dump *restore, int server, GError **error)
{
    const char *bindir = settings_string(restore->call->settings, "backup.bindir");
    int dumper = archive_major(restore->archive->dumper);

    g_free(restore->program);
    restore->program = dump_program("pg_restore", dumper, server, bindir, NULL, error);
    return restore->program != NULL;
}

/* ---- a file, or a folder ----------------------------------------------------------------- */

static bool check_file(struct restore_dump *restore, GByteArray *head, GError **error)
{
    AUTO(dump_reader) reader = dump_reader_open(restore->path, error);

    if (reader == NULL)
        return false;
    restore->compressed = dump_reader_compressed(reader);
    bool read = read_whole(restore, reader, head, error);
    progress_clear(restore->call->output);
    return read && check_sum(restore, reader, error);
}

bool restore_dump_check(struct restore_dump *restore, GError **error)
{
    g_autoptr(GByteArray) head = g_byte_array_new();
    g_autoptr(GError) why = NULL;

    if (g_access(restore->path, R_OK) != 0) {
        runbook_error_set(error, RUNBOOK_REFUSED, NULL, "cannot read \"%s\": %s", restore->path,
                          g_strerror(errno));
        return false;
    }
    restore->archive = archive_new();
    restore->folder = g_file_test(restore->path, G_FILE_TEST_IS_DIR);
    bool checked = restore->folder ? restore_dump_check_folder(restore, &why)
                                   : check_file(restore, head, &why);
    if (checked && !restore_dump_fit(restore, G_MAXINT, error))
        return false;
    checked = checked && (restore->folder ? list(restore, restore->path, &why)
                                          : list_head(restore, head, &why));
    if (!checked)
        restore_dump_refuse(restore, why, error);
    return checked;
}
