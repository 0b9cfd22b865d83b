#include "http/http_private.h"

#include <string.h>

static void test_taken(void)
{
    static const struct {
        const char *accepted;
        bool taken;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"identity", false},
        {"gzip", true},
        {"GZIP", true},
        {"x-gzip", true},
        {"deflate, gzip, br, zstd", true},
        {"br;q=1.0, gzip;q=0.8, *;q=0.1", true},
        {"gzip;q=0", false},
        {"gzip; q=0.000, *", false},
        {"*", true},
        {"*;q=0", false},
        {"notgzip", false},
        {"br, deflate", false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].accepted != NULL ? cases[i].accepted : "none");
        g_assert_cmpint(http_takes_gzip(cases[i].accepted), ==, cases[i].taken);
    }
}

static void test_there_and_back(void)
{
    static const gsize sizes[] = {0, 1, 100, 65536, 1000000};
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree char *text = g_malloc(sizes[i] + 1);
        for (gsize at = 0; at < sizes[i]; at++)
            text[at] = (char) (at * at / 7);
        g_autoptr(GBytes) whole = g_bytes_new(text, sizes[i]);
        g_autoptr(GBytes) packed = http_pack(text, sizes[i]);
        gsize length = 0;
        const guchar *data = g_bytes_get_data(packed, &length);
        g_autoptr(GBytes) back = http_unpack(data, length);
        g_assert_nonnull(back);
        g_assert_true(g_bytes_equal(whole, back));
        for (gsize cut = 0; cut < MIN(length, 30); cut++) {
            g_autoptr(GBytes) none = http_unpack(data, cut);
            g_assert_null(none);
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/http/pack/taken", test_taken);
    g_test_add_func("/http/pack/there-and-back", test_there_and_back);
    return g_test_run();
}
