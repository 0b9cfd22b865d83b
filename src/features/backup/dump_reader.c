/* A dump on its way back: from the disk, through zstd or gzip where it is compressed. */
#include "dump_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { READ_BYTES = 1 << 18, GZIP_ONLY = 16 + MAX_WBITS };

struct dump_reader {
    char *path;
    int fd;
    guint64 stored, at;
    EVP_MD_CTX *sum;
    ZSTD_DCtx *zstd; /* NULL: it is not in zstd */
    z_stream *gzip;  /* NULL: not in gzip */
    guint8 *in;
    ZSTD_inBuffer waiting;
    size_t hint; /* of the decompressor: 0 between frames, or members */
    bool more;   /* it has more for us, without more from the disk */
};

static bool is_gzip(const guint8 *start, gsize length)
{
    return length >= 3 && start[0] == 0x1f && start[1] == 0x8b && start[2] == Z_DEFLATED;
}

static bool is_zstd(const guint8 *start, gsize length)
{
    static const guint8 frame[] = {0x28, 0xb5, 0x2f, 0xfd}, skippable[] = {0x2a, 0x4d, 0x18};

    return length >= 4 && (memcmp(start, frame, 4) == 0 ||
                           (start[0] >> 4 == 5 && memcmp(start + 1, skippable, 3) == 0));
}

static struct dump_reader *fail_open(const char *path, int fd, GError **error)
{
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot read \"%s\": %s", path,
                      g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return NULL;
}

struct dump_reader *dump_reader_open(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    guint8 start[4];

    if (fd < 0 || fstat(fd, &status) != 0)
        return fail_open(path, fd, error);
    ssize_t got = pread(fd, start, sizeof start, 0);
    if (got < 0)
        return fail_open(path, fd, error);
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    struct dump_reader *reader = g_new0(struct dump_reader, 1);
    reader->path = g_strdup(path);
    reader->fd = fd;
    reader->stored = (guint64) status.st_size;
    reader->sum = EVP_MD_CTX_new();
    EVP_DigestInit_ex(reader->sum, EVP_sha256(), NULL);
    reader->in = g_malloc(READ_BYTES);
    reader->waiting.src = reader->in;
    if (is_zstd(start, (gsize) got))
        reader->zstd = ZSTD_createDCtx();
    if (is_gzip(start, (gsize) got)) {
        reader->gzip = g_new0(z_stream, 1);
        inflateInit2(reader->gzip, GZIP_ONLY);
    }
    /* What another program has compressed may have a long window. */
    if (reader->zstd != NULL)
        ZSTD_DCtx_setParameter(reader->zstd, ZSTD_d_windowLogMax, 31);
    return reader;
}

static bool read_some(struct dump_reader *reader, void *buffer, gsize length, gsize *ret_got,
                      GError **error)
{
    ssize_t got;

    do
        got = read(reader->fd, buffer, length);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "cannot read \"%s\": %s", reader->path,
                          g_strerror(errno));
        return false;
    }
    EVP_DigestUpdate(reader->sum, buffer, (gsize) got);
    reader->at += (guint64) got;
    *ret_got = (gsize) got;
    return true;
}

static bool fail_damaged(const struct dump_reader *reader, const char *why, GError **error)
{
    runbook_error_set(
        error, RUNBOOK_FAILED, NULL,
        "\"%s\" is damaged%s%s (at byte %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT ")",
        reader->path, why[0] != '\0' ? ": " : "", why,
        reader->at - (reader->waiting.size - reader->waiting.pos), reader->stored);
    return false;
}

/* Fills what is waiting; nothing waiting afterwards: the end. */
static bool refill(struct dump_reader *reader, GError **error)
{
    gsize got = 0;

    if (reader->waiting.pos < reader->waiting.size)
        return true;
    if (!read_some(reader, reader->in, READ_BYTES, &got, error))
        return false;
    reader->waiting.size = got;
    reader->waiting.pos = 0;
    return true;
}

/* A step of either decompressor, from what is waiting into out. */
static bool unpack_zstd(struct dump_reader *reader, ZSTD_outBuffer *out, GError **error)
{
    reader->hint = ZSTD_decompressStream(reader->zstd, out, &reader->waiting);
    return !ZSTD_isError(reader->hint) ||
           fail_damaged(reader, ZSTD_getErrorName(reader->hint), error);
}

static bool unpack_gzip(struct dump_reader *reader, ZSTD_outBuffer *out, GError **error)
{
    z_stream *stream = reader->gzip;

    if (reader->hint == 0 && stream->total_in > 0)
        inflateReset(stream); /* another member follows */
    stream->next_in = reader->in + reader->waiting.pos;
    stream->avail_in = (uInt) (reader->waiting.size - reader->waiting.pos);
    stream->next_out = (Bytef *) out->dst + out->pos;
    stream->avail_out = (uInt) MIN(out->size - out->pos, G_MAXUINT32);
    uInt room = stream->avail_out;
    int said = inflate(stream, Z_NO_FLUSH);
    reader->waiting.pos = reader->waiting.size - stream->avail_in;
    out->pos += room - stream->avail_out;
    reader->hint = said != Z_STREAM_END;
    return said == Z_OK || said == Z_STREAM_END || said == Z_BUF_ERROR ||
           fail_damaged(reader, stream->msg != NULL ? stream->msg : "", error);
}

bool dump_reader_read(struct dump_reader *reader, void *buffer, gsize length, gsize *ret_got,
                      GError **error)
{
    ZSTD_outBuffer out = {buffer, length, 0};

    if (!dump_reader_compressed(reader))
        return read_some(reader, buffer, length, ret_got, error);
    while (out.pos == 0) {
        if (!reader->more && !refill(reader, error))
            return false;
        if (!reader->more && reader->waiting.size == 0 && reader->hint == 0)
            break;
        if (!reader->more && reader->waiting.size == 0)
            return fail_damaged(reader, "it was cut off", error);
        if (reader->zstd != NULL ? !unpack_zstd(reader, &out, error)
                                 : !unpack_gzip(reader, &out, error))
            return false;
        reader->more = out.pos == out.size && reader->hint != 0;
    }
    *ret_got = out.pos;
    return true;
}

guint64 dump_reader_at(const struct dump_reader *reader)
{
    return reader->at;
}

guint64 dump_reader_stored(const struct dump_reader *reader)
{
    return reader->stored;
}

bool dump_reader_compressed(const struct dump_reader *reader)
{
    return reader->zstd != NULL || reader->gzip != NULL;
}

char *dump_reader_sha256(struct dump_reader *reader)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    GString *text = g_string_new(NULL);

    EVP_DigestFinal_ex(reader->sum, digest, &length);
    for (unsigned i = 0; i < length; i++)
        g_string_append_printf(text, "%02x", digest[i]);
    return g_string_free(text, FALSE);
}

void dump_reader_free(struct dump_reader *reader)
{
    close(reader->fd);
    ZSTD_freeDCtx(reader->zstd);
    if (reader->gzip != NULL)
        inflateEnd(reader->gzip);
    g_free(reader->gzip);
    EVP_MD_CTX_free(reader->sum);
    g_free(reader->in);
    g_free(reader->path);
    g_free(reader);
}

/* "HEX  NAME" or "HEX *NAME"; a name with line breaks is not written by us. */
char *dump_sum_beside(const char *path, GError **error)
{
    g_autofree char *beside = g_strconcat(path, ".sha256", NULL);
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(beside, &text, NULL, NULL))
        return NULL;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        if (strlen(*line) > 66 && strcmp(*line + 66, base) == 0)
            return g_ascii_strdown(*line, 64);
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "\"%s\" says nothing of \"%s\"", beside,
                      base);
    return NULL;
}
