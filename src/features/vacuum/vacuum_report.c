/* Plan and run, as tables for people and documents for programs. */
#include "out/document.h"
#include "out/grid.h"
#include "plan/plan_only.h"
#include "units/units.h"
#include "vacuum.h"

#include <string.h>

enum { ROWS_SHOWN = 25 };

bool vacuum_was_dropped(const struct vacuum_choice *choice)
{
    return choice->outcome == STEP_SKIPPED && choice->reason != NULL &&
           g_str_has_prefix(choice->reason, "dropped");
}

bool vacuum_reported(const struct vacuum_choice *choice)
{
    /* Without a right on system catalogs is how a least-privileged role is meant to be. */
    bool forbidden = choice->bar == VACUUM_BAR_FORBIDDEN && !vacuum_is_system(choice->table);

    return choice->order > 0 || forbidden || choice->bar == VACUUM_BAR_HORIZON;
}

static struct document *begin(const struct call *call, struct session *session,
                              const char *schema)
{
    struct document_server server = {
        .version_num = session_version(session),
        .database = session_database(session),
        .system_identifier = session_system_identifier(session),
    };

    return document_begin(call->output, schema, &server);
}

static gint by_order(gconstpointer left, gconstpointer right)
{
    const struct vacuum_choice *a = *(const struct vacuum_choice *const *) left;
    const struct vacuum_choice *b = *(const struct vacuum_choice *const *) right;

    /* What is not done has no order: behind the rest, by name. */
    if ((a->order == 0) != (b->order == 0))
        return a->order == 0 ? 1 : -1;
    if (a->order != b->order)
        return a->order - b->order;
    int schemas = strcmp(a->table->schema, b->table->schema);
    return schemas != 0 ? schemas : strcmp(a->table->name, b->table->name);
}

static GPtrArray *in_order(const struct vacuum_case *state)
{
    GPtrArray *list = g_ptr_array_sized_new(state->choices->len);

    for (guint i = 0; i < state->choices->len; i++)
        g_ptr_array_add(list, &g_array_index(state->choices, struct vacuum_choice, i));
    g_ptr_array_sort(list, by_order);
    return list;
}

static void horizon_member(struct document *document, const struct vacuum_case *state)
{
    document_array(document, "horizon");
    for (guint i = 0; i < state->holders->len; i++) {
        const struct vacuum_holder *holder = g_ptr_array_index(state->holders, i);
        json_t *item = json_object();
        json_object_set_new(item, "kind", document_text(holder->kind));
        json_object_set_new(item, "holder", document_text(holder->holder));
        json_object_set_new(item, "age_xids", json_integer(holder->age_xids));
        json_object_set_new(item, "since", document_time(holder->since * G_USEC_PER_SEC));
        json_object_set_new(item, "remedy", document_text(holder->remedy));
        document_item(document, item);
    }
    document_array_end(document);
}

static void say_horizon(const struct call *call, const struct vacuum_case *state)
{
    const struct vacuum_holder *holder = vacuum_oldest_holder(state, NULL);

    if (holder == NULL)
        return;
    g_autofree char *age = units_format_counted(holder->age_xids, "transaction");
    output_say(call->output,
               "Held back by %s, %s old: rows that died since then stay until it ends.\n  %s",
               holder->holder, age, holder->remedy);
}

/* ---- plan --------------------------------------------------------------------------------- */

static json_t *needs_of(const struct vacuum_choice *choice)
{
    json_t *needs = json_array();

    for (unsigned bit = 1; bit <= VACUUM_NEED_ASKED; bit <<= 1)
        if ((choice->needs | choice->held) & bit)
            json_array_append_new(needs, json_string(vacuum_need_name((enum vacuum_need) bit)));
    return needs;
}

static json_t *plan_item(const struct vacuum_case *state, const struct vacuum_choice *choice)
{
    const struct vacuum_table *table = choice->table;
    g_autofree char *reason = vacuum_reason(state, choice);
    json_t *item = json_object();

    json_object_set_new(item, "schema", document_text(table->schema));
    json_object_set_new(item, "table", document_text(table->name));
    json_object_set_new(item, "size_bytes", json_integer(vacuum_bytes(&state->server, table)));
    json_object_set_new(item, "action", json_string(vacuum_action_name(choice)));
    json_object_set_new(item, "freeze", json_boolean(choice->freeze));
    json_object_set_new(item, "needs", needs_of(choice));
    json_object_set_new(item, "reason", document_text(reason));
    json_object_set_new(
        item, "lack", document_text(choice->bar == VACUUM_BAR_FORBIDDEN ? table->lack : NULL));
    json_object_set_new(item, "order",
                        choice->order > 0 ? json_integer(choice->order) : json_null());
    json_object_set_new(item, "step",
                        choice->step > 0 ? json_integer(choice->step) : json_null());
    json_object_set_new(item, "predicted_seconds", json_real(choice->predicted_seconds));
    json_object_set_new(item, "dead_rows", json_integer(table->dead));
    return item;
}

static void steps_member(struct document *document, const struct plan *plan)
{
    document_array(document, "steps");
    for (guint i = 0; plan != NULL && i < plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(plan->steps, i);
        json_t *item = json_object();
        json_object_set_new(item, "step", json_integer((json_int_t) i + 1));
        json_object_set_new(item, "object", document_text(step->object));
        json_object_set_new(item, "sql", document_text(step->sql));
        json_object_set_new(item, "lock_mode", document_text(step->lock_mode));
        json_object_set_new(item, "predicted_seconds", json_real(step->predicted_seconds));
        document_item(document, item);
    }
    document_array_end(document);
}

static json_t *marks_of(const GPtrArray *list)
{
    struct plan_marks *marks = plan_marks_new();

    for (guint i = 0; i < list->len; i++) {
        const struct vacuum_choice *choice = g_ptr_array_index(list, i);
        if (choice->order > 0)
            plan_marks_add_oid(marks, choice->table->oid);
    }
    return plan_marks_end(marks);
}

static void plan_document(struct call *call, struct session *session,
                          const struct vacuum_case *state, const GPtrArray *list,
                          const struct plan *plan)
{
    struct document *document = begin(call, session, "vacuum.plan/1");

    horizon_member(document, state);
    if (call->dry_run)
        document_member(document, "only", marks_of(list));
    document_array(document, "tables");
    for (guint i = 0; i < list->len; i++)
        document_item(document, plan_item(state, g_ptr_array_index(list, i)));
    document_array_end(document);
    steps_member(document, plan);
    document_end(document);
}

static void plan_row(struct grid *grid, const struct vacuum_case *state,
                     const struct vacuum_choice *choice)
{
    enum output_tone tone = choice->order == 0                        ? OUTPUT_DIM
                            : (choice->needs & VACUUM_NEED_EMERGENCY) ? OUTPUT_BAD
                                                                      : OUTPUT_PLAIN;

    grid_take(grid, tone, choice->order > 0 ? g_strdup_printf("%d", choice->order) : NULL);
    grid_cellf(grid, tone, "%s.%s", choice->table->schema, choice->table->name);
    grid_size(grid, tone, vacuum_bytes(&state->server, choice->table));
    grid_cellf(grid, tone, "%s%s", vacuum_action_name(choice), choice->freeze ? " freeze" : "");
    grid_take(grid, tone, vacuum_reason(state, choice));
}

/* How many rows of a table for people were left out. */
static void say_more(struct output *output, guint rows, guint shown)
{
    if (shown == 0 || shown >= rows)
        return;
    g_autofree char *more = units_format_counted(rows - shown, "more table");
    output_say(output, "… and %s (-v shows all)", more);
}

static void plan_summary(const struct call *call, const struct vacuum_case *state,
                         const GPtrArray *list, guint shown)
{
    guint acts = 0, barred = 0;
    double seconds = 0;
    gint64 bytes = 0;

    for (guint i = 0; i < list->len; i++) {
        const struct vacuum_choice *choice = g_ptr_array_index(list, i);
        barred += choice->order == 0 && vacuum_reported(choice);
        acts += choice->order > 0;
        seconds += choice->predicted_seconds;
        if (choice->order > 0 && choice->table->kind != 'p')
            bytes += vacuum_bytes(&state->server, choice->table);
    }
    say_more(call->output, list->len, shown);
    g_autofree char *size = units_format_size(bytes);
    g_autofree char *time = units_format_duration(MAX(seconds / state->rules.lanes, 1));
    g_autofree char *tables = units_format_counted(list->len, "table");
    g_autofree char *lanes = units_format_counted(state->rules.lanes, "lane");
    if (acts == 0)
        output_say(call->output, "Of %s %s.", tables,
                   barred == 0 ? "none needs anything" : "none can be done");
    else
        output_say(call->output, "To do: %u of %s, %s, at a cautious guess %s with %s.", acts,
                   tables, size, time, lanes);
}

void vacuum_show_plan(struct call *call, struct session *session,
                      const struct vacuum_case *state, const struct plan *plan)
{
    static const struct grid_column columns[] = {
        {"#", true},       {"table", false},  {"size", true},
        {"action", false}, {"reason", false}, {NULL, false},
    };
    g_autoptr(GPtrArray) list = in_order(state);
    bool all = output_verbosity(call->output) > 0 || output_format(call->output) == OUTPUT_CSV;
    guint shown = 0;

    if (output_format(call->output) == OUTPUT_JSON) {
        plan_document(call, session, state, list, plan);
        return;
    }
    AUTO(grid) grid = grid_new(columns);
    for (guint i = 0; i < list->len; i++) {
        const struct vacuum_choice *choice = g_ptr_array_index(list, i);
        if (!all && (!vacuum_reported(choice) || shown >= ROWS_SHOWN))
            continue;
        plan_row(grid, state, choice);
        shown++;
    }
    if (shown > 0)
        grid_print(grid, call->output);
    plan_summary(call, state, list, shown);
    say_horizon(call, state);
}

/* ---- run ---------------------------------------------------------------------------------- */

static json_t *number_or_null(gint64 number)
{
    return number < 0 ? json_null() : json_integer(number);
}

static json_t *run_item(const struct vacuum_choice *choice)
{
    json_t *item = json_object();

    json_object_set_new(item, "schema", document_text(choice->table->schema));
    json_object_set_new(item, "table", document_text(choice->table->name));
    json_object_set_new(item, "action", json_string(vacuum_action_name(choice)));
    json_object_set_new(item, "outcome", json_string(step_outcome_name(choice->outcome)));
    json_object_set_new(item, "reason", document_text(choice->reason));
    json_object_set_new(item, "seconds", json_real(choice->seconds));
    json_object_set_new(item, "dead_before", json_integer(choice->table->dead));
    json_object_set_new(item, "dead_after", number_or_null(choice->dead_after));
    json_object_set_new(item, "dead_not_removable", number_or_null(choice->not_removable));
    return item;
}

static void run_document(const struct vacuum_run *run, gint64 id, const char *outcome,
                         const GPtrArray *list)
{
    struct document *document = begin(run->call, run->control, "vacuum.run/1");

    document_member(document, "run_id", id < 0 ? json_null() : json_integer(id));
    document_member(document, "outcome", json_string(outcome));
    document_member(
        document, "seconds",
        json_real((double) (g_get_monotonic_time() - run->started_us) / G_USEC_PER_SEC));
    document_member(document, "evidence_lost", document_text(store_trouble(run->call->store)));
    document_array(document, "tables");
    for (guint i = 0; i < list->len; i++) {
        const struct vacuum_choice *choice = g_ptr_array_index(list, i);
        if (vacuum_reported(choice))
            document_item(document, run_item(choice));
    }
    document_array_end(document);
    horizon_member(document, run->state);
    document_end(document);
}

static void run_row(struct grid *grid, const struct vacuum_choice *choice)
{
    enum output_tone tone = choice->outcome == STEP_DONE     ? OUTPUT_PLAIN
                            : choice->outcome == STEP_FAILED ? OUTPUT_BAD
                                                             : OUTPUT_CAUTION;

    grid_cellf(grid, tone, "%s.%s", choice->table->schema, choice->table->name);
    grid_cell(grid, tone, vacuum_action_name(choice));
    grid_cell(grid, tone, step_outcome_name(choice->outcome));
    grid_cellf(grid, tone, "%.2f", choice->seconds);
    grid_count(grid, tone, choice->table->dead);
    grid_count(grid, tone, choice->dead_after < 0 ? GRID_NONE : choice->dead_after);
    grid_count(grid, tone, choice->not_removable < 0 ? GRID_NONE : choice->not_removable);
    grid_cell(grid, tone, choice->reason);
}

struct vacuum_totals vacuum_add_up(const struct vacuum_case *state)
{
    struct vacuum_totals totals = {0};

    for (guint i = 0; i < state->choices->len; i++) {
        const struct vacuum_choice *choice =
            &g_array_index(state->choices, struct vacuum_choice, i);
        if (!vacuum_reported(choice))
            continue;
        totals.outcomes[choice->outcome]++;
        if (choice->outcome == STEP_DONE && choice->vacuum && choice->dead_after >= 0)
            totals.removed += MAX(choice->table->dead - choice->dead_after, 0);
        totals.stayed += MAX(choice->not_removable, 0);
        totals.held += choice->bar == VACUUM_BAR_HORIZON;
    }
    return totals;
}

static void run_summary(const struct vacuum_run *run, gint64 id)
{
    struct output *output = run->call->output;
    struct vacuum_totals totals = vacuum_add_up(run->state);
    g_autofree char *done = units_format_counted(totals.outcomes[STEP_DONE], "table");
    g_autofree char *removed = units_format_counted(totals.removed, "dead row");
    g_autofree char *stayed = units_format_counted(totals.stayed, "dead row");
    g_autofree char *time = units_format_duration(
        (double) (g_get_monotonic_time() - run->started_us) / G_USEC_PER_SEC);

    output_say(output, "%s done, %u skipped, %u failed, %u not reached, in %s; %s removed.",
               done, totals.outcomes[STEP_SKIPPED], totals.outcomes[STEP_FAILED],
               totals.outcomes[STEP_NOT_REACHED], time, removed);
    if (totals.stayed > 0)
        output_say(output, "%s could not be removed.", stayed);
    if (totals.stayed > 0 || totals.held > 0)
        say_horizon(run->call, run->state);
    if (id > 0)
        output_say(output, "Recorded: pgrunbook history show %" G_GINT64_FORMAT, id);
}

/* What went wrong first, then what took most dead rows. */
static gint by_weight(gconstpointer left, gconstpointer right)
{
    const struct vacuum_choice *a = *(const struct vacuum_choice *const *) left;
    const struct vacuum_choice *b = *(const struct vacuum_choice *const *) right;

    if ((a->outcome == STEP_DONE) != (b->outcome == STEP_DONE))
        return a->outcome == STEP_DONE ? 1 : -1;
    if (a->table->dead != b->table->dead)
        return a->table->dead > b->table->dead ? -1 : 1;
    return by_order(left, right);
}

void vacuum_show_run(const struct vacuum_run *run, gint64 id, const char *outcome)
{
    static const struct grid_column columns[] = {
        {"table", false},        {"action", false},     {"outcome", false},
        {"seconds", true},       {"dead before", true}, {"dead after", true},
        {"not removable", true}, {"reason", false},     {NULL, false},
    };
    struct output *output = run->call->output;
    g_autoptr(GPtrArray) list = in_order(run->state);
    bool all = output_verbosity(output) > 0 || output_format(output) == OUTPUT_CSV;
    guint shown = 0, reported = 0;

    if (output_format(output) == OUTPUT_JSON) {
        run_document(run, id, outcome, list);
        return;
    }
    g_ptr_array_sort(list, by_weight);
    AUTO(grid) grid = grid_new(columns);
    for (guint i = 0; i < list->len; i++) {
        const struct vacuum_choice *choice = g_ptr_array_index(list, i);
        if (!vacuum_reported(choice))
            continue;
        reported++;
        if (!all && shown >= ROWS_SHOWN)
            continue;
        run_row(grid, choice);
        shown++;
    }
    if (shown > 0)
        grid_print(grid, output);
    say_more(output, reported, shown);
    run_summary(run, id);
}
