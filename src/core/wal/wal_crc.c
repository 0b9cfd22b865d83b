/* CRC-32C: with the processor's instruction where it has one, else by a table. */
#include "wal/wal_crc.h"

#include <string.h>

static const guint32 polynomial = 0x82F63B78;
static guint32 table[256];

static void make_table(void)
{
    static gsize made;

    if (!g_once_init_enter(&made))
        return;
    for (guint32 i = 0; i < 256; i++) {
        guint32 value = i;
        for (int bit = 0; bit < 8; bit++)
            value = value >> 1 ^ (value & 1 ? polynomial : 0);
        table[i] = value;
    }
    g_once_init_leave(&made, 1);
}

guint32 wal_crc_plain(guint32 crc, const void *data, gsize length)
{
    const guint8 *bytes = data;

    make_table();
    crc = ~crc;
    for (gsize i = 0; i < length; i++)
        crc = table[(crc ^ bytes[i]) & 0xFF] ^ crc >> 8;
    return ~crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static guint32
by_instruction(guint32 crc, const guint8 *bytes, gsize length)
{
    guint64 sum = ~crc;

    for (; length >= 8; length -= 8, bytes += 8) {
        guint64 word;
        memcpy(&word, bytes, 8);
        sum = _mm_crc32_u64(sum, word);
    }
    for (; length > 0; length--, bytes++)
        sum = _mm_crc32_u8((guint32) sum, *bytes);
    return ~(guint32) sum;
}

guint32 wal_crc(guint32 crc, const void *data, gsize length)
{
    if (__builtin_cpu_supports("sse4.2"))
        return by_instruction(crc, data, length);
    return wal_crc_plain(crc, data, length);
}
#else
guint32 wal_crc(guint32 crc, const void *data, gsize length)
{
    return wal_crc_plain(crc, data, length);
}
#endif
