/* An archive of a backup, decompressed and walked: every file against the server's manifest. */
#include "verify.h"

#include "tar/tar.h"

#include <string.h>

struct walk {
    struct verify *verify;
    const struct seek_reader *archive;
    const char *prefix;
    struct manifest *manifest;
    struct tar_walker *walker;
    const struct manifest_file *file; /* the member last told, when the manifest has it */
    guint64 size;
    struct manifest_sum sum;
    char *text;     /* the first thing that does not fit */
    guint64 stored; /* bytes on disk, for the progress */
};

static void G_GNUC_PRINTF(2, 3) misfit(struct walk *walk, const char *format, ...)
{
    va_list arguments;
    if (walk->text != NULL)
        return;
    va_start(arguments, format);
    walk->text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
}

/* What the server puts into a backup without naming it in the manifest. */
static bool unnamed(const char *path)
{
    return g_str_has_prefix(path, "pg_wal/") || strcmp(path, "backup_manifest") == 0;
}

static bool on_member(const struct tar_member *member, gpointer data, GError **error)
{
    struct walk *walk = data;
    (void) error;
    walk->file = NULL;
    if (member->kind != TAR_FILE)
        return true;
    g_autofree char *path = g_strconcat(walk->prefix, member->name, NULL);
    walk->file = g_hash_table_lookup(walk->manifest->files, path);
    walk->size = member->size;
    if (walk->file == NULL && !unnamed(path))
        misfit(walk, "the file \"%s\" is in the archive but not in the server's manifest",
               path);
    if (walk->file != NULL)
        manifest_sum_begin(&walk->sum, walk->file->kind);
    return true;
}

static bool on_content(const void *bytes, gsize length, guint64 offset, gpointer data,
                       GError **error)
{
    struct walk *walk = data;
    (void) offset, (void) error;
    if (walk->file != NULL)
        manifest_sum_add(&walk->sum, bytes, length);
    return true;
}

static bool on_complete(gpointer data, GError **error)
{
    struct walk *walk = data;
    const struct manifest_file *file = walk->file;
    (void) error;
    if (file == NULL)
        return true;
    bool same = manifest_sum_is(&walk->sum, file->checksum != NULL ? file->checksum : "");
    if (walk->size != file->size)
        misfit(walk,
               "the file \"%s\" has %" G_GUINT64_FORMAT " bytes, the server's manifest says "
               "%" G_GUINT64_FORMAT,
               file->path, walk->size, file->size);
    else if (!same && file->checksum != NULL)
        misfit(walk, "the file \"%s\" has not the checksum of the server's manifest",
               file->path);
    walk->file = NULL;
    g_hash_table_remove(walk->manifest->files, file->path);
    return true;
}

static bool on_frame(const void *bytes, gsize length, guint64 offset, gpointer data,
                     GError **error)
{
    struct walk *walk = data;
    guint64 size = seek_reader_size(walk->archive);
    double part = (double) length / (double) MAX(size, 1);
    (void) offset;
    return tar_walker_feed(walk->walker, bytes, length, error) &&
           verify_step(walk->verify, (guint64) (part * (double) walk->stored), NULL, error);
}

bool verify_archive(struct verify *verify, const struct seek_reader *archive, guint64 stored,
                    const char *prefix, struct manifest *manifest, char **ret_text,
                    GError **error)
{
    static const struct tar_visitor visitor = {on_member, on_content, on_complete};
    struct walk walk = {.verify = verify,
                        .archive = archive,
                        .prefix = prefix,
                        .manifest = manifest,
                        .stored = stored};
    g_autoptr(GError) cause = NULL;
    AUTO(tar_walker) walker = walk.walker = tar_walker_new(&visitor, &walk);
    bool ok = seek_reader_each(archive, verify->threads, on_frame, &walk, &cause) &&
              tar_walker_end(walker, &cause);
    /* A member that was not complete still has its sum. */
    if (walk.file != NULL)
        manifest_sum_is(&walk.sum, "");
    if (g_error_matches(cause, RUNBOOK_ERROR, RUNBOOK_INTERRUPTED)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        g_free(walk.text);
        return false;
    }
    if (!ok) {
        /* A frame that cannot be read is the cause, what did not fit before it the lesser. */
        g_free(walk.text);
        walk.text = g_strdup(cause->message);
    }
    *ret_text = walk.text;
    return true;
}
