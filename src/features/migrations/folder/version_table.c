#include "folder/version_table.h"

#include "error.h"
#include "folder/folder_private.h"
#include "migrations_queries.h"
#include "reading.h"

#include <string.h>

enum { ROW_VERSION, ROW_APPLIED_US, ROW_CHECKSUM, ROW_KIND };

/* Each tool's default name, columns by which its table is known, and what is read of it. */
static const struct version_tool {
    const char *name;
    const char *columns[8]; /* that must be there, NULL-terminated */
    bool exact;             /* and no others */
    const char *select;     /* version, microseconds, checksum, kind; %s is the table */
} tools[] = {
    [FOLDER_GOLANG_MIGRATE] = {"schema_migrations",
                               {"version", "dirty"},
                               false,
                               "SELECT version::text, 0::int8, NULL::text, dirty::text"
                               " FROM %s LIMIT 1"},
    [FOLDER_GOOSE] = {"goose_db_version",
                      {"id", "version_id", "is_applied", "tstamp"},
                      false,
                      "SELECT version_id::text,"
                      " (extract(epoch FROM tstamp) * 1000000)::int8, NULL::text, ''"
                      " FROM (SELECT DISTINCT ON (version_id) * FROM %s"
                      " ORDER BY version_id, id DESC) AS newest"
                      " WHERE is_applied AND version_id > 0 ORDER BY id"},
    [FOLDER_DBMATE] = {"schema_migrations",
                       {"version"},
                       true,
                       "SELECT version::text, 0::int8, NULL::text, '' FROM %s ORDER BY 1"},
    [FOLDER_SQL_MIGRATE] = {"gorp_migrations",
                            {"id", "applied_at"},
                            false,
                            "SELECT id::text, (extract(epoch FROM applied_at) * 1000000)::int8,"
                            " NULL::text, '' FROM %s ORDER BY applied_at, id"},
    [FOLDER_FLYWAY] = {"flyway_schema_history",
                       {"installed_rank", "version", "description", "type", "script",
                        "checksum", "success"},
                       false,
                       "SELECT coalesce(version, description)::text,"
                       " (extract(epoch FROM installed_on) * 1000000)::int8, checksum::text,"
                       " CASE WHEN NOT success THEN 'FAILED' WHEN version IS NULL THEN 'R'"
                       " ELSE type::text END"
                       " FROM %s ORDER BY installed_rank"},
    [FOLDER_PLAIN] = {"pgrunbook_migrations",
                      {"version", "name", "checksum", "applied_at"},
                      false,
                      "SELECT version, (extract(epoch FROM applied_at) * 1000000)::int8,"
                      " checksum, '' FROM %s ORDER BY applied_at, version"},
};

static bool has_column(char **columns, const char *name)
{
    gsize length = strlen(name);

    for (; *columns != NULL; columns++)
        if (strncmp(*columns, name, length) == 0 && (*columns)[length] == ' ')
            return true;
    return false;
}

enum folder_format version_table_of_columns(const char *columns)
{
    g_auto(GStrv) found = g_strsplit(columns != NULL ? columns : "", ",", -1);

    for (enum folder_format format = FOLDER_GOLANG_MIGRATE; format <= FOLDER_PLAIN; format++) {
        const struct version_tool *tool = &tools[format];
        guint count = 0;
        while (tool->columns[count] != NULL && has_column(found, tool->columns[count]))
            count++;
        if (tool->columns[count] == NULL && (!tool->exact || count == g_strv_length(found)))
            return format;
    }
    return FOLDER_AUTO;
}

static void applied_free(gpointer data)
{
    struct version_applied *applied = data;

    g_free(applied->version);
    g_free(applied->checksum);
    g_free(applied);
}

void version_table_free(struct version_table *table)
{
    g_free(table->schema);
    g_free(table->name);
    g_free(table->dirty_version);
    g_free(table->baseline);
    g_free(table->search_path);
    g_ptr_array_unref(table->applied);
    g_free(table);
}

/* ---- where it is ----------------------------------------------------------------------------- */

static bool refuse(GError **error, const char *hint, const struct version_table *table,
                   const char *schema, const char *what)
{
    runbook_error_set(error, RUNBOOK_REFUSED, hint, "the table %s.%s %s", schema, table->name,
                      what);
    return false;
}

static bool refuse_columns(const struct version_table *table, const char *schema,
                           const char *columns, GError **error)
{
    enum folder_format other = version_table_of_columns(columns);
    g_autofree char *whose =
        other == FOLDER_AUTO
            ? g_strdup_printf("has not the columns of %s", folder_format_name(table->format))
            : g_strdup_printf("is that of %s, and the folder is one of %s",
                              folder_format_name(other), folder_format_name(table->format));

    return refuse(error, "Name the right one with the setting migrations.table.", table, schema,
                  whose);
}

static void take_place(struct version_table *table, const char *schema)
{
    g_free(table->schema);
    table->schema = g_strdup(schema);
    table->exists = true;
}

/* The nearest on the role's search_path. One that is not on it may be another application's: the
 * tool would make its own, and so nothing is done until somebody says which. */
static bool choose(struct version_table *table, const struct rows *rows, GError **error)
{
    int far = -1, wrong = -1;

    for (int i = 0; i < rows_count(rows); i++) {
        const char *columns = rows_text(rows, i, MIGRATIONS_VERSION_TABLES_COLUMNS);
        bool near = rows_int(rows, i, MIGRATIONS_VERSION_TABLES_PLACE) > 0;
        bool ours = version_table_of_columns(columns) == table->format;
        if (near && ours) {
            take_place(table, rows_text(rows, i, MIGRATIONS_VERSION_TABLES_SCHEMA));
            return true;
        }
        wrong = wrong < 0 && near ? i : wrong;
        far = far < 0 && !near && ours ? i : far;
    }
    if (wrong >= 0)
        return refuse_columns(table, rows_text(rows, wrong, MIGRATIONS_VERSION_TABLES_SCHEMA),
                              rows_text(rows, wrong, MIGRATIONS_VERSION_TABLES_COLUMNS), error);
    if (far >= 0)
        return refuse(error, "Say which with the setting migrations.table: schema.name.", table,
                      rows_text(rows, far, MIGRATIONS_VERSION_TABLES_SCHEMA),
                      "is not on the search_path, and none of its name is: it may be another "
                      "application's");
    return true;
}

/* "name" or "schema.name"; as the tool calls it where nothing was set. */
static void take_name(struct version_table *table, const struct folder *folder)
{
    g_auto(GStrv) parts = g_strsplit(folder->table != NULL ? folder->table : "", ".", 2);
    guint count = folder->table != NULL ? g_strv_length(parts) : 0;

    table->schema = count == 2 ? g_strdup(parts[0]) : NULL;
    table->name = g_strdup(count == 0 ? tools[table->format].name : parts[count - 1]);
}

static bool find(struct session *session, struct version_table *table,
                 const struct folder *folder, GError **error)
{
    take_name(table, folder);
    g_autofree char *schema = g_strdup(table->schema);
    AUTO(rows)
    rows = session_query(session, &query_migrations_version_tables,
                         (const char *const[]){table->name, schema}, error);
    AUTO(rows)
    places = rows != NULL
                 ? session_query(session, &query_migrations_version_places, NULL, error)
                 : NULL;
    if (places == NULL)
        return false;
    table->search_path = g_strdup(rows_text(places, 0, MIGRATIONS_VERSION_PLACES_SEARCH_PATH));
    if (table->schema == NULL)
        table->schema = g_strdup(rows_text(places, 0, MIGRATIONS_VERSION_PLACES_SCHEMA));
    if (table->schema == NULL)
        table->schema = g_strdup("public");
    if (schema == NULL)
        return choose(table, rows, error);
    if (rows_count(rows) == 0)
        return true;
    if (version_table_of_columns(rows_text(rows, 0, MIGRATIONS_VERSION_TABLES_COLUMNS)) !=
        table->format)
        return refuse_columns(table, schema,
                              rows_text(rows, 0, MIGRATIONS_VERSION_TABLES_COLUMNS), error);
    take_place(table, schema);
    return true;
}

/* ---- what is in it --------------------------------------------------------------------------- */

static void add_applied(struct version_table *table, const char *version, gint64 applied_us,
                        const char *checksum, bool repeatable)
{
    struct version_applied *applied = g_new0(struct version_applied, 1);

    applied->version = g_strdup(version);
    applied->applied_us = applied_us;
    applied->checksum = g_strdup(checksum);
    applied->repeatable = repeatable;
    g_ptr_array_add(table->applied, applied);
}

static void remove_applied(struct version_table *table, const char *version, bool repeatable)
{
    for (guint i = table->applied->len; i > 0; i--) {
        const struct version_applied *applied = table->applied->pdata[i - 1];
        if (applied->repeatable == repeatable &&
            folder_same_version(table->format, applied->version, version))
            g_ptr_array_remove_index(table->applied, i - 1);
    }
}

/* flyway keeps a journal: what was undone stays in it, and so do the older runs of what repeats. */
static void take_flyway(struct version_table *table, const struct rows *rows, int row)
{
    const char *kind = rows_text(rows, row, ROW_KIND);
    const char *version = rows_text(rows, row, ROW_VERSION);
    bool repeatable = strcmp(kind, "R") == 0;

    if (strcmp(kind, "SCHEMA") == 0)
        return;
    if (strcmp(kind, "BASELINE") == 0) {
        g_free(table->baseline);
        table->baseline = g_strdup(version);
        return;
    }
    if (strcmp(kind, "FAILED") == 0) {
        table->dirty = true;
        g_free(table->dirty_version);
        table->dirty_version = g_strdup(version);
        return;
    }
    remove_applied(table, version, repeatable);
    if (!g_str_has_prefix(kind, "UNDO") && strcmp(kind, "DELETE") != 0)
        add_applied(table, version, rows_int(rows, row, ROW_APPLIED_US),
                    rows_text(rows, row, ROW_CHECKSUM), repeatable);
}

static void take_row(struct version_table *table, const struct rows *rows, int row)
{
    const char *version = rows_text(rows, row, ROW_VERSION);

    if (table->format == FOLDER_FLYWAY) {
        take_flyway(table, rows, row);
        return;
    }
    if (table->format == FOLDER_GOLANG_MIGRATE &&
        strcmp(rows_text(rows, row, ROW_KIND), "true") == 0) {
        table->dirty = true;
        table->dirty_version = g_strdup(version);
        return;
    }
    add_applied(table, version, rows_int(rows, row, ROW_APPLIED_US),
                rows_text(rows, row, ROW_CHECKSUM), false);
}

static bool read_rows(struct session *session, struct version_table *table, GError **error)
{
    static const char *const none[] = {NULL};
    g_autofree char *name = session_quote(session, table->schema, table->name);
    g_auto(GStrv) around = g_strsplit(tools[table->format].select, "%s", -1);
    g_autofree char *sql = g_strjoinv(name, around);
    const struct query query = {.name = "migrations_version_table",
                                .since = SESSION_OLDEST,
                                .param_types = none,
                                .columns = none,
                                .column_types = none,
                                .sql = sql};
    AUTO(rows) rows = session_query(session, &query, NULL, error);

    for (int i = 0; rows != NULL && i < rows_count(rows); i++)
        take_row(table, rows, i);
    return rows != NULL;
}

struct looking {
    const struct folder *folder;
    struct version_table *table;
};

static bool look(struct session *session, gpointer data, GError **error)
{
    struct looking *looking = data;
    struct version_table *table = g_new0(struct version_table, 1);

    table->format = looking->folder->format;
    table->applied = g_ptr_array_new_with_free_func(applied_free);
    if (find(session, table, looking->folder, error) &&
        (!table->exists || read_rows(session, table, error)))
        looking->table = table;
    else
        version_table_free(table);
    return looking->table != NULL;
}

struct version_table *version_table_read(struct session *session, const struct folder *folder,
                                         GError **error)
{
    struct looking looking = {folder, NULL};

    reading_patient(session, look, &looking, error);
    return looking.table;
}

char *version_table_ledger(const struct version_table *table)
{
    return g_strdup_printf("%s %s.%s", folder_format_name(table->format), table->schema,
                           table->name);
}

const struct version_applied *version_table_row(const struct version_table *table,
                                                const struct folder_migration *migration)
{
    for (guint i = 0; i < table->applied->len; i++) {
        const struct version_applied *applied = table->applied->pdata[i];
        if (applied->repeatable == migration->repeatable &&
            folder_same_version(table->format, applied->version, migration->version))
            return applied;
    }
    return NULL;
}

bool version_table_has(const struct version_table *table,
                       const struct folder_migration *migration)
{
    if (version_table_row(table, migration) != NULL)
        return true;
    if (table->baseline != NULL && !migration->repeatable &&
        folder_compare_versions(migration->version, table->baseline) <= 0)
        return true;
    if (table->format != FOLDER_GOLANG_MIGRATE)
        return false;
    if (table->dirty)
        return g_str_has_prefix(table->dirty_version, "-")
                   ? false
                   : folder_compare_versions(migration->version, table->dirty_version) < 0;
    if (table->applied->len == 0)
        return false;
    const struct version_applied *current = table->applied->pdata[0];
    return folder_compare_versions(migration->version, current->version) <= 0;
}

void version_table_note(struct version_table *table, const struct folder *folder,
                        const struct folder_migration *migration, bool down)
{
    g_autofree char *checksum = NULL;

    table->exists = true;
    if (table->format == FOLDER_GOLANG_MIGRATE) {
        const struct folder_migration *at = migration;
        guint place = 0;
        while (folder->migrations->pdata[place] != migration)
            place++;
        if (down)
            at = place > 0 ? folder->migrations->pdata[place - 1] : NULL;
        g_ptr_array_set_size(table->applied, 0);
        table->dirty = false;
        g_clear_pointer(&table->dirty_version, g_free);
        if (at != NULL)
            add_applied(table, at->version, 0, NULL, false);
        return;
    }
    remove_applied(table, migration->version, migration->repeatable);
    if (down)
        return;
    if (table->format == FOLDER_FLYWAY)
        checksum = g_strdup_printf("%d", migration->flyway_checksum);
    add_applied(table, migration->version, g_get_real_time(),
                table->format == FOLDER_PLAIN ? migration->hash : checksum,
                migration->repeatable);
}
