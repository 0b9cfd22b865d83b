/*
 * A file of the repository: written once, durable before it is visible, encrypted where the
 * repository has a key. Everything above sees the bytes that were put; what is on disk is those
 * bytes, or an encrypted container of them (docs/repository-format.md).
 *
 * A container is a row of records, each encrypted with AES-256-GCM by itself, so that any of them
 * can be read alone; every repo_writer_put() is at least one record. Offsets and sizes are those
 * of the bytes put, never of the container, where nothing else is said.
 */
#ifndef CORE_REPO_FILE_H
#define CORE_REPO_FILE_H

#include "auto.h"
#include "error.h"

#include <glib.h>
#include <stdbool.h>

/* ---- the key ------------------------------------------------------------------------------ */

/* The key of a repository, 32 bytes. Locked into memory and wiped when it is freed. */
struct repo_key;

/* From a file (32 raw bytes, 64 hexadecimal digits or 44 of base64, white space around them
 * ignored) or from what a shell command prints; both NULL: no key, NULL without an error. A file
 * that others than its owner and group may read is refused: RUNBOOK_REFUSED. */
struct repo_key *repo_key_load(const char *file, const char *command, bool *ret_none,
                               GError **error);
void repo_key_free(struct repo_key *key);
AUTO_DEFINE(repo_key, repo_key_free)

/* Eight bytes of HMAC as hexadecimal digits, to tell a wrong key from a damaged file. Caller
 * frees. */
char *repo_key_check(const struct repo_key *key);

/* ---- writing ------------------------------------------------------------------------------ */

struct repo_writer;

/* Begins a file in the folder, under a temporary name that starts with a dot and is of no
 * meaning to any reader. key: NULL writes the bytes as they are. */
struct repo_writer *repo_writer_new(const char *folder, const struct repo_key *key,
                                    GError **error);
/* The same, and what is written is hashed, for repo_writer_sha256(). */
struct repo_writer *repo_writer_new_hashed(const char *folder, const struct repo_key *key,
                                           GError **error);

/* For its owner alone: it holds secrets in the clear. */
bool repo_writer_close_to_others(struct repo_writer *writer, GError **error);

/* Appends. Errors name the file and what to do about a full disk. */
bool repo_writer_put(struct repo_writer *writer, const void *data, gsize length,
                     GError **error);

/* What was put until now is on disk when it returns (fdatasync). */
bool repo_writer_sync(struct repo_writer *writer, GError **error);

/* Makes the file visible under the name and durable under it: fsync, rename, fsync of the folder.
 * With keep an existing file of that name stays, and *ret_exists tells (link instead of rename).
 * The writer may go on putting, and be shown again under another name, which then replaces the
 * former (a WAL segment that grows). */
bool repo_writer_show(struct repo_writer *writer, const char *name, bool keep, bool *ret_exists,
                      GError **error);

guint64 repo_writer_size(const struct repo_writer *writer);   /* bytes put */
guint64 repo_writer_stored(const struct repo_writer *writer); /* bytes on disk */

/* SHA-256 of what is on disk, as 64 hexadecimal digits; after the last put, of a writer made to hash.
 * Caller frees. */
char *repo_writer_sha256(struct repo_writer *writer);

/* Ends the writing: a container gets its last record, by which a reader knows that nothing was cut
 * off. Before the last repo_writer_show(). */
bool repo_writer_end(struct repo_writer *writer, GError **error);

/* What was not shown is removed. */
void repo_writer_free(struct repo_writer *writer);
AUTO_DEFINE(repo_writer, repo_writer_free)

/* A whole small file at once: put, end, show. */
bool repo_file_write(const char *folder, const char *name, const struct repo_key *key,
                     const void *data, gsize length, GError **error);

/* ---- reading ------------------------------------------------------------------------------ */

struct repo_reader;

/* Opens a file; whether it is a container is told by its first bytes. RUNBOOK_REFUSED without the
 * key, RUNBOOK_FAILED for what is damaged (the error names file and offset). *ret_missing (may be
 * NULL): there is no such file; then NULL with an error as well. */
struct repo_reader *repo_reader_open(const char *path, const struct repo_key *key,
                                     bool *ret_missing, GError **error);

guint64 repo_reader_size(const struct repo_reader *reader);
guint64 repo_reader_stored(const struct repo_reader *reader);

/* The container has its last record; true for a file that is none. */
bool repo_reader_ended(const struct repo_reader *reader);

/* Whether a container says the same twice, as it was written: in its table and in the heads of its
 * records. Either leads a reader alone, so that a flipped bit in one of them is survived, and must
 * be looked for. True for a file that is no container. */
bool repo_reader_intact(const struct repo_reader *reader, GError **error);

/* Reads exactly length bytes; from any thread. */
bool repo_reader_read(const struct repo_reader *reader, guint64 offset, void *buffer,
                      gsize length, GError **error);

const char *repo_reader_path(const struct repo_reader *reader);
void repo_reader_free(struct repo_reader *reader);
AUTO_DEFINE(repo_reader, repo_reader_free)

/* A whole small file (at most 256 MiB), zero-terminated behind its length. Caller frees. */
char *repo_file_read(const char *path, const struct repo_key *key, gsize *ret_length,
                     bool *ret_missing, GError **error);

/* SHA-256 of what is on disk, as hexadecimal digits. Caller frees; NULL with an error. */
char *repo_file_sha256(const char *path, GError **error);

/* ---- folders ------------------------------------------------------------------------------ */

/* Makes it, if it is not there, durably. */
bool repo_folder_make(const char *path, GError **error);
bool repo_folder_sync(const char *path, GError **error);

/* What root has just made in the folder of another account is to be that account's: it reads the
 * repository when a server of its is restored. Where that cannot be it stays root's. */
void repo_folder_give(const char *folder, int fd);

/* Opens a file that is there to be locked, and makes it. -1 with errno. */
int repo_folder_lock_file(const char *folder, const char *name);

/* Removes files that were being written when their writer died, and no others; how many. */
guint repo_folder_clean(const char *path);

/* Removes it with all that is in it. */
bool repo_folder_remove(const char *path, GError **error);

#endif
