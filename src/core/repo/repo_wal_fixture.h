/* For tests of the WAL in a repository: a repository, segments, and what is stored of them. */
#ifndef CORE_REPO_WAL_FIXTURE_H
#define CORE_REPO_WAL_FIXTURE_H

#include "repo/repo_fixture.h"
#include "repo/repo_segment.h"
#include "repo/repo_squeeze.h"
#include "repo/repo_wal.h"
#include "wal/wal_fixture.h"

#define SYSTEM "7123456789012345678"

struct place {
    char *folder;
    struct repo *repo;
    struct lineage *lineage;
};

static inline void set_up(struct place *place, gconstpointer encrypted)
{
    g_autoptr(GError) error = NULL;
    place->folder = g_dir_make_tmp("pgrunbook-wal-XXXXXX", NULL);
    if (encrypted != NULL)
        repo_key_free(fixture_key(place->folder, '7'));
    AUTO(settings) settings = fixture_settings(place->folder, encrypted != NULL ? '7' : 0);
    place->repo = repo_open(settings, true, &error);
    g_assert_no_error(error);
    place->lineage = lineage_open(place->repo, SYSTEM, true, &error);
    g_assert_no_error(error);
}

static inline void tear_down(struct place *place, gconstpointer encrypted)
{
    (void) encrypted;
    lineage_close(place->lineage);
    repo_close(place->repo);
    g_assert_true(repo_folder_remove(place->folder, NULL));
    g_free(place->folder);
}

/* The WAL of a segment: commits of three transactions from xid on. */
static inline GByteArray *segment_of(guint64 number, guint32 xid)
{
    struct writer writer = writer_at(number * MB);

    for (guint32 i = 0; i < 3; i++)
        put_end(&writer, 0, xid + i, 1000000 * (gint64) (xid + i));
    put_rest(&writer);
    g_assert_cmpuint(writer.bytes->len, ==, MB);
    return writer.bytes;
}

/* The file does not stay: as for a server that has archived it. */
static inline enum repo_put put_file(struct place *place, const char *name,
                                     const GByteArray *bytes, GError **error)
{
    g_autofree char *path = g_build_filename(place->folder, name, NULL);

    fixture_write(path, (const char *) bytes->data, bytes->len);
    enum repo_put put = lineage_wal_put(place->lineage, path, name, 1, error);
    g_assert_cmpint(unlink(path), ==, 0);
    return put;
}

/* As it is stored, all at once; the buffer has segment_bytes. */
static inline bool read_segment(const struct place *place, const struct repo_segment *segment,
                                guint8 *buffer, gsize *ret_length)
{
    AUTO(segment_reader)
    file = lineage_segment_open(place->lineage, segment, segment->segment_bytes, NULL);
    gsize part = 0;

    *ret_length = 0;
    if (file == NULL)
        return false;
    do {
        if (!segment_reader_next(file, buffer + *ret_length,
                                 segment->segment_bytes - *ret_length, &part, NULL))
            return false;
        *ret_length += part;
    } while (part > 0);
    return true;
}

/* A file of the repository with these bytes compressed in it, whatever they are, and an index. */
static inline void store(const struct place *place, const char *path, const guint8 *bytes,
                         gsize length, const struct wal_index *index)
{
    g_autofree char *plain = g_build_filename(place->folder, "plain", NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autoptr(GError) error = NULL;
    gsize part = 0;

    fixture_write(plain, (const char *) bytes, length);
    int descriptor = open(plain, O_RDONLY | O_CLOEXEC);
    AUTO(squeeze) squeeze = squeeze_new(descriptor, plain, length, 1);
    AUTO(repo_writer) file = repo_writer_new(folder, lineage_key(place->lineage), &error);
    while (squeeze_next(squeeze, &part, &error) != NULL)
        g_assert_true(squeeze_put(squeeze, file, &error));
    g_assert_no_error(error);
    if (index != NULL) {
        g_autoptr(GByteArray) frame = segment_index_frame(index);
        g_assert_true(repo_writer_put(file, frame->data, frame->len, &error));
    }
    g_assert_true(repo_writer_end(file, &error) &&
                  repo_writer_show(file, name, false, NULL, &error));
    close(descriptor);
}

#endif
