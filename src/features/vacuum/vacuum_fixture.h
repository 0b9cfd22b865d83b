/*
 * For tests: a database built table by table, with PostgreSQL's and pgrunbook's own defaults, so
 * that a case names only what it is about.
 */
#ifndef VACUUM_FIXTURE_H
#define VACUUM_FIXTURE_H

#include "vacuum.h"

/* A table of n rows that needs nothing. Its thresholds, for 1000 rows: more than 30 dead, 550
 * inserted, 70 changed. */
#define ROWS(n) .live = (n), .tuples = (n), .last_analyze = 1000

/* Text for a member that is not const; the fixture copies it. */
#define TEXT(literal) ((char[]){literal})

static inline struct vacuum_case *fixture_new(void)
{
    struct vacuum_case *state = vacuum_case_new();

    state->server = (struct vacuum_server){
        .version = 150004,
        .autovacuum = true,
        .track_counts = true,
        .sees_all = true,
        .block_size = 8192,
        .shared_buffers = (gint64) 1 << 30,
        .freeze_max_age = 200000000,
        .multixact_freeze_max_age = 400000000,
        .vacuum_threshold = 50,
        .vacuum_max_threshold = -1,
        .insert_threshold = 1000,
        .analyze_threshold = 50,
        .vacuum_fraction = 0.2,
        .insert_fraction = 0.2,
        .analyze_fraction = 0.1,
        .parallel_workers = 2,
    };
    state->rules = (struct vacuum_rules){
        .dead_rows = 20,
        .dead_fraction = 0.01,
        .inserted_rows = 500,
        .inserted_fraction = 0.05,
        .changed_rows = 50,
        .changed_fraction = 0.02,
        .not_visible_fraction = 0.1,
        .freeze_fraction = 0.5,
        .lanes = 2,
        .memory = 512 << 20,
        .big_bytes = 64 << 20,
    };
    return state;
}

static inline struct vacuum_choice *fixture_choice(const struct vacuum_case *state, guint index)
{
    g_assert_cmpuint(index, <, state->choices->len);
    return &g_array_index(state->choices, struct vacuum_choice, index);
}

/* Adds a table. Left out it is public.tN, ordinary, with OID N from 1 on. Its strings are
 * copied. Adding moves what was added before: hold indexes, not pointers. */
static inline guint fixture_add(struct vacuum_case *state, struct vacuum_table table)
{
    guint index = state->tables->len;

    table.oid = table.oid == 0 ? index + 1 : table.oid;
    table.kind = table.kind == '\0' ? 'r' : table.kind;
    table.schema = g_strdup(table.schema == NULL ? "public" : table.schema);
    table.name = table.name == NULL ? g_strdup_printf("t%u", table.oid) : g_strdup(table.name);
    table.lack = g_strdup(table.lack);
    table.options = g_strdup(table.options);
    g_array_append_val(state->tables, table);
    g_array_set_size(state->choices, index + 1);
    for (guint i = 0; i <= index; i++)
        fixture_choice(state, i)->table = &g_array_index(state->tables, struct vacuum_table, i);
    fixture_choice(state, index)->not_removable = -1;
    fixture_choice(state, index)->dead_after = -1;
    return index;
}

static inline void fixture_hold(struct vacuum_case *state, const char *who, guint32 xmin,
                                gint64 age, bool catalogs_only)
{
    struct vacuum_holder *holder = g_new0(struct vacuum_holder, 1);

    holder->kind = g_strdup("session");
    holder->holder = g_strdup(who);
    holder->xmin = xmin;
    holder->age_xids = age;
    holder->catalogs_only = catalogs_only;
    g_ptr_array_add(state->holders, holder);
}

/* Short names for tables of cases. */
enum {
    DEAD = VACUUM_NEED_DEAD,
    INSERTED = VACUUM_NEED_INSERTED,
    CHANGED = VACUUM_NEED_CHANGED,
    NEVER = VACUUM_NEED_NEVER_ANALYZED,
    FREEZE = VACUUM_NEED_FREEZE,
    EMERGENCY = VACUUM_NEED_EMERGENCY,
    VISIBILITY = VACUUM_NEED_VISIBILITY,
    PARTITIONS = VACUUM_NEED_PARTITIONS,
    ASKED = VACUUM_NEED_ASKED,
};

/* Complains with the case's name: the needs are not these, or it does not act on them. */
static inline void expect_needs(const char *name, const struct vacuum_choice *choice,
                                unsigned needs)
{
    bool vacuum = (needs & VACUUM_NEEDS_VACUUM) != 0;
    bool analyze = (needs & VACUUM_NEEDS_ANALYZE) != 0;
    bool freeze = (needs & VACUUM_NEEDS_FREEZE) != 0;

    if (choice->needs != needs)
        g_test_fail_printf("%s: needs %#x, not %#x", name, choice->needs, needs);
    if (choice->bar == VACUUM_BAR_NONE &&
        (choice->vacuum != vacuum || choice->analyze != analyze || choice->freeze != freeze))
        g_test_fail_printf("%s: does not do what it needs", name);
    if (needs != 0 && choice->bar == VACUUM_BAR_NONE &&
        !(choice->benefit >= 1 && choice->predicted_seconds > 0))
        g_test_fail_printf("%s: benefit %g in %g s", name, choice->benefit,
                           choice->predicted_seconds);
}

#endif
