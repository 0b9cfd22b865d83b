#include "repo/repo.h"

#include "repo/repo_fixture.h"
#include "repo/repo_seal.h"

#define SYSTEM "7301234567890123456"

static const gint64 noon_us = 1764158580000000; /* 2025-11-26 12:03:00 UTC */

static struct repo *open_repo(const char *folder, char key, bool create, GError **error)
{
    AUTO(settings) settings = fixture_settings(folder, key);
    return repo_open(settings, create, error);
}

static struct repo *must_open(const char *folder, char key)
{
    g_autoptr(GError) error = NULL;
    struct repo *repo = open_repo(folder, key, true, &error);
    g_assert_no_error(error);
    return repo;
}

static struct lineage *must_begin(struct repo *repo)
{
    g_autoptr(GError) error = NULL;
    struct lineage *lineage = lineage_open(repo, SYSTEM, true, &error);
    g_assert_no_error(error);
    return lineage;
}

/* A backup of one file, shown. */
static struct repo_backup *make_backup(struct lineage *lineage, gint64 now_us, guint64 stop_lsn)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(lineage_lock(lineage, "lock", &error));
    struct repo_backup *backup = lineage_backup_begin(lineage, now_us, NULL, NULL, &error);
    g_assert_no_error(error);
    AUTO(repo_writer)
    writer = repo_writer_new_hashed(backup->folder, lineage_key(lineage), &error);
    g_assert_true(repo_writer_put(writer, "contents", 8, &error));
    g_assert_true(repo_writer_end(writer, &error));
    g_assert_true(repo_writer_show(writer, "base.tar.zst", false, NULL, &error));
    struct repo_backup_file file = {g_strdup("base.tar.zst"), 8, repo_writer_stored(writer),
                                    repo_writer_sha256(writer)};
    g_array_append_val(backup->files, file);
    backup->timeline = 1;
    backup->version_num = 150004;
    backup->wal_segment_bytes = 16 << 20;
    backup->start_lsn = backup->checkpoint_lsn = stop_lsn - 100;
    backup->stop_lsn = stop_lsn;
    g_assert_true(lineage_backup_show(lineage, backup, &error));
    g_assert_no_error(error);
    return backup;
}

static GPtrArray *list(const struct lineage *lineage)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *backups = lineage_backups(lineage, &error);
    g_assert_no_error(error);
    return backups;
}

static const struct repo_backup *at(const GPtrArray *backups, guint index)
{
    g_assert_cmpuint(index, <, backups->len);
    return backups->pdata[index];
}

/* ---- opening ------------------------------------------------------------------------------ */

static void test_open(void)
{
    g_autofree char *folder = folder_new();
    g_autoptr(GError) error = NULL;
    g_assert_null(open_repo(folder, 0, false, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
    g_clear_error(&error);

    AUTO(repo) made = must_open(folder, 0);
    AUTO(repo) again = open_repo(folder, 0, false, &error);
    g_assert_no_error(error);
    g_assert_null(repo_trouble(again));
    g_assert_null(repo_key_of(again));
    g_auto(GStrv) none = repo_systems(again, &error);
    g_assert_null(none[0]);
    g_assert_null(lineage_open(again, NULL, false, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
    g_clear_error(&error);

    G_GNUC_UNUSED AUTO(lineage) lineage = must_begin(made);
    AUTO(lineage) only = lineage_open(again, NULL, false, &error);
    g_assert_cmpstr(lineage_system(only), ==, SYSTEM);
    G_GNUC_UNUSED AUTO(lineage) second = lineage_open(made, "12", true, &error);
    g_assert_null(lineage_open(again, NULL, false, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    g_clear_error(&error);
    g_assert_null(lineage_open(again, "../x", true, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_USAGE);
    folder_remove(folder);
}

/* A folder with something in it is not turned into a repository. */
static void test_not_empty(void)
{
    g_autofree char *folder = folder_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(folder, "repo", NULL);
    g_autofree char *other = g_build_filename(path, "precious", NULL);
    g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
    fixture_write(other, "x", 1);
    g_assert_null(open_repo(folder, 0, true, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
    g_assert_cmpint(g_unlink(other), ==, 0);
    G_GNUC_UNUSED AUTO(repo) repo = must_open(folder, 0);
    folder_remove(folder);
}

static void test_key_of_repository(void)
{
    g_autofree char *folder = folder_new();
    AUTO(repo_key) key = fixture_key(folder, 'a');
    G_GNUC_UNUSED AUTO(repo_key) other = fixture_key(folder, 'b');
    G_GNUC_UNUSED AUTO(repo) made = must_open(folder, 'a');
    static const char keys[] = {0, 'b'};
    for (gsize i = 0; i < sizeof keys; i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(open_repo(folder, keys[i], true, &error));
        g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
        g_assert_nonnull(strstr(error->message, "key"));
    }
    g_autofree char *plain = folder_new();
    g_free(repo_key_check(key));
    G_GNUC_UNUSED AUTO(repo_key) again = fixture_key(plain, 'a');
    G_GNUC_UNUSED AUTO(repo) open = must_open(plain, 0);
    g_autoptr(GError) error = NULL;
    g_assert_null(open_repo(plain, 'a', true, &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
    g_assert_nonnull(strstr(error->message, "not encrypted"));
    folder_remove(folder);
    folder_remove(plain);
}

/* Each copy of its description stands in for the other, and is made again by the next writer. */
static void test_description_harmed(void)
{
    static const char *const names[] = {"repository.json", "repository.copy.json"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *folder = folder_new();
        g_autoptr(GError) error = NULL;
        AUTO(repo) made = must_open(folder, 0);
        g_clear_pointer(&made, repo_close);
        made = must_open(folder, 0);
        g_autofree char *path = g_build_filename(folder, "repo", names[i], NULL);
        fixture_flip(path, 20, 1);
        AUTO(repo) harmed = open_repo(folder, 0, false, &error);
        g_assert_no_error(error);
        g_assert_nonnull(strstr(repo_trouble(harmed), names[i]));
        G_GNUC_UNUSED AUTO(repo) healed = must_open(folder, 0);
        AUTO(repo) well = open_repo(folder, 0, false, &error);
        g_assert_null(repo_trouble(well));
        folder_remove(folder);
    }
}

/* ---- locks -------------------------------------------------------------------------------- */

static void test_locks(void)
{
    g_autofree char *folder = folder_new();
    g_autoptr(GError) error = NULL;
    AUTO(repo) repo = must_open(folder, 0);
    AUTO(lineage) one = must_begin(repo);
    AUTO(lineage) two = must_begin(repo);
    g_assert_false(lineage_locked(two, "lock"));
    g_assert_true(lineage_lock(one, "lock", &error));
    g_assert_true(lineage_lock(one, "lock", &error));
    g_assert_true(lineage_locked(two, "lock"));
    g_assert_false(lineage_locked(one, "lock"));
    g_assert_false(lineage_lock(two, "lock", &error));
    g_assert_error(error, RUNBOOK_ERROR, RUNBOOK_REFUSED);
    g_assert_nonnull(strstr(error->message, "process"));
    g_clear_error(&error);
    g_assert_true(lineage_lock(two, "receiver", &error));
    g_clear_pointer(&one, lineage_close);
    g_assert_true(lineage_lock(two, "lock", &error));
    folder_remove(folder);
}

/* ---- backups ------------------------------------------------------------------------------ */

static void count_note(const char *text, gpointer data)
{
    g_assert_nonnull(strstr(text, "removed what"));
    (*(guint *) data)++;
}

static void test_life(char key)
{
    g_autofree char *folder = folder_new();
    g_autoptr(GError) error = NULL;
    G_GNUC_UNUSED AUTO(repo_key) loaded = fixture_key(folder, 'a');
    AUTO(repo) repo = must_open(folder, key);
    AUTO(lineage) lineage = must_begin(repo);
    g_autoptr(GPtrArray) none = list(lineage);
    g_assert_cmpuint(none->len, ==, 0);

    g_assert_true(lineage_lock(lineage, "lock", &error));
    AUTO(repo_backup) died = lineage_backup_begin(lineage, noon_us, NULL, NULL, &error);
    g_assert_cmpstr(died->id, ==, "20251126T120300F");
    guint notes = 0;
    G_GNUC_UNUSED AUTO(repo_backup) died_too =
        lineage_backup_begin(lineage, noon_us, count_note, &notes, &error);
    g_assert_cmpuint(notes, ==, 1);
    g_autoptr(GPtrArray) still_none = list(lineage);
    g_assert_cmpuint(still_none->len, ==, 0);

    AUTO(repo_backup) first = make_backup(lineage, noon_us, 0x5000100);
    /* The clock was set back: another id, and the order is that of the WAL. */
    AUTO(repo_backup) second = make_backup(lineage, noon_us - 3600000000, 0x9000100);
    AUTO(repo_backup) third = make_backup(lineage, noon_us, 0xA000100);
    g_assert_cmpstr(third->id, ==, "20251126T120301F");
    g_autoptr(GPtrArray) three = list(lineage);
    g_assert_cmpuint(three->len, ==, 3);
    g_assert_cmpstr(at(three, 0)->id, ==, first->id);
    g_assert_cmpstr(at(three, 1)->id, ==, second->id);
    g_assert_cmpstr(at(three, 2)->id, ==, third->id);
    for (guint i = 0; i < 3; i++) {
        g_assert_null(at(three, i)->trouble);
        g_assert_null(at(three, i)->note);
        g_assert_cmpint(at(three, i)->proof, ==, REPO_UNVERIFIED);
    }
    g_assert_true(lineage_backup_remove(lineage, at(three, 1), &error));
    g_assert_no_error(error);
    g_autoptr(GPtrArray) two = list(lineage);
    g_assert_cmpuint(two->len, ==, 2);
    folder_remove(folder);
}

static void test_life_plain(void)
{
    test_life(0);
}

static void test_life_encrypted(void)
{
    test_life('a');
}

static void test_proof(void)
{
    g_autofree char *folder = folder_new();
    g_autoptr(GError) error = NULL;
    AUTO(repo) repo = must_open(folder, 0);
    AUTO(lineage) lineage = must_begin(repo);
    AUTO(repo_backup) backup = make_backup(lineage, noon_us, 0x5000100);
    static const struct {
        enum repo_prover by;
        enum repo_proof put, is;
        double seconds, seconds_are;
    } steps[] = {
        {REPO_BY_VERIFY, REPO_VERIFIED, REPO_VERIFIED, -1, -1},
        {REPO_BY_DRILL, REPO_PROVEN, REPO_PROVEN, 12.5, 12.5},
        {REPO_BY_VERIFY, REPO_VERIFIED, REPO_PROVEN, -1, 12.5},
        {REPO_BY_VERIFY, REPO_DAMAGED, REPO_DAMAGED, -1, 12.5},
        {REPO_BY_VERIFY, REPO_VERIFIED, REPO_VERIFIED, -1, 12.5},
        /* What a drill found is not taken back by bytes that are as they were written. */
        {REPO_BY_DRILL, REPO_DAMAGED, REPO_DAMAGED, 3, 3},
        {REPO_BY_VERIFY, REPO_VERIFIED, REPO_DAMAGED, -1, 3},
        {REPO_BY_VERIFY, REPO_DAMAGED, REPO_DAMAGED, -1, 3},
        {REPO_BY_VERIFY, REPO_VERIFIED, REPO_DAMAGED, -1, 3},
        {REPO_BY_DRILL, REPO_PROVEN, REPO_PROVEN, 4, 4},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_assert_true(lineage_backup_prove(lineage, backup, steps[i].by, steps[i].put,
                                           "so it is", steps[i].seconds, noon_us + (gint64) i,
                                           &error));
        AUTO(repo_backup) read = lineage_backup_read(lineage, backup->id);
        g_assert_cmpint(read->proof, ==, steps[i].is);
        g_assert_cmpint(backup->proof, ==, steps[i].is);
        g_assert_cmpstr(read->proof_text, ==, "so it is");
        g_assert_cmpfloat(read->recovery_seconds, ==, steps[i].seconds_are);
    }
    folder_remove(folder);
}

/* Several may use one; who asks is not among them. */
static void test_used(void)
{
    g_autofree char *folder = folder_new();
    g_autoptr(GError) error = NULL;
    AUTO(repo) repo = must_open(folder, 0);
    AUTO(lineage) lineage = must_begin(repo);
    AUTO(repo_backup) backup = make_backup(lineage, noon_us, 0x5000100);
    for (int i = 0; i < 2; i++) {
        AUTO(lineage) first = lineage_open(repo, lineage_system(lineage), false, &error);
        AUTO(lineage) second = lineage_open(repo, lineage_system(lineage), false, &error);
        g_assert_false(lineage_backup_used(lineage, backup));
        g_assert_true(lineage_backup_use(first, backup, &error));
        g_assert_true(lineage_backup_use(second, backup, &error));
        g_assert_true(lineage_backup_use(second, backup, &error));
        g_assert_true(lineage_backup_used(lineage, backup));
    }
    g_assert_false(lineage_backup_used(lineage, backup));
    g_assert_no_error(error);
    folder_remove(folder);
}

/* What is harmed is named; the other backups are listed as ever. */
static void test_harmed(void)
{
    g_autofree char *folder = folder_new();
    g_autoptr(GError) error = NULL;
    AUTO(repo) repo = must_open(folder, 0);
    AUTO(lineage) lineage = must_begin(repo);
    AUTO(repo_backup) one = make_backup(lineage, noon_us, 0x5000100);
    G_GNUC_UNUSED AUTO(repo_backup) two = make_backup(lineage, noon_us, 0x6000100);
    g_assert_true(lineage_backup_prove(lineage, one, REPO_BY_DRILL, REPO_PROVEN, NULL, 1,
                                       noon_us, &error));
    g_autofree char *manifest = g_build_filename(one->folder, "manifest.json", NULL);
    g_autofree char *copy = g_build_filename(one->folder, "manifest.copy.json", NULL);
    g_autofree char *proof = g_build_filename(one->folder, "proof.json", NULL);
    g_autofree char *base = g_build_filename(one->folder, "base.tar.zst", NULL);

    fixture_flip(proof, 5, 4);
    AUTO(repo_backup) unproven = lineage_backup_read(lineage, one->id);
    g_assert_null(unproven->trouble);
    g_assert_cmpint(unproven->proof, ==, REPO_UNVERIFIED);
    g_assert_nonnull(strstr(unproven->note, "proof.json"));

    fixture_flip(manifest, 50, 4);
    AUTO(repo_backup) survived = lineage_backup_read(lineage, one->id);
    g_assert_null(survived->trouble);
    g_assert_nonnull(strstr(survived->note, "manifest.json"));
    g_assert_cmpuint(survived->stop_lsn, ==, 0x5000100);

    fixture_cut(base, 1);
    AUTO(repo_backup) cut = lineage_backup_read(lineage, one->id);
    g_assert_nonnull(strstr(cut->trouble, "base.tar.zst"));

    fixture_flip(copy, 50, 4);
    g_autoptr(GPtrArray) both = list(lineage);
    g_assert_cmpuint(both->len, ==, 2);
    g_assert_null(at(both, 0)->trouble);
    g_assert_cmpstr(at(both, 1)->id, ==, one->id);
    g_assert_nonnull(strstr(at(both, 1)->trouble, "manifest.json"));
    folder_remove(folder);
}

static void test_damage(void)
{
    g_autofree char *folder = folder_new();
    g_autoptr(GError) error = NULL;
    AUTO(repo) repo = must_open(folder, 0);
    AUTO(lineage) lineage = must_begin(repo);
    g_assert_null(lineage_damage(lineage));
    g_assert_true(lineage_damage_clear(lineage, false, &error));
    g_assert_true(lineage_damage_mark(lineage, "base/5/1259, block 3", false, noon_us, &error));
    g_autofree char *text = lineage_damage(lineage);
    g_assert_cmpstr(text, ==, "base/5/1259, block 3");
    g_assert_true(lineage_damage_clear(lineage, true, &error));
    g_autofree char *still = lineage_damage(lineage);
    g_assert_nonnull(still);
    g_assert_true(lineage_damage_clear(lineage, false, &error));
    g_assert_null(lineage_damage(lineage));
    g_assert_true(lineage_damage_mark(lineage, "of a standby", true, noon_us, &error));
    g_assert_true(lineage_damage_clear(lineage, true, &error));
    g_assert_null(lineage_damage(lineage));
    g_assert_true(lineage_damage_mark(lineage, "base/5/1259, block 3", true, noon_us, &error));
    g_autofree char *path = g_build_filename(lineage_path(lineage), "damage.json", NULL);
    fixture_flip(path, 9, 1);
    g_autofree char *unreadable = lineage_damage(lineage);
    g_assert_nonnull(strstr(unreadable, "damage.json"));
    g_assert_true(lineage_damage_clear(lineage, true, &error));
    g_autofree char *unread = lineage_damage(lineage);
    g_assert_nonnull(unread);
    g_assert_true(lineage_damage_clear(lineage, false, &error));
    g_assert_null(lineage_damage(lineage));
    folder_remove(folder);
}

/* ---- sealed text -------------------------------------------------------------------------- */

static void test_seal(void)
{
    g_autofree char *text =
        repo_seal(json_pack("{s:s, s:I}", "name", "ä\"\n", "number", (json_int_t) G_MAXINT64));
    gsize length = strlen(text);
    json_t *object = repo_unseal(text, length, "x", NULL);
    g_assert_cmpstr(repo_seal_text(object, "name"), ==, "ä\"\n");
    g_assert_cmpint(repo_seal_int(object, "number"), ==, G_MAXINT64);
    json_decref(object);
    for (gsize bit = 0; bit < 8 * length; bit++) {
        text[bit / 8] = (char) (text[bit / 8] ^ (1 << bit % 8));
        g_autoptr(GError) error = NULL;
        g_assert_null(repo_unseal(text, length, "the file", &error));
        g_assert_true(g_str_has_prefix(error->message, "\"the file\" is damaged"));
        text[bit / 8] = (char) (text[bit / 8] ^ (1 << bit % 8));
    }
    for (gsize left = 0; left < length; left++)
        g_assert_null(repo_unseal(text, left, "x", NULL));
}

static void test_manifest(void)
{
    AUTO(repo_backup) backup = repo_backup_new();
    backup->id = g_strdup("20251126T120300F");
    backup->kind = g_strdup("full");
    backup->system = g_strdup(SYSTEM);
    backup->time_zone = g_strdup("Europe/Berlin");
    backup->version_num = 180000;
    backup->timeline = 3;
    backup->wal_segment_bytes = 64 << 20;
    backup->start_lsn = 0x1200000028;
    backup->stop_lsn = 0x1200000100;
    backup->max_connections = 250;
    backup->checksums = true;
    struct repo_backup_file file = {g_strdup("16385.tar.zst"), G_GUINT64_CONSTANT(1) << 40, 77,
                                    g_strnfill(64, 'a')};
    g_array_append_val(backup->files, file);
    struct repo_tablespace space = {16385, g_strdup("/srv/fast disk")};
    g_array_append_val(backup->tablespaces, space);
    struct repo_phase phase = {g_strdup("copy"), 1.25};
    g_array_append_val(backup->phases, phase);
    g_autofree char *text = repo_manifest_text(backup);
    g_autoptr(GError) error = NULL;
    AUTO(repo_backup) same = repo_manifest_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    g_autofree char *again = repo_manifest_text(same);
    g_assert_cmpstr(text, ==, again);
    g_assert_cmpuint(same->stop_lsn, ==, backup->stop_lsn);
    g_assert_cmpuint(g_array_index(same->files, struct repo_backup_file, 0).size, ==,
                     G_GUINT64_CONSTANT(1) << 40);
}

/* What is sealed well but says what cannot be is refused too. */
static void test_manifest_refused(void)
{
    static const struct {
        const char *name, *value;
        int code;
    } cases[] = {
        {"id", "\"../../etc\"", RUNBOOK_FAILED},
        {"id", "5", RUNBOOK_FAILED},
        {"kind", "\"incremental\"", RUNBOOK_REFUSED},
        {"format", "2", RUNBOOK_REFUSED},
        {"timeline", "0", RUNBOOK_FAILED},
        {"stop_lsn", "\"0/1\"", RUNBOOK_FAILED},
        {"stop_lsn", "\"x\"", RUNBOOK_FAILED},
        {"wal_segment_bytes", "3000000", RUNBOOK_FAILED},
        {"size_bytes", "-1", RUNBOOK_FAILED},
        {"files", "{}", RUNBOOK_FAILED},
        {"files", "[{\"name\": \"../x\", \"size_bytes\": 1, \"stored_bytes\": 1}]",
         RUNBOOK_FAILED},
        {"files", "[7]", RUNBOOK_FAILED},
        {"tablespaces", "[{\"oid\": 0, \"path\": \"/x\"}]", RUNBOOK_FAILED},
    };
    AUTO(repo_backup) backup = repo_backup_new();
    backup->id = g_strdup("20251126T120300F");
    backup->kind = g_strdup("full");
    backup->system = g_strdup(SYSTEM);
    backup->version_num = 180000;
    backup->timeline = 3;
    backup->wal_segment_bytes = 16 << 20;
    backup->start_lsn = backup->stop_lsn = 0x28;
    g_autofree char *good = repo_manifest_text(backup);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s %s", cases[i].name, cases[i].value);
        json_t *object = repo_unseal(good, strlen(good), "x", NULL);
        json_object_del(object, "sha256");
        json_object_set_new(object, cases[i].name,
                            json_loads(cases[i].value, JSON_DECODE_ANY, NULL));
        g_autofree char *text = repo_seal(object);
        g_autoptr(GError) error = NULL;
        g_assert_null(repo_manifest_parse(text, strlen(text), &error));
        g_assert_error(error, RUNBOOK_ERROR, cases[i].code);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/repo/open", test_open);
    g_test_add_func("/repo/not_empty", test_not_empty);
    g_test_add_func("/repo/key", test_key_of_repository);
    g_test_add_func("/repo/description_harmed", test_description_harmed);
    g_test_add_func("/repo/locks", test_locks);
    g_test_add_func("/repo/life/plain", test_life_plain);
    g_test_add_func("/repo/life/encrypted", test_life_encrypted);
    g_test_add_func("/repo/proof", test_proof);
    g_test_add_func("/repo/used", test_used);
    g_test_add_func("/repo/harmed", test_harmed);
    g_test_add_func("/repo/damage", test_damage);
    g_test_add_func("/repo/seal", test_seal);
    g_test_add_func("/repo/manifest", test_manifest);
    g_test_add_func("/repo/manifest_refused", test_manifest_refused);
    return g_test_run();
}
