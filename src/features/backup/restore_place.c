#include "restore_place.h"

#include "error.h"
#include "restore_file.h"
#include "restore_old.h"

#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- the marker ---------------------------------------------------------------------------- */

void restore_marker_clear(struct restore_marker *marker)
{
    g_free(marker->system);
    g_free(marker->backup);
    g_free(marker->control);
    g_free(marker->goal);
    g_free(marker->folder);
    g_strfreev(marker->tablespaces);
    *marker = (struct restore_marker){0};
}

static char *member(json_t *object, const char *name)
{
    return g_strdup(json_string_value(json_object_get(object, name)));
}

static char **members(json_t *array)
{
    GPtrArray *texts = g_ptr_array_new();
    size_t index;
    json_t *value;

    json_array_foreach(array, index, value)
    {
        if (json_is_string(value))
            g_ptr_array_add(texts, g_strdup(json_string_value(value)));
    }
    g_ptr_array_add(texts, NULL);
    return (char **) g_ptr_array_free(texts, FALSE);
}

static bool marker_read(const char *folder, struct restore_marker *ret_marker)
{
    g_autofree char *path = g_build_filename(folder, RESTORE_MARKER, NULL);
    json_t *object = json_load_file(path, 0, NULL);

    /* One that cannot be read is one all the same, of no backup that is known. */
    *ret_marker =
        (struct restore_marker){.system = member(object, "system"),
                                .backup = member(object, "backup"),
                                .control = member(object, "control_sha256"),
                                .goal = member(object, "recovery"),
                                .folder = member(object, "folder"),
                                .tablespaces = members(json_object_get(object, "tablespaces"))};
    json_decref(object);
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

bool restore_marker_write(const char *folder, const struct restore_marker *marker,
                          const struct server_owner *owner, GError **error)
{
    g_autofree char *path = g_build_filename(folder, RESTORE_MARKER, NULL);
    json_t *tablespaces = json_array();

    for (char **place = marker->tablespaces; place != NULL && *place != NULL; place++)
        json_array_append_new(tablespaces, json_string(*place));
    json_t *object = json_pack(
        "{s:s, s:s, s:s*, s:s*, s:s*, s:o, s:s}", "system", marker->system, "backup",
        marker->backup, "control_sha256", marker->control, "recovery", marker->goal, "folder",
        marker->folder, "tablespaces", tablespaces, "what",
        "a restore is at work here, or was interrupted: the same command goes on with it");
    char *text = json_dumps(object, JSON_INDENT(2));

    json_decref(object);
    bool good = restore_file_put(path, text, strlen(text), owner, error);
    free(text);
    return good;
}

char *restore_folder_identity(const char *folder)
{
    struct stat status;

    if (stat(folder, &status) != 0)
        return NULL;
    return g_strdup_printf("%ju:%ju", (uintmax_t) status.st_dev, (uintmax_t) status.st_ino);
}

bool restore_marker_remove(const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, RESTORE_MARKER, NULL);

    return restore_file_remove(path, error);
}

/* ---- looking ------------------------------------------------------------------------------- */

static bool is_empty(const char *folder, GError **error)
{
    g_autoptr(GDir) entries = g_dir_open(folder, 0, error);

    /* A file system's own folder does not count; nor a marker that was never shown: the restore was
     * killed before it had done anything. */
    for (const char *name; entries && (name = g_dir_read_name(entries)) != NULL;)
        if (!g_str_equal(name, "lost+found") && !g_str_equal(name, RESTORE_MARKER ".pgrunbook"))
            return false;
    return entries != NULL;
}

static void control_look(const char *folder, struct restore_place *place)
{
    g_autofree char *path = g_build_filename(folder, RESTORE_CONTROL, NULL);
    g_autofree char *before = g_build_filename(folder, RESTORE_CONTROL_BEFORE, NULL);
    g_autofree char *signal = g_build_filename(folder, "recovery.signal", NULL);
    g_autofree char *bytes = NULL;
    struct server_control control;
    gsize length = 0;

    if (g_file_get_contents(path, &bytes, &length, NULL))
        place->control =
            g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guint8 *) bytes, length);
    else
        /* Whose it was before an interrupted restore. */
        g_file_get_contents(before, &bytes, &length, NULL);
    if (bytes == NULL || !server_control_parse((const guint8 *) bytes, length, &control))
        return;
    place->system = control.system;
    place->recovering = g_file_test(signal, G_FILE_TEST_EXISTS) &&
                        (control.state == SERVER_IN_ARCHIVE_RECOVERY ||
                         control.state == SERVER_SHUT_DOWN_IN_RECOVERY ||
                         g_strcmp0(place->control, place->marker.control) == 0);
}

bool restore_place_look(const char *folder, struct restore_place *ret_place, GError **error)
{
    struct restore_place place = {0};
    g_autofree char *version = g_build_filename(folder, "PG_VERSION", NULL);
    g_autoptr(GError) unread = NULL;
    struct stat status;

    place.there = stat(folder, &status) == 0;
    if (!place.there && errno != ENOENT)
        return restore_file_failed("look at", folder, errno, error);
    if (place.there && !S_ISDIR(status.st_mode)) {
        runbook_error_set(error, RUNBOOK_REFUSED, NULL, "\"%s\" is no folder", folder);
        return false;
    }
    place.empty = !place.there || is_empty(folder, &unread);
    if (unread != NULL) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "%s", unread->message);
        return false;
    }
    place.cluster = g_file_test(version, G_FILE_TEST_EXISTS);
    place.server = server_running_on(folder);
    place.pid_left = server_pid_left(folder);
    place.marked = marker_read(folder, &place.marker);
    g_autofree char *identity = restore_folder_identity(folder);
    place.same = identity != NULL && g_strcmp0(identity, place.marker.folder) == 0;
    control_look(folder, &place);
    *ret_place = place;
    return true;
}

void restore_place_clear(struct restore_place *place)
{
    restore_marker_clear(&place->marker);
    g_free(place->control);
    *place = (struct restore_place){0};
}

/* A path without links, as far as it is there. Caller frees. */
static char *real_path(const char *path)
{
    g_autofree char *real = realpath(path, NULL);

    if (real != NULL)
        return g_strdup(real);
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    if (g_str_equal(parent, path))
        return g_strdup(path);
    g_autofree char *above = real_path(parent);
    return g_build_filename(above, name, NULL);
}

static bool lies_in(const char *path, const char *folder)
{
    gsize length = strlen(folder);

    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool is_cluster(const char *path)
{
    g_autofree char *version = g_build_filename(path, "PG_VERSION", NULL);
    g_autofree char *global = g_build_filename(path, "global", NULL);

    return g_file_test(version, G_FILE_TEST_EXISTS) && g_file_test(global, G_FILE_TEST_IS_DIR);
}

bool restore_place_apart(const char *folder, const char *repository, GError **error)
{
    g_autofree char *path = real_path(folder);
    g_autofree char *store = real_path(repository);

    if (lies_in(path, store) || lies_in(store, path)) {
        runbook_error_set(error, RUNBOOK_REFUSED, NULL,
                          "\"%s\" and the repository \"%s\" are not apart", folder, repository);
        return false;
    }
    g_autofree char *above = g_path_get_dirname(path);
    while (strlen(above) > 1) {
        if (is_cluster(above)) {
            runbook_error_set(error, RUNBOOK_REFUSED,
                              "--to names another folder; of a tablespace it is --tablespace "
                              "OLDDIR=NEWDIR or --tablespaces-below DIR",
                              "\"%s\" is inside the data directory \"%s\"", folder, above);
            return false;
        }
        char *next = g_path_get_dirname(above);
        g_free(above);
        above = next;
    }
    return true;
}

/* ---- judging ------------------------------------------------------------------------------- */

static enum restore_way refused(GError **error, const char *hint, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static enum restore_way refused(GError **error, const char *hint, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    runbook_error_set(error, RUNBOOK_REFUSED, hint, "%s", text);
    return RESTORE_NOT;
}

static bool is_this(const struct restore_place *place, const struct restore_wish *wish)
{
    return place->marked && g_strcmp0(place->marker.system, wish->system) == 0 &&
           g_strcmp0(place->marker.backup, wish->backup) == 0;
}

/* Its files are complete, and its recovery to the same place is not. */
static bool may_replay(const struct restore_place *place, const struct restore_wish *wish)
{
    return is_this(place, wish) && place->same && place->control != NULL && place->recovering &&
           wish->goal != NULL && g_strcmp0(place->marker.goal, wish->goal) == 0;
}

/* An interrupted restore of this backup, which nobody has started since. */
static bool may_resume(const struct restore_place *place, const struct restore_wish *wish)
{
    return is_this(place, wish) &&
           (place->control == NULL || g_strcmp0(place->control, place->marker.control) == 0);
}

static enum restore_way not_empty(const struct restore_place *place, const char *folder,
                                  const struct restore_wish *wish, GError **error)
{
    if (is_this(place, wish) && place->same && place->marker.goal != NULL &&
        g_strcmp0(place->marker.goal, wish->goal) == 0)
        return refused(error, "begin anew with --delta",
                       "the recovery (%s) in \"%s\" was interrupted when it had taken writes "
                       "already, or a server has been started on it since",
                       place->marker.goal, folder);
    if (place->marked && place->marker.goal != NULL)
        return refused(error, "begin anew with --delta, or name the same target",
                       "a recovery (%s) was interrupted in \"%s\"", place->marker.goal, folder);
    return refused(error,
                   place->cluster ? "restore into an empty folder, or over this cluster with "
                                    "--delta: it is lost then"
                                  : "restore into an empty folder",
                   "\"%s\" is not empty", folder);
}

enum restore_way restore_place_judge(const struct restore_place *place, const char *folder,
                                     const struct restore_wish *wish, GError **error)
{
    if (place->server != 0)
        return refused(error, "stop it first (pg_ctl stop)",
                       "a server (pid %d) is running on \"%s\"", (int) place->server, folder);
    if (place->pid_left) {
        g_autofree char *hint = g_strdup_printf("if none is, neither in a container nor on "
                                                "another machine, remove \"%s/postmaster.pid\"",
                                                folder);
        return refused(
            error, hint,
            "a server may be running on \"%s\": it has a postmaster.pid, and a server "
            "that was stopped leaves none",
            folder);
    }
    if (place->empty)
        return RESTORE_FRESH;
    if (may_replay(place, wish))
        return RESTORE_REPLAY;
    if (may_resume(place, wish))
        return RESTORE_RESUME;
    if (place->marked && place->control == NULL && !wish->delta)
        return refused(error,
                       "finish that one, empty the folder, or write over it with --delta",
                       "the restore of another backup (%s) was interrupted in \"%s\"",
                       place->marker.backup ? place->marker.backup : "unknown", folder);
    if (!wish->delta)
        return not_empty(place, folder, wish, error);
    if (!place->cluster && !place->marked)
        return refused(error, "restore into an empty folder", "\"%s\" is no data directory",
                       folder);
    g_autofree char *found = g_strdup_printf("%" G_GUINT64_FORMAT, place->system);
    if (place->system != 0 && g_strcmp0(found, wish->system) != 0)
        return refused(
            error, "--delta is for an older or damaged state of the same cluster",
            "\"%s\" holds another cluster (system identifier %s, the backup's is %s)", folder,
            found, wish->system);
    return RESTORE_COMPARE;
}
