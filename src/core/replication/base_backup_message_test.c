/* The words of BASE_BACKUP, as 14 to 18 speak them. */
#include "replication/base_backup_message.h"

#include <string.h>

static void test_command(void)
{
    const struct base_backup_options plain = {.label = "it's"};
    const struct base_backup_options slow = {.label = "x", .max_rate = 5 << 20};
    const struct base_backup_options crawling = {.label = "x", .max_rate = 1};

    g_autofree char *old = base_backup_command(140010, &plain);
    g_assert_cmpstr(old, ==,
                    "BASE_BACKUP LABEL 'it''s' PROGRESS FAST NOWAIT TABLESPACE_MAP MANIFEST "
                    "'yes'");
    g_autofree char *old_slow = base_backup_command(140010, &slow);
    g_assert_cmpstr(old_slow, ==,
                    "BASE_BACKUP LABEL 'x' PROGRESS FAST NOWAIT MAX_RATE 5120 TABLESPACE_MAP "
                    "MANIFEST 'yes'");
    g_autofree char *typed = base_backup_command(150000, &plain);
    g_assert_cmpstr(typed, ==,
                    "BASE_BACKUP (LABEL 'it''s', PROGRESS true, CHECKPOINT 'fast', WAIT false, "
                    "TABLESPACE_MAP true, MANIFEST 'yes')");
    g_autofree char *least = base_backup_command(180000, &crawling);
    g_assert_nonnull(strstr(least, ", MAX_RATE 32)"));
}

/* ---- messages ----------------------------------------------------------------------------- */

#define PARSE(bytes, message, error)                                                           \
    base_backup_message_parse(bytes, sizeof(bytes) - 1, message, error)

static void test_messages(void)
{
    struct base_backup_message message;

    g_assert_true(PARSE("nbase.tar\0\0", &message, NULL));
    g_assert_cmpint(message.kind, ==, BASE_BACKUP_ARCHIVE);
    g_assert_cmpuint(message.oid, ==, 0);
    g_assert_cmpstr(message.path, ==, "");
    g_assert_true(PARSE("n16385.tar\0/srv/fast disk\0", &message, NULL));
    g_assert_cmpuint(message.oid, ==, 16385);
    g_assert_cmpstr(message.path, ==, "/srv/fast disk");
    g_assert_true(PARSE("m", &message, NULL));
    g_assert_cmpint(message.kind, ==, BASE_BACKUP_MANIFEST);
    g_assert_true(PARSE("dabc", &message, NULL));
    g_assert_cmpint(message.kind, ==, BASE_BACKUP_DATA);
    g_assert_cmpuint(message.length, ==, 3);
    g_assert_cmpint(memcmp(message.bytes, "abc", 3), ==, 0);
    g_assert_true(PARSE("p\0\0\0\0\0\0\1\2", &message, NULL));
    g_assert_cmpint(message.kind, ==, BASE_BACKUP_PROGRESS);
    g_assert_cmpuint(message.done, ==, 258);
}

static void test_strange_messages(void)
{
    static const struct {
        const char *bytes;
        gsize length;
    } cases[] = {
        {"", 0},
        {"x", 1},
        {"p1234567", 8},
        {"mm", 2},
        {"n", 1},
        {"nbase.tar", 9},
        {"nbase.tar\0", 10},
        {"nbase.tar\0/srv\0", 15},    /* the data directory has no place of its own */
        {"n16385.tar\0\0", 12},       /* and a tablespace has one */
        {"n16385.tar\0/srv", 15},     /* cut off */
        {"n16385.tar\0/srv\0\0", 17}, /* and one more */
        {"n../x.tar\0/srv\0", 15},
        {"n0.tar\0/srv\0", 12},
        {"n016385.tar\0/srv\0", 17},
        {"n99999999999.tar\0/srv\0", 22},
        {"nbase.tar.gz\0\0", 14},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct base_backup_message message;
        g_autoptr(GError) error = NULL;
        if (base_backup_message_parse(cases[i].bytes, cases[i].length, &message, &error))
            g_test_fail_printf("%s is taken", cases[i].bytes);
        else
            g_assert_nonnull(error);
    }
}

/* ---- warnings ----------------------------------------------------------------------------- */

static void test_bad_pages(void)
{
    static const struct {
        int version;
        const char *warning, *file;
        gint64 block;
        guint file_bad;
    } cases[] = {
        {140000,
         "checksum verification failed in file \"./base/5/16384\", block 7: calculated 8A3F "
         "but "
         "expected 12",
         "base/5/16384", 7, 0},
        {150000,
         "checksum verification failed in file \"./base/5/16384.2\", block 7: calculated 8 but "
         "expected FFFF",
         "base/5/16384.2", 2 * 131072 + 7, 0},
        {170000,
         "checksum verification failed in file \"./base/5/16384.2\", block 262151: calculated "
         "8 "
         "but expected FFFF",
         "base/5/16384.2", 262151, 0},
        {150000,
         "Prüfsummenüberprüfung fehlgeschlagen in Datei "
         "»pg_tblspc/16390/PG_15_202209061/5/16392_"
         "vm«, Block 0: berechnet A1, aber erwartet B2",
         "pg_tblspc/16390/PG_15_202209061/5/16392_vm", 0, 0},
        {150000,
         "ファイル\"./global/1262\"のブロック3でチェックサム検証に失敗しました: 計算値は 1F6 "
         "です"
         "が、期待値は 99",
         "global/1262", 3, 0},
        {140000, "file \"./base/5/16384\" has a total of 12 checksum verification failures",
         "base/5/16384", -1, 12},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct base_backup_bad bad = {0};
        if (!base_backup_bad_parse(cases[i].version, cases[i].warning, &bad)) {
            g_test_fail_printf("not read: %s", cases[i].warning);
            continue;
        }
        g_assert_cmpstr(bad.file, ==, cases[i].file);
        g_assert_cmpint(bad.block, ==, cases[i].block);
        g_assert_cmpuint(bad.file_bad, ==, cases[i].file_bad);
        base_backup_bad_clear(&bad);
    }
}

static void test_other_warnings(void)
{
    static const char *const warnings[] = {
        "",
        "skipping special file \"./socket\"",
        "further checksum verification failures in file \"./base/5/16384\" will not be "
        "reported",
        "could not verify checksum in file \"./base/5/16384\", block 3: read buffer size 100 "
        "and "
        "page size 8192 differ",
        "aggressive vacuum in file 12 of 13",
        "\xff\xfe base/1/2",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(warnings); i++) {
        struct base_backup_bad bad = {0};
        if (base_backup_bad_parse(150000, warnings[i], &bad))
            g_test_fail_printf("taken: %s", warnings[i]);
        base_backup_bad_clear(&bad);
    }
}

static void test_left_out(void)
{
    static const struct {
        const char *warning, *path;
    } cases[] = {
        {"skipping special file \"./base/16384\"", "base/16384"},
        {"skipping special file \"./base\"", "base"},
        {"überspringe besondere Datei »./base/5/16384.1«", "base/5/16384.1"},
        {"ignore le fichier spécial « ./global/1262 »", "global/1262"},
        {"スペシャルファイル\"./pg_xact\"をスキップしています", "pg_xact"},
        {"skipping special file \"./PG_VERSION\"", "PG_VERSION"},
        {"skipping special file \"./pg_tblspc/16390/PG_16_202307071/5\"",
         "pg_tblspc/16390/PG_16_202307071/5"},
        {"skipping special file \"/mnt/fast one/PG_15_202209061/5/16384\"",
         "/mnt/fast one/PG_15_202209061/5/16384"},
        {"skipping special file \"./socket\"", NULL},
        {"skipping special file \"./basement\"", NULL},
        {"skipping special file \"./postgresql.conf\"", NULL},
        {"skipping special file \"./pg_stat/pipe\"", NULL},
        {"", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = base_backup_left_out_parse(cases[i].warning);
        g_assert_cmpstr(path, ==, cases[i].path);
    }
}

static void test_relations(void)
{
    struct base_backup_relation relation;

    g_assert_true(base_backup_relation_parse("./base/5/16384_fsm.12", &relation));
    g_assert_cmpuint(relation.tablespace, ==, 1663);
    g_assert_cmpuint(relation.database, ==, 5);
    g_assert_cmpuint(relation.filenode, ==, 16384);
    g_assert_cmpstr(relation.fork, ==, "fsm");
    g_assert_cmpuint(relation.segment, ==, 12);
    g_assert_true(base_backup_relation_parse("global/1262", &relation));
    g_assert_cmpuint(relation.tablespace, ==, 1664);
    g_assert_cmpuint(relation.database, ==, 0);
    g_assert_true(base_backup_relation_parse("pg_tblspc/7/PG_18_2/9/11", &relation));
    g_assert_cmpuint(relation.tablespace, ==, 7);
    g_assert_cmpuint(relation.database, ==, 9);

    static const char *const others[] = {"",
                                         "base/5/PG_VERSION",
                                         "base/5",
                                         "base/5/",
                                         "base/05/1",
                                         "base/5/16384_x",
                                         "base/5/16384.x",
                                         "base/5/16384 ",
                                         "base/5/99999999999",
                                         "pg_tblspc/7/PG_18_2",
                                         "pg_tblspc/7/x/9/11",
                                         "pg_xact/0000"};
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(base_backup_relation_parse(others[i], &relation));
}

/* ---- the label ---------------------------------------------------------------------------- */

static void test_label(void)
{
    static const char text[] = "START WAL LOCATION: 1/2000028 (file 000000020000000100000002)\n"
                               "CHECKPOINT LOCATION: 1/2000060\n"
                               "BACKUP METHOD: streamed\n"
                               "BACKUP FROM: standby\n"
                               "START TIME: 2026-11-26 03:00:00 UTC\n"
                               "LABEL: BACKUP FROM: primary\n"
                               "START TIMELINE: 2\n";
    struct base_backup_label label;
    g_autoptr(GError) error = NULL;

    g_assert_true(base_backup_label_parse(text, strlen(text), &label, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(label.start_lsn, ==, 0x102000028);
    g_assert_cmpuint(label.checkpoint_lsn, ==, 0x102000060);
    g_assert_cmpuint(label.timeline, ==, 2);
    g_assert_true(label.from_standby);
    g_assert_false(base_backup_label_parse(text, 70, &label, &error));
    g_assert_nonnull(error);
}

static void test_lsn(void)
{
    guint64 lsn;

    g_assert_true(base_backup_lsn_parse("FFFFFFFF/FFFFFFFF", &lsn));
    g_assert_cmpuint(lsn, ==, G_MAXUINT64);
    g_assert_true(base_backup_lsn_parse("0/0", &lsn));
    static const char *const others[] = {"", "0", "0/", "/0", "0/0/0", "0/1FFFFFFFF", "x/0"};
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(base_backup_lsn_parse(others[i], &lsn));
    g_assert_false(base_backup_lsn_parse(NULL, &lsn));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/base-backup/command", test_command);
    g_test_add_func("/base-backup/messages", test_messages);
    g_test_add_func("/base-backup/strange-messages", test_strange_messages);
    g_test_add_func("/base-backup/bad-pages", test_bad_pages);
    g_test_add_func("/base-backup/other-warnings", test_other_warnings);
    g_test_add_func("/base-backup/left-out", test_left_out);
    g_test_add_func("/base-backup/relations", test_relations);
    g_test_add_func("/base-backup/label", test_label);
    g_test_add_func("/base-backup/lsn", test_lsn);
    return g_test_run();
}
