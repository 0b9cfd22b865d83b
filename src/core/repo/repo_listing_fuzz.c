/*
 * Input: the name of an entry in the folder of backups, a line feed, and its manifest. Beside it
 * stands a backup that is well. Whatever the other is: the good one is listed, the order is kept,
 * and what is not good has its trouble.
 */
#include "repo/repo_internal.h"
#include "repo/repo_seal.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GOOD "20261126T120000F"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct repo repository;
static struct lineage lineage = {.repo = &repository};

static void put(const char *id, const char *text, gsize length)
{
    g_autofree char *folder = g_build_filename(lineage.backups, id, NULL);
    if (mkdir(folder, 0700) != 0)
        return;
    g_autofree char *path = g_build_filename(folder, REPO_MANIFEST, NULL);
    FILE *file = fopen(path, "we");
    g_assert_nonnull(file);
    fwrite(text, 1, length, file);
    fclose(file);
}

static void clean(void)
{
    repo_folder_remove(lineage.path, NULL);
}

static void begin(void)
{
    char folder[] = "/dev/shm/pgrunbook-fuzz-XXXXXX";
    lineage.system = g_strdup("7301234567890123456");
    lineage.path = g_strdup(mkdtemp(folder));
    lineage.backups = g_build_filename(lineage.path, "backups", NULL);
    g_assert_cmpint(mkdir(lineage.backups, 0700), ==, 0);
    atexit(clean);

    AUTO(repo_backup) backup = repo_backup_new();
    backup->id = g_strdup(GOOD);
    backup->kind = g_strdup("full");
    backup->system = g_strdup(lineage.system);
    backup->version_num = 180000;
    backup->timeline = 1;
    backup->wal_segment_bytes = 16 << 20;
    backup->start_lsn = backup->stop_lsn = 0x1000028;
    g_autofree char *text = repo_manifest_text(backup);
    put(GOOD, text, strlen(text));
}

static void check(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) backups = lineage_backups(&lineage, &error);
    bool good = false, unread = false;
    g_assert_no_error(error);
    for (guint i = 0; i < backups->len; i++) {
        const struct repo_backup *backup = backups->pdata[i];
        g_assert_true(repo_backup_id_valid(backup->id));
        g_assert_true(backup->system != NULL || backup->trouble != NULL);
        g_assert_false(unread && backup->system != NULL);
        unread = unread || backup->system == NULL;
        good = good || (strcmp(backup->id, GOOD) == 0 && backup->trouble == NULL);
    }
    g_assert_true(good);
}

/* With a seal of ours where it has the form of a manifest. */
static void put_sealed(const char *id, const char *text, gsize length)
{
    json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    json_object_del(object, "sha256");
    g_autofree char *sealed = json_is_object(object) && json_object_size(object) > 0
                                  ? repo_seal(json_incref(object))
                                  : g_strndup(text, length);
    put(id, sealed, strlen(sealed));
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (lineage.path == NULL)
        begin();
    const uint8_t *line = size > 0 ? memchr(data, '\n', MIN(size, 40)) : NULL;
    if (line == NULL || line == data)
        return 0;
    g_autofree char *name = g_strndup((const char *) data, (gsize) (line - data));
    if (strchr(name, '/') != NULL || *name == '\0' || strcmp(name, GOOD) == 0 ||
        strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return 0;
    put_sealed(name, (const char *) line + 1, size - (gsize) (line + 1 - data));
    check();
    g_autofree char *folder = g_build_filename(lineage.backups, name, NULL);
    repo_folder_remove(folder, NULL);
    return 0;
}
