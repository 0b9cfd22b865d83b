#include "restore_manifest.h"

#include "error.h"
#include "wal/wal_crc.h"

#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- reading ------------------------------------------------------------------------------- */

static void manifest_file_free(gpointer data)
{
    struct manifest_file *file = data;

    g_free(file->path);
    g_free(file->checksum);
    g_free(file);
}

void manifest_free(struct manifest *manifest)
{
    g_hash_table_unref(manifest->files);
    g_free(manifest);
}

static enum manifest_checksum kind_of(const char *name)
{
    static const char *const names[] = {"", "CRC32C", "SHA224", "SHA256", "SHA384", "SHA512"};

    for (guint i = 1; name != NULL && i < G_N_ELEMENTS(names); i++)
        if (g_ascii_strcasecmp(name, names[i]) == 0)
            return (enum manifest_checksum) i;
    return MANIFEST_NONE;
}

/* "Encoded-Path": hexadecimal digits, for a name that is not UTF-8. */
static char *decoded(const char *digits)
{
    gsize length = strlen(digits);
    GString *bytes = g_string_new(NULL);

    for (gsize i = 0; i + 1 < length; i += 2) {
        int high = g_ascii_xdigit_value(digits[i]), low = g_ascii_xdigit_value(digits[i + 1]);
        if (high < 0 || low < 0 || (high == 0 && low == 0))
            break;
        g_string_append_c(bytes, (char) (high << 4 | low));
    }
    return g_string_free(bytes, FALSE);
}

static struct manifest_file *file_of(json_t *line)
{
    const char *path = json_string_value(json_object_get(line, "Path"));
    const char *encoded = json_string_value(json_object_get(line, "Encoded-Path"));
    const char *checksum = json_string_value(json_object_get(line, "Checksum"));
    json_int_t size = json_integer_value(json_object_get(line, "Size"));

    if ((path == NULL && encoded == NULL) || size < 0)
        return NULL;
    struct manifest_file *file = g_new0(struct manifest_file, 1);
    file->path = path ? g_strdup(path) : decoded(encoded);
    file->size = (guint64) size;
    file->kind = kind_of(json_string_value(json_object_get(line, "Checksum-Algorithm")));
    file->checksum = file->kind == MANIFEST_NONE ? NULL : g_strdup(checksum);
    return file;
}

/* A line of a file: "{ "Path": …}" with a comma behind all but the last. */
static bool line_read(struct manifest *manifest, const char *line, gsize length)
{
    while (length > 0 && (line[length - 1] == ',' || g_ascii_isspace(line[length - 1])))
        length--;
    if (length < 2 || line[0] != '{' || line[length - 1] != '}' ||
        memmem(line, length, "Path\"", 5) == NULL)
        return true;
    json_t *object = json_loadb(line, length, 0, NULL);
    struct manifest_file *file = object ? file_of(object) : NULL;
    json_decref(object);
    if (file == NULL)
        return false;
    g_hash_table_replace(manifest->files, file->path, file);
    return true;
}

struct manifest *manifest_parse(const char *text, gsize length, GError **error)
{
    AUTO(manifest) manifest = g_new0(struct manifest, 1);
    const char *end = text + length;
    bool good =
        memmem(text, MIN(length, 64), "PostgreSQL-Backup-Manifest-Version", 34) != NULL &&
        memmem(text, length, "\"Manifest-Checksum\"", 19) != NULL;

    manifest->files = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, manifest_file_free);
    for (const char *line = text; good && line < end;) {
        const char *stop = memchr(line, '\n', (gsize) (end - line));
        const char *begin = line;
        gsize bytes = (gsize) ((stop ? stop : end) - line);
        /* The first file stands behind the list's beginning: "Files": [ {…}, */
        const char *bracket = memmem(line, MIN(bytes, 16), "\"Files\": [", 10);
        if (bracket != NULL) {
            begin = bracket + 10;
            while (begin < line + bytes && g_ascii_isspace(*begin))
                begin++;
        }
        good = line_read(manifest, begin, (gsize) (line + bytes - begin));
        line += bytes + 1;
    }
    if (good)
        return g_steal_pointer(&manifest);
    runbook_error_set(error, RUNBOOK_FAILED, NULL, "the backup's backup_manifest is damaged");
    return NULL;
}

/* ---- comparing ----------------------------------------------------------------------------- */

enum { PIECE_BYTES = 256 << 10 };

void manifest_sum_begin(struct manifest_sum *sum, enum manifest_checksum kind)
{
    const EVP_MD *digests[] = {NULL,         NULL,         EVP_sha224(),
                               EVP_sha256(), EVP_sha384(), EVP_sha512()};

    *sum = (struct manifest_sum){.kind = kind};
    if (digests[kind] == NULL)
        return;
    sum->digest = EVP_MD_CTX_new();
    EVP_DigestInit_ex(sum->digest, digests[kind], NULL);
}

void manifest_sum_add(struct manifest_sum *sum, const guint8 *bytes, gsize length)
{
    if (sum->digest != NULL)
        EVP_DigestUpdate(sum->digest, bytes, length);
    else
        sum->crc = wal_crc(sum->crc, bytes, length);
}

bool manifest_sum_is(struct manifest_sum *sum, const char *digits)
{
    guint8 bytes[EVP_MAX_MD_SIZE];
    guint length = sizeof sum->crc;

    memcpy(bytes, &sum->crc, sizeof sum->crc);
    if (sum->digest != NULL)
        EVP_DigestFinal_ex(sum->digest, bytes, &length);
    EVP_MD_CTX_free(sum->digest);
    if (strlen(digits) != length * 2)
        return false;
    for (guint i = 0; i < length; i++)
        if (g_ascii_xdigit_value(digits[i * 2]) << 4 != (bytes[i] & 0xf0) ||
            g_ascii_xdigit_value(digits[i * 2 + 1]) != (bytes[i] & 0x0f))
            return false;
    return true;
}

static bool sum_of_file(struct manifest_sum *sum, int descriptor, guint64 size)
{
    g_autofree guint8 *piece = g_malloc(PIECE_BYTES);
    guint64 done = 0;

    for (;;) {
        ssize_t got = read(descriptor, piece, PIECE_BYTES);
        if (got < 0)
            return false;
        if (got == 0)
            return done == size;
        manifest_sum_add(sum, piece, (gsize) got);
        done += (guint64) got;
    }
}

bool manifest_file_fits(const struct manifest_file *file, const char *path)
{
    struct stat status;
    struct manifest_sum sum;

    if (file->checksum == NULL)
        return false;
    int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    /* One that another cluster has as well must not become ours: our server would write into it. */
    bool fits = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
                status.st_nlink == 1 && (guint64) status.st_size == file->size;
    if (fits) {
        manifest_sum_begin(&sum, file->kind);
        fits = sum_of_file(&sum, descriptor, file->size);
        fits = manifest_sum_is(&sum, file->checksum) && fits;
    }
    close(descriptor);
    return fits;
}
