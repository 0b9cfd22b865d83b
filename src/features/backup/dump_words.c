/* Names, sizes and command lines of a dump: pure. */
#include "dump.h"

#include "dump_file.h"
#include "out/paste.h"

#include <string.h>

/* A table that a migration holds is waited for so long, and not for ever: meanwhile everybody
 * else would queue behind nobody, but the next dump behind us. */
enum { LOCK_WAIT_MS = 300000 };

char *dump_stem(const char *database, gint64 wall_us)
{
    g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(wall_us / G_USEC_PER_SEC);
    g_autofree char *time = g_date_time_format(at, "%Y%m%d_%H%M%S");
    GString *stem = g_string_new(NULL);

    for (const char *byte = database; *byte != '\0'; byte++) {
        bool plain = (guchar) *byte > ' ' && *byte != 0x7f && *byte != '/' && *byte != '\\';
        bool dotted = byte == database && (*byte == '.' || *byte == '-');
        g_string_append_c(stem, plain && !dotted ? *byte : '_');
    }
    g_string_append_printf(stem, "_%s", time);
    return g_string_free(stem, FALSE);
}

bool dump_is_of(const char *file, const char *database, const char *suffix)
{
    static const char pattern[] = "_dddddddd_dddddd";
    g_autofree char *stem = dump_stem(database, 0);
    gsize length = strlen(stem) - strlen(pattern);

    if (strlen(file) != strlen(stem) + strlen(suffix) || strncmp(file, stem, length) != 0)
        return false;
    for (gsize i = 0; pattern[i] != '\0'; i++) {
        char letter = file[length + i];
        if (pattern[i] == 'd' ? !g_ascii_isdigit(letter) : letter != pattern[i])
            return false;
    }
    return g_str_has_suffix(file, suffix);
}

gint64 dump_room(gint64 table_bytes, gint64 last_stored_bytes)
{
    return last_stored_bytes > 0 ? last_stored_bytes + last_stored_bytes / 4 : table_bytes / 3;
}

static void add(GPtrArray *words, const char *word)
{
    g_ptr_array_add(words, g_strdup(word));
}

/* Before 16 pg_dump's folders know gzip alone. */
static char *directory_compression(const struct dump *dump)
{
    return dump->major >= 16 ? g_strdup_printf("--compress=zstd:%d", dump->level)
                             : g_strdup_printf("--compress=%d", CLAMP(dump->level, 1, 9));
}

char **dump_arguments(const struct dump *dump, const char *path)
{
    GPtrArray *words = g_ptr_array_new();

    add(words, dump->program);
    if (dump->format == DUMP_CUSTOM) {
        add(words, "--format=custom");
        add(words, "--compress=0");
    } else {
        add(words, "--format=directory");
        g_ptr_array_add(words, directory_compression(dump));
        g_ptr_array_add(words, g_strdup_printf("--jobs=%d", dump->jobs));
        g_ptr_array_add(words, g_strconcat("--file=", path, NULL));
        add(words, "--verbose");
    }
    /* As it is stored: not everything a database may hold is text that UTF-8, which our own
     * connection speaks, could have (SQL_ASCII has any bytes; WIN1252 has \x81). */
    if (strcmp(session_encoding(dump->session), "UTF8") != 0)
        g_ptr_array_add(words,
                        g_strconcat("--encoding=", session_encoding(dump->session), NULL));
    g_ptr_array_add(words, g_strdup_printf("--lock-wait-timeout=%d", LOCK_WAIT_MS));
    add(words, "--no-password");
    g_ptr_array_add(words, NULL);
    return (char **) g_ptr_array_free(words, FALSE);
}

char *dump_dbname_argument(const char *option, const char *database)
{
    GString *text = g_string_new(option);

    g_string_append(text, "dbname='");
    for (const char *at = database; *at != '\0'; at++) {
        if (*at == '\'' || *at == '\\')
            g_string_append_c(text, '\\');
        g_string_append_c(text, *at);
    }
    g_string_append_c(text, '\'');
    return g_string_free(text, FALSE);
}

char **dump_globals_arguments(const struct dump *dump)
{
    GPtrArray *words = g_ptr_array_new();

    add(words, dump->program_all);
    add(words, "--globals-only");
    add(words, "--no-password");
    /* Else it would try "postgres" and "template1", which a role may not be let into. */
    g_ptr_array_add(words,
                    dump_dbname_argument("--database=", session_database(dump->session)));
    g_ptr_array_add(words, NULL);
    return (char **) g_ptr_array_free(words, FALSE);
}

char *dump_shell_line(const struct dump *dump)
{
    g_autofree char *path = g_build_filename(dump->folder, dump->name, NULL);
    g_auto(GStrv) words = dump_arguments(dump, path);
    g_autofree char *line = paste_shell_words(words);
    g_autofree char *file = g_shell_quote(path);

    if (dump->format == DUMP_DIRECTORY)
        return g_steal_pointer(&line);
    return g_strdup_printf("%s | zstd -%d -T0 -o %s", line, dump->level, file);
}

const char *dump_hint(const char *detail)
{
    static const struct {
        const char *words, *hint;
    } hints[] = {
        {"permission denied for large object",
         "pg_read_all_data does not reach large objects: dump as a superuser, or GRANT SELECT "
         "ON "
         "LARGE OBJECT … for each (SELECT oid FROM pg_largeobject_metadata)"},
        {"permission denied", "a dump reads everything: GRANT pg_read_all_data TO …"},
        {"row-level security policy", "a dump reads all rows: ALTER ROLE … BYPASSRLS, or dump "
                                      "as a superuser"},
        {"due to lock timeout", "a table was locked for five minutes; \"pgrunbook connections "
                                "report\" says by whom"},
    };

    for (gsize i = 0; detail != NULL && i < G_N_ELEMENTS(hints); i++)
        if (strstr(detail, hints[i].words) != NULL)
            return hints[i].hint;
    return NULL;
}
