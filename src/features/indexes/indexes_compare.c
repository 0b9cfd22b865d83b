/*
 * When one index makes another redundant. Pure. Redundant is what the planner could do without:
 * the same table and access method, the first keys equal in column or expression, operator class,
 * collation and order (or all of them reversed: a B-tree is read backwards as well), the same
 * predicate, and every included column to be found in the other.
 */
#include "indexes.h"

#include <string.h>

enum { FLIPPED = 3 }; /* DESC and NULLS FIRST, both: the same order from the other end */

static bool sound(const struct relation_index *index)
{
    return index->valid && index->ready && index->live;
}

static bool same_text(const char *left, const char *right)
{
    return g_strcmp0(left, right) == 0;
}

/* A node list is "(first second …)". That of fewer expressions has to be the beginning. */
static bool same_expressions(const char *b, const char *a)
{
    if (b == NULL)
        return true;
    if (a == NULL)
        return false;
    gsize length = strlen(b) - 1; /* without the closing parenthesis */
    return strncmp(b, a, length) == 0 && (a[length] == ')' || a[length] == ' ');
}

static bool same_keys(const struct relation_key *b, const struct relation_key *a, gint16 count,
                      gint16 flip)
{
    for (gint16 i = 0; i < count; i++)
        if (b[i].column != a[i].column || b[i].opclass != a[i].opclass ||
            b[i].collation != a[i].collation || (b[i].option ^ flip) != a[i].option)
            return false;
    return true;
}

static bool holds(const struct relation_key *keys, gint16 count, gint16 column)
{
    for (gint16 i = 0; i < count; i++)
        if (keys[i].column == column)
            return true;
    return false;
}

/* Whether every included column of `inner` is in `outer`, as key or included. */
static bool includes_all(const struct relation_index *inner,
                         const struct relation_key *inner_keys,
                         const struct relation_index *outer,
                         const struct relation_key *outer_keys)
{
    for (gint16 i = inner->key_count; i < inner->all_count; i++)
        if (!holds(outer_keys, outer->all_count, inner_keys[i].column))
            return false;
    return true;
}

/* B's uniqueness must be A's as well: the same keys, checked at the same time, with the same view
 * of nulls. */
static bool keeps_unique(const struct relation_index *b, const struct relation_index *a)
{
    return !b->unique ||
           (a->unique && a->key_count == b->key_count && a->immediate == b->immediate &&
            a->nulls_not_distinct == b->nulls_not_distinct);
}

/* Storage parameters of the other methods say what is in the index (pages_per_range, siglen);
 * those of a B-tree only how it is filled. */
static bool same_parameters(const struct relation_index *b, const struct relation_index *a)
{
    return strcmp(b->method, "btree") == 0 || same_text(b->options, a->options);
}

enum indexes_relation indexes_compare(const struct relations *relations,
                                      const struct relation_index *b,
                                      const struct relation_index *a)
{
    const struct relation_key *b_keys = relations_keys(relations, b);
    const struct relation_key *a_keys = relations_keys(relations, a);
    bool btree = strcmp(b->method, "btree") == 0;

    if (a == b || a->table != b->table || a->kind != b->kind || !sound(a) || !sound(b) ||
        a->exclusion || b->exclusion || !same_text(a->method, b->method) ||
        b->key_count > a->key_count || !same_text(b->predicate, a->predicate) ||
        !same_expressions(b->expressions, a->expressions) || !keeps_unique(b, a) ||
        !same_parameters(b, a))
        return INDEXES_UNRELATED;
    if (!same_keys(b_keys, a_keys, b->key_count, 0) &&
        !(btree && same_keys(b_keys, a_keys, b->key_count, FLIPPED)))
        return INDEXES_UNRELATED;
    if (!includes_all(b, b_keys, a, a_keys))
        return INDEXES_UNRELATED;
    bool same = b->key_count == a->key_count && includes_all(a, a_keys, b, b_keys);
    return same ? INDEXES_SAME : INDEXES_WITHIN;
}

/* ---- which of them stays ------------------------------------------------------------------- */

/* What cannot be dropped without losing more than an index. */
static bool bound(const struct relation_index *index)
{
    return index->constraint != '\0' || index->primary || index->exclusion ||
           index->replica_identity || index->clustered || index->parent != 0;
}

static int rank(const struct relation_index *index)
{
    if (index->primary)
        return 6;
    if (index->constraint != '\0')
        return 5;
    if (index->replica_identity)
        return 4;
    if (index->clustered)
        return 3;
    if (index->parent != 0)
        return 2;
    return index->unique ? 1 : 0;
}

/* Constraint-backed, then replica identity, then clustered, then more scans, then smaller, then
 * older. */
static bool better(const struct relation_index *left, const struct relation_index *right)
{
    if (rank(left) != rank(right))
        return rank(left) > rank(right);
    if (left->scans != right->scans)
        return left->scans > right->scans;
    if (left->pages != right->pages)
        return left->pages < right->pages;
    return left->oid < right->oid;
}

/* Of two that are the same each makes the other redundant: the better one stays. */
static bool beats(const struct relations *relations, const struct relation_index *a,
                  const struct relation_index *b)
{
    return indexes_compare(relations, a, b) != INDEXES_SAME || better(a, b);
}

static void judge(const struct relations *relations, const struct relation_table *table,
                  guint position, struct indexes_redundancy *ret)
{
    const struct relation_index *b = relations_index(relations, position);

    for (guint i = 0; i < table->index_count; i++) {
        guint candidate = table->first_index + i;
        const struct relation_index *a = relations_index(relations, candidate);
        enum indexes_relation relation = indexes_compare(relations, b, a);
        if (relation == INDEXES_UNRELATED || !beats(relations, a, b))
            continue;
        bool closer = relation == INDEXES_SAME && ret->relation != INDEXES_SAME;
        bool same_class = relation == ret->relation;
        if (ret->kept == INDEXES_NONE || closer ||
            (same_class && better(a, relations_index(relations, ret->kept)))) {
            ret->kept = candidate;
            ret->relation = relation;
        }
    }
    ret->bound = bound(b);
}

/* Whoever covers it is named for good: not one that is covered itself, nor the lesser of two that
 * are the same. Of two that are the same one stays for the other, whatever covers both. */
static void follow(struct indexes_redundancy *list, guint count)
{
    for (guint i = 0; i < count; i++)
        while (list[i].relation == INDEXES_WITHIN && list[i].kept < count &&
               list[list[i].kept].kept != INDEXES_NONE && !list[list[i].kept].bound)
            list[i].kept = list[list[i].kept].kept;
}

struct indexes_redundancy *indexes_find_redundant(const struct indexes_case *state)
{
    const struct relations *relations = state->relations;
    struct indexes_redundancy *list =
        g_new0(struct indexes_redundancy, relations->indexes->len + 1);

    for (guint i = 0; i < relations->indexes->len; i++)
        list[i] = (struct indexes_redundancy){.kept = INDEXES_NONE};
    for (guint t = 0; t < relations->tables->len; t++) {
        const struct relation_table *table = relations_table(relations, t);
        for (guint i = 0; table->index_count > 1 && i < table->index_count; i++)
            judge(relations, table, table->first_index + i, &list[table->first_index + i]);
    }
    follow(list, relations->indexes->len);
    return list;
}
