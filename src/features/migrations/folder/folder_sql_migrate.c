/* sql-migrate: both directions in one file, "-- +migrate Up" and "-- +migrate Down". */
#include "folder/folder_private.h"

#include <string.h>

#define MARK "-- +migrate "

struct sql_migrate {
    struct folder *folder;
    const struct folder_file *file;
    GArray *parts[2], *pieces[2];
    int direction;
    bool declared[2];
    bool block, open, told;
    gsize start, end;
    guint line;
};

static void refuse(struct sql_migrate *reading, guint line, const char *message)
{
    folder_problem(reading->folder, FOLDER_ERROR, reading->file->name, line,
                   "sql-migrate-annotation", "sql-migrate refuses the file: %s", message);
}

static void end_statement(struct sql_migrate *reading)
{
    const struct folder_piece piece = {.start = reading->start, .end = reading->end};

    if (reading->open)
        g_array_append_val(reading->pieces[reading->direction], piece);
    reading->open = false;
}

static void end_direction(struct sql_migrate *reading, gsize at)
{
    if (reading->direction < 0)
        return;
    if (reading->open)
        folder_problem(reading->folder, FOLDER_ERROR, reading->file->name, reading->line,
                       "sql-migrate-unfinished",
                       "sql-migrate misses a semicolon at the end of a line behind this "
                       "statement");
    end_statement(reading);
    GArray *parts = reading->parts[reading->direction];
    g_array_index(parts, struct folder_piece, parts->len - 1).end = at;
}

static void begin_direction(struct sql_migrate *reading, int direction,
                            const struct folder_line *line, char **words)
{
    const struct folder_piece part = {.start = line->next, .end = reading->file->length};

    end_direction(reading, line->start);
    reading->direction = direction;
    g_array_append_val(reading->parts[direction], part);
    reading->declared[direction] |=
        g_strv_contains((const char *const *) words, "notransaction");
}

static void take_annotation(struct sql_migrate *reading, const char *text,
                            const struct folder_line *line)
{
    g_auto(GStrv) words = g_strsplit_set(text + strlen(MARK), " \t", -1);
    const char *word = words[0] != NULL ? words[0] : "";

    if (strcmp(word, "Up") == 0 || strcmp(word, "Down") == 0) {
        begin_direction(reading, strcmp(word, "Down") == 0, line, words + 1);
    } else if (strcmp(word, "StatementBegin") == 0) {
        reading->block = reading->direction >= 0;
    } else if (strcmp(word, "StatementEnd") == 0) {
        if (reading->block)
            end_statement(reading);
        reading->block = false;
    }
}

/* Lines that begin with "-- " are left out, whatever they stand in. */
static void take_line(struct sql_migrate *reading, const struct folder_line *line)
{
    const char *start = reading->file->text + line->start;
    g_autofree char *text = g_strndup(start, line->end - line->start);

    if (g_str_has_prefix(text, MARK)) {
        take_annotation(reading, text, line);
        return;
    }
    g_autofree char *trimmed = g_strstrip(g_strdup(text));
    if (g_str_has_prefix(text, "-- ") || (!reading->open && trimmed[0] == '\0'))
        return;
    if (reading->direction < 0) {
        if (!reading->told && !g_str_has_prefix(trimmed, "--"))
            folder_problem(reading->folder, FOLDER_WARNING, reading->file->name, line->number,
                           "sql-migrate-annotation",
                           "sql-migrate passes over what stands before \"-- +migrate Up\"");
        reading->told = true;
        return;
    }
    if (!reading->open) {
        reading->start = line->start;
        reading->line = line->number;
    }
    reading->open = true;
    reading->end = line->end;
    if (!reading->block && folder_line_ends_statement(text, strlen(text)))
        end_statement(reading);
}

static struct folder_script *script_of(struct sql_migrate *reading, int direction)
{
    const GArray *parts = reading->parts[direction];
    struct folder_script *script = folder_script_of_parts(reading->folder, reading->file, parts,
                                                          reading->declared[direction]);

    if (script != NULL)
        folder_pieces_check(reading->folder, script, reading->file,
                            g_array_index(parts, struct folder_piece, 0).start,
                            reading->pieces[direction]);
    return script;
}

static void read_file(struct folder *folder, struct folder_migration *migration,
                      const struct folder_file *file)
{
    struct sql_migrate reading = {.folder = folder, .file = file, .direction = -1};
    struct folder_line line = {.next = 0};

    for (int i = 0; i < 2; i++) {
        reading.parts[i] = g_array_new(FALSE, FALSE, sizeof(struct folder_piece));
        reading.pieces[i] = g_array_new(FALSE, FALSE, sizeof(struct folder_piece));
    }
    while (folder_line_next(file, &line))
        take_line(&reading, &line);
    if (reading.block)
        refuse(&reading, 0, "StatementEnd is missing");
    end_direction(&reading, file->length);
    if (reading.direction < 0) {
        const struct folder_piece all = {.start = 0, .end = file->length};
        refuse(&reading, 0, "it has no \"-- +migrate Up\"");
        g_array_append_val(reading.parts[0], all);
    }
    migration->up = script_of(&reading, 0);
    migration->down = script_of(&reading, 1);
    for (int i = 0; i < 2; i++) {
        g_array_unref(reading.parts[i]);
        g_array_unref(reading.pieces[i]);
    }
}

void folder_sql_migrate_read(struct folder *folder, const GPtrArray *files)
{
    for (guint i = 0; i < files->len; i++) {
        const struct folder_file *file = files->pdata[i];

        if (!g_str_has_suffix(file->name, ".sql"))
            continue;
        g_autofree char *name = g_strndup(file->name, strlen(file->name) - 4);
        struct folder_migration *migration = folder_migration_add(folder, file->name, name);
        folder_migration_hash(migration, file);
        read_file(folder, migration, file);
    }
}

/* By the number in front; those without come last. */
int folder_sql_migrate_compare(const struct folder_migration *a,
                               const struct folder_migration *b)
{
    bool a_numeric = folder_digits(a->version) > 0, b_numeric = folder_digits(b->version) > 0;

    if (a_numeric != b_numeric)
        return a_numeric ? -1 : 1;
    return folder_compare_numbers(a, b);
}
