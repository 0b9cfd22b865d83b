/* The files of a folder, in the order of their names. */
#include "folder/folder_private.h"

#include "feature.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

/* Deeper than any project, and an end for links that lead back. */
enum { DEPTH_MOST = 16, FILES_MOST = 100000 };
/* The scanner and the parser count in int; and nobody has written such a migration. */
#define SIZE_MOST (256 * 1024 * 1024)

void folder_file_free(gpointer data)
{
    struct folder_file *file = data;

    g_free(file->name);
    g_free(file->text);
    g_free(file);
}

static bool is_wanted(const char *name)
{
    static const char *const suffixes[] = {".sql", ".conf", ".go"};
    static const char *const names[] = {"sqitch.plan", "atlas.sum"};

    if (name[0] == '.')
        return false;
    for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++)
        if (g_str_has_suffix(name, suffixes[i]))
            return true;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    /* golang-migrate takes any extension. */
    return g_ascii_isdigit(name[0]) &&
           (strstr(name, ".up.") != NULL || strstr(name, ".down.") != NULL);
}

/* Not as what was found in a file ends it. */
static bool fail(const char *path, const char *what, GError **error)
{
    g_autofree char *shown = g_filename_display_name(path);

    runbook_error_set(error, RUNBOOK_USAGE, NULL, "cannot read \"%s\": %s", shown, what);
    return false;
}

static bool add_file(GPtrArray *files, const char *path, const char *name, GError **error)
{
    GStatBuf status;
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = NULL;
    gsize length = 0;

    if (g_stat(path, &status) != 0)
        return fail(path, g_strerror(errno), error);
    if (!S_ISREG(status.st_mode))
        return true; /* a pipe would be waited for */
    if (status.st_size > SIZE_MOST)
        return fail(path, "it is larger than 256 MB", error);
    if (files->len >= FILES_MOST)
        return fail(path, "the folder has more than 100,000 files", error);
    /* Of Go files their names are enough. */
    if (!g_str_has_suffix(name, ".go") && !g_file_get_contents(path, &text, &length, &cause))
        return fail(path, cause->message, error);
    struct folder_file *file = g_new0(struct folder_file, 1);
    file->name = g_filename_display_name(name);
    file->text = text != NULL ? g_steal_pointer(&text) : g_strdup("");
    file->length = length;
    g_ptr_array_add(files, file);
    return true;
}

static bool add_folder(GPtrArray *files, const char *path, const char *below, guint depth,
                       GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(GDir) dir = g_dir_open(path, 0, &cause);
    const char *name;

    if (dir == NULL)
        return fail(path, cause->message, error);
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *full = g_build_filename(path, name, NULL);
        g_autofree char *relative =
            below != NULL ? g_build_filename(below, name, NULL) : g_strdup(name);
        bool is_dir = g_file_test(full, G_FILE_TEST_IS_DIR);
        bool enter = is_dir && name[0] != '.' && depth < DEPTH_MOST &&
                     !g_file_test(full, G_FILE_TEST_IS_SYMLINK);
        if (enter && !add_folder(files, full, relative, depth + 1, error))
            return false;
        if (!is_dir && is_wanted(name) && !add_file(files, full, relative, error))
            return false;
    }
    return true;
}

/* A file on its own, and with golang-migrate the one of the other direction. */
static bool add_single(GPtrArray *files, const char *path, GError **error)
{
    static const char *const words[] = {".up.", ".down."};
    g_autofree char *base = g_path_get_basename(path);

    if (!add_file(files, path, base, error))
        return false;
    for (int i = 0; i < 2; i++) {
        const char *at = g_strrstr(base, words[i]);
        if (at == NULL)
            continue;
        g_autofree char *head = g_strndup(base, (gsize) (at - base));
        g_autofree char *other = g_strconcat(head, words[1 - i], at + strlen(words[i]), NULL);
        g_autofree char *dir = g_path_get_dirname(path);
        g_autofree char *full = g_build_filename(dir, other, NULL);
        if (g_file_test(full, G_FILE_TEST_IS_REGULAR))
            return add_file(files, full, other, error);
    }
    return true;
}

static int compare(gconstpointer a, gconstpointer b)
{
    const struct folder_file *const *first = a, *const *second = b;

    return strcmp((*first)->name, (*second)->name);
}

/* Only flyway goes into folders; plain files may have one each. */
static void keep_depth(GPtrArray *files, enum folder_format format)
{
    guint most = format == FOLDER_FLYWAY ? G_MAXUINT : format == FOLDER_PLAIN ? 1 : 0;

    for (guint i = files->len; i > 0; i--) {
        const struct folder_file *file = files->pdata[i - 1];
        guint depth = 0;
        for (const char *c = file->name; *c != '\0'; c++)
            depth += *c == G_DIR_SEPARATOR;
        if (depth > most)
            g_ptr_array_remove_index(files, i - 1);
    }
}

struct folder *folder_read(const char *path, enum folder_format format, GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(folder_file_free);

    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_autofree char *shown = g_filename_display_name(path);
        runbook_error_set(error, RUNBOOK_USAGE,
                          "Name the folder of the migrations, or set migrations.dir.",
                          "there is no folder \"%s\"", shown);
        return NULL;
    }
    bool read = g_file_test(path, G_FILE_TEST_IS_DIR) ? add_folder(files, path, NULL, 0, error)
                                                      : add_single(files, path, error);
    if (!read)
        return NULL;
    g_ptr_array_sort(files, compare);
    if (format == FOLDER_AUTO) {
        format = folder_detect(files, error);
        if (format == FOLDER_AUTO)
            return NULL;
    }
    keep_depth(files, format);
    return folder_of_files(path, files, format, error);
}

struct folder *folder_of_settings(const char *dir, const struct settings *settings,
                                  GError **error)
{
    enum folder_format format = FOLDER_AUTO;

    folder_format_parse(settings_string(settings, "migrations.format"), &format);
    struct folder *folder = folder_read(dir, format, error);
    if (folder != NULL)
        folder->table = g_strdup(settings_string(settings, "migrations.table"));
    return folder;
}

struct folder *folder_of_call(const struct call *call, GError **error)
{
    const char *dir = call->arguments[0] != NULL
                          ? call->arguments[0]
                          : settings_string(call->settings, "migrations.dir");

    if (dir == NULL) {
        runbook_error_set(error, RUNBOOK_USAGE,
                          "Name it on the command line, or set migrations.dir.",
                          "which folder of migrations is meant is not known");
        return NULL;
    }
    return folder_of_settings(dir, call->settings, error);
}

struct folder *folder_whole_of_call(const struct call *call, GError **error)
{
    struct folder *folder = folder_of_call(call, error);

    if (folder == NULL || g_file_test(folder->path, G_FILE_TEST_IS_DIR))
        return folder;
    runbook_error_set(
        error, RUNBOOK_USAGE,
        "name the folder, and with --to the version; lint and rehearse take a file",
        "\"%s\" is a file: what is applied is known of whole folders only", folder->path);
    folder_free(folder);
    return NULL;
}

bool folder_filled(const struct folder *folder, GError **error)
{
    if (folder->migrations->len > 0)
        return true;
    runbook_error_set(error, RUNBOOK_USAGE,
                      "is it the right one, and is it mounted? pgrunbook migrations lint says "
                      "which files are passed over, and why",
                      "\"%s\" has no migration", folder->path);
    return false;
}
