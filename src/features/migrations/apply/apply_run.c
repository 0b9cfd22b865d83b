/* The items, one after the other: the first that is not done ends the run. */
#include "apply.h"

#include "interrupt.h"
#include "migrations_evidence.h"

/* ---- the record ---------------------------------------------------------------------------- */

static double longest_hold_ms(const struct script_result *result)
{
    double longest = 0;

    for (guint i = 0; result->holds != NULL && i < result->holds->len; i++)
        longest = MAX(longest,
                      ((const struct script_hold *) g_ptr_array_index(result->holds, i))->ms);
    return longest;
}

static bool all_analyzed(const struct apply_item *item)
{
    for (guint i = 0; i < item->targets->len; i++)
        if (!((const struct apply_target *) g_ptr_array_index(item->targets, i))->analyzed)
            return false;
    return true;
}

void apply_keep(const struct apply *apply, const struct apply_item *item, const char *outcome)
{
    if (apply->system == NULL)
        return;
    struct store_migration migration = {
        .run = apply->run,
        .at_us = g_get_real_time(),
        .system = apply->system,
        .dbname = session_database(apply->control),
        .ledger = apply->ledger,
        .version = item->migration->version,
        .name = item->migration->name != NULL ? item->migration->name : "",
        .hash = item->migration->hash,
        .direction = item->down ? "down" : "up",
        .outcome = outcome,
        .longest_hold_ms = longest_hold_ms(&item->result),
        .analyzed = item->outcome == STEP_DONE && all_analyzed(item),
        .forced = apply->force,
    };
    if (migration.dbname[0] == '\0')
        migration.dbname = apply->dbname;
    store_migration_put(apply->call->store, &migration);
}

/* A step that nothing came to. */
void apply_step_over(const struct apply *apply, struct step *step, enum step_outcome outcome,
                     const char *why)
{
    guint index = 0;

    if (step == NULL || step->outcome != STEP_PLANNED ||
        !g_ptr_array_find(apply->plan->steps, step, &index))
        return;
    step->outcome = outcome;
    g_free(step->detail);
    step->detail = g_strdup(why);
    store_step_end(apply->call->store, apply->run, (int) index + 1, step_outcome_name(outcome),
                   why);
}

/* ---- scripts ------------------------------------------------------------------------------- */

struct script *apply_script_of(const struct apply_item *item, const GPtrArray *rows)
{
    struct script *script = plan_script_new(true);

    for (guint i = 0; item != NULL && i < item->statements->len; i++)
        plan_script_add(script, g_ptr_array_index(item->statements, i),
                        g_array_index(item->strong, bool, i));
    for (guint i = 0; rows != NULL && i < rows->len; i++)
        plan_script_add(script, g_ptr_array_index(rows, i), false);
    return script;
}

static bool begin(struct session *control, unsigned attempt, char **ret_why, gpointer data)
{
    struct apply_turn *turn = data;

    (void) control;
    if (apply_overtaken(turn->apply, turn->item, ret_why))
        return false;
    if (attempt > 1)
        return !apply_obstructed(turn->apply, turn->item, ret_why);
    apply_keep(turn->apply, turn->item, "running");
    return true;
}

static void run_transaction(struct apply *apply, struct apply_item *item, struct plan_run *run)
{
    struct apply_turn turn = {apply, item};
    const struct script_hooks hooks = {.before = begin, .data = &turn};
    g_autoptr(GPtrArray) rows = apply_version_sql(apply, item);
    struct script *script = apply_script_of(item, rows);

    plan_script_run(script, &apply->limits, &hooks, apply->plan, item->act, run, &item->result);
    plan_script_free(script);
}

/* ---- an item ------------------------------------------------------------------------------- */

static void end_item(struct apply_item *item, enum step_outcome outcome, const char *why)
{
    item->outcome = outcome;
    g_free(item->reason);
    item->reason = g_strdup(why);
}

/* The control session, with its locks, where it was lost. */
bool apply_control_back(struct apply *apply)
{
    if (!session_alive(apply->control) && !session_reopen(apply->control, NULL))
        return false;
    return session_pid(apply->control) == apply->locked_pid || apply_lock_again(apply);
}

bool apply_overtaken(struct apply *apply, const struct apply_item *item, char **ret_why)
{
    g_autoptr(GError) error = NULL;
    AUTO(version_table)
    table = version_table_read(apply->control, apply->folder, &error);

    if (table == NULL) {
        *ret_why = g_strdup(error->message);
        return true;
    }
    /* With a mark of ours it is in the midst of it. */
    if (table->dirty && item->form.shape == APPLY_ALONE)
        return false;
    if (table->dirty)
        *ret_why =
            g_strdup("the version table is dirty: somebody else has begun one meanwhile");
    else if (version_table_has(table, item->migration) != item->down)
        *ret_why = g_strdup("another run has done it meanwhile");
    return *ret_why != NULL;
}

/* The version table is the judge: it was written in the same transaction. */
static void ask_table(struct apply *apply, struct apply_item *item)
{
    g_autoptr(GError) error = NULL;

    session_wind_down(apply->control);
    if (!apply_control_back(apply)) {
        end_item(item, STEP_FAILED,
                 "the connection was lost, and whether it was committed is not known: "
                 "pgrunbook migrations status tells, once the server answers");
        return;
    }
    AUTO(version_table)
    table = version_table_read(apply->control, apply->folder, &error);
    if (table == NULL) {
        end_item(item, STEP_FAILED, error->message);
        return;
    }
    if (version_table_has(table, item->migration) != item->down)
        end_item(item, STEP_DONE, "the connection was lost, but not before its COMMIT");
    else
        end_item(item, STEP_FAILED, item->result.message);
}

static void settle(struct apply *apply, struct apply_item *item)
{
    const struct script_result *result = &item->result;

    if (result->ending == SCRIPT_LOST)
        ask_table(apply, item);
    else
        end_item(item, item->act->outcome, result->message);
    if (item->outcome == STEP_DONE)
        item->act->outcome = STEP_DONE;
}

static void run_item(struct apply *apply, struct apply_item *item, struct plan_run *run)
{
    g_autoptr(GError) error = NULL;
    char *why = NULL;

    if (interrupt_pending()) {
        end_item(item, STEP_NOT_REACHED, "interrupted before it started");
        return;
    }
    g_clear_pointer(&apply->table, version_table_free);
    apply->table = apply_control_back(apply)
                       ? version_table_read(apply->control, apply->folder, &error)
                       : NULL;
    if (apply->table == NULL) {
        end_item(item, STEP_FAILED, error != NULL ? error->message : "connection lost");
        return;
    }
    if (apply_overtaken(apply, item, &why) || !apply_ask_again(apply, item, &why)) {
        end_item(item, STEP_SKIPPED, why);
        g_free(why);
        return;
    }
    if (item->form.shape == APPLY_ALONE) {
        apply_alone_run(apply, item, run);
        return;
    }
    run_transaction(apply, item, run);
    settle(apply, item);
    if (item->result.attempts > 0 && item->outcome != STEP_DONE)
        apply_keep(apply, item, "failed");
}

static void over(struct apply *apply, struct apply_item *item)
{
    const char *why = item->reason != NULL ? item->reason : "it was not done";
    struct step *const steps[] = {item->mark, item->act, item->version};

    for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
        apply_step_over(apply, steps[i], item->outcome, why);
    for (guint i = 0; i < item->targets->len; i++)
        apply_step_over(
            apply, ((const struct apply_target *) g_ptr_array_index(item->targets, i))->step,
            STEP_NOT_REACHED, "its migration is not done");
}

void apply_run(struct apply *apply, struct plan_run *run)
{
    for (guint i = 0; i < apply->items->len; i++) {
        struct apply_item *item = g_ptr_array_index(apply->items, i);
        if (apply->stopped != NULL) {
            end_item(item, STEP_NOT_REACHED, "one before it was not done");
            over(apply, item);
            continue;
        }
        run_item(apply, item, run);
        if (item->outcome == STEP_DONE) {
            apply_keep(apply, item, "done");
            apply_analyze(apply, item, run);
            apply_keep(apply, item, "done");
            continue;
        }
        over(apply, item);
        g_autofree char *name = apply_item_name(item);
        apply->stopped =
            g_strdup_printf("%s: %s", name, item->reason ? item->reason : "failed");
    }
}
