/* The evidence of a run, and what earlier ones teach. */
#include "bloat_reclaim.h"

#include <jansson.h>
#include <string.h>

enum { RUNS_REMEMBERED = 50 };

/* What is over sooner tells of overhead, not of speed. */
static const double TELLING_SECONDS = 5;

static char *dump(json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    char *copy = g_strdup(text);

    free(text);
    json_decref(value);
    return copy;
}

/* ---- writing --------------------------------------------------------------------------------- */

static char *before_text(const struct reclaim_target *target)
{
    json_t *before = json_object();

    json_object_set_new(before, "means", json_string(reclaim_means_name(target->choice.means)));
    json_object_set_new(before, "oid",
                        json_integer(target->index ? target->index->oid : target->facts->oid));
    json_object_set_new(before, "size_bytes",
                        json_integer(target->size_before >= 0 ? target->size_before
                                                              : reclaim_target_size(target)));
    json_object_set_new(before, "expected_bytes", json_integer(target->choice.expected_bytes));
    return dump(before);
}

static char *after_text(const struct reclaim_target *target)
{
    json_t *after = json_object();

    if (target->size_after >= 0) {
        json_object_set_new(after, "size_bytes", json_integer(target->size_after));
        json_object_set_new(after, "won_bytes",
                            json_integer(target->size_before - target->size_after));
    }
    return dump(after);
}

static double seconds_of(const struct reclaim_target *target)
{
    const struct step *step = target->step;

    if (step == NULL || step->started_us == 0 || step->ended_us == 0)
        return 0;
    return (double) (step->ended_us - step->started_us) / G_USEC_PER_SEC;
}

void reclaim_record(const struct reclaim_case *state, gint64 run, bool begin)
{
    struct store *store = state->call->store;

    store_begin(store);
    for (guint i = 0; i < state->targets->len; i++) {
        const struct reclaim_target *target = g_ptr_array_index(state->targets, i);
        if (begin && target->step == NULL)
            continue;
        g_autofree char *before = before_text(target);
        g_autofree char *after = after_text(target);
        store_object(
            store, run,
            &(struct store_object){
                .step = target->number,
                .schema = reclaim_target_schema(target),
                .name = reclaim_target_name(target),
                .outcome = step_outcome_name(begin ? STEP_NOT_REACHED : target->outcome),
                .reason =
                    begin ? "the run ended before it was recorded" : target->outcome_reason,
                .seconds = seconds_of(target),
                .bytes = reclaim_target_size(target),
                .before = before,
                .after = after,
            });
    }
    store_commit(store);
}

char *reclaim_summary(const struct reclaim_case *state)
{
    gint64 outcomes[STEP_NOT_REACHED + 1] = {0}, won = 0;

    for (guint i = 0; i < state->targets->len; i++) {
        const struct reclaim_target *target = g_ptr_array_index(state->targets, i);
        outcomes[target->outcome]++;
        won += reclaim_target_won(target);
    }
    return dump(json_pack(
        "{s:I, s:I, s:I, s:I, s:I}", "done", (json_int_t) outcomes[STEP_DONE], "skipped",
        (json_int_t) outcomes[STEP_SKIPPED], "failed", (json_int_t) outcomes[STEP_FAILED],
        "not_reached", (json_int_t) outcomes[STEP_NOT_REACHED], "won_bytes", (json_int_t) won));
}

/* ---- how fast each means was ------------------------------------------------------------------ */

struct speeds {
    double seconds[RECLAIM_MEANS], bytes[RECLAIM_MEANS];
};

/* RECLAIM_NOTHING when the text is none of ours. */
static enum reclaim_means means_in(const char *before, guint *ret_oid)
{
    json_t *value = before ? json_loads(before, 0, NULL) : NULL;
    const char *name = json_string_value(json_object_get(value, "means"));
    enum reclaim_means found = RECLAIM_NOTHING;

    *ret_oid = (guint) json_integer_value(json_object_get(value, "oid"));
    for (int means = RECLAIM_TRUNCATE; name != NULL && means < RECLAIM_MEANS; means++)
        if (strcmp(name, reclaim_means_name((enum reclaim_means) means)) == 0)
            found = (enum reclaim_means) means;
    json_decref(value);
    return found;
}

static void add_speed(const struct store_object *object, gpointer data)
{
    struct speeds *speeds = data;
    guint oid;
    enum reclaim_means means = means_in(object->before, &oid);

    if (object->seconds < TELLING_SECONDS)
        return;
    speeds->seconds[means] += object->seconds;
    speeds->bytes[means] += (double) object->bytes;
}

/* ---- whose leftovers ---------------------------------------------------------------------------- */

struct memory {
    const struct store_scope *scope;
    GArray *runs;     /* of gint64, newest first */
    GHashTable *seen; /* oids whose newest pg_repack of ours is known */
    GPtrArray *leftovers;
};

static void keep_run(const struct store_run_view *run, gpointer data)
{
    struct memory *memory = data;

    if (g_strcmp0(run->system_identifier, memory->scope->system_identifier) == 0 &&
        g_strcmp0(run->dbname, memory->scope->dbname) == 0)
        g_array_append_val(memory->runs, run->id);
}

static void mark_ours(const struct store_object *object, gpointer data)
{
    struct memory *memory = data;
    guint oid;

    if (means_in(object->before, &oid) != RECLAIM_PG_REPACK ||
        !g_hash_table_add(memory->seen, GUINT_TO_POINTER(oid)))
        return;
    for (guint i = 0; i < memory->leftovers->len; i++) {
        struct reclaim_leftover *leftover = g_ptr_array_index(memory->leftovers, i);
        if (leftover->oid == oid)
            leftover->ours = g_strcmp0(object->outcome, "done") != 0;
    }
}

static void recall_leftovers(struct reclaim_case *state, const struct store_scope *scope)
{
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    struct memory memory = {scope, runs, seen, state->leftovers};

    if (state->leftovers->len == 0 || scope->system_identifier == NULL)
        return;
    store_each_run(state->call->store, scope->section, NULL, RUNS_REMEMBERED, keep_run, &memory,
                   NULL);
    for (guint i = 0; i < runs->len; i++)
        store_each_object(state->call->store, g_array_index(runs, gint64, i), mark_ours,
                          &memory, NULL);
}

/* What is going to be removed is no bar any more. */
static void lift_bars(const struct reclaim_case *state)
{
    for (guint i = 0; i < state->leftovers->len; i++) {
        const struct reclaim_leftover *leftover = g_ptr_array_index(state->leftovers, i);
        for (guint j = 0; leftover->ours && j < state->facts->len; j++) {
            struct reclaim_facts *facts = g_ptr_array_index(state->facts, j);
            if (facts->oid == leftover->oid)
                facts->leftover = false;
        }
    }
}

void reclaim_recall(struct reclaim_case *state)
{
    struct store_scope scope = {
        .section = state->call->feature->name,
        .system_identifier = session_system_identifier(state->control),
        .dbname = session_database(state->control),
    };
    struct speeds speeds = {0};

    store_last_done(state->call->store, &scope, add_speed, &speeds);
    for (int means = RECLAIM_TRUNCATE; means < RECLAIM_MEANS; means++)
        if (speeds.seconds[means] > 0)
            state->server.rates[means] = speeds.bytes[means] / speeds.seconds[means];
    recall_leftovers(state, &scope);
    lift_bars(state);
}
