/*
 * A file that is being restored: opened by the first thread that has a piece of it, closed by the
 * last. And folders, made where they are not there. Names are those of a checked archive, relative
 * to a folder that is open.
 */
#ifndef BACKUP_RESTORE_FILE_H
#define BACKUP_RESTORE_FILE_H

#include "server/server.h"
#include "tar/tar.h"

struct restore_file;

/* The folder's descriptor must outlive the file; the owner (NULL: ourselves) as well. */
struct restore_file *restore_file_new(int folder, const struct tar_member *member,
                                      const struct server_owner *owner);
struct restore_file *restore_file_ref(struct restore_file *file);

/* The last one closes it; its errors are those of a write that came late. */
bool restore_file_unref(struct restore_file *file, GError **error);

/* From any thread; pieces may come in any order. With length 0 the file is made, no more. */
bool restore_file_write(struct restore_file *file, const void *bytes, gsize length,
                        guint64 offset, GError **error);

/* A descriptor of a folder, -1 with an error. */
int restore_folder_open(const char *path, GError **error);
void restore_folder_close(int folder);

/* What has that name and is no folder is removed. */
bool restore_folder_make(int folder, const char *name, guint32 mode,
                         const struct server_owner *owner, GError **error);

/* Everything on the file system of this folder is on disk (syncfs). */
bool restore_folder_sync(const char *path, GError **error);

/* The mode of what the server makes in this folder: its group reads where it may enter. */
mode_t restore_file_mode(const char *folder);

/* A whole small file, of that mode: written beside it, durable, renamed over it, durable under its name. */
bool restore_file_put(const char *path, const void *bytes, gsize length,
                      const struct server_owner *owner, GError **error);

/* Removes a file and makes that durable; it is no error when it is not there. */
bool restore_file_remove(const char *path, GError **error);

/* The error for a failed call on a file, with what to do about a full disk. Returns false. */
bool restore_file_failed(const char *what, const char *name, int number, GError **error);

#endif
