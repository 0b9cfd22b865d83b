/* What a version table says of a folder: columns, what is applied, in which state a file is. */
#include "folder/version_rows.h"

#include <string.h>

#define FILES(...)                                                                             \
    (const char *const[])                                                                      \
    {                                                                                          \
        __VA_ARGS__, NULL                                                                      \
    }

/* Of NAME, NAME, …, NULL; each file's text is its name in a comment. */
static struct folder *folder_with(enum folder_format format, const char *const *words)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(folder_file_free);

    for (; *words != NULL; words++) {
        struct folder_file *file = g_new0(struct folder_file, 1);
        file->name = g_strdup(*words);
        file->text = g_strconcat("SELECT 1 -- ", *words, NULL);
        file->length = strlen(file->text);
        g_ptr_array_add(files, file);
    }
    return folder_of_files("db", files, format, NULL);
}

static void applied_free(gpointer data)
{
    struct version_applied *applied = data;

    g_free(applied->version);
    g_free(applied->checksum);
    g_free(applied);
}

static struct version_table *table_of(enum folder_format format)
{
    struct version_table *table = g_new0(struct version_table, 1);

    table->format = format;
    table->exists = true;
    table->applied = g_ptr_array_new_with_free_func(applied_free);
    return table;
}

static void add(struct version_table *table, const char *version, const char *checksum)
{
    struct version_applied *applied = g_new0(struct version_applied, 1);

    applied->version = g_strdup(version);
    applied->checksum = g_strdup(checksum);
    g_ptr_array_add(table->applied, applied);
}

/* "VERSION STATE, VERSION STATE". */
static void stands(const struct folder *folder, const struct version_table *table,
                   const char *(*hash_of)(const char *version, gconstpointer data),
                   const char *expected)
{
    g_autoptr(GArray) rows = version_rows(folder, table, hash_of, NULL);
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < rows->len; i++) {
        const struct version_row *row = &g_array_index(rows, struct version_row, i);
        g_string_append_printf(all, "%s%s %s", i > 0 ? ", " : "", row->version,
                               version_state_name(row->state));
    }
    g_autofree char *found = g_string_free(all, FALSE);
    g_assert_cmpstr(found, ==, expected);
}

static void test_columns(void)
{
    g_assert_cmpint(version_table_of_columns("version bigint,dirty boolean"), ==,
                    FOLDER_GOLANG_MIGRATE);
    g_assert_cmpint(version_table_of_columns("version character varying"), ==, FOLDER_DBMATE);
    g_assert_cmpint(version_table_of_columns("version character varying,more text"), ==,
                    FOLDER_AUTO);
    g_assert_cmpint(version_table_of_columns("id integer,version_id bigint,is_applied boolean,"
                                             "tstamp timestamp without time zone"),
                    ==, FOLDER_GOOSE);
    g_assert_cmpint(version_table_of_columns("id text,applied_at timestamp with time zone"), ==,
                    FOLDER_SQL_MIGRATE);
    g_assert_cmpint(
        version_table_of_columns("installed_rank integer,version character varying,"
                                 "description text,type text,script text,checksum integer,"
                                 "installed_by text,installed_on timestamp,execution_time "
                                 "integer,success boolean"),
        ==, FOLDER_FLYWAY);
    g_assert_cmpint(
        version_table_of_columns("version text,name text,checksum text,"
                                 "applied_at timestamp with time zone,applied_by text"),
        ==, FOLDER_PLAIN);
    g_assert_cmpint(version_table_of_columns(NULL), ==, FOLDER_AUTO);
    g_assert_cmpint(version_table_of_columns("a text"), ==, FOLDER_AUTO);
}

static const char *other_hash(const char *version, gconstpointer data)
{
    (void) data;
    return strcmp(version, "1") == 0 ? "other" : NULL;
}

static void test_golang(void)
{
    AUTO(folder)
    folder = folder_with(FOLDER_AUTO, FILES("1_a.up.sql", "2_b.up.sql", "10_c.up.sql"));
    AUTO(version_table) table = table_of(FOLDER_GOLANG_MIGRATE);

    stands(folder, table, NULL, "1 pending, 2 pending, 10 pending");
    add(table, "2", NULL);
    stands(folder, table, NULL, "1 applied, 2 applied, 10 pending");
    stands(folder, table, other_hash, "1 changed, 2 applied, 10 pending");
    version_table_note(table, folder, folder_find(folder, "10"), false);
    stands(folder, table, NULL, "1 applied, 2 applied, 10 applied");
    version_table_note(table, folder, folder_find(folder, "10"), true);
    stands(folder, table, NULL, "1 applied, 2 applied, 10 pending");

    AUTO(version_table) lost = table_of(FOLDER_GOLANG_MIGRATE);
    add(lost, "7", NULL);
    stands(folder, lost, NULL, "1 applied, 2 applied, 10 pending, 7 unknown");
    AUTO(version_table) dirty = table_of(FOLDER_GOLANG_MIGRATE);
    dirty->dirty = true;
    dirty->dirty_version = g_strdup("2");
    stands(folder, dirty, NULL, "1 applied, 2 dirty, 10 pending");
    g_free(dirty->dirty_version);
    dirty->dirty_version = g_strdup("-1");
    stands(folder, dirty, NULL, "1 pending, 2 pending, 10 pending");
}

static void test_rows(void)
{
    AUTO(folder) goose = folder_with(FOLDER_GOOSE, FILES("1_a.sql", "002_b.sql", "3_c.sql"));
    AUTO(version_table) table = table_of(FOLDER_GOOSE);

    add(table, "1", NULL);
    add(table, "3", NULL);
    add(table, "4", NULL);
    stands(goose, table, NULL, "1 applied, 2 out of order, 3 applied, 4 unknown");

    AUTO(folder) plain = folder_with(FOLDER_PLAIN, FILES("a.sql", "b.sql"));
    AUTO(version_table) ours = table_of(FOLDER_PLAIN);
    add(ours, "a", "other");
    version_table_note(ours, plain, folder_find(plain, "b"), false);
    stands(plain, ours, NULL, "a changed, b applied");
}

static void test_flyway(void)
{
    AUTO(folder)
    folder =
        folder_with(FOLDER_FLYWAY, FILES("V1__a.sql", "V1_1__b.sql", "V2__c.sql", "R__v.sql"));
    AUTO(version_table) table = table_of(FOLDER_FLYWAY);

    table->baseline = g_strdup("1.0");
    version_table_note(table, folder, folder_find(folder, "1.1"), false);
    add(table, "2", "17");
    version_table_note(table, folder, folder_find(folder, "v"), false);
    stands(folder, table, NULL, "1 applied, 1.1 applied, 2 changed, v applied");
    struct folder_migration *view = folder_find(folder, "v");
    view->flyway_checksum++;
    stands(folder, table, NULL, "1 applied, 1.1 applied, 2 changed, v pending");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/version/columns", test_columns);
    g_test_add_func("/version/golang", test_golang);
    g_test_add_func("/version/rows", test_rows);
    g_test_add_func("/version/flyway", test_flyway);
    return g_test_run();
}
