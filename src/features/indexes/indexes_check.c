/* The section's lines of `pgrunbook check`. No sample is kept and no replica asked: what needs
 * evidence is the report's. */
#include "indexes.h"
#include "rebuild/rebuild.h"
#include "units/units.h"

enum { REFERRING_ROWS = 10000 }; /* a smaller table is read faster than a person notices */

struct look {
    struct check *check;
    const struct indexes_case *state;
    char *report; /* the command that says more */
};

static void add(const struct look *look, const char *name, enum verdict_status status,
                double value, const char *message)
{
    check_add(look->check, &(struct verdict){name, status, value, message,
                                             status == VERDICT_OK ? NULL : look->report});
}

static bool on_standby(const struct look *look)
{
    return look->state->relations->in_recovery;
}

/* Whether what is built CONCURRENTLY here is to be trusted. */
static bool may_build(const struct look *look)
{
    return !on_standby(look) &&
           rebuild_allowed(session_version(check_session(look->check)), NULL);
}

/* What does it for one of them, in psql. */
static void add_sql(const struct look *look, const char *verb,
                    const struct relation_index *index)
{
    const struct relation_table *table = relations_table_of(look->state->relations, index);
    g_autofree char *name =
        session_quote(check_session(look->check), table->schema, index->name);
    g_autofree char *sql = g_strconcat(verb, " INDEX CONCURRENTLY ", name, NULL);
    check_sql(look->check, sql);
}

static const struct indexes_finding *finding_at(const struct look *look, guint position)
{
    return &g_array_index(look->state->findings, struct indexes_finding, position);
}

static void check_invalid(const struct look *look)
{
    const struct relations *relations = look->state->relations;
    const struct indexes_finding *first = NULL;
    guint count = 0;

    for (guint i = 0; i < look->state->findings->len; i++) {
        const struct indexes_finding *finding = finding_at(look, i);
        bool broken =
            finding->kind == INDEXES_KIND_INVALID &&
            (finding->word == INDEXES_DROP_CANDIDATE || finding->why == INDEXES_WHY_REBUILD);
        first = broken && first == NULL ? finding : first;
        count += broken;
    }
    if (count == 0) {
        add(look, "invalid_indexes", VERDICT_OK, 0, "every index is valid");
        return;
    }
    g_autofree char *message = g_strdup_printf(
        "%u invalid index%s, first %s.%s; writes may maintain %s, no query can use %s", count,
        count == 1 ? "" : "es", relations_table(relations, first->table)->schema,
        relations_index(relations, first->index)->name, count == 1 ? "it" : "them",
        count == 1 ? "it" : "them");
    add(look, "invalid_indexes", VERDICT_WARNING, count, message);
    if (first->word == INDEXES_DROP_CANDIDATE ? !on_standby(look) : may_build(look))
        add_sql(look, first->word == INDEXES_DROP_CANDIDATE ? "DROP" : "REINDEX",
                relations_index(relations, first->index));
}

static void check_duplicates(const struct look *look)
{
    const struct relations *relations = look->state->relations;
    const struct relation_index *largest = NULL;
    gint64 bytes = 0;
    guint count = 0;

    for (guint i = 0; i < look->state->findings->len; i++) {
        const struct indexes_finding *finding = finding_at(look, i);
        if (finding->kind != INDEXES_KIND_DUPLICATE || finding->word != INDEXES_DROP_CANDIDATE)
            continue;
        const struct relation_index *index = relations_index(relations, finding->index);
        count++;
        bytes += relations_index_bytes(relations, index);
        largest = largest == NULL || index->pages > largest->pages ? index : largest;
    }
    if (largest == NULL) {
        add(look, "duplicate_indexes", VERDICT_OK, 0, "no two indexes are the same");
        return;
    }
    g_autofree char *size = units_format_size(bytes);
    g_autofree char *message = g_strdup_printf(
        "%u duplicate index%s, %s, largest %s.%s; every write pays for %s twice", count,
        count == 1 ? "" : "es", size, relations_table_of(relations, largest)->schema,
        largest->name, count == 1 ? "it" : "them");
    add(look, "duplicate_indexes", VERDICT_WARNING, (double) bytes, message);
    if (!on_standby(look))
        add_sql(look, "DROP", largest);
}

/* Only where it hurts: rows of the referenced table do get deleted or re-keyed. */
static void check_foreign_keys(const struct look *look)
{
    const struct relations *relations = look->state->relations;
    const struct relation_foreign_key *worst = NULL;
    const struct indexes_finding *found = NULL;
    guint count = 0;

    for (guint i = 0; i < look->state->findings->len; i++) {
        const struct indexes_finding *finding = finding_at(look, i);
        if (finding->kind != INDEXES_KIND_MISSING_FK)
            continue;
        const struct relation_foreign_key *key = &g_array_index(
            relations->foreign_keys, struct relation_foreign_key, finding->other);
        if (relations_table(relations, key->table)->live < REFERRING_ROWS ||
            relations_table(relations, key->referenced)->deleted == 0)
            continue;
        count++;
        if (worst == NULL || relations_table(relations, key->table)->live >
                                 relations_table(relations, worst->table)->live) {
            worst = key;
            found = finding;
        }
    }
    if (worst == NULL) {
        add(look, "foreign_key_indexes", VERDICT_OK, 0,
            "no delete has to read a whole table for want of an index");
        return;
    }
    const struct relation_table *table = relations_table(relations, worst->table);
    const struct relation_table *parent = relations_table(relations, worst->referenced);
    g_autofree char *keys = units_format_counted(count, "foreign key");
    g_autofree char *message = g_strdup_printf(
        "%s without an index, largest on %s.%s (%s); every delete from %s.%s reads all of it",
        keys, table->schema, table->name, worst->column_names, parent->schema, parent->name);
    add(look, "foreign_key_indexes", VERDICT_WARNING, count, message);
    if (table->kind == 'p' || !may_build(look)) /* of a partitioned table one does not do it */
        return;
    g_autofree char *sql = indexes_create_sql(look->state, found, check_session(look->check));
    check_sql(look->check, sql);
}

bool indexes_check(struct check *check, GError **error)
{
    AUTO(indexes_case) state = indexes_case_new();

    state->rules = indexes_rules_read(check_settings(check));
    state->now_us = g_get_real_time();
    state->relations = relations_read(check_session(check), RELATIONS_FOREIGN_KEYS, error);
    if (state->relations == NULL)
        return false;
    g_ptr_array_add(state->nodes, indexes_node_new(""));
    indexes_decide(state);
    g_autofree char *report =
        g_strdup_printf("pgrunbook indexes report %s", check_where(check));
    struct look look = {check, state, report};
    check_invalid(&look);
    check_duplicates(&look);
    check_foreign_keys(&look);
    check_hand_over(check, g_steal_pointer(&state), (GDestroyNotify) indexes_case_free);
    return true;
}
