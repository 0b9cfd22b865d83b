/* A backup's life: begun out of sight, shown at once, proved, removed. */
#include "repo_internal.h"
#include "repo_private.h"
#include "repo_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- begin -------------------------------------------------------------------------------- */

static bool left_over(const char *name)
{
    return g_str_has_prefix(name, REPO_NEW) || g_str_has_prefix(name, REPO_GONE);
}

bool lineage_clean(struct lineage *lineage, void (*note)(const char *text, gpointer data),
                   gpointer data, GError **error)
{
    g_assert(g_hash_table_contains(lineage->locks, "lock"));
    repo_folder_clean(lineage->repo->path);
    repo_folder_clean(lineage->path);
    g_autoptr(GDir) dir = g_dir_open(lineage->backups, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(lineage->backups, name, NULL);
        if (repo_backup_id_valid(name))
            repo_folder_clean(path);
        if (!left_over(name))
            continue;
        if (!repo_folder_remove(path, error))
            return false;
        g_autofree char *text =
            g_str_has_prefix(name, REPO_NEW)
                ? g_strdup_printf("removed what a backup left that did not end: %s",
                                  name + strlen(REPO_NEW))
                : g_strdup_printf("removed what was left of the expired backup %s",
                                  name + strlen(REPO_GONE));
        if (note != NULL)
            note(text, data);
    }
    return true;
}

static char *id_at(gint64 now_us)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(now_us / G_USEC_PER_SEC);
    return g_date_time_format(time, "%Y%m%dT%H%M%SF");
}

struct repo_backup *lineage_backup_begin(struct lineage *lineage, gint64 now_us,
                                         void (*note)(const char *text, gpointer data),
                                         gpointer data, GError **error)
{
    if (!lineage_clean(lineage, note, data, error))
        return NULL;
    AUTO(repo_backup) backup = repo_backup_new();
    backup->started_us = now_us;
    backup->kind = g_strdup("full");
    backup->system = g_strdup(lineage->system);
    backup->program = g_strdup("pgrunbook " RUNBOOK_VERSION);
    /* The clock may stand where it stood before: then the next second that is free. */
    for (;; now_us += G_USEC_PER_SEC) {
        g_free(backup->id);
        backup->id = id_at(now_us);
        g_autofree char *path = g_build_filename(lineage->backups, backup->id, NULL);
        if (!g_file_test(path, G_FILE_TEST_EXISTS))
            break;
    }
    backup->folder = g_strdup_printf("%s/" REPO_NEW "%s", lineage->backups, backup->id);
    if (!repo_folder_make(backup->folder, error))
        return NULL;
    return g_steal_pointer(&backup);
}

/* ---- show --------------------------------------------------------------------------------- */

static bool rename_folder(const struct lineage *lineage, const char *from, const char *to,
                          GError **error)
{
    if (rename(from, to) != 0) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not rename \"%s\" to \"%s\": %s",
                          from, to, g_strerror(errno));
        return false;
    }
    return repo_folder_sync(lineage->backups, error);
}

bool lineage_backup_show(struct lineage *lineage, struct repo_backup *backup, GError **error)
{
    backup->size = backup->stored = 0;
    for (guint i = 0; i < backup->files->len; i++) {
        const struct repo_backup_file *file =
            &g_array_index(backup->files, struct repo_backup_file, i);
        backup->size += file->size;
        backup->stored += file->stored;
    }
    g_autofree char *text = repo_manifest_text(backup);
    gsize length = strlen(text);
    const struct repo_key *key = lineage->repo->key;
    g_autofree char *folder = g_build_filename(lineage->backups, backup->id, NULL);
    /* What could not be read back is better not shown. */
    AUTO(repo_backup) same = repo_manifest_parse(text, length, error);
    if (same == NULL ||
        !repo_file_write(backup->folder, REPO_MANIFEST_COPY, key, text, length, error) ||
        !repo_file_write(backup->folder, REPO_MANIFEST, key, text, length, error) ||
        !repo_folder_sync(backup->folder, error) ||
        !rename_folder(lineage, backup->folder, folder, error))
        return false;
    g_free(backup->folder);
    backup->folder = g_steal_pointer(&folder);
    return true;
}

/* ---- remove ------------------------------------------------------------------------------- */

bool lineage_backup_remove(struct lineage *lineage, const struct repo_backup *backup,
                           GError **error)
{
    g_assert(g_hash_table_contains(lineage->locks, "lock"));
    g_autofree char *name = g_path_get_basename(backup->folder);
    if (left_over(name))
        return repo_folder_remove(backup->folder, error) &&
               repo_folder_sync(lineage->backups, error);
    g_autofree char *gone = g_strdup_printf("%s/" REPO_GONE "%s", lineage->backups, name);
    return rename_folder(lineage, backup->folder, gone, error) &&
           repo_folder_remove(gone, error) && repo_folder_sync(lineage->backups, error);
}

/* ---- prove -------------------------------------------------------------------------------- */

/* Held for a moment only: who waits for it does not wait long. -1 with an error. */
static int lock_proofs(const struct lineage *lineage, GError **error)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = repo_folder_lock_file(lineage->path, "proof");
    int code = 0;

    while (fd >= 0 && (code = fcntl(fd, F_OFD_SETLKW, &whole)) != 0 && errno == EINTR)
        continue;
    if (fd >= 0 && code == 0)
        return fd;
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not lock \"%s/proof\": %s",
                      lineage->path, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Whether what is known counts for more than what verify found. */
static bool outweighs(const struct repo_backup *known, enum repo_proof proof)
{
    if (known->proof == REPO_DAMAGED)
        return known->proof_by == REPO_BY_DRILL;
    return known->proof == REPO_PROVEN && proof == REPO_VERIFIED;
}

static bool write_proof(const struct lineage *lineage, const struct repo_backup *backup,
                        GError **error)
{
    json_t *object = json_pack("{s:i, s:s, s:s, s:I, s:s?}", "format", 1, "proof",
                               repo_proof_name(backup->proof), "by",
                               backup->proof_by == REPO_BY_VERIFY ? "verify" : "drill", "at_us",
                               (json_int_t) backup->proof_us, "text", backup->proof_text);
    if (backup->recovery_seconds >= 0)
        json_object_set_new(object, "recovery_seconds", json_real(backup->recovery_seconds));
    g_autofree char *sealed = repo_seal(object);
    return repo_file_write(backup->folder, REPO_PROOF, lineage->repo->key, sealed,
                           strlen(sealed), error);
}

bool lineage_backup_prove(struct lineage *lineage, struct repo_backup *backup,
                          enum repo_prover by, enum repo_proof proof, const char *text,
                          double recovery_seconds, gint64 now_us, GError **error)
{
    int lock = lock_proofs(lineage, error);
    if (lock < 0)
        return false;
    /* Another may have proved it since it was read. */
    g_clear_pointer(&backup->proof_text, g_free);
    backup->proof = REPO_UNVERIFIED;
    backup->recovery_seconds = -1;
    repo_proof_read(lineage, backup);
    bool ok = true;
    if (by == REPO_BY_DRILL || !outweighs(backup, proof)) {
        backup->proof = proof;
        backup->proof_by = by;
        backup->proof_us = now_us;
        g_free(backup->proof_text);
        backup->proof_text = text == NULL ? NULL : g_utf8_make_valid(text, -1);
        if (recovery_seconds >= 0)
            backup->recovery_seconds = recovery_seconds;
        ok = write_proof(lineage, backup, error);
    }
    close(lock);
    return ok;
}

/* ---- damage of the cluster ---------------------------------------------------------------- */

bool lineage_damage_mark(struct lineage *lineage, const char *text, bool from_standby,
                         gint64 now_us, GError **error)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_autofree char *sealed =
        repo_seal(json_pack("{s:i, s:s, s:b, s:I}", "format", 1, "text", valid, "from_standby",
                            from_standby, "at_us", (json_int_t) now_us));
    return repo_file_write(lineage->path, REPO_DAMAGE, lineage->repo->key, sealed,
                           strlen(sealed), error);
}

/* What cannot be read may have been the primary's. */
static bool is_of_standby(const struct lineage *lineage, const char *path)
{
    gsize length = 0;
    g_autofree char *text = repo_file_read(path, lineage->repo->key, &length, NULL, NULL);
    json_t *object = text == NULL ? NULL : repo_unseal(text, length, path, NULL);
    bool of_standby = json_is_true(json_object_get(object, "from_standby"));
    json_decref(object);
    return of_standby;
}

bool lineage_damage_clear(struct lineage *lineage, bool from_standby, GError **error)
{
    g_autofree char *path = g_build_filename(lineage->path, REPO_DAMAGE, NULL);
    if (from_standby && !is_of_standby(lineage, path))
        return true;
    if (remove(path) == 0)
        return repo_folder_sync(lineage->path, error);
    if (errno == ENOENT)
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not remove \"%s\": %s", path,
                      g_strerror(errno));
    return false;
}

char *lineage_damage(const struct lineage *lineage)
{
    gsize length;
    bool missing = false;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(lineage->path, REPO_DAMAGE, NULL);
    g_autofree char *text = repo_file_read(path, lineage->repo->key, &length, &missing, &error);
    if (missing)
        return NULL;
    json_t *object = text == NULL ? NULL : repo_unseal(text, length, path, &error);
    const char *what = object == NULL ? NULL : repo_seal_text(object, "text");
    /* A mark that cannot be read is a mark. */
    char *said = g_strdup(what != NULL ? what : error != NULL ? error->message : path);
    json_decref(object);
    return said;
}
