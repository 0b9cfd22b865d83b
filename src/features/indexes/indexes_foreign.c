/* Foreign keys and the indexes that serve them: deleting or re-keying a referenced row looks up
 * the rows that refer to it by equality on all columns of the key. Pure. */
#include "indexes.h"

#include <string.h>

static bool begins_with(const struct relation_key *keys, gint16 count, gint16 column)
{
    for (gint16 i = 0; i < count; i++)
        if (keys[i].column == column)
            return true;
    return false;
}

/* The first keys are the columns of the foreign key, in any order. */
static bool supports(const struct relations *relations, const struct relation_index *index,
                     const struct relation_foreign_key *key)
{
    const struct relation_key *keys = relations_keys(relations, index);
    bool looks_up = strcmp(index->method, "btree") == 0 ||
                    (strcmp(index->method, "hash") == 0 && key->count == 1);

    if (!looks_up || !index->valid || !index->ready || !index->live ||
        index->predicate != NULL || index->key_count < key->count)
        return false;
    for (gint16 i = 0; i < key->count; i++)
        if (!begins_with(keys, key->count, key->columns[i]))
            return false;
    return true;
}

/* Of several one is enough; which stays is told by what it is good for besides. */
static bool preferred(const struct relation_index *left, const struct relation_index *right)
{
    if (left->unique != right->unique)
        return left->unique;
    if (left->scans != right->scans)
        return left->scans > right->scans;
    return left->pages < right->pages;
}

static guint find_supporter(const struct relations *relations,
                            const struct relation_foreign_key *key,
                            const struct indexes_redundancy *redundant)
{
    const struct relation_table *table = relations_table(relations, key->table);
    guint best = INDEXES_NONE;

    for (guint i = 0; i < table->index_count; i++) {
        guint candidate = table->first_index + i;
        const struct relation_index *index = relations_index(relations, candidate);
        bool goes = redundant[candidate].kept != INDEXES_NONE && !redundant[candidate].bound;
        if (goes || !supports(relations, index, key))
            continue;
        if (best == INDEXES_NONE || preferred(index, relations_index(relations, best)))
            best = candidate;
    }
    return best;
}

static guint find_key(const struct relations *relations, const struct relation_table *table,
                      const struct relation_foreign_key *like)
{
    for (guint i = 0; i < relations->foreign_keys->len; i++) {
        const struct relation_foreign_key *key =
            &g_array_index(relations->foreign_keys, struct relation_foreign_key, i);
        if (!key->inherited && relations_table(relations, key->table) == table &&
            key->referenced == like->referenced &&
            strcmp(key->column_names, like->column_names) == 0)
            return i;
    }
    return INDEXES_NONE;
}

/* A partition's key comes from that of a table above it, where people made it: one finding, not
 * one for each partition. Columns may have other numbers there, but not other names. */
static guint made_as(const struct relations *relations, guint position)
{
    const struct relation_foreign_key *key =
        &g_array_index(relations->foreign_keys, struct relation_foreign_key, position);
    const struct relation_table *table = relations_table(relations, key->table);

    while (key->inherited && table != NULL && table->parent != 0) {
        table = relations_find_table(relations, table->parent);
        guint made = table == NULL ? INDEXES_NONE : find_key(relations, table, key);
        if (made != INDEXES_NONE)
            return made;
    }
    return position;
}

guint *indexes_find_supporters(const struct relations *relations,
                               const struct indexes_redundancy *redundant, GArray *missing)
{
    guint *list = g_new(guint, relations->indexes->len + 1);
    g_autofree bool *noted = g_new0(bool, relations->foreign_keys->len + 1);

    for (guint i = 0; i < relations->indexes->len; i++)
        list[i] = INDEXES_NONE;
    for (guint i = 0; i < relations->foreign_keys->len; i++) {
        const struct relation_foreign_key *key =
            &g_array_index(relations->foreign_keys, struct relation_foreign_key, i);
        guint supporter = find_supporter(relations, key, redundant);
        guint made = made_as(relations, i);
        if (supporter != INDEXES_NONE) {
            list[supporter] = i;
        } else if (relations_table(relations, key->table)->kind != 'p' && !noted[made]) {
            noted[made] = true;
            g_array_append_val(missing, made);
        }
    }
    return list;
}
