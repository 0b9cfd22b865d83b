/*
 * History files, which are kept for ever and lead every recovery to its timeline: each has a sealed
 * copy beside it, so that a flipped bit cannot lead one astray.
 */
#include "repo/repo_segment.h"

#include "repo/repo_seal.h"

#include <string.h>

static char *copy_name(const char *name)
{
    return g_strdup_printf("%s.copy.json", name);
}

/* The bytes as the copy has them; NULL: *ret_missing, or it cannot be read. */
static guint8 *read_copy(const struct lineage *lineage, const char *name, gsize *ret_length,
                         bool *ret_missing, GError **error)
{
    gsize length = 0;
    g_autofree char *folder = segment_folder(lineage, 0);
    g_autofree char *copy = copy_name(name);
    g_autofree char *path = g_build_filename(folder, copy, NULL);
    g_autofree char *text =
        repo_file_read(path, lineage_key(lineage), &length, ret_missing, error);
    json_t *object = text != NULL ? repo_unseal(text, length, path, error) : NULL;
    const char *base64 = object != NULL ? repo_seal_text(object, "base64") : NULL;
    guint8 *bytes = base64 != NULL ? g_base64_decode(base64, ret_length) : NULL;

    json_decref(object);
    return bytes;
}

bool repo_history_copy(struct lineage *lineage, const char *name, const guint8 *bytes,
                       gsize length, GError **error)
{
    gsize there_length = 0;
    bool missing = false;
    g_autofree guint8 *there = read_copy(lineage, name, &there_length, &missing, NULL);

    if (there != NULL && there_length == length && memcmp(there, bytes, length) == 0)
        return true;
    g_autofree char *folder = segment_folder(lineage, 0);
    g_autofree char *copy = copy_name(name);
    g_autofree char *base64 = g_base64_encode(bytes, length);
    g_autofree char *sealed = repo_seal(json_pack("{s:i, s:s}", "format", 1, "base64", base64));
    return repo_file_write(folder, copy, lineage_key(lineage), sealed, strlen(sealed), error);
}

char *repo_history_read(const struct lineage *lineage, const char *name, gsize *ret_length,
                        bool *ret_missing, char **ret_note, GError **error)
{
    gsize length = 0, copy_length = 0;
    bool missing = false, copy_missing = false;
    g_autoptr(GError) cause = NULL, copy_cause = NULL;
    g_autofree char *folder = segment_folder(lineage, 0);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *text =
        repo_file_read(path, lineage_key(lineage), &length, &missing, &cause);
    g_autofree guint8 *copy =
        read_copy(lineage, name, &copy_length, &copy_missing, &copy_cause);
    bool same = text != NULL && copy != NULL && length == copy_length &&
                memcmp(text, copy, length) == 0;

    *ret_missing = missing && copy_missing;
    if (ret_note != NULL && copy != NULL && !same)
        *ret_note = g_strdup_printf("\"%s\" is %s; its copy was used", path,
                                    missing ? "not there" : "damaged");
    else if (ret_note != NULL && text != NULL && copy == NULL && !copy_missing)
        *ret_note = g_strdup(copy_cause->message);
    if (copy != NULL) {
        *ret_length = copy_length;
        return g_strndup((const char *) copy, copy_length);
    }
    if (text == NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    *ret_length = length;
    return g_steal_pointer(&text);
}

guint64 repo_history_left(const struct lineage *lineage, guint32 timeline, guint64 from,
                          guint64 to)
{
    g_autofree char *folder = segment_folder(lineage, 0);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    guint64 found = 0;
    const char *text = NULL;

    while (dir != NULL && (text = g_dir_read_name(dir)) != NULL) {
        struct wal_name name = wal_name_parse(text, 0);
        if (name.kind != WAL_HISTORY || name.timeline <= timeline)
            continue;
        g_autoptr(GArray) path = lineage_history(lineage, name.timeline, NULL, NULL);
        for (guint i = 0; path != NULL && i < path->len; i++) {
            const struct wal_stretch *stretch = &g_array_index(path, struct wal_stretch, i);
            if (stretch->timeline == timeline && stretch->end > from && stretch->end <= to)
                found = MAX(found, stretch->end);
        }
    }
    return found;
}
