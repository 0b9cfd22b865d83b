/* dbmate: both directions in one file, "-- migrate:up" and "-- migrate:down", with options. */
#include "folder/folder_private.h"

#include <string.h>

struct dbmate {
    struct folder *folder;
    const struct folder_file *file;
    GArray *parts[2];
    int direction;
    bool declared[2];
    bool told;
};

static void refuse(struct dbmate *dbmate, guint line, const char *message)
{
    folder_problem(dbmate->folder, FOLDER_ERROR, dbmate->file->name, line, "dbmate-sections",
                   "dbmate refuses the file: %s", message);
}

/* "-- migrate:up transaction:false": 0 for up, 1 for down, -1 for any other line. */
static int direction_of(const char *text, const char **ret_options)
{
    static const char *const words[] = {"migrate:up", "migrate:down"};

    if (!g_str_has_prefix(text, "--"))
        return -1;
    for (text += 2; g_ascii_isspace(*text);)
        text++;
    for (int i = 0; i < 2; i++) {
        gsize length = strlen(words[i]);
        if (strncmp(text, words[i], length) == 0 &&
            (text[length] == '\0' || g_ascii_isspace(text[length]))) {
            *ret_options = text + length;
            return i;
        }
    }
    return -1;
}

static bool wants_no_transaction(const char *options)
{
    g_auto(GStrv) words = g_strsplit_set(options, " \t", -1);

    return g_strv_contains((const char *const *) words, "transaction:false");
}

static void take_line(struct dbmate *dbmate, const struct folder_line *line)
{
    g_autofree char *trimmed = folder_line_text(dbmate->file, line);
    char first = dbmate->file->text[line->start];
    const char *options = NULL;
    int direction = first == '-' ? direction_of(trimmed, &options) : -1;

    if (direction < 0) {
        if (dbmate->direction < 0 && !dbmate->told && trimmed[0] != '\0' &&
            !g_str_has_prefix(trimmed, "--")) {
            refuse(dbmate, line->number, "a statement stands before \"-- migrate:up\"");
            dbmate->told = true;
        }
        return;
    }
    if (direction == 1 && dbmate->direction < 0)
        refuse(dbmate, line->number, "\"-- migrate:down\" stands before \"-- migrate:up\"");
    if (dbmate->direction >= 0) {
        GArray *before = dbmate->parts[dbmate->direction];
        g_array_index(before, struct folder_piece, before->len - 1).end = line->start;
    }
    const struct folder_piece part = {.start = line->next, .end = dbmate->file->length};
    g_array_append_val(dbmate->parts[direction], part);
    dbmate->direction = direction;
    dbmate->declared[direction] |= wants_no_transaction(options);
}

static void read_file(struct folder *folder, struct folder_migration *migration,
                      const struct folder_file *file)
{
    struct dbmate dbmate = {.folder = folder, .file = file, .direction = -1};
    struct folder_line line = {.next = 0};

    for (int i = 0; i < 2; i++)
        dbmate.parts[i] = g_array_new(FALSE, FALSE, sizeof(struct folder_piece));
    while (folder_line_next(file, &line))
        take_line(&dbmate, &line);
    if (dbmate.parts[0]->len == 0) {
        const struct folder_piece all = {.start = 0, .end = file->length};
        refuse(&dbmate, 0, "it has no \"-- migrate:up\"");
        if (dbmate.parts[1]->len == 0)
            g_array_append_val(dbmate.parts[0], all);
    } else if (dbmate.parts[1]->len == 0) {
        refuse(&dbmate, 0, "it has no \"-- migrate:down\"");
    }
    migration->up = folder_script_of_parts(folder, file, dbmate.parts[0], dbmate.declared[0]);
    migration->down = folder_script_of_parts(folder, file, dbmate.parts[1], dbmate.declared[1]);
    for (int i = 0; i < 2; i++)
        g_array_unref(dbmate.parts[i]);
}

void folder_dbmate_read(struct folder *folder, const GPtrArray *files)
{
    for (guint i = 0; i < files->len; i++) {
        const struct folder_file *file = files->pdata[i];
        gsize digits = folder_digits(file->name);

        if (!g_str_has_suffix(file->name, ".sql"))
            continue;
        if (digits == 0) {
            folder_problem(folder, FOLDER_WARNING, file->name, 0, "name",
                           "dbmate passes over it: its name does not begin with a number");
            if (files->len > 1)
                continue;
        }
        const char *rest = file->name + digits + (file->name[digits] == '_');
        g_autofree char *name = g_strndup(rest, strlen(rest) - MIN(strlen(rest), 4));
        g_autofree char *version = g_strndup(file->name, digits);
        struct folder_migration *migration =
            folder_migration_add(folder, digits > 0 ? version : name, name);
        folder_migration_hash(migration, file);
        read_file(folder, migration, file);
    }
}
