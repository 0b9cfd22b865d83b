/*
 * How much of a partial segment is known to be durable. Its file has no end of its own by which a
 * cut or a flipped bit would be seen: length and checksum of that, sealed beside it whenever its
 * writer begins or ends, tell what was acknowledged from a torn end.
 */
#include "repo/repo_segment.h"

#include "repo/repo_private.h"
#include "repo/repo_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* "NAME.partial.json" in the folder. Caller frees. */
static char *name_of(guint32 timeline, guint64 segment, guint32 segment_bytes)
{
    char name[WAL_NAME_BYTES];

    wal_segment_name(timeline, segment, segment_bytes, name);
    return g_strdup_printf("%s.partial.json", name);
}

struct segment_known segment_partial_known(const struct lineage *lineage, guint32 timeline,
                                           guint64 segment, guint32 segment_bytes)
{
    struct segment_known known = {0, 0};
    g_autofree char *folder = segment_folder(lineage, timeline);
    g_autofree char *name = name_of(timeline, segment, segment_bytes);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    gsize length = 0;
    g_autofree char *text = repo_file_read(path, lineage_key(lineage), &length, NULL, NULL);
    json_t *object = text != NULL ? repo_unseal(text, length, path, NULL) : NULL;
    gint64 noted = object != NULL ? repo_seal_int(object, "length") : 0;

    if (noted > 0 && noted <= segment_bytes)
        known =
            (struct segment_known){(gsize) noted, (guint32) repo_seal_int(object, "crc32c")};
    json_decref(object);
    return known;
}

bool segment_partial_note(struct lineage *lineage, guint32 timeline, guint64 segment,
                          guint32 segment_bytes, struct segment_known known, GError **error)
{
    struct segment_known noted =
        segment_partial_known(lineage, timeline, segment, segment_bytes);

    if (known.length <= noted.length)
        return true;
    g_autofree char *folder = segment_folder(lineage, timeline);
    g_autofree char *name = name_of(timeline, segment, segment_bytes);
    g_autofree char *sealed =
        repo_seal(json_pack("{s:i, s:I, s:I}", "format", 1, "length", (json_int_t) known.length,
                            "crc32c", (json_int_t) known.crc));
    return repo_file_write(folder, name, lineage_key(lineage), sealed, strlen(sealed), error);
}

void segment_partial_forget(struct lineage *lineage, guint32 timeline, guint64 segment,
                            guint32 segment_bytes)
{
    g_autofree char *folder = segment_folder(lineage, timeline);
    g_autofree char *name = name_of(timeline, segment, segment_bytes);
    g_autofree char *path = g_build_filename(folder, name, NULL);

    /* Beside a whole segment it says nothing: whether it goes is of no matter. */
    unlink(path);
}

/* A file of its own beside the lock "receiver", which is kept while the server is away. */
int segment_partial_lock(const struct lineage *lineage, guint wait_ms, GError **error)
{
    enum { LOOK_MS = 20 };
    const char *folder = lineage_path(lineage);
    int fd = repo_folder_lock_file(folder, "arriving"), code = errno;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    while (fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        if (wait_ms < LOOK_MS) {
            runbook_error_set(error, RUNBOOK_CONNECT, NULL,
                              "\"%s/arriving\" is locked by another process", folder);
            close(fd);
            return -1;
        }
        g_usleep(LOOK_MS * 1000);
        wait_ms -= LOOK_MS;
    }
    if (fd < 0)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not open \"%s/arriving\": %s",
                          folder, g_strerror(code));
    return fd;
}

void segment_partial_unlock(int lock)
{
    if (lock >= 0)
        close(lock);
}
