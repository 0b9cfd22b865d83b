/* However the archive is cut into pieces the same is told, and no name leads out of its folder. */
#include "tar/tar.h"

#include <stdint.h>
#include <string.h>

struct account {
    guint64 members, bytes, sum;
};

static bool on_member(const struct tar_member *member, gpointer data, GError **error)
{
    struct account *account = data;

    (void) error;
    g_assert(member->name[0] != '/' && strstr(member->name, "..//") == NULL);
    g_assert(!g_str_has_prefix(member->name, "../") && strstr(member->name, "/../") == NULL);
    g_assert(!g_str_equal(member->name, "..") && !g_str_has_suffix(member->name, "/.."));
    g_assert((member->kind == TAR_LINK) == (member->target != NULL));
    account->members++;
    account->sum = account->sum * 31 + g_str_hash(member->name) + member->size;
    return true;
}

static bool on_content(const void *bytes, gsize length, guint64 offset, gpointer data,
                       GError **error)
{
    struct account *account = data;

    (void) error, (void) offset;
    for (gsize i = 0; i < length; i++)
        account->sum = account->sum * 31 + ((const guint8 *) bytes)[i];
    account->bytes += length;
    return true;
}

static const struct tar_visitor visitor = {on_member, on_content, NULL};

static bool walk(const guint8 *data, gsize size, gsize piece, struct account *account)
{
    AUTO(tar_walker) walker = tar_walker_new(&visitor, account);

    for (gsize at = 0; at < size; at += piece)
        if (!tar_walker_feed(walker, data + at, MIN(piece, size - at), NULL))
            return false;
    g_assert(tar_walker_offset(walker) == size);
    return tar_walker_end(walker, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct account whole = {0}, pieces = {0};

    bool first = walk(data, size, MAX(size, 1), &whole);
    bool second = walk(data, size, (gsize) 1 + (size > 0 ? data[0] : 0), &pieces);
    g_assert(first == second);
    g_assert(whole.members == pieces.members);
    if (first)
        g_assert(whole.bytes == pieces.bytes && whole.sum == pieces.sum);
    return 0;
}
