#include "capture/capture_write.h"

#include <string.h>

#define NOW (G_GINT64_CONSTANT(1735820645) * G_USEC_PER_SEC) /* 2025-01-02 12:24:05 */

static void test_versions(void)
{
    static const struct {
        const char *last;
        guint number;
        const char *version;
    } cases[] = {
        {NULL, 0, "000001"},
        {NULL, 2, "000003"},
        {"000041", 0, "000042"},
        {"9", 0, "10"},
        {"0099", 1, "0101"},
        {"20240102150405", 0, "20250102122405"},
        {"20240102150405", 3, "20250102122408"},
        {"20990102150405", 0, "20990102150406"}, /* its clock was ahead of ours */
        {"0007_add_orders", 0, "0008"},          /* of plain files */
        {"1.2", 0, "2"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *version = capture_version(cases[i].last, cases[i].number, NOW);
        g_assert_cmpstr(version, ==, cases[i].version);
    }
}

static GPtrArray *parts_of(void)
{
    g_autoptr(GPtrArray) statements = g_ptr_array_new();

    g_ptr_array_add(statements, (gpointer) (gsize) "CREATE TABLE a (id int)");
    g_ptr_array_add(statements, (gpointer) (gsize) "ALTER TABLE b ADD c int");
    g_ptr_array_add(statements, (gpointer) (gsize) "CREATE INDEX CONCURRENTLY i ON b (c)");
    g_ptr_array_add(statements, (gpointer) (gsize) "COMMENT ON TABLE a IS 'x;\ny'");
    GPtrArray *parts = capture_parts(statements);
    for (guint i = 0; i < parts->len; i++) {
        struct capture_part *part = parts->pdata[i];
        g_ptr_array_add(part->down, g_strdup_printf("SELECT %u", i));
    }
    return parts;
}

static void test_parts(void)
{
    g_autoptr(GPtrArray) parts = parts_of();
    static const guint sizes[] = {2, 1, 1};

    g_assert_cmpuint(parts->len, ==, 3);
    for (guint i = 0; i < parts->len; i++) {
        const struct capture_part *part = parts->pdata[i];
        g_assert_cmpuint(part->up->len, ==, sizes[i]);
        g_assert_cmpint(part->alone, ==, i == 1);
    }
}

/* Each tool reads back what was written for it: as many migrations, their versions, their kind of
 * transaction, their statements. */
static void test_read_back(void)
{
    for (int format = FOLDER_GOLANG_MIGRATE; format <= FOLDER_PLAIN; format++) {
        g_autoptr(GPtrArray) parts = parts_of();
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) given = g_ptr_array_new_with_free_func(folder_file_free);
        g_ptr_array_add(((struct capture_part *) parts->pdata[0])->notes, g_strdup("a\nnote"));
        struct capture_heading heading = {"capture", "./app --migrate\nDROP TABLE x"};
        g_autoptr(GPtrArray) files =
            capture_files(parts, (enum folder_format) format, "000004", NOW, &heading);

        for (guint i = 0; i < files->len; i++) {
            const struct capture_file *file = files->pdata[i];
            struct folder_file *copy = g_new0(struct folder_file, 1);
            copy->name = g_strdup(file->name);
            copy->text = g_strdup(file->text);
            copy->length = strlen(file->text);
            g_ptr_array_add(given, copy);
            g_test_message("%s:\n%s", file->name, file->text);
        }
        AUTO(folder)
        folder = folder_of_files("folder", given, (enum folder_format) format, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(folder->problems->len, ==, 0);
        g_assert_cmpuint(folder->migrations->len, ==, 3);
        for (guint i = 0; i < 3; i++) {
            const struct folder_migration *migration = folder->migrations->pdata[i];
            const struct capture_part *part = parts->pdata[i];
            g_assert_nonnull(migration->up);
            g_assert_nonnull(migration->down);
            g_assert_cmpuint(migration->up->script->statements->len, ==, part->up->len);
            g_assert_cmpuint(migration->down->script->statements->len, ==, part->down->len);
            g_assert_cmpint(migration->up->transaction, ==,
                            i == 1 ? FOLDER_NO_TRANSACTION : FOLDER_ONE_TRANSACTION);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/capture/write/versions", test_versions);
    g_test_add_func("/capture/write/parts", test_parts);
    g_test_add_func("/capture/write/read_back", test_read_back);
    return g_test_run();
}
