/* What `backup wal receive` decides without a server. */
#include "receive.h"

enum { MB = 1 << 20 };

/* Timeline 1 until 8 MB, then timeline 2. */
static GArray *path_over_a_fork(void)
{
    const struct wal_stretch stretches[] = {{1, 0, 8 * MB}, {2, 8 * MB, 0}};
    GArray *path = g_array_new(FALSE, FALSE, sizeof(struct wal_stretch));

    return g_array_append_vals(path, stretches, G_N_ELEMENTS(stretches));
}

static struct repo_backup *backup_at(guint32 timeline, guint64 start_lsn)
{
    struct repo_backup *backup = repo_backup_new();

    backup->timeline = timeline;
    backup->start_lsn = start_lsn;
    return backup;
}

static void test_full_after_a_failover(void)
{
    g_autoptr(GArray) path = path_over_a_fork();
    g_autoptr(GPtrArray) backups =
        g_ptr_array_new_with_free_func((GDestroyNotify) repo_backup_free);
    const guint64 whole[] = {0, 0}, old[] = {7 * MB, 0}, fork[] = {8 * MB, 0};
    const guint64 aside[] = {9 * MB, 0}, both[] = {7 * MB, 12 * MB};

    g_assert_false(receive_full_needed(path, whole, backups));
    g_assert_true(receive_full_needed(path, old, backups));
    g_ptr_array_add(backups, backup_at(1, 6 * MB));
    g_assert_false(receive_full_needed(path, whole, backups));
    g_assert_true(receive_full_needed(path, old, backups));
    g_assert_true(receive_full_needed(path, fork, backups));
    /* Of the old timeline, behind where it was left. */
    g_assert_false(receive_full_needed(path, aside, backups));
    g_ptr_array_add(backups, backup_at(1, 10 * MB));
    g_assert_true(receive_full_needed(path, old, backups));
    g_ptr_array_add(backups, backup_at(2, 10 * MB));
    g_assert_false(receive_full_needed(path, old, backups));
    g_assert_true(receive_full_needed(path, both, backups));
}

static void test_patience(void)
{
    const gint64 minute = 60 * G_USEC_PER_SEC;

    g_assert_true(receive_is_final(RUNBOOK_REFUSED, false, false, 0));
    g_assert_true(receive_is_final(RUNBOOK_CONNECT, false, false, 0));
    g_assert_false(receive_is_final(RUNBOOK_CONNECT, false, true, 0));
    g_assert_false(receive_is_final(RUNBOOK_CONNECT, true, false, 0));
    g_assert_false(receive_is_final(RUNBOOK_FAILED, true, false, 0));
    g_assert_false(receive_is_final(RUNBOOK_REFUSED, true, false, minute));
    g_assert_true(receive_is_final(RUNBOOK_REFUSED, true, false, 10 * minute));
    g_assert_true(receive_is_final(RUNBOOK_USAGE, true, false, 0));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/receive/full_after_a_failover", test_full_after_a_failover);
    g_test_add_func("/receive/patience", test_patience);
    return g_test_run();
}
