/* `connections relieve`: its plan and its result, for people and as a document. */
#include "connections_relieve.h"
#include "out/grid.h"
#include "units/units.h"

#include <string.h>

/* ---- the document ---------------------------------------------------------------------------- */

static json_t *act_json(const struct backends_act *act)
{
    json_t *item = backend_identity_json(&act->backend);

    json_object_set_new(item, "idle_seconds", json_real(act->seconds));
    json_object_set_new(item, "query", document_text(act->backend.query));
    json_object_set_new(item, "reason", document_text(act->reason));
    return item;
}

static bool is_end(const struct backends_act *act)
{
    return act->result == BACKENDS_TERMINATED || act->result == BACKENDS_CANCELLED;
}

/* Of a plan: what would be ended; of a ladder its first rung. */
static void add_planned(const struct relief *relief, struct document *document)
{
    const struct relief_round *round = relief_last(relief);

    document_array(document, "planned");
    for (guint i = 0; i < round->acts->acts->len; i++) {
        const struct backends_act *act = g_ptr_array_index(round->acts->acts, i);
        if (round->ran || act->last != NULL)
            continue;
        json_t *item = act_json(act);
        json_object_set_new(item, "sql",
                            document_text(backends_act_step(round->plan, act)->sql));
        document_item(document, item);
    }
    document_array_end(document);
}

static void add_ended(const struct relief *relief, struct document *document)
{
    document_array(document, "ended");
    for (guint i = 0; i < relief->rounds->len; i++) {
        const struct relief_round *round = g_ptr_array_index(relief->rounds, i);
        for (guint at = 0; at < round->acts->acts->len; at++) {
            const struct backends_act *act = g_ptr_array_index(round->acts->acts, at);
            if (!is_end(act))
                continue;
            json_t *item = act_json(act);
            json_object_set_new(item, "step", json_string(backends_result_name(act->result)));
            document_item(document, item);
        }
    }
    document_array_end(document);
}

static json_t *spared_json(const struct backend *backend, const char *reason)
{
    json_t *item = json_object();

    json_object_set_new(item, "pid", json_integer(backend->pid));
    json_object_set_new(item, "role", document_text(backend->role));
    json_object_set_new(item, "application", document_text(backend->application));
    json_object_set_new(item, "state", json_string(backend_state_name(backend->state)));
    json_object_set_new(item, "reason", document_text(reason));
    return item;
}

/* The first rung of a ladder, where the second was tried as well. */
static bool is_superseded(const struct relief_round *round, const struct backends_act *act)
{
    for (guint i = 0; i < round->acts->acts->len; i++) {
        const struct backends_act *other = g_ptr_array_index(round->acts->acts, i);
        if (other->last == act && backends_act_counts(other))
            return true;
    }
    return false;
}

/* Tried, or to be tried, and not ended. */
static bool is_failure(const struct relief_round *round, const struct backends_act *act)
{
    return round->ran && !is_end(act) && backends_act_counts(act) && !is_superseded(round, act);
}

static void add_spared_one(struct document *document, GHashTable *listed,
                           const struct backend *backend, const char *reason)
{
    gint64 *pid = g_memdup2(&backend->pid, sizeof backend->pid);

    if (g_hash_table_add(listed, pid))
        document_item(document, spared_json(backend, reason));
}

static void list_ended(const struct relief *relief, GHashTable *listed)
{
    for (guint i = 0; i < relief->rounds->len; i++) {
        const struct relief_round *round = g_ptr_array_index(relief->rounds, i);
        for (guint at = 0; at < round->acts->acts->len; at++) {
            const struct backends_act *act = g_ptr_array_index(round->acts->acts, at);
            if (is_end(act))
                g_hash_table_add(listed, g_memdup2(&act->backend.pid, sizeof act->backend.pid));
        }
    }
}

/* Those that were tried and left, then all others as the last look found them; each once, and
 * none that was ended (one that was only cancelled is still there). */
static void add_spared(const struct relief *relief, struct document *document)
{
    const struct connections_decision *decision = relief_last(relief)->decision;
    g_autoptr(GHashTable) listed =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

    document_array(document, "spared");
    list_ended(relief, listed);
    for (guint i = 0; i < relief->rounds->len; i++) {
        const struct relief_round *round = g_ptr_array_index(relief->rounds, i);
        for (guint at = 0; at < round->acts->acts->len; at++) {
            const struct backends_act *act = g_ptr_array_index(round->acts->acts, at);
            if (is_failure(round, act))
                add_spared_one(document, listed, &act->backend,
                               act->why ? act->why : "not reached");
        }
    }
    for (guint i = 0; i < decision->spared->len; i++) {
        const struct connections_spared *spared =
            &g_array_index(decision->spared, struct connections_spared, i);
        add_spared_one(document, listed, spared->backend, spared->reason);
    }
    document_array_end(document);
}

static json_t *goal_json(const struct relief *relief, bool over)
{
    const struct connections_diagnosis *first = relief_first(relief)->diagnosis;
    const struct connections_diagnosis *last = relief_last(relief)->diagnosis;
    json_t *goal = json_object();

    json_object_set_new(goal, "until", json_real(relief->policy.until));
    json_object_set_new(goal, "slots", json_integer(first->goal));
    json_object_set_new(goal, "used_before", json_integer(first->room.used));
    json_object_set_new(goal, "used_after", over ? json_integer(last->room.used) : json_null());
    json_object_set_new(goal, "reached",
                        over ? json_boolean(relief_reached(relief)) : json_null());
    return goal;
}

static void show_document(const struct relief *relief, const char *outcome)
{
    const struct relief_round *first = relief_first(relief);
    struct session *session = relief->entry.session;
    bool shown = output_format(relief->call->output) == OUTPUT_JSON;
    struct document_server server = {
        .version_num = session_version(session),
        .database = session_database(session),
        .system_identifier = shown ? session_system_identifier(session) : NULL,
    };
    struct document *document =
        document_begin(relief->call->output, "connections.relieve/1", &server);
    g_auto(GStrv) hints = connections_hints(first->diagnosis, &relief->policy, outcome == NULL);

    document_member(document, "run_id",
                    relief->run < 0 ? json_null() : json_integer(relief->run));
    document_member(document, "outcome", outcome ? json_string(outcome) : json_null());
    document_member(document, "evidence_lost",
                    document_text(store_trouble(relief->call->store)));
    document_member(document, "diagnosis",
                    json_string(connections_kind_name(first->diagnosis->kind)));
    document_member(document, "reason", document_text(first->diagnosis->reason));
    document_member(document, "emergency", json_boolean(relief->entry.emergency));
    document_member(document, "goal", goal_json(relief, outcome != NULL));
    if (outcome == NULL)
        document_member(document, "only", backends_acts_marks(relief_last(relief)->acts));
    add_planned(relief, document);
    add_ended(relief, document);
    add_spared(relief, document);
    document_member(document, "hints", connections_strings_json(hints));
    document_end(document);
}

char *relief_summary(const struct relief *relief)
{
    json_t *summary = goal_json(relief, true);

    json_object_set_new(
        summary, "diagnosis",
        json_string(connections_kind_name(relief_first(relief)->diagnosis->kind)));
    json_object_set_new(summary, "ended", json_integer(relief_ended(relief)));
    json_object_set_new(summary, "emergency", json_boolean(relief->entry.emergency));
    char *text = json_dumps(summary, JSON_COMPACT | JSON_REAL_PRECISION(9));
    char *copy = g_strdup(text);
    free(text);
    json_decref(summary);
    return copy;
}

/* ---- for people ------------------------------------------------------------------------------ */

static const struct grid_column columns[] = {
    {"pid", true},    {"role", false}, {"application", false}, {"client", false},
    {"state", false}, {"what", false}, {"why", false},         {NULL, false},
};

static void row_act(struct grid *grid, const struct backends_act *act, const char *what,
                    enum output_tone tone, const char *why)
{
    grid_cellf(grid, OUTPUT_BOLD, "%" G_GINT64_FORMAT, act->backend.pid);
    grid_cell(grid, OUTPUT_PLAIN, act->backend.role);
    grid_cell(grid, OUTPUT_PLAIN, act->backend.application);
    grid_cell(grid, OUTPUT_PLAIN, act->backend.client);
    grid_cell(grid, OUTPUT_PLAIN, backend_state_name(act->backend.state));
    grid_cell(grid, tone, what);
    grid_cell(grid, OUTPUT_PLAIN, why);
}

static void rows_of_round(struct grid *grid, const struct relief_round *round)
{
    for (guint at = 0; at < round->acts->acts->len; at++) {
        const struct backends_act *act = g_ptr_array_index(round->acts->acts, at);
        if (!round->ran && act->last == NULL)
            row_act(grid, act,
                    act->action == BACKENDS_CANCEL ? "cancel, then terminate" : "terminate",
                    OUTPUT_CAUTION, act->reason);
        if (round->ran && backends_act_counts(act) && !is_superseded(round, act))
            row_act(grid, act, backends_result_name(act->result),
                    is_end(act) ? OUTPUT_GOOD : OUTPUT_CAUTION,
                    act->why ? act->why : act->reason);
    }
}

static void show_acts(const struct relief *relief, bool over)
{
    AUTO(grid) grid = grid_new(columns);

    for (guint i = 0; i < relief->rounds->len; i++) {
        const struct relief_round *round = g_ptr_array_index(relief->rounds, i);
        if (round->ran == over)
            rows_of_round(grid, round);
    }
    if (grid_rows(grid) > 0)
        grid_print(grid, relief->call->output);
}

/* How many were left alone for which reason. */
static void say_spared(const struct relief *relief)
{
    const GArray *spared = relief_last(relief)->decision->spared;
    g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) reasons = g_ptr_array_new();

    for (guint i = 0; i < spared->len; i++) {
        gpointer reason =
            (gpointer) (guintptr) g_array_index(spared, struct connections_spared, i).reason;
        guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, reason));
        if (count == 0)
            g_ptr_array_add(reasons, reason);
        g_hash_table_insert(counts, reason, GUINT_TO_POINTER(count + 1));
    }
    for (guint i = 0; i < reasons->len; i++) {
        const char *reason = g_ptr_array_index(reasons, i);
        output_say(relief->call->output, "%s%5u left alone: %s", i == 0 ? "\n" : "",
                   GPOINTER_TO_UINT(g_hash_table_lookup(counts, reason)), reason);
    }
}

static void say_result(const struct relief *relief, bool over)
{
    const struct connections_diagnosis *last = relief_last(relief)->diagnosis;
    const struct backends_room *room = &last->room;
    g_autofree char *words = connections_room_words(room);

    if (!over) {
        output_say(relief->call->output,
                   "Goal: at most %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " (%.0f%%).",
                   last->goal, room->most, 100 * relief->policy.until);
        return;
    }
    g_autofree char *ended = units_format_counted(relief_ended(relief), "session");
    output_say(relief->call->output,
               "%s ended; now %s; the goal, %" G_GINT64_FORMAT " at most, is %s%s.", ended,
               words, last->goal, last->need == 0 ? "reached" : "not reached",
               last->convoy > 0 ? "; the convoy is still there"
               : relief_first(relief)->diagnosis->kind == CONNECTIONS_LOCK_CONVOY
                   ? "; the convoy is gone"
                   : "");
}

static void show_text(const struct relief *relief, bool over)
{
    const struct relief_round *first = relief_first(relief);
    struct output *output = relief->call->output;
    g_auto(GStrv) hints = connections_hints(first->diagnosis, &relief->policy, !over);
    g_autofree char *title =
        output_paint(output, OUTPUT_BOLD, connections_kind_title(first->diagnosis->kind));

    output_say(output, "Diagnosis: %s", title);
    output_say(output, "%s.", first->diagnosis->reason);
    show_acts(relief, over);
    say_result(relief, over);
    say_spared(relief);
    for (guint i = 0; over && hints[i] != NULL; i++)
        output_say(output, "%s→ %s", i == 0 ? "\n" : "", hints[i]);
}

void relief_show(const struct relief *relief, const char *outcome)
{
    show_document(relief, outcome);
    if (output_format(relief->call->output) != OUTPUT_JSON)
        show_text(relief, outcome != NULL);
}
