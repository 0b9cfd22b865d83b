#include "restore_tablespaces.h"

#include "error.h"
#include "out/paste.h"

#include <stdlib.h>
#include <string.h>

static void place_clear(gpointer data)
{
    struct tablespace_place *place = data;

    g_free(place->from);
    g_free(place->to);
}

/* ---- the pairs ----------------------------------------------------------------------------- */

/* "OLDDIR=NEWDIR"; "\=" is an equals sign in a path, as for pg_basebackup. */
static bool pair_read(const char *pair, char **ret_from, char **ret_to, GError **error)
{
    GString *parts[] = {g_string_new(NULL), g_string_new(NULL)};
    guint part = 0;
    bool good = true;

    for (const char *at = pair; *at != '\0'; at++) {
        if (at[0] == '\\' && at[1] == '=')
            g_string_append_c(parts[part], *++at);
        else if (*at == '=' && part == 0)
            part = 1;
        else if (*at == '=')
            good = false;
        else
            g_string_append_c(parts[part], *at);
    }
    good = good && part == 1 && g_path_is_absolute(parts[0]->str) &&
           g_path_is_absolute(parts[1]->str);
    if (!good)
        runbook_error_set(
            error, RUNBOOK_USAGE,
            "as in --tablespace /srv/fast=/srv/new; an equals sign within a path is \"\\=\"",
            "\"%s\" is not OLDDIR=NEWDIR, two absolute paths", pair);
    *ret_from = good ? g_canonicalize_filename(parts[0]->str, NULL) : NULL;
    *ret_to = good ? g_canonicalize_filename(parts[1]->str, NULL) : NULL;
    g_string_free(parts[0], TRUE);
    g_string_free(parts[1], TRUE);
    return good;
}

static bool pair_apply(GArray *places, const char *pair, GError **error)
{
    g_autofree char *from = NULL;
    g_autofree char *to = NULL;
    bool found = false;

    if (!pair_read(pair, &from, &to, error))
        return false;
    for (guint i = 0; i < places->len; i++) {
        struct tablespace_place *place = &g_array_index(places, struct tablespace_place, i);
        if (place->in_place || !g_str_equal(place->from, from))
            continue;
        g_free(place->to);
        place->to = g_strdup(to);
        place->named = found = true;
    }
    if (!found)
        runbook_error_set(error, RUNBOOK_USAGE, "\"pgrunbook backup show ID\" lists them",
                          "the backup has no tablespace at \"%s\"", from);
    return found;
}

/* The option as a shell reads it. Caller frees. */
static char *option_of(const char *from, const char *to)
{
    g_auto(GStrv) ours = g_strsplit(from, "=", -1), theirs = g_strsplit(to, "=", -1);
    g_autofree char *left = g_strjoinv("\\=", ours), *right = g_strjoinv("\\=", theirs);
    g_autofree char *pair = g_strdup_printf("%s=%s", left, right);
    char option[] = "--tablespace";
    char *words[] = {option, pair, NULL};

    return paste_shell_words(words);
}

/* One is the other, or lies in it. */
static bool overlap(const char *left, const char *right)
{
    gsize length = MIN(strlen(left), strlen(right));

    if (length == 1)
        return true; /* the root has everything in it */
    return strncmp(left, right, length) == 0 && (left[length] == '\0' || left[length] == '/') &&
           (right[length] == '\0' || right[length] == '/');
}

static bool apart(const GArray *places, const char *folder, GError **error)
{
    for (guint i = 0; i < places->len; i++) {
        const struct tablespace_place *place =
            &g_array_index(places, struct tablespace_place, i);
        const char *other = place->in_place || !overlap(place->to, folder) ? NULL : folder;
        for (guint k = 0; k < i && other == NULL; k++) {
            const char *earlier = g_array_index(places, struct tablespace_place, k).to;
            if (overlap(place->to, earlier))
                other = earlier;
        }
        if (other == NULL)
            continue;
        runbook_error_set(
            error, RUNBOOK_USAGE,
            "each tablespace needs a folder of its own: --tablespace OLDDIR=NEWDIR or "
            "--tablespaces-below DIR",
            "tablespace %u would go to \"%s\", which overlaps with \"%s\"", place->oid,
            place->to, other);
        return false;
    }
    return true;
}

GArray *tablespace_places(const struct repo_backup *backup, const char *folder,
                          const char *const *pairs, const char *below, GError **error)
{
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(struct tablespace_place));
    g_autofree char *data = g_canonicalize_filename(folder, NULL);

    g_array_set_clear_func(places, place_clear);
    for (guint i = 0; i < backup->tablespaces->len; i++) {
        const struct repo_tablespace *old =
            &g_array_index(backup->tablespaces, struct repo_tablespace, i);
        g_autofree char *oid = g_strdup_printf("%u", old->oid);
        struct tablespace_place place = {.oid = old->oid, .from = g_strdup(old->path)};
        place.in_place = !g_path_is_absolute(old->path);
        if (place.in_place)
            place.to = g_build_filename(data, "pg_tblspc", oid, NULL);
        else if (below != NULL)
            place.to = g_build_filename(below, oid, NULL);
        else
            place.to = g_strdup(old->path);
        g_array_append_val(places, place);
    }
    for (const char *const *pair = pairs; pair != NULL && *pair != NULL; pair++)
        if (!pair_apply(places, *pair, error))
            return NULL;
    return apart(places, data, error) ? g_steal_pointer(&places) : NULL;
}

/* ---- the places ---------------------------------------------------------------------------- */

static bool is_empty(const char *path)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);

    for (const char *name; folder != NULL && (name = g_dir_read_name(folder)) != NULL;)
        if (!g_str_equal(name, "lost+found"))
            return false;
    return folder != NULL;
}

static bool linked_from(const struct tablespace_place *place, const char *folder)
{
    g_autofree char *oid = g_strdup_printf("%u", place->oid);
    g_autofree char *link = g_build_filename(folder, "pg_tblspc", oid, NULL);
    g_autofree char *target = g_file_read_link(link, NULL);

    return g_strcmp0(target, place->to) == 0;
}

/* Whether one of the links of a data directory leads to a place. */
static bool leads_to(const char *data, const char *to)
{
    g_autofree char *links = g_build_filename(data, "pg_tblspc", NULL);
    g_autofree char *place = realpath(to, NULL);
    g_autoptr(GDir) folder = g_dir_open(links, 0, NULL);

    for (const char *name; folder != NULL && (name = g_dir_read_name(folder)) != NULL;) {
        g_autofree char *link = g_build_filename(links, name, NULL);
        g_autofree char *target = realpath(link, NULL);
        if (place != NULL && g_strcmp0(place, target) == 0)
            return true;
    }
    return false;
}

/* The data directory of another server at work whose tablespace a place is, as far as that can be
 * seen from here; NULL: none. Caller frees. */
static char *server_at(const char *folder, const char *to)
{
    g_autofree char *own = realpath(folder, NULL);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);

    for (const char *name; processes != NULL && (name = g_dir_read_name(processes)) != NULL;) {
        g_autofree char *link = g_build_filename("/proc", name, "cwd", NULL);
        g_autofree char *where = g_ascii_isdigit(name[0]) ? g_file_read_link(link, NULL) : NULL;
        if (where == NULL || g_strcmp0(where, own) == 0 ||
            !g_hash_table_add(seen, g_strdup(where)))
            continue;
        if (leads_to(where, to))
            return g_steal_pointer(&where);
    }
    return NULL;
}

static bool not_free(const struct tablespace_place *place, const char *folder, bool ours,
                     GError **error)
{
    g_autofree char *new = option_of(place->from, "NEWDIR");
    g_autofree char *same = option_of(place->from, place->to);
    g_autofree char *there = g_strdup_printf("give it another place: %s", new);
    g_autofree char *here =
        g_strdup_printf("give it another place, %s; or, if no other cluster has its files "
                        "there, say so: %s",
                        new, same);

    if (ours)
        runbook_error_set(error, RUNBOOK_REFUSED, here,
                          "the folder of tablespace %u, \"%s\", is not empty; \"%s\" leads "
                          "there, as a copy of it would",
                          place->oid, place->to, folder);
    else
        runbook_error_set(error, RUNBOOK_REFUSED, there,
                          "the folder of tablespace %u, \"%s\", is not empty", place->oid,
                          place->to);
    return false;
}

static bool place_free(const struct tablespace_place *place, const char *folder, bool again,
                       const char *const *made, GError **error)
{
    bool ours = linked_from(place, folder);
    bool known = made != NULL && g_strv_contains(made, place->to);

    if (!ours || !(known || (again && place->named)))
        return not_free(place, folder, ours && again, error);
    g_autofree char *server = server_at(folder, place->to);
    if (server == NULL)
        return true;
    g_autofree char *new = option_of(place->from, "NEWDIR");
    g_autofree char *hint = g_strdup_printf("give it another place: %s", new);
    runbook_error_set(error, RUNBOOK_REFUSED, hint,
                      "the folder of tablespace %u, \"%s\", is in use by the server on \"%s\"",
                      place->oid, place->to, server);
    return false;
}

bool tablespace_places_free(const GArray *places, const char *folder, bool again,
                            const char *const *made, GError **error)
{
    for (guint i = 0; i < places->len; i++) {
        const struct tablespace_place *place =
            &g_array_index(places, struct tablespace_place, i);
        if (place->in_place || !g_file_test(place->to, G_FILE_TEST_EXISTS) ||
            is_empty(place->to))
            continue;
        if (!place_free(place, folder, again, made, error))
            return false;
    }
    return true;
}

bool tablespace_places_enterable(const GArray *places, const char *folder,
                                 const struct server_owner *owner, GError **error)
{
    const char *closed = server_owner_enters(owner, folder) ? NULL : folder;

    for (guint i = 0; closed == NULL && i < places->len; i++) {
        const struct tablespace_place *place =
            &g_array_index(places, struct tablespace_place, i);
        if (!place->in_place && !server_owner_enters(owner, place->to))
            closed = place->to;
    }
    if (closed != NULL)
        runbook_error_set(error, RUNBOOK_REFUSED,
                          "let that account go through the folders above it (chmod o+x), or "
                          "choose another place",
                          "\"%s\", whose server it will be, cannot get to \"%s\"", owner->name,
                          closed);
    return closed == NULL;
}

/* ---- tablespace_map ------------------------------------------------------------------------ */

/* The server reads a backslash before a line break as a part of the path, and before itself. */
static void path_append(GString *text, const char *path)
{
    for (; *path != '\0'; path++) {
        if (*path == '\n' || *path == '\r' || *path == '\\')
            g_string_append_c(text, '\\');
        g_string_append_c(text, *path);
    }
}

char *tablespace_map_text(const GArray *places)
{
    GString *changed = g_string_new(NULL);
    bool any = false;

    for (guint i = 0; i < places->len; i++) {
        const struct tablespace_place *place =
            &g_array_index(places, struct tablespace_place, i);
        if (place->in_place)
            continue;
        g_string_append_printf(changed, "%u ", place->oid);
        path_append(changed, place->to);
        g_string_append_c(changed, '\n');
        any = any || !g_str_equal(place->from, place->to);
    }
    return g_string_free(changed, !any);
}
