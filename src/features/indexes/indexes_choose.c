/* Which indexes are meant: by name, by --invalid, by --bloated. Pure. */
#include "indexes_rebuild.h"

#include "relations/selection.h"
#include "units/units.h"

#include <string.h>

enum { NAMES_SAID = 5 };

void indexes_choice_free(gpointer data)
{
    struct indexes_choice *choice = data;

    g_free(choice->reason);
    g_free(choice->bar);
    g_free(choice);
}

struct indexes_choice *indexes_choice_add(GPtrArray *choices, guint position, char *reason)
{
    struct indexes_choice *choice = g_new0(struct indexes_choice, 1);

    choice->position = position;
    choice->reason = reason;
    choice->reclaimable_bytes = -1;
    g_ptr_array_add(choices, choice);
    return choice;
}

static const struct relation_table *table_of(const struct relations *relations, guint position)
{
    return relations_table_of(relations, relations_index(relations, position));
}

/* ---- by name ------------------------------------------------------------------------------ */

static bool is_below(const struct relations *relations, const struct relation_index *index,
                     guint oid)
{
    while (index != NULL && index->parent != oid)
        index = index->parent != 0 ? relations_find_index(relations, index->parent) : NULL;
    return index != NULL;
}

static void add_parts(const struct relations *relations, const struct relation_index *parent,
                      GPtrArray *choices)
{
    for (guint i = 0; i < relations->indexes->len; i++) {
        const struct relation_index *part = relations_index(relations, i);
        if (part->kind == 'i' && is_below(relations, part, parent->oid))
            indexes_choice_add(choices, i,
                               g_strdup_printf("asked for, as part of %s", parent->name));
    }
}

static bool add_named(const struct relations *relations, const char *name, GPtrArray *choices)
{
    bool found = false;

    for (guint i = 0; i < relations->indexes->len; i++) {
        const struct relation_index *index = relations_index(relations, i);
        if (!selection_matches_relation(name, table_of(relations, i)->schema, index->name))
            continue;
        found = true;
        if (index->kind == 'I')
            add_parts(relations, index, choices);
        else
            indexes_choice_add(choices, i, g_strdup("asked for"));
    }
    return found;
}

/* The hint for somebody who named the table: what its indexes are called. */
static char *indexes_of(const struct relations *relations, const struct relation_table *table)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < table->index_count && i < NAMES_SAID; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
                               relations_index(relations, table->first_index + i)->name);
    if (table->index_count > NAMES_SAID)
        g_string_append_printf(text, " and %d more", table->index_count - NAMES_SAID);
    return g_string_free(text, FALSE);
}

static bool fail_unknown(const struct relations *relations, const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < relations->tables->len; i++) {
        const struct relation_table *table = relations_table(relations, i);
        if (!selection_matches_relation(name, table->schema, table->name))
            continue;
        g_autofree char *list = indexes_of(relations, table);
        g_autofree char *hint =
            table->index_count > 0
                ? g_strdup_printf("its indexes: %s; * and ? are wildcards", list)
                : g_strdup("it has no indexes");
        runbook_error_set(error, RUNBOOK_USAGE, hint,
                          "\"%s\" is a table, and indexes rebuild takes the name of an index",
                          name);
        return false;
    }
    for (guint i = 0; i < relations->indexes->len; i++)
        g_ptr_array_add(names, g_strdup(relations_index(relations, i)->name));
    return selection_fail("index", name, names, error);
}

/* ---- invalid ones ------------------------------------------------------------------------- */

static void add_invalid(const struct relations *relations, GPtrArray *choices)
{
    for (guint i = 0; i < relations->indexes->len; i++) {
        const struct relation_index *index = relations_index(relations, i);
        /* What REINDEX CONCURRENTLY left is reported by itself; a partitioned one is invalid as
         * long as a part is missing. */
        if (index->kind == 'i' && !(index->valid && index->ready && index->live) &&
            !table_of(relations, i)->system && !rebuild_leftover_name(index->name))
            indexes_choice_add(choices, i, g_strdup("invalid: its build did not finish"));
    }
}

/* ------------------------------------------------------------------------------------------- */

static void bar_leftovers(const struct relations *relations, GPtrArray *choices)
{
    for (guint i = 0; i < choices->len; i++) {
        struct indexes_choice *choice = g_ptr_array_index(choices, i);
        const struct relation_index *index = relations_index(relations, choice->position);
        if (!(index->valid && index->ready && index->live) &&
            rebuild_leftover_name(index->name))
            choice->bar = g_strdup("REINDEX CONCURRENTLY left it: it is to be dropped, not "
                                   "rebuilt");
    }
}

/* Invalid ones first, because nobody can use them; then what wins most; then the small ones. */
static gint by_use(gconstpointer left, gconstpointer right, gpointer data)
{
    const struct indexes_choice *a = *(const struct indexes_choice *const *) left;
    const struct indexes_choice *b = *(const struct indexes_choice *const *) right;
    const struct relation_index *a_index = relations_index(data, a->position);
    const struct relation_index *b_index = relations_index(data, b->position);

    if (a_index->valid != b_index->valid)
        return a_index->valid ? 1 : -1;
    if (a->reclaimable_bytes != b->reclaimable_bytes)
        return a->reclaimable_bytes > b->reclaimable_bytes ? -1 : 1;
    if (a_index->pages != b_index->pages)
        return a_index->pages < b_index->pages ? -1 : 1;
    int names = strcmp(a_index->name, b_index->name);
    return names != 0 ? names : (gint) a->position - (gint) b->position;
}

static gint by_position(gconstpointer left, gconstpointer right)
{
    const struct indexes_choice *a = *(const struct indexes_choice *const *) left;
    const struct indexes_choice *b = *(const struct indexes_choice *const *) right;

    return a->position < b->position ? -1 : a->position > b->position;
}

/* A pattern may mean a part by its own name and by its parent's. */
static void remove_twins(GPtrArray *choices)
{
    g_ptr_array_sort(choices, by_position);
    for (guint i = choices->len; i > 1; i--)
        if (by_position(&choices->pdata[i - 2], &choices->pdata[i - 1]) == 0)
            g_ptr_array_remove_index(choices, i - 1);
}

GPtrArray *indexes_choose(const struct relations *relations, const struct indexes_wish *wish,
                          GError **error)
{
    g_autoptr(GPtrArray) choices = g_ptr_array_new_with_free_func(indexes_choice_free);

    if (wish->name != NULL && !add_named(relations, wish->name, choices)) {
        fail_unknown(relations, wish->name, error);
        return NULL;
    }
    if (wish->invalid)
        add_invalid(relations, choices);
    if (wish->bloated)
        indexes_select_bloated(relations, wish, choices);
    remove_twins(choices);
    bar_leftovers(relations, choices);
    g_ptr_array_sort_with_data(choices, by_use, (gpointer) (guintptr) relations);
    return g_steal_pointer(&choices);
}
