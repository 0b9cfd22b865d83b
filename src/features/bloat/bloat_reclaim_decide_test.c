#include "bloat_reclaim.h"

#include <string.h>

#define MB            ((gint64) 1024 * 1024)
#define GB            (1024 * MB)
#define TEXT(literal) ((char[]){literal})

/* ---- a case to vary: 4 GB of which 2 GB are free, and everything there is can be used ------------- */

struct given {
    struct reclaim_server server;
    struct reclaim_rules rules;
    struct reclaim_facts facts;
    struct reclaim_bloat bloat;
};

static struct given usual(int version)
{
    static char release[] = "1.4.8", schema[] = "public", name[] = "orders";

    return (struct given){
        .server = {.version = version,
                   .block_size = 8192,
                   .superuser = true,
                   .replica_wal = true,
                   .repack_slots = version >= 190000 ? 5 : 0,
                   .extension = release,
                   .client = release,
                   .wal_free = -1},
        .rules = {.worth_fraction = 0.3, .worth_bytes = 64 * MB},
        .facts = {.there = true,
                  .schema = schema,
                  .name = name,
                  .kind = 'r',
                  .persistence = 'p',
                  .readable = true,
                  .identity = true,
                  .key = true,
                  .heap = 4 * GB,
                  .indexes = GB,
                  .toast_tail = -1,
                  .disk_free = 100 * GB},
        .bloat = {.heap = 2 * GB},
    };
}

static void expect(const struct given *given, enum reclaim_means means, const char *words)
{
    struct reclaim_choice choice =
        reclaim_decide_table(&given->server, &given->rules, &given->facts, &given->bloat);

    g_assert_nonnull(choice.reason);
    if (choice.means != means || (words != NULL && strstr(choice.reason, words) == NULL))
        g_test_fail_printf("%s: %s", reclaim_means_name(choice.means), choice.reason);
    g_assert_true(choice.means == RECLAIM_NOTHING || choice.expected_bytes > 0);
    g_assert_true(choice.means == RECLAIM_FULL || choice.closed_seconds == 0);
    reclaim_choice_clear(&choice);
}

/* ---- the empty end ----------------------------------------------------------------------------- */

static void test_truncate(void)
{
    struct given given = usual(150000);
    given.facts.tail = 2 * GB;
    expect(&given, RECLAIM_TRUNCATE, "2 GB of 4 GB are free, 2 GB at the end");
    /* What would remain is not worth a rewrite: 0.9 of 2.9 GB is 31 %, 0.8 of 2.8 is 29 %. */
    given.facts.tail = 11 * GB / 10;
    expect(&given, RECLAIM_PG_REPACK, NULL);
    given.facts.tail = 12 * GB / 10;
    expect(&given, RECLAIM_TRUNCATE, NULL);
    /* Its TOAST table counts as well. */
    given.facts.toast = TEXT("pg_toast_1");
    given.facts.toast_heap = 4 * GB;
    given.bloat.toast = 2 * GB;
    expect(&given, RECLAIM_PG_REPACK, NULL);
    given.facts.toast_tail = 2 * GB;
    expect(&given, RECLAIM_TRUNCATE, NULL);
    given.server.standbys = 1;
    expect(&given, RECLAIM_PG_REPACK, NULL);
}

/* The end is better than nothing. */
static void test_only_the_end(void)
{
    struct given given = usual(150000);
    given.facts.tail = GB;
    given.server.extension = NULL;
    expect(&given, RECLAIM_TRUNCATE, "1 GB at the end; for the rest: pg_repack: the extension");
    given.facts.tail = 63 * MB;
    expect(&given, RECLAIM_NOTHING, "CREATE EXTENSION pg_repack");
    given.facts.tail = GB;
    given.server.standbys = 2;
    expect(&given, RECLAIM_NOTHING, "standby");
}

/* ---- REPACK and pg_repack ------------------------------------------------------------------------- */

static void test_repack(void)
{
    struct given given = usual(190000);
    expect(&given, RECLAIM_REPACK, "2 GB of 4 GB are free");
    given.facts.identity = false;
    expect(&given, RECLAIM_PG_REPACK, NULL);
    given.server.extension = NULL;
    expect(&given, RECLAIM_NOTHING, "REPACK (CONCURRENTLY): the table has no primary key");
    given.facts.identity = true;
    given.server.replica_wal = false;
    expect(&given, RECLAIM_NOTHING, "wal_level");
    given.server.replica_wal = true;
    given.server.repack_slots = 0;
    expect(&given, RECLAIM_NOTHING, "max_repack_replication_slots");
    given.server.repack_slots = 1;
    given.facts.persistence = 'u';
    expect(&given, RECLAIM_NOTHING, "not logged");
    given.facts.persistence = 'p';
    given.facts.kind = 'm';
    expect(&given, RECLAIM_NOTHING, "no ordinary table");
    given.facts.kind = 'r';
    expect(&given, RECLAIM_REPACK, NULL);

    given = usual(180999);
    expect(&given, RECLAIM_PG_REPACK, NULL);
    given.server.extension = NULL;
    struct reclaim_choice choice =
        reclaim_decide_table(&given.server, &given.rules, &given.facts, &given.bloat);
    g_assert_null(strstr(choice.reason, "REPACK (C"));
    reclaim_choice_clear(&choice);
}

static void test_pg_repack(void)
{
    struct given given = usual(150000);
    expect(&given, RECLAIM_PG_REPACK, "2 GB of 4 GB are free");
    given.facts.key = false;
    expect(&given, RECLAIM_NOTHING, "neither a primary key");
    given.facts.key = true;
    given.facts.leftover = true;
    expect(&given, RECLAIM_NOTHING, "left its trigger");
    given.facts.leftover = false;
    given.facts.repacking = true;
    expect(&given, RECLAIM_NOTHING, "at work");
    given.facts.repacking = false;
    given.facts.persistence = 'u';
    expect(&given, RECLAIM_NOTHING, "not logged");
    given.facts.persistence = 'p';
    given.server.publication = TEXT("everything");
    expect(&given, RECLAIM_NOTHING, "\"everything\", which is FOR ALL TABLES");
    given.server.publication = NULL;
    given.server.client = TEXT("1.5.0");
    expect(&given, RECLAIM_NOTHING, "the program's version is 1.5.0, the extension's 1.4.8");
    given.server.client = NULL;
    given.server.client_trouble = TEXT("the program \"pg_repack\" is not installed here");
    expect(&given, RECLAIM_NOTHING, "not installed here");
}

static void test_pg_repack_superuser(void)
{
    static const struct {
        char version[8];
        bool anybody;
    } cases[] = {{"1.4.8", false}, {"1.5.1", false}, {"1.5.2", true}, {"1.5", false},
                 {"1.6", true},    {"2.0.0", true},  {"0.9", false}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct given given = usual(150000);
        char version[8];
        g_strlcpy(version, cases[i].version, sizeof version);
        given.server.extension = given.server.client = version;
        expect(&given, RECLAIM_PG_REPACK, NULL);
        given.server.superuser = false;
        expect(&given, cases[i].anybody ? RECLAIM_PG_REPACK : RECLAIM_NOTHING,
               cases[i].anybody ? NULL : "superuser's alone");
    }
}

/* ---- VACUUM (FULL) --------------------------------------------------------------------------------- */

static void test_full(void)
{
    struct given given = usual(150000);
    given.server.extension = NULL;
    expect(&given, RECLAIM_NOTHING,
           "VACUUM (FULL): needs --allow-exclusive-lock, and closes the table for about 4 min "
           "16 s");
    given.rules.allow_exclusive = true;
    expect(&given, RECLAIM_FULL, "nobody can use the table for about 4 min 16 s");
    given.server.rates[RECLAIM_FULL] = 512.0 * MB;
    struct reclaim_choice choice =
        reclaim_decide_table(&given.server, &given.rules, &given.facts, &given.bloat);
    g_assert_cmpfloat(choice.closed_seconds, ==, 10);
    g_assert_cmpfloat(choice.predicted_seconds, ==, 10);
    reclaim_choice_clear(&choice);
    /* Never where something gentler is possible. */
    given = usual(150000);
    given.rules.allow_exclusive = true;
    expect(&given, RECLAIM_PG_REPACK, NULL);
    given.facts.tail = 2 * GB;
    expect(&given, RECLAIM_TRUNCATE, NULL);
}

/* ---- room ------------------------------------------------------------------------------------------- */

static void test_disk(void)
{
    struct given given = usual(150000);
    /* 3 GB remain of 5 GB: twice that for a copy and what lies beside it. */
    given.facts.disk_free = 6 * GB - 1;
    expect(&given, RECLAIM_NOTHING, "it needs 6 GB of disk, and 6 GB are free");
    given.rules.allow_exclusive = true;
    expect(&given, RECLAIM_FULL, NULL);
    given.facts.disk_free = 3 * GB - 1;
    expect(&given, RECLAIM_NOTHING, "it needs 3 GB of disk");
    given.facts.disk_free = 6 * GB;
    given.server.wal_free = 3 * GB - 1;
    expect(&given, RECLAIM_NOTHING, "3 GB of WAL");
    given.server.wal_free = 3 * GB;
    expect(&given, RECLAIM_PG_REPACK, NULL);

    given.facts.disk_free = -1;
    expect(&given, RECLAIM_PG_REPACK, NULL); /* 0: any */
    given.rules.blind_bytes = 3 * GB - 1;
    expect(&given, RECLAIM_NOTHING, "bloat.blind_size");
    given.rules.blind_bytes = 3 * GB;
    expect(&given, RECLAIM_PG_REPACK, NULL);
    /* Cutting off the end needs none. */
    given.facts.disk_free = 0;
    given.facts.tail = 2 * GB;
    expect(&given, RECLAIM_TRUNCATE, NULL);
}

/* ---- not at all ------------------------------------------------------------------------------------- */

static void test_bars(void)
{
    struct given given = usual(190000);
    given.facts.tail = 2 * GB;
    given.rules.allow_exclusive = true;
    given.facts.lack = TEXT("it belongs to bob");
    struct reclaim_choice choice =
        reclaim_decide_table(&given.server, &given.rules, &given.facts, &given.bloat);
    g_assert_cmpint(choice.means, ==, RECLAIM_NOTHING);
    g_assert_true(choice.forbidden);
    g_assert_cmpstr(choice.reason, ==, "it belongs to bob");
    reclaim_choice_clear(&choice);
    given.facts.lack = NULL;
    given.facts.heap = -1;
    given.facts.holder = TEXT("AccessExclusiveLock held by pid 7");
    expect(&given, RECLAIM_NOTHING, "locked: AccessExclusiveLock held by pid 7");
    given.facts.there = false;
    expect(&given, RECLAIM_NOTHING, "dropped");
}

static void test_worth(void)
{
    struct reclaim_rules rules = {.worth_fraction = 0.3, .worth_bytes = 64 * MB};
    g_assert_true(reclaim_is_worth(&rules, 8192, 200 * MB, 64 * MB));
    g_assert_false(reclaim_is_worth(&rules, 8192, 200 * MB, 64 * MB - 1));
    g_assert_false(reclaim_is_worth(&rules, 8192, 1000 * MB, 299 * MB));
    g_assert_true(reclaim_is_worth(&rules, 8192, 1000 * MB, 300 * MB));
    rules.worth_bytes = 0;
    g_assert_true(reclaim_is_worth(&rules, 8192, 128 * 8192, MB));
    g_assert_false(reclaim_is_worth(&rules, 8192, 127 * 8192, MB));
    rules.worth_fraction = 0;
    g_assert_false(reclaim_is_worth(&rules, 8192, GB, 0));
    g_assert_false(reclaim_is_worth(&rules, 8192, GB, -1));
}

static void test_certain(void)
{
    struct bloat_object object = {.reclaimable_pct = 40, .margin_pct = 20};
    char *why = NULL;
    g_assert_true(reclaim_is_certain(&object, &why));
    g_assert_null(why);
    object.margin_pct = 20.1;
    g_assert_false(reclaim_is_certain(&object, &why));
    g_assert_true(g_str_has_prefix(why, "40 % free, give or take 20: too uncertain"));
    g_free(why);
}

/* ---- indexes ---------------------------------------------------------------------------------------- */

static void expect_index(const struct given *given, bool exclusion, enum reclaim_means means,
                         const char *words)
{
    struct relation_index index = {.exclusion = exclusion};
    struct bloat_object object = {.size_bytes = GB, .reclaimable_bytes = GB / 2};
    struct reclaim_choice choice =
        reclaim_decide_index(&given->server, &given->facts, &index, &object);

    if (choice.means != means || strstr(choice.reason, words) == NULL)
        g_test_fail_printf("%s: %s", reclaim_means_name(choice.means), choice.reason);
    reclaim_choice_clear(&choice);
}

static void test_index(void)
{
    struct given given = usual(140004);
    expect_index(&given, false, RECLAIM_REINDEX, "512 MB of 1 GB are free");
    expect_index(&given, true, RECLAIM_NOTHING, "exclusion");
    given.facts.lack = TEXT("it belongs to bob");
    expect_index(&given, false, RECLAIM_REINDEX, "512 MB");
    given.facts.reindex_lack = TEXT("it belongs to bob");
    expect_index(&given, false, RECLAIM_NOTHING, "it belongs to bob");
    given = usual(140003);
    expect_index(&given, false, RECLAIM_NOTHING, "14.3");
    given.facts.there = false;
    expect_index(&given, false, RECLAIM_NOTHING, "dropped");
}

/* ---- words ------------------------------------------------------------------------------------------ */

static void test_arguments(void)
{
    struct reclaim_server server = {.superuser = true};
    g_auto(GStrv) super =
        reclaim_pg_repack_arguments(&server, "/opt/pg_repack", 60000, "\"a\"");
    g_assert_cmpstr(super[0], ==, "/opt/pg_repack");
    g_assert_true(g_strv_contains((const char *const *) super, "--no-kill-backend"));
    g_assert_true(g_strv_contains((const char *const *) super, "--no-password"));
    g_assert_true(g_strv_contains((const char *const *) super, "--wait-timeout=60"));
    g_assert_true(g_strv_contains((const char *const *) super, "--table=\"a\""));
    g_assert_false(g_strv_contains((const char *const *) super, "--no-superuser-check"));
    server.superuser = false;
    g_auto(GStrv) owner = reclaim_pg_repack_arguments(&server, "pg_repack", 1, "\"a\"");
    g_assert_true(g_strv_contains((const char *const *) owner, "--no-superuser-check"));
    g_assert_true(g_strv_contains((const char *const *) owner, "--wait-timeout=1"));
}

static void test_client_version(void)
{
    static const struct {
        const char *output, *version;
    } cases[] = {
        {"pg_repack 1.4.8\n", "1.4.8"},
        {"pg_repack 1.5.2", "1.5.2"},
        {"pg_repack unknown\n", NULL},
        {"", NULL},
        {"\n1.4.8\n", NULL},
        {"usage: pg_repack -x\n", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *version = reclaim_client_version(cases[i].output);
        g_assert_cmpstr(version, ==, cases[i].version);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/reclaim/truncate", test_truncate);
    g_test_add_func("/reclaim/only-the-end", test_only_the_end);
    g_test_add_func("/reclaim/repack", test_repack);
    g_test_add_func("/reclaim/pg-repack", test_pg_repack);
    g_test_add_func("/reclaim/pg-repack-superuser", test_pg_repack_superuser);
    g_test_add_func("/reclaim/full", test_full);
    g_test_add_func("/reclaim/disk", test_disk);
    g_test_add_func("/reclaim/bars", test_bars);
    g_test_add_func("/reclaim/worth", test_worth);
    g_test_add_func("/reclaim/certain", test_certain);
    g_test_add_func("/reclaim/index", test_index);
    g_test_add_func("/reclaim/arguments", test_arguments);
    g_test_add_func("/reclaim/client-version", test_client_version);
    return g_test_run();
}
