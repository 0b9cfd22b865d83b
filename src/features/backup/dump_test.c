#include "dump.h"
#include "dump_file.h"
#include "error.h"
#include "restore_dump.h"

#include <glib/gstdio.h>
#include <string.h>
#include <zlib.h>

/* 2026-11-26 02:35:14 UTC */
#define AT (G_GINT64_CONSTANT(1795660514) * G_USEC_PER_SEC)

/* ---- names ------------------------------------------------------------------------------- */

static void expect_stem(const char *database, const char *wanted)
{
    g_autofree char *stem = dump_stem(database, AT);

    g_assert_cmpstr(stem, ==, wanted);
}

static void test_stem(void)
{
    expect_stem("shop", "shop_20261126_023514");
    expect_stem("../etc/x y", "_._etc_x_y_20261126_023514");
    expect_stem("-rf", "_rf_20261126_023514");
    expect_stem("m\303\274ll", "m\303\274ll_20261126_023514");
}

static void test_is_of(void)
{
    const char *suffix = ".dump.zst";

    g_assert_true(dump_is_of("shop_20261126_023514.dump.zst", "shop", suffix));
    g_assert_false(dump_is_of("shop_20261126_023514.dump.zst.sha256", "shop", suffix));
    g_assert_false(dump_is_of("shop_old_20261126_023514.dump.zst", "shop", suffix));
    g_assert_false(dump_is_of("shop_2026112x_023514.dump.zst", "shop", suffix));
    g_assert_false(dump_is_of("shoq_20261126_023514.dump.zst", "shop", suffix));
}

static void test_room(void)
{
    g_assert_cmpint(dump_room(900, 0), ==, 300);
    g_assert_cmpint(dump_room(900, 100), ==, 125);
}

static void expect_name(const char *database, const char *wanted)
{
    g_autofree char *name = restore_dump_name(database, "restoring", AT);

    g_assert_cmpstr(name, ==, wanted);
    g_assert_cmpuint(strlen(name), <=, 63);
}

/* A name has 63 bytes, and is not cut within a letter. */
static void test_name(void)
{
    expect_name("shop", "shop_restoring_20261126_023514");
    expect_name("a23456789b23456789c23456789d23456789e",
                "a23456789b23456789c23456789d23456789e_restoring_20261126_023514");
    expect_name("a23456789b23456789c23456789d23456789\303\274",
                "a23456789b23456789c23456789d23456789_restoring_20261126_023514");
}

static void expect_create(const char *definition, const char *database, const char *wanted)
{
    g_autofree char *sql =
        restore_dump_create_sql(definition, database, "\"new\"", 140012, false);

    g_assert_cmpstr(sql, ==, wanted);
}

static void add_entry(struct archive *archive, const char *kind, const char *name,
                      const char *owner, const char *definition)
{
    struct archive_entry *entry = g_new0(struct archive_entry, 1);

    entry->kind = g_strdup(kind);
    entry->name = g_strdup(name);
    entry->owner = g_strdup(owner);
    entry->definition = g_strdup(definition);
    g_ptr_array_add(archive->entries, entry);
}

/* A database gets back with its name what the dump has of it, in one piece. */
static void test_rename(void)
{
    AUTO(archive) archive = archive_new();
    struct restore_dump_wish wish = {0};

    add_entry(archive, "DATABASE", "shop", "shop\"per", "CREATE DATABASE shop;\n");
    add_entry(archive, "DATABASE PROPERTIES", "shop", "",
              "ALTER DATABASE shop SET search_path TO 'x';\n");
    add_entry(archive, "COMMENT", "DATABASE shop", "",
              "COMMENT ON DATABASE shop IS '$swap$';\n");
    add_entry(archive, "COMMENT", "TABLE t", "", "COMMENT ON TABLE public.t IS 'x';\n");
    add_entry(archive, "ACL", "DATABASE shop", "",
              "REVOKE CONNECT,TEMPORARY ON DATABASE shop FROM PUBLIC;\n");
    add_entry(archive, "ACL", "TABLE t", "", "GRANT SELECT ON TABLE public.t TO PUBLIC;\n");
    g_autofree char *all = restore_dump_rename_sql(archive, &wish, "\"new\"", "shop");
    g_assert_cmpstr(all, ==,
                    "DO $swap1$\nBEGIN\nCOMMENT ON DATABASE \"new\" IS NULL;\nALTER DATABASE "
                    "\"new\" RENAME TO shop;\n"
                    "ALTER DATABASE shop OWNER TO \"shop\"\"per\";\n"
                    "ALTER DATABASE shop SET search_path TO 'x';\n"
                    "COMMENT ON DATABASE shop IS '$swap$';\n"
                    "REVOKE CONNECT,TEMPORARY ON DATABASE shop FROM PUBLIC;\nEND $swap1$");
    wish.no_owner = wish.no_privileges = true;
    g_autofree char *some = restore_dump_rename_sql(archive, &wish, "\"new\"", "shop");
    g_assert_null(strstr(some, "OWNER"));
    g_assert_null(strstr(some, "REVOKE"));
    g_autofree char *other = restore_dump_rename_sql(NULL, &wish, "\"new\"", "shop");
    g_assert_cmpstr(other, ==,
                    "DO $swap$\nBEGIN\nCOMMENT ON DATABASE \"new\" IS NULL;\n"
                    "ALTER DATABASE \"new\" RENAME TO shop;\nEND $swap$");
}

static void test_create(void)
{
    const char *as_it_was =
        "CREATE DATABASE \"new\" WITH TEMPLATE = template0 ENCODING = 'UTF8'";
    const char *plain = "CREATE DATABASE \"new\" WITH TEMPLATE = template0";

    expect_create("CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8';\n\n\n",
                  "shop", as_it_was);
    expect_create(
        "CREATE DATABASE \"Sh\"\"op x\" WITH TEMPLATE = template0 ENCODING = 'UTF8';\n",
        "Sh\"op x", as_it_was);
    expect_create("CREATE DATABASE shop WITH TEMPLATE = template0 LOCALE_PROVIDER = libc;",
                  "shop", plain);
    expect_create(NULL, "shop", plain);
    expect_create("CREATE DATABASE shop; DROP DATABASE other;", "shop", plain);
    expect_create("DROP DATABASE shop", "shop", plain);
}

static void test_create_elsewhere(void)
{
    const char *definition = "CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' "
                             "TABLESPACE = \"fast disk\";\n\n";

    for (int without = 0; without < 2; without++) {
        g_autofree char *sql =
            restore_dump_create_sql(definition, "shop", "\"new\"", 180000, without != 0);
        g_assert_cmpstr(
            sql, ==,
            without ? "CREATE DATABASE \"new\" WITH TEMPLATE = template0 ENCODING = 'UTF8'"
                    : "CREATE DATABASE \"new\" WITH TEMPLATE = template0 ENCODING = "
                      "'UTF8' TABLESPACE = \"fast disk\"");
    }
}

/* ---- files ------------------------------------------------------------------------------- */

static char *read_back(const char *path, gsize *ret_length, GError **error)
{
    AUTO(dump_reader) reader = dump_reader_open(path, error);
    GString *text = g_string_new(NULL);
    g_autofree char *chunk = g_malloc(100000);
    gsize got = 1;

    g_assert_nonnull(reader);
    while (got > 0) {
        if (!dump_reader_read(reader, chunk, 100000, &got, error)) {
            g_string_free(text, TRUE);
            return NULL;
        }
        g_string_append_len(text, chunk, (gssize) got);
    }
    *ret_length = text->len;
    return g_string_free(text, FALSE);
}

static void write_file(const char *folder, const char *text, gsize length)
{
    g_autoptr(GError) error = NULL;
    AUTO(dump_writer) writer = dump_writer_new(folder, 3, &error);

    g_assert_no_error(error);
    for (gsize at = 0; at < length; at += 70000)
        g_assert_true(dump_writer_put(writer, text + at, MIN(length - at, 70000), &error));
    g_assert_true(dump_writer_show(writer, "x.dump.zst", &error));
    g_assert_no_error(error);
    g_assert_cmpuint(dump_writer_size(writer), ==, length);
}

static void remove_all(const char *folder)
{
    g_autoptr(GDir) files = g_dir_open(folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(files)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
}

static void expect_damage(const char *path, const char *bytes, gsize length)
{
    g_autoptr(GError) error = NULL;
    gsize got = 0;

    g_assert_true(g_file_set_contents(path, bytes, (gssize) length, NULL));
    g_assert_null(read_back(path, &got, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    g_assert_nonnull(strstr(error->message, "is damaged"));
}

/* What was put comes back, its sum agrees, and neither a cut nor a flipped bit passes. */
static void test_dbname(void)
{
    static const char *const cases[][2] = {
        {"shop", "--database=dbname='shop'"},
        {"a=b", "--database=dbname='a=b'"},
        {"postgresql://x/y", "--database=dbname='postgresql://x/y'"},
        {"it's a \\", "--database=dbname='it\\'s a \\\\'"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *argument = dump_dbname_argument("--database=", cases[i][0]);
        g_assert_cmpstr(argument, ==, cases[i][1]);
    }
}

static void test_hint(void)
{
    static const char *const cases[][2] = {
        {"ERROR:  role \"gone\" does not exist", "--no-owner"},
        {"tablespace \"fast\" does not exist", "--no-tablespaces"},
        {"invalid value for parameter \"default_tablespace\": \"fast\"; DETAIL:  Tablespace "
         "\"fast\" does not exist.",
         "--no-tablespaces"},
        {"unrecognized configuration parameter \"transaction_timeout\"", "grep -vx"},
        {"invalid LC_COLLATE locale name: \"xx\"", "LOCALE 'C'"},
        {"could not open collator for locale \"xx\"", "LOCALE 'C'"},
        {"DROP SUBSCRIPTION cannot run inside a transaction block", "slot_name = NONE"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_nonnull(strstr(restore_dump_hint(cases[i][0]), cases[i][1]));
    g_assert_nonnull(
        strstr(dump_hint("ERROR:  permission denied for large object 5"), "GRANT SELECT"));
    g_assert_nonnull(
        strstr(dump_hint("ERROR:  permission denied for table t"), "pg_read_all_data"));
    g_assert_null(dump_hint("disk full"));
    g_assert_null(restore_dump_hint("disk full"));
    g_assert_null(restore_dump_hint(NULL));
}

static void test_file(void)
{
    g_autofree char *folder = g_dir_make_tmp("dump-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "x.dump.zst", NULL);
    gsize length = 3000000, got = 0;
    g_autofree char *text = g_malloc(length);
    g_autoptr(GError) error = NULL;

    for (gsize i = 0; i < length; i++)
        text[i] = (char) (i * i >> 7);
    write_file(folder, text, length);
    g_autofree char *back = read_back(path, &got, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(got, ==, length);
    g_assert_true(memcmp(back, text, length) == 0);
    g_autofree char *beside = dump_sum_beside(path, &error);
    g_autofree char *sum = repo_file_sha256(path, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(beside, ==, sum);

    g_autofree char *bytes = NULL;
    g_assert_true(g_file_get_contents(path, &bytes, &got, NULL));
    expect_damage(path, bytes, got - 1);
    expect_damage(path, bytes, got / 2);
    bytes[got / 2] ^= 4;
    expect_damage(path, bytes, got);
    remove_all(folder);
}

/* By gzip, in two members, as `cat a.gz b.gz` makes them. */
static void test_gzip(void)
{
    g_autofree char *folder = g_dir_make_tmp("dump-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "x.gz", NULL);
    gsize length = 600000, got = 0;
    g_autofree char *text = g_malloc(length);
    g_autofree char *bytes = NULL;
    g_autoptr(GError) error = NULL;

    for (gsize i = 0; i < length; i++)
        text[i] = (char) (i * i >> 7);
    for (int part = 0; part < 2; part++) {
        gzFile file = gzopen(path, part == 0 ? "wb" : "ab");
        g_assert_cmpint(gzwrite(file, text + (gsize) part * length / 2, (unsigned) length / 2),
                        ==, (int) length / 2);
        g_assert_cmpint(gzclose(file), ==, Z_OK);
    }
    g_autofree char *back = read_back(path, &got, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(got, ==, length);
    g_assert_true(memcmp(back, text, length) == 0);
    g_assert_true(g_file_get_contents(path, &bytes, &got, NULL));
    expect_damage(path, bytes, got - 1);
    expect_damage(path, bytes, got / 4);
    bytes[got / 2 - 100] ^= 4;
    expect_damage(path, bytes, got);
    remove_all(folder);
}

static void test_no_file(void)
{
    g_autofree char *folder = g_dir_make_tmp("dump-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;

    /* What was not shown is not there. */
    struct dump_writer *writer = dump_writer_new(folder, 3, &error);
    g_assert_true(dump_writer_put(writer, "text", 4, &error));
    dump_writer_free(writer);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dump/stem", test_stem);
    g_test_add_func("/dump/is_of", test_is_of);
    g_test_add_func("/dump/room", test_room);
    g_test_add_func("/dump/name", test_name);
    g_test_add_func("/dump/create", test_create);
    g_test_add_func("/dump/create_elsewhere", test_create_elsewhere);
    g_test_add_func("/dump/rename", test_rename);
    g_test_add_func("/dump/dbname", test_dbname);
    g_test_add_func("/dump/hint", test_hint);
    g_test_add_func("/dump/file", test_file);
    g_test_add_func("/dump/gzip", test_gzip);
    g_test_add_func("/dump/no_file", test_no_file);
    return g_test_run();
}
