/*
 * Any bytes whatever as an archive, in pieces of any size: neither a crash nor a different answer
 * for other pieces.
 */
#include "archive.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct archive *feed(const uint8_t *data, size_t size, size_t piece, bool *ret_whole)
{
    struct archive *archive = archive_new();

    *ret_whole = true;
    for (size_t at = 0; at < size && *ret_whole; at += piece)
        *ret_whole = archive_feed(archive, data + at, MIN(piece, size - at), NULL);
    *ret_whole = *ret_whole && archive_end(archive, NULL);
    return archive;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool whole, again;

    if (size == 0)
        return 0;
    AUTO(archive) at_once = feed(data + 1, size - 1, size, &whole);
    AUTO(archive) in_pieces = feed(data + 1, size - 1, 1 + data[0] % 61, &again);
    g_assert(whole == again);
    if (whole) {
        g_assert(at_once->tables == in_pieces->tables);
        g_assert(archive_rows(at_once) == archive_rows(in_pieces));
    }
    return 0;
}
