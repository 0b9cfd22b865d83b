/* The run of a statement outside of a transaction: mark, try, proof, version table. */
#include "apply.h"

#include "migrations_queries.h"

#include <string.h>

enum { DROP_WINDOW_MS = 60000, DROP_LOCK_MS = 1500, DROP_ATTEMPTS = 8, DROP_PAUSE_MS = 500 };

static const char NOT_DROPPED[] = "what an earlier try left invalid could not be dropped";

struct alone {
    struct apply_turn turn;
    struct plan_run *run;
    struct script *script;
    bool ours;   /* an earlier try of ours has begun it */
    bool marked; /* the version table says that it was begun */
    bool before; /* and did so before this run */
    GPtrArray
        *strange; /* of char *: oids of leftovers that are not ours; NULL: none is looked for */
};

/* ---- what a try has left ------------------------------------------------------------------- */

static char *drop_sql(const struct apply *apply, const struct apply_object *object)
{
    const char *const values[] = {object->schema, object->name};
    AUTO(rows)
    rows = session_query(apply->control, &query_migrations_apply_index, values, NULL);

    if (rows == NULL || rows_count(rows) == 0)
        return NULL;
    g_autofree char *quoted = session_quote(
        apply->control, rows_text(rows, 0, MIGRATIONS_APPLY_INDEX_SCHEMA), object->name);
    return g_strdup_printf("DROP INDEX CONCURRENTLY %s", quoted);
}

/* Takes the statement. False when it is still there. */
static bool drop(const struct alone *alone, const char *name, char *sql, bool cleanup)
{
    struct apply *apply = alone->turn.apply;
    AUTO(plan) plan = plan_new();
    struct plan_run run = *alone->run;
    struct step *step = plan_add(plan);

    step->object = g_strdup(name);
    step->sql = sql;
    step->reason = g_strdup("left invalid by a try that did not end");
    step->lock_mode = "ShareUpdateExclusiveLock";
    run.first_step = (int) apply->plan->steps->len + 1 + (int) apply->extra_steps++;
    run.hooks = (struct plan_hooks){.data = NULL};
    run.limits = (struct plan_limits){.window = window_open(DROP_WINDOW_MS),
                                      .lanes = 1,
                                      .lock_timeout_ms = DROP_LOCK_MS,
                                      .attempts = DROP_ATTEMPTS,
                                      .pause_ms = DROP_PAUSE_MS,
                                      .cleanup = cleanup};
    gate_record_steps(apply->call, run.store_run, plan, run.first_step);
    output_note(apply->call->output, "dropping \"%s\", which a try has left invalid", name);
    plan_run(plan, &run, NULL);
    if (step->outcome != STEP_DONE)
        output_warn(apply->call->output,
                    "\"%s\" is left behind, invalid: %s\nhint: the next run drops it, or you "
                    "do: %s",
                    name, step->detail != NULL ? step->detail : "not dropped", sql);
    return step->outcome == STEP_DONE;
}

static bool drop_leftover(const struct alone *alone, bool cleanup)
{
    const struct apply_object *object = &alone->turn.item->object;
    char *sql = drop_sql(alone->turn.apply, object);

    return sql != NULL && drop(alone, object->name, sql, cleanup);
}

/* What a REINDEX CONCURRENTLY that did not end has left: the names are the server's, so whatever was
 * there before the first try is somebody else's. */
static struct rows *leftovers(const struct alone *alone)
{
    return session_query(alone->turn.apply->control, &query_migrations_apply_leftovers, NULL,
                         NULL);
}

static void note_strange(struct alone *alone)
{
    AUTO(rows)
    rows = alone->turn.item->object.kind == ALONE_REINDEX ? leftovers(alone) : NULL;

    if (rows == NULL)
        return;
    alone->strange = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < rows_count(rows); i++)
        g_ptr_array_add(alone->strange,
                        g_strdup(rows_text(rows, i, MIGRATIONS_APPLY_LEFTOVERS_OID)));
}

static void sweep(const struct alone *alone, bool cleanup)
{
    AUTO(rows) rows = alone->strange != NULL ? leftovers(alone) : NULL;

    for (int i = 0; rows != NULL && i < rows_count(rows); i++) {
        const char *name = rows_text(rows, i, MIGRATIONS_APPLY_LEFTOVERS_NAME);
        g_autofree char *quoted =
            session_quote(alone->turn.apply->control,
                          rows_text(rows, i, MIGRATIONS_APPLY_LEFTOVERS_SCHEMA), name);
        if (!g_ptr_array_find_with_equal_func(
                alone->strange, rows_text(rows, i, MIGRATIONS_APPLY_LEFTOVERS_OID), g_str_equal,
                NULL))
            drop(alone, name, g_strdup_printf("DROP INDEX CONCURRENTLY %s", quoted), cleanup);
    }
}

/* ---- before a try -------------------------------------------------------------------------- */

static void finalize(const struct alone *alone)
{
    struct script_statement *statement = g_ptr_array_index(alone->script->statements, 0);
    const char *sql = statement->sql;
    gsize length = strlen(sql);
    static const char word[] = "concurrently";
    const gsize tail = sizeof word - 1;

    /* It ends with the word: the rest names both tables as the file does. */
    while (length > 0 && g_ascii_isspace(sql[length - 1]))
        length--;
    if (length < tail || g_ascii_strncasecmp(sql + length - tail, word, tail) != 0)
        return;
    char *done = g_strdup_printf("%.*sFINALIZE", (int) (length - tail), sql);
    g_free(statement->sql);
    statement->sql = done;
}

static bool before(struct session *control, unsigned attempt, char **ret_why, gpointer data)
{
    struct alone *alone = data;
    struct apply_item *item = alone->turn.item;
    enum apply_state state = apply_alone_state(control, &item->object);

    if (apply_overtaken(alone->turn.apply, item, ret_why) ||
        (attempt > 1 && apply_obstructed(alone->turn.apply, item, ret_why)))
        return false;
    if (attempt > 1)
        sweep(alone, false);
    switch (apply_alone_next(&item->object, state, alone->ours, ret_why)) {
    case NEXT_REFUSE:
        return false;
    case NEXT_DONE:
        item->made = true;
        *ret_why = g_strdup("an earlier try has done it");
        return false;
    case NEXT_DROP:
        if (!drop_leftover(alone, false)) {
            *ret_why = g_strdup(NOT_DROPPED);
            return false;
        }
        break;
    case NEXT_FINALIZE:
        finalize(alone);
        break;
    case NEXT_SEND:
        break;
    }
    alone->ours = true;
    return true;
}

/* ---- after the last ------------------------------------------------------------------------ */

static void end_with(struct apply_item *item, enum step_outcome outcome, const char *why)
{
    item->outcome = outcome;
    g_free(item->reason);
    item->reason = g_strdup(why);
}

/* What the catalogs say goes before what the statement said. */
static void prove(struct alone *alone)
{
    struct apply *apply = alone->turn.apply;
    struct apply_item *item = alone->turn.item;
    const struct apply_object *object = &item->object;
    bool sent = item->result.attempts > 0, done = item->result.ending == SCRIPT_DONE;

    end_with(item, done || item->made ? STEP_DONE : item->act->outcome, item->result.message);
    if (object->name == NULL || !sent)
        return;
    session_wind_down(apply->control);
    if (!apply_control_back(apply)) {
        end_with(item, STEP_FAILED, "it could not be proved: the connection was lost");
        return;
    }
    enum apply_state state = apply_alone_state(apply->control, object);
    bool reached =
        object->kind == ALONE_CREATE_INDEX ? state == APPLY_VALID : state == APPLY_ABSENT;
    if (reached)
        end_with(item, STEP_DONE, done ? NULL : "proved by the catalogs");
    else if (done)
        end_with(item, STEP_FAILED,
                 object->kind == ALONE_CREATE_INDEX ? "the index is not valid"
                                                    : "it is still there");
    if (object->kind == ALONE_CREATE_INDEX && state == APPLY_INVALID)
        drop_leftover(alone, true);
}

/* ---- all of it ----------------------------------------------------------------------------- */

static bool unwritten(struct session *control, unsigned attempt, char **ret_why, gpointer data)
{
    struct apply_turn *turn = data;

    (void) control;
    (void) attempt;
    return !apply_overtaken(turn->apply, turn->item, ret_why);
}

static bool write_rows(struct apply *apply, struct apply_item *item, struct step *step,
                       const GPtrArray *rows, struct plan_run *run)
{
    struct apply_turn turn = {apply, item};
    const struct script_hooks hooks = {.before = unwritten, .data = &turn};
    struct script_result result;
    struct script *script = apply_script_of(NULL, rows);

    plan_script_run(script, &apply->limits, &hooks, apply->plan, step, run, &result);
    bool done = result.ending == SCRIPT_DONE;
    if (!done) {
        end_with(item, step->outcome, result.message);
        g_strlcpy(item->result.sqlstate, result.sqlstate, sizeof item->result.sqlstate);
    }
    plan_script_result_clear(&result);
    plan_script_free(script);
    return done;
}

static bool mark(struct alone *alone, struct plan_run *run)
{
    struct apply *apply = alone->turn.apply;
    struct apply_item *item = alone->turn.item;

    if (item->mark == NULL)
        return true;
    alone->before = apply->table->dirty;
    if (alone->before) {
        apply_step_over(apply, item->mark, STEP_SKIPPED, "an earlier try has marked it");
        return alone->marked = true;
    }
    g_autoptr(GPtrArray) rows = version_table_mark(apply->table, apply->folder, item->migration,
                                                   item->down, apply->control);
    return alone->marked = write_rows(apply, item, item->mark, rows, run);
}

/* Nothing of it is there, or nothing that a person would have to look at before it is tried again. */
static bool nothing_half_done(const struct alone *alone)
{
    struct apply *apply = alone->turn.apply;
    const struct apply_item *item = alone->turn.item;
    enum apply_state state;

    if (item->result.attempts == 0 && !alone->before)
        return true;
    if (item->object.kind == ALONE_OTHER || item->object.kind == ALONE_REINDEX)
        return true;
    if (item->object.kind == ALONE_PARTS || !apply_control_back(apply))
        return false;
    state = apply_alone_state(apply->control, &item->object);
    return state == (item->object.kind == ALONE_CREATE_INDEX ? APPLY_ABSENT : APPLY_VALID);
}

/* golang-migrate's mark means that somebody has to look; after a try that left nothing half done
 * nobody has to, and the application that has golang-migrate inside can start. False when the mark
 * stays. */
static bool unmark(struct alone *alone, struct plan_run *run)
{
    struct apply *apply = alone->turn.apply;
    const struct apply_item *item = alone->turn.item;
    g_autoptr(GPtrArray) rows = NULL;
    AUTO(plan) plan = plan_new();
    struct script_result result;
    const struct script_hooks hooks = {.data = NULL};

    if (item->mark == NULL)
        return item->object.kind != ALONE_PARTS || item->result.attempts == 0;
    if (!alone->marked || !nothing_half_done(alone) || !apply_control_back(apply))
        return false;
    rows = version_table_write(apply->table, apply->folder, item->migration, !item->down,
                               apply->control);
    struct step *step = plan_add(plan);
    struct script *script = apply_script_of(NULL, rows);
    struct plan_run part = *run;
    step->object = apply_item_name(item);
    step->sql = g_strdup(rows->len > 0 ? g_ptr_array_index(rows, rows->len - 1) : "");
    step->reason = g_strdup("nothing of it is left half done: the mark is taken back");
    part.first_step = (int) apply->plan->steps->len + 1 + (int) apply->extra_steps++;
    gate_record_steps(apply->call, part.store_run, plan, part.first_step);
    plan_script_run(script, &apply->limits, &hooks, plan, step, &part, &result);
    bool done = result.ending == SCRIPT_DONE;
    plan_script_result_clear(&result);
    plan_script_free(script);
    return done;
}

static void act(struct alone *alone, struct plan_run *run)
{
    struct apply *apply = alone->turn.apply;
    struct apply_item *item = alone->turn.item;
    const struct script_hooks hooks = {.before = before, .data = alone};
    struct script_limits limits = apply->limits;

    if (item->object.kind == ALONE_PARTS)
        limits.attempts = 1;
    apply_tool_let_go(apply);
    plan_script_run(alone->script, &limits, &hooks, apply->plan, item->act, run, &item->result);
    prove(alone);
    apply_tool_take(apply);
    if (item->outcome != STEP_DONE && item->result.attempts > 0) {
        session_wind_down(apply->control);
        sweep(alone, true);
    }
    item->act->outcome = item->outcome;
}

/* Before anything is marked: whether it may be tried at all, and what is in its way goes. */
static bool may_try(struct alone *alone)
{
    struct apply_item *item = alone->turn.item;
    enum apply_state state = apply_alone_state(alone->turn.apply->control, &item->object);
    g_autofree char *why = NULL;
    enum apply_next next = apply_alone_next(&item->object, state, alone->ours, &why);

    if (next == NEXT_DROP && !drop_leftover(alone, false))
        why = g_strdup(NOT_DROPPED);
    if (why != NULL)
        end_with(item, STEP_SKIPPED, why);
    return why == NULL;
}

void apply_alone_run(struct apply *apply, struct apply_item *item, struct plan_run *run)
{
    struct alone alone = {.turn = {apply, item}, .run = run};

    alone.ours = apply_begun_before(apply, item);
    if (!may_try(&alone))
        return;
    alone.script = plan_script_new(false);
    plan_script_add(alone.script, g_ptr_array_index(item->statements, 0),
                    g_array_index(item->strong, bool, 0));
    note_strange(&alone);
    /* Whatever kills us from here on: the next run knows that this one had begun it. */
    apply_keep(apply, item, "running");
    if (mark(&alone, run))
        act(&alone, run);
    struct plan_run after = *run;
    after.limits.cleanup = true;
    g_autoptr(GPtrArray) rows =
        item->outcome == STEP_DONE ? apply_version_sql(apply, item) : NULL;
    if (rows != NULL)
        write_rows(apply, item, item->version, rows, &after);
    else if (item->result.ending != SCRIPT_LOST && unmark(&alone, &after))
        apply_keep(apply, item, "failed");
    plan_script_free(alone.script);
    g_clear_pointer(&alone.strange, g_ptr_array_unref);
}
