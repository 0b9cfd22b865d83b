/* A dump that is a folder: every file of its table of contents, and every sum beside it. */
#include "dump_file.h"
#include "interrupt.h"
#include "restore_dump.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { CHUNK_BYTES = 1 << 18 };

static bool fail(GError **error, const char *format, const char *file)
{
    g_autofree char *text = g_strdup_printf("%s %s", file, format);

    runbook_error_set(error, RUNBOOK_FAILED, NULL, "%s", text);
    return false;
}

static bool interrupted(GError **error)
{
    runbook_error_set(error, RUNBOOK_INTERRUPTED, NULL, "interrupted; nothing was touched");
    return false;
}

/* ---- the table of contents --------------------------------------------------------------- */

/* The file of some data, by whatever it was compressed; NULL: there is none. Caller frees. */
static char *find_file(const char *folder, const char *file)
{
    static const char *const endings[] = {"", ".zst", ".gz", ".lz4"};

    for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
        g_autofree char *name = g_strconcat(file, endings[i], NULL);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
            return g_steal_pointer(&path);
    }
    return NULL;
}

static bool is_empty(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && status.st_size == 0;
}

/* Of a table whose file we can read: as it is, in zstd or in gzip. */
static bool count_rows(struct archive_entry *entry, const char *path, GError **error)
{
    g_autofree char *chunk = g_malloc(CHUNK_BYTES);
    AUTO(dump_reader) reader = NULL;
    gsize got = 1;

    if (entry->copy == NULL || entry->copy[0] == '\0' || g_str_has_suffix(path, ".lz4"))
        return true;
    reader = dump_reader_open(path, error);
    if (reader == NULL)
        return false;
    AUTO(archive_lines) lines = archive_lines_new();
    while (got > 0) {
        if (!dump_reader_read(reader, chunk, CHUNK_BYTES, &got, error))
            return false;
        archive_lines_take(lines, chunk, got);
    }
    if (!archive_lines_ended(lines))
        return fail(error, "has no end: it was cut off", entry->file);
    entry->rows = archive_lines_rows(lines);
    return true;
}

static bool check_entry(const struct restore_dump *restore, struct archive_entry *entry,
                        GError **error)
{
    if (!entry->has_data || entry->file == NULL || entry->file[0] == '\0')
        return true;
    g_autofree char *path = find_file(restore->path, entry->file);
    if (path == NULL)
        return fail(error, "is not there", entry->file);
    /* Even of an empty table there is the end of its COPY, and compressed a header. */
    if (is_empty(path))
        return fail(error, "is empty: it was cut off", entry->file);
    return strcmp(entry->kind, "TABLE DATA") != 0 || count_rows(entry, path, error);
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
        if (!check_entry(restore, restore->archive->entries->pdata[i], error))
            return false;
        if (interrupt_pending())
            return interrupted(error);
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
    return interrupted(error);
}

bool restore_dump_check_folder(struct restore_dump *restore, GError **error)
{
    return read_toc(restore, error) && check_sums(restore, error);
}
