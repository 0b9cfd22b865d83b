/* The plan of a rebuild and what came of it: a table for people, a document for programs. */
#include "indexes_rebuild.h"
#include "plan/plan_only.h"

#include "out/document.h"
#include "out/grid.h"
#include "plan/plan_gate.h"
#include "units/units.h"

/* ---- the document ------------------------------------------------------------------------- */

static json_t *size_or_null(gint64 bytes)
{
    return bytes < 0 ? json_null() : json_integer(bytes);
}

static const char *action_of(const struct rebuild_index *index)
{
    return index->kind == REBUILD_LEFTOVER ? "drop" : "rebuild";
}

/* Why it is not done, or what there is to know; in a plan and of what is done, why it is wanted. */
static const char *reason_of(const struct step *step, const struct rebuild_index *index)
{
    return index->detail != NULL ? index->detail : step->reason;
}

static json_t *step_item(const struct indexes_rebuild *run, const struct step *step)
{
    const struct rebuild_index *index = rebuild_index_of(run->rebuild, step);
    json_t *item = json_object();

    json_object_set_new(item, "schema", document_text(index->schema));
    json_object_set_new(item, "index", document_text(index->name));
    json_object_set_new(item, "table", document_text(index->table));
    json_object_set_new(item, "action", json_string(action_of(index)));
    json_object_set_new(item, "outcome", json_string(step_outcome_name(step->outcome)));
    json_object_set_new(item, "reason", document_text(reason_of(step, index)));
    json_object_set_new(item, "sql", document_text(step->sql));
    json_object_set_new(item, "predicted_seconds", json_real(step->predicted_seconds));
    json_object_set_new(item, "seconds", json_real(index->seconds));
    json_object_set_new(item, "size_bytes_before", size_or_null(index->bytes_before));
    json_object_set_new(item, "size_bytes_after",
                        index->outcome == STEP_DONE ? size_or_null(index->bytes_after)
                                                    : json_null());
    return item;
}

static json_t *barred_item(const struct indexes_rebuild *run,
                           const struct indexes_choice *choice)
{
    const struct relation_index *index = relations_index(run->relations, choice->position);
    const struct relation_table *table = relations_table_of(run->relations, index);
    json_t *item = json_object();

    json_object_set_new(item, "schema", document_text(table->schema));
    json_object_set_new(item, "index", document_text(index->name));
    json_object_set_new(item, "table", document_text(table->name));
    json_object_set_new(item, "action", json_string("none"));
    json_object_set_new(item, "outcome", json_string(step_outcome_name(STEP_SKIPPED)));
    json_object_set_new(item, "reason", document_text(choice->bar));
    json_object_set_new(item, "sql", json_null());
    json_object_set_new(item, "predicted_seconds", json_real(0));
    json_object_set_new(item, "seconds", json_real(0));
    json_object_set_new(item, "size_bytes_before",
                        size_or_null(relations_index_bytes(run->relations, index)));
    json_object_set_new(item, "size_bytes_after", json_null());
    return item;
}

static void indexes_member(struct document *document, const struct indexes_rebuild *run)
{
    document_array(document, "indexes");
    for (guint i = 0; i < run->plan->steps->len; i++)
        document_item(document, step_item(run, g_ptr_array_index(run->plan->steps, i)));
    for (guint i = 0; i < run->choices->len; i++) {
        const struct indexes_choice *choice = g_ptr_array_index(run->choices, i);
        if (choice->bar != NULL)
            document_item(document, barred_item(run, choice));
    }
    document_array_end(document);
}

static json_t *remnant_item(const char *schema, const char *name, const char *whose,
                            const char *outcome, const char *reason, const char *drop_sql)
{
    json_t *item = json_object();

    json_object_set_new(item, "schema", document_text(schema));
    json_object_set_new(item, "index", document_text(name));
    json_object_set_new(item, "whose", json_string(whose));
    json_object_set_new(item, "outcome", json_string(outcome));
    json_object_set_new(item, "reason", document_text(reason));
    json_object_set_new(item, "drop_sql", document_text(drop_sql));
    return item;
}

static void leftovers_member(struct document *document, const struct indexes_rebuild *run)
{
    const GPtrArray *remnants = rebuild_remnants(run->rebuild);
    const GPtrArray *strangers = rebuild_strangers(run->rebuild);

    document_array(document, "leftovers");
    for (guint i = 0; i < remnants->len; i++) {
        const struct rebuild_remnant *one = g_ptr_array_index(remnants, i);
        document_item(document, remnant_item(one->schema, one->name, "ours",
                                             one->dropped ? "dropped" : "left", one->detail,
                                             one->drop_sql));
    }
    for (guint i = 0; i < strangers->len; i++) {
        const struct rebuild_stranger *one = g_ptr_array_index(strangers, i);
        document_item(document, remnant_item(one->schema, one->name, "others", "left",
                                             "somebody else's REINDEX CONCURRENTLY left it",
                                             one->drop_sql));
    }
    document_array_end(document);
}

static double elapsed(const struct indexes_rebuild *run)
{
    return run->started_us == 0
               ? 0
               : (double) (g_get_monotonic_time() - run->started_us) / G_USEC_PER_SEC;
}

static json_t *marks_of(const struct indexes_rebuild *run)
{
    struct plan_marks *marks = plan_marks_new();

    for (guint i = 0; i < run->choices->len; i++) {
        const struct indexes_choice *choice = g_ptr_array_index(run->choices, i);
        if (choice->bar == NULL)
            plan_marks_add_oid(marks, relations_index(run->relations, choice->position)->oid);
    }
    return plan_marks_end(marks);
}

static void show_document(const struct indexes_rebuild *run, gint64 id, const char *outcome)
{
    struct document_server server = {
        .version_num = session_version(run->session),
        .database = session_database(run->session),
        .system_identifier = session_system_identifier(run->session),
    };
    struct document *document = document_begin(run->call->output, "indexes.rebuild/1", &server);

    document_member(document, "run_id", id < 0 ? json_null() : json_integer(id));
    document_member(document, "outcome", outcome == NULL ? json_null() : json_string(outcome));
    document_member(document, "seconds", json_real(elapsed(run)));
    document_member(document, "evidence_lost", document_text(store_trouble(run->call->store)));
    if (outcome == NULL)
        document_member(document, "only", marks_of(run));
    indexes_member(document, run);
    leftovers_member(document, run);
    document_end(document);
}

/* ---- the table ---------------------------------------------------------------------------- */

static void step_row(struct grid *grid, const struct indexes_rebuild *run,
                     const struct step *step, bool ran)
{
    const struct rebuild_index *index = rebuild_index_of(run->rebuild, step);
    enum output_tone tone = !ran || step->outcome == STEP_DONE ? OUTPUT_PLAIN
                            : step->outcome == STEP_FAILED     ? OUTPUT_BAD
                                                               : OUTPUT_CAUTION;
    bool measured = ran && step->outcome == STEP_DONE && index->bytes_after >= 0;

    grid_cellf(grid, tone, "%s.%s", index->schema, index->name);
    grid_cell(grid, tone, ran ? step_outcome_name(step->outcome) : action_of(index));
    grid_take(grid, tone,
              ran ? g_strdup_printf("%.2f", index->seconds)
                  : units_format_duration(step->predicted_seconds));
    grid_size(grid, tone, index->kind == REBUILD_LEFTOVER ? GRID_NONE : index->bytes_before);
    grid_size(grid, tone, measured ? index->bytes_after : GRID_NONE);
    grid_cell(grid, tone, reason_of(step, index));
}

static void barred_row(struct grid *grid, const struct indexes_rebuild *run,
                       const struct indexes_choice *choice)
{
    const struct relation_index *index = relations_index(run->relations, choice->position);
    const struct relation_table *table = relations_table_of(run->relations, index);

    grid_cellf(grid, OUTPUT_CAUTION, "%s.%s", table->schema, index->name);
    grid_cell(grid, OUTPUT_CAUTION, step_outcome_name(STEP_SKIPPED));
    grid_cell(grid, OUTPUT_CAUTION, NULL);
    grid_size(grid, OUTPUT_CAUTION, relations_index_bytes(run->relations, index));
    grid_cell(grid, OUTPUT_CAUTION, NULL);
    grid_cell(grid, OUTPUT_CAUTION, choice->bar);
}

static void say_summary(const struct indexes_rebuild *run, gint64 id)
{
    struct output *output = run->call->output;
    guint outcomes[STEP_NOT_REACHED + 1] = {0};

    for (guint i = 0; i < run->plan->steps->len; i++)
        outcomes[((const struct step *) g_ptr_array_index(run->plan->steps, i))->outcome]++;
    for (guint i = 0; i < run->choices->len; i++)
        outcomes[STEP_SKIPPED] +=
            ((const struct indexes_choice *) g_ptr_array_index(run->choices, i))->bar != NULL;
    g_autofree char *time = units_format_duration(elapsed(run));
    gint64 won = indexes_won(run);
    g_autofree char *size = units_format_size(won < 0 ? -won : won);
    output_say(output, "%u done, %u skipped, %u failed, %u not reached, in %s; %s %s.",
               outcomes[STEP_DONE], outcomes[STEP_SKIPPED], outcomes[STEP_FAILED],
               outcomes[STEP_NOT_REACHED], time, size, won < 0 ? "more than before" : "won");
    if (id > 0)
        output_say(output, "Recorded: pgrunbook history show %" G_GINT64_FORMAT, id);
}

static void say_remnants(const struct indexes_rebuild *run)
{
    const GPtrArray *remnants = rebuild_remnants(run->rebuild);

    for (guint i = 0; i < remnants->len; i++) {
        const struct rebuild_remnant *one = g_ptr_array_index(remnants, i);
        if (one->dropped)
            output_say(run->call->output, "Dropped what was left invalid: %s.%s", one->schema,
                       one->name);
    }
}

void indexes_show_rebuild(const struct indexes_rebuild *run, gint64 id, const char *outcome)
{
    static const struct grid_column plan_columns[] = {
        {"index", false}, {"action", false}, {"predicted", true}, {"size", true},
        {"after", true},  {"reason", false}, {NULL, false},
    };
    static const struct grid_column run_columns[] = {
        {"index", false}, {"outcome", false}, {"seconds", true}, {"before", true},
        {"after", true},  {"reason", false},  {NULL, false},
    };
    bool ran = outcome != NULL;

    if (output_format(run->call->output) == OUTPUT_JSON) {
        show_document(run, id, outcome);
        return;
    }
    AUTO(grid) grid = grid_new(ran ? run_columns : plan_columns);
    for (guint i = 0; i < run->plan->steps->len; i++)
        step_row(grid, run, g_ptr_array_index(run->plan->steps, i), ran);
    for (guint i = 0; i < run->choices->len; i++) {
        const struct indexes_choice *choice = g_ptr_array_index(run->choices, i);
        if (choice->bar != NULL)
            barred_row(grid, run, choice);
    }
    if (grid_rows(grid) > 0)
        grid_print(grid, run->call->output);
    else
        output_say(run->call->output, "There is nothing to rebuild.");
    if (!ran)
        return;
    say_remnants(run);
    say_summary(run, id);
}
