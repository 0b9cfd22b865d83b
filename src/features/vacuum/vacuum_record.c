/* The evidence of a run: what the history keeps. */
#include "vacuum.h"

#include <jansson.h>

static char *dump(json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    char *copy = g_strdup(text);

    free(text);
    json_decref(value);
    return copy;
}

static char *before_text(const struct vacuum_table *table)
{
    return dump(json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I}", "dead_rows", (json_int_t) table->dead, "live_rows",
        (json_int_t) table->live, "changed_rows", (json_int_t) table->changed, "xid_age",
        (json_int_t) MAX(table->xid_age, table->toast_xid_age), "pages",
        (json_int_t) table->pages, "all_visible_pages", (json_int_t) table->visible_pages));
}

/* The horizon this VACUUM met: as long as it stays, another one is vain. */
static char *after_text(const struct vacuum_case *state, const struct vacuum_choice *choice)
{
    json_t *after = json_object();

    if (choice->vacuum && choice->outcome == STEP_DONE)
        json_object_set_new(after, "vacuumed", json_true());

    if (choice->dead_after >= 0)
        json_object_set_new(after, "dead_rows", json_integer(choice->dead_after));
    if (choice->not_removable >= 0)
        json_object_set_new(after, "dead_not_removable", json_integer(choice->not_removable));
    const struct vacuum_holder *holder = vacuum_oldest_holder(state, choice->table);
    if (choice->vacuum && choice->outcome == STEP_DONE && holder != NULL)
        json_object_set_new(after, "horizon_xid", json_integer(holder->xmin));
    return dump(after);
}

void vacuum_record_tables(const struct vacuum_run *run, gint64 id, bool begin)
{
    struct store *store = run->call->store;
    const struct vacuum_case *state = run->state;

    store_begin(store);
    for (guint i = 0; i < state->choices->len; i++) {
        const struct vacuum_choice *choice =
            &g_array_index(state->choices, struct vacuum_choice, i);
        if (!vacuum_reported(choice) || (begin && choice->order == 0))
            continue;
        g_autofree char *before = before_text(choice->table);
        g_autofree char *after = after_text(state, choice);
        store_object(
            store, id,
            &(struct store_object){
                .step = choice->step,
                .schema = choice->table->schema,
                .name = choice->table->name,
                .outcome = step_outcome_name(begin ? STEP_NOT_REACHED : choice->outcome),
                .reason = begin ? "the run ended before it was recorded" : choice->reason,
                .seconds = choice->seconds,
                .bytes = vacuum_bytes(&state->server, choice->table),
                .before = before,
                .after = after,
            });
    }
    store_commit(store);
}

char *vacuum_summary_text(const struct vacuum_case *state)
{
    struct vacuum_totals totals = vacuum_add_up(state);

    return dump(json_pack("{s:I, s:I, s:I, s:I, s:I}", "done",
                          (json_int_t) totals.outcomes[STEP_DONE], "skipped",
                          (json_int_t) totals.outcomes[STEP_SKIPPED], "failed",
                          (json_int_t) totals.outcomes[STEP_FAILED], "not_reached",
                          (json_int_t) totals.outcomes[STEP_NOT_REACHED], "dead_rows_removed",
                          (json_int_t) totals.removed));
}
