/* What `backup create` decides without a server. */
#include "create.h"

static void test_member_line(void)
{
    g_autoptr(GString) text = g_string_new("");

    create_member_line(text, "base.tar.zst", 1536, 8192, "base/5/1259");
    create_member_line(text, "16385.tar.zst", 0, 0, "a\tb\nc\\d");
    g_assert_cmpstr(text->str, ==,
                    "base.tar.zst\t1536\t8192\tbase/5/1259\n"
                    "16385.tar.zst\t0\t0\ta\\tb\\nc\\\\d\n");
}

static struct repo_backup *backup_of(guint64 size, guint64 stored, const char *trouble)
{
    struct repo_backup *backup = repo_backup_new();

    backup->size = size;
    backup->stored = stored;
    backup->trouble = g_strdup(trouble);
    return backup;
}

/* By the newest that is whole; without one, by a guess that is on the safe side. */
static void test_room(void)
{
    g_autoptr(GPtrArray) backups =
        g_ptr_array_new_with_free_func((GDestroyNotify) repo_backup_free);

    g_assert_cmpuint(create_room_needed(1000, NULL), ==, 367);
    g_assert_cmpuint(create_room_needed(1000, backups), ==, 367);
    g_ptr_array_add(backups, backup_of(1000, 900, NULL));
    g_ptr_array_add(backups, backup_of(1000, 200, NULL));
    g_ptr_array_add(backups, backup_of(1000, 1000, "damaged"));
    g_assert_cmpuint(create_room_needed(1000, backups), ==, 210);
    g_assert_cmpuint(create_room_needed(0, backups), ==, 0);
}

static void test_room_check(void)
{
    g_autoptr(GError) error = NULL;
    guint64 available = 0;

    g_assert_true(create_room_free("/nonexistent/folder/in/it", &available, &error));
    g_assert_no_error(error);
    g_assert_true(create_room_check(".", 0, NULL, &error));
    g_assert_false(create_room_check(".", G_MAXUINT64 / 2, NULL, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
}

static void test_archived(void)
{
    const struct repo_segment stored[] = {{.timeline = 1, .segment = 2},
                                          {.timeline = 1, .segment = 3},
                                          {.timeline = 1, .segment = 4},
                                          {.timeline = 1, .segment = 5, .partial = true}};
    const guint32 bytes = 16 << 20;
    const char *third = "000000010000000000000003", *fourth = "000000010000000000000004";
    g_autoptr(GArray) segments = g_array_new(FALSE, FALSE, sizeof(struct repo_segment));
    g_autoptr(GPtrArray) backups =
        g_ptr_array_new_with_free_func((GDestroyNotify) repo_backup_free);

    g_array_append_vals(segments, stored, G_N_ELEMENTS(stored));
    g_assert_true(create_wal_archived(third, segments, backups, bytes));
    g_assert_true(create_wal_archived("000000010000000000000003.00000028.backup", segments,
                                      backups, bytes));
    g_assert_false(create_wal_archived("000000010000000000000005", segments, backups, bytes));
    g_assert_false(create_wal_archived("000000020000000000000003", segments, backups, bytes));
    g_assert_false(create_wal_archived("00000002.history", segments, backups, bytes));
    /* The fourth was perhaps received beside a backup, and the third, with which the stream began; the
     * second by no one else. */
    g_ptr_array_add(backups, backup_of(1, 1, NULL));
    struct repo_backup *backup = backups->pdata[0];
    backup->timeline = 1;
    backup->start_lsn = G_GUINT64_CONSTANT(4) * bytes + 40;
    backup->stop_lsn = G_GUINT64_CONSTANT(5) * bytes;
    g_assert_true(create_wal_archived(fourth, segments, backups, bytes));
    backup->start_lsn = G_GUINT64_CONSTANT(3) * bytes;
    g_assert_false(create_wal_archived(fourth, segments, backups, bytes));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/backup/create/member-line", test_member_line);
    g_test_add_func("/backup/create/room", test_room);
    g_test_add_func("/backup/create/room-check", test_room_check);
    g_test_add_func("/create/archived", test_archived);
    return g_test_run();
}
