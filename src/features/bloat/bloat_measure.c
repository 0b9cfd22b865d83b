/* Figures for monitoring, from the estimates of check(): no page is read for them. */
#include "bloat.h"

enum { TABLE_BYTES, TABLE_SIZE, INDEX_BYTES, UNKNOWN };

const struct metric bloat_metrics[] = {
    [TABLE_BYTES] = {"table_reclaimable_bytes", METRIC_GAUGE, "bytes",
                     "What a table and its TOAST table would give back, estimated",
                     "schema relation", true},
    [TABLE_SIZE] = {"table_size_bytes", METRIC_GAUGE, "bytes",
                    "Size of a table with its TOAST table, without indexes", "schema relation",
                    true},
    [INDEX_BYTES] = {"index_reclaimable_bytes", METRIC_GAUGE, "bytes",
                     "What an index would give back, estimated", "schema index", true},
    [UNKNOWN] = {"unknown", METRIC_GAUGE, NULL,
                 "Tables and indexes worth a number for which there is no estimate", NULL,
                 false},
    {.name = NULL},
};

/* A TOAST table is one with its table: both are added under that name. */
static void measure_object(struct measure *measure, const struct bloat_object *object,
                           const char *schema)
{
    double bytes = (double) MAX(object->reclaimable_bytes, 0);

    if (object->kind == BLOAT_INDEX) {
        measure_add(measure, &bloat_metrics[INDEX_BYTES], bytes, schema, object->name);
        return;
    }
    measure_add(measure, &bloat_metrics[TABLE_BYTES], bytes, schema, object->table);
    measure_add(measure, &bloat_metrics[TABLE_SIZE], (double) object->size_bytes, schema,
                object->table);
}

bool bloat_measure(struct measure *measure, G_GNUC_UNUSED GError **error)
{
    const struct bloat_case *state = measure_observed(measure);
    const char *schema = "";
    guint unknown = 0;

    for (guint i = 0; i < state->objects->len; i++) {
        const struct bloat_object *object =
            &g_array_index(state->objects, struct bloat_object, i);
        if (object->kind == BLOAT_TABLE)
            schema = object->schema;
        unknown += object->reclaimable_bytes < 0 && object->note != BLOAT_NOTE_SMALL;
        measure_object(measure, object, schema);
    }
    measure_add(measure, &bloat_metrics[UNKNOWN], unknown);
    return true;
}
