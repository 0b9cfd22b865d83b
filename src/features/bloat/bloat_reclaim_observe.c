/* From the report's numbers to targets, each with its facts and the means decided for it. */
#include "bloat_reclaim.h"
#include "plan/plan_gate.h"
#include "relations/chosen.h"

static void target_free(gpointer data)
{
    struct reclaim_target *target = data;

    reclaim_choice_clear(&target->choice);
    g_free(target->outcome_reason);
    g_free(target);
}

static void facts_free(gpointer data)
{
    reclaim_facts_free(data);
}

struct reclaim_case *reclaim_case_new(struct call *call)
{
    struct reclaim_case *state = g_new0(struct reclaim_case, 1);

    state->call = call;
    state->targets = g_ptr_array_new_with_free_func(target_free);
    state->facts = g_ptr_array_new_with_free_func(facts_free);
    state->leftovers = g_ptr_array_new_with_free_func(reclaim_leftover_free);
    return state;
}

void reclaim_case_free(struct reclaim_case *state)
{
    g_ptr_array_unref(state->leftovers);
    g_ptr_array_unref(state->targets);
    g_ptr_array_unref(state->facts);
    reclaim_server_clear(&state->server);
    if (state->rebuild != NULL)
        rebuild_free(state->rebuild);
    if (state->bloat != NULL)
        bloat_case_free(state->bloat);
    g_free(state);
}

gint64 reclaim_target_size(const struct reclaim_target *target)
{
    if (target->index != NULL)
        return target->index->size_bytes;
    const struct reclaim_facts *facts = target->facts;
    if (facts->heap >= 0)
        return facts->heap + facts->toast_heap + facts->indexes;
    return (target->heap ? target->heap->size_bytes : 0) +
           (target->toast ? target->toast->size_bytes : 0);
}

/* The object the target is called after: a table also when only its TOAST is bloated. */
const char *reclaim_target_schema(const struct reclaim_target *target)
{
    return target->index != NULL ? target->index->schema : target->facts->schema;
}

const char *reclaim_target_name(const struct reclaim_target *target)
{
    return target->index != NULL ? target->index->name : target->facts->name;
}

/* ---- which objects ------------------------------------------------------------------------- */

static bool is_wanted(const struct reclaim_case *state, guint table_oid)
{
    const struct relations *relations = state->bloat->relations;

    return chosen_table(state->call, relations, relations_find_table(relations, table_oid));
}

/* Could be worth it, as far as the estimate goes: worth a better number. */
static bool may_be_worth(const struct reclaim_case *state, const struct bloat_object *object)
{
    double margin = object->margin_pct / 100 * (double) object->size_bytes;

    if (object->size_bytes < state->rules.worth_bytes)
        return false;
    if (object->reclaimable_bytes < 0)
        return object->note != BLOAT_NOTE_INVALID;
    return reclaim_is_worth(&state->rules, state->server.block_size, object->size_bytes,
                            object->reclaimable_bytes + (gint64) margin);
}

static void keep_candidates(struct reclaim_case *state)
{
    GArray *objects = state->bloat->objects;

    for (guint i = objects->len; i-- > 0;) {
        const struct bloat_object *object = &g_array_index(objects, struct bloat_object, i);
        if (!is_wanted(state, object->table_oid) || !may_be_worth(state, object))
            g_array_remove_index(objects, i);
    }
    for (guint i = state->bloat->left_out->len; i-- > 0;) {
        const struct relation_table *table = g_ptr_array_index(state->bloat->left_out, i);
        if (!is_wanted(state, table->oid))
            g_ptr_array_remove_index(state->bloat->left_out, i);
    }
}

/* By the best method there is, unless one was named. */
static bool better_numbers(struct reclaim_case *state, GError **error)
{
    const char *method = option_value(state->call->options, "method");
    const struct settings *settings = state->call->settings;

    if (state->bloat->objects->len == 0 || g_strcmp0(method, "estimate") == 0)
        return true;
    if (g_strcmp0(method, "exact") == 0) {
        state->bloat->method = BLOAT_EXACT;
        return bloat_exact(state->control, state->bloat, state->bloat->objects->len,
                           settings_int(settings, "bloat.exact_budget"), error);
    }
    state->bloat->method = BLOAT_SAMPLE;
    return bloat_sample(state->control, state->bloat,
                        settings_int(settings, "bloat.sample_budget"), error);
}

/* ---- targets --------------------------------------------------------------------------------- */

static struct reclaim_facts *facts_of(struct reclaim_case *state, guint oid, GError **error)
{
    for (guint i = 0; i < state->facts->len; i++) {
        struct reclaim_facts *facts = g_ptr_array_index(state->facts, i);
        if (facts->oid == oid)
            return facts;
    }
    struct reclaim_facts *facts = reclaim_facts_read(state->control, oid, error);
    if (facts == NULL)
        return NULL;
    /* Dropped since: its name as it was. */
    const struct relation_table *table = relations_find_table(state->bloat->relations, oid);
    if (!facts->there && table != NULL) {
        facts->schema = g_strdup(table->schema);
        facts->name = g_strdup(table->name);
    }
    g_ptr_array_add(state->facts, facts);
    return facts;
}

static struct reclaim_target *table_target(struct reclaim_case *state, guint table_oid)
{
    for (guint i = 0; i < state->targets->len; i++) {
        struct reclaim_target *target = g_ptr_array_index(state->targets, i);
        if (target->index == NULL && target->facts->oid == table_oid)
            return target;
    }
    return NULL;
}

/* Worth it, believable, and not known to be something else. */
static bool is_target(const struct reclaim_case *state, const struct bloat_object *object,
                      char **ret_why)
{
    return object->reclaimable_bytes >= 0 &&
           reclaim_is_worth(&state->rules, state->server.block_size, object->size_bytes,
                            object->reclaimable_bytes) &&
           reclaim_is_certain(object, ret_why);
}

static bool add_target(struct reclaim_case *state, const struct bloat_object *object,
                       GError **error)
{
    g_autofree char *why = NULL;
    bool wanted = is_target(state, object, &why);

    state->unknown += object->reclaimable_bytes < 0;
    if (!wanted && why == NULL)
        return true;
    struct reclaim_facts *facts = facts_of(state, object->table_oid, error);
    if (facts == NULL)
        return false;
    struct reclaim_target *target =
        object->kind == BLOAT_INDEX ? NULL : table_target(state, object->table_oid);
    if (target == NULL) {
        target = g_new0(struct reclaim_target, 1);
        target->facts = facts;
        target->size_before = target->size_after = -1;
        g_ptr_array_add(state->targets, target);
    }
    if (object->kind == BLOAT_TABLE) {
        target->heap = object;
        target->bloat.heap = wanted ? object->reclaimable_bytes : 0;
    } else if (object->kind == BLOAT_TOAST) {
        target->toast = object;
        target->bloat.toast = wanted ? object->reclaimable_bytes : 0;
    } else {
        target->index = object;
    }
    if (!wanted && target->choice.reason == NULL)
        target->choice.reason = g_steal_pointer(&why);
    return true;
}

/* What a table's rewrite would win of its indexes, whether they are worth it alone or not. */
static void add_index_bloat(const struct reclaim_case *state, struct reclaim_target *target)
{
    for (guint i = 0; i < state->bloat->objects->len; i++) {
        const struct bloat_object *object =
            &g_array_index(state->bloat->objects, struct bloat_object, i);
        if (object->kind == BLOAT_INDEX && object->table_oid == target->facts->oid)
            target->bloat.indexes += MAX(object->reclaimable_bytes, 0);
    }
}

static bool has_work(const struct reclaim_target *target)
{
    return target->index != NULL ? target->choice.reason == NULL
                                 : target->bloat.heap + target->bloat.toast > 0;
}

static void decide_table(struct reclaim_case *state, struct reclaim_target *target)
{
    add_index_bloat(state, target);
    reclaim_tail_read(state->control, state->server.block_size, target->facts);
    target->facts->disk_free = rebuild_disk_free(state->control, target->facts->oid);
    reclaim_choice_clear(&target->choice);
    target->choice =
        reclaim_decide_table(&state->server, &state->rules, target->facts, &target->bloat);
}

static void decide_index(struct reclaim_case *state, struct reclaim_target *target)
{
    struct reclaim_target *table = table_target(state, target->index->table_oid);
    const struct relation_index *index =
        relations_find_index(state->bloat->relations, target->index->oid);

    if (table != NULL && table->choice.means > RECLAIM_REINDEX) {
        target->covered_by = table;
        target->choice.reason = g_strdup_printf("built anew with its table by %s",
                                                reclaim_means_title(table->choice.means));
        return;
    }
    target->choice = reclaim_decide_index(&state->server, target->facts, index, target->index);
}

static gint by_gain(gconstpointer left, gconstpointer right)
{
    const struct reclaim_target *a = *(const struct reclaim_target *const *) left;
    const struct reclaim_target *b = *(const struct reclaim_target *const *) right;

    if ((a->choice.means == RECLAIM_NOTHING) != (b->choice.means == RECLAIM_NOTHING))
        return a->choice.means == RECLAIM_NOTHING ? 1 : -1;
    if (a->choice.expected_bytes != b->choice.expected_bytes)
        return a->choice.expected_bytes > b->choice.expected_bytes ? -1 : 1;
    return reclaim_target_size(a) > reclaim_target_size(b) ? -1 : 1;
}

static void decide_all(struct reclaim_case *state)
{
    for (guint i = 0; i < state->targets->len; i++) {
        struct reclaim_target *target = g_ptr_array_index(state->targets, i);
        if (target->index == NULL && has_work(target))
            decide_table(state, target);
    }
    for (guint i = 0; i < state->targets->len; i++) {
        struct reclaim_target *target = g_ptr_array_index(state->targets, i);
        if (target->index != NULL && has_work(target))
            decide_index(state, target);
    }
    g_ptr_array_sort(state->targets, by_gain);
}

bool reclaim_observe(struct reclaim_case *state, GError **error)
{
    if (!reclaim_server_read(state->control, state->program, &state->server, error))
        return false;
    state->bloat = bloat_observe(state->control, false, error);
    if (state->bloat == NULL ||
        !gate_primary(state->control, state->bloat->relations->in_recovery,
                      "nothing can be given back there", error) ||
        !chosen_check(state->call, state->bloat->relations, error))
        return false;
    keep_candidates(state);
    if (!better_numbers(state, error))
        return false;
    for (guint i = 0; i < state->bloat->objects->len; i++)
        if (!add_target(state, &g_array_index(state->bloat->objects, struct bloat_object, i),
                        error))
            return false;
    g_ptr_array_unref(state->leftovers);
    state->leftovers = reclaim_leftovers_read(state->control, 0);
    reclaim_recall(state);
    decide_all(state);
    return true;
}
