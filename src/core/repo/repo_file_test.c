#include "repo/repo_fixture.h"

/* ---- the key ------------------------------------------------------------------------------ */

static void test_key_forms(void)
{
    g_autofree char *folder = folder_new();
    static const char *const forms[] = {
        "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F\n",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "  000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    };
    g_autofree char *check = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *path = g_strdup_printf("%s/key", folder);
        fixture_write(path, forms[i], strlen(forms[i]));
        AUTO(repo_key) key = repo_key_load(path, NULL, NULL, &error);
        g_assert_no_error(error);
        g_autofree char *is = repo_key_check(key);
        if (check == NULL)
            check = g_strdup(is);
        g_assert_cmpstr(is, ==, check);

        g_autofree char *command = g_strdup_printf("cat '%s'", path);
        AUTO(repo_key) same = repo_key_load(NULL, command, NULL, &error);
        g_assert_no_error(error);
        g_autofree char *of_command = repo_key_check(same);
        g_assert_cmpstr(of_command, ==, check);
    }
    folder_remove(folder);
}

static void test_key_refused(void)
{
    g_autofree char *folder = folder_new();
    g_autofree char *path = g_strdup_printf("%s/key", folder);
    static const struct {
        const char *text;
        mode_t mode;
        const char *says;
    } cases[] = {
        {"short", 0600, "*is no key*"},
        {"", 0600, "*is no key*"},
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g", 0600, "*no key*"},
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0604,
         "*used by everybody*chmod 600*"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_unlink(path);
        fixture_write(path, cases[i].text, strlen(cases[i].text));
        g_assert_cmpint(g_chmod(path, cases[i].mode), ==, 0);
        g_assert_null(repo_key_load(path, NULL, NULL, &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
        g_assert_true(g_pattern_match_simple(cases[i].says, error->message));
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(repo_key_load(NULL, "exit 3", NULL, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
    bool none = false;
    g_assert_null(repo_key_load(NULL, NULL, &none, NULL));
    g_assert_true(none);
    folder_remove(folder);
}

/* ---- what was put comes back -------------------------------------------------------------- */

/* A file of three puts under the name "file". */
static char *write_file(const char *folder, const struct repo_key *key, const guint8 *bytes,
                        gsize length)
{
    g_autoptr(GError) error = NULL;
    AUTO(repo_writer) writer = repo_writer_new_hashed(folder, key, &error);
    g_assert_no_error(error);
    gsize third = length / 3;
    g_assert_true(repo_writer_put(writer, bytes, third, &error));
    g_assert_true(repo_writer_put(writer, bytes + third, third, &error));
    g_assert_true(repo_writer_put(writer, bytes + 2 * third, length - 2 * third, &error));
    g_assert_true(repo_writer_end(writer, &error));
    g_assert_true(repo_writer_show(writer, "file", false, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(repo_writer_size(writer), ==, length);

    char *path = g_build_filename(folder, "file", NULL);
    g_autofree char *sha256 = repo_writer_sha256(writer);
    g_autofree char *of_file = repo_file_sha256(path, &error);
    g_assert_cmpstr(sha256, ==, of_file);
    GStatBuf about;
    g_assert_cmpint(g_stat(path, &about), ==, 0);
    g_assert_cmpuint(repo_writer_stored(writer), ==, (guint64) about.st_size);
    return path;
}

static void check_round(const struct repo_key *key, const char *folder, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autofree guint8 *bytes = fixture_bytes(length, 7);
    g_autofree char *path = write_file(folder, key, bytes, length);
    AUTO(repo_reader) reader = repo_reader_open(path, key, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(repo_reader_size(reader), ==, length);
    g_assert_true(repo_reader_ended(reader));

    g_autofree guint8 *got = g_malloc0(length + 1);
    g_assert_true(repo_reader_read(reader, 0, got, length, &error));
    fixture_same(got, length, bytes, length);
    for (gsize at = 0; at < length; at += length / 7 + 1) {
        gsize part = MIN(length / 2 + 1, length - at);
        g_assert_true(repo_reader_read(reader, at, got, part, &error));
        fixture_same(got, part, bytes + at, part);
    }
    g_assert_false(repo_reader_read(reader, length, got, 1, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
}

static void test_round(void)
{
    g_autofree char *folder = folder_new();
    AUTO(repo_key) key = fixture_key(folder, 'a');
    static const gsize lengths[] = {0, 1, 2, 3, 100, 4096, 13 << 20};
    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        check_round(NULL, folder, lengths[i]);
        check_round(key, folder, lengths[i]);
    }
    /* No file is left behind but the key and the one that is shown. */
    g_assert_cmpuint(fixture_count(folder), ==, 2);
    folder_remove(folder);
}

/* Two files with the same bytes and the same key share nothing. */
static void test_salted(void)
{
    g_autofree char *folder = folder_new();
    AUTO(repo_key) key = fixture_key(folder, 'a');
    g_autofree guint8 *bytes = fixture_bytes(300, 1);
    g_autofree char *path = write_file(folder, key, bytes, 300);
    g_autofree char *first = NULL, *second = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &first, &length, NULL));
    g_free(write_file(folder, key, bytes, 300));
    g_assert_true(g_file_get_contents(path, &second, &length, NULL));
    g_assert_true(memcmp(first + 36, second + 36, 100) != 0);
    g_assert_true(memmem(first, length, bytes, 100) == NULL);
    folder_remove(folder);
}

/* ---- shown, kept, growing ----------------------------------------------------------------- */

static void test_keep(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = folder_new();
    g_assert_true(repo_file_write(folder, "one", NULL, "first", 5, &error));
    AUTO(repo_writer) writer = repo_writer_new_hashed(folder, NULL, &error);
    g_assert_true(repo_writer_put(writer, "second", 6, &error));
    bool exists = false;
    g_assert_true(repo_writer_show(writer, "one", true, &exists, &error));
    g_assert_true(exists);
    g_clear_pointer(&writer, repo_writer_free);

    g_autofree char *path = g_build_filename(folder, "one", NULL);
    gsize length;
    g_autofree char *text = repo_file_read(path, NULL, &length, NULL, &error);
    g_assert_cmpstr(text, ==, "first");
    g_assert_cmpuint(fixture_count(folder), ==, 1);

    /* Without keep it is replaced. */
    g_assert_true(repo_file_write(folder, "one", NULL, "third", 5, &error));
    g_autofree char *now = repo_file_read(path, NULL, &length, NULL, &error);
    g_assert_cmpstr(now, ==, "third");
    folder_remove(folder);
}

/* A WAL segment: shown early, goes on, gets its name when it is whole. */
static void check_growing(const struct repo_key *key, const char *folder)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *partial = g_build_filename(folder, "x.partial", NULL);
    g_autofree char *whole = g_build_filename(folder, "x", NULL);
    AUTO(repo_writer) writer = repo_writer_new_hashed(folder, key, &error);
    g_assert_true(repo_writer_put(writer, "one ", 4, &error));
    g_assert_true(repo_writer_show(writer, "x.partial", false, NULL, &error));
    g_assert_true(repo_writer_put(writer, "two ", 4, &error));
    g_assert_true(repo_writer_sync(writer, &error));

    AUTO(repo_reader) early = repo_reader_open(partial, key, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(repo_reader_size(early), ==, 8);
    g_assert_cmpint(repo_reader_ended(early), ==, key == NULL);
    char text[12];
    g_assert_true(repo_reader_read(early, 2, text, 5, &error));
    fixture_same(text, 5, "e two", 5);

    g_assert_true(repo_writer_put(writer, "three", 5, &error));
    g_assert_true(repo_writer_end(writer, &error));
    bool exists = true;
    g_assert_true(repo_writer_show(writer, "x", true, &exists, &error));
    g_assert_false(exists);
    g_assert_false(g_file_test(partial, G_FILE_TEST_EXISTS));
    g_autofree char *all = repo_file_read(whole, key, NULL, NULL, &error);
    g_assert_cmpstr(all, ==, "one two three");
    g_assert_cmpint(g_unlink(whole), ==, 0);
}

static void test_growing(void)
{
    g_autofree char *folder = folder_new();
    AUTO(repo_key) key = fixture_key(folder, 'a');
    check_growing(NULL, folder);
    check_growing(key, folder);
    folder_remove(folder);
}

/* ---- harm --------------------------------------------------------------------------------- */

static void expect_refusal(const char *path, const struct repo_key *key, int code,
                           const char *says)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = repo_file_read(path, key, NULL, NULL, &error);
    g_assert_null(text);
    g_assert_error(error, RUNBOOK_ERROR, code);
    g_test_message("%s", error->message);
    g_assert_true(g_pattern_match_simple(says, error->message));
    g_assert_nonnull(strstr(error->message, path));
}

static void test_wrong_key(void)
{
    g_autofree char *folder = folder_new();
    AUTO(repo_key) key = fixture_key(folder, 'a');
    AUTO(repo_key) other = fixture_key(folder, 'b');
    g_autofree guint8 *bytes = fixture_bytes(5000, 2);
    g_autofree char *path = write_file(folder, key, bytes, 5000);
    expect_refusal(path, NULL, RUNBOOK_REFUSED, "*encrypted, and there is no key*");
    expect_refusal(path, other, RUNBOOK_REFUSED, "*another key*");
    g_free(write_file(folder, NULL, bytes, 5000));
    expect_refusal(path, key, RUNBOOK_FAILED, "*not those of an encrypted file*");

    bool missing = false;
    g_autofree char *nowhere = g_build_filename(folder, "nowhere", NULL);
    g_assert_null(repo_reader_open(nowhere, key, &missing, NULL));
    g_assert_true(missing);
    folder_remove(folder);
}

/* Every bit of a small container: found, or of no consequence for what is read (the table of the
 * records has a twin in their heads, and the other way round). Never other bytes. */
static void test_every_bit(void)
{
    g_autofree char *folder = folder_new();
    AUTO(repo_key) key = fixture_key(folder, 'a');
    g_autofree guint8 *bytes = fixture_bytes(60, 3);
    g_autofree char *path = write_file(folder, key, bytes, 60);
    g_autofree char *text = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    guint found = 0, survived = 0;
    for (gsize bit = 0; bit < 8 * length; bit++) {
        text[bit / 8] = (char) (text[bit / 8] ^ (1 << bit % 8));
        fixture_write(path, text, length);
        text[bit / 8] = (char) (text[bit / 8] ^ (1 << bit % 8));
        gsize got_length = 0;
        g_autofree char *got = repo_file_read(path, key, &got_length, NULL, NULL);
        if (got == NULL) {
            found++;
        } else {
            survived++;
            fixture_same(got, got_length, bytes, 60);
            AUTO(repo_reader) reader = repo_reader_open(path, key, NULL, NULL);
            g_assert_false(repo_reader_intact(reader, NULL));
        }
    }
    fixture_write(path, text, length);
    AUTO(repo_reader) reader = repo_reader_open(path, key, NULL, NULL);
    g_assert_true(repo_reader_intact(reader, NULL));
    g_test_message("%u found, %u survived", found, survived);
    g_assert_cmpuint(survived, >, 8 * 4 * 3);
    g_assert_cmpuint(found, >, 8 * 60);
    folder_remove(folder);
}

/* Cut off anywhere: known to be cut, or an error; what is left reads as it was put. */
static void test_every_cut(void)
{
    g_autofree char *folder = folder_new();
    AUTO(repo_key) key = fixture_key(folder, 'a');
    g_autofree guint8 *bytes = fixture_bytes(60, 3);
    g_autofree char *path = write_file(folder, key, bytes, 60);
    g_autofree char *text = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    for (gsize left = 0; left + 16 < length; left++) {
        fixture_write(path, text, left);
        AUTO(repo_reader) reader = repo_reader_open(path, key, NULL, NULL);
        if (reader == NULL)
            continue;
        g_assert_false(repo_reader_ended(reader));
        guint8 got[60];
        gsize there = (gsize) repo_reader_size(reader);
        g_assert_cmpuint(there, <=, 60);
        g_assert_true(repo_reader_read(reader, 0, got, there, NULL));
        fixture_same(got, there, bytes, there);
    }
    folder_remove(folder);
}

/* The error names the place. */
static void test_no_folder(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(repo_writer_new("/nowhere/at/all", NULL, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    g_assert_nonnull(strstr(error->message, "/nowhere/at/all"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/repo_file/key/forms", test_key_forms);
    g_test_add_func("/repo_file/key/refused", test_key_refused);
    g_test_add_func("/repo_file/round", test_round);
    g_test_add_func("/repo_file/salted", test_salted);
    g_test_add_func("/repo_file/keep", test_keep);
    g_test_add_func("/repo_file/growing", test_growing);
    g_test_add_func("/repo_file/wrong_key", test_wrong_key);
    g_test_add_func("/repo_file/every_bit", test_every_bit);
    g_test_add_func("/repo_file/every_cut", test_every_cut);
    g_test_add_func("/repo_file/no_folder", test_no_folder);
    return g_test_run();
}
