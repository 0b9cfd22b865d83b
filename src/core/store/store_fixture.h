/*
 * For tests: a folder of their own, and the usual run.
 */
#ifndef CORE_STORE_FIXTURE_H
#define CORE_STORE_FIXTURE_H

#include "store/store.h"

#include <glib.h>
#include <glib/gstdio.h>

static inline char *folder_new(void)
{
    g_autoptr(GError) error = NULL;
    char *folder = g_dir_make_tmp("pgrunbook-store-XXXXXX", &error);
    g_assert_no_error(error);
    return folder;
}

static inline void folder_remove(const char *folder)
{
    const char *name;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            folder_remove(path);
        else
            g_assert_cmpint(g_unlink(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static inline void folder_auto(char **folder)
{
    folder_remove(*folder);
    g_free(*folder);
}

/* A folder that is gone at the end of the block. */
#define FOLDER __attribute__((cleanup(folder_auto))) char *

static const struct store_run usual_run = {
    .section = "vacuum",
    .verb = "run",
    .target = "shop",
    .host = "db1",
    .dbname = "insightengine",
    .role = "maintainer",
    .system_identifier = "7300000000000000001",
    .version_num = 150004,
    .command_line = "pgrunbook vacuum run -d insightengine",
    .deadline_us = 42,
};

static const struct store_scope usual_scope = {
    .section = "vacuum",
    .system_identifier = "7300000000000000001",
    .dbname = "insightengine",
};

static inline void put_object(struct store *store, gint64 run, const char *name,
                              const char *outcome, double seconds)
{
    const struct store_object object = {.schema = "public",
                                        .name = name,
                                        .outcome = outcome,
                                        .seconds = seconds,
                                        .bytes = 8192};
    store_object(store, run, &object);
}

static inline void count_run(const struct store_run_view *run, gpointer data)
{
    g_assert_nonnull(run);
    (*(int *) data)++;
}

static inline int runs_in(struct store *store)
{
    int count = 0;
    g_autoptr(GError) error = NULL;
    g_assert_true(store_each_run(store, NULL, NULL, 0, count_run, &count, &error));
    g_assert_no_error(error);
    return count;
}

static inline void copy_outcome(const struct store_run_view *run, gpointer data)
{
    g_free(*(char **) data);
    *(char **) data = g_strdup(run->outcome);
}

static inline void expect_outcome(struct store *store, gint64 run, const char *expected)
{
    g_autofree char *outcome = NULL;
    g_assert_true(store_run_by_id(store, run, copy_outcome, &outcome, NULL));
    g_assert_cmpstr(outcome, ==, expected);
}

#endif
