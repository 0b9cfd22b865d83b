/* The words of findings: verdicts and their evidence. */
#include "indexes.h"
#include "units/units.h"

#include <math.h>

static const double SECONDS_A_DAY = 86400;

const char *indexes_kind_name(enum indexes_kind kind)
{
    static const char *const names[] = {
        [INDEXES_KIND_UNUSED] = "unused",           [INDEXES_KIND_DUPLICATE] = "duplicate",
        [INDEXES_KIND_OVERLAPPING] = "overlapping", [INDEXES_KIND_INVALID] = "invalid",
        [INDEXES_KIND_MISSING_FK] = "missing_fk",   [INDEXES_KIND_BLOATED] = "bloated",
    };
    return names[kind];
}

static const char *index_name(const struct indexes_case *state, guint position)
{
    return relations_index(state->relations, position)->name;
}

static const struct relation_foreign_key *foreign_key(const struct indexes_case *state,
                                                      guint position)
{
    return &g_array_index(state->relations->foreign_keys, struct relation_foreign_key,
                          position);
}

static const struct indexes_node *node_at(const struct indexes_case *state, guint position)
{
    return g_ptr_array_index(state->nodes, position);
}

static const char *shown_node(const struct indexes_case *state, guint position)
{
    const struct indexes_node *node = node_at(state, position);

    return node->name[0] == '\0' ? "the primary" : node->name;
}

/* ---- the word ------------------------------------------------------------------------------ */

static char *observed(const struct indexes_case *state, const struct indexes_finding *finding)
{
    double seen = finding->since_us == 0
                      ? 0
                      : (double) (state->now_us - finding->since_us) / G_USEC_PER_SEC;
    double needed = (double) state->rules.evidence_ms / 1000;
    bool days = needed >= SECONDS_A_DAY;
    g_autofree char *of = units_format_duration(needed);

    if (days)
        return g_strdup_printf("observed for %.0f d of %s", floor(seen / SECONDS_A_DAY), of);
    g_autofree char *is = units_format_duration(seen);
    return g_strdup_printf("observed for %s of %s, in two samples at least", is, of);
}

/* What `other` of a finding is, by its reason. */
enum names { NOBODY, AN_INDEX, A_KEY, A_NODE };

/* The reason behind "keep: " and "unknown: ", around the name of the other. */
static const struct {
    const char *before;
    enum names names;
    const char *after;
} reasons[] = {
    [INDEXES_WHY_PRIMARY] = {"primary key", NOBODY, ""},
    [INDEXES_WHY_EXCLUSION] = {"exclusion constraint", NOBODY, ""},
    [INDEXES_WHY_CONSTRAINT] = {"unique constraint", NOBODY, ""},
    [INDEXES_WHY_UNIQUE] = {"unique", NOBODY, ""},
    [INDEXES_WHY_REPLICA_IDENTITY] = {"replica identity", NOBODY, ""},
    [INDEXES_WHY_CLUSTERED] = {"the table is clustered by it", NOBODY, ""},
    [INDEXES_WHY_FOREIGN_KEY] = {"the only index under foreign key ", A_KEY, ""},
    [INDEXES_WHY_PARTITION] = {"part of partitioned index ", AN_INDEX, ""},
    [INDEXES_WHY_BUILDING] = {"being built", NOBODY, ""},
    [INDEXES_WHY_USED_ON] = {"used on ", A_NODE, ""},
    [INDEXES_WHY_SMALL] = {"smaller than indexes.min_size", NOBODY, ""},
    [INDEXES_WHY_NARROW] = {"in use, and much smaller than ", AN_INDEX, ""},
    [INDEXES_WHY_OTHER_GOES] = {"", AN_INDEX, ", which covers it, is unused itself"},
    [INDEXES_WHY_BOTH_BOUND] = {"it backs something of its own, beside ", AN_INDEX, ""},
    [INDEXES_WHY_INCOMPLETE] = {"not every partition has its part", NOBODY, ""},
    [INDEXES_WHY_NO_INDEX] = {"nothing to drop, foreign key ", A_KEY, " needs an index"},
    [INDEXES_WHY_REBUILD] = {"rebuild it", NOBODY, ""},
    [INDEXES_WHY_RESET] = {"the counters of ", A_NODE, " were reset"},
    [INDEXES_WHY_NODE_UNSEEN] = {"replica ", A_NODE, " not seen"},
    [INDEXES_WHY_NOT_COUNTED] = {"the primary counts nothing, track_counts is off", NOBODY, ""},
    [INDEXES_WHY_STANDBY_UNLISTED] = {"a standby is attached that replicas does not list",
                                      NOBODY, ""},
    [INDEXES_WHY_STANDBY_ASKED] = {"this is a standby, ask the primary", NOBODY, ""},
    [INDEXES_WHY_BUILD_HIDDEN] = {"somebody builds an index, and this role may not see which",
                                  NOBODY, ""},
};

static const char *name_of(const struct indexes_case *state,
                           const struct indexes_finding *finding, enum names names)
{
    return names == AN_INDEX ? index_name(state, finding->other)
           : names == A_KEY  ? foreign_key(state, finding->other)->name
           : names == A_NODE ? shown_node(state, finding->other)
                             : "";
}

/* NULL for the reasons to drop. */
static char *short_reason(const struct indexes_case *state,
                          const struct indexes_finding *finding)
{
    if (finding->why == INDEXES_WHY_YOUNG)
        return observed(state, finding);
    if (finding->why >= G_N_ELEMENTS(reasons) || reasons[finding->why].before == NULL)
        return NULL;
    return g_strconcat(reasons[finding->why].before,
                       name_of(state, finding, reasons[finding->why].names),
                       reasons[finding->why].after, NULL);
}

char *indexes_verdict(const struct indexes_case *state, const struct indexes_finding *finding)
{
    static const char *const words[] = {
        [INDEXES_DROP_CANDIDATE] = "drop-candidate",
        [INDEXES_KEEP] = "keep",
        [INDEXES_UNKNOWN] = "unknown",
    };
    g_autofree char *reason = short_reason(state, finding);

    return reason == NULL ? g_strdup(words[finding->word])
                          : g_strdup_printf("%s: %s", words[finding->word], reason);
}

/* ---- the evidence -------------------------------------------------------------------------- */

static char *date_of(gint64 wall_us)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(wall_us / G_USEC_PER_SEC);

    return g_date_time_format(time, "%Y-%m-%d %H:%M UTC");
}

static char *unused_evidence(const struct indexes_case *state,
                             const struct indexes_finding *finding)
{
    const struct relation_index *index = relations_index(state->relations, finding->index);
    g_autofree char *nodes = units_format_counted(state->nodes->len, "node");
    g_autofree char *since =
        finding->since_us == 0 ? g_strdup("it was first seen") : date_of(finding->since_us);

    return g_strdup_printf(
        "no scan was seen since %s on %s%s", since, nodes,
        index->expressions != NULL ? "; the statistics of its expressions go with it" : "");
}

/* Why the other one of a pair stays: the first that holds. */
static const char *merit(const struct relation_index *index, const struct relation_index *other)
{
    const struct {
        bool holds;
        const char *words;
    } merits[] = {
        {other->primary, ", the primary key"},
        {other->constraint != '\0', ", which backs a constraint"},
        {other->replica_identity, ", the replica identity"},
        {other->clustered, ", by which the table is clustered"},
        {other->unique, ", which is unique"},
        {other->scans > index->scans, ", which is scanned more"},
        {other->pages < index->pages, ", which is smaller"},
        {other->all_count > index->all_count, ""},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(merits); i++)
        if (merits[i].holds)
            return merits[i].words;
    return ", which is older";
}

static char *pair_evidence(const struct indexes_case *state,
                           const struct indexes_finding *finding, const char *relation)
{
    const struct relations *relations = state->relations;
    const struct relation_index *index = relations_index(relations, finding->index);
    const struct relation_index *other = relations_index(relations, finding->other);
    g_autofree char *size = units_format_size(relations_index_bytes(relations, index));
    g_autofree char *other_size = units_format_size(relations_index_bytes(relations, other));
    g_autofree char *scans = units_format_counted(index->scans, "scan");
    g_autofree char *other_scans = units_format_counted(other->scans, "scan");

    return g_strdup_printf("%s %s%s: %s with %s beside %s with %s", relation, other->name,
                           merit(index, other), size, scans, other_size, other_scans);
}

static char *foreign_evidence(const struct indexes_case *state,
                              const struct indexes_finding *finding)
{
    const struct relation_foreign_key *key = foreign_key(state, finding->other);
    const struct relation_table *parent = relations_table(state->relations, key->referenced);
    g_autofree char *deleted = units_format_count(parent->deleted);
    g_autofree char *updated = units_format_count(parent->updated);

    return g_strdup_printf(
        "%s (%s) refers to %s.%s, where %s rows were deleted and %s updated; "
        "each of them has to read this table",
        key->name, key->column_names, parent->schema, parent->name, deleted, updated);
}

static char *trouble_of(const struct indexes_case *state, const struct indexes_finding *finding)
{
    const struct indexes_node *node = node_at(state, finding->other);

    return g_strdup_printf("its use on %s is not known: %s", node->name,
                           node->trouble != NULL ? node->trouble
                                                 : "the replica does not know the index");
}

static char *invalid_evidence(const struct indexes_finding *finding)
{
    static const char burden[] = "every write may have to maintain it, and no query can use it";

    if (finding->why == INDEXES_WHY_LEFTOVER)
        return g_strdup_printf("left behind by a REINDEX CONCURRENTLY that did not finish; %s",
                               burden);
    if (finding->why == INDEXES_WHY_FAILED)
        return g_strdup_printf("its build did not finish; %s", burden);
    if (finding->why == INDEXES_WHY_REBUILD)
        return g_strdup("it is invalid and cannot be dropped by itself; \"pgrunbook indexes "
                        "rebuild --invalid\" repairs it");
    if (finding->why == INDEXES_WHY_INCOMPLETE)
        return g_strdup("a partitioned index is valid when an index of every partition is "
                        "attached to it");
    return g_strdup("it is invalid as long as it is being built");
}

static char *bloated_evidence(const struct indexes_finding *finding)
{
    g_autofree char *size = units_format_size(finding->reclaimable_bytes);

    return g_strdup_printf("%s, %.0f%% (±%.0f), would be won by a rebuild", size,
                           finding->reclaimable_pct, finding->margin_pct);
}

static char *kept_evidence(const struct indexes_case *state,
                           const struct indexes_finding *finding)
{
    g_autofree char *reason = short_reason(state, finding);

    if (finding->why == INDEXES_WHY_USED_ON)
        return g_strdup_printf("no scan on the primary, but it is %s", reason);
    if (finding->why == INDEXES_WHY_STANDBY_UNLISTED) {
        g_autofree char *attached = units_format_counted(state->standbys, "standby");
        return g_strdup_printf("%s attached, %u seen; list all of them in replicas, or with "
                               "--replica",
                               attached, indexes_replicas_seen(state));
    }
    return g_strdup_printf("no scan was seen; %s", reason);
}

char *indexes_reason(const struct indexes_case *state, const struct indexes_finding *finding)
{
    switch (finding->kind) {
    case INDEXES_KIND_UNUSED:
        if (finding->why == INDEXES_WHY_NODE_UNSEEN)
            return trouble_of(state, finding);
        return finding->why == INDEXES_WHY_UNUSED ? unused_evidence(state, finding)
                                                  : kept_evidence(state, finding);
    case INDEXES_KIND_DUPLICATE:
    case INDEXES_KIND_OVERLAPPING:
        if (finding->why == INDEXES_WHY_PARTITION)
            return short_reason(state, finding);
        return pair_evidence(state, finding,
                             finding->kind == INDEXES_KIND_DUPLICATE
                                 ? "the same as"
                                 : "all it can do is done as well by");
    case INDEXES_KIND_INVALID:
        return invalid_evidence(finding);
    case INDEXES_KIND_MISSING_FK:
        return foreign_evidence(state, finding);
    case INDEXES_KIND_BLOATED:
        return bloated_evidence(finding);
    }
    return NULL;
}
