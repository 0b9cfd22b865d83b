/* Whose folder it is: by the names of the files, else by the first mark in them. */
#include "folder/folder_private.h"

#include "error.h"

#include <string.h>

static bool is_golang_name(const char *name, const char *direction)
{
    gsize digits = folder_digits(name);

    return digits > 0 && name[digits] == '_' && strstr(name, direction) != NULL;
}

/* Plain files have downs of such names as well, but no ups. */
static bool is_golang(const GPtrArray *files)
{
    guint downs = 0, others = 0;

    for (guint i = 0; i < files->len; i++) {
        const struct folder_file *file = files->pdata[i];
        if (is_golang_name(file->name, ".up."))
            return true;
        bool down = is_golang_name(file->name, ".down.");
        downs += down;
        others += !down && g_str_has_suffix(file->name, ".sql");
    }
    return downs > 0 && others == 0;
}

static bool is_flyway_name(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash != NULL ? slash + 1 : name;
    const char *parted = strstr(base, "__");

    if (parted == NULL || !g_str_has_suffix(base, ".sql"))
        return false;
    return (strchr("VUB", base[0]) != NULL && g_ascii_isdigit(base[1])) ||
           (base[0] == 'R' && parted == base + 1);
}

/* The mark of the line; AUTO: none. */
static enum folder_format mark_of(const char *text)
{
    if (!g_str_has_prefix(text, "--"))
        return FOLDER_AUTO;
    for (text += 2; g_ascii_isspace(*text);)
        text++;
    if (g_ascii_strncasecmp(text, "+goose", 6) == 0)
        return FOLDER_GOOSE;
    if (g_str_has_prefix(text, "+migrate "))
        return FOLDER_SQL_MIGRATE;
    if (g_str_has_prefix(text, "migrate:up") || g_str_has_prefix(text, "migrate:down"))
        return FOLDER_DBMATE;
    return FOLDER_AUTO;
}

static enum folder_format first_mark(const struct folder_file *file)
{
    struct folder_line line = {.next = 0};

    while (folder_line_next(file, &line)) {
        g_autofree char *text = folder_line_text(file, &line);
        bool marked = g_str_has_prefix(text, "\xef\xbb\xbf");
        enum folder_format format = mark_of(text + (marked ? 3 : 0));
        if (format != FOLDER_AUTO)
            return format;
    }
    return FOLDER_AUTO;
}

/* Tools that are known, and not read. */
static bool is_foreign(const GPtrArray *files, GError **error)
{
    static const struct {
        const char *file, *tool;
    } foreign[] = {{"sqitch.plan", "sqitch"}, {"atlas.sum", "atlas"}};

    for (guint i = 0; i < files->len; i++)
        for (gsize j = 0; j < G_N_ELEMENTS(foreign); j++) {
            const struct folder_file *file = files->pdata[i];
            if (strcmp(file->name, foreign[j].file) != 0)
                continue;
            runbook_error_set(error, RUNBOOK_USAGE,
                              "--format plain takes its .sql files as they are; what was "
                              "applied is then not known.",
                              "this is a folder of %s, whose rules are not known here",
                              foreign[j].tool);
            return true;
        }
    return false;
}

enum folder_format folder_detect(const GPtrArray *files, GError **error)
{
    if (is_foreign(files, error))
        return FOLDER_AUTO;
    if (is_golang(files))
        return FOLDER_GOLANG_MIGRATE;
    for (guint i = 0; i < files->len; i++) {
        const struct folder_file *file = files->pdata[i];
        enum folder_format format = first_mark(file);
        if (strchr(file->name, '/') == NULL && format != FOLDER_AUTO)
            return format;
    }
    for (guint i = 0; i < files->len; i++) {
        const struct folder_file *file = files->pdata[i];
        if (is_flyway_name(file->name))
            return FOLDER_FLYWAY;
    }
    return FOLDER_PLAIN;
}
