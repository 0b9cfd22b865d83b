/* pg_dump's archive, read as it comes, compressed, written; what it holds is counted on the way. */
#include "dump.h"
#include "dump_file.h"
#include "interrupt.h"
#include "out/progress.h"
#include "programs/programs_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/* As large as a pipe may be made without privilege. pg_dump writes a few kilobytes at a time: who
 * wakes up for each of them costs it more than the reading. So a little is left to gather, which is
 * no limit below some 500 MB/s; a pipe that fills faster is not waited for. */
enum { CHUNK_BYTES = 1 << 20, FULL_BYTES = 1 << 18, GATHER_US = 2000 };

struct stream {
    struct dump *dump;
    struct programs_pipe *pipe;
    struct dump_writer *writer;
    struct archive *archive;
    char *chunk;
    bool ended; /* pg_dump has closed its end */
    bool roomy; /* the pipe holds a chunk: some may gather in it */
};

/* ---- waiting ----------------------------------------------------------------------------- */

/* Waits for output, for a message, or for Ctrl-C. False with RUNBOOK_INTERRUPTED. */
static bool wait_for_some(const struct programs_pipe *pipe, bool *ret_output, GError **error)
{
    struct pollfd descriptors[] = {
        {.fd = programs_pipe_output(pipe), .events = POLLIN},
        {.fd = programs_pipe_errors(pipe), .events = POLLIN},
        {.fd = interrupt_fd(), .events = POLLIN},
    };

    while (poll(descriptors, G_N_ELEMENTS(descriptors), 1000) < 0 && errno == EINTR)
        ;
    *ret_output = descriptors[0].revents != 0;
    if (!interrupt_pending())
        return true;
    runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL,
                      "interrupted; pg_dump was cancelled, and nothing is left of the dump");
    return false;
}

/* Stopped, and waited for, so that nothing of it runs on the server any more. */
static void stop(struct programs_pipe *pipe)
{
    while (!programs_pipe_ended(pipe)) {
        programs_pipe_stop(pipe);
        g_usleep(20000);
    }
}

static ssize_t read_chunk(int fd, char *chunk, GError **error)
{
    ssize_t got;

    do
        got = read(fd, chunk, CHUNK_BYTES);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot read what pg_dump writes: %s",
                          g_strerror(errno));
    return got;
}

/* ---- the archive ------------------------------------------------------------------------- */

static void show(const struct stream *stream)
{
    const struct archive *archive = stream->archive;
    const struct archive_entry *now = archive->now;
    bool listed = archive_listed(archive);

    if (!progress_wanted(stream->dump->call->output))
        return;
    g_autofree char *what =
        now != NULL ? g_strdup_printf("%s.%s", now->schema ? now->schema : "", now->name)
                    : g_strdup(listed ? "" : "pg_dump reads the catalog");
    gint64 bytes = (gint64) dump_writer_size(stream->writer);
    struct progress_state state = {
        .done = archive->tables_seen,
        .total = listed ? archive->tables : (guint) stream->dump->tables,
        .bytes = bytes,
        .total_bytes = listed && archive->tables_seen == archive->tables
                           ? bytes
                           : MAX(stream->dump->table_bytes, bytes),
        .seconds_left = -1,
        .now = what,
    };
    progress_show(stream->dump->call->output, &state);
}

static bool take(struct stream *stream, GError **error)
{
    ssize_t got = read_chunk(programs_pipe_output(stream->pipe), stream->chunk, error);

    stream->ended = got <= 0;
    if (got <= 0)
        return got == 0;
    bool good = archive_feed(stream->archive, stream->chunk, (gsize) got, error) &&
                dump_writer_put(stream->writer, stream->chunk, (gsize) got, error);
    if (good && stream->roomy && got < FULL_BYTES)
        g_usleep(GATHER_US);
    return good;
}

static bool pump(struct stream *stream, GError **error)
{
    while (!stream->ended) {
        bool output = false;
        if (!wait_for_some(stream->pipe, &output, error))
            return false;
        programs_pipe_listen(stream->pipe);
        if (output && !take(stream, error))
            return false;
        show(stream);
    }
    return true;
}

static bool run(struct stream *stream, GError **error)
{
    g_autoptr(GError) failed = NULL;
    bool pumped = pump(stream, &failed);

    progress_clear(stream->dump->call->output);
    if (!pumped) {
        stop(stream->pipe);
        g_propagate_error(error, g_steal_pointer(&failed));
        return false;
    }
    return programs_pipe_finish(stream->pipe, "the dump failed, and nothing is left of it",
                                error) &&
           archive_end(stream->archive, error);
}

static void note(struct dump *dump, const struct stream *stream)
{
    dump->tables = stream->archive->tables;
    dump->rows = archive_rows(stream->archive);
    dump->bytes = (gint64) dump_writer_size(stream->writer);
    dump->stored_bytes = (gint64) dump_writer_stored(stream->writer);
    dump->sha256 = g_strdup(dump_writer_sha256(stream->writer));
}

bool dump_stream(struct dump *dump, GError **error)
{
    g_auto(GStrv) words = dump_arguments(dump, NULL);
    struct programs_pipe_plan plan = {.arguments = words,
                                      .connection = session_handle(dump->session)};
    AUTO(dump_writer) writer = dump_writer_new(dump->folder, dump->level, error);
    if (writer == NULL)
        return false;
    AUTO(programs_pipe) pipe = programs_pipe_start(&plan, error);
    if (pipe == NULL)
        return false;
    AUTO(archive) archive = archive_new();
    g_autofree char *chunk = g_malloc(CHUNK_BYTES);
    struct stream stream = {
        .dump = dump, .pipe = pipe, .writer = writer, .archive = archive, .chunk = chunk};
    /* Refused to a user who has many pipes: theirs are small, and pg_dump would wait for us. */
    stream.roomy = fcntl(programs_pipe_output(pipe), F_SETPIPE_SZ, CHUNK_BYTES) >= CHUNK_BYTES;
    if (!run(&stream, error) || !dump_writer_show(writer, dump->name, error))
        return false;
    note(dump, &stream);
    return true;
}

/* ---- roles and tablespaces --------------------------------------------------------------- */

static bool read_all(struct programs_pipe *pipe, GString *text, GError **error)
{
    g_autofree char *chunk = g_malloc(CHUNK_BYTES);

    for (;;) {
        bool output = false;
        if (!wait_for_some(pipe, &output, error))
            return false;
        programs_pipe_listen(pipe);
        if (!output)
            continue;
        ssize_t got = read_chunk(programs_pipe_output(pipe), chunk, error);
        if (got <= 0)
            return got == 0;
        g_string_append_len(text, chunk, got);
    }
}

bool dump_read_globals(struct dump *dump, GError **error)
{
    g_auto(GStrv) words = dump_globals_arguments(dump);
    struct programs_pipe_plan plan = {.arguments = words,
                                      .connection = session_handle(dump->session)};
    g_autoptr(GError) failed = NULL;

    AUTO(programs_pipe) pipe = programs_pipe_start(&plan, error);
    if (pipe == NULL)
        return false;
    dump->globals_text = g_string_new(NULL);
    if (!read_all(pipe, dump->globals_text, error)) {
        stop(pipe);
        return false;
    }
    if (programs_pipe_finish(pipe, "roles and tablespaces cannot be read", &failed))
        return true;
    runbook_error_set(
        error, RUNBOOK_FAILED,
        "the roles' passwords are for superusers alone; leave --globals out where "
        "there is none",
        "%s", failed->message);
    return false;
}
