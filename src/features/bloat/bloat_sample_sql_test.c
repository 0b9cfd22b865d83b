#include "bloat_sample.h"

#include <string.h>

#define TABLE "\"my\".\"ta\"\"ble\""

/* A table of an int, a text and a computed column. */
static struct bloat_sample_source source_of(GArray *columns)
{
    static struct bloat_sample_column made[] = {
        {.name = NULL, .base = true, .not_null = true},
        {.name = NULL},
        {.name = NULL, .computed = true, .not_null = true},
    };
    static char names[][16] = {"\"i\"", "\"te\"\"xt\"", "\"v\""};
    static char types[][24] = {"integer", "text COLLATE x.y", "integer"};
    static char storages[][16] = {"plain", "external", "plain"};
    static char table[] = TABLE;

    for (guint i = 0; i < G_N_ELEMENTS(made); i++) {
        made[i].name = names[i];
        made[i].type = types[i];
        made[i].storage = storages[i];
        g_array_append_val(columns, made[i]);
    }
    return (struct bloat_sample_source){.table = table, .columns = columns, .fillfactor = 100};
}

static void expect(const char *sql, const char *part)
{
    if (strstr(sql, part) == NULL)
        g_test_fail_printf("no \"%s\" in: %s", part, sql);
}

static void expect_without(const char *sql, const char *part)
{
    if (strstr(sql, part) != NULL)
        g_test_fail_printf("\"%s\" in: %s", part, sql);
}

static void test_shape(void)
{
    g_autoptr(GArray) columns = g_array_new(FALSE, FALSE, sizeof(struct bloat_sample_column));
    struct bloat_sample_source source = source_of(columns);

    g_autofree char *plain = bloat_sample_sql_shape(&source);
    g_assert_cmpstr(plain, ==,
                    "CREATE TEMPORARY TABLE pg_temp.pgrunbook_shape (LIKE " TABLE
                    " INCLUDING STORAGE INCLUDING COMPRESSION) USING heap ON COMMIT DROP");
    source.dropped = 2;
    source.fillfactor = 70;
    source.toast_target = 256;
    g_autofree char *full = bloat_sample_sql_shape(&source);
    expect(full, "COMPRESSION, \"pgrunbook dropped 1\" pg_catalog.bool,"
                 " \"pgrunbook dropped 2\" pg_catalog.bool)");
    expect(full, " WITH (fillfactor = 70, toast_tuple_target = 256) ON COMMIT DROP");
}

static void test_copy(void)
{
    g_autoptr(GArray) columns = g_array_new(FALSE, FALSE, sizeof(struct bloat_sample_column));
    struct bloat_sample_source source = source_of(columns);

    source.dropped = 1;
    g_autofree char *copy = bloat_sample_sql_copy(&source, false);
    g_assert_cmpstr(copy, ==,
                    "CREATE TEMPORARY TABLE pg_temp.pgrunbook_copy USING heap ON COMMIT DROP"
                    " AS SELECT \"i\", \"te\"\"xt\","
                    " NULL::pg_catalog.bool AS \"pgrunbook dropped 1\","
                    " NULL::pg_catalog.bool AS \"pgrunbook dropped 2\""
                    " FROM ONLY pg_temp.pgrunbook_rows");
    g_autofree char *whole = bloat_sample_sql_copy(&source, true);
    expect(whole, " FROM ONLY " TABLE);

    /* The same where columns have a storage of their own. */
    g_autofree char *nullable = bloat_sample_sql_nullable(&source, BLOAT_SAMPLE_SHAPE);
    g_assert_cmpstr(nullable, ==,
                    "ALTER TABLE pg_temp.pgrunbook_shape ALTER COLUMN \"v\" DROP NOT NULL");
    g_autofree char *fill = bloat_sample_sql_fill(&source, false);
    g_assert_cmpstr(fill, ==,
                    "INSERT INTO pg_temp.pgrunbook_shape (\"i\", \"te\"\"xt\")"
                    " SELECT \"i\", \"te\"\"xt\" FROM ONLY pg_temp.pgrunbook_rows");
    g_autofree char *pack = bloat_sample_sql_pack(&source);
    expect(pack, " ALTER COLUMN \"i\" TYPE integer USING COALESCE(\"i\", \"i\"),"
                 " ALTER COLUMN \"i\" SET STORAGE plain");
    g_array_remove_index(columns, 0);
    g_autofree char *other = bloat_sample_sql_pack(&source);
    expect(other, " ALTER COLUMN \"te\"\"xt\" TYPE text COLLATE x.y USING ");
    expect(other, " SET STORAGE external");
}

static void test_no_columns(void)
{
    g_autoptr(GArray) columns = g_array_new(FALSE, FALSE, sizeof(struct bloat_sample_column));
    struct bloat_sample_source source = source_of(columns);

    g_array_set_size(columns, 0);
    g_autofree char *copy = bloat_sample_sql_copy(&source, true);
    expect(copy, " AS SELECT  FROM ONLY " TABLE);
    source.dropped = 1;
    g_autofree char *dropped = bloat_sample_sql_copy(&source, true);
    expect(dropped, " AS SELECT NULL::pg_catalog.bool AS \"pgrunbook dropped 1\" FROM ONLY");
    g_assert_null(bloat_sample_sql_pack(&source));
    g_assert_null(bloat_sample_sql_nullable(&source, BLOAT_SAMPLE_SHAPE));
}

static void test_rows(void)
{
    g_autoptr(GArray) columns = g_array_new(FALSE, FALSE, sizeof(struct bloat_sample_column));
    g_autoptr(GArray) blocks = g_array_new(FALSE, FALSE, sizeof(gint64));
    struct bloat_sample_source source = source_of(columns);

    for (gint64 block = 3; block < G_GINT64_CONSTANT(10000000000); block *= 1000)
        g_array_append_val(blocks, block);
    g_autofree char *rows = bloat_sample_sql_rows(&source, blocks);
    expect(rows, "unnest('{3,3000,3000000,3000000000}'::pg_catalog.int8[])");
    expect(rows, "(SELECT \"i\", \"te\"\"xt\" FROM ONLY " TABLE " AS t WHERE t.ctid");
    expect_without(rows, "\"v\"");
    expect(rows, " USING heap ON COMMIT DROP AS SELECT b.\"pgrunbook block\", r.* FROM");
    source.storage_set = true;
    g_autofree char *into = bloat_sample_sql_rows(&source, blocks);
    expect(into, "INSERT INTO pg_temp.pgrunbook_rows (\"pgrunbook block\", \"i\", \"te\"\"xt\")"
                 " SELECT b.\"pgrunbook block\", r.* FROM");
    g_autofree char *draws = bloat_sample_sql_draws(&source);
    expect(draws, "pg_column_size(\"i\")");
    expect_without(draws, "\"v\"");
}

static void test_index(void)
{
    struct bloat_sample_index index = {
        .tail = "btree (a, lower(b)) INCLUDE (n) WHERE (a > 0)",
        .keys = "a, lower(b)",
        .columns = "a, lower(b), (n)::pg_catalog.text",
        .predicate = "(a > 0)",
        .column_count = 3,
    };

    g_autofree char *made = bloat_sample_sql_index(&index, false);
    g_assert_cmpstr(made, ==,
                    "CREATE INDEX pgrunbook_index ON pg_temp.pgrunbook_copy USING"
                    " btree (a, lower(b)) INCLUDE (n) WHERE (a > 0)");
    g_autofree char *plain = bloat_sample_sql_groups(&index);
    expect(plain, "pg_column_size(ROW(a, lower(b), (n)::pg_catalog.text))");
    expect(plain, " WHERE (a > 0)) AS e(size)");
    expect_without(plain, "GROUP BY");

    index.deduplicates = true;
    g_autofree char *grouped = bloat_sample_sql_groups(&index);
    expect(grouped, "SELECT ROW(a, lower(b)) AS key");
    expect(grouped, " WHERE (a > 0) GROUP BY a, lower(b), \"pgrunbook block\"");

    index.unique = true;
    index.predicate = NULL;
    g_autofree char *probe = bloat_sample_sql_probe(&index);
    expect(probe, "FROM pg_temp.pgrunbook_rows LIMIT 1) AS r");
    g_autofree char *on_probe = bloat_sample_sql_index(&index, true);
    expect(on_probe, "CREATE UNIQUE INDEX pgrunbook_probe_index ON pg_temp.pgrunbook_probe ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bloat/sample/sql/shape", test_shape);
    g_test_add_func("/bloat/sample/sql/copy", test_copy);
    g_test_add_func("/bloat/sample/sql/no-columns", test_no_columns);
    g_test_add_func("/bloat/sample/sql/rows", test_rows);
    g_test_add_func("/bloat/sample/sql/index", test_index);
    return g_test_run();
}
