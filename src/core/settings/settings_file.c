/*
 * GKeyFile reads the values, a scan of the lines beside it knows the line numbers and refuses
 * what GKeyFile lets pass: sections and keys given twice, translations (key[de]), and whatever
 * the tables do not know. Values are taken raw, without GKeyFile's backslash escapes: a
 * backslash in a connection string is libpq's.
 */
#include "error.h"
#include "settings/settings_internal.h"
#include "units/units.h"

#include <string.h>

struct reader {
    struct settings *settings;
    const char *name; /* of the file */
    guint line;
    GKeyFile *values;
    char *section;          /* as written between the brackets; NULL before the first */
    struct target *target;  /* NULL but in [target NAME] */
    struct settings *named; /* of a section of one of the tables' kinds; NULL elsewhere */
    GHashTable *sections;   /* "pgrunbook" or "target NAME" → line */
    GHashTable *keys;       /* of the current section → line */
};

static bool fault(const struct reader *reader, const char *hint, GError **error,
                  const char *format, ...) G_GNUC_PRINTF(4, 5);

static bool fault(const struct reader *reader, const char *hint, GError **error,
                  const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    runbook_error_set(error, RUNBOOK_USAGE, hint, "%s:%u: %s", reader->name, reader->line,
                      message);
    return false;
}

/* False when the name was there before, in the line *ret_line. */
static bool first_time(GHashTable *seen, const char *name, guint line, guint *ret_line)
{
    *ret_line = GPOINTER_TO_UINT(g_hash_table_lookup(seen, name));
    if (*ret_line != 0)
        return false;
    return g_hash_table_insert(seen, g_strdup(name), GUINT_TO_POINTER(line));
}

static bool name_valid(const char *name)
{
    if (!g_ascii_isalnum(*name))
        return false;
    for (; *name != '\0'; name++) {
        if (!g_ascii_isalnum(*name) && strchr("._-", *name) == NULL)
            return false;
    }
    return true;
}

/* [KIND NAME]; kind is NULL for a target. */
static bool read_named(struct reader *reader, struct kind *kind, const char *name,
                       GError **error)
{
    const char *what = kind == NULL ? "target" : kind->row->kind;
    g_autofree char *origin = g_strdup_printf("%s:%u", reader->name, reader->line);

    if (kind == NULL && strcmp(name, "all") == 0)
        return fault(reader, "\"all\" stands for all targets; choose another name", error,
                     "a target cannot be called \"all\"");
    g_autofree char *hint = g_strdup_printf("%s name begins with a letter or digit and has "
                                            "letters, digits, '.', '_' and '-'",
                                            kind == NULL ? "a target's" : "a section's");
    if (!name_valid(name))
        return fault(reader, hint, error, "invalid %s name \"%s\"", what, name);
    if (kind == NULL)
        reader->target = settings_target(reader->settings->source, name);
    else
        reader->named = settings_section(kind, name, origin);
    return true;
}

/* What stands between brackets: "pgrunbook", "target NAME", "app NAME". */
static char **known_sections(const struct reader *reader)
{
    const GPtrArray *kinds = reader->settings->source->kinds;
    g_autoptr(GStrvBuilder) known = g_strv_builder_new();

    g_strv_builder_add_many(known, "pgrunbook", "target NAME", NULL);
    for (guint i = 0; i < kinds->len; i++) {
        const struct kind *kind = g_ptr_array_index(kinds, i);
        g_autofree char *name = g_strconcat(kind->row->kind, " NAME", NULL);
        g_strv_builder_add(known, name);
    }
    return g_strv_builder_end(known);
}

/* words: none, one, or two, the second then being the name. */
static bool refuse_section(const struct reader *reader, const char *name, char *const *words,
                           GError **error)
{
    g_auto(GStrv) known = known_sections(reader);
    g_autoptr(GString) hint = g_string_new("sections are ");
    guint count = g_strv_length(known);

    for (guint i = 0; i < count; i++) {
        g_autofree char *first = g_strndup(known[i], strcspn(known[i], " "));
        const char *const one[] = {first, NULL};
        bool named = strlen(first) < strlen(known[i]);
        bool near = words[0] != NULL && named == (words[1] != NULL) &&
                    units_nearest(words[0], one) != NULL;
        g_string_append_printf(hint, "%s[%s]",
                               i == 0           ? ""
                               : i + 1 == count ? " and "
                                                : ", ",
                               known[i]);
        if (near) {
            g_string_printf(hint, "did you mean [%s%s%s]?", first, named ? " " : "",
                            named ? words[1] : "");
            break;
        }
    }
    return fault(reader, hint->str, error, "unknown section [%s]", name);
}

/* What stands between the brackets of `line`, as it is; NULL when it is not a section's. */
static char *between_brackets(const char *line)
{
    gsize length = strcspn(line + 1, "[]");

    return strcmp(line + 1 + length, "]") == 0 ? g_strndup(line + 1, length) : NULL;
}

/* [pgrunbook] or [KIND NAME]. */
static bool read_section(struct reader *reader, const char *line, GError **error)
{
    guint earlier = 0;

    g_free(reader->section);
    reader->section = between_brackets(line);
    if (reader->section == NULL)
        return fault(reader, "as in [pgrunbook] or [target NAME]", error,
                     "\"%s\" is not a section", line);
    g_autofree char *name = g_strstrip(g_strdup(reader->section));
    g_auto(GStrv) words = g_strsplit_set(name, " \t", 2);
    bool two = g_strv_length(words) == 2;
    struct kind *kind = two ? settings_kind(reader->settings->source, words[0]) : NULL;
    reader->target = NULL;
    reader->named = NULL;
    if (two && (kind != NULL || strcmp(words[0], "target") == 0)) {
        if (!read_named(reader, kind, g_strchug(words[1]), error))
            return false;
    } else if (strcmp(name, "pgrunbook") != 0) {
        return refuse_section(reader, name, words, error);
    }
    g_hash_table_remove_all(reader->keys);
    /* A blank cannot be in a section's name, so the kinds do not collide. */
    g_autofree char *unique = g_strjoinv(" ", words);
    if (!first_time(reader->sections, unique, reader->line, &earlier))
        return fault(reader, NULL, error, "section [%s] is there already, in line %u", unique,
                     earlier);
    return true;
}

/* Takes postgresql.conf's quotes off: 'it''s' is it's. In place. */
static bool unquote(const struct reader *reader, char *value, GError **error)
{
    char *out = value;
    const char *at = value + 1;

    if (*value != '\'')
        return true;
    for (; *at != '\0' && (*at != '\'' || at[1] == '\''); at++) {
        *out++ = *at;
        at += *at == '\'';
    }
    bool closed = *at == '\'' && at[1] == '\0';
    if (!closed)
        return fault(reader, "a quote within quotes is written twice ('')", error,
                     "the quoted value does not end with a quote");
    *out = '\0';
    return true;
}

/* What the row's flags say about where it may stand. */
static bool belongs(const struct reader *reader, const struct entry *entry, GError **error)
{
    if (reader->named != NULL)
        return true;
    if (reader->target == NULL && (entry->row->flags & SETTING_TARGET_ONLY) != 0)
        return fault(reader, NULL, error, "setting \"%s\" belongs in a section [target NAME]",
                     entry->name);
    if (reader->target != NULL && (entry->row->flags & SETTING_GLOBAL_ONLY) != 0)
        return fault(reader, NULL, error, "setting \"%s\" belongs in section [pgrunbook]",
                     entry->name);
    return true;
}

/* postgresql.conf takes a comment behind a value, GKeyFile does not. */
static void explain_comment(const char *value, GError **error)
{
    if (error != NULL && *error != NULL && strchr(value, '#') != NULL &&
        strstr((*error)->message, "\nhint: ") == NULL) {
        char *message =
            g_strconcat((*error)->message, "\nhint: a comment needs a line of its own", NULL);
        g_free((*error)->message);
        (*error)->message = message;
    }
}

/* Whose rows the current section knows. */
static const struct catalog *catalog_here(const struct reader *reader)
{
    const struct settings *named = reader->named;

    return named != NULL ? &named->source->catalog : &reader->settings->source->catalog;
}

static bool read_value(struct reader *reader, guint position, const char *value, GError **error)
{
    const struct entry *entry = settings_entry(catalog_here(reader), position);
    g_autofree char *origin = g_strdup_printf("%s:%u", reader->name, reader->line);
    struct value checked = {0};

    if (reader->target == NULL)
        return settings_set(reader->named != NULL ? reader->named : reader->settings, position,
                            value, origin, RANK_GLOBAL, error);
    if (!settings_value_parse(entry->row, value, &checked, error)) {
        g_prefix_error(error, "%s: ", entry->name);
        return false;
    }
    settings_value_clear(&checked);
    struct assignment assignment = {position, g_strdup(value), g_steal_pointer(&origin)};
    g_array_append_val(reader->target->assignments, assignment);
    return true;
}

/* KEY = VALUE; `key` is what stands before the equals sign. */
static bool read_entry(struct reader *reader, const char *key, GError **error)
{
    guint earlier = 0;

    if (reader->section == NULL)
        return fault(reader, "begin the file with [pgrunbook]", error,
                     "setting \"%s\" stands before the first section", key);
    int position = settings_position(catalog_here(reader), key, error);
    if (position < 0) {
        g_prefix_error(error, "%s:%u: ", reader->name, reader->line);
        return false;
    }
    if (!first_time(reader->keys, key, reader->line, &earlier))
        return fault(reader, NULL, error, "setting \"%s\" is there already, in line %u", key,
                     earlier);
    if (!belongs(reader, settings_entry(catalog_here(reader), (guint) position), error))
        return false;
    g_autofree char *value = g_key_file_get_value(reader->values, reader->section, key, NULL);
    if (value == NULL)
        return fault(reader, NULL, error, "cannot read the value of \"%s\"", key);
    g_strstrip(value);
    if (!unquote(reader, value, error))
        return false;
    if (!read_value(reader, (guint) position, value, error)) {
        g_prefix_error(error, "%s:%u: ", reader->name, reader->line);
        explain_comment(value, error);
        return false;
    }
    return true;
}

static bool read_line(struct reader *reader, char *line, GError **error)
{
    g_strstrip(line);
    if (*line == '\0' || *line == '#')
        return true;
    if (*line == '[')
        return read_section(reader, line, error);
    char *equals = strchr(line, '=');
    if (equals == NULL || equals == line)
        return fault(reader, "as in: timezone = UTC", error,
                     "\"%s\" is neither a section nor KEY = VALUE", line);
    *equals = '\0';
    return read_entry(reader, g_strchomp(line), error);
}

static bool read_lines(struct reader *reader, const char *text, gsize length, GError **error)
{
    g_autofree char *copy = g_strndup(text, length);
    g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
    g_autoptr(GError) malformed = NULL;

    /* Where GKeyFile gives up, so does the scan, and that knows the line. */
    g_key_file_load_from_data(reader->values, text, length, G_KEY_FILE_KEEP_TRANSLATIONS,
                              &malformed);
    for (char **line = lines; *line != NULL; line++) {
        reader->line++;
        if (!read_line(reader, *line, error))
            return false;
    }
    if (malformed != NULL && length > 0) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "%s: %s", reader->name,
                          malformed->message);
        return false;
    }
    return true;
}

bool settings_read(struct settings *settings, const char *name, const char *text, gsize length,
                   GError **error)
{
    static const char mark[] = "\xef\xbb\xbf"; /* some editors begin UTF-8 files with it */
    const char *end = NULL;

    if (!g_utf8_validate_len(text, length, &end)) {
        guint line = 1;
        for (const char *at = text; at < end; at++)
            line += *at == '\n';
        runbook_error_set(error, RUNBOOK_USAGE, "save the file as UTF-8",
                          "%s:%u: the file is not UTF-8 text", name, line);
        return false;
    }
    if (length >= strlen(mark) && memcmp(text, mark, strlen(mark)) == 0) {
        text += strlen(mark);
        length -= strlen(mark);
    }
    g_autoptr(GKeyFile) values = g_key_file_new();
    g_autoptr(GHashTable) sections =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct reader reader = {.settings = settings,
                            .name = name,
                            .values = values,
                            .sections = sections,
                            .keys = keys};
    bool read = read_lines(&reader, text, length, error);
    g_free(reader.section);
    return read;
}

struct settings *settings_parse(const struct setting_table *tables, const char *name,
                                const char *text, gsize length, GError **error)
{
    AUTO(settings) settings = settings_new(tables);

    bool read = settings_read(settings, name, text, length, error) &&
                settings_sections_check(settings, error);
    return read ? g_steal_pointer(&settings) : NULL;
}
