/*
 * Any snapshot whatever: what is left when all drop-candidates are gone still does all that the
 * database relies on.
 */
#include "indexes.h"

#include <stddef.h>
#include <stdint.h>

enum { TABLES = 2, MOST_INDEXES = 12, MOST_KEYS = 3, FOREIGN_KEYS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
    const uint8_t *at;
    size_t left;
};

static unsigned next(struct bytes *bytes, unsigned below)
{
    if (bytes->left == 0)
        return 0;
    bytes->left--;
    return *bytes->at++ % below;
}

/* ---- a snapshot out of bytes --------------------------------------------------------------- */

/* Appends the index's keys; returns its expressions as the catalog has them, NULL for none. */
static const char *add_keys(struct bytes *bytes, struct relations *relations,
                            const struct relation_index *index)
{
    g_autoptr(GString) list = g_string_new(NULL);

    for (gint16 i = 0; i < index->all_count; i++) {
        bool included = i >= index->key_count;
        struct relation_key key = {
            .column = (gint16) (next(bytes, 4) + included),
            .option = (gint16) (included ? 0 : next(bytes, 8) % 4),
        };
        if (key.column == 0)
            g_string_append_printf(list, "%c%c", list->len > 0 ? ' ' : '(',
                                   (int) ('a' + next(bytes, 2)));
        g_array_append_val(relations->keys, key);
    }
    if (list->len == 0)
        return NULL;
    g_string_append_c(list, ')');
    return g_string_chunk_insert_const(relations->texts, list->str);
}

static void add_index(struct bytes *bytes, struct relations *relations, guint oid)
{
    static const char *const methods[] = {"btree", "hash", "gin"};
    unsigned flags = next(bytes, 256);
    gint16 keys = (gint16) (1 + next(bytes, MOST_KEYS));
    gint16 included = (gint16) next(bytes, 2);
    struct relation_index index = {
        .oid = oid,
        .table = next(bytes, TABLES),
        .kind = 'i',
        .name = "i",
        .method = methods[next(bytes, 8) % 3],
        .predicate = next(bytes, 8) == 1 ? "(p)" : NULL,
        .first_key = relations->keys->len,
        .key_count = keys,
        .all_count = (gint16) (keys + included),
        .unique = flags & 1,
        .immediate = (flags & 6) != 6,
        .constraint = (flags & 9) == 9 ? 'u' : '\0',
        .primary = (flags & 25) == 25,
        .clustered = (flags & 224) == 224,
        .replica_identity = (flags & 225) == 97,
        .valid = next(bytes, 8) != 1,
        .ready = true,
        .live = true,
        .pages = next(bytes, 64),
        .scans = next(bytes, 3),
    };

    index.expressions = add_keys(bytes, relations, &index);
    g_array_append_val(relations->indexes, index);
}

static struct relations *snapshot(struct bytes *bytes)
{
    struct relations *relations = relations_new();
    unsigned count = next(bytes, MOST_INDEXES + 1);

    relations->block_size = 8192;
    for (guint i = 0; i < TABLES; i++) {
        struct relation_table table = {
            .oid = i + 1, .kind = 'r', .schema = "s", .name = "t", .live = 100};
        g_array_append_val(relations->tables, table);
    }
    relations_settle_tables(relations);
    for (unsigned i = 0; i < count; i++)
        add_index(bytes, relations, 100 + i);
    relations_settle_indexes(relations);
    for (unsigned i = 0; i < FOREIGN_KEYS; i++) {
        struct relation_foreign_key key = {.name = "k",
                                           .column_names = "c",
                                           .table = next(bytes, TABLES),
                                           .count = (gint16) (1 + next(bytes, 2)),
                                           .columns = {1, 2}};
        g_array_append_val(relations->foreign_keys, key);
    }
    return relations;
}

/* Everything has been watched for long enough. */
static struct indexes_case *observed(struct bytes *bytes)
{
    struct indexes_case *state = indexes_case_new();
    struct indexes_node *node = indexes_node_new("");

    state->relations = snapshot(bytes);
    state->now_us = 1000;
    state->rules.narrow = 4;
    node->seen = true;
    node->sampling.samples = 2;
    for (guint i = 0; i < state->relations->indexes->len; i++) {
        const struct relation_index *index = relations_index(state->relations, i);
        struct indexes_use use = {
            .oid = index->oid,
            .scans = index->scans,
            .known = true,
            .kept = {.oid = index->oid,
                     .scans = index->scans,
                     .quiet_us = index->scans > 0 ? 1000 : 1,
                     .quiet_samples = index->scans > 0 ? 2 : 1},
        };
        g_array_append_val(node->uses, use);
    }
    g_ptr_array_add(state->nodes, node);
    return state;
}

/* ---- what must hold ------------------------------------------------------------------------ */

static bool *dropped(const struct indexes_case *state)
{
    bool *gone = g_new0(bool, state->relations->indexes->len + 1);

    for (guint i = 0; i < state->findings->len; i++) {
        const struct indexes_finding *finding =
            &g_array_index(state->findings, struct indexes_finding, i);
        g_autofree char *verdict = indexes_verdict(state, finding);
        g_autofree char *reason = indexes_reason(state, finding);
        g_assert(verdict != NULL && reason != NULL);
        if (finding->word == INDEXES_DROP_CANDIDATE)
            gone[finding->index] = true;
    }
    return gone;
}

/* What constraints, replication and uniqueness rest on stays, unless another does the same. */
static void check_bound(const struct relation_index *index, bool gone)
{
    g_assert(!gone || (index->constraint == '\0' && !index->primary && !index->exclusion));
    g_assert(!gone || !index->valid || (!index->replica_identity && !index->clustered));
}

/* A query that used it finds one that does the same. */
static void check_served(const struct relations *relations, guint position, const bool *gone)
{
    const struct relation_index *index = relations_index(relations, position);
    bool served = false;

    if (!gone[position] || !index->valid || (index->scans == 0 && !index->unique))
        return;
    for (guint i = 0; i < relations->indexes->len && !served; i++)
        served = !gone[i] && indexes_compare(relations, index, relations_index(relations, i)) !=
                                 INDEXES_UNRELATED;
    g_assert(served);
}

static GArray *missing(const struct relations *relations, const bool *gone)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(guint));
    g_autofree struct indexes_redundancy *none =
        g_new0(struct indexes_redundancy, relations->indexes->len + 1);

    /* An index that goes supports nothing: to the search that is one that is redundant. */
    for (guint i = 0; i < relations->indexes->len; i++)
        none[i].kept = gone != NULL && gone[i] ? 0 : INDEXES_NONE;
    g_free(indexes_find_supporters(relations, none, list));
    return list;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = {data, size};
    AUTO(indexes_case) state = observed(&bytes);

    indexes_decide(state);
    g_autofree bool *gone = dropped(state);
    for (guint i = 0; i < state->relations->indexes->len; i++) {
        check_bound(relations_index(state->relations, i), gone[i]);
        check_served(state->relations, i, gone);
    }
    g_autoptr(GArray) before = missing(state->relations, NULL);
    g_autoptr(GArray) after = missing(state->relations, gone);
    g_assert(before->len == after->len);
    return 0;
}
