/* golang-migrate: NUMBER_NAME.up.EXTENSION and .down.; each is sent as one simple query. */
#include "folder/folder_private.h"

#include <string.h>

/* The last ".up." or ".down." of a name, as a greedy pattern finds it; NULL: none. */
static const char *direction_in(const char *name, bool *ret_down)
{
    const char *up = g_strrstr(name, ".up."), *down = g_strrstr(name, ".down.");

    *ret_down = down != NULL && (up == NULL || down > up);
    return *ret_down ? down : up;
}

/* Mattermost's fork has a comment for what may not be in a transaction. */
static bool is_declared(const struct folder_file *file)
{
    static const char mark[] = "-- morph:nontransactional";

    return g_strstr_len(file->text, (gssize) file->length, mark) != NULL;
}

static void take_file(struct folder *folder, const struct folder_file *file,
                      struct folder_migration *migration, bool down)
{
    struct folder_script **script = down ? &migration->down : &migration->up;

    folder_migration_hash(migration, file);
    if (*script != NULL) {
        folder_problem(folder, FOLDER_ERROR, file->name, 0, "duplicate-version",
                       "version %s has this and %s: golang-migrate refuses the folder",
                       migration->version, (*script)->file);
        return;
    }
    *script = folder_script_new(folder, file, 0, file->length, is_declared(file));
}

static bool is_number(const char *name, gsize digits)
{
    g_autofree char *version = g_strndup(name, digits);

    return digits > 0 && g_ascii_string_to_unsigned(version, 10, 0, G_MAXUINT64, NULL, NULL);
}

void folder_golang_read(struct folder *folder, const GPtrArray *files)
{
    for (guint i = 0; i < files->len; i++) {
        const struct folder_file *file = files->pdata[i];
        gsize digits = folder_digits(file->name);
        bool down = false;
        const char *direction = direction_in(file->name, &down);

        if (!is_number(file->name, digits) || file->name[digits] != '_' || direction == NULL ||
            direction < file->name + digits + 1) {
            if (g_str_has_suffix(file->name, ".sql"))
                folder_problem(folder, FOLDER_WARNING, file->name, 0, "name",
                               "golang-migrate passes over it: its name is not "
                               "NUMBER_NAME.up.sql or NUMBER_NAME.down.sql");
            continue;
        }
        g_autofree char *version = folder_number(file->name, digits);
        const char *rest = file->name + digits + 1;
        g_autofree char *name = g_strndup(rest, (gsize) (direction - rest));
        take_file(folder, file, folder_migration_of(folder, version, name), down);
    }
    for (guint i = 0; i < folder->migrations->len; i++) {
        const struct folder_migration *migration = folder->migrations->pdata[i];
        if (migration->up == NULL)
            folder_problem(folder, FOLDER_ERROR, migration->down->file, 0, "down-without-up",
                           "takes back what no file of version %s does", migration->version);
    }
}
