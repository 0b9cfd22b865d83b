/*
 * A compressed dump for a pg_restore that reads plain ones: through a pipe with a name, filled by
 * a thread, so that a restore needs no room for the whole of it. Several jobs each read where they
 * like, which a pipe does not allow: then it is a file for the time of the restore.
 */
#include "dump_file.h"
#include "interrupt.h"
#include "restore_dump.h"
#include "units/units.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 18, LOOK_MS = 100 };

struct restore_dump_feed {
    char *folder, *path;
    struct dump_reader *reader;
    GThread *thread; /* NULL: it is a file */
    gint stop;
    gsize bytes;
};

static bool stopped(struct restore_dump_feed *feed)
{
    return g_atomic_int_get(&feed->stop) != 0;
}

/* Nobody may ever read: that is not waited for in open() itself. */
static int open_pipe(struct restore_dump_feed *feed)
{
    while (!stopped(feed)) {
        int fd = open(feed->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0)
            return fd;
        if (errno != ENXIO && errno != EINTR)
            return -1;
        g_usleep(2000);
    }
    return -1;
}

static bool write_all(struct restore_dump_feed *feed, int fd, const char *data, gsize length)
{
    while (length > 0 && !stopped(feed)) {
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        ssize_t written = write(fd, data, length);
        if (written > 0) {
            data += written;
            length -= (gsize) written;
            __atomic_add_fetch(&feed->bytes, (gsize) written, __ATOMIC_RELAXED);
        } else if (written < 0 && errno == EAGAIN) {
            poll(&ready, 1, LOOK_MS);
        } else if (written < 0 && errno != EINTR) {
            return false;
        }
    }
    return length == 0;
}

/* What goes wrong here pg_restore notices by itself: its input ends too early. */
static gpointer fill(gpointer data)
{
    struct restore_dump_feed *feed = data;
    g_autofree char *chunk = g_malloc(CHUNK_BYTES);
    gsize got = 1;
    int fd = open_pipe(feed);

    if (fd < 0)
        return NULL;
    fcntl(fd, F_SETPIPE_SZ, 1 << 20);
    while (got > 0 && dump_reader_read(feed->reader, chunk, CHUNK_BYTES, &got, NULL))
        if (!write_all(feed, fd, chunk, got))
            break;
    close(fd);
    return NULL;
}

/* ---- a file ------------------------------------------------------------------------------ */

static bool check_room(const char *folder, gint64 bytes, GError **error)
{
    struct statvfs file_system;

    if (statvfs(folder, &file_system) != 0 ||
        (gint64) (file_system.f_bavail * file_system.f_frsize) >= bytes)
        return true;
    g_autofree char *wants = units_format_size(bytes);
    runbook_error_set(
        error, RUNBOOK_REFUSED,
        "set TMPDIR to a folder with more room, or leave --jobs out: one job reads "
        "the file through a pipe",
        "for several jobs the dump has to be decompressed, which takes %s, and "
        "\"%s\" has less",
        wants, folder);
    return false;
}

static bool write_file(struct restore_dump_feed *feed, int fd, GError **error)
{
    g_autofree char *chunk = g_malloc(CHUNK_BYTES);
    gsize got = 1;

    while (got > 0) {
        if (!dump_reader_read(feed->reader, chunk, CHUNK_BYTES, &got, error))
            return false;
        if (interrupt_pending()) {
            runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL,
                              "interrupted; nothing was touched");
            return false;
        }
        if (got > 0 && !write_all(feed, fd, chunk, got)) {
            runbook_error_set(error, RUNBOOK_FAILED, "TMPDIR names another folder",
                              "cannot write \"%s\": %s", feed->path, g_strerror(errno));
            return false;
        }
    }
    return true;
}

static bool make_file(struct restore_dump_feed *feed, gint64 bytes, GError **error)
{
    int fd = check_room(feed->folder, bytes, error)
                 ? open(feed->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
                 : -1;

    if (fd < 0 && error != NULL && *error == NULL)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot make \"%s\": %s", feed->path,
                          g_strerror(errno));
    if (fd < 0)
        return false;
    bool written = write_file(feed, fd, error);
    close(fd);
    return written;
}

static bool make_pipe(struct restore_dump_feed *feed, GError **error)
{
    if (mkfifo(feed->path, 0600) != 0) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot make the pipe \"%s\": %s",
                          feed->path, g_strerror(errno));
        return false;
    }
    feed->thread = g_thread_new("restore-dump", fill, feed);
    return true;
}

/* ---- both -------------------------------------------------------------------------------- */

struct restore_dump_feed *restore_dump_feed_new(const struct restore_dump *restore,
                                                GError **error)
{
    struct dump_reader *reader = dump_reader_open(restore->path, error);
    g_autofree char *folder = reader ? g_dir_make_tmp("pgrunbook-XXXXXX", error) : NULL;

    if (folder == NULL) {
        g_clear_pointer(&reader, dump_reader_free);
        return NULL;
    }
    AUTO(restore_dump_feed) feed = g_new0(struct restore_dump_feed, 1);
    feed->path = g_build_filename(folder, "archive", NULL);
    feed->folder = g_steal_pointer(&folder);
    feed->reader = reader;
    if (!(restore->wish.jobs > 1 ? make_file(feed, restore->bytes, error)
                                 : make_pipe(feed, error)))
        return NULL;
    return g_steal_pointer(&feed);
}

const char *restore_dump_feed_path(const struct restore_dump_feed *feed)
{
    return feed->path;
}

gint64 restore_dump_feed_bytes(const struct restore_dump_feed *feed)
{
    return (gint64) __atomic_load_n(&feed->bytes, __ATOMIC_RELAXED);
}

void restore_dump_feed_free(struct restore_dump_feed *feed)
{
    g_atomic_int_set(&feed->stop, 1);
    if (feed->thread != NULL)
        g_thread_join(feed->thread);
    g_unlink(feed->path);
    g_rmdir(feed->folder);
    dump_reader_free(feed->reader);
    g_free(feed->path);
    g_free(feed->folder);
    g_free(feed);
}
