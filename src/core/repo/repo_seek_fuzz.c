/*
 * Input: a file in the seekable layout. Whatever it is, with or without its table: frames follow each
 * other without a gap, and what can be decompressed is as long as was said.
 */
#include "repo/repo_seek.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FRAMES_MOST = 16, BYTES_MOST = 4 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_frames(const struct seek_reader *reader)
{
    guint64 at = 0;
    guint count = MIN(seek_reader_frames(reader), (guint) FRAMES_MOST);
    for (guint frame = 0; frame < count; frame++) {
        gsize length = seek_reader_length(reader, frame);
        g_assert_cmpuint(seek_reader_offset(reader, frame), ==, at);
        if (length > 0)
            g_assert_cmpuint(seek_reader_frame_at(reader, at), ==, frame);
        at += length;
        if (length > BYTES_MOST)
            continue;
        g_autoptr(GError) error = NULL;
        g_autofree guint8 *buffer = g_malloc(MAX(length, 1));
        bool ok = seek_reader_frame(reader, frame, buffer, &error);
        g_assert(ok == (error == NULL));
    }
    g_assert_cmpuint(at, <=, seek_reader_size(reader));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    g_assert_cmpint(write(fd, data, size), ==, (gssize) size);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autoptr(GError) error = NULL;
    AUTO(repo_reader) file = repo_reader_open(path, NULL, NULL, &error);
    AUTO(seek_reader) reader = file == NULL ? NULL : seek_reader_new(file, &error);
    g_assert((reader == NULL) == (error != NULL));
    if (reader != NULL)
        read_frames(reader);
    close(fd);
    return 0;
}
