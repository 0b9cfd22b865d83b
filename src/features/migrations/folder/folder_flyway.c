/*
 * flyway: V1_2__what.sql, U1_2__what.sql to take it back, R__what.sql to be repeated, in any depth of
 * folders, each with a .conf beside it. Of flyway's default prefixes.
 */
#include "folder/folder_private.h"

#include <string.h>

/* Over the lines, without their ends and without a byte order mark. */
static gint32 checksum_of(const struct folder_file *file)
{
    const char *text = file->text, *end = text + file->length;
    guint32 crc = 0;

    if (file->length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    while (text < end) {
        const char *line = text;
        while (text < end && *text != '\n' && *text != '\r')
            text++;
        crc = folder_crc32(crc, line, (gsize) (text - line));
        while (text < end && (*text == '\n' || *text == '\r'))
            text++;
    }
    return (gint32) crc;
}

static const struct folder_file *file_named(const GPtrArray *files, const char *name)
{
    for (guint i = 0; i < files->len; i++) {
        const struct folder_file *file = files->pdata[i];
        if (strcmp(file->name, name) == 0)
            return file;
    }
    return NULL;
}

/* "executeInTransaction=false" in the file's own configuration. */
static bool is_declared(const GPtrArray *files, const struct folder_file *file)
{
    g_autofree char *name = g_strconcat(file->name, ".conf", NULL);
    const struct folder_file *conf = file_named(files, name);
    struct folder_line line = {.next = 0};

    while (conf != NULL && folder_line_next(conf, &line)) {
        g_autofree char *text = folder_line_text(conf, &line);
        g_auto(GStrv) halves = g_strsplit(text, "=", 2);
        if (g_strv_length(halves) == 2 &&
            strcmp(g_strstrip(halves[0]), "executeInTransaction") == 0)
            return g_ascii_strcasecmp(g_strstrip(halves[1]), "false") == 0;
    }
    return false;
}

static void tell_placeholders(struct folder *folder, const struct folder_file *file)
{
    const char *at = g_strstr_len(file->text, (gssize) file->length, "${");
    guint line = 1;

    if (at == NULL)
        return;
    for (const char *c = file->text; c < at; c++)
        line += *c == '\n';
    folder_problem(folder, FOLDER_ERROR, file->name, line, "flyway-placeholder",
                   "flyway puts a value in the place of ${…}, pgrunbook does not");
}

/* What stands between prefix and "__"; NULL: it is no version. */
static char *version_of(const char *text, gsize length)
{
    char *version = g_strndup(text, length);

    g_strdelimit(version, "_", '.');
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isdigit(version[i]) && version[i] != '.') {
            g_free(version);
            return NULL;
        }
    if (length > 0)
        return version;
    g_free(version);
    return NULL;
}

static void take_script(struct folder *folder, const GPtrArray *files,
                        const struct folder_file *file, struct folder_migration *migration,
                        char prefix)
{
    struct folder_script **script = prefix == 'U' ? &migration->down : &migration->up;

    folder_migration_hash(migration, file);
    if (*script != NULL) {
        folder_problem(folder, FOLDER_ERROR, file->name, 0, "duplicate-version",
                       "version %s has this and %s: flyway refuses the folder",
                       migration->version, (*script)->file);
        return;
    }
    tell_placeholders(folder, file);
    *script = folder_script_new(folder, file, 0, file->length, is_declared(files, file));
    migration->repeatable = prefix == 'R';
    if (prefix != 'U')
        migration->flyway_checksum = checksum_of(file);
}

static void pass_over(struct folder *folder, const struct folder_file *file, const char *base)
{
    bool baseline = base[0] == 'B' && g_ascii_isdigit(base[1]) && strstr(base, "__") != NULL;

    folder_problem(folder, FOLDER_WARNING, file->name, 0, "name",
                   baseline
                       ? "a baseline, for databases that have nothing yet, is not looked at"
                       : "is no migration of flyway's by its name, and is not looked at");
}

static void take_file(struct folder *folder, const GPtrArray *files,
                      const struct folder_file *file)
{
    const char *slash = strrchr(file->name, '/');
    const char *base = slash != NULL ? slash + 1 : file->name;
    const char *parted = strstr(base, "__");
    char prefix = base[0];
    g_autofree char *version = parted != NULL && (prefix == 'V' || prefix == 'U')
                                   ? version_of(base + 1, (gsize) (parted - base) - 1)
                                   : NULL;
    bool repeatable = prefix == 'R' && parted == base + 1;

    if (version == NULL && !repeatable) {
        pass_over(folder, file, base);
        return;
    }
    const char *rest = parted + 2;
    g_autofree char *name = g_strndup(rest, strlen(rest) - MIN(strlen(rest), 4));
    g_strdelimit(name, "_", ' ');
    take_script(folder, files, file,
                folder_migration_of(folder, repeatable ? name : version, name), prefix);
}

void folder_flyway_read(struct folder *folder, const GPtrArray *files)
{
    for (guint i = 0; i < files->len; i++) {
        const struct folder_file *file = files->pdata[i];
        if (g_str_has_suffix(file->name, ".sql"))
            take_file(folder, files, file);
    }
    for (guint i = 0; i < folder->migrations->len; i++) {
        const struct folder_migration *migration = folder->migrations->pdata[i];
        if (migration->up == NULL)
            folder_problem(folder, FOLDER_ERROR, migration->down->file, 0, "down-without-up",
                           "takes back what no file of version %s does", migration->version);
    }
}

/* Repeatable ones come last, by their description. */
int folder_flyway_compare(const struct folder_migration *a, const struct folder_migration *b)
{
    if (a->repeatable != b->repeatable)
        return a->repeatable ? 1 : -1;
    return a->repeatable ? strcmp(a->version, b->version)
                         : folder_compare_versions(a->version, b->version);
}
