/*
 * Plain files: NAME.sql, and NAME.down.sql takes it back; NAME.up.sql is NAME.sql. A folder of its
 * own for each works as well: NAME/up.sql and NAME/down.sql, or NAME/migration.sql.
 */
#include "folder/folder_private.h"

#include <string.h>

/* The file's name without its folder's part that says what it is. */
static char *version_of(const char *file, bool *ret_down)
{
    static const struct {
        const char *suffix;
        bool down;
    } kinds[] = {
        {"/up.sql", false}, {"/down.sql", true}, {"/migration.sql", false},
        {".up.sql", false}, {".down.sql", true}, {".sql", false},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_str_has_suffix(file, kinds[i].suffix)) {
            *ret_down = kinds[i].down;
            return g_strndup(file, strlen(file) - strlen(kinds[i].suffix));
        }
    return NULL;
}

void folder_plain_read(struct folder *folder, const GPtrArray *files)
{
    for (guint i = 0; i < files->len; i++) {
        const struct folder_file *file = files->pdata[i];
        bool down = false;
        g_autofree char *version = version_of(file->name, &down);

        if (version == NULL || version[0] == '\0' || strchr(version, '/') != NULL)
            continue;
        const char *name = version + folder_digits(version);
        name += *name == '_' || *name == '-';
        struct folder_migration *migration =
            folder_migration_of(folder, version, *name != '\0' ? name : version);
        struct folder_script **script = down ? &migration->down : &migration->up;
        folder_migration_hash(migration, file);
        if (*script != NULL)
            folder_problem(folder, FOLDER_ERROR, file->name, 0, "duplicate-version",
                           "version %s has this and %s", version, (*script)->file);
        else
            *script = folder_script_new(folder, file, 0, file->length, false);
    }
    for (guint i = 0; i < folder->migrations->len; i++) {
        const struct folder_migration *migration = folder->migrations->pdata[i];
        if (migration->up == NULL)
            folder_problem(folder, FOLDER_ERROR, migration->down->file, 0, "down-without-up",
                           "takes back what no file does");
    }
}
