/* What is to do and what came of it: a table for people, a document for programs. */
#include "apply.h"

#include "out/document.h"
#include "out/grid.h"
#include "units/units.h"

/* ---- the document -------------------------------------------------------------------------- */

static const char *answer_name(enum apply_answer answer)
{
    return answer == APPLY_OPEN ? "open" : answer == APPLY_FORCED ? "forced" : "shut";
}

static void gates_member(struct document *document, const struct apply *apply)
{
    document_array(document, "gates");
    for (guint i = 0; apply->gates != NULL && i < apply->gates->len; i++) {
        const struct apply_gate *gate = g_ptr_array_index(apply->gates, i);
        json_t *item = json_object();
        json_object_set_new(item, "name", json_string(gate->name));
        json_object_set_new(item, "answer", json_string(answer_name(gate->answer)));
        json_object_set_new(item, "evidence", document_text(gate->evidence));
        document_item(document, item);
    }
    document_array_end(document);
}

static char *lock_name(const struct apply_lock *lock)
{
    return lock->schema == NULL ? g_strdup(lock->relation)
                                : g_strconcat(lock->schema, ".", lock->relation, NULL);
}

static json_t *locks_of(const struct apply_item *item)
{
    json_t *locks = json_array();

    for (guint i = 0; i < item->locks->len; i++) {
        const struct apply_lock *lock = g_ptr_array_index(item->locks, i);
        g_autofree char *name = lock_name(lock);
        json_t *one = json_object();
        json_object_set_new(one, "relation", document_text(name));
        json_object_set_new(one, "mode", json_string(ddl_lock_name(lock->mode)));
        json_array_append_new(locks, one);
    }
    return locks;
}

static json_t *held_of(const struct apply_item *item)
{
    json_t *holds = json_array();

    for (guint i = 0; item->result.holds != NULL && i < item->result.holds->len; i++) {
        const struct script_hold *hold = g_ptr_array_index(item->result.holds, i);
        json_t *one = json_object();
        json_object_set_new(one, "relation", document_text(hold->relation));
        json_object_set_new(one, "mode", json_string(hold->mode));
        json_object_set_new(one, "held_ms", json_real(hold->ms));
        json_array_append_new(holds, one);
    }
    return holds;
}

static json_t *targets_of(const struct apply_item *item)
{
    json_t *targets = json_array();

    for (guint i = 0; i < item->targets->len; i++) {
        const struct apply_target *target = g_ptr_array_index(item->targets, i);
        json_t *one = json_object();
        json_t *columns = json_array();
        for (guint j = 0; j < target->columns->len; j++)
            json_array_append_new(columns,
                                  document_text(g_ptr_array_index(target->columns, j)));
        json_object_set_new(one, "schema", document_text(target->schema));
        json_object_set_new(one, "table", document_text(target->relation));
        json_object_set_new(one, "columns", columns);
        json_object_set_new(one, "analyzed", json_boolean(target->analyzed));
        json_object_set_new(one, "reason", document_text(target->detail));
        json_array_append_new(targets, one);
    }
    return targets;
}

static double longest_ms(const struct apply_item *item)
{
    double longest = 0;

    for (guint i = 0; item->result.holds != NULL && i < item->result.holds->len; i++)
        longest =
            MAX(longest,
                ((const struct script_hold *) g_ptr_array_index(item->result.holds, i))->ms);
    return longest;
}

static json_t *item_of(const struct apply_item *item)
{
    json_t *one = json_object();

    json_object_set_new(one, "version", document_text(item->migration->version));
    json_object_set_new(one, "name", document_text(item->migration->name));
    json_object_set_new(one, "file", document_text(item->script->file));
    json_object_set_new(one, "transactional",
                        json_boolean(item->form.shape == APPLY_TRANSACTION));
    json_object_set_new(one, "analysed", json_boolean(item->analysed));
    json_object_set_new(one, "locks", locks_of(item));
    json_object_set_new(one, "sql", document_text(item->act != NULL ? item->act->sql : NULL));
    json_object_set_new(one, "outcome", json_string(step_outcome_name(item->outcome)));
    json_object_set_new(one, "reason", document_text(item->reason));
    json_object_set_new(one, "attempts", json_integer(item->result.attempts));
    json_object_set_new(one, "seconds", json_real(item->result.seconds));
    json_object_set_new(one, "held", held_of(item));
    json_object_set_new(one, "longest_hold_ms", json_real(longest_ms(item)));
    json_object_set_new(one, "longest_wait_ms", json_real(item->result.waited_ms));
    json_object_set_new(one, "statistics", targets_of(item));
    return one;
}

static void show_document(const struct apply *apply, const char *outcome)
{
    const struct document_server server = {session_version(apply->control), apply->dbname,
                                           apply->system};
    struct document *document =
        document_begin(apply->call->output,
                       apply->down ? "migrations.revert/1" : "migrations.apply/1", &server);
    double seconds =
        apply->started_us == 0
            ? 0
            : (double) (g_get_monotonic_time() - apply->started_us) / G_USEC_PER_SEC;

    document_member(document, "run_id",
                    apply->run < 0 ? json_null() : json_integer(apply->run));
    document_member(document, "outcome", document_text(outcome));
    document_member(document, "seconds", json_real(seconds));
    document_member(document, "evidence_lost",
                    document_text(store_trouble(apply->call->store)));
    document_member(document, "forced", document_text(apply->force));
    gates_member(document, apply);
    document_array(document, "migrations");
    for (guint i = 0; i < apply->items->len; i++)
        document_item(document, item_of(g_ptr_array_index(apply->items, i)));
    document_array_end(document);
    document_end(document);
}

/* ---- the table ----------------------------------------------------------------------------- */

static enum output_tone tone_of(enum step_outcome outcome)
{
    return outcome == STEP_DONE      ? OUTPUT_GOOD
           : outcome == STEP_FAILED  ? OUTPUT_BAD
           : outcome == STEP_PLANNED ? OUTPUT_PLAIN
                                     : OUTPUT_CAUTION;
}

static void show_gates(const struct apply *apply)
{
    static const struct grid_column columns[] = {
        {"GATE", false}, {"ANSWER", false}, {"EVIDENCE", false}, {NULL, false}};
    static const enum output_tone tones[] = {OUTPUT_GOOD, OUTPUT_CAUTION, OUTPUT_BAD};

    if (apply->gates == NULL || apply->gates->len == 0)
        return;
    AUTO(grid) grid = grid_new(columns);
    for (guint i = 0; i < apply->gates->len; i++) {
        const struct apply_gate *gate = g_ptr_array_index(apply->gates, i);
        grid_cell(grid, OUTPUT_PLAIN, gate->name);
        grid_cell(grid, tones[gate->answer], answer_name(gate->answer));
        grid_cell(grid, OUTPUT_PLAIN, gate->evidence);
    }
    grid_print(grid, apply->call->output);
    output_say(apply->call->output, "%s", "");
}

static void cell_ms(struct grid *grid, bool known, double ms)
{
    if (known)
        grid_cellf(grid, OUTPUT_PLAIN, "%.0f ms", ms);
    else
        grid_cell(grid, OUTPUT_PLAIN, NULL);
}

static void reason_cell(struct grid *grid, const struct apply_item *item)
{
    g_autoptr(GString) text = g_string_new(item->reason);

    if (item->reason == NULL && item->outcome == STEP_PLANNED)
        g_string_append(text, item->form.shape == APPLY_ALONE ? "outside of a transaction"
                                                              : "one transaction");
    for (guint i = 0; item->outcome == STEP_DONE && i < item->targets->len; i++) {
        const struct apply_target *target = g_ptr_array_index(item->targets, i);
        g_string_append_printf(text, "%s%s %s", text->len > 0 ? "; " : "", target->relation,
                               target->analyzed ? "analyzed" : "not analyzed");
        if (!target->analyzed && target->detail != NULL)
            g_string_append_printf(text, ": %s", target->detail);
    }
    grid_cell(grid, OUTPUT_PLAIN, text->str);
}

static void show_items(const struct apply *apply)
{
    static const struct grid_column columns[] = {
        {"MIGRATION", false}, {"OUTCOME", false}, {"LOCK", false},   {"HELD", true},
        {"WAITED", true},     {"TRIES", true},    {"REASON", false}, {NULL, false}};
    AUTO(grid) grid = grid_new(columns);

    for (guint i = 0; i < apply->items->len; i++) {
        const struct apply_item *item = g_ptr_array_index(apply->items, i);
        bool tried = item->result.attempts > 0;
        grid_take(grid, OUTPUT_PLAIN, apply_item_name(item));
        grid_cell(grid, tone_of(item->outcome), step_outcome_name(item->outcome));
        grid_cell(grid, OUTPUT_PLAIN,
                  !item->analysed ? "not analysed" : ddl_lock_words(item->mode));
        cell_ms(grid, tried, longest_ms(item));
        cell_ms(grid, tried, item->result.waited_ms);
        grid_count(grid, OUTPUT_PLAIN, tried ? (gint64) item->result.attempts : GRID_NONE);
        reason_cell(grid, item);
    }
    grid_print(grid, apply->call->output);
}

static void show_table(const struct apply *apply, const char *outcome)
{
    if (apply->items->len == 0) {
        output_say(apply->call->output, "%s",
                   apply->down ? "nothing to take back" : "nothing to apply");
        return;
    }
    if (output_format(apply->call->output) != OUTPUT_CSV)
        show_gates(apply);
    show_items(apply);
    if (outcome != NULL && apply->run >= 0)
        output_say(apply->call->output, "\nrun %" G_GINT64_FORMAT ": %s", apply->run, outcome);
}

/* ---- both ---------------------------------------------------------------------------------- */

void apply_show(const struct apply *apply, const char *outcome)
{
    if (output_format(apply->call->output) == OUTPUT_JSON)
        show_document(apply, outcome);
    else
        show_table(apply, outcome);
}

void apply_show_plan(gpointer data)
{
    apply_show(data, NULL);
}

void apply_say_gates(const struct apply *apply)
{
    for (guint i = 0; apply->gates != NULL && i < apply->gates->len; i++) {
        const struct apply_gate *gate = g_ptr_array_index(apply->gates, i);
        output_note(apply->call->output, "gate %s is %s: %s", gate->name,
                    answer_name(gate->answer), gate->evidence);
    }
}

char *apply_summary(const struct apply *apply)
{
    json_t *summary = json_object();
    guint done = 0;
    double longest = 0;

    for (guint i = 0; i < apply->items->len; i++) {
        const struct apply_item *item = g_ptr_array_index(apply->items, i);
        done += item->outcome == STEP_DONE;
        longest = MAX(longest, longest_ms(item));
    }
    json_object_set_new(summary, "migrations", json_integer(apply->items->len));
    json_object_set_new(summary, "done", json_integer(done));
    json_object_set_new(summary, "longest_hold_ms", json_real(longest));
    json_object_set_new(summary, "forced", document_text(apply->force));
    char *text = json_dumps(summary, JSON_COMPACT);
    char *copy = g_strdup(text);
    free(text);
    json_decref(summary);
    return copy;
}
