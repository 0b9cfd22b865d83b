#include "folder/folder.h"

#include "error.h"

#include <glib/gstdio.h>
#include <string.h>

#define FILES(...)                                                                             \
    (const char *const[])                                                                      \
    {                                                                                          \
        __VA_ARGS__, NULL                                                                      \
    }

/* A folder of NAME, TEXT, NAME, TEXT, …, NULL. */
static struct folder *folder_with(enum folder_format format, const char *const *words)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(folder_file_free);
    g_autoptr(GError) error = NULL;

    for (; *words != NULL; words += 2) {
        struct folder_file *file = g_new0(struct folder_file, 1);
        file->name = g_strdup(words[0]);
        file->text = g_strdup(words[1]);
        file->length = strlen(file->text);
        g_ptr_array_add(files, file);
    }
    struct folder *folder = folder_of_files("db", files, format, &error);
    g_assert_no_error(error);
    return folder;
}

static const struct folder_migration *nth(const struct folder *folder, guint n)
{
    g_assert_cmpuint(n, <, folder->migrations->len);
    return folder->migrations->pdata[n];
}

/* "VERSION NAME, VERSION NAME". */
static void holds(const struct folder *folder, const char *expected)
{
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < folder->migrations->len; i++)
        g_string_append_printf(all, "%s%s %s", i > 0 ? ", " : "", nth(folder, i)->version,
                               nth(folder, i)->name);
    g_autofree char *found = g_string_free(all, FALSE);
    g_assert_cmpstr(found, ==, expected);
}

/* "RULE FILE:LINE, …"; "" for none. */
static void tells(const struct folder *folder, const char *expected)
{
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < folder->problems->len; i++) {
        const struct folder_problem *problem = folder->problems->pdata[i];
        g_string_append_printf(all, "%s%s %s:%u", i > 0 ? ", " : "", problem->rule,
                               problem->file, problem->line);
    }
    g_autofree char *found = g_string_free(all, FALSE);
    g_assert_cmpstr(found, ==, expected);
}

/* The statements of a script, each with its line in the file: "3 SELECT 1 | 4 SELECT 2". */
static void runs(const struct folder_script *script, const char *expected)
{
    GString *all = g_string_new(NULL);

    g_assert_nonnull(script);
    for (guint i = 0; i < script->script->statements->len; i++) {
        const struct sql_statement *statement =
            &g_array_index(script->script->statements, struct sql_statement, i);
        g_autofree char *text = sql_statement_text(script->script, statement);
        g_string_append_printf(all, "%s%u %s", i > 0 ? " | " : "",
                               script->line + statement->line - 1, text);
    }
    g_autofree char *found = g_string_free(all, FALSE);
    g_assert_cmpstr(found, ==, expected);
}

static void test_golang(void)
{
    AUTO(folder)
    folder = folder_with(FOLDER_AUTO, FILES("0010_ten.up.sql", "SELECT 10;", "2_two.down.sql",
                                            "-- irreversible: rows are gone\n", "2_two.up.sql",
                                            "-- first\nCREATE INDEX CONCURRENTLY i ON t (a);",
                                            "3_three.up.sql", "BEGIN;\nSELECT 3;\nCOMMIT;",
                                            "README.md", "", "notes.sql", "SELECT 1"));

    g_assert_cmpint(folder->format, ==, FOLDER_GOLANG_MIGRATE);
    holds(folder, "2 two, 3 three, 10 ten");
    tells(folder, "gap 0010_ten.up.sql:0, name notes.sql:0");
    runs(nth(folder, 0)->up, "2 CREATE INDEX CONCURRENTLY i ON t (a)");
    g_assert_cmpint(nth(folder, 0)->up->transaction, ==, FOLDER_NO_TRANSACTION);
    g_assert_false(nth(folder, 0)->up->declared);
    g_assert_cmpstr(nth(folder, 0)->down->irreversible, ==, "rows are gone");
    g_assert_cmpint(nth(folder, 1)->up->transaction, ==, FOLDER_OWN_TRANSACTIONS);
    g_assert_null(nth(folder, 1)->down);
    g_assert_cmpint(nth(folder, 2)->up->transaction, ==, FOLDER_ONE_TRANSACTION);
    g_assert_true(folder_find(folder, "0003") == nth(folder, 1));
    g_assert_null(folder_find(folder, "4"));
}

static void test_golang_bad(void)
{
    AUTO(folder)
    folder =
        folder_with(FOLDER_AUTO, FILES("1_a.up.sql", "SELECT 1", "01_b.up.sql", "SELECT 1",
                                       "2_c.up.sql", "\xef\xbb\xbfSELECT 2;\r\n\\i x\r\n",
                                       "4_d.up.sql", "-- nothing", "5_e.down.sql", "SELECT 'a",
                                       "99999999999999999999_f.up.sql", "SELECT 1"));

    tells(folder, "duplicate-version 01_b.up.sql:0, byte-order-mark 2_c.up.sql:1, "
                  "meta-command 2_c.up.sql:2, gap 4_d.up.sql:0, empty 4_d.up.sql:1, "
                  "down-without-up 5_e.down.sql:0, unterminated 5_e.down.sql:1, "
                  "name 99999999999999999999_f.up.sql:0");
    runs(nth(folder, 1)->up, "1 SELECT 2");
}

static void test_gaps(void)
{
    AUTO(folder)
    tens = folder_with(FOLDER_AUTO, FILES("10_a.up.sql", "SELECT 1", "20_a.up.sql", "SELECT 1",
                                          "30_a.up.sql", "SELECT 1"));
    AUTO(folder)
    clock = folder_with(FOLDER_AUTO, FILES("20240101120000_a.up.sql", "SELECT 1",
                                           "20240301120000_a.up.sql", "SELECT 1"));
    AUTO(folder)
    ones = folder_with(FOLDER_AUTO, FILES("1_a.up.sql", "SELECT 1", "2_a.up.sql", "SELECT 1",
                                          "4_a.up.sql", "SELECT 1"));

    tells(tens, "");
    tells(clock, "");
    tells(ones, "gap 4_a.up.sql:0");
}

static void test_goose(void)
{
    AUTO(folder)
    folder = folder_with(
        FOLDER_AUTO,
        FILES(
            "00001_a.sql",
            "-- a comment\n\n-- +goose Up\n-- +goose StatementBegin\n"
            "CREATE FUNCTION f() RETURNS int AS $$\nBEGIN\n  RETURN 1;\nEND $$ LANGUAGE "
            "plpgsql;\n"
            "-- +goose StatementEnd\nSELECT 2; -- two\n\n-- +goose down\nDROP FUNCTION f();\n",
            "00002_b.sql",
            "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY i\n  ON t "
            "(a);\n",
            "3_c.go", "", "3_c_test.go", ""));

    g_assert_cmpint(folder->format, ==, FOLDER_GOOSE);
    holds(folder, "1 a, 2 b, 3 c");
    tells(folder, "go-migration 3_c.go:0");
    runs(nth(folder, 0)->up, "5 CREATE FUNCTION f() RETURNS int AS $$\nBEGIN\n  RETURN 1;\n"
                             "END $$ LANGUAGE plpgsql | 10 SELECT 2");
    runs(nth(folder, 0)->down, "13 DROP FUNCTION f()");
    g_assert_cmpint(nth(folder, 0)->up->transaction, ==, FOLDER_ONE_TRANSACTION);
    g_assert_cmpint(nth(folder, 1)->up->transaction, ==, FOLDER_NO_TRANSACTION);
    g_assert_true(nth(folder, 1)->up->declared);
    g_assert_null(nth(folder, 1)->down);
    g_assert_null(nth(folder, 2)->up);
}

/* One file with this text behind "-- +goose Up\n", or as it is when it has its own. */
static void goose_tells(const char *text, const char *expected)
{
    g_autofree char *whole =
        g_strconcat(strstr(text, "+goose Up") != NULL ? "" : "-- +goose Up\n", text, NULL);
    AUTO(folder) folder = folder_with(FOLDER_GOOSE, FILES("1_a.sql", whole));

    tells(folder, expected);
}

static void test_goose_bad(void)
{
    /* What its splitter cuts in half, and what it does not. */
    goose_tells("DO $$\nBEGIN\n  NULL;\nEND $$;\n", "goose-split 1_a.sql:2");
    goose_tells("INSERT INTO t VALUES ('a;\nb');\n", "goose-split 1_a.sql:2");
    goose_tells("INSERT INTO t VALUES ('a; \n', $$x\ny$$);\n", "goose-split 1_a.sql:2");
    goose_tells("SELECT 1; SELECT 2;\n", "");
    goose_tells("SELECT 1 -- a;\n, 2;\n", "");
    goose_tells("-- +goose StatementBegin\nDO $$\nBEGIN\n NULL;\nEND $$;\n"
                "-- +goose StatementEnd\n",
                "");
    goose_tells("SELECT 1\n", "goose-unfinished 1_a.sql:2");
    goose_tells("SELECT 1;--x\n", "goose-unfinished 1_a.sql:2");
    goose_tells("SELECT 1\n-- +goose Down\nSELECT 2;\n", "goose-unfinished 1_a.sql:2");
    goose_tells("-- +goose NO TRANSACTION\nSELECT 1; SELECT 2;\n", "goose-split 1_a.sql:3");
    goose_tells("-- +goose NO TRANSACTION\nSELECT 1;\nSELECT 2;\n", "");
    /* Annotations. */
    goose_tells(" -- +goose StatementBegin\nSELECT 1;\n", "goose-annotation 1_a.sql:2");
    goose_tells("-- +goose Sideways\nSELECT 1;\n", "goose-annotation 1_a.sql:2");
    goose_tells("-- +goose StatementBegin\nSELECT 1;\n", "goose-annotation 1_a.sql:3");
    goose_tells("-- +goose StatementEnd\nSELECT 1;\n", "goose-annotation 1_a.sql:2");
    goose_tells("SELECT 1;\n-- +goose Up\n", "goose-annotation 1_a.sql:1, empty 1_a.sql:3");
    goose_tells("-- +goose Up\nSELECT 1;\n-- +goose Up\n", "goose-annotation 1_a.sql:3");
    goose_tells("-- +goose ENVSUB ON\nSELECT '${HOME}';\n", "goose-envsub 1_a.sql:3");

    AUTO(folder) bare = folder_with(FOLDER_GOOSE, FILES("1_a.sql", "SELECT 1;"));
    tells(bare, "goose-annotation 1_a.sql:1");
    runs(nth(bare, 0)->up, "1 SELECT 1");
    AUTO(folder)
    twice =
        folder_with(FOLDER_GOOSE, FILES("1_a.sql", "-- +goose Up\r\nSELECT 1;\r\n", "001_b.sql",
                                        "-- +goose Up\nSELECT 1;\n", "x.sql", ""));
    tells(twice, "duplicate-version 1_a.sql:0, name x.sql:0");
}

static void test_dbmate(void)
{
    AUTO(folder)
    folder = folder_with(
        FOLDER_AUTO,
        FILES(
            "20240102_b.sql",
            "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON t (a);\n"
            "-- migrate:down\nDROP INDEX i;\n",
            "0100_a.sql",
            "--migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n-- migrate:up\nSELECT 3;\n"));

    g_assert_cmpint(folder->format, ==, FOLDER_DBMATE);
    holds(folder, "0100 a, 20240102 b");
    tells(folder, "");
    runs(nth(folder, 0)->up, "2 SELECT 1 | 6 SELECT 3");
    runs(nth(folder, 0)->down, "4 SELECT 2");
    g_assert_cmpint(nth(folder, 1)->up->transaction, ==, FOLDER_NO_TRANSACTION);
    g_assert_cmpint(nth(folder, 1)->down->transaction, ==, FOLDER_ONE_TRANSACTION);

    AUTO(folder)
    bad = folder_with(FOLDER_DBMATE, FILES("1_a.sql", "SELECT 1;\n-- migrate:up\n", "2_b.sql",
                                           "SELECT 2", "x.sql", ""));
    tells(bad, "dbmate-sections 1_a.sql:0, dbmate-sections 1_a.sql:1, empty 1_a.sql:3, "
               "dbmate-sections 2_b.sql:0, dbmate-sections 2_b.sql:1, name x.sql:0");
}

static void test_sql_migrate(void)
{
    AUTO(folder)
    folder = folder_with(
        FOLDER_AUTO,
        FILES("a.sql", "-- +migrate Up\nSELECT 1;\n", "10-b.sql",
              "-- +migrate Up notransaction\nVACUUM;\n\n-- +migrate Down\nSELECT 1;\n",
              "9-c.sql",
              "-- +migrate Up\n-- +migrate StatementBegin\nDO $$ BEGIN\n NULL;\nEND $$;\n"
              "-- +migrate StatementEnd\n"));

    g_assert_cmpint(folder->format, ==, FOLDER_SQL_MIGRATE);
    holds(folder, "9-c.sql 9-c, 10-b.sql 10-b, a.sql a");
    tells(folder, "");
    runs(nth(folder, 1)->up, "2 VACUUM");
    runs(nth(folder, 1)->down, "5 SELECT 1");
    g_assert_cmpint(nth(folder, 1)->up->transaction, ==, FOLDER_NO_TRANSACTION);

    AUTO(folder)
    bad = folder_with(
        FOLDER_SQL_MIGRATE,
        FILES("1.sql", "-- +migrate Up\nDO $$ BEGIN\n NULL;\nEND $$;\n", "2.sql",
              "-- +migrate Up\nSELECT 1\n", "3.sql", "SELECT 1;", "4.sql",
              "SELECT 1;\n-- +migrate Up\n-- +migrate StatementBegin\nSELECT 1;\n"));
    tells(bad, "sql-migrate-split 1.sql:2, sql-migrate-unfinished 2.sql:2, "
               "sql-migrate-annotation 3.sql:0, sql-migrate-annotation 3.sql:1, "
               "sql-migrate-annotation 4.sql:0, sql-migrate-annotation 4.sql:1, "
               "sql-migrate-unfinished 4.sql:4");
}

static void test_flyway(void)
{
    AUTO(folder)
    folder = folder_with(
        FOLDER_AUTO,
        FILES("R__views.sql", "CREATE OR REPLACE VIEW v AS SELECT 1;", "U2__two.sql",
              "SELECT -2", "V10__ten.sql", "SELECT 10", "V1_1__one.sql",
              "\xef\xbb\xbfSELECT 1;\r\n", "sub/V2__two_more.sql", "CREATE INDEX i ON t (a);",
              "sub/V2__two_more.sql.conf", "# x\nexecuteInTransaction = false\n"));

    g_assert_cmpint(folder->format, ==, FOLDER_FLYWAY);
    holds(folder, "1.1 one, 2 two, 10 ten, views views");
    tells(folder, "");
    g_assert_cmpint(nth(folder, 1)->up->transaction, ==, FOLDER_NO_TRANSACTION);
    runs(nth(folder, 1)->down, "1 SELECT -2");
    g_assert_true(nth(folder, 3)->repeatable);
    /* As zlib.crc32(b"SELECT 1;") has it, signed. */
    g_assert_cmpint(nth(folder, 0)->flyway_checksum, ==,
                    (gint32) folder_crc32(0, "SELECT 1;", 9));
    g_assert_true(folder_find(folder, "1.1.0") == nth(folder, 0));

    AUTO(folder)
    bad = folder_with(FOLDER_FLYWAY,
                      FILES("V1__a.sql", "SELECT '${name}'", "V01__b.sql", "SELECT 1",
                            "beforeMigrate.sql", "SELECT 1", "B1__base.sql", "SELECT 1"));
    tells(bad, "name B1__base.sql:0, duplicate-version V01__b.sql:0, "
               "flyway-placeholder V1__a.sql:1, name beforeMigrate.sql:0");
    g_assert_cmphex(folder_crc32(0, "123456789", 9), ==, 0xcbf43926);
}

static void test_plain(void)
{
    AUTO(folder)
    folder =
        folder_with(FOLDER_AUTO, FILES("10_b.sql", "SELECT 10", "2_a.down.sql", "SELECT -2",
                                       "2_a.sql", "SELECT 2", "20_c/down.sql", "SELECT -20",
                                       "20_c/up.sql", "SELECT 20", "z.sql", "VACUUM t"));

    g_assert_cmpint(folder->format, ==, FOLDER_PLAIN);
    holds(folder, "2_a a, 10_b b, 20_c c, z z");
    tells(folder, "");
    runs(nth(folder, 0)->down, "1 SELECT -2");
    runs(nth(folder, 2)->up, "1 SELECT 20");
    g_assert_cmpint(nth(folder, 3)->up->transaction, ==, FOLDER_NO_TRANSACTION);
    AUTO(folder) none = folder_with(FOLDER_AUTO, (const char *const[]){NULL});
    holds(none, "");
}

static void test_hash(void)
{
    AUTO(folder) folder = folder_with(FOLDER_AUTO, FILES("1_a.up.sql", "SELECT 1"));
    g_autofree char *expected =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, "SELECT 1", -1);
    AUTO(folder)
    other =
        folder_with(FOLDER_AUTO, FILES("1_a.down.sql", "SELECT 2", "1_a.up.sql", "SELECT 1"));

    g_assert_cmpstr(nth(folder, 0)->hash, ==, expected);
    g_assert_cmpstr(nth(other, 0)->hash, !=, expected);
}

static void test_foreign(void)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(folder_file_free);
    g_autoptr(GError) error = NULL;
    struct folder_file *file = g_new0(struct folder_file, 1);

    file->name = g_strdup("sqitch.plan");
    file->text = g_strdup("");
    g_ptr_array_add(files, file);
    g_assert_null(folder_of_files("db", files, FOLDER_AUTO, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
}

static void write_file(const char *dir, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *folder = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void test_read(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("folder_XXXXXX", &error);

    g_assert_no_error(error);
    write_file(dir, "1_a.up.sql", "SELECT 1");
    write_file(dir, "1_a.down.sql", "SELECT -1");
    write_file(dir, "sub/2_b.up.sql", "SELECT 2");
    AUTO(folder) folder = folder_read(dir, FOLDER_AUTO, &error);
    g_assert_no_error(error);
    holds(folder, "1 a");
    tells(folder, "");

    g_autofree char *single = g_build_filename(dir, "1_a.up.sql", NULL);
    AUTO(folder) alone = folder_read(single, FOLDER_AUTO, &error);
    g_assert_no_error(error);
    holds(alone, "1 a");
    runs(nth(alone, 0)->down, "1 SELECT -1");

    g_autofree char *missing = g_build_filename(dir, "missing", NULL);
    g_assert_null(folder_read(missing, FOLDER_AUTO, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/folder/golang", test_golang);
    g_test_add_func("/folder/golang_bad", test_golang_bad);
    g_test_add_func("/folder/gaps", test_gaps);
    g_test_add_func("/folder/goose", test_goose);
    g_test_add_func("/folder/goose_bad", test_goose_bad);
    g_test_add_func("/folder/dbmate", test_dbmate);
    g_test_add_func("/folder/sql_migrate", test_sql_migrate);
    g_test_add_func("/folder/flyway", test_flyway);
    g_test_add_func("/folder/plain", test_plain);
    g_test_add_func("/folder/hash", test_hash);
    g_test_add_func("/folder/foreign", test_foreign);
    g_test_add_func("/folder/read", test_read);
    return g_test_run();
}
