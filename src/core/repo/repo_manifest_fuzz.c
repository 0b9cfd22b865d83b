/*
 * Input: a manifest, as it is and with a seal of ours: what is well formed but says what cannot be
 * is refused, and what is read is written to the same.
 */
#include "repo/repo.h"
#include "repo/repo_seal.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, gsize length)
{
    g_autoptr(GError) error = NULL;
    AUTO(repo_backup) backup = repo_manifest_parse(text, length, &error);
    g_assert((backup == NULL) == (error != NULL));
    if (backup == NULL)
        return;
    for (guint i = 0; i < backup->files->len; i++) {
        const struct repo_backup_file *file =
            &g_array_index(backup->files, struct repo_backup_file, i);
        g_assert_null(strchr(file->name, '/'));
        g_assert_cmpint(file->name[0], !=, '.');
    }
    g_autofree char *written = repo_manifest_text(backup);
    AUTO(repo_backup) back = repo_manifest_parse(written, strlen(written), &error);
    g_assert_no_error(error);
    g_autofree char *again = repo_manifest_text(back);
    g_assert_cmpstr(written, ==, again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check((const char *) data, size);
    json_t *object = json_loadb((const char *) data, size, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(object)) {
        json_object_del(object, "sha256");
        g_autofree char *sealed =
            json_object_size(object) == 0 ? g_strdup("") : repo_seal(json_incref(object));
        check(sealed, strlen(sealed));
    }
    json_decref(object);
    return 0;
}
