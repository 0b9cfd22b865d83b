/*
 * For tests: a database built index by index. A case names only what it is about: left out, an
 * index is a valid B-tree of one page that nobody has scanned for forty days.
 */
#ifndef INDEXES_FIXTURE_H
#define INDEXES_FIXTURE_H

#include "indexes.h"

#include <string.h>

static const gint64 FIXTURE_DAY = 24 * 60 * 60, FIXTURE_NOW = 2000000000; /* seconds */

/* What an index is besides its keys. */
enum fixture_flag {
    UNIQUE = 1 << 0,
    PRIMARY = 1 << 1 | UNIQUE,
    EXCLUSION = 1 << 2,
    DEFERRABLE = 1 << 3,
    NULLS_SAME = 1 << 4, /* NULLS NOT DISTINCT */
    INVALID = 1 << 5,
    NOT_READY = 1 << 6,
    NOT_LIVE = 1 << 7,
    CLUSTERED = 1 << 8,
    IDENTITY = 1 << 9, /* replica identity */
    PASSING = 1 << 10, /* invalid for the moment only */
};

/* An index as a case spells it. keys: columns of the table, "1 2"; 0 is an expression; "v" behind
 * one is DESC, "^" NULLS FIRST, "/7" operator class 7, "@9" collation 9; what follows "+" is
 * included. */
struct fixture_index {
    const char *keys; /* NULL: no index */
    unsigned flags;
    char constraint; /* contype */
    const char *name, *method, *expressions, *predicate, *options;
    guint table;  /* position; 0 is the first */
    guint parent; /* oid */
    char kind;
    gint64 pages, scans; /* pages below 0: none */
    guint oid;
    enum indexes_quiet here, there; /* on the primary, on the first replica */
};

/* ON("1 2", .flags = UNIQUE) */
#define ON(...)                                                                                \
    {                                                                                          \
        .keys = __VA_ARGS__                                                                    \
    }

/* "1v^/7@9" of the keys; where it ends. */
static inline const char *fixture_key(const char *at, struct relation_key *ret_key)
{
    char *end;

    *ret_key = (struct relation_key){.column = (gint16) strtol(at, &end, 10), .opclass = 1};
    g_assert_true(end > at);
    for (;; end++) {
        if (*end == 'v')
            ret_key->option |= 1;
        else if (*end == '^')
            ret_key->option |= 2;
        else
            break;
    }
    if (*end == '/')
        ret_key->opclass = (guint) strtol(end + 1, &end, 10);
    if (*end == '@')
        ret_key->collation = (guint) strtol(end + 1, &end, 10);
    return end;
}

static inline void fixture_keys(struct relations *relations, const char *text,
                                struct relation_index *index)
{
    index->first_key = relations->keys->len;
    for (const char *at = text; *at != '\0'; at += strspn(at, " ")) {
        struct relation_key key;
        if (*at == '+') {
            index->key_count = index->all_count;
            at++;
            continue;
        }
        at = fixture_key(at, &key);
        if (index->key_count > 0)
            key.opclass = 0; /* included */
        g_array_append_val(relations->keys, key);
        index->all_count++;
    }
    if (index->key_count == 0)
        index->key_count = index->all_count;
}

/* What a node saw of an index: quiet for forty days, or as it says. */
static inline void fixture_use(struct indexes_node *node, guint oid, enum indexes_quiet quiet)
{
    gint64 days = quiet == INDEXES_QUIET ? 40 : quiet == INDEXES_USED ? 1 : 3;
    struct indexes_use use = {
        .oid = oid,
        .scans = quiet == INDEXES_USED ? 100 : 0,
        .known = true,
        .kept = {.oid = oid,
                 .quiet_us = (FIXTURE_NOW - days * FIXTURE_DAY) * G_USEC_PER_SEC,
                 .quiet_samples = 1,
                 .reset = quiet == INDEXES_RESET},
    };

    if (quiet != INDEXES_UNSEEN)
        g_array_append_val(node->uses, use);
}

/* With one table, t1, and the primary; rules by default. */
static inline struct indexes_case *fixture_new(void)
{
    struct indexes_case *state = indexes_case_new();

    state->relations = relations_new();
    state->relations->block_size = 8192;
    state->now_us = FIXTURE_NOW * G_USEC_PER_SEC;
    state->rules = (struct indexes_rules){
        .evidence_ms = 30 * FIXTURE_DAY * 1000,
        .narrow = 4,
        .bloat_fraction = 0.3,
        .bloat_bytes = 64 << 20,
    };
    return state;
}

/* The primary first (""), then replicas, all of them seen. */
static inline struct indexes_node *fixture_node(struct indexes_case *state, const char *name)
{
    struct indexes_node *node = indexes_node_new(name);

    node->seen = true;
    node->sampling.samples = 10;
    g_ptr_array_add(state->nodes, node);
    return node;
}

/* Left out it is public.tN, ordinary, oid 16384 + N, in the order of adding. All tables come
 * before the first index. */
static inline void fixture_table(struct indexes_case *state, struct relation_table table)
{
    struct relations *relations = state->relations;
    guint number = relations->tables->len + 1;
    g_autofree char *name = g_strdup_printf("t%u", number);

    table.oid = 16384 + number;
    table.kind = table.kind == '\0' ? 'r' : table.kind;
    table.schema = table.schema == NULL ? "public" : table.schema;
    table.name =
        table.name == NULL ? g_string_chunk_insert(relations->texts, name) : table.name;
    g_array_append_val(relations->tables, table);
}

/* Left out it is iN, oid 20000 + N, in the order of adding. */
static inline void fixture_add(struct indexes_case *state, const struct fixture_index *spec)
{
    struct relations *relations = state->relations;
    guint number = relations->indexes->len + 1;
    g_autofree char *name = g_strdup_printf("i%u", number);
    struct relation_index index = {
        .oid = spec->oid == 0 ? 20000 + number : spec->oid,
        .table = spec->table,
        .parent = spec->parent,
        .kind = spec->kind == '\0' ? 'i' : spec->kind,
        .constraint = spec->constraint,
        .unique = spec->flags & UNIQUE,
        .primary = (spec->flags & PRIMARY) == PRIMARY,
        .exclusion = spec->flags & EXCLUSION,
        .immediate = !(spec->flags & DEFERRABLE),
        .nulls_not_distinct = spec->flags & NULLS_SAME,
        .valid = !(spec->flags & INVALID),
        .ready = !(spec->flags & NOT_READY),
        .live = !(spec->flags & NOT_LIVE),
        .clustered = spec->flags & CLUSTERED,
        .replica_identity = spec->flags & IDENTITY,
        .passing = spec->flags & PASSING,
        .name = g_string_chunk_insert(relations->texts, spec->name != NULL ? spec->name : name),
        .method = spec->method == NULL ? "btree" : spec->method,
        .expressions = spec->expressions,
        .predicate = spec->predicate,
        .options = spec->options,
        .pages = spec->pages == 0 && spec->kind != 'I' ? 1 : MAX(spec->pages, 0),
        .scans = spec->scans,
    };

    fixture_keys(relations, spec->keys, &index);
    g_array_append_val(relations->indexes, index);
    if (index.kind == 'I')
        return;
    if (state->nodes->len > 0)
        fixture_use(g_ptr_array_index(state->nodes, 0), index.oid, spec->here);
    if (state->nodes->len > 1)
        fixture_use(g_ptr_array_index(state->nodes, 1), index.oid, spec->there);
}

/* A foreign key fkN of a table (position) over its columns: "2 1". */
static inline void fixture_foreign_key(struct indexes_case *state, guint table,
                                       guint referenced, const char *columns, bool inherited)
{
    GArray *keys = state->relations->foreign_keys;
    g_autofree char *name = g_strdup_printf("fk%u", keys->len + 1);
    struct relation_foreign_key key = {
        .table = table, .referenced = referenced, .inherited = inherited};

    key.name = g_string_chunk_insert(state->relations->texts, name);
    key.column_names = columns;
    for (const char *at = columns; *at != '\0'; at += strspn(at, " ")) {
        char *end;
        key.columns[key.count++] = (gint16) strtol(at, &end, 10);
        g_assert_true(end > at);
        at = end;
    }
    g_array_append_val(keys, key);
}

/* Once everything was added. */
static inline void fixture_settle(struct indexes_case *state)
{
    relations_settle_tables(state->relations);
    relations_settle_indexes(state->relations);
}

/* "i1 unused keep: unique | i2 duplicate drop-candidate": the findings. Caller frees. */
static inline char *fixture_findings(const struct indexes_case *state)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < state->findings->len; i++) {
        const struct indexes_finding *finding =
            &g_array_index(state->findings, struct indexes_finding, i);
        const char *name = finding->index != INDEXES_NONE
                               ? relations_index(state->relations, finding->index)->name
                               : relations_table(state->relations, finding->table)->name;
        g_autofree char *verdict = indexes_verdict(state, finding);
        g_string_append_printf(text, "%s%s %s %s", i > 0 ? " | " : "", name,
                               indexes_kind_name(finding->kind), verdict);
    }
    return g_string_free(text, FALSE);
}

#endif
