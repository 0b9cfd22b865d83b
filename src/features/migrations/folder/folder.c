#include "folder/folder_private.h"

#include "error.h"

#include <string.h>

static int compare_files(const struct folder_migration *a, const struct folder_migration *b)
{
    const struct folder_script *first = a->up != NULL ? a->up : a->down;
    const struct folder_script *second = b->up != NULL ? b->up : b->down;

    return strcmp(first->file, second->file);
}

static const struct folder_tool tools[] = {
    [FOLDER_AUTO] = {.name = "auto"},
    [FOLDER_GOLANG_MIGRATE] = {.name = "golang-migrate",
                               .read = folder_golang_read,
                               .compare = folder_compare_numbers,
                               .numbered = true,
                               .sends_marks = true},
    [FOLDER_GOOSE] = {.name = "goose",
                      .read = folder_goose_read,
                      .compare = folder_compare_numbers,
                      .numbered = true,
                      .sends_marks = true,
                      .wraps = true},
    [FOLDER_DBMATE] = {.name = "dbmate",
                       .read = folder_dbmate_read,
                       .compare = compare_files,
                       .sends_marks = true,
                       .wraps = true},
    [FOLDER_SQL_MIGRATE] = {.name = "sql-migrate",
                            .read = folder_sql_migrate_read,
                            .compare = folder_sql_migrate_compare,
                            .sends_marks = true,
                            .wraps = true},
    [FOLDER_FLYWAY] = {.name = "flyway",
                       .read = folder_flyway_read,
                       .compare = folder_flyway_compare},
    [FOLDER_PLAIN] = {.name = "plain",
                      .read = folder_plain_read,
                      .compare = folder_sql_migrate_compare},
};

const struct folder_tool *folder_tool(enum folder_format format)
{
    return &tools[format];
}

const char *folder_format_name(enum folder_format format)
{
    return tools[format].name;
}

bool folder_format_parse(const char *name, enum folder_format *ret_format)
{
    for (gsize i = 0; i < G_N_ELEMENTS(tools); i++)
        if (strcmp(tools[i].name, name) == 0) {
            *ret_format = (enum folder_format) i;
            return true;
        }
    return false;
}

void folder_problem(struct folder *folder, enum folder_severity severity, const char *file,
                    guint line, const char *rule, const char *format, ...)
{
    struct folder_problem *problem = g_new0(struct folder_problem, 1);
    va_list arguments;

    va_start(arguments, format);
    problem->message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    problem->severity = severity;
    problem->file = g_strdup(file);
    problem->line = line;
    problem->rule = g_strdup(rule);
    g_ptr_array_add(folder->problems, problem);
}

static void problem_free(gpointer data)
{
    struct folder_problem *problem = data;

    g_free(problem->file);
    g_free(problem->rule);
    g_free(problem->message);
    g_free(problem);
}

static void migration_free(gpointer data)
{
    struct folder_migration *migration = data;

    folder_script_free(migration->up);
    folder_script_free(migration->down);
    g_clear_pointer(&migration->sum, g_checksum_free);
    g_free(migration->version);
    g_free(migration->name);
    g_free(migration->hash);
    g_free(migration);
}

struct folder_migration *folder_migration_add(struct folder *folder, const char *version,
                                              const char *name)
{
    struct folder_migration *migration = g_new0(struct folder_migration, 1);

    migration->version = g_strdup(version);
    migration->name = g_strdup(name);
    migration->sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_ptr_array_add(folder->migrations, migration);
    return migration;
}

struct folder_migration *folder_find(const struct folder *folder, const char *version)
{
    for (guint i = 0; i < folder->migrations->len; i++) {
        struct folder_migration *migration = folder->migrations->pdata[i];
        if (folder_same_version(folder->format, migration->version, version))
            return migration;
    }
    return NULL;
}

struct folder_migration *folder_migration_of(struct folder *folder, const char *version,
                                             const char *name)
{
    struct folder_migration *migration = folder_find(folder, version);

    return migration != NULL ? migration : folder_migration_add(folder, version, name);
}

void folder_migration_hash(struct folder_migration *migration, const struct folder_file *file)
{
    g_checksum_update(migration->sum, (const guchar *) file->text, (gssize) file->length);
}

const char *folder_migration_name(const struct folder_migration *migration)
{
    gsize length = migration->name != NULL ? strlen(migration->name) : 0;
    bool same = length > 0 && strncmp(migration->version, migration->name, length) == 0;
    const char *rest = same ? migration->version + length : "";

    if (length == 0 || (same && (*rest == '\0' || strcmp(rest, ".sql") == 0)))
        return NULL;
    return migration->name;
}

/* ---- what is seen once all files are read ---------------------------------------------------- */

static const char *file_of(const struct folder_migration *migration)
{
    const struct folder_script *script =
        migration->up != NULL ? migration->up : migration->down;

    return script != NULL ? script->file : migration->name;
}

static int compare(gconstpointer a, gconstpointer b, gpointer data)
{
    const struct folder_migration *const *first = a, *const *second = b;
    const struct folder *folder = data;
    int order = tools[folder->format].compare(*first, *second);

    return order != 0 ? order : strcmp(file_of(*first), file_of(*second));
}

static void tell_duplicates(struct folder *folder)
{
    for (guint i = 1; i < folder->migrations->len; i++) {
        const struct folder_migration *before = folder->migrations->pdata[i - 1];
        const struct folder_migration *at = folder->migrations->pdata[i];
        if (before->repeatable == at->repeatable &&
            folder_same_version(folder->format, before->version, at->version))
            folder_problem(folder, FOLDER_ERROR, file_of(at), 0, "duplicate-version",
                           "version %s is that of %s as well", at->version, file_of(before));
    }
}

static guint64 step(const struct folder *folder, guint i)
{
    const struct folder_migration *before = folder->migrations->pdata[i - 1];
    const struct folder_migration *at = folder->migrations->pdata[i];

    return g_ascii_strtoull(at->version, NULL, 10) -
           g_ascii_strtoull(before->version, NULL, 10);
}

/* Where files are counted one by one, a number that is left out is a file that did not come along.
 * Where they are numbered by the clock, or in tens, it says nothing. */
static void tell_gaps(struct folder *folder)
{
    guint count = folder->migrations->len, ones = 0;

    for (guint i = 1; i < count; i++)
        ones += step(folder, i) == 1;
    if (!tools[folder->format].numbered || count == 0 || ones * 2 < count - 1)
        return;
    for (guint i = 1; i < count; i++) {
        const struct folder_migration *before = folder->migrations->pdata[i - 1];
        const struct folder_migration *at = folder->migrations->pdata[i];
        if (step(folder, i) > 1)
            folder_problem(folder, FOLDER_WARNING, file_of(at), 0, "gap",
                           "there is nothing between version %s and %s: is a file missing?",
                           before->version, at->version);
    }
}

static void tell_empty(struct folder *folder)
{
    for (guint i = 0; i < folder->migrations->len; i++) {
        const struct folder_migration *migration = folder->migrations->pdata[i];
        if (migration->up != NULL && migration->up->script->statements->len == 0)
            folder_problem(folder, FOLDER_WARNING, migration->up->file, migration->up->line,
                           "empty", "has no statement");
    }
}

/* By file and line, as one reads them. */
static int compare_problems(gconstpointer a, gconstpointer b)
{
    const struct folder_problem *const *first = a, *const *second = b;
    int order = strcmp((*first)->file, (*second)->file);

    if (order != 0)
        return order;
    if ((*first)->line != (*second)->line)
        return (*first)->line < (*second)->line ? -1 : 1;
    return strcmp((*first)->rule, (*second)->rule);
}

struct folder *folder_of_files(const char *path, const GPtrArray *files,
                               enum folder_format format, GError **error)
{
    if (format == FOLDER_AUTO) {
        format = folder_detect(files, error);
        if (format == FOLDER_AUTO)
            return NULL;
    }
    struct folder *folder = g_new0(struct folder, 1);
    folder->format = format;
    folder->path = g_strdup(path);
    folder->migrations = g_ptr_array_new_with_free_func(migration_free);
    folder->problems = g_ptr_array_new_with_free_func(problem_free);
    tools[format].read(folder, files);
    g_ptr_array_sort_with_data(folder->migrations, compare, folder);
    for (guint i = 0; i < folder->migrations->len; i++) {
        struct folder_migration *migration = folder->migrations->pdata[i];
        migration->hash = g_strdup(g_checksum_get_string(migration->sum));
        g_clear_pointer(&migration->sum, g_checksum_free);
    }
    tell_duplicates(folder);
    tell_gaps(folder);
    tell_empty(folder);
    g_ptr_array_sort(folder->problems, compare_problems);
    return folder;
}

bool folder_is_sound(const struct folder *folder, GError **error)
{
    for (guint i = 0; i < folder->problems->len; i++) {
        const struct folder_problem *problem = folder->problems->pdata[i];
        if (problem->severity != FOLDER_ERROR)
            continue;
        g_autofree char *line =
            problem->line > 0 ? g_strdup_printf(":%u", problem->line) : g_strdup("");
        runbook_error_set(error, RUNBOOK_REFUSED, "pgrunbook migrations lint lists all of them",
                          "%s%s: %s", problem->file != NULL ? problem->file : folder->path,
                          line, problem->message);
        return false;
    }
    return true;
}

void folder_free(struct folder *folder)
{
    g_ptr_array_unref(folder->migrations);
    g_ptr_array_unref(folder->problems);
    g_free(folder->path);
    g_free(folder->table);
    g_free(folder);
}
