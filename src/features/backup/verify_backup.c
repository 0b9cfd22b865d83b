/*
 * A backup, read in full. The SHA-256 of each file tells that something was flipped; whether
 * anything is lost by it, the contents tell: every frame has a checksum, and every file in the
 * archives one of the server.
 */
#include "verify.h"

#include "repo/repo_file.h"
#include "repo/repo_seal.h"

#include <string.h>

/* The text becomes the finding about the backup, and why it is damaged. */
static void damaged(struct verify *verify, const char *object, char *text, char **ret_text)
{
    verify_add(verify, VERIFY_DAMAGED, object, "%s", text);
    if (*ret_text == NULL)
        *ret_text = text;
    else
        g_free(text);
}

/* ---- the server's manifest ---------------------------------------------------------------- */

/* Its last line is the SHA-256 of all the others. */
static bool own_checksum_fits(const char *text, gsize length)
{
    static const char name[] = "\"Manifest-Checksum\": \"";
    const char *last = g_strrstr_len(text, (gssize) length, name);
    if (last == NULL || text + length - last < (gssize) (sizeof name + 64))
        return false;
    g_autofree char *hash = g_compute_checksum_for_data(
        G_CHECKSUM_SHA256, (const guchar *) text, (gsize) (last - text));
    return memcmp(last + sizeof name - 1, hash, 64) == 0;
}

static struct manifest *read_manifest(const struct seek_reader *reader, GError **error)
{
    gsize length = (gsize) seek_reader_size(reader);
    g_autofree char *text = g_malloc(length + 1);
    if (!seek_reader_read(reader, 0, text, length, error))
        return NULL;
    text[length] = '\0';
    if (!own_checksum_fits(text, length)) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "backup_manifest has not the checksum that it names itself");
        return NULL;
    }
    return manifest_parse(text, length, error);
}

static bool any_frame(const void *bytes, gsize length, guint64 offset, gpointer data,
                      GError **error)
{
    (void) bytes, (void) length, (void) offset;
    return verify_step(data, 0, NULL, error);
}

/* ---- one file ----------------------------------------------------------------------------- */

/* The contents by what they are. */
static bool read_contents(struct verify *verify, const struct repo_backup_file *file,
                          const struct seek_reader *reader, struct manifest **manifest,
                          char **ret_text, GError **error)
{
    g_autoptr(GError) cause = NULL;
    gsize name = strspn(file->name, "0123456789");
    bool base = strcmp(file->name, "base.tar.zst") == 0;
    bool space = name > 0 && strcmp(file->name + name, ".tar.zst") == 0;
    if (strcmp(file->name, "backup_manifest.zst") == 0) {
        *manifest = read_manifest(reader, &cause);
    } else if ((base || space) && *manifest != NULL) {
        g_autofree char *prefix =
            base ? g_strdup("") : g_strdup_printf("pg_tblspc/%.*s/", (int) name, file->name);
        return verify_archive(verify, reader, file->stored, prefix, *manifest, ret_text, error);
    } else {
        seek_reader_each(reader, verify->threads, any_frame, verify, &cause);
    }
    if (g_error_matches(cause, RUNBOOK_ERROR, RUNBOOK_INTERRUPTED)) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    if (cause != NULL)
        *ret_text = g_strdup(cause->message);
    return true;
}

static bool read_file(struct verify *verify, const struct repo_backup_file *file,
                      const char *path, struct manifest **manifest, char **ret_text,
                      GError **error)
{
    g_autoptr(GError) cause = NULL;
    const struct repo_key *key = lineage_key(verify->repository->lineage);
    AUTO(repo_reader) raw = repo_reader_open(path, key, NULL, &cause);
    AUTO(seek_reader) reader = raw == NULL ? NULL : seek_reader_new(raw, &cause);
    if (reader == NULL) {
        *ret_text = g_strdup(cause->message);
        return true;
    }
    if (seek_reader_repaired(reader))
        verify_add(verify, VERIFY_SURVIVED, path,
                   "its seek table is damaged; the frames were found without");
    if (seek_reader_size(reader) != file->size) {
        *ret_text = g_strdup_printf("it holds %" G_GUINT64_FORMAT
                                    " bytes in the place of %" G_GUINT64_FORMAT,
                                    seek_reader_size(reader), file->size);
        return true;
    }
    return read_contents(verify, file, reader, manifest, ret_text, error);
}

static bool check_file(struct verify *verify, const struct repo_backup *backup,
                       const struct repo_backup_file *file, struct manifest **manifest,
                       char **ret_text, GError **error)
{
    g_autofree char *path = g_build_filename(backup->folder, file->name, NULL);
    g_autoptr(GError) cause = NULL;
    g_autofree char *hash = repo_file_sha256(path, &cause);
    char *text = NULL;
    if (!verify_step(verify, file->stored, backup->id, error) ||
        !read_file(verify, file, path, manifest, &text, error))
        return false;
    if (text == NULL && hash == NULL)
        text = g_strdup(cause->message);
    if (text != NULL)
        damaged(verify, path, text, ret_text);
    else if (g_strcmp0(hash, file->sha256) != 0)
        verify_add(verify, VERIFY_SURVIVED, path,
                   "its SHA-256 is not that of the manifest, but all it contains is whole");
    return true;
}

/* The second copy of our manifest, which nobody reads as long as the first is well. */
static void check_copy(struct verify *verify, const struct repo_backup *backup)
{
    gsize length = 0;
    g_autoptr(GError) cause = NULL;
    const struct repo_key *key = lineage_key(verify->repository->lineage);
    g_autofree char *path = g_build_filename(backup->folder, "manifest.copy.json", NULL);
    g_autofree char *text = repo_file_read(path, key, &length, NULL, &cause);
    json_t *object = text == NULL ? NULL : repo_unseal(text, length, path, &cause);
    if (object == NULL)
        verify_add(verify, VERIFY_SURVIVED, path, "%s", cause->message);
    json_decref(object);
}

/* ---- all of it ---------------------------------------------------------------------------- */

/* The manifest is read first: the archives are held against it. */
static bool check_files(struct verify *verify, const struct repo_backup *backup,
                        struct manifest **manifest, char **ret_text, GError **error)
{
    for (int turn = 0; turn < 2; turn++) {
        for (guint i = 0; i < backup->files->len; i++) {
            const struct repo_backup_file *file =
                &g_array_index(backup->files, struct repo_backup_file, i);
            bool first = strcmp(file->name, "backup_manifest.zst") == 0;
            if (first == (turn == 0) &&
                !check_file(verify, backup, file, manifest, ret_text, error))
                return false;
        }
    }
    return true;
}

bool verify_backup(struct verify *verify, const struct repo_backup *backup, char **ret_text,
                   GError **error)
{
    AUTO(manifest) manifest = NULL;
    *ret_text = NULL;
    if (backup->note != NULL)
        verify_add(verify, VERIFY_SURVIVED, backup->id, "%s", backup->note);
    if (backup->trouble != NULL) {
        damaged(verify, backup->id, g_strdup(backup->trouble), ret_text);
        if (backup->files->len == 0)
            return true;
    }
    check_copy(verify, backup);
    if (!check_files(verify, backup, &manifest, ret_text, error)) {
        g_clear_pointer(ret_text, g_free);
        return false;
    }
    if (manifest == NULL && *ret_text == NULL)
        damaged(verify, backup->id, g_strdup("there is no backup_manifest in it"), ret_text);
    if (manifest == NULL || *ret_text != NULL || g_hash_table_size(manifest->files) == 0)
        return true;
    GHashTableIter each;
    gpointer name = NULL;
    g_hash_table_iter_init(&each, manifest->files);
    g_hash_table_iter_next(&each, &name, NULL);
    damaged(verify, backup->id,
            g_strdup_printf("%u files of the server's manifest are not in the archives, one of "
                            "them \"%s\"",
                            g_hash_table_size(manifest->files), (const char *) name),
            ret_text);
    return true;
}
