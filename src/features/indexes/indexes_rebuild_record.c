/* The evidence of a rebuild: what the history keeps of each index. */
#include "indexes_rebuild.h"

#include <jansson.h>

static char *dump(json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    char *copy = g_strdup(text);

    free(text);
    json_decref(value);
    return copy;
}

static char *state_text(guint oid, gint64 bytes)
{
    json_t *state = json_object();

    json_object_set_new(state, "oid", json_integer(oid));
    if (bytes >= 0)
        json_object_set_new(state, "size_bytes", json_integer(bytes));
    return dump(state);
}

static void record_step(const struct indexes_rebuild *run, gint64 id, guint number, bool begin)
{
    const struct step *step = g_ptr_array_index(run->plan->steps, number);
    const struct rebuild_index *index = rebuild_index_of(run->rebuild, step);
    bool built = !begin && index->kind != REBUILD_LEFTOVER && index->outcome == STEP_DONE;
    g_autofree char *before = state_text(index->oid, index->bytes_before);
    g_autofree char *after = built ? state_text(index->new_oid, index->bytes_after) : NULL;

    store_object(run->call->store, id,
                 &(struct store_object){
                     .step = (int) number + 1,
                     .schema = index->schema,
                     .name = index->name,
                     .outcome = step_outcome_name(begin ? STEP_NOT_REACHED : index->outcome),
                     .reason = begin ? "the run ended before it was recorded" : index->detail,
                     .seconds = index->seconds,
                     .bytes = index->bytes_before,
                     .before = before,
                     .after = after,
                 });
}

static void record_barred(const struct indexes_rebuild *run, gint64 id,
                          const struct indexes_choice *choice)
{
    const struct relation_index *index = relations_index(run->relations, choice->position);

    store_object(run->call->store, id,
                 &(struct store_object){
                     .schema = relations_table_of(run->relations, index)->schema,
                     .name = index->name,
                     .outcome = step_outcome_name(STEP_SKIPPED),
                     .reason = choice->bar,
                     .bytes = relations_index_bytes(run->relations, index),
                 });
}

void indexes_record(const struct indexes_rebuild *run, gint64 id, bool begin)
{
    store_begin(run->call->store);
    for (guint i = 0; i < run->plan->steps->len; i++)
        record_step(run, id, i, begin);
    for (guint i = 0; i < run->choices->len; i++) {
        const struct indexes_choice *choice = g_ptr_array_index(run->choices, i);
        if (choice->bar != NULL)
            record_barred(run, id, choice);
    }
    store_commit(run->call->store);
}

gint64 indexes_won(const struct indexes_rebuild *run)
{
    gint64 won = 0;

    for (guint i = 0; i < run->plan->steps->len; i++) {
        const struct rebuild_index *index =
            rebuild_index_of(run->rebuild, g_ptr_array_index(run->plan->steps, i));
        if (index->kind == REBUILD_REINDEX && index->outcome == STEP_DONE &&
            index->bytes_after >= 0)
            won += index->bytes_before - index->bytes_after;
    }
    return won;
}

char *indexes_summary(const struct indexes_rebuild *run)
{
    const GPtrArray *remnants = rebuild_remnants(run->rebuild);
    json_int_t outcomes[STEP_NOT_REACHED + 1] = {0}, left = 0;

    for (guint i = 0; i < run->plan->steps->len; i++)
        outcomes[((const struct step *) g_ptr_array_index(run->plan->steps, i))->outcome]++;
    for (guint i = 0; i < run->choices->len; i++)
        outcomes[STEP_SKIPPED] +=
            ((const struct indexes_choice *) g_ptr_array_index(run->choices, i))->bar != NULL;
    for (guint i = 0; i < remnants->len; i++)
        left += !((const struct rebuild_remnant *) g_ptr_array_index(remnants, i))->dropped;
    return dump(json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "done", outcomes[STEP_DONE],
                          "skipped", outcomes[STEP_SKIPPED], "failed", outcomes[STEP_FAILED],
                          "not_reached", outcomes[STEP_NOT_REACHED], "bytes_won",
                          (json_int_t) indexes_won(run), "left_behind", left));
}
