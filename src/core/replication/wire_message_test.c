/* Messages as a server sends them, whole, cut off and wrong. */
#include "replication/wire_message.h"

#include <string.h>

#define BYTES(text) ((const guint8 *) (text)), sizeof(text) - 1

static void test_take(void)
{
    struct wire_message message;
    gsize taken = 0;

    g_assert_cmpint(wire_message_take(BYTES("d\0\0\0\7abcZ"), &message, &taken), ==,
                    WIRE_WHOLE);
    g_assert_cmpint(message.type, ==, 'd');
    g_assert_cmpuint(message.length, ==, 3);
    g_assert_cmpint(memcmp(message.body, "abc", 3), ==, 0);
    g_assert_cmpuint(taken, ==, 8);
    for (gsize length = 0; length < 8; length++)
        g_assert_cmpint(
            wire_message_take((const guint8 *) "d\0\0\0\7abc", length, &message, &taken), ==,
            WIRE_MORE);
    g_assert_cmpint(wire_message_take(BYTES("c\0\0\0\4"), &message, &taken), ==, WIRE_WHOLE);
    g_assert_cmpuint(message.length, ==, 0);
    g_assert_cmpint(wire_message_take(BYTES("d\0\0\0\3"), &message, &taken), ==, WIRE_BROKEN);
    g_assert_cmpint(wire_message_take(BYTES("d\xff\0\0\0"), &message, &taken), ==, WIRE_BROKEN);
    g_assert_cmpint(wire_message_take(BYTES("\1\0\0\0\4"), &message, &taken), ==, WIRE_BROKEN);
}

static struct wire_message of(const void *body, gsize length)
{
    return (struct wire_message){.type = 'D', .body = body, .length = length};
}

static void test_row(void)
{
    const char body[] = "\0\3\0\0\0\2ab\xff\xff\xff\xff\0\0\0\0";
    struct wire_message message = of(body, sizeof body - 1);
    g_autoptr(GPtrArray) row = wire_message_row(&message);

    g_assert_cmpuint(row->len, ==, 3);
    g_assert_cmpstr(g_ptr_array_index(row, 0), ==, "ab");
    g_assert_null(g_ptr_array_index(row, 1));
    g_assert_cmpstr(g_ptr_array_index(row, 2), ==, "");
    for (gsize length = 0; length < sizeof body - 1; length++) {
        struct wire_message cut = of(body, length);
        g_assert_null(wire_message_row(&cut));
    }
    struct wire_message more = of("\0\0x", 3);
    g_assert_null(wire_message_row(&more));
}

static void test_field(void)
{
    const char body[] = "SERROR\0CXX001\0Mchecksum\0\0";
    struct wire_message message = of(body, sizeof body - 1);

    g_assert_cmpstr(wire_message_field(&message, 'C'), ==, "XX001");
    g_assert_cmpstr(wire_message_field(&message, 'M'), ==, "checksum");
    g_assert_null(wire_message_field(&message, 'H'));
    struct wire_message cut = of(body, 10);
    g_assert_null(wire_message_field(&cut, 'C'));
    struct wire_message empty = of("", 0);
    g_assert_null(wire_message_field(&empty, 'M'));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire-message/take", test_take);
    g_test_add_func("/wire-message/row", test_row);
    g_test_add_func("/wire-message/field", test_field);
    return g_test_run();
}
