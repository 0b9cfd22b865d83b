/*
 * Input: an encrypted container behind its header, as one who has the repository but not the key
 * may have changed it. What is read was written by one who has the key: nothing, here, but the
 * empty file.
 */
#include "repo/repo_private.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct repo_key *key_of_test(void)
{
    static struct repo_key *key;
    if (key == NULL)
        key = repo_key_load(
            NULL, "echo 6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b", NULL,
            NULL);
    return key;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    guint8 header[CONTAINER_HEADER] = {0};
    const struct repo_key *key = key_of_test();
    memcpy(header, CONTAINER_MAGIC, 8);
    memcpy(header + 8, key->check, REPO_CHECK_BYTES);
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    g_assert_cmpint(write(fd, header, sizeof header), ==, (gssize) sizeof header);
    g_assert_cmpint(write(fd, data, size), ==, (gssize) size);

    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autoptr(GError) error = NULL;
    AUTO(repo_reader) reader = repo_reader_open(path, key, NULL, &error);
    g_assert((reader == NULL) == (error != NULL));
    if (reader != NULL && repo_reader_size(reader) > 0) {
        guint8 byte;
        g_assert_false(repo_reader_read(reader, 0, &byte, 1, NULL));
        g_assert_false(repo_reader_read(reader, repo_reader_size(reader) - 1, &byte, 1, NULL));
    }
    close(fd);
    return 0;
}
