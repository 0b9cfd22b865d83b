/* A dump that is a folder: every file of its table of contents, and every sum beside it. */
#include "dump_file.h"
#include "interrupt.h"
#include "restore_dump.h"

#include <errno.h>
#include <string.h>

static bool fail(GError **error, const char *format, const char *file)
{
    g_autofree char *text = g_strdup_printf("%s %s", file, format);

    runbook_error_set(error, RUNBOOK_FAILED, NULL, "%s", text);
    return false;
}

/* ---- the table of contents --------------------------------------------------------------- */

static bool is_there(const char *folder, const char *file)
{
    static const char *const endings[] = {"", ".gz", ".zst", ".lz4"};

    for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *name = g_strconcat(file, endings[i], NULL);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
            return true;
    }
    return false;
}

static bool read_toc(struct restore_dump *restore, GError **error)
{
    g_autofree char *path = g_build_filename(restore->path, "toc.dat", NULL);
    g_autofree char *toc = NULL;
    gsize length = 0;

    if (!g_file_get_contents(path, &toc, &length, error) ||
        !archive_feed(restore->archive, toc, length, error) ||
        !archive_end(restore->archive, error))
        return false;
    for (guint i = 0; i < restore->archive->entries->len; i++) {
        const struct archive_entry *entry = restore->archive->entries->pdata[i];
        if (entry->has_data && entry->file != NULL && entry->file[0] != '\0' &&
            !is_there(restore->path, entry->file))
            return fail(error, "is not there", entry->file);
    }
    return true;
}

/* ---- the sums ---------------------------------------------------------------------------- */

/* The sum of a line, and the file in the folder's parent that it names. */
static bool check_line(const char *parent, const char *line, GError **error)
{
    g_autofree char *path = g_build_filename(parent, line + 66, NULL);
    g_autofree char *has = repo_file_sha256(path, error);

    if (has == NULL)
        return false;
    return g_ascii_strncasecmp(has, line, 64) == 0 ||
           fail(error, "has changed since it was written: its SHA-256 is another", line + 66);
}

static bool check_sums(struct restore_dump *restore, GError **error)
{
    g_autofree char *folder = g_canonicalize_filename(restore->path, NULL);
    g_autofree char *beside = g_strconcat(folder, ".sha256", NULL);
    g_autofree char *parent = g_path_get_dirname(folder);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(beside, &text, NULL, NULL))
        return true;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL && !interrupt_pending(); line++)
        if (strlen(*line) > 66 && !check_line(parent, *line, error))
            return false;
    restore->summed = true;
    if (!interrupt_pending())
        return true;
    runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted; nothing was touched");
    return false;
}

bool restore_dump_check_folder(struct restore_dump *restore, GError **error)
{
    return read_toc(restore, error) && check_sums(restore, error);
}
