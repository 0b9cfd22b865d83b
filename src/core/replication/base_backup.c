/*
 * The conversation: two result sets, the archives and the manifest as COPY, one result set more. Which
 * way it reaches the server is base_backup_line.h's matter; nothing waits without watching for Ctrl-C.
 */
#include "replication/base_backup.h"

#include "error.h"
#include "interrupt.h"
#include "replication/base_backup_line.h"

#include <poll.h>
#include <string.h>

/* The end of a tar archive, which servers before 15 leave to the client. */
enum { TAR_END_BYTES = 1024 };

struct conversation {
    struct base_backup_line *line;
    const struct base_backup_sink *sink;
    gpointer data;
    struct base_backup *backup;
    int version;
    bool archiving; /* an archive has begun and not ended */
};

struct base_backup *base_backup_new(void)
{
    struct base_backup *backup = g_new0(struct base_backup, 1);

    backup->places = g_array_new(FALSE, TRUE, sizeof(struct base_backup_place));
    backup->bad = g_array_new(FALSE, TRUE, sizeof(struct base_backup_bad));
    backup->left_out = g_ptr_array_new_with_free_func(g_free);
    backup->warnings = g_ptr_array_new_with_free_func(g_free);
    return backup;
}

void base_backup_free(struct base_backup *backup)
{
    for (guint i = 0; i < backup->places->len; i++)
        g_free(g_array_index(backup->places, struct base_backup_place, i).path);
    for (guint i = 0; i < backup->bad->len; i++)
        base_backup_bad_clear(&g_array_index(backup->bad, struct base_backup_bad, i));
    g_array_unref(backup->places);
    g_array_unref(backup->bad);
    g_ptr_array_unref(backup->left_out);
    g_ptr_array_unref(backup->warnings);
    g_free(backup);
}

/* ---- what both ways share ------------------------------------------------------------------ */

bool base_backup_await(struct base_backup_line *line, short events, GError **error)
{
    struct pollfd descriptors[2] = {
        {.fd = PQsocket(line->connection), .events = events},
        {.fd = interrupt_fd(), .events = POLLIN},
    };

    poll(descriptors, 2, -1);
    if (!interrupt_pending())
        return true;
    runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
    return false;
}

bool base_backup_refused(struct base_backup_line *line, const struct base_backup_said *said,
                         GError **error)
{
    g_autofree char *text = g_utf8_make_valid(
        said->message != NULL ? said->message : PQerrorMessage(line->connection), -1);

    g_strstrip(text);
    if (said->sqlstate == NULL)
        runbook_error_set(error, RUNBOOK_CONNECT,
                          "nothing of it is kept; the server's log says why it went away",
                          "the connection was lost during the backup: %s", text);
    else
        runbook_error_set(error, RUNBOOK_FAILED, said->hint, "the server ended the backup: %s",
                          text);
    /* data_corrupted, behind everything else: everything was sent, and is of no use. */
    line->corrupted = g_strcmp0(said->sqlstate, "XX001") == 0;
    return false;
}

/* ---- warnings ----------------------------------------------------------------------------- */

/* A tablespace's files are named by where they really lie; the same with the link that leads there.
 * Caller frees. */
static char *by_links(const struct base_backup *backup, const char *text)
{
    for (guint i = 0; i < backup->places->len; i++) {
        const struct base_backup_place *place =
            &g_array_index(backup->places, struct base_backup_place, i);
        g_autofree char *folder = place->path ? g_strconcat(place->path, "/PG_", NULL) : NULL;
        const char *found = folder ? strstr(text, folder) : NULL;
        if (found != NULL)
            return g_strdup_printf("%.*spg_tblspc/%u/PG_%s", (int) (found - text), text,
                                   place->oid, found + strlen(folder));
    }
    return g_strdup(text);
}

/* The server goes through its files twice, for the estimate and for the bytes. */
static void keep_once(GPtrArray *texts, const char *text)
{
    if (!g_ptr_array_find_with_equal_func(texts, text, g_str_equal, NULL))
        g_ptr_array_add(texts, g_strdup(text));
}

static void keep_warning(const struct base_backup_said *said, gpointer data)
{
    struct conversation *talk = data;
    struct base_backup_bad bad = {0};

    if (said->message == NULL || g_strcmp0(said->severity, "WARNING") != 0)
        return;
    g_autofree char *linked = by_links(talk->backup, said->message);
    if (base_backup_bad_parse(talk->version, linked, &bad)) {
        g_array_append_val(talk->backup->bad, bad);
        return;
    }
    bool walker = g_strcmp0(said->function, BASE_BACKUP_WALKER) == 0;
    g_autofree char *left_out = walker ? base_backup_left_out_parse(said->message) : NULL;
    g_autofree char *text = g_utf8_make_valid(said->message, -1);
    keep_once(left_out != NULL ? talk->backup->left_out : talk->backup->warnings,
              left_out != NULL ? left_out : text);
}

/* ---- the result sets ---------------------------------------------------------------------- */

/* A position and its timeline: the first and the last result set. */
static bool read_position(struct conversation *talk, guint64 *ret_lsn, guint32 *ret_timeline,
                          GError **error)
{
    g_autoptr(GPtrArray) rows = talk->line->way->rows(talk->line, 2, error);
    guint64 timeline = 0;

    if (rows == NULL)
        return false;
    const GPtrArray *row = g_ptr_array_index(rows, 0);
    const char *word = g_ptr_array_index(row, 1);
    bool read = base_backup_lsn_parse(g_ptr_array_index(row, 0), ret_lsn) && word != NULL &&
                g_ascii_string_to_unsigned(word, 10, 1, G_MAXUINT32, &timeline, NULL);
    *ret_timeline = (guint32) timeline;
    if (!read)
        runbook_error_set(
            error, RUNBOOK_FAILED, NULL,
            "the server's answer to BASE_BACKUP cannot be understood: a position");
    return read;
}

static guint64 number_of(const char *text)
{
    return text == NULL ? 0 : g_ascii_strtoull(text, NULL, 10);
}

static bool read_places(struct conversation *talk, GError **error)
{
    g_autoptr(GPtrArray) rows = talk->line->way->rows(talk->line, 3, error);

    for (guint i = 0; rows != NULL && i < rows->len; i++) {
        const GPtrArray *row = g_ptr_array_index(rows, i);
        struct base_backup_place place = {
            .oid = (guint32) number_of(g_ptr_array_index(row, 0)),
            .path = g_strdup(g_ptr_array_index(row, 1)),
            .bytes = number_of(g_ptr_array_index(row, 2)) * 1024,
        };
        talk->backup->estimated += place.bytes;
        g_array_append_val(talk->backup->places, place);
    }
    return rows != NULL;
}

/* ---- archives ----------------------------------------------------------------------------- */

static bool end_archive(struct conversation *talk, GError **error)
{
    static const guint8 zeroes[TAR_END_BYTES];
    bool missing = talk->archiving && talk->version < BASE_BACKUP_TYPED;

    talk->archiving = false;
    return !missing || talk->sink->bytes(zeroes, sizeof zeroes, talk->data, error);
}

static bool begin_archive(struct conversation *talk, guint32 oid, const char *path,
                          GError **error)
{
    if (!end_archive(talk, error) || !talk->sink->archive(oid, path, talk->data, error))
        return false;
    talk->archiving = true;
    return true;
}

static bool begin_manifest(struct conversation *talk, GError **error)
{
    return end_archive(talk, error) && talk->sink->manifest(talk->data, error);
}

static bool take(struct conversation *talk, const void *bytes, gsize length, GError **error)
{
    struct base_backup_message message;

    if (talk->version < BASE_BACKUP_TYPED)
        return talk->sink->bytes(bytes, length, talk->data, error);
    if (!base_backup_message_parse(bytes, length, &message, error))
        return false;
    switch (message.kind) {
    case BASE_BACKUP_DATA:
        return talk->sink->bytes(message.bytes, message.length, talk->data, error);
    case BASE_BACKUP_ARCHIVE:
        return begin_archive(talk, message.oid, message.path, error);
    case BASE_BACKUP_MANIFEST:
        return begin_manifest(talk, error);
    case BASE_BACKUP_PROGRESS:
        return true;
    }
    return true;
}

static bool read_next_copy(struct conversation *talk, GError **error)
{
    const struct base_backup_way *way = talk->line->way;
    const void *bytes;
    gsize length;

    if (!way->copy(talk->line, error))
        return false;
    for (;;) {
        enum base_backup_copied copied = way->next(talk->line, &bytes, &length, error);
        if (copied != BASE_BACKUP_BYTES)
            return copied == BASE_BACKUP_COPY_END;
        if (!take(talk, bytes, length, error))
            return false;
        if (interrupt_pending()) {
            runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
            return false;
        }
    }
}

/* Before 15: one for each place in the order they were named, and one for the manifest. */
static bool read_copies(struct conversation *talk, GError **error)
{
    if (talk->version >= BASE_BACKUP_TYPED)
        return read_next_copy(talk, error);
    for (guint i = 0; i < talk->backup->places->len; i++) {
        const struct base_backup_place *place =
            &g_array_index(talk->backup->places, struct base_backup_place, i);
        if (!begin_archive(talk, place->oid, place->path, error) ||
            !read_next_copy(talk, error))
            return false;
    }
    return begin_manifest(talk, error) && read_next_copy(talk, error);
}

/* A standby may follow its primary to another timeline in the middle. What was sent could be
 * replayed, but only along a path that begins on one and ends on the other. */
static bool read_end(struct conversation *talk, GError **error)
{
    struct base_backup *backup = talk->backup;
    guint32 timeline = 0;

    if (!read_position(talk, &backup->stop_lsn, &timeline, error))
        return false;
    if (timeline == backup->timeline)
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, "take it again",
                      "the standby went from timeline %u to %u during the backup",
                      backup->timeline, timeline);
    return false;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static bool converse(struct conversation *talk, const struct base_backup_options *options,
                     GError **error)
{
    g_autofree char *command = base_backup_command(talk->version, options);
    const struct base_backup_way *way = talk->line->way;
    struct base_backup *backup = talk->backup;

    return way->send(talk->line, command, error) &&
           read_position(talk, &backup->start_lsn, &backup->timeline, error) &&
           read_places(talk, error) && talk->sink->begin(backup, talk->data, error) &&
           read_copies(talk, error) && end_archive(talk, error) && read_end(talk, error) &&
           way->end(talk->line, error);
}

bool base_backup_run(struct session *session, const struct base_backup_options *options,
                     const struct base_backup_sink *sink, gpointer data,
                     struct base_backup *backup, GError **error)
{
    PGconn *connection = session_handle(session);
    struct base_backup_line *line = base_backup_wire(connection);
    struct conversation talk = {
        .line = line != NULL ? line : base_backup_libpq(connection),
        .sink = sink,
        .data = data,
        .backup = backup,
        .version = session_version(session),
    };

    talk.line->heard = keep_warning;
    talk.line->data = &talk;
    bool done = converse(&talk, options, error);
    backup->damaged = talk.line->corrupted;
    talk.line->way->close(talk.line);
    if (done)
        return true;
    if (!backup->damaged)
        session_cancel(session, NULL);
    session_drop(session);
    return false;
}
