/* Plan and run, as tables for people and as one document for programs. */
#include "bloat_reclaim.h"
#include "out/document.h"
#include "out/grid.h"
#include "units/units.h"

enum { ROWS_SHOWN = 25 };

static const char *kind_of(const struct reclaim_target *target)
{
    return target->index != NULL ? "index" : "table";
}

static const char *means_title(const struct reclaim_target *target)
{
    return target->covered_by != NULL ? "with its table"
                                      : reclaim_means_title(target->choice.means);
}

/* ---- the document --------------------------------------------------------------------------- */

static json_t *size_or_null(gint64 bytes)
{
    return bytes < 0 ? json_null() : json_integer(bytes);
}

/* Of a table the one that weighs more speaks for both. */
static const struct bloat_object *object_of(const struct reclaim_target *target)
{
    if (target->index != NULL)
        return target->index;
    if (target->heap == NULL)
        return target->toast;
    return target->bloat.toast > target->bloat.heap ? target->toast : target->heap;
}

static json_t *item_of(const struct reclaim_target *target, bool ran)
{
    const struct bloat_object *object = object_of(target);
    const struct reclaim_choice *choice = &target->choice;
    const char *means =
        target->covered_by != NULL ? "with_table" : reclaim_means_name(choice->means);
    json_t *item = json_object();

    json_object_set_new(item, "schema", document_text(reclaim_target_schema(target)));
    json_object_set_new(item, "name", document_text(reclaim_target_name(target)));
    json_object_set_new(item, "kind", json_string(kind_of(target)));
    json_object_set_new(item, "table", document_text(object->table));
    json_object_set_new(item, "means", json_string(means));
    json_object_set_new(item, "reason", document_text(choice->reason));
    json_object_set_new(item, "step",
                        target->number > 0 ? json_integer(target->number) : json_null());
    json_object_set_new(item, "size_bytes", json_integer(reclaim_target_size(target)));
    json_object_set_new(item, "reclaimable_bytes", size_or_null(object->reclaimable_bytes));
    json_object_set_new(item, "reclaimable_pct", json_real(object->reclaimable_pct));
    json_object_set_new(item, "margin_pct", json_real(object->margin_pct));
    json_object_set_new(item, "expected_bytes", json_integer(choice->expected_bytes));
    json_object_set_new(item, "predicted_seconds", json_real(choice->predicted_seconds));
    json_object_set_new(item, "closed_seconds", json_real(choice->closed_seconds));
    json_object_set_new(item, "outcome",
                        ran ? json_string(step_outcome_name(target->outcome)) : json_null());
    json_object_set_new(item, "outcome_reason",
                        ran ? document_text(target->outcome_reason) : json_null());
    json_object_set_new(item, "size_before_bytes", size_or_null(target->size_before));
    json_object_set_new(item, "size_after_bytes", size_or_null(target->size_after));
    json_object_set_new(item, "won_bytes",
                        target->size_after < 0 ? json_null()
                                               : json_integer(reclaim_target_won(target)));
    return item;
}

static void steps_member(struct document *document, const struct plan *plan, bool ran)
{
    document_array(document, "steps");
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(plan->steps, i);
        json_t *item = json_object();
        json_object_set_new(item, "step", json_integer((json_int_t) i + 1));
        json_object_set_new(item, "object", document_text(step->object));
        json_object_set_new(item, "sql", document_text(step->sql));
        json_object_set_new(item, "program", json_boolean(step->program != NULL));
        json_object_set_new(item, "lock_mode", document_text(step->lock_mode));
        json_object_set_new(item, "predicted_seconds", json_real(step->predicted_seconds));
        json_object_set_new(item, "outcome",
                            ran ? json_string(step_outcome_name(step->outcome)) : json_null());
        json_object_set_new(item, "detail", document_text(step->detail));
        document_item(document, item);
    }
    document_array_end(document);
}

static void leftovers_member(struct document *document, const struct reclaim_case *state)
{
    document_array(document, "leftovers");
    for (guint i = 0; i < state->leftovers->len; i++) {
        const struct reclaim_leftover *leftover = g_ptr_array_index(state->leftovers, i);
        json_t *item = json_object();
        json_object_set_new(item, "schema", document_text(leftover->schema));
        json_object_set_new(item, "table", document_text(leftover->name));
        json_object_set_new(item, "sql", document_text(leftover->sql));
        json_object_set_new(item, "ours", json_boolean(leftover->ours));
        document_item(document, item);
    }
    document_array_end(document);
}

static void left_out_member(struct document *document, const struct reclaim_case *state)
{
    document_array(document, "left_out");
    for (guint i = 0; i < state->bloat->left_out->len; i++) {
        const struct relation_table *table = g_ptr_array_index(state->bloat->left_out, i);
        json_t *item = json_object();
        json_object_set_new(item, "schema", document_text(table->schema));
        json_object_set_new(item, "table", document_text(table->name));
        json_object_set_new(item, "reason", document_text(table->locked));
        document_item(document, item);
    }
    document_array_end(document);
}

static gint64 won_in_all(const struct reclaim_case *state)
{
    gint64 won = 0;

    for (guint i = 0; i < state->targets->len; i++)
        won += reclaim_target_won(g_ptr_array_index(state->targets, i));
    return won;
}

static double seconds_since(gint64 started_us)
{
    return (double) (g_get_monotonic_time() - started_us) / G_USEC_PER_SEC;
}

/* outcome NULL: a dry run. */
static void write_document(const struct reclaim_case *state, const struct plan *plan,
                           gint64 run, const char *outcome)
{
    struct document_server server = {
        .version_num = session_version(state->control),
        .database = session_database(state->control),
        .system_identifier = session_system_identifier(state->control),
    };
    struct document *document = document_begin(state->call->output, "bloat.reclaim/1", &server);

    document_member(document, "run_id", run < 0 ? json_null() : json_integer(run));
    document_member(document, "outcome", document_text(outcome));
    document_member(document, "seconds", json_real(seconds_since(state->started_us)));
    document_member(document, "evidence_lost",
                    document_text(store_trouble(state->call->store)));
    document_member(document, "won_bytes", json_integer(won_in_all(state)));
    document_member(document, "worth_bytes", json_integer(state->rules.worth_bytes));
    document_member(document, "worth_fraction", json_real(state->rules.worth_fraction));
    document_member(document, "not_visible", json_integer(state->bloat->not_visible));
    document_member(document, "unknown", json_integer(state->unknown));
    if (outcome == NULL)
        document_member(document, "only", reclaim_marks(state));
    document_array(document, "objects");
    for (guint i = 0; i < state->targets->len; i++)
        document_item(document, item_of(g_ptr_array_index(state->targets, i), outcome != NULL));
    document_array_end(document);
    steps_member(document, plan, outcome != NULL);
    leftovers_member(document, state);
    left_out_member(document, state);
    document_end(document);
}

/* ---- for people ------------------------------------------------------------------------------- */

static guint rows_to_show(const struct reclaim_case *state)
{
    struct output *output = state->call->output;
    bool all = output_verbosity(output) > 0 || output_format(output) == OUTPUT_CSV;

    return all ? state->targets->len : MIN(state->targets->len, ROWS_SHOWN);
}

static void say_rest(const struct reclaim_case *state)
{
    struct output *output = state->call->output;
    guint rest = state->targets->len - rows_to_show(state);

    if (rest > 0) {
        g_autofree char *more = units_format_counted(rest, "more object");
        output_say(output, "… and %s (-v shows all)", more);
    }
    for (guint i = 0; i < state->bloat->left_out->len; i++) {
        const struct relation_table *table = g_ptr_array_index(state->bloat->left_out, i);
        g_autofree char *text = relations_left_out(table);
        output_say(output, "Left out: %s.", text);
    }
    if (state->bloat->not_visible > 0) {
        g_autofree char *tables = units_format_counted(state->bloat->not_visible, "table");
        output_say(output, "Not judged: %s, whose statistics this role may not read.", tables);
    }
    if (state->unknown > 0) {
        g_autofree char *objects = units_format_counted(state->unknown, "object");
        output_say(output, "Without a number: %s; \"bloat report\" says why.", objects);
    }
}

static void plan_row(struct grid *grid, const struct reclaim_target *target)
{
    enum output_tone tone = target->choice.means == RECLAIM_FULL      ? OUTPUT_CAUTION
                            : target->choice.means == RECLAIM_NOTHING ? OUTPUT_DIM
                                                                      : OUTPUT_PLAIN;

    grid_take(grid, tone, target->number > 0 ? g_strdup_printf("%d", target->number) : NULL);
    grid_cellf(grid, tone, "%s.%s", reclaim_target_schema(target), reclaim_target_name(target));
    grid_size(grid, tone, reclaim_target_size(target));
    grid_size(grid, tone,
              target->choice.means == RECLAIM_NOTHING ? GRID_NONE
                                                      : target->choice.expected_bytes);
    grid_cell(grid, tone, means_title(target));
    grid_cell(grid, tone, target->choice.reason);
}

/* What earlier runs left is removed in steps of its own. */
static void removal_plan_rows(struct grid *grid, const struct reclaim_case *state,
                              const struct plan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(plan->steps, i);
        if (!reclaim_is_removal(state, step))
            continue;
        grid_cellf(grid, OUTPUT_PLAIN, "%u", i + 1);
        grid_cell(grid, OUTPUT_PLAIN, step->object);
        grid_cell(grid, OUTPUT_PLAIN, NULL);
        grid_cell(grid, OUTPUT_PLAIN, NULL);
        grid_cell(grid, OUTPUT_PLAIN, "remove remains");
        grid_cell(grid, OUTPUT_PLAIN, step->reason);
    }
}

static void removal_run_rows(struct grid *grid, const struct reclaim_case *state,
                             const struct plan *plan)
{
    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(plan->steps, i);
        enum output_tone tone = step->outcome == STEP_DONE ? OUTPUT_PLAIN : OUTPUT_CAUTION;
        if (!reclaim_is_removal(state, step))
            continue;
        grid_cell(grid, tone, step->object);
        grid_cell(grid, tone, "remove remains");
        grid_cell(grid, tone, step_outcome_name(step->outcome));
        for (int column = 0; column < 3; column++)
            grid_cell(grid, tone, NULL);
        grid_cell(grid, tone, step->detail);
    }
}

static void plan_summary(const struct reclaim_case *state)
{
    struct output *output = state->call->output;
    double seconds = 0, closed = 0;
    gint64 bytes = 0;
    guint steps = 0;

    for (guint i = 0; i < state->targets->len; i++) {
        const struct reclaim_target *target = g_ptr_array_index(state->targets, i);
        if (target->number == 0)
            continue;
        steps++;
        bytes += target->choice.expected_bytes;
        seconds += target->choice.predicted_seconds;
        closed += target->choice.closed_seconds;
    }
    g_autofree char *size = units_format_size(bytes);
    g_autofree char *time = units_format_duration(MAX(seconds, 1));
    g_autofree char *objects = units_format_counted(steps, "object");
    if (steps == 0)
        output_say(output, state->targets->len == 0 ? "Nothing is worth it."
                                                    : "Nothing can be done here.");
    else
        output_say(output, "To do: %s, %s to win, at a cautious guess in %s.", objects, size,
                   time);
    if (closed > 0) {
        g_autofree char *shut = units_format_duration(closed);
        output_say(output, "VACUUM (FULL) closes its tables to everybody, for about %s in all.",
                   shut);
    }
}

void reclaim_show_plan(const struct reclaim_case *state, const struct plan *plan)
{
    static const struct grid_column columns[] = {
        {"#", true},      {"object", false}, {"size", true}, {"to win", true},
        {"means", false}, {"reason", false}, {NULL, false},
    };

    if (output_format(state->call->output) == OUTPUT_JSON) {
        write_document(state, plan, -1, NULL);
        return;
    }
    AUTO(grid) grid = grid_new(columns);
    for (guint i = 0; i < rows_to_show(state); i++)
        plan_row(grid, g_ptr_array_index(state->targets, i));
    removal_plan_rows(grid, state, plan);
    if (grid_rows(grid) > 0)
        grid_print(grid, state->call->output);
    say_rest(state);
    plan_summary(state);
}

static void run_row(struct grid *grid, const struct reclaim_target *target)
{
    enum output_tone tone = target->outcome == STEP_DONE     ? OUTPUT_PLAIN
                            : target->outcome == STEP_FAILED ? OUTPUT_BAD
                                                             : OUTPUT_CAUTION;
    bool measured = target->size_before >= 0 && target->size_after >= 0;

    grid_cellf(grid, tone, "%s.%s", reclaim_target_schema(target), reclaim_target_name(target));
    grid_cell(grid, tone, means_title(target));
    grid_cell(grid, tone, step_outcome_name(target->outcome));
    grid_size(grid, tone, measured ? target->size_before : reclaim_target_size(target));
    grid_size(grid, tone, measured ? target->size_after : GRID_NONE);
    grid_size(grid, tone, measured ? reclaim_target_won(target) : GRID_NONE);
    grid_cell(grid, tone, target->outcome_reason);
}

static void run_summary(const struct reclaim_case *state, gint64 run)
{
    struct output *output = state->call->output;
    guint outcomes[STEP_NOT_REACHED + 1] = {0};

    for (guint i = 0; i < state->targets->len; i++)
        outcomes[((const struct reclaim_target *) g_ptr_array_index(state->targets, i))
                     ->outcome]++;
    g_autofree char *done = units_format_counted(outcomes[STEP_DONE], "object");
    g_autofree char *won = units_format_size(won_in_all(state));
    g_autofree char *time = units_format_duration(seconds_since(state->started_us));
    output_say(output, "%s done, %u skipped, %u failed, %u not reached, in %s; %s won.", done,
               outcomes[STEP_SKIPPED], outcomes[STEP_FAILED], outcomes[STEP_NOT_REACHED], time,
               won);
    if (run > 0)
        output_say(output, "Recorded: pgrunbook history show %" G_GINT64_FORMAT, run);
}

void reclaim_show_run(const struct reclaim_case *state, const struct plan *plan, gint64 run,
                      const char *outcome)
{
    static const struct grid_column columns[] = {
        {"object", false}, {"means", false}, {"outcome", false}, {"before", true},
        {"after", true},   {"won", true},    {"reason", false},  {NULL, false},
    };

    if (output_format(state->call->output) == OUTPUT_JSON) {
        write_document(state, plan, run, outcome);
        return;
    }
    AUTO(grid) grid = grid_new(columns);
    for (guint i = 0; i < rows_to_show(state); i++)
        run_row(grid, g_ptr_array_index(state->targets, i));
    removal_run_rows(grid, state, plan);
    if (grid_rows(grid) > 0)
        grid_print(grid, state->call->output);
    say_rest(state);
    run_summary(state, run);
}
