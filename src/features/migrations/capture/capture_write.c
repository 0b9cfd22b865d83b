#include "capture/capture_write.h"

#include "sql/sql_script.h"

#include <string.h>

enum {
    DIGITS = 6,       /* of a folder's first version */
    TIME_DIGITS = 14, /* a version of as many is a time: 20240102150405 */
};

void capture_part_free(gpointer data)
{
    struct capture_part *part = data;

    g_ptr_array_unref(part->up);
    g_ptr_array_unref(part->down);
    g_ptr_array_unref(part->notes);
    g_free(part);
}

void capture_file_free(gpointer data)
{
    struct capture_file *file = data;

    g_free(file->name);
    g_free(file->text);
    g_free(file);
}

static struct capture_part *part_new(GPtrArray *parts, bool alone)
{
    struct capture_part *part = g_new0(struct capture_part, 1);

    part->up = g_ptr_array_new_with_free_func(g_free);
    part->down = g_ptr_array_new_with_free_func(g_free);
    part->notes = g_ptr_array_new_with_free_func(g_free);
    part->alone = alone;
    g_ptr_array_add(parts, part);
    return part;
}

static bool stands_alone(const char *text)
{
    AUTO(sql_script) script = sql_script_new(text, strlen(text));

    return script->statements->len == 1 &&
           g_array_index(script->statements, struct sql_statement, 0).alone;
}

GPtrArray *capture_parts(const GPtrArray *statements)
{
    GPtrArray *parts = g_ptr_array_new_with_free_func(capture_part_free);
    struct capture_part *part = NULL;

    for (guint i = 0; i < statements->len; i++) {
        bool alone = stands_alone(statements->pdata[i]);
        if (part == NULL || part->alone || alone)
            part = part_new(parts, alone);
        g_ptr_array_add(part->up, g_strdup(statements->pdata[i]));
    }
    return parts;
}

/* ---- versions ------------------------------------------------------------------------------ */

static gsize digits_of(const char *text)
{
    return text != NULL ? strspn(text, "0123456789") : 0;
}

static char *time_version(gint64 now_us, guint number)
{
    g_autoptr(GDateTime) now =
        g_date_time_new_from_unix_utc(now_us / G_USEC_PER_SEC + (gint64) number);

    return g_date_time_format(now, "%Y%m%d%H%M%S");
}

char *capture_version(const char *last, guint number, gint64 now_us)
{
    gsize digits = digits_of(last);

    if (digits >= TIME_DIGITS) {
        g_autofree char *version = time_version(now_us, number);
        g_autofree char *newest = g_strndup(last, TIME_DIGITS);
        if (strcmp(version, newest) > 0)
            return g_steal_pointer(&version);
    }
    guint64 before = digits > 0 ? g_ascii_strtoull(last, NULL, 10) : 0;
    return g_strdup_printf("%0*" G_GUINT64_FORMAT, (int) (digits > 0 ? digits : DIGITS),
                           before + 1 + number);
}

/* ---- text ---------------------------------------------------------------------------------- */

static void append_heading(GString *text, const struct capture_part *part,
                           const struct capture_heading *heading, bool down)
{
    g_autofree char *program = g_strdelimit(g_strdup(heading->program), "\r\n", ' ');

    if (!down) {
        g_string_append_printf(text, "-- As done by: %s\n", program);
        return;
    }
    g_string_append(text, "-- Proposed; read it before you rely on it.\n");
    for (guint i = 0; i < part->notes->len; i++) {
        g_autofree char *note = g_strdelimit(g_strdup(part->notes->pdata[i]), "\r\n", ' ');
        g_string_append_printf(text, "-- Not taken back: %s\n", note);
    }
}

/* goose and sql-migrate end a statement at a line that ends with a semicolon. */
static bool ends_early(const char *statement)
{
    return strstr(statement, ";\n") != NULL || strstr(statement, "; ") != NULL ||
           strstr(statement, "$") != NULL;
}

static void append_statements(GString *text, const GPtrArray *statements, const char *mark)
{
    for (guint i = 0; i < statements->len; i++) {
        const char *statement = statements->pdata[i];
        bool marked = mark != NULL && ends_early(statement);
        if (marked)
            g_string_append_printf(text, "-- %s StatementBegin\n", mark);
        g_string_append_printf(text, "%s;\n", statement);
        if (marked)
            g_string_append_printf(text, "-- %s StatementEnd\n", mark);
    }
}

static void add(GPtrArray *files, char *name, GString *text)
{
    struct capture_file *file = g_new0(struct capture_file, 1);

    file->name = name;
    file->text = g_string_free(text, FALSE);
    g_ptr_array_add(files, file);
}

static GString *script_of(const struct capture_part *part,
                          const struct capture_heading *heading, bool down)
{
    GString *text = g_string_new(NULL);

    append_heading(text, part, heading, down);
    append_statements(text, down ? part->down : part->up, NULL);
    return text;
}

/* ---- the tools' ways ------------------------------------------------------------------------ */

struct writer {
    GPtrArray *files;
    const struct capture_heading *heading;
    const char *version;
};

static void write_pair(struct writer *writer, const struct capture_part *part, const char *up,
                       const char *down)
{
    g_autofree char *stem = g_strconcat(writer->version, "_", writer->heading->name, NULL);

    add(writer->files, g_strconcat(stem, up, NULL), script_of(part, writer->heading, false));
    add(writer->files, g_strconcat(stem, down, NULL), script_of(part, writer->heading, true));
}

static void write_flyway(struct writer *writer, const struct capture_part *part)
{
    const char *name = writer->heading->name;

    add(writer->files, g_strconcat("V", writer->version, "__", name, ".sql", NULL),
        script_of(part, writer->heading, false));
    add(writer->files, g_strconcat("U", writer->version, "__", name, ".sql", NULL),
        script_of(part, writer->heading, true));
}

/* Both directions in one file. */
static void write_sections(struct writer *writer, const struct capture_part *part,
                           enum folder_format format)
{
    const char *mark = format == FOLDER_GOOSE ? "+goose" : "+migrate";
    GString *text = g_string_new(NULL);

    if (format == FOLDER_DBMATE) {
        const char *more = part->alone ? " transaction:false" : "";
        g_string_append_printf(text, "-- migrate:up%s\n", more);
        append_heading(text, part, writer->heading, false);
        append_statements(text, part->up, NULL);
        g_string_append_printf(text, "\n-- migrate:down%s\n", more);
        append_heading(text, part, writer->heading, true);
        append_statements(text, part->down, NULL);
    } else {
        const char *more = part->alone && format == FOLDER_SQL_MIGRATE ? " notransaction" : "";
        if (part->alone && format == FOLDER_GOOSE)
            g_string_append(text, "-- +goose NO TRANSACTION\n");
        g_string_append_printf(text, "-- %s Up%s\n", mark, more);
        append_heading(text, part, writer->heading, false);
        append_statements(text, part->up, mark);
        g_string_append_printf(text, "\n-- %s Down%s\n", mark, more);
        append_heading(text, part, writer->heading, true);
        append_statements(text, part->down, mark);
    }
    add(writer->files, g_strconcat(writer->version, "_", writer->heading->name, ".sql", NULL),
        text);
}

static void write_part(struct writer *writer, const struct capture_part *part,
                       enum folder_format format)
{
    switch (format) {
    case FOLDER_GOOSE:
    case FOLDER_DBMATE:
    case FOLDER_SQL_MIGRATE:
        write_sections(writer, part, format);
        break;
    case FOLDER_FLYWAY:
        write_flyway(writer, part);
        break;
    case FOLDER_PLAIN:
        write_pair(writer, part, ".sql", ".down.sql");
        break;
    case FOLDER_AUTO:
    case FOLDER_GOLANG_MIGRATE:
        write_pair(writer, part, ".up.sql", ".down.sql");
        break;
    }
}

GPtrArray *capture_files(const GPtrArray *parts, enum folder_format format, const char *last,
                         gint64 now_us, const struct capture_heading *heading)
{
    GPtrArray *files = g_ptr_array_new_with_free_func(capture_file_free);

    for (guint i = 0; i < parts->len; i++) {
        g_autofree char *version = capture_version(last, i, now_us);
        struct writer writer = {files, heading, version};
        write_part(&writer, parts->pdata[i], format);
    }
    return files;
}
