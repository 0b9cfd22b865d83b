/* For tests of core/repo: bytes, keys, and files that are harmed on purpose. */
#ifndef CORE_REPO_FIXTURE_H
#define CORE_REPO_FIXTURE_H

#include "repo/repo_file.h"
#include "settings/settings.h"
#include "store/store_fixture.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Without an fsync: a test writes thousands of them. */
static inline void fixture_write(const char *path, const char *text, gsize length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(write(fd, text, length), ==, (gssize) length);
    g_assert_cmpint(close(fd), ==, 0);
}

/* A key file in the folder, and the key. */
static inline struct repo_key *fixture_key(const char *folder, char digit)
{
    g_autoptr(GError) error = NULL;
    char text[65];
    memset(text, digit, 64);
    text[64] = '\n';
    g_autofree char *path = g_strdup_printf("%s/key-%c", folder, digit);
    fixture_write(path, text, 65);
    struct repo_key *key = repo_key_load(path, NULL, NULL, &error);
    g_assert_no_error(error);
    return key;
}

/* Settings of a repository in the folder; key: the digit of its key file, which is there; 0: none. */
static inline struct settings *fixture_settings(const char *folder, char key)
{
    static const struct setting rows[] = {
        {"repo", SETTING_STRING, 0, NULL, NULL, NULL, NULL, "x"},
        {"key_file", SETTING_STRING, 0, NULL, NULL, NULL, NULL, "x"},
        {"key_command", SETTING_STRING, 0, NULL, NULL, NULL, NULL, "x"},
        {NULL, SETTING_BOOL, 0, NULL, NULL, NULL, NULL, NULL},
    };
    static const struct setting_table tables[] = {
        {NULL, settings_core, NULL}, {"backup", rows, NULL}, {NULL, NULL, NULL}};
    g_autoptr(GError) error = NULL;
    g_autofree char *file =
        key == 0 ? g_strdup("") : g_strdup_printf("backup.key_file = %s/key-%c\n", folder, key);
    g_autofree char *text =
        g_strdup_printf("[pgrunbook]\nbackup.repo = %s/repo\n%s", folder, file);
    struct settings *settings = settings_parse(tables, "test", text, strlen(text), &error);
    g_assert_no_error(error);
    return settings;
}

/* Bytes that compress to about a half, the same for the same seed. */
static inline guint8 *fixture_bytes(gsize length, guint32 seed)
{
    guint8 *bytes = g_malloc(MAX(length, 1));
    GRand *random = g_rand_new_with_seed(seed);
    for (gsize i = 0; i < length; i++)
        bytes[i] = (guint8) g_rand_int_range(random, 0, 16);
    g_rand_free(random);
    return bytes;
}

static inline void fixture_same(const void *got, gsize got_length, const void *wanted,
                                gsize length)
{
    g_assert_cmpuint(got_length, ==, length);
    g_assert_true(length == 0 || memcmp(got, wanted, length) == 0);
}

static inline void fixture_flip(const char *path, gint64 offset, guint8 bits)
{
    g_autofree char *text = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    gsize at = offset >= 0 ? (gsize) offset : length - (gsize) -offset;
    g_assert_cmpuint(at, <, length);
    text[at] = (char) (text[at] ^ bits);
    fixture_write(path, text, length);
}

static inline void fixture_cut(const char *path, gsize by)
{
    g_autofree char *text = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    fixture_write(path, text, length - by);
}

static inline guint fixture_count(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    guint count = 0;
    while (g_dir_read_name(dir) != NULL)
        count++;
    return count;
}

#endif
