/*
 * A base backup over the replication protocol, PostgreSQL 14 to 18: what the server sends is handed
 * on as it comes, in the order archive, archive …, manifest.
 */
#ifndef CORE_BASE_BACKUP_H
#define CORE_BASE_BACKUP_H

#include "pg/session.h"
#include "replication/base_backup_message.h"

/* The data directory (oid 0, path NULL) or a tablespace. */
struct base_backup_place {
    guint32 oid;
    char *path;
    guint64 bytes; /* the server's estimate */
};

/* What the server has said of it, as far as it got. */
struct base_backup {
    guint64 start_lsn, stop_lsn;
    guint32 timeline; /* at the beginning; a promotion in the middle ends the backup */
    GArray *places;   /* of struct base_backup_place */
    guint64 estimated;
    GArray *bad;         /* of struct base_backup_bad */
    bool damaged;        /* the server says that pages are bad: the backup is of no use */
    GPtrArray *left_out; /* paths that a cluster cannot be without: the backup is of no use */
    GPtrArray *warnings; /* others, texts */
};

struct base_backup *base_backup_new(void);
void base_backup_free(struct base_backup *backup);
AUTO_DEFINE(base_backup, base_backup_free)

/* Takes what is sent. Each returns false with an error to end the backup; bytes is of what began
 * last. An archive is complete (with its blocks of zeroes at the end, which 14 leaves out) when the
 * next thing begins, or when the run is over. */
struct base_backup_sink {
    /* Before anything else: places, estimate and beginning are known. */
    bool (*begin)(const struct base_backup *backup, gpointer data, GError **error);
    bool (*archive)(guint32 oid, const char *path, gpointer data, GError **error);
    bool (*manifest)(gpointer data, GError **error);
    bool (*bytes)(const void *bytes, gsize length, gpointer data, GError **error);
};

/* Runs it on a session of session_open_replication(), which is good for nothing else afterwards;
 * after a failure, and after Ctrl-C, its connection is gone. An error of the sink is passed on. */
bool base_backup_run(struct session *session, const struct base_backup_options *options,
                     const struct base_backup_sink *sink, gpointer data,
                     struct base_backup *backup, GError **error);

#endif
