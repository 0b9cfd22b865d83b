/* The manifest of a backup: from a struct to sealed JSON, and back without trusting any of it. */
#include "repo_internal.h"
#include "repo_seal.h"
#include "wal/wal_name.h"

#include <string.h>

enum { FORMAT = 1, FILES_MOST = 100000 };

/* ---- the struct --------------------------------------------------------------------------- */

static void clear_file(gpointer data)
{
    struct repo_backup_file *file = data;
    g_free(file->name);
    g_free(file->sha256);
}

static void clear_tablespace(gpointer data)
{
    struct repo_tablespace *tablespace = data;
    g_free(tablespace->path);
}

static void clear_phase(gpointer data)
{
    struct repo_phase *phase = data;
    g_free(phase->name);
}

static GArray *array_new(guint size, GDestroyNotify clear)
{
    GArray *array = g_array_new(FALSE, TRUE, size);
    g_array_set_clear_func(array, clear);
    return array;
}

struct repo_backup *repo_backup_new(void)
{
    struct repo_backup *backup = g_new0(struct repo_backup, 1);
    backup->files = array_new(sizeof(struct repo_backup_file), clear_file);
    backup->tablespaces = array_new(sizeof(struct repo_tablespace), clear_tablespace);
    backup->phases = array_new(sizeof(struct repo_phase), clear_phase);
    backup->recovery_seconds = -1;
    return backup;
}

void repo_backup_free(struct repo_backup *backup)
{
    if (backup == NULL)
        return;
    g_free(backup->id);
    g_free(backup->folder);
    g_free(backup->trouble);
    g_free(backup->note);
    g_free(backup->kind);
    g_free(backup->label);
    g_free(backup->system);
    g_free(backup->program);
    g_free(backup->time_zone);
    g_free(backup->proof_text);
    g_array_unref(backup->files);
    g_array_unref(backup->tablespaces);
    g_array_unref(backup->phases);
    g_free(backup);
}

bool repo_backup_id_valid(const char *id)
{
    if (strlen(id) != 16 || id[8] != 'T' || !g_ascii_isupper(id[15]))
        return false;
    for (int i = 0; i < 15; i++) {
        if (i != 8 && !g_ascii_isdigit(id[i]))
            return false;
    }
    return true;
}

/* ---- writing ------------------------------------------------------------------------------ */

/* Takes value over; a text that is no UTF-8 becomes one. */
static void put(json_t *object, const char *name, json_t *value)
{
    json_object_set_new(object, name, value == NULL ? json_null() : value);
}

static json_t *text(const char *from)
{
    g_autofree char *valid = from == NULL ? NULL : g_utf8_make_valid(from, -1);
    return valid == NULL ? json_null() : json_string(valid);
}

static json_t *number(guint64 from)
{
    return json_integer((json_int_t) from);
}

static json_t *lsn(guint64 from)
{
    g_autofree char *formatted = wal_lsn_format(from);
    return json_string(formatted);
}

static json_t *lists_of(const struct repo_backup *backup, json_t *object)
{
    json_t *files = json_array(), *tablespaces = json_array(), *phases = json_array();
    for (guint i = 0; i < backup->files->len; i++) {
        const struct repo_backup_file *file =
            &g_array_index(backup->files, struct repo_backup_file, i);
        json_array_append_new(files,
                              json_pack("{s:o, s:o, s:o, s:o}", "name", text(file->name),
                                        "size_bytes", number(file->size), "stored_bytes",
                                        number(file->stored), "sha256", text(file->sha256)));
    }
    for (guint i = 0; i < backup->tablespaces->len; i++) {
        const struct repo_tablespace *tablespace =
            &g_array_index(backup->tablespaces, struct repo_tablespace, i);
        json_array_append_new(tablespaces,
                              json_pack("{s:o, s:o}", "oid", number(tablespace->oid), "path",
                                        text(tablespace->path)));
    }
    for (guint i = 0; i < backup->phases->len; i++) {
        const struct repo_phase *phase = &g_array_index(backup->phases, struct repo_phase, i);
        json_array_append_new(phases, json_pack("{s:o, s:f}", "name", text(phase->name),
                                                "seconds", phase->seconds));
    }
    put(object, "files", files);
    put(object, "tablespaces", tablespaces);
    put(object, "phases", phases);
    return object;
}

char *repo_manifest_text(const struct repo_backup *backup)
{
    json_t *object = json_object();
    put(object, "format", json_integer(FORMAT));
    put(object, "id", text(backup->id));
    put(object, "kind", text(backup->kind));
    put(object, "label", text(backup->label));
    put(object, "system", text(backup->system));
    put(object, "version_num", json_integer(backup->version_num));
    put(object, "program", text(backup->program));
    put(object, "timeline", number(backup->timeline));
    put(object, "start_lsn", lsn(backup->start_lsn));
    put(object, "stop_lsn", lsn(backup->stop_lsn));
    put(object, "checkpoint_lsn", lsn(backup->checkpoint_lsn));
    put(object, "started_us", json_integer(backup->started_us));
    put(object, "stopped_us", json_integer(backup->stopped_us));
    put(object, "wal_segment_bytes", number(backup->wal_segment_bytes));
    put(object, "checksums", json_boolean(backup->checksums));
    put(object, "from_standby", json_boolean(backup->from_standby));
    put(object, "level", json_integer(backup->level));
    put(object, "size_bytes", number(backup->size));
    put(object, "stored_bytes", number(backup->stored));
    put(object, "time_zone", text(backup->time_zone));
    put(object, "max_connections", json_integer(backup->max_connections));
    put(object, "max_worker_processes", json_integer(backup->max_worker_processes));
    put(object, "max_wal_senders", json_integer(backup->max_wal_senders));
    put(object, "max_prepared_transactions", json_integer(backup->max_prepared_transactions));
    put(object, "max_locks_per_transaction", json_integer(backup->max_locks_per_transaction));
    return repo_seal(lists_of(backup, object));
}

/* ---- reading ------------------------------------------------------------------------------ */

static char *copy_text(const json_t *object, const char *name)
{
    return g_strdup(repo_seal_text(object, name));
}

static bool read_lsn(const json_t *object, const char *name, guint64 *ret)
{
    const char *from = repo_seal_text(object, name);
    return from != NULL && wal_lsn_parse(from, ret);
}

/* A number within bounds. */
static bool read_number(const json_t *object, const char *name, gint64 least, gint64 most,
                        gint64 *ret)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value))
        return false;
    *ret = json_integer_value(value);
    return *ret >= least && *ret <= most;
}

/* The same for an int; absent: 0, as a program writes it that does not know. */
static int read_small(const json_t *object, const char *name)
{
    gint64 value = 0;
    return read_number(object, name, 0, G_MAXINT, &value) ? (int) value : 0;
}

/* A name that stays in the backup's folder. */
static bool good_name(const char *name)
{
    return name != NULL && *name != '\0' && *name != '.' && strchr(name, '/') == NULL &&
           strlen(name) < 200;
}

static bool good_hash(const char *hash)
{
    return hash != NULL && strlen(hash) == 64 && strspn(hash, "0123456789abcdef") == 64;
}

static bool read_files(const json_t *object, struct repo_backup *backup)
{
    const json_t *files = json_object_get(object, "files");
    gsize index;
    json_t *item;
    if (!json_is_array(files) || json_array_size(files) > FILES_MOST)
        return false;
    json_array_foreach(files, index, item)
    {
        const char *name = repo_seal_text(item, "name");
        const char *hash = repo_seal_text(item, "sha256");
        gint64 size = 0, stored = 0;
        if (!good_name(name) || !good_hash(hash) ||
            !read_number(item, "size_bytes", 0, G_MAXINT64, &size) ||
            !read_number(item, "stored_bytes", 0, G_MAXINT64, &stored))
            return false;
        struct repo_backup_file file = {g_strdup(name), (guint64) size, (guint64) stored,
                                        g_strdup(hash)};
        g_array_append_val(backup->files, file);
    }
    return true;
}

/* Where the tablespace is; one in place (allow_in_place_tablespaces, 15 and newer) is a folder of the
 * data directory, and the server gives its path from there. */
static bool good_location(const char *path, gint64 oid)
{
    g_autofree char *in_place = g_strdup_printf("pg_tblspc/%" G_GINT64_FORMAT, oid);

    return path != NULL && (*path == '/' || g_str_equal(path, in_place));
}

static bool read_tablespaces(const json_t *object, struct repo_backup *backup)
{
    const json_t *tablespaces = json_object_get(object, "tablespaces");
    const json_t *phases = json_object_get(object, "phases");
    gsize index;
    json_t *item;
    if (!json_is_array(tablespaces) || !json_is_array(phases))
        return false;
    json_array_foreach(tablespaces, index, item)
    {
        gint64 oid = 0;
        const char *path = repo_seal_text(item, "path");
        if (!read_number(item, "oid", 1, G_MAXUINT32, &oid) || !good_location(path, oid))
            return false;
        struct repo_tablespace tablespace = {(guint32) oid, g_strdup(path)};
        g_array_append_val(backup->tablespaces, tablespace);
    }
    json_array_foreach(phases, index, item)
    {
        const char *name = repo_seal_text(item, "name");
        struct repo_phase phase = {g_strdup(name == NULL ? "" : name),
                                   repo_seal_real(item, "seconds", 0)};
        g_array_append_val(backup->phases, phase);
    }
    return true;
}

static bool read_position(const json_t *object, struct repo_backup *backup)
{
    gint64 timeline = 0, segment = 0;
    if (!read_number(object, "timeline", 1, G_MAXUINT32, &timeline) ||
        !read_number(object, "wal_segment_bytes", 1 << 20, 1 << 30, &segment) ||
        (segment & (segment - 1)) != 0 || !read_lsn(object, "start_lsn", &backup->start_lsn) ||
        !read_lsn(object, "stop_lsn", &backup->stop_lsn) ||
        !read_lsn(object, "checkpoint_lsn", &backup->checkpoint_lsn) ||
        backup->stop_lsn < backup->start_lsn)
        return false;
    backup->timeline = (guint32) timeline;
    backup->wal_segment_bytes = (guint32) segment;
    return true;
}

static bool read_rest(const json_t *object, struct repo_backup *backup)
{
    gint64 size = 0, stored = 0;
    if (!read_number(object, "size_bytes", 0, G_MAXINT64, &size) ||
        !read_number(object, "stored_bytes", 0, G_MAXINT64, &stored))
        return false;
    backup->size = (guint64) size;
    backup->stored = (guint64) stored;
    backup->kind = copy_text(object, "kind");
    backup->label = copy_text(object, "label");
    backup->system = copy_text(object, "system");
    backup->program = copy_text(object, "program");
    backup->time_zone = copy_text(object, "time_zone");
    backup->version_num = read_small(object, "version_num");
    backup->started_us = repo_seal_int(object, "started_us");
    backup->stopped_us = repo_seal_int(object, "stopped_us");
    backup->checksums = json_is_true(json_object_get(object, "checksums"));
    backup->from_standby = json_is_true(json_object_get(object, "from_standby"));
    backup->level = (int) repo_seal_int(object, "level");
    backup->max_connections = read_small(object, "max_connections");
    backup->max_worker_processes = read_small(object, "max_worker_processes");
    backup->max_wal_senders = read_small(object, "max_wal_senders");
    backup->max_prepared_transactions = read_small(object, "max_prepared_transactions");
    backup->max_locks_per_transaction = read_small(object, "max_locks_per_transaction");
    return backup->system != NULL && backup->version_num > 0;
}

struct repo_backup *repo_manifest_parse(const char *from, gsize length, GError **error)
{
    json_t *object = repo_unseal(from, length, REPO_MANIFEST, error);
    if (object == NULL)
        return NULL;
    AUTO(repo_backup) backup = repo_backup_new();
    const char *kind = repo_seal_text(object, "kind");
    bool newer = repo_seal_int(object, "format") > FORMAT || g_strcmp0(kind, "full") != 0;
    backup->id = copy_text(object, "id");
    bool ok = !newer && backup->id != NULL && repo_backup_id_valid(backup->id) &&
              read_position(object, backup) && read_rest(object, backup) &&
              read_files(object, backup) && read_tablespaces(object, backup);
    json_decref(object);
    if (ok)
        return g_steal_pointer(&backup);
    if (newer)
        runbook_error_set(error, RUNBOOK_REFUSED, "use a newer pgrunbook",
                          "a backup of a newer format, or of another kind than full");
    else
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "its manifest lacks something, or has what cannot be");
    return NULL;
}
