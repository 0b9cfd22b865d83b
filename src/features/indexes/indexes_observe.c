/* What a report knows: the snapshot, the evidence of all nodes, the rules. */
#include "indexes.h"
#include "relations/pages.h"

static void node_free(gpointer data)
{
    struct indexes_node *node = data;

    g_free(node->name);
    g_free(node->trouble);
    g_array_unref(node->uses);
    g_free(node);
}

struct indexes_case *indexes_case_new(void)
{
    struct indexes_case *state = g_new0(struct indexes_case, 1);

    state->nodes = g_ptr_array_new_with_free_func(node_free);
    state->findings = g_array_new(FALSE, TRUE, sizeof(struct indexes_finding));
    state->definitions = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return state;
}

void indexes_case_free(struct indexes_case *state)
{
    if (state == NULL)
        return;
    relations_free(state->relations);
    g_ptr_array_unref(state->nodes);
    g_array_unref(state->findings);
    g_hash_table_unref(state->definitions);
    g_free(state);
}

struct indexes_rules indexes_rules_read(const struct settings *settings)
{
    static const double NARROW = 4;

    return (struct indexes_rules){
        .evidence_ms = settings_int(settings, "indexes.evidence"),
        .min_bytes = settings_int(settings, "indexes.min_size"),
        .narrow = NARROW,
        .bloat_fraction = settings_fraction(settings, "indexes.bloat_fraction"),
        .bloat_bytes = settings_int(settings, "indexes.bloat_size"),
    };
}

struct indexes_case *indexes_observe(struct call *call, struct session *session, GError **error)
{
    AUTO(indexes_case) state = indexes_case_new();

    state->rules = indexes_rules_read(call->settings);
    state->now_us = g_get_real_time();
    state->relations = relations_read(session, RELATIONS_FOREIGN_KEYS, error);
    if (state->relations == NULL)
        return NULL;
    gint64 least_pages = indexes_least_pages(state->relations, state->rules.bloat_bytes);
    if (!relations_refine(session, state->relations, least_pages, error) ||
        !indexes_observe_nodes(call, session, state, error))
        return NULL;
    return g_steal_pointer(&state);
}
