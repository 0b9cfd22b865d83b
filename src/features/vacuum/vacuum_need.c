/*
 * What a table needs. A table that needs nothing is not touched: on a database of many tables
 * that is where the hours of `vacuumdb` go.
 */
#include "vacuum.h"

#include <math.h>
#include <string.h>

enum {
    VISIBILITY_PAGES = 32,    /* below, an index-only scan has nothing to gain */
    FREEZE_GAIN_DIVISOR = 20, /* a freeze must lower the age by this part of the limit */
    FAMILY_SECONDS = 10,      /* parents above and below analyze the same partitions in turn */
    FAMILY_FACTOR = 4,        /* a slow disk makes ANALYZE longer than predicted */
};

double vacuum_option(const struct vacuum_table *table, const char *name, double fallback)
{
    gsize length = strlen(name);

    for (const char *at = table->options; at != NULL && (at = strstr(at, name)) != NULL; at++)
        if ((at == table->options || at[-1] == ' ') && at[length] == '=')
            return g_ascii_strtod(at + length + 1, NULL);
    return fallback;
}

static double rows_of(const struct vacuum_table *table)
{
    return MAX((double) table->live, MAX(table->tuples, 0));
}

/* The smaller of our own threshold and the one at which autovacuum acts on this table; that one
 * goes by reltuples alone. */
static double threshold(const struct vacuum_table *table, double ours, const char *base_option,
                        double base, const char *fraction_option, double fraction)
{
    base = vacuum_option(table, base_option, base);
    fraction = vacuum_option(table, fraction_option, fraction);
    /* A base of -1 (inserts) turns autovacuum's rule off; ours stays. */
    return base < 0 ? ours : MIN(ours, base + fraction * MAX(table->tuples, 0));
}

double vacuum_autovacuum_threshold(const struct vacuum_server *server,
                                   const struct vacuum_table *table)
{
    double base =
        vacuum_option(table, "autovacuum_vacuum_threshold", (double) server->vacuum_threshold);
    double fraction =
        vacuum_option(table, "autovacuum_vacuum_scale_factor", server->vacuum_fraction);
    double most = vacuum_option(table, "autovacuum_vacuum_max_threshold",
                                (double) server->vacuum_max_threshold);
    double rows = base + fraction * MAX(table->tuples, 0);

    return most < 0 ? rows : MIN(rows, most);
}

static double dead_threshold(const struct vacuum_case *state, const struct vacuum_table *table)
{
    const struct vacuum_rules *rules = &state->rules;
    double ours = (double) rules->dead_rows + rules->dead_fraction * rows_of(table);

    return MIN(ours, vacuum_autovacuum_threshold(&state->server, table));
}

bool vacuum_is_system(const struct vacuum_table *table)
{
    return table->shared || strcmp(table->schema, "pg_catalog") == 0 ||
           strcmp(table->schema, "information_schema") == 0;
}

static double insert_threshold(const struct vacuum_case *state,
                               const struct vacuum_table *table)
{
    const struct vacuum_rules *rules = &state->rules;
    double ours = (double) rules->inserted_rows + rules->inserted_fraction * rows_of(table);

    return threshold(table, ours, "autovacuum_vacuum_insert_threshold",
                     (double) state->server.insert_threshold,
                     "autovacuum_vacuum_insert_scale_factor", state->server.insert_fraction);
}

static double change_threshold(const struct vacuum_case *state,
                               const struct vacuum_table *table)
{
    const struct vacuum_rules *rules = &state->rules;
    double ours = (double) rules->changed_rows + rules->changed_fraction * rows_of(table);

    return threshold(table, ours, "autovacuum_analyze_threshold",
                     (double) state->server.analyze_threshold,
                     "autovacuum_analyze_scale_factor", state->server.analyze_fraction);
}

static double age_limit(const struct vacuum_table *table, const char *option, gint64 limit)
{
    return MIN(vacuum_option(table, option, (double) limit), (double) limit);
}

static double multixact_ratio(const struct vacuum_server *server,
                              const struct vacuum_table *table)
{
    double limit = age_limit(table, "autovacuum_multixact_freeze_max_age",
                             server->multixact_freeze_max_age);

    return (double) MAX(table->mxid_age, table->toast_mxid_age) / MAX(limit, 1);
}

double vacuum_freeze_ratio(const struct vacuum_server *server, const struct vacuum_table *table)
{
    double limit = age_limit(table, "autovacuum_freeze_max_age", server->freeze_max_age);
    double xids = (double) MAX(table->xid_age, table->toast_xid_age) / MAX(limit, 1);

    return MAX(xids, multixact_ratio(server, table));
}

static unsigned freeze_needs(const struct vacuum_case *state, const struct vacuum_table *table)
{
    double ratio = vacuum_freeze_ratio(&state->server, table);
    unsigned needs = 0;

    if (ratio >= 1)
        needs |= VACUUM_NEED_EMERGENCY;
    if (ratio >= state->rules.freeze_fraction)
        needs |= VACUUM_NEED_FREEZE;
    if (state->rules.freeze)
        needs |= VACUUM_NEED_ASKED;
    return needs;
}

static bool lacks_visibility(const struct vacuum_rules *rules, const struct vacuum_table *table)
{
    double hidden = (double) (table->pages - table->visible_pages);

    return table->pages >= VISIBILITY_PAGES &&
           hidden / (double) table->pages > rules->not_visible_fraction;
}

/* What a plain table, materialized view or partition needs by itself. */
static unsigned own_needs(const struct vacuum_case *state, const struct vacuum_table *table)
{
    bool analyzable = table->oid != VACUUM_PG_STATISTIC;
    unsigned needs = 0;

    if (analyzable && (double) table->changed > change_threshold(state, table))
        needs |= VACUUM_NEED_CHANGED;
    if (analyzable && table->last_analyze == 0)
        needs |= VACUUM_NEED_NEVER_ANALYZED;
    if (state->rules.analyze_only)
        return needs;
    if ((double) table->dead > dead_threshold(state, table) ||
        (double) table->toast_dead > dead_threshold(state, table))
        needs |= VACUUM_NEED_DEAD;
    if ((double) table->inserted > insert_threshold(state, table))
        needs |= VACUUM_NEED_INSERTED;
    /* No index-only scan ever reads a system catalog. */
    if (!vacuum_is_system(table) && lacks_visibility(&state->rules, table))
        needs |= VACUUM_NEED_VISIBILITY;
    return needs | freeze_needs(state, table);
}

const struct vacuum_holder *vacuum_oldest_holder(const struct vacuum_case *state,
                                                 const struct vacuum_table *table)
{
    bool system = table != NULL && vacuum_is_system(table);

    for (guint i = 0; i < state->holders->len; i++) {
        const struct vacuum_holder *holder = g_ptr_array_index(state->holders, i);
        if (system || !holder->catalogs_only)
            return holder;
    }
    return NULL;
}

/* Rows that died (or came) after the oldest holder's snapshot stay until it ends. Where the last
 * recorded VACUUM met the same horizon, all that could go has gone. (That the holder is older
 * than the last VACUUM would not do: an even older one may have ended since.) */
static bool horizon_bars(const struct vacuum_case *state, const struct vacuum_table *table)
{
    const struct vacuum_holder *holder = vacuum_oldest_holder(state, table);

    return holder != NULL && holder->xmin != 0 && table->last_horizon == holder->xmin;
}

/* No VACUUM lowers an age below the horizon's. That of multixacts has a horizon of its own,
 * which is not observed: they are never held back. */
static bool freeze_is_vain(const struct vacuum_case *state, const struct vacuum_table *table)
{
    const struct vacuum_server *server = &state->server;
    const struct vacuum_holder *holder = vacuum_oldest_holder(state, table);
    gint64 age = MAX(table->xid_age, table->toast_xid_age);
    gint64 gain = holder == NULL ? age : age - holder->age_xids;

    return horizon_bars(state, table) && gain < server->freeze_max_age / FREEZE_GAIN_DIVISOR &&
           multixact_ratio(server, table) < state->rules.freeze_fraction;
}

static void hold_back(const struct vacuum_case *state, struct vacuum_choice *choice)
{
    if (horizon_bars(state, choice->table))
        choice->held |= choice->needs & VACUUM_NEEDS_HORIZON;
    if (freeze_is_vain(state, choice->table))
        choice->held |= choice->needs & (VACUUM_NEED_FREEZE | VACUUM_NEED_EMERGENCY);
    choice->needs &= ~choice->held;
}

static void settle_bar(struct vacuum_choice *choice)
{
    const struct vacuum_table *table = choice->table;

    if (choice->bar != VACUUM_BAR_NONE)
        return;
    if (table->kind == 'f')
        choice->bar = VACUUM_BAR_FOREIGN;
    else if (table->temporary)
        choice->bar = VACUUM_BAR_TEMPORARY;
    else if (choice->needs != 0 && table->lack != NULL)
        choice->bar = VACUUM_BAR_FORBIDDEN;
    else if (choice->needs == 0 && choice->held != 0)
        choice->bar = VACUUM_BAR_HORIZON;
}

static double benefit_of(const struct vacuum_choice *choice)
{
    const struct vacuum_table *table = choice->table;
    double hidden = table->pages == 0
                        ? 0
                        : rows_of(table) * (double) (table->pages - table->visible_pages) /
                              (double) table->pages;
    double benefit = 1;

    if (choice->vacuum)
        benefit += (double) table->dead + (double) table->toast_dead +
                   (double) table->inserted / 4 + hidden / 20;
    if (choice->analyze)
        benefit += (double) table->changed / 10;
    if (choice->needs & VACUUM_NEED_NEVER_ANALYZED)
        benefit += rows_of(table) / 10;
    return benefit;
}

static void conclude(const struct vacuum_case *state, struct vacuum_choice *choice)
{
    settle_bar(choice);
    if (choice->bar != VACUUM_BAR_NONE || choice->needs == 0)
        return;
    choice->vacuum = (choice->needs & VACUUM_NEEDS_VACUUM) != 0;
    choice->analyze = (choice->needs & VACUUM_NEEDS_ANALYZE) != 0;
    choice->freeze = (choice->needs & VACUUM_NEEDS_FREEZE) != 0;
    choice->benefit = benefit_of(choice);
    choice->predicted_seconds = vacuum_predict(&state->server, choice);
}

/* ---- partitioned parents ------------------------------------------------------------------- */

struct family {
    guint partitions;
    double rows, changed;
    double analyze_seconds; /* what ANALYZE of all of it may take */
    gint64 pages, newest_analyze;
};

/* Adds every partition to all its ancestors. */
static GHashTable *count_families(const struct vacuum_case *state)
{
    g_autoptr(GHashTable) parents = g_hash_table_new(NULL, NULL);
    GHashTable *families = g_hash_table_new_full(NULL, NULL, NULL, g_free);

    for (guint i = 0; i < state->tables->len; i++) {
        const struct vacuum_table *table =
            &g_array_index(state->tables, struct vacuum_table, i);
        if (table->kind == 'p')
            g_hash_table_insert(families, GUINT_TO_POINTER(table->oid),
                                g_new0(struct family, 1));
        if (table->parent != 0)
            g_hash_table_insert(parents, GUINT_TO_POINTER(table->oid),
                                GUINT_TO_POINTER(table->parent));
    }
    for (guint i = 0; i < state->tables->len; i++) {
        struct vacuum_table *table = &g_array_index(state->tables, struct vacuum_table, i);
        const struct vacuum_choice alone = {.table = table, .analyze = true};
        guint ancestor = table->kind == 'p' ? 0 : table->parent;
        for (; ancestor != 0; ancestor = GPOINTER_TO_UINT(
                                  g_hash_table_lookup(parents, GUINT_TO_POINTER(ancestor)))) {
            struct family *family = g_hash_table_lookup(families, GUINT_TO_POINTER(ancestor));
            if (family == NULL)
                break;
            family->partitions++;
            family->rows += rows_of(table);
            family->changed += (double) table->changed;
            family->analyze_seconds += vacuum_predict(&state->server, &alone);
            family->pages += table->pages;
            family->newest_analyze = MAX(family->newest_analyze, table->last_analyze);
        }
    }
    return families;
}

/* Autovacuum never looks at a parent, and ANALYZE of a partition does not refresh it: changed
 * rows that a partition's own ANALYZE has counted already still are news to the parent. But
 * ANALYZE of a parent goes on to its partitions (unless told ONLY, from 18 on), so they are
 * later by as long as that takes. */
static unsigned parent_needs(const struct vacuum_case *state, const struct vacuum_table *table,
                             const struct family *family)
{
    const struct vacuum_rules *rules = &state->rules;

    /* ANALYZE of a parent that has none does nothing and leaves no trace. */
    if (family->partitions == 0)
        return 0;
    if (table->last_analyze == 0)
        return VACUUM_NEED_NEVER_ANALYZED;
    double together = FAMILY_SECONDS + FAMILY_FACTOR * family->analyze_seconds;
    if (family->changed >
            (double) rules->changed_rows + rules->changed_fraction * family->rows ||
        (double) (family->newest_analyze - table->last_analyze) > together)
        return VACUUM_NEED_PARTITIONS;
    return 0;
}

void vacuum_decide(struct vacuum_case *state)
{
    g_autoptr(GHashTable) families = count_families(state);

    for (guint i = 0; i < state->choices->len; i++) {
        struct vacuum_choice *choice = &g_array_index(state->choices, struct vacuum_choice, i);
        struct vacuum_table *table = choice->table;
        if (table->kind == 'p') {
            const struct family *family =
                g_hash_table_lookup(families, GUINT_TO_POINTER(table->oid));
            choice->needs = parent_needs(state, table, family);
            /* Its ANALYZE reads a sample of all partitions. */
            table->pages = table->visible_pages = family->pages;
        } else if (table->kind != 'f')
            choice->needs = own_needs(state, table);
        hold_back(state, choice);
        conclude(state, choice);
    }
}
