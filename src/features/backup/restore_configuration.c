#include "restore_configuration.h"

#include "restore_settings.h"

#include <string.h>

/* The server's own bound. */
enum { DEEPEST = 10 };

enum { DATA, HBA, IDENT, PID, SETTINGS };

static const char *const names[SETTINGS] = {
    [DATA] = "data_directory",
    [HBA] = "hba_file",
    [IDENT] = "ident_file",
    [PID] = "external_pid_file",
};

struct look {
    char *folder;           /* absolute */
    char *values[SETTINGS]; /* the last of each; NULL: not set */
    GString *outside;
};

static bool is_below(const char *path, const char *folder)
{
    gsize length = strlen(folder);

    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static void add_outside(struct look *look, const char *name, const char *between,
                        const char *value)
{
    g_string_append_printf(look->outside, "%s%s%s'%s'", look->outside->len > 0 ? ", " : "",
                           name, between, value);
}

static void read_file(struct look *look, const char *path, int depth);

static int by_bytes(gconstpointer left, gconstpointer right)
{
    return strcmp(*(const char *const *) left, *(const char *const *) right);
}

static void read_folder(struct look *look, const char *path, int depth)
{
    g_autoptr(GDir) entries = g_dir_open(path, 0, NULL);
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);

    for (const char *name; entries != NULL && (name = g_dir_read_name(entries)) != NULL;)
        if (name[0] != '.' && g_str_has_suffix(name, ".conf"))
            g_ptr_array_add(found, g_build_filename(path, name, NULL));
    g_ptr_array_sort(found, by_bytes);
    for (guint i = 0; i < found->len; i++)
        read_file(look, found->pdata[i], depth);
}

static void include(struct look *look, const char *name, const char *value, const char *from,
                    int depth)
{
    g_autofree char *beside = g_path_get_dirname(from);
    g_autofree char *path = g_canonicalize_filename(value, beside);

    if (!is_below(path, look->folder))
        add_outside(look, name, " ", value);
    if (depth >= DEEPEST)
        return;
    if (strcmp(name, "include_dir") == 0)
        read_folder(look, path, depth + 1);
    else
        read_file(look, path, depth + 1);
}

static void read_file(struct look *look, const char *path, int depth)
{
    static const char *const includes[] = {"include", "include_dir", "include_if_exists", NULL};
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        g_autofree char *value = NULL;
        g_autofree char *name = restore_settings_line(*line, &value);
        if (g_strv_contains(includes, name))
            include(look, name, value, path, depth);
        for (int i = 0; i < SETTINGS; i++)
            if (strcmp(name, names[i]) == 0) {
                g_free(look->values[i]);
                look->values[i] = g_steal_pointer(&value);
                break;
            }
    }
}

/* NULL where a value is not set, or leads into the folder. */
static const char *outside(const struct look *look, int setting)
{
    const char *value = look->values[setting];

    if (value == NULL || value[0] == '\0')
        return NULL;
    g_autofree char *path = g_canonicalize_filename(value, look->folder);
    return (setting == DATA ? strcmp(path, look->folder) == 0 : is_below(path, look->folder))
               ? NULL
               : value;
}

void restore_configuration_look(const char *folder, char **ret_data, char **ret_outside)
{
    static const char *const files[] = {"postgresql.conf", "postgresql.auto.conf"};
    struct look look = {.folder = g_canonicalize_filename(folder, NULL),
                        .outside = g_string_new(NULL)};

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(look.folder, files[i], NULL);
        read_file(&look, path, 0);
    }
    *ret_data = g_strdup(outside(&look, DATA));
    for (int i = HBA; i < SETTINGS; i++)
        if (outside(&look, i) != NULL)
            add_outside(&look, names[i], " = ", look.values[i]);
    bool any = look.outside->len > 0;
    *ret_outside = g_string_free(look.outside, !any);
    for (int i = 0; i < SETTINGS; i++)
        g_free(look.values[i]);
    g_free(look.folder);
}
