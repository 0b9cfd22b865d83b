/* The texts are what servers really said to VACUUM (VERBOSE) and ANALYZE (VERBOSE) in a database
 * named "my.db". */
#include "vacuum_fixture.h"

static const struct {
    const char *name, *message, *detail;
    gint64 rows;
} not_removable_cases[] = {
    {"14",
     "table \"t\": found 0 removable, 1100 nonremovable row versions in 39 out of 39 pages",
     "100 dead row versions cannot be removed yet, oldest xmin: 750\n"
     "Skipped 0 pages due to buffer pins, 0 frozen pages.\n"
     "CPU: user: 0.00 s, system: 0.00 s, elapsed: 0.00 s.",
     100},
    {"14, none",
     "table \"t\": found 700 removable, 1300 nonremovable row versions in 39 out of 39 "
     "pages",
     "0 dead row versions cannot be removed yet, oldest xmin: 743\n"
     "Skipped 0 pages due to buffer pins, 0 frozen pages.",
     0},
    {"14, index", "index \"t_pkey\" now contains 1300 row versions in 8 pages",
     "700 index row versions were removed.\n1 index pages were newly deleted.", -1},
    {"14, first pass", "scanned index \"t_pkey\" to remove 700 row versions",
     "CPU: user: 0.00 s, system: 0.00 s, elapsed: 0.00 s", -1},
    {"15",
     "finished vacuuming \"my.db.public.t\": index scans: 0\n"
     "pages: 0 removed, 39 remain, 39 scanned (100.00% of total)\n"
     "tuples: 0 removed, 1100 remain, 100 are dead but not yet removable\n"
     "removable cutoff: 741, which was 2 XIDs old when operation ended\n"
     "new relfrozenxid: 741, which is 5 XIDs ahead of previous value\n",
     NULL, 100},
    {"18, frozen",
     "finished vacuuming \"my.db.public.t\": index scans: 1\n"
     "pages: 0 removed, 39 remain, 39 scanned (100.00% of total), 0 eagerly scanned\n"
     "tuples: 200 removed, 1100 remain, 0 are dead but not yet removable\n"
     "removable cutoff: 754, which was 0 XIDs old when operation ended\n"
     "frozen: 22 pages from table (56.41% of total) had 1100 tuples frozen\n",
     NULL, 0},
    {"more than 32 bits",
     "tuples: 0 removed, 1 remain, 5000000000 are dead but not yet removable", NULL,
     G_GINT64_CONSTANT(5000000000)},
    {"begin", "vacuuming \"my.db.public.t\"", NULL, -1},
    {"analyze",
     "\"t\": scanned 39 of 39 pages, containing 1300 live rows and 0 dead rows; "
     "1300 rows in sample, 1300 estimated total rows",
     NULL, -1},
    {"German",
     "Vakuum von »my.db.public.t« beendet: Index-Scans: 0\n"
     "Tupel: 0 entfernt, 1100 verbleiben, 100 sind tot aber noch nicht entfernbar\n",
     NULL, -1},
    {"German, 14", "Tabelle »t«: 0 entfernbare, 1100 nicht entfernbare Zeilenversionen",
     "100 tote Zeilenversionen können noch nicht entfernt werden, ältestes Xmin: 750", -1},
    {"words without a number", " are dead but not yet removable", NULL, -1},
    {"empty", "", "", -1},
};

static void test_not_removable(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(not_removable_cases); i++) {
        gint64 rows = vacuum_verbose_not_removable(not_removable_cases[i].message,
                                                   not_removable_cases[i].detail);
        if (rows != not_removable_cases[i].rows)
            g_test_fail_printf("%s: %" G_GINT64_FORMAT, not_removable_cases[i].name, rows);
    }
}

static void test_names(void)
{
    const struct vacuum_table plain = {.schema = TEXT("public"), .name = TEXT("t")};
    const struct vacuum_table parent = {.schema = TEXT("public"), .name = TEXT("p")};
    const struct vacuum_table dots = {.schema = TEXT("a.b"), .name = TEXT("qu\"o.te")};
    const struct vacuum_table quote = {.schema = TEXT("public"), .name = TEXT("a\"")};
    const struct vacuum_table prefix = {.schema = TEXT("public"), .name = TEXT("a")};
    const struct {
        const char *message;
        const struct vacuum_table *table;
        bool named;
    } cases[] = {
        {"vacuuming \"public.t\"", &plain, true},
        {"aggressively vacuuming \"public.t\"", &plain, true},
        {"vacuuming \"my.db.public.t\"", &plain, true},
        {"aggressively vacuuming \"my.db.public.t\"", &plain, true},
        {"finished vacuuming \"my.db.public.t\": index scans: 1\npages: 0 removed", &plain,
         true},
        {"analyzing \"public.t\"", &plain, true},
        {"finished analyzing table \"my.db.public.t\"", &plain, true},
        {"finished analyzing table \"my.db.public.t\"\navg read rate: 0.000 MB/s", &plain,
         true},
        {"analyzing \"public.p\" inheritance tree", &parent, true},
        {"vacuuming \"other.public.t\"", &plain, false},
        {"vacuuming \"my.db.public.tt\"", &plain, false},
        {"vacuuming \"my.db.xpublic.t\"", &plain, false},
        {"vacuuming \"my.db.pg_toast.pg_toast_16386\"", &plain, false},
        {"\"t\": scanned 39 of 39 pages, containing 1300 live rows and 0 dead rows", &plain,
         false},
        {"table \"t\": found 0 removable, 1100 nonremovable row versions", &plain, false},
        {"vacuuming \"a.b.qu\"o.te\"", &dots, true},
        {"finished vacuuming \"my.db.a.b.qu\"o.te\": index scans: 0\n", &dots, true},
        {"vacuuming \"public.a\"\"", &quote, true},
        {"vacuuming \"public.a\"\"", &prefix, false},
        {"finished vacuuming \"my.db.public.a\"\": index scans: 0\n", &quote, true},
        {"finished vacuuming \"my.db.public.a\"\": index scans: 0\n", &prefix, false},
        {"", &plain, false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        if (vacuum_verbose_names(cases[i].message, "my.db", cases[i].table) != cases[i].named)
            g_test_fail_printf("%s and table %s", cases[i].message, cases[i].table->name);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vacuum/verbose/not-removable", test_not_removable);
    g_test_add_func("/vacuum/verbose/names", test_names);
    return g_test_run();
}
