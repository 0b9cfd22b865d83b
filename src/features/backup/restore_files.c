/*
 * From a backup to a data directory. The order is what makes it safe: first all that can be known to
 * be possible, then the marker, no pg_control any more, everything else, the disk, pg_control, and no marker any more. Whatever
 * happens in between, no server starts on the folder, and the same command goes on with it.
 */
#include "error.h"
#include "restore.h"
#include "restore_compare.h"
#include "restore_configuration.h"
#include "restore_extract.h"
#include "restore_file.h"
#include "restore_folders.h"
#include "restore_old.h"
#include "restore_place.h"
#include "restore_settings.h"
#include "restore_tablespaces.h"
#include "units/units.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { JOBS_MOST = 16 };

/* All that the steps need of each other. */
struct work {
    const struct restore_request *request;
    struct restore_result *result;
    const struct repo_backup *backup;
    enum restore_way way;
    struct server_owner owner;
    char *folder; /* absolute */
    char *goal;   /* of the recovery that follows; NULL: none */
    GArray *places;
    GHashTable *links; /* "pg_tblspc/16384" → its folder */
    struct manifest *manifest;
    char *manifest_text;
    gsize manifest_length;
    struct compare_result compared;
    GByteArray *control;
    guint64 done, total; /* bytes of archives */
    struct extract_counts counts;
    GPtrArray *made; /* folders, closed to all but the owner */
};

static void work_clear(struct work *work)
{
    g_free(work->folder);
    g_free(work->goal);
    g_clear_pointer(&work->places, g_array_unref);
    g_clear_pointer(&work->links, g_hash_table_unref);
    g_clear_pointer(&work->compared.kept, g_hash_table_unref);
    g_clear_pointer(&work->manifest, manifest_free);
    g_free(work->manifest_text);
    g_clear_pointer(&work->control, g_byte_array_unref);
    g_clear_pointer(&work->made, g_ptr_array_unref);
}

static guint jobs_of(const struct restore_request *request)
{
    return CLAMP(request->jobs ? request->jobs : g_get_num_processors(), 1, JOBS_MOST);
}

static void show(const struct work *work, const char *now, guint64 done, guint64 total)
{
    struct progress_state state = {.noun = "files",
                                   .bytes = (gint64) done,
                                   .total_bytes = (gint64) total,
                                   .seconds_left = -1,
                                   .now = now};

    if (work->request->progress != NULL)
        work->request->progress(&state, work->request->data);
}

static void note(const struct work *work, const char *what, const char *path)
{
    g_autofree char *text = g_strdup_printf("%s \"%s\"", what, path);

    if (work->request->note != NULL)
        work->request->note(text, work->request->data);
}

/* ---- whether it may be done ---------------------------------------------------------------- */

static guint64 bytes_of(const struct repo_backup *backup)
{
    guint64 bytes = 0;

    for (guint i = 0; i < backup->files->len; i++) {
        const struct repo_backup_file *file =
            &g_array_index(backup->files, struct repo_backup_file, i);
        if (g_str_has_suffix(file->name, ".tar.zst"))
            bytes += file->size;
    }
    return bytes;
}

static bool room_enough(const struct work *work, GError **error)
{
    g_autofree char *path = g_strdup(work->folder);
    struct statvfs status;

    while (statvfs(path, &status) != 0 && errno == ENOENT) {
        char *parent = g_path_get_dirname(path);
        g_free(path);
        path = parent;
    }
    guint64 room = (guint64) status.f_bavail * status.f_frsize;
    /* Tablespaces may lie elsewhere; what they need shows when they are written. */
    guint64 need = work->places->len > 0 ? 0 : bytes_of(work->backup);
    if (work->way != RESTORE_FRESH || room >= need)
        return true;
    g_autofree char *has = units_format_size((gint64) room);
    g_autofree char *needs = units_format_size((gint64) need);
    runbook_error_set(error, RUNBOOK_REFUSED, NULL,
                      "the backup needs %s, and \"%s\" has room for %s", needs, work->folder,
                      has);
    return false;
}

/* The server runs restore_command itself: on the account of the folder's owner. */
static bool repository_readable(const struct work *work, GError **error)
{
    const char *path = lineage_path(work->request->lineage);
    g_autofree char *wal = g_build_filename(path, "wal", NULL);
    const char *key = work->request->key_file;

    if (key != NULL && !server_owner_reads(&work->owner, key)) {
        runbook_error_set(error, RUNBOOK_REFUSED,
                          "the server fetches its WAL by itself: let that account, or a group "
                          "that it is in, read the key",
                          "\"%s\", whose server it will be, may not read \"%s\"",
                          work->owner.name, key);
        return false;
    }
    if (server_owner_reads(&work->owner, path) &&
        (!g_file_test(wal, G_FILE_TEST_EXISTS) || server_owner_reads(&work->owner, wal)))
        return true;
    runbook_error_set(
        error, RUNBOOK_REFUSED,
        "the server fetches its WAL from there: let that account, or a group that "
        "it is in, read the repository",
        "\"%s\", whose server it will be, may not read \"%s\"", work->owner.name, path);
    return false;
}

/* From the repository, and from clusters. */
static bool places_apart(const struct work *work, GError **error)
{
    g_autofree char *repository = g_path_get_dirname(lineage_path(work->request->lineage));

    for (guint i = 0; i < work->places->len; i++) {
        const struct tablespace_place *place =
            &g_array_index(work->places, struct tablespace_place, i);
        if (!place->in_place && !restore_place_apart(place->to, repository, error))
            return false;
    }
    return restore_place_apart(work->folder, repository, error);
}

/* What the marker says of tablespaces counts in the folder it was written into. */
static bool places_free(const struct work *work, const struct restore_marker *marker,
                        GError **error)
{
    g_autofree char *identity = restore_folder_identity(work->folder);
    bool same = (work->way == RESTORE_RESUME || work->way == RESTORE_REPLAY) &&
                identity != NULL && g_strcmp0(identity, marker->folder) == 0;

    return tablespace_places_free(work->places, work->folder, work->way != RESTORE_FRESH,
                                  same ? (const char *const *) marker->tablespaces : NULL,
                                  error);
}

static bool work_begin(struct work *work, const struct restore_request *request,
                       struct restore_result *result, GError **error)
{
    struct restore_place place;

    work->request = request;
    work->result = result;
    work->backup = request->plan->backup;
    work->folder = g_canonicalize_filename(request->folder, NULL);
    work->made = g_ptr_array_new_with_free_func(g_free);
    work->places = tablespace_places(work->backup, work->folder, request->tablespaces,
                                     request->tablespace_folder, error);
    if (work->places == NULL || !places_apart(work, error) ||
        !server_owner_of(work->folder, &work->owner, error) ||
        !server_owner_usable(&work->owner, work->folder, error) ||
        !restore_place_look(work->folder, &place, error))
        return false;
    if (!request->files_only)
        work->goal = restore_settings_goal(&request->plan->target, request->action);
    const struct restore_wish wish = {lineage_system(request->lineage), work->backup->id,
                                      work->goal, request->delta};
    work->way = restore_place_judge(&place, work->folder, &wish, error);
    bool free = work->way != RESTORE_NOT && places_free(work, &place.marker, error);
    restore_place_clear(&place);
    return free && room_enough(work, error) &&
           (request->files_only ||
            (tablespace_places_enterable(work->places, work->folder, &work->owner, error) &&
             repository_readable(work, error)));
}

bool restore_allowed(const struct restore_request *request, GError **error)
{
    struct restore_result result = {0};
    struct work work = {0};
    bool allowed = work_begin(&work, request, &result, error);

    work_clear(&work);
    return allowed;
}

/* ---- before the files ---------------------------------------------------------------------- */

/* The cluster was open to its group (initdb -g): the server goes by the mode of the data directory. With
 * --delta what is there is as its owner wants it. */
static bool opened_to_group(const struct work *work, GError **error)
{
    if ((work->counts.held_mode & S_IRGRP) == 0)
        return true;
    if (!work->request->delta) {
        g_ptr_array_add(work->made, g_strdup(work->folder));
        g_ptr_array_add(work->made, g_build_filename(work->folder, "pg_tblspc", NULL));
        for (guint i = 0; i < work->places->len; i++)
            g_ptr_array_add(
                work->made,
                g_strdup(g_array_index(work->places, struct tablespace_place, i).to));
    }
    return restore_folders_open(work->made, error);
}

static bool mark(const struct work *work, const char *control, GError **error)
{
    struct restore_marker marker = {.system = g_strdup(lineage_system(work->request->lineage)),
                                    .backup = g_strdup(work->backup->id),
                                    .control = g_strdup(control),
                                    .goal = control ? g_strdup(work->goal) : NULL,
                                    .folder = restore_folder_identity(work->folder),
                                    .tablespaces = g_new0(char *, work->places->len + 1)};

    for (guint i = 0; i < work->places->len; i++)
        marker.tablespaces[i] =
            g_strdup(g_array_index(work->places, struct tablespace_place, i).to);
    bool good = restore_marker_write(work->folder, &marker, &work->owner, error);

    restore_marker_clear(&marker);
    return good;
}

static char *file_of(const struct work *work, const char *name)
{
    return g_build_filename(work->backup->folder, name, NULL);
}

/* ---- comparing ----------------------------------------------------------------------------- */

static bool manifest_read(struct work *work, GError **error)
{
    g_autofree char *path = file_of(work, "backup_manifest.zst");
    AUTO(repo_reader)
    file = repo_reader_open(path, lineage_key(work->request->lineage), NULL, error);
    AUTO(seek_reader) reader = file ? seek_reader_new(file, error) : NULL;

    if (reader == NULL)
        return false;
    work->manifest_length = (gsize) seek_reader_size(reader);
    work->manifest_text = g_malloc(work->manifest_length + 1);
    work->manifest_text[work->manifest_length] = '\0';
    if (!seek_reader_read(reader, 0, work->manifest_text, work->manifest_length, error))
        return false;
    if (work->way == RESTORE_FRESH)
        return true;
    work->manifest = manifest_parse(work->manifest_text, work->manifest_length, error);
    return work->manifest != NULL;
}

static bool archive_readable(const struct work *work, const char *name, GError **error)
{
    g_autofree char *path = file_of(work, name);
    AUTO(repo_reader)
    file = repo_reader_open(path, lineage_key(work->request->lineage), NULL, error);
    AUTO(seek_reader) archive = file ? seek_reader_new(file, error) : NULL;

    return archive != NULL;
}

/* Before anything is touched: that the backup can be read at all, and can take the place of what is
 * there. */
static bool possible(struct work *work, GError **error)
{
    if (!manifest_read(work, error) || !archive_readable(work, "base.tar.zst", error))
        return false;
    for (guint i = 0; i < work->places->len; i++) {
        g_autofree char *name = g_strdup_printf(
            "%u.tar.zst", g_array_index(work->places, struct tablespace_place, i).oid);
        if (!archive_readable(work, name, error))
            return false;
    }
    return work->way == RESTORE_FRESH || restore_old_look(work->folder, work->manifest, error);
}

static bool old_set_aside(struct work *work, GError **error)
{
    bool undone = false;

    if (work->way == RESTORE_FRESH)
        return true;
    g_free(work->result->saved_wal);
    bool good = restore_old_set_aside(work->folder, &work->owner, &work->result->saved_wal,
                                      &undone, error);
    if (undone)
        restore_marker_remove(work->folder, NULL);
    if (work->result->saved_wal != NULL)
        note(work, "the old pg_wal was kept as", work->result->saved_wal);
    return good;
}

static void on_compared(guint64 done, guint64 total, gpointer data)
{
    show(data, "comparing what is there", done, total);
}

static bool compared(struct work *work, GError **error)
{
    struct compare_plan plan = {.folder = work->folder,
                                .manifest = work->manifest,
                                .places = work->links,
                                .major = work->backup->version_num / 10000,
                                .jobs = jobs_of(work->request),
                                .progress = on_compared,
                                .data = work};

    if (work->way == RESTORE_FRESH)
        return true;
    work->compared.kept = g_hash_table_new(g_str_hash, g_str_equal);
    if (!compare_files(&plan, &work->compared, error) ||
        !compare_remove(&plan, &work->compared, error))
        return false;
    work->result->removed = work->compared.removed;
    return true;
}

/* ---- tablespaces --------------------------------------------------------------------------- */

/* A link that leads elsewhere, or a folder in its place, is of the state that is written over. */
static bool linked(const struct work *work, const char *link, const char *target,
                   GError **error)
{
    g_autofree char *found = g_file_read_link(link, NULL);

    if (g_strcmp0(found, target) == 0)
        return true;
    if (unlink(link) != 0 && errno != ENOENT && rmdir(link) != 0)
        return restore_file_failed("remove", link, errno, error);
    if (symlink(target, link) != 0)
        return restore_file_failed("make the link", link, errno, error);
    if (geteuid() != 0 || lchown(link, work->owner.uid, work->owner.gid) == 0)
        return true;
    return restore_file_failed("give away", link, errno, error);
}

/* Links of tablespaces that the backup does not have. */
static bool foreign_unlinked(const struct work *work, const char *folder, GError **error)
{
    g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);

    for (const char *name; entries && (name = g_dir_read_name(entries)) != NULL;) {
        g_autofree char *key = g_build_filename("pg_tblspc", name, NULL);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_hash_table_contains(work->links, key) ||
            !g_file_test(path, G_FILE_TEST_IS_SYMLINK))
            continue;
        if (unlink(path) != 0)
            return restore_file_failed("remove", path, errno, error);
    }
    return true;
}

static bool tablespaces_made(struct work *work, GError **error)
{
    g_autofree char *folder = g_build_filename(work->folder, "pg_tblspc", NULL);

    work->links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < work->places->len; i++) {
        const struct tablespace_place *place =
            &g_array_index(work->places, struct tablespace_place, i);
        g_hash_table_insert(work->links, g_strdup_printf("pg_tblspc/%u", place->oid),
                            g_strdup(place->to));
    }
    if (!restore_folder_made(folder, &work->owner, work->made, error) ||
        !foreign_unlinked(work, folder, error))
        return false;
    for (guint i = 0; i < work->places->len; i++) {
        const struct tablespace_place *place =
            &g_array_index(work->places, struct tablespace_place, i);
        g_autofree char *link = g_strdup_printf("%s/%u", folder, place->oid);
        if ((!place->in_place && !linked(work, link, place->to, error)) ||
            !restore_folder_made(place->to, &work->owner, work->made, error))
            return false;
    }
    return true;
}

/* ---- the files ----------------------------------------------------------------------------- */

static void on_extracted(guint64 done, gpointer data)
{
    const struct work *work = data;

    show(work, "writing files", work->done + done, work->total);
}

static bool archive_extracted(struct work *work, const char *name, const char *folder,
                              const char *prefix, GError **error)
{
    g_autofree char *path = file_of(work, name);
    AUTO(repo_reader)
    file = repo_reader_open(path, lineage_key(work->request->lineage), NULL, error);
    AUTO(seek_reader) archive = file ? seek_reader_new(file, error) : NULL;
    /* The server sends tablespace_map in the place of links: those in the archive are told again
     * by the manifest. */
    g_autoptr(GHashTable) links =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    if (archive == NULL)
        return false;
    struct extract_plan plan = {.archive = archive,
                                .folder = folder,
                                .prefix = prefix,
                                .kept = work->compared.kept,
                                .held = RESTORE_CONTROL,
                                .held_bytes = work->control,
                                .links = links,
                                .owner = &work->owner,
                                .jobs = jobs_of(work->request),
                                .progress = on_extracted,
                                .data = work};
    if (!extract_run(&plan, &work->counts, error))
        return false;
    work->done += seek_reader_size(archive);
    return true;
}

static bool files_written(struct work *work, GError **error)
{
    work->control = g_byte_array_new();
    work->total = bytes_of(work->backup);
    for (guint i = 0; i < work->places->len; i++) {
        const struct tablespace_place *place =
            &g_array_index(work->places, struct tablespace_place, i);
        g_autofree char *name = g_strdup_printf("%u.tar.zst", place->oid);
        g_autofree char *prefix = g_strdup_printf("pg_tblspc/%u/", place->oid);
        if (!archive_extracted(work, name, place->to, prefix, error))
            return false;
    }
    if (!archive_extracted(work, "base.tar.zst", work->folder, "", error))
        return false;
    work->result->files = work->counts.files;
    work->result->written_bytes = work->counts.bytes;
    work->result->kept_files = work->counts.kept;
    if (work->control->len > 0)
        return true;
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "the backup has no \"" RESTORE_CONTROL "\"");
    return false;
}

/* ---- what the recovery needs --------------------------------------------------------------- */

static bool put(const struct work *work, const char *name, const char *text, gsize length,
                GError **error)
{
    g_autofree char *path = g_build_filename(work->folder, name, NULL);

    return restore_file_put(path, text, length, &work->owner, error);
}

static bool settings_put(const struct work *work, GError **error)
{
    const struct restore_request *request = work->request;
    g_autofree char *path = g_build_filename(work->folder, "postgresql.auto.conf", NULL);
    g_autofree char *before = NULL;

    g_file_get_contents(path, &before, NULL, NULL);
    /* The private server of an interrupted recovery had put more aside. */
    g_autofree char *cleaned = restore_settings_cleaned(before ? before : "");
    g_autofree char *text =
        request->action == RESTORE_STANDBY
            ? restore_settings_standby(cleaned, request->restore_command, request->primary)
            : restore_settings_text(cleaned, request->plan, request->restore_command,
                                    request->action);
    return put(work, "postgresql.auto.conf", text, strlen(text), error);
}

static bool recovery_set(const struct work *work, GError **error)
{
    static const char *const stale[] = {"standby.signal", "recovery.signal", "recovery.conf",
                                        "recovery.done"};
    const char *signal =
        work->request->action == RESTORE_STANDBY ? "standby.signal" : "recovery.signal";
    g_autofree char *map = tablespace_map_text(work->places);

    for (gsize i = 0; i < G_N_ELEMENTS(stale); i++) {
        g_autofree char *wrong = g_build_filename(work->folder, stale[i], NULL);
        if (!restore_file_remove(wrong, error))
            return false;
    }
    return opened_to_group(work, error) && settings_put(work, error) &&
           put(work, signal, "", 0, error) &&
           put(work, "backup_manifest", work->manifest_text, work->manifest_length, error) &&
           (map == NULL || put(work, "tablespace_map", map, strlen(map), error));
}

static bool made_durable(const struct work *work, GError **error)
{
    show(work, "waiting for the disk", work->total, work->total);
    for (guint i = 0; i < work->places->len; i++)
        if (!restore_folder_sync(g_array_index(work->places, struct tablespace_place, i).to,
                                 error))
            return false;
    return restore_folder_sync(work->folder, error);
}

/* The marker stays until the recovery is over, where one follows: restore_settle() removes it. */
static bool completed(const struct work *work, GError **error)
{
    g_autofree char *sum =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, work->control->data, work->control->len);

    return mark(work, sum, error) &&
           put(work, RESTORE_CONTROL, (const char *) work->control->data, work->control->len,
               error) &&
           restore_old_forget(work->folder, error) &&
           (work->goal != NULL || restore_marker_remove(work->folder, error));
}

/* ---- all of it ----------------------------------------------------------------------------- */

static bool work_done(struct work *work, GError **error)
{
    if (work->way == RESTORE_REPLAY) {
        note(work, "going on with the recovery that was interrupted in", work->folder);
        return settings_put(work, error);
    }
    if (work->way == RESTORE_RESUME)
        note(work, "going on with the restore that was interrupted in", work->folder);
    return possible(work, error) &&
           restore_folder_made(work->folder, &work->owner, work->made, error) &&
           mark(work, NULL, error) && old_set_aside(work, error) &&
           tablespaces_made(work, error) && compared(work, error) &&
           files_written(work, error) && recovery_set(work, error) &&
           made_durable(work, error) && completed(work, error);
}

bool restore_files(const struct restore_request *request, struct restore_result *result,
                   GError **error)
{
    struct work work = {0};
    gint64 began = g_get_monotonic_time();

    /* With the lineage it is let go: after the recovery, which needs the WAL behind it. */
    bool good = lineage_backup_use(request->lineage, request->plan->backup, error) &&
                work_begin(&work, request, result, error) && work_done(&work, error);
    if (good) {
        g_autofree char *path = g_build_filename(work.folder, "postgresql.conf", NULL);
        result->resumed = work.way == RESTORE_RESUME || work.way == RESTORE_REPLAY;
        result->configured = g_file_test(path, G_FILE_TEST_EXISTS);
        g_free(result->other_folder);
        g_free(result->outside);
        restore_configuration_look(work.folder, &result->other_folder, &result->outside);
        result->files_seconds =
            (double) (g_get_monotonic_time() - began) / (double) G_USEC_PER_SEC;
    }
    work_clear(&work);
    return good;
}

void restore_result_clear(struct restore_result *result)
{
    g_free(result->saved_wal);
    g_free(result->other_folder);
    g_free(result->outside);
    g_free(result->elsewhere);
    *result = (struct restore_result){0};
}
