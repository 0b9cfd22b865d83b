/* What a restore decides: about the folder, the tablespaces, and what is kept. */
#include "restore.h"

#include "error.h"
#include "restore_compare.h"
#include "restore_landing.h"
#include "restore_manifest.h"
#include "restore_old.h"
#include "restore_place.h"
#include "restore_tablespaces.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the folder ---------------------------------------------------------------------------- */

static void check_place(struct restore_place place, bool delta, enum restore_way expected)
{
    g_autoptr(GError) error = NULL;

    const struct restore_wish wish = {"77", "B", "latest", delta};

    place.there = true;
    g_assert_cmpint(restore_place_judge(&place, "/d", &wish, &error), ==, expected);
    if (expected == RESTORE_NOT)
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
    else
        g_assert_no_error(error);
}

static void test_place(void)
{
    char system[] = "77", backup[] = "B", other[] = "C", sum[] = "aa", changed[] = "bb",
         latest[] = "latest";
    struct restore_marker ours = {.system = system, .backup = backup},
                          theirs = {.system = system, .backup = other},
                          complete = {.system = system, .backup = backup, .control = sum};

    check_place((struct restore_place){.empty = true}, false, RESTORE_FRESH);
    check_place((struct restore_place){.empty = true}, true, RESTORE_FRESH);
    check_place((struct restore_place){0}, false, RESTORE_NOT);
    check_place((struct restore_place){0}, true, RESTORE_NOT); /* no data directory */
    check_place((struct restore_place){.cluster = true, .system = 77}, false, RESTORE_NOT);
    check_place((struct restore_place){.cluster = true, .system = 77}, true, RESTORE_COMPARE);
    check_place((struct restore_place){.cluster = true, .system = 78}, true, RESTORE_NOT);
    check_place((struct restore_place){.cluster = true, .system = 77, .server = 5}, true,
                RESTORE_NOT);
    /* Of a server that cannot be seen from here, perhaps. */
    check_place((struct restore_place){.cluster = true, .system = 77, .pid_left = true}, true,
                RESTORE_NOT);
    check_place((struct restore_place){.marked = true, .marker = ours, .pid_left = true}, false,
                RESTORE_NOT);
    check_place((struct restore_place){.marked = true, .marker = ours}, false, RESTORE_RESUME);
    check_place((struct restore_place){.marked = true, .marker = theirs}, false, RESTORE_NOT);
    check_place((struct restore_place){.marked = true, .marker = theirs}, true,
                RESTORE_COMPARE);
    check_place((struct restore_place){.marked = true, .marker = complete, .control = sum},
                false, RESTORE_RESUME);
    /* The recovery has begun; to another place; somebody else's copy; promoted. */
    struct restore_marker going = complete, elsewhere = complete;
    going.goal = latest;
    elsewhere.goal = other;
    struct restore_place begun = {.marked = true,
                                  .marker = going,
                                  .control = changed,
                                  .cluster = true,
                                  .same = true,
                                  .recovering = true};
    check_place(begun, false, RESTORE_REPLAY);
    check_place(begun, true, RESTORE_REPLAY);
    begun.marker = elsewhere;
    check_place(begun, false, RESTORE_NOT);
    begun.marker = going;
    begun.same = false;
    check_place(begun, false, RESTORE_NOT);
    begun.same = true;
    begun.recovering = false;
    const struct restore_wish again = {"77", "B", "latest", false};
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(restore_place_judge(&begun, "/d", &again, &error), ==, RESTORE_NOT);
    g_assert_nonnull(strstr(error->message, "had taken writes already"));
    /* Somebody has started it. */
    check_place((struct restore_place){.marked = true, .marker = complete, .control = changed},
                false, RESTORE_NOT);
}

/* ---- tablespaces --------------------------------------------------------------------------- */

static GArray *places_of(const char *const *pairs, const char *below, GError **error)
{
    struct repo_tablespace rows[] = {{16384, (char *) (gsize) "/srv/fast"},
                                     {16385, (char *) (gsize) "/srv/slow"}};
    g_autoptr(GArray) tablespaces = g_array_new(FALSE, FALSE, sizeof rows[0]);
    struct repo_backup backup = {.tablespaces = tablespaces};

    g_array_append_vals(tablespaces, rows, 2);
    return tablespace_places(&backup, "/d", pairs, below, error);
}

static void refuse_places(const char *pair)
{
    const char *const pairs[] = {pair, NULL};
    g_autoptr(GError) error = NULL;

    g_assert_null(places_of(pairs, NULL, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
}

static void test_tablespaces(void)
{
    const char *const pairs[] = {"/srv/fast=/new/a\\=b", NULL};
    g_autoptr(GArray) same = places_of(NULL, NULL, NULL);
    g_autoptr(GArray) moved = places_of(pairs, NULL, NULL);
    g_autoptr(GArray) below = places_of(NULL, "/scratch", NULL);
    g_autofree char *map = tablespace_map_text(moved);

    g_assert_null(tablespace_map_text(same));
    g_assert_cmpstr(map, ==, "16384 /new/a=b\n16385 /srv/slow\n");
    g_assert_cmpstr(g_array_index(below, struct tablespace_place, 1).to, ==, "/scratch/16385");
    refuse_places("/srv/fast");
    refuse_places("/srv/fast=here");
    refuse_places("/srv/other=/x");
    refuse_places("/srv/fast=/d/x");
    refuse_places("/srv/fast=/srv/slow");
    refuse_places("/srv/fast=/");
}

/* A folder with a file, to which a link of the data directory leads. */
static void test_tablespace_in_use(void)
{
    g_autofree char *data = g_dir_make_tmp("restore-test-XXXXXX", NULL);
    g_autofree char *to = g_dir_make_tmp("restore-test-XXXXXX", NULL);
    g_autofree char *links = g_build_filename(data, "pg_tblspc", NULL);
    g_autofree char *link = g_build_filename(links, "16384", NULL);
    g_autofree char *file = g_build_filename(to, "file", NULL);
    const char *const made[] = {to, NULL}, *const other[] = {data, NULL};
    struct tablespace_place place = {.oid = 16384, .from = to, .to = to};
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof place);
    g_autoptr(GError) error = NULL;

    g_array_append_val(places, place);
    g_assert_true(tablespace_places_free(places, data, false, NULL, NULL));
    g_assert_true(g_file_set_contents(file, "x", 1, NULL));
    g_assert_false(tablespace_places_free(places, data, true, made, NULL));
    g_assert_cmpint(g_mkdir(links, 0700), ==, 0);
    g_assert_cmpint(symlink(to, link), ==, 0);
    /* As in a copy of the data directory. */
    g_assert_false(tablespace_places_free(places, data, true, NULL, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
    g_assert_nonnull(strstr(error->message, "--tablespace"));
    g_assert_false(tablespace_places_free(places, data, true, other, NULL));
    g_assert_true(tablespace_places_free(places, data, true, made, NULL));
    g_array_index(places, struct tablespace_place, 0).named = true;
    g_assert_false(tablespace_places_free(places, data, false, NULL, NULL));
    g_assert_true(tablespace_places_free(places, data, true, NULL, NULL));
    g_remove(file);
    g_rmdir(to);
    g_remove(link);
    g_rmdir(links);
    g_rmdir(data);
}

/* ---- the server's manifest ----------------------------------------------------------------- */

static const char manifest_text[] =
    "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n"
    "\"Files\": [\n"
    "{ \"Path\": \"backup_label\", \"Size\": 3, \"Last-Modified\": \"2026-11-26 01:00:00 "
    "GMT\", "
    "\"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"b73f4b36\" },\n"
    "{ \"Encoded-Path\": \"62ff\", \"Size\": 3, \"Last-Modified\": \"2026-11-26 01:00:00 "
    "GMT\", "
    "\"Checksum-Algorithm\": \"SHA256\", \"Checksum\": "
    "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\" }\n"
    "],\n"
    "\"WAL-Ranges\": [\n"
    "{ \"Timeline\": 1, \"Start-LSN\": \"0/2000028\", \"End-LSN\": \"0/2000100\" }\n"
    "],\n"
    "\"Manifest-Checksum\": \"00\"}\n";

static void test_manifest(void)
{
    AUTO(manifest) manifest = manifest_parse(manifest_text, strlen(manifest_text), NULL);
    g_autofree char *folder = g_dir_make_tmp("restore-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "file", NULL);
    g_autofree char *other = g_build_filename(folder, "other", NULL);

    g_assert_nonnull(manifest);
    g_assert_cmpuint(g_hash_table_size(manifest->files), ==, 2);
    const struct manifest_file *crc = g_hash_table_lookup(manifest->files, "backup_label");
    const struct manifest_file *sha = g_hash_table_lookup(manifest->files, "b\xff");
    g_assert_nonnull(crc);
    g_assert_nonnull(sha);
    g_assert_false(manifest_file_fits(crc, path));
    g_assert_true(g_file_set_contents(path, "abc", 3, NULL));
    g_assert_true(manifest_file_fits(crc, path));
    g_assert_true(manifest_file_fits(sha, path));
    /* Another cluster's too. */
    g_assert_cmpint(link(path, other), ==, 0);
    g_assert_false(manifest_file_fits(sha, path));
    g_remove(other);
    g_assert_true(g_file_set_contents(path, "abd", 3, NULL));
    g_assert_false(manifest_file_fits(crc, path));
    g_assert_false(manifest_file_fits(sha, path));
    g_assert_null(manifest_parse(manifest_text, strlen(manifest_text) - 30, NULL));
    g_assert_null(manifest_parse("{}", 2, NULL));
    g_remove(path);
    g_rmdir(folder);
}

static void test_spares(void)
{
    g_assert_true(compare_spares("pg_wal"));
    g_assert_true(compare_spares("pg_wal/000000010000000000000001"));
    g_assert_true(compare_spares(RESTORE_MARKER));
    g_assert_false(compare_spares("standby.signal"));
    g_assert_false(compare_spares("recovery.conf"));
    g_assert_false(compare_spares("base/1/1259"));
    g_assert_false(compare_spares("pg_walrus"));
}

/* ---- the cluster that is written over ------------------------------------------------------- */

static void put(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(parent, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, name, -1, NULL));
}

static bool there(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static char *old_cluster(void)
{
    char *folder = g_dir_make_tmp("restore-test-XXXXXX", NULL);

    put(folder, RESTORE_CONTROL);
    put(folder, "pg_wal/000000010000000000000001");
    put(folder, "pg_wal/archive_status/000000010000000000000001.ready");
    return folder;
}

static void old_remove(char *folder)
{
    const char *const command[] = {"rm", "-r", folder, NULL};

    g_assert_true(g_spawn_sync(NULL, (char **) (gsize) command, NULL, G_SPAWN_SEARCH_PATH, NULL,
                               NULL, NULL, NULL, NULL, NULL));
    g_free(folder);
}

static void check_link(const char *folder, const struct manifest *manifest, const char *name,
                       bool allowed)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(symlink("/tmp", path), ==, 0);
    g_assert_cmpint(restore_old_look(folder, manifest, &error), ==, allowed);
    g_assert_true(allowed || g_error_matches(error, RUNBOOK_ERROR, RUNBOOK_REFUSED));
    g_remove(path);
}

static void check_apart(const char *cluster, const char *below, const char *repository,
                        bool expected)
{
    g_autofree char *folder = g_build_filename(cluster, below, NULL);

    g_assert_cmpint(restore_place_apart(folder, repository, NULL), ==, expected);
}

static void test_apart(void)
{
    char *folder = old_cluster();

    check_apart(folder, "", "/nowhere/repo", true);
    check_apart("/nowhere/repo2", "", "/nowhere/repo", true);
    check_apart("/nowhere/repo", "data", "/nowhere/repo", false);
    check_apart("/nowhere", "", "/nowhere/repo", false);
    check_apart(folder, "new/data", "/nowhere/repo", true);
    put(folder, "PG_VERSION");
    check_apart(folder, "", "/nowhere/repo", true);
    check_apart(folder, "new/data", "/nowhere/repo", false);
    old_remove(folder);
}

static void test_old_look(void)
{
    AUTO(manifest) manifest = manifest_parse(manifest_text, strlen(manifest_text), NULL);
    char *folder = old_cluster();
    struct manifest_file large = {.path = (char *) (gsize) "base/1",
                                  .size = G_GUINT64_CONSTANT(1) << 60};

    check_link(folder, manifest, "log", true);
    check_link(folder, manifest, "postgresql.conf", true);
    check_link(folder, manifest, "backup_label", true); /* replaced */
    check_link(folder, manifest, "pg_replslot", false);
    check_link(folder, manifest, "global/1262", false);
    g_assert_true(restore_old_link_stays(manifest, "log"));
    g_assert_false(restore_old_link_stays(manifest, "backup_label"));
    g_assert_false(restore_old_link_stays(manifest, "conf.d/log"));
    g_assert_true(restore_old_look(folder, manifest, NULL));
    g_hash_table_insert(manifest->files, large.path, &large);
    check_link(folder, manifest, "base", false);
    g_assert_false(restore_old_look(folder, manifest, NULL)); /* no room */
    g_hash_table_steal(manifest->files, large.path);
    old_remove(folder);
}

static void test_old_set_aside(void)
{
    char *folder = old_cluster();
    struct server_owner owner;
    g_autofree char *saved = NULL;
    bool undone = true;

    g_assert_true(server_owner_of(folder, &owner, NULL));
    g_assert_true(restore_old_set_aside(folder, &owner, &saved, &undone, NULL));
    g_assert_false(undone);
    g_assert_false(there(folder, RESTORE_CONTROL));
    g_assert_true(there(folder, RESTORE_CONTROL_BEFORE));
    g_assert_false(there(folder, "pg_wal/000000010000000000000001"));
    g_assert_true(there(saved, "000000010000000000000001"));
    g_assert_true(there(saved, "archive_status/000000010000000000000001.ready"));
    g_assert_true(compare_spares(RESTORE_CONTROL_BEFORE));
    g_free(g_steal_pointer(&saved));
    /* Once more there is nothing to do. */
    g_assert_true(restore_old_set_aside(folder, &owner, &saved, &undone, NULL));
    g_assert_null(saved);
    g_assert_true(there(folder, RESTORE_CONTROL_BEFORE));
    g_assert_true(restore_old_forget(folder, NULL));
    g_assert_false(there(folder, RESTORE_CONTROL_BEFORE));
    old_remove(folder);
}

/* ---- the landing --------------------------------------------------------------------------- */

static void check_landing(struct landing landing, const char *said)
{
    struct restore_plan plan = {.target = {.kind = TARGET_TIME},
                                .before = {true, 1000, 700, 0x100, 0x130},
                                .after = {true, 2000, 701, 0x200, 0x230},
                                .end_lsn = 0x200,
                                .last_us = 1000};
    g_autofree char *elsewhere = landing_judge(&landing, &plan);

    if (said == NULL)
        g_assert_cmpstr(elsewhere, ==, NULL);
    else
        g_assert_nonnull(strstr(elsewhere ? elsewhere : "", said));
}

static void test_landing(void)
{
    check_landing((struct landing){0x130, 1000, LANDING_THERE, LANDING_NOT_THERE}, NULL);
    check_landing((struct landing){0x200, 1000, LANDING_UNKNOWN, LANDING_UNKNOWN}, NULL);
    check_landing((struct landing){0x120, 900, LANDING_NOT_THERE, LANDING_NOT_THERE}, "700");
    check_landing((struct landing){0x230, 2000, LANDING_THERE, LANDING_THERE}, "701");
    check_landing((struct landing){0x120, 1000, LANDING_UNKNOWN, LANDING_UNKNOWN}, "before");
    check_landing((struct landing){0x210, 1000, LANDING_UNKNOWN, LANDING_UNKNOWN}, "behind");
    check_landing((struct landing){0x150, 1500, LANDING_THERE, LANDING_NOT_THERE},
                  "planned one");
}

/* Beside a running primary there is more WAL at the end of the replay than there was in the plan. */
static void test_landing_latest(void)
{
    struct restore_plan plan = {
        .before = {true, 1000, 700, 0x100, 0x130}, .end_lsn = 0x200, .last_us = 1000};
    const struct landing further = {0x400, 2000, LANDING_THERE, LANDING_UNKNOWN};
    const struct landing lost = {0x400, 2000, LANDING_NOT_THERE, LANDING_UNKNOWN};
    const struct landing other = {0x200, 900, LANDING_THERE, LANDING_UNKNOWN};

    g_assert_null(landing_judge(&further, &plan));
    g_autofree char *without = landing_judge(&lost, &plan);
    g_assert_nonnull(without);
    g_autofree char *earlier = landing_judge(&other, &plan);
    g_assert_nonnull(earlier);
    plan.target.kind = TARGET_TIME;
    g_autofree char *behind = landing_judge(&further, &plan);
    g_assert_nonnull(behind);
}

static void test_full_xid(void)
{
    const guint64 epoch = G_GUINT64_CONSTANT(1) << 32;

    g_assert_cmpuint(landing_full_xid(700, 701), ==, 700);
    g_assert_cmpuint(landing_full_xid(701, 701), ==, 0);
    g_assert_cmpuint(landing_full_xid(4294967290U, 701), ==, 0);
    g_assert_cmpuint(landing_full_xid(700, epoch + 701), ==, epoch + 700);
    g_assert_cmpuint(landing_full_xid(701, epoch + 701), ==, 0);
    g_assert_cmpuint(landing_full_xid(4294967290U, epoch + 701), ==, 4294967290U);
}

static void test_settings_wanted(void)
{
    const char log[] =
        "WARNING:  hot standby is not possible because of insufficient parameter settings\n"
        "DETAIL:  max_connections = 100 is a lower setting than on the primary server, where "
        "its "
        "value was 250.\n";
    g_auto(GStrv) wanted = landing_settings_wanted(log);
    g_auto(GStrv) none = landing_settings_wanted("LOG:  all is well\n");

    g_assert_cmpstr(wanted[0], ==, "max_connections=250");
    g_assert_null(wanted[1]);
    g_assert_null(none[0]);
}

int main(int count, char **arguments)
{
    g_test_init(&count, &arguments, NULL);
    g_test_add_func("/restore/place", test_place);
    g_test_add_func("/restore/tablespaces", test_tablespaces);
    g_test_add_func("/restore/tablespace_in_use", test_tablespace_in_use);
    g_test_add_func("/restore/manifest", test_manifest);
    g_test_add_func("/restore/spares", test_spares);
    g_test_add_func("/restore/apart", test_apart);
    g_test_add_func("/restore/old_look", test_old_look);
    g_test_add_func("/restore/old_set_aside", test_old_set_aside);
    g_test_add_func("/restore/landing", test_landing);
    g_test_add_func("/restore/landing_latest", test_landing_latest);
    g_test_add_func("/restore/full_xid", test_full_xid);
    g_test_add_func("/restore/settings_wanted", test_settings_wanted);
    return g_test_run();
}
