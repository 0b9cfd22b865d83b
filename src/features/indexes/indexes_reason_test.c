#include "indexes_fixture.h"

/* t1 with i1, i2 (unique) and the key fk1 of t2; the primary and db2. */
static struct indexes_case *make(void)
{
    struct indexes_case *state = fixture_new();

    fixture_node(state, "");
    fixture_node(state, "db2");
    fixture_table(state, (struct relation_table){.deleted = 5, .updated = 12000});
    fixture_table(state, (struct relation_table){.name = "items"});
    fixture_add(state, &(struct fixture_index) ON("1", .pages = 2, .scans = 1));
    fixture_add(state, &(struct fixture_index) ON("1", .flags = UNIQUE, .pages = 3));
    fixture_foreign_key(state, 1, 0, "1", false);
    fixture_settle(state);
    return state;
}

static void expect(struct indexes_case *state, struct indexes_finding finding,
                   const char *verdict, const char *reason)
{
    g_autofree char *got_verdict = indexes_verdict(state, &finding);
    g_autofree char *got_reason = indexes_reason(state, &finding);

    g_assert_cmpstr(got_verdict, ==, verdict);
    g_assert_cmpstr(got_reason, ==, reason);
}

#define UNUSED(...)                                                                            \
    (struct indexes_finding)                                                                   \
    {                                                                                          \
        .kind = INDEXES_KIND_UNUSED, __VA_ARGS__                                               \
    }

static void test_unused(void)
{
    AUTO(indexes_case) state = make();
    gint64 day_us = FIXTURE_DAY * G_USEC_PER_SEC;

    /* 2033-05-18 03:33:20 UTC is now. */
    expect(state,
           UNUSED(.word = INDEXES_DROP_CANDIDATE, .why = INDEXES_WHY_UNUSED,
                  .since_us = state->now_us - 40 * day_us),
           "drop-candidate", "no scan was seen since 2033-04-08 03:33 UTC on 2 nodes");
    relations_index(state->relations, 0)->expressions = "({A})";
    expect(state,
           UNUSED(.word = INDEXES_DROP_CANDIDATE, .why = INDEXES_WHY_UNUSED,
                  .since_us = state->now_us),
           "drop-candidate",
           "no scan was seen since 2033-05-18 03:33 UTC on 2 nodes; the statistics of its "
           "expressions go with it");
    expect(state, UNUSED(.word = INDEXES_KEEP, .why = INDEXES_WHY_UNIQUE), "keep: unique",
           "no scan was seen; unique");
    expect(state, UNUSED(.word = INDEXES_KEEP, .why = INDEXES_WHY_FOREIGN_KEY, .other = 0),
           "keep: the only index under foreign key fk1",
           "no scan was seen; the only index under foreign key fk1");
    expect(state, UNUSED(.word = INDEXES_KEEP, .why = INDEXES_WHY_PARTITION, .other = 1),
           "keep: part of partitioned index i2",
           "no scan was seen; part of partitioned index i2");
}

static void test_young(void)
{
    AUTO(indexes_case) state = make();
    gint64 day_us = FIXTURE_DAY * G_USEC_PER_SEC;
    struct indexes_finding young = UNUSED(.word = INDEXES_UNKNOWN, .why = INDEXES_WHY_YOUNG);

    expect(state, young, "unknown: observed for 0 d of 30 d",
           "no scan was seen; observed for 0 d of 30 d");
    young.since_us = state->now_us - 29 * day_us - day_us * 9 / 10;
    expect(state, young, "unknown: observed for 29 d of 30 d",
           "no scan was seen; observed for 29 d of 30 d");
    state->rules.evidence_ms = (gint64) 2 * 60 * 60 * 1000;
    young.since_us = state->now_us - (gint64) 90 * 60 * G_USEC_PER_SEC;
    expect(state, young, "unknown: observed for 1 h 30 min of 2 h, in two samples at least",
           "no scan was seen; observed for 1 h 30 min of 2 h, in two samples at least");
}

static void test_nodes(void)
{
    AUTO(indexes_case) state = make();
    struct indexes_node *replica = g_ptr_array_index(state->nodes, 1);

    expect(state, UNUSED(.word = INDEXES_KEEP, .why = INDEXES_WHY_USED_ON, .other = 1),
           "keep: used on db2", "no scan on the primary, but it is used on db2");
    expect(state, UNUSED(.word = INDEXES_UNKNOWN, .why = INDEXES_WHY_RESET, .other = 1),
           "unknown: the counters of db2 were reset",
           "no scan was seen; the counters of db2 were reset");
    expect(state, UNUSED(.word = INDEXES_UNKNOWN, .why = INDEXES_WHY_RESET, .other = 0),
           "unknown: the counters of the primary were reset",
           "no scan was seen; the counters of the primary were reset");
    expect(state, UNUSED(.word = INDEXES_UNKNOWN, .why = INDEXES_WHY_NODE_UNSEEN, .other = 1),
           "unknown: replica db2 not seen",
           "its use on db2 is not known: the replica does not know the index");
    replica->trouble = g_strdup("it is no standby");
    expect(state, UNUSED(.word = INDEXES_UNKNOWN, .why = INDEXES_WHY_NODE_UNSEEN, .other = 1),
           "unknown: replica db2 not seen", "its use on db2 is not known: it is no standby");
    state->standbys = 2;
    expect(state, UNUSED(.word = INDEXES_UNKNOWN, .why = INDEXES_WHY_STANDBY_UNLISTED),
           "unknown: a standby is attached that replicas does not list",
           "2 standbys attached, 1 seen; list all of them in replicas, or with --replica");
    replica->seen = false;
    state->standbys = 1;
    expect(state, UNUSED(.word = INDEXES_UNKNOWN, .why = INDEXES_WHY_STANDBY_UNLISTED),
           "unknown: a standby is attached that replicas does not list",
           "1 standby attached, 0 seen; list all of them in replicas, or with --replica");
}

/* Why the other of a pair stays, the strongest reason first. */
static void test_pairs(void)
{
    AUTO(indexes_case) state = make();
    struct relation_index *other = relations_index(state->relations, 1);
    struct indexes_finding same = {.kind = INDEXES_KIND_DUPLICATE,
                                   .word = INDEXES_DROP_CANDIDATE,
                                   .why = INDEXES_WHY_SAME,
                                   .other = 1};
    struct indexes_finding within = {.kind = INDEXES_KIND_OVERLAPPING,
                                     .word = INDEXES_KEEP,
                                     .why = INDEXES_WHY_NARROW,
                                     .other = 1};
    static const char sizes[] = ": 16 kB with 1 scan beside 24 kB with 0 scans";
    static const char *const merits[] = {
        ", the primary key", ", which backs a constraint", ", the replica identity",
        ", by which the table is clustered", ", which is unique"};
    bool *const flags[] = {&other->primary, NULL, &other->replica_identity, &other->clustered,
                           &other->unique};

    other->primary = other->replica_identity = other->clustered = true;
    other->constraint = 'p';
    for (gsize i = 0; i < G_N_ELEMENTS(merits); i++) {
        g_autofree char *reason = g_strdup_printf("the same as i2%s%s", merits[i], sizes);
        expect(state, same, "drop-candidate", reason);
        if (flags[i] == NULL)
            other->constraint = '\0';
        else
            *flags[i] = false;
    }
    expect(state, same, "drop-candidate",
           "the same as i2, which is older: 16 kB with 1 scan beside 24 kB with 0 scans");
    other->pages = 1;
    expect(state, same, "drop-candidate",
           "the same as i2, which is smaller: 16 kB with 1 scan beside 8192 B with 0 scans");
    other->scans = 2;
    expect(
        state, same, "drop-candidate",
        "the same as i2, which is scanned more: 16 kB with 1 scan beside 8192 B with 2 scans");
    other->scans = 0;
    other->pages = 20;
    other->all_count = 2;
    expect(state, within, "keep: in use, and much smaller than i2",
           "all it can do is done as well by i2: 16 kB with 1 scan beside 160 kB with 0 scans");
    within.why = INDEXES_WHY_PARTITION;
    expect(state, within, "keep: part of partitioned index i2", "part of partitioned index i2");
    within.why = INDEXES_WHY_OTHER_GOES;
    g_autofree char *verdict = indexes_verdict(state, &within);
    g_assert_cmpstr(verdict, ==, "keep: i2, which covers it, is unused itself");
}

static void test_others(void)
{
    static const struct {
        struct indexes_finding finding;
        const char *verdict, *reason;
    } cases[] = {
        {{.kind = INDEXES_KIND_INVALID,
          .word = INDEXES_DROP_CANDIDATE,
          .why = INDEXES_WHY_LEFTOVER},
         "drop-candidate",
         "left behind by a REINDEX CONCURRENTLY that did not finish; every write may have to "
         "maintain it, and no query can use it"},
        {{.kind = INDEXES_KIND_INVALID,
          .word = INDEXES_DROP_CANDIDATE,
          .why = INDEXES_WHY_FAILED},
         "drop-candidate",
         "its build did not finish; every write may have to maintain it, and no query can use "
         "it"},
        {{.kind = INDEXES_KIND_INVALID, .word = INDEXES_KEEP, .why = INDEXES_WHY_BUILDING},
         "keep: being built",
         "it is invalid as long as it is being built"},
        {{.kind = INDEXES_KIND_INVALID,
          .word = INDEXES_UNKNOWN,
          .why = INDEXES_WHY_BUILD_HIDDEN},
         "unknown: somebody builds an index, and this role may not see which",
         "it is invalid as long as it is being built"},
        {{.kind = INDEXES_KIND_INVALID, .word = INDEXES_KEEP, .why = INDEXES_WHY_INCOMPLETE},
         "keep: not every partition has its part",
         "a partitioned index is valid when an index of every partition is attached to it"},
        {{.kind = INDEXES_KIND_INVALID, .word = INDEXES_KEEP, .why = INDEXES_WHY_REBUILD},
         "keep: rebuild it",
         "it is invalid and cannot be dropped by itself; \"pgrunbook indexes rebuild "
         "--invalid\" repairs it"},
        {{.index = INDEXES_NONE,
          .kind = INDEXES_KIND_MISSING_FK,
          .word = INDEXES_KEEP,
          .why = INDEXES_WHY_NO_INDEX},
         "keep: nothing to drop, foreign key fk1 needs an index",
         "fk1 (1) refers to public.t1, where 5 rows were deleted and 12,000 updated; each of "
         "them has to read this table"},
        {{.kind = INDEXES_KIND_BLOATED,
          .word = INDEXES_KEEP,
          .why = INDEXES_WHY_REBUILD,
          .reclaimable_bytes = 3 << 20,
          .reclaimable_pct = 41.4,
          .margin_pct = 3},
         "keep: rebuild it",
         "3 MB, 41% (±3), would be won by a rebuild"},
    };
    AUTO(indexes_case) state = make();

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        expect(state, cases[i].finding, cases[i].verdict, cases[i].reason);
}

static void test_kinds(void)
{
    static const char *const names[] = {"unused",  "duplicate",  "overlapping",
                                        "invalid", "missing_fk", "bloated"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_cmpstr(indexes_kind_name((enum indexes_kind) i), ==, names[i]);
}

/* A partitioned index is as large as its parts on all levels. */
static void test_bytes(void)
{
    static const struct fixture_index indexes[] = {
        ON("1", .kind = 'I'),
        ON("1", .parent = 20001, .pages = 2),
        ON("1", .kind = 'I', .parent = 20001),
        ON("1", .parent = 20003, .pages = 5),
        ON("1", .pages = 100),
    };
    static const gint64 pages[] = {7, 2, 5, 5, 100};
    AUTO(indexes_case) state = fixture_new();

    fixture_table(state, (struct relation_table){0});
    for (gsize i = 0; i < G_N_ELEMENTS(indexes); i++)
        fixture_add(state, &indexes[i]);
    fixture_settle(state);
    for (guint i = 0; i < G_N_ELEMENTS(indexes); i++)
        g_assert_cmpint(
            relations_index_bytes(state->relations, relations_index(state->relations, i)), ==,
            pages[i] * 8192);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/indexes/reason/unused", test_unused);
    g_test_add_func("/indexes/reason/young", test_young);
    g_test_add_func("/indexes/reason/nodes", test_nodes);
    g_test_add_func("/indexes/reason/pairs", test_pairs);
    g_test_add_func("/indexes/reason/others", test_others);
    g_test_add_func("/indexes/reason/kinds", test_kinds);
    g_test_add_func("/indexes/reason/bytes", test_bytes);
    return g_test_run();
}
