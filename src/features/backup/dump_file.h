/*
 * The bytes of a dump on disk: one zstd stream, compressed by several threads, with a checksum,
 * and beside it its SHA-256 as `sha256sum -c` reads it. `zstd -dc FILE | pg_restore` needs nothing
 * of ours.
 */
#ifndef BACKUP_DUMP_FILE_H
#define BACKUP_DUMP_FILE_H

#include "repo/repo_file.h"

/* ---- writing ----------------------------------------------------------------------------- */

struct dump_writer;

/* Under a temporary name in the folder until dump_writer_show(). NULL with an error. */
struct dump_writer *dump_writer_new(const char *folder, int level, GError **error);
bool dump_writer_put(struct dump_writer *writer, const void *data, gsize length,
                     GError **error);

/* Ends the stream and shows the file, durable, and then NAME.sha256. A file of the name is never
 * replaced. */
bool dump_writer_show(struct dump_writer *writer, const char *name, GError **error);

guint64 dump_writer_size(const struct dump_writer *writer);       /* before compression */
guint64 dump_writer_stored(const struct dump_writer *writer);     /* on disk */
const char *dump_writer_sha256(const struct dump_writer *writer); /* once it is shown */

/* What was not shown is removed. */
void dump_writer_free(struct dump_writer *writer);
AUTO_DEFINE(dump_writer, dump_writer_free)

/* A small file as it is, which nobody but its owner may read, and NAME.sha256. */
bool dump_file_write_secret(const char *folder, const char *name, const char *text,
                            gsize length, GError **error);

/* A line of `sha256sum`. Caller frees. */
char *dump_sum_line(const char *sha256, const char *name);

/* ---- reading ----------------------------------------------------------------------------- */

struct dump_reader;

/* A file of ours or of any pg_dump, in zstd, in gzip or in neither. NULL with an error. */
struct dump_reader *dump_reader_open(const char *path, GError **error);

/* Up to length bytes; *ret_got 0: the end, all of it was there and its checksums agree. False with
 * RUNBOOK_FAILED, naming the file, for what is damaged or cut off. */
bool dump_reader_read(struct dump_reader *reader, void *buffer, gsize length, gsize *ret_got,
                      GError **error);
guint64 dump_reader_at(const struct dump_reader *reader);     /* bytes read from the disk */
guint64 dump_reader_stored(const struct dump_reader *reader); /* that there are */
bool dump_reader_compressed(const struct dump_reader *reader);

/* SHA-256 of what was read from the disk, after the end. Caller frees. */
char *dump_reader_sha256(struct dump_reader *reader);
void dump_reader_free(struct dump_reader *reader);
AUTO_DEFINE(dump_reader, dump_reader_free)

/* What NAME.sha256 beside the file says of it; NULL when there is none, or with an error when it
 * says nothing of this file. Caller frees. */
char *dump_sum_beside(const char *path, GError **error);

#endif
