/*
 * The conversation: two result sets, the archives and the manifest as COPY, one result set more.
 * libpq keeps one message in memory at a time; nothing here waits without watching for Ctrl-C.
 */
#include "replication/base_backup.h"

#include "error.h"
#include "interrupt.h"

#include <poll.h>
#include <string.h>

/* The end of a tar archive, which servers before 15 leave to the client. */
enum { TAR_END_BYTES = 1024 };

struct conversation {
    PGconn *connection;
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
    g_ptr_array_unref(backup->warnings);
    g_free(backup);
}

/* ---- waiting and failing ------------------------------------------------------------------ */

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

static void keep_warning(void *data, const PGresult *notice)
{
    struct conversation *talk = data;
    const char *text = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    struct base_backup_bad bad = {0};

    if (text == NULL || g_strcmp0(severity, "WARNING") != 0)
        return;
    g_autofree char *linked = by_links(talk->backup, text);
    if (base_backup_bad_parse(talk->version, linked, &bad))
        g_array_append_val(talk->backup->bad, bad);
    else
        g_ptr_array_add(talk->backup->warnings, g_utf8_make_valid(text, -1));
}

/* Until the server has sent more. However long that takes: a checkpoint may take minutes, and a
 * server that is gone is found out by keepalives. */
static bool await_bytes(struct conversation *talk, GError **error)
{
    struct pollfd descriptors[2] = {
        {.fd = PQsocket(talk->connection), .events = POLLIN},
        {.fd = interrupt_fd(), .events = POLLIN},
    };

    poll(descriptors, 2, -1);
    if (!interrupt_pending())
        return true;
    runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
    return false;
}

static bool failed(struct conversation *talk, const PGresult *result, GError **error)
{
    const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *said = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *hint = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_HINT) : NULL;
    g_autofree char *text =
        g_utf8_make_valid(said != NULL ? said : PQerrorMessage(talk->connection), -1);

    g_strstrip(text);
    if (PQstatus(talk->connection) != CONNECTION_OK || sqlstate == NULL)
        runbook_error_set(error, RUNBOOK_CONNECT,
                          "nothing of it is kept; the server's log says why it went away",
                          "the connection was lost during the backup: %s", text);
    else
        runbook_error_set(error, RUNBOOK_FAILED, hint, "the server ended the backup: %s", text);
    /* data_corrupted, behind everything else: everything was sent, and is of no use. */
    talk->backup->damaged = g_strcmp0(sqlstate, "XX001") == 0;
    return false;
}

static bool next_result(struct conversation *talk, PGresult **ret_result, GError **error)
{
    *ret_result = NULL;
    while (PQisBusy(talk->connection)) {
        if (!await_bytes(talk, error))
            return false;
        if (!PQconsumeInput(talk->connection))
            break;
    }
    *ret_result = PQgetResult(talk->connection);
    return true;
}

static bool expect(struct conversation *talk, ExecStatusType status, int columns,
                   PGresult **ret_result, GError **error)
{
    PGresult *result;

    if (!next_result(talk, &result, error))
        return false;
    if (result != NULL && PQresultStatus(result) == status &&
        (status != PGRES_TUPLES_OK ||
         (PQnfields(result) >= columns && PQntuples(result) > 0))) {
        *ret_result = result;
        return true;
    }
    failed(talk, result, error);
    PQclear(result);
    return false;
}

/* ---- the result sets ---------------------------------------------------------------------- */

/* A position and its timeline: the first and the last result set. */
static bool read_position(struct conversation *talk, guint64 *ret_lsn, guint32 *ret_timeline,
                          GError **error)
{
    PGresult *result;
    guint64 timeline = 0;

    if (!expect(talk, PGRES_TUPLES_OK, 2, &result, error))
        return false;
    bool read = base_backup_lsn_parse(PQgetvalue(result, 0, 0), ret_lsn) &&
                g_ascii_string_to_unsigned(PQgetvalue(result, 0, 1), 10, 1, G_MAXUINT32,
                                           &timeline, NULL);
    PQclear(result);
    *ret_timeline = (guint32) timeline;
    if (!read)
        runbook_error_set(
            error, RUNBOOK_FAILED, NULL,
            "the server's answer to BASE_BACKUP cannot be understood: a position");
    return read;
}

static bool read_places(struct conversation *talk, GError **error)
{
    PGresult *result;

    if (!expect(talk, PGRES_TUPLES_OK, 3, &result, error))
        return false;
    for (int i = 0; i < PQntuples(result); i++) {
        bool tablespace = !PQgetisnull(result, i, 0);
        struct base_backup_place place = {
            .oid =
                tablespace ? (guint32) g_ascii_strtoull(PQgetvalue(result, i, 0), NULL, 10) : 0,
            .path = tablespace ? g_strdup(PQgetvalue(result, i, 1)) : NULL,
            .bytes = g_ascii_strtoull(PQgetvalue(result, i, 2), NULL, 10) * 1024,
        };
        talk->backup->estimated += place.bytes;
        g_array_append_val(talk->backup->places, place);
    }
    PQclear(result);
    return true;
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

static bool take(struct conversation *talk, const char *bytes, gsize length, GError **error)
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

/* One CopyOut to its end. What is there is taken before anything is waited for. */
static bool read_copy(struct conversation *talk, GError **error)
{
    for (bool asked = false;;) {
        char *bytes = NULL;
        int length = PQgetCopyData(talk->connection, &bytes, 1);
        if (length > 0) {
            bool taken = take(talk, bytes, (gsize) length, error);
            PQfreemem(bytes);
            if (!taken)
                return false;
            asked = false;
            continue;
        }
        if (length == -1)
            return true; /* the result behind it says how it ended */
        if (length == -2)
            return failed(talk, NULL, error);
        if ((asked && !await_bytes(talk, error)) || interrupt_pending()) {
            if (error != NULL && *error == NULL)
                runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted");
            return false;
        }
        if (!PQconsumeInput(talk->connection))
            return failed(talk, NULL, error);
        asked = true;
    }
}

static bool read_next_copy(struct conversation *talk, GError **error)
{
    PGresult *result;

    if (!expect(talk, PGRES_COPY_OUT, 0, &result, error))
        return false;
    PQclear(result);
    return read_copy(talk, error);
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

/* ---- the whole ---------------------------------------------------------------------------- */

/* Behind the last result set: an error where pages were bad, else the end of the command. */
static bool read_end(struct conversation *talk, GError **error)
{
    bool good = true;

    for (;;) {
        PGresult *result;
        if (!next_result(talk, &result, good ? error : NULL))
            return false;
        if (result == NULL)
            return good;
        if (PQresultStatus(result) != PGRES_COMMAND_OK && good)
            good = failed(talk, result, error);
        PQclear(result);
    }
}

static bool converse(struct conversation *talk, const struct base_backup_options *options,
                     GError **error)
{
    g_autofree char *command = base_backup_command(talk->version, options);
    guint32 timeline;

    if (!PQsendQuery(talk->connection, command))
        return failed(talk, NULL, error);
    return read_position(talk, &talk->backup->start_lsn, &talk->backup->timeline, error) &&
           read_places(talk, error) && talk->sink->begin(talk->backup, talk->data, error) &&
           read_copies(talk, error) && end_archive(talk, error) &&
           read_position(talk, &talk->backup->stop_lsn, &timeline, error) &&
           read_end(talk, error);
}

bool base_backup_run(struct session *session, const struct base_backup_options *options,
                     const struct base_backup_sink *sink, gpointer data,
                     struct base_backup *backup, GError **error)
{
    struct conversation talk = {
        .connection = session_handle(session),
        .sink = sink,
        .data = data,
        .backup = backup,
        .version = session_version(session),
    };
    PQnoticeReceiver former = PQsetNoticeReceiver(talk.connection, keep_warning, &talk);

    if (converse(&talk, options, error)) {
        PQsetNoticeReceiver(talk.connection, former, NULL);
        return true;
    }
    if (!backup->damaged)
        session_cancel(session, NULL);
    session_drop(session);
    return false;
}
