#include "wal/wal_name.h"

#include "error.h"
#include "wal/wal_history.h"

enum { MB = 1 << 20 };

static void check_name(const char *name, guint32 segment_bytes, enum wal_kind kind,
                       guint32 timeline, guint64 segment)
{
    struct wal_name parsed = wal_name_parse(name, segment_bytes);

    g_assert_cmpint(parsed.kind, ==, kind);
    g_assert_cmpuint(parsed.timeline, ==, timeline);
    g_assert_cmpuint(parsed.segment, ==, segment);
}

static void test_kinds(void)
{
    check_name("000000010000000000000003", 16 * MB, WAL_SEGMENT, 1, 3);
    check_name("0000000A0000000200000003.partial", 16 * MB, WAL_PARTIAL, 10, 2 * 256 + 3);
    check_name("000000010000000000000003.00000028.backup", 16 * MB, WAL_BACKUP_HISTORY, 1, 3);
    check_name("00000002.history", 16 * MB, WAL_HISTORY, 2, 0);
    check_name("00000002.history", 0, WAL_HISTORY, 2, 0);
    check_name("0000000100000001000000FF", 16 * MB, WAL_SEGMENT, 1, 511);
    check_name("000000010000000100000FFF", MB, WAL_SEGMENT, 1, 4096 + 4095);
    check_name("000000010000000100000003", 1024 * MB, WAL_SEGMENT, 1, 7);
}

static void test_no_names(void)
{
    static const char *const others[] = {
        "",
        "0",
        "000000000000000000000003", /* there is no timeline 0 */
        "000000010000000000000100", /* 256 segments of 16 MiB a file id */
        "00000001000000000000000a",
        "00000001000000000000000",
        "0000000100000000000000030",
        "000000010000000000000003.part",
        "000000010000000000000003.0000028.backup",
        "000000010000000000000003.backup",
        "00000002.histor",
        "00000002.history2",
        "../../etc/passwd",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        check_name(others[i], 16 * MB, WAL_OTHER, 0, 0);
    check_name("000000010000000000000003", 3 * MB, WAL_OTHER, 0, 0);
    check_name("000000010000000000000003", 0, WAL_OTHER, 0, 0);
}

static void test_there_and_back(void)
{
    static const guint32 sizes[] = {MB, 16 * MB, 64 * MB, 1024 * MB};
    char name[WAL_NAME_BYTES];

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        for (guint64 segment = 1; segment < G_MAXUINT64 / sizes[i] / 7; segment *= 7) {
            wal_segment_name(3, segment, sizes[i], name);
            check_name(name, sizes[i], WAL_SEGMENT, 3, segment);
        }
    }
}

static void test_lsn(void)
{
    guint64 lsn = 0;
    g_autofree char *text = wal_lsn_format(G_GUINT64_CONSTANT(0x16B374D848));

    g_assert_cmpstr(text, ==, "16/B374D848");
    g_assert_true(wal_lsn_parse(text, &lsn));
    g_assert_cmphex(lsn, ==, G_GUINT64_CONSTANT(0x16B374D848));
    g_assert_true(wal_lsn_parse("0/1a", &lsn));
    g_assert_cmphex(lsn, ==, 0x1A);
    g_assert_true(wal_lsn_parse("FFFFFFFF/FFFFFFFF", &lsn));
    g_assert_false(wal_lsn_parse("16", &lsn));
    g_assert_false(wal_lsn_parse("/1", &lsn));
    g_assert_false(wal_lsn_parse("1/", &lsn));
    g_assert_false(wal_lsn_parse("1/123456789", &lsn));
    g_assert_false(wal_lsn_parse("1/2/3", &lsn));
    g_assert_false(wal_lsn_parse(" 1/2", &lsn));
    g_assert_cmphex(lsn, ==, G_MAXUINT64);
}

static void test_history(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) path =
        wal_history_parse(4,
                          "# a comment\n1\t0/3000148\tno recovery target specified\n\n"
                          "3\t0/5000000\tbefore 2026-01-01 00:00:00+00\n",
                          &error);

    g_assert_no_error(error);
    g_assert_cmpuint(path->len, ==, 3);
    const struct wal_stretch *stretches = (const struct wal_stretch *) (void *) path->data;
    g_assert_cmpuint(stretches[1].timeline, ==, 3);
    g_assert_cmphex(stretches[1].begin, ==, 0x3000148);
    g_assert_cmphex(stretches[1].end, ==, 0x5000000);
    g_assert_cmphex(stretches[2].end, ==, 0);
    g_assert_cmpuint(wal_history_at(path, 0x3000147), ==, 1);
    g_assert_cmpuint(wal_history_at(path, 0x3000148), ==, 3);
    g_assert_cmpuint(wal_history_at(path, 0x9000000), ==, 4);
    g_assert_true(wal_history_leads(path, 1, 0x3000148));
    g_assert_false(wal_history_leads(path, 1, 0x3000149));
    g_assert_false(wal_history_leads(path, 2, 1));
    g_assert_true(wal_history_leads(path, 4, G_MAXUINT64));
}

static void test_first_timeline(void)
{
    g_autoptr(GArray) path = wal_history_parse(1, NULL, NULL);

    g_assert_cmpuint(path->len, ==, 1);
    g_assert_cmpuint(wal_history_at(path, 0), ==, 1);
}

static void test_no_histories(void)
{
    static const char *const texts[] = {
        "",         "nothing\n",        "1\n",      "1\tX\n",         "2\t0/1\n", "0\t0/1\n",
        "1\t0/0\n", "1\t0/2\n1\t0/3\n", "2\t0/2\n", "1 0/5\n2 0/4\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(wal_history_parse(i == 9 ? 3 : 2, texts[i], &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_FAILED);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wal/name/kinds", test_kinds);
    g_test_add_func("/wal/name/no_names", test_no_names);
    g_test_add_func("/wal/name/there_and_back", test_there_and_back);
    g_test_add_func("/wal/name/lsn", test_lsn);
    g_test_add_func("/wal/history/path", test_history);
    g_test_add_func("/wal/history/first", test_first_timeline);
    g_test_add_func("/wal/history/no_histories", test_no_histories);
    return g_test_run();
}
