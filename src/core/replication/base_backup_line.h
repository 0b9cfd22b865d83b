/*
 * How the conversation reaches the server: through libpq, or past it on the bare socket, where
 * nothing is encrypted and every copy of a byte counts. Shared by the files of base_backup alone.
 */
#ifndef CORE_BASE_BACKUP_LINE_H
#define CORE_BASE_BACKUP_LINE_H

#include "auto.h"

#include <glib.h>
#include <libpq-fe.h>
#include <stdbool.h>

/* What the server says of an error or a warning; members may be NULL. */
struct base_backup_said {
    const char *severity, *sqlstate, *message, *hint, *function;
};

enum base_backup_copied { BASE_BACKUP_BYTES, BASE_BACKUP_COPY_END, BASE_BACKUP_COPY_FAILED };

struct base_backup_line {
    const struct base_backup_way *way;
    PGconn *connection;
    /* Called for each notice. */
    void (*heard)(const struct base_backup_said *said, gpointer data);
    gpointer data;
    bool corrupted; /* the error was data_corrupted */
};

/* Everything fails with an error set. */
struct base_backup_way {
    bool (*send)(struct base_backup_line *line, const char *command, GError **error);
    /* A result set: an array of GPtrArray of char * (NULL for null), each with at least so many
     * columns, and at least one row. */
    GPtrArray *(*rows)(struct base_backup_line *line, guint columns, GError **error);
    bool (*copy)(struct base_backup_line *line, GError **error); /* a CopyOut begins */
    /* The bytes are valid until the next call. */
    enum base_backup_copied (*next)(struct base_backup_line *line, const void **ret_bytes,
                                    gsize *ret_length, GError **error);
    bool (*end)(struct base_backup_line *line, GError **error); /* of the command */
    void (*close)(struct base_backup_line *line);
};

/* base_backup_libpq.c: works on every connection. */
struct base_backup_line *base_backup_libpq(PGconn *connection);

/* base_backup_wire.c: NULL where the connection is encrypted. libpq is idle before and after it, and
 * knows nothing of what was said. */
struct base_backup_line *base_backup_wire(PGconn *connection);

/* For both: sets the error that the server's words stand for. False, for the caller's return. */
bool base_backup_refused(struct base_backup_line *line, const struct base_backup_said *said,
                         GError **error);

/* Waits until there is something to read, however long that takes: a checkpoint may take minutes,
 * and a server that is gone is found out by keepalives. False with RUNBOOK_INTERRUPTED. */
bool base_backup_await(struct base_backup_line *line, short events, GError **error);

#endif
