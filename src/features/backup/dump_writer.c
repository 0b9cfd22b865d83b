/* A dump on its way to the disk. */
#include "dump_file.h"

#include <string.h>
#include <zstd.h>

/* Several frames would restore as well; one with a window over all of it is smaller. */
struct dump_writer {
    char *folder;
    struct repo_writer *file;
    ZSTD_CCtx *zstd;
    char *out;
    gsize out_size;
    guint64 size;
    char *sha256;
};

static int threads(void)
{
    return (int) CLAMP(g_get_num_processors(), 1, 16);
}

struct dump_writer *dump_writer_new(const char *folder, int level, GError **error)
{
    struct repo_writer *file = repo_writer_new_hashed(folder, NULL, error);

    if (file == NULL)
        return NULL;
    struct dump_writer *writer = g_new0(struct dump_writer, 1);
    writer->folder = g_strdup(folder);
    writer->file = file;
    writer->zstd = ZSTD_createCCtx();
    g_assert(writer->zstd != NULL);
    ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_checksumFlag, 1);
    /* Refused by a library without threads; then one does. */
    ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_nbWorkers, threads());
    writer->out_size = MAX(ZSTD_CStreamOutSize(), 1 << 20);
    writer->out = g_malloc(writer->out_size);
    return writer;
}

static bool compress(struct dump_writer *writer, ZSTD_inBuffer *in, ZSTD_EndDirective how,
                     GError **error)
{
    size_t left = 1;

    while (how == ZSTD_e_end ? left > 0 : in->pos < in->size) {
        ZSTD_outBuffer out = {writer->out, writer->out_size, 0};
        left = ZSTD_compressStream2(writer->zstd, &out, in, how);
        if (ZSTD_isError(left)) {
            runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot compress: %s",
                              ZSTD_getErrorName(left));
            return false;
        }
        if (out.pos > 0 && !repo_writer_put(writer->file, out.dst, out.pos, error))
            return false;
    }
    return true;
}

bool dump_writer_put(struct dump_writer *writer, const void *data, gsize length, GError **error)
{
    ZSTD_inBuffer in = {data, length, 0};

    writer->size += length;
    return compress(writer, &in, ZSTD_e_continue, error);
}

char *dump_sum_line(const char *sha256, const char *name)
{
    return g_strdup_printf("%s  %s\n", sha256, name);
}

/* A sum without its file is of no use, a file without its sum is: hence this order. */
static bool show(struct repo_writer *file, const char *folder, const char *name,
                 char **ret_sha256, GError **error)
{
    bool exists = false;

    if (!repo_writer_end(file, error) || !repo_writer_show(file, name, true, &exists, error))
        return false;
    if (exists) {
        runbook_error_set(error, RUNBOOK_FAILED, "try again in a second",
                          "there is a file \"%s\" in \"%s\" already", name, folder);
        return false;
    }
    g_autofree char *sha256 = repo_writer_sha256(file);
    g_autofree char *line = dump_sum_line(sha256, name);
    g_autofree char *beside = g_strconcat(name, ".sha256", NULL);
    if (!repo_file_write(folder, beside, NULL, line, strlen(line), error))
        return false;
    if (ret_sha256 != NULL)
        *ret_sha256 = g_steal_pointer(&sha256);
    return true;
}

bool dump_writer_show(struct dump_writer *writer, const char *name, GError **error)
{
    ZSTD_inBuffer nothing = {NULL, 0, 0};

    return compress(writer, &nothing, ZSTD_e_end, error) &&
           show(writer->file, writer->folder, name, &writer->sha256, error);
}

bool dump_file_write_secret(const char *folder, const char *name, const char *text,
                            gsize length, GError **error)
{
    AUTO(repo_writer) file = repo_writer_new_hashed(folder, NULL, error);

    return file != NULL && repo_writer_close_to_others(file, error) &&
           repo_writer_put(file, text, length, error) && show(file, folder, name, NULL, error);
}

guint64 dump_writer_size(const struct dump_writer *writer)
{
    return writer->size;
}

guint64 dump_writer_stored(const struct dump_writer *writer)
{
    return repo_writer_stored(writer->file);
}

const char *dump_writer_sha256(const struct dump_writer *writer)
{
    return writer->sha256;
}

void dump_writer_free(struct dump_writer *writer)
{
    ZSTD_freeCCtx(writer->zstd);
    repo_writer_free(writer->file);
    g_free(writer->folder);
    g_free(writer->out);
    g_free(writer->sha256);
    g_free(writer);
}
