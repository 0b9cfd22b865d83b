/* The backups that there are: read, looked at, in order. */
#include "repo_internal.h"
#include "repo_private.h"
#include "repo_seal.h"

#include <string.h>
#include <sys/stat.h>

const char *repo_proof_name(enum repo_proof proof)
{
    static const char *const names[] = {"unverified", "verified", "proven", "damaged"};
    return names[proof];
}

static enum repo_proof proof_of(const char *name)
{
    for (int i = REPO_UNVERIFIED; i <= REPO_DAMAGED; i++) {
        if (g_strcmp0(name, repo_proof_name((enum repo_proof) i)) == 0)
            return (enum repo_proof) i;
    }
    return REPO_UNVERIFIED;
}

/* A proof that cannot be read proves nothing. */
void repo_proof_read(const struct lineage *lineage, struct repo_backup *backup)
{
    gsize length;
    bool missing = false;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(backup->folder, REPO_PROOF, NULL);
    g_autofree char *text = repo_file_read(path, lineage->repo->key, &length, &missing, &error);
    if (missing)
        return;
    json_t *object = text == NULL ? NULL : repo_unseal(text, length, path, &error);
    if (object == NULL) {
        if (backup->note == NULL)
            backup->note =
                g_strdup_printf("%s: what was found out about it is lost", error->message);
        return;
    }
    backup->proof = proof_of(repo_seal_text(object, "proof"));
    backup->proof_by =
        g_strcmp0(repo_seal_text(object, "by"), "verify") == 0 ? REPO_BY_VERIFY : REPO_BY_DRILL;
    backup->proof_us = repo_seal_int(object, "at_us");
    backup->proof_text = g_strdup(repo_seal_text(object, "text"));
    backup->recovery_seconds = repo_seal_real(object, "recovery_seconds", -1);
    json_decref(object);
}

/* ---- one ---------------------------------------------------------------------------------- */

static struct repo_backup *read_manifest(const struct lineage *lineage, const char *folder,
                                         const char *name, GError **error)
{
    gsize length;
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *text = repo_file_read(path, lineage->repo->key, &length, NULL, error);
    if (text == NULL)
        return NULL;
    struct repo_backup *backup = repo_manifest_parse(text, length, error);
    if (backup == NULL)
        g_prefix_error(error, "%s: ", path);
    return backup;
}

/* The files are there, as long as they were. */
static char *look_at_files(struct repo_backup *backup, const char *folder)
{
    g_autofree char *cut = NULL;

    for (guint i = 0; i < backup->files->len; i++) {
        const struct repo_backup_file *file =
            &g_array_index(backup->files, struct repo_backup_file, i);
        g_autofree char *path = g_build_filename(folder, file->name, NULL);
        struct stat about;
        if (stat(path, &about) != 0)
            return g_strdup_printf("\"%s\" is not there", path);
        if ((guint64) about.st_size != file->stored && cut == NULL)
            cut = g_strdup_printf("\"%s\" has %" G_GINT64_FORMAT
                                  " bytes in the place of %" G_GUINT64_FORMAT,
                                  path, (gint64) about.st_size, file->stored);
    }
    backup->cut = cut != NULL;
    return g_steal_pointer(&cut);
}

static char *judge(const struct lineage *lineage, struct repo_backup *backup, const char *id)
{
    if (strcmp(backup->id, id) != 0)
        return g_strdup_printf("its manifest is that of %s", backup->id);
    if (strcmp(backup->system, lineage->system) != 0)
        return g_strdup_printf("it is one of the cluster %s", backup->system);
    return look_at_files(backup, backup->folder);
}

struct repo_backup *lineage_backup_read(const struct lineage *lineage, const char *id)
{
    g_autofree char *folder = g_build_filename(lineage->backups, id, NULL);
    g_autoptr(GError) error = NULL;
    AUTO(repo_backup) backup = read_manifest(lineage, folder, REPO_MANIFEST, &error);
    if (backup == NULL) {
        backup = read_manifest(lineage, folder, REPO_MANIFEST_COPY, NULL);
        if (backup != NULL)
            backup->note = g_strdup_printf("%s; its copy was used", error->message);
    }
    if (backup == NULL) {
        backup = repo_backup_new();
        backup->id = g_strdup(id);
        backup->trouble = g_strdup(error->message);
        backup->folder = g_steal_pointer(&folder);
        return g_steal_pointer(&backup);
    }
    backup->folder = g_steal_pointer(&folder);
    backup->trouble = judge(lineage, backup, id);
    repo_proof_read(lineage, backup);
    return g_steal_pointer(&backup);
}

/* ---- all ---------------------------------------------------------------------------------- */

/* What cannot be placed stands last. The clock has no say, unless all else is equal. */
static gint compare(gconstpointer a, gconstpointer b)
{
    const struct repo_backup *left = *(const struct repo_backup *const *) a;
    const struct repo_backup *right = *(const struct repo_backup *const *) b;
    bool left_read = left->system != NULL, right_read = right->system != NULL;
    if (left_read != right_read)
        return left_read ? -1 : 1;
    if (left->timeline != right->timeline)
        return left->timeline < right->timeline ? -1 : 1;
    if (left->stop_lsn != right->stop_lsn)
        return left->stop_lsn < right->stop_lsn ? -1 : 1;
    return strcmp(left->id, right->id);
}

static void free_backup(gpointer data)
{
    repo_backup_free(data);
}

GPtrArray *lineage_backups(const struct lineage *lineage, GError **error)
{
    GPtrArray *backups = g_ptr_array_new_with_free_func(free_backup);
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = g_dir_open(lineage->backups, 0, &cause);
    if (dir == NULL && g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return backups; /* WAL alone */
    if (dir == NULL) {
        g_ptr_array_unref(backups);
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not read the repository: %s",
                          cause->message);
        return NULL;
    }
    const char *name;
    while ((name = g_dir_read_name(dir)) != NULL) {
        if (repo_backup_id_valid(name))
            g_ptr_array_add(backups, lineage_backup_read(lineage, name));
    }
    g_ptr_array_sort(backups, compare);
    return backups;
}
