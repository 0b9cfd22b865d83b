/* Figures for monitoring, from what check() has observed and what the history knows of use. */
#include "indexes.h"

enum { INDEXES, BYTES, INVALID, UNUSED, DUPLICATES, MISSING, OBSERVED };

const struct metric indexes_metrics[] = {
    [INDEXES] = {"indexes", METRIC_GAUGE, NULL, "Indexes without the system's", NULL, false},
    [BYTES] = {"size_bytes", METRIC_GAUGE, "bytes", "Size of indexes", "schema index", true},
    [INVALID] = {"invalid", METRIC_GAUGE, NULL,
                 "Indexes that writes maintain and no query can use", NULL, false},
    [UNUSED] = {"unused_bytes", METRIC_GAUGE, "bytes",
                "Size of indexes that nothing needs and that were quiet on the primary for "
                "indexes.evidence, as the history knows",
                "schema index", true},
    [DUPLICATES] = {"duplicate_bytes", METRIC_GAUGE, "bytes",
                    "Size of indexes of which there is another that says the same",
                    "schema index", true},
    [MISSING] = {"missing_foreign_key", METRIC_GAUGE, NULL,
                 "Foreign keys without an index that supports them", NULL, false},
    [OBSERVED] = {"observed_seconds", METRIC_GAUGE, "seconds",
                  "For how long the use of indexes has been observed; 0 until the first report",
                  NULL, false},
    {.name = NULL},
};

static void measure_bytes(struct measure *measure, const struct metric *metric,
                          const struct indexes_case *state, guint position)
{
    const struct relation_index *index = relations_index(state->relations, position);

    measure_add(measure, metric, (double) index->pages * (double) state->relations->block_size,
                relations_table_of(state->relations, index)->schema, index->name);
}

static void measure_all(struct measure *measure, const struct indexes_case *state)
{
    const struct relations *relations = state->relations;
    guint count = 0;

    for (guint i = 0; i < relations->indexes->len; i++) {
        const struct relation_index *index = relations_index(relations, i);
        const struct relation_table *table = relations_table_of(relations, index);
        if (index->kind != 'i' || table->system)
            continue;
        count += table->kind != 't';
        measure_bytes(measure, &indexes_metrics[BYTES], state, i);
    }
    measure_add(measure, &indexes_metrics[INDEXES], count);
}

/* Without any, the sum of the rest is a zero all the same, and not no series. */
static void measure_none(struct measure *measure, const struct metric *metric)
{
    measure_add(measure, metric, 0.0, "", "");
}

static void measure_findings(struct measure *measure, const struct indexes_case *state)
{
    guint invalid = 0, missing = 0;

    measure_none(measure, &indexes_metrics[UNUSED]);
    measure_none(measure, &indexes_metrics[DUPLICATES]);
    for (guint i = 0; i < state->findings->len; i++) {
        const struct indexes_finding *finding =
            &g_array_index(state->findings, struct indexes_finding, i);
        bool drop = finding->word == INDEXES_DROP_CANDIDATE;
        invalid += finding->kind == INDEXES_KIND_INVALID &&
                   (drop || finding->why == INDEXES_WHY_REBUILD);
        missing += finding->kind == INDEXES_KIND_MISSING_FK;
        if (drop && finding->kind == INDEXES_KIND_UNUSED)
            measure_bytes(measure, &indexes_metrics[UNUSED], state, finding->index);
        if (drop && finding->kind == INDEXES_KIND_DUPLICATE)
            measure_bytes(measure, &indexes_metrics[DUPLICATES], state, finding->index);
    }
    measure_add(measure, &indexes_metrics[INVALID], invalid);
    measure_add(measure, &indexes_metrics[MISSING], missing);
}

/* check() keeps no samples and asks no replica; what the reports have kept is read here. */
bool indexes_measure(struct measure *measure, G_GNUC_UNUSED GError **error)
{
    struct indexes_case *state = measure_observed(measure);
    const struct indexes_node *primary = g_ptr_array_index(state->nodes, 0);

    indexes_recall(measure_store(measure), measure_session(measure), state);
    g_array_set_size(state->findings, 0);
    indexes_decide(state);
    measure_all(measure, state);
    measure_findings(measure, state);
    gint64 observed_us =
        primary->sampling.first_us > 0 ? state->now_us - primary->sampling.first_us : 0;
    measure_add(measure, &indexes_metrics[OBSERVED], (double) observed_us / G_USEC_PER_SEC);
    return true;
}
