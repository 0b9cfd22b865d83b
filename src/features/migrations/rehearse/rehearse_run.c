/* Up, down, up again. */
#include "error.h"
#include "out/progress.h"
#include "rehearse/rehearse.h"

#include <string.h>

/* What was found on the way, for the verdict; owns what the facts point to. */
struct cycle {
    struct snapshot *before, *after_up, *after_down, *after_again;
    struct rowsums *rows_before, *rows_after;
    GPtrArray *restored, *repeated, *lost;
    bool known; /* the shadow is where up has left it: the next migration can be tried */
};

static void cycle_clear(struct cycle *cycle)
{
    struct snapshot *const snapshots[] = {cycle->before, cycle->after_up, cycle->after_down,
                                          cycle->after_again};

    g_clear_pointer(&cycle->restored, g_ptr_array_unref);
    g_clear_pointer(&cycle->repeated, g_ptr_array_unref);
    g_clear_pointer(&cycle->lost, g_ptr_array_unref);
    g_clear_pointer(&cycle->rows_before, rowsums_free);
    g_clear_pointer(&cycle->rows_after, rowsums_free);
    for (gsize i = 0; i < G_N_ELEMENTS(snapshots); i++)
        if (snapshots[i] != NULL)
            snapshot_free(snapshots[i]);
}

/* ---- one script ---------------------------------------------------------------------------- */

static void judgement_free(gpointer data)
{
    ddl_judgement_free(data);
}

/* What the rules say, on the schema as it is before the script. */
static bool judge(struct rehearse *rehearse, struct rehearse_script *one, GError **error)
{
    const struct sql_script *script = one->script->script;
    AUTO(ddl_schema) schema = ddl_schema_read(rehearse->shadow->observer, error);
    struct ddl_context context = {.server_version = rehearse->shadow->version,
                                  .in_transaction =
                                      one->script->transaction == FOLDER_ONE_TRANSACTION,
                                  .time_zone = rehearse->target.time_zone};

    if (schema == NULL)
        return false;
    one->judged = g_ptr_array_new_with_free_func(judgement_free);
    for (guint i = 0; i < script->statements->len; i++) {
        g_autofree char *text = sql_statement_text(
            script, &g_array_index(script->statements, struct sql_statement, i));
        AUTO(sql_parse) parse = sql_parse_new(text, strlen(text));
        g_ptr_array_add(one->judged, ddl_judge(parse, text, schema, &context));
    }
    return true;
}

struct step {
    struct rehearse *rehearse;
    const struct rehearse_migration *migration;
    const struct folder_script *script;
    const char *what;
};

static void tick(guint number, gpointer data)
{
    const struct step *step = data;
    const struct output *output = step->rehearse->call->output;

    if (!progress_wanted(output))
        return;
    g_autofree char *now =
        g_strdup_printf("%s %s, statement %u of %u", step->migration->migration->version,
                        step->what, number + 1, step->script->script->statements->len);
    guint done = 0;
    while (done < step->rehearse->migrations->len &&
           step->rehearse->migrations->pdata[done] != step->migration)
        done++;
    progress_show(step->rehearse->call->output,
                  &(struct progress_state){.done = done,
                                           .total = step->rehearse->migrations->len,
                                           .noun = "migrations",
                                           .seconds_left = -1,
                                           .now = now});
}

static struct trace *run_script(struct rehearse *rehearse,
                                const struct rehearse_migration *migration,
                                const struct folder_script *script, const char *what,
                                bool measured, GError **error)
{
    struct step step = {rehearse, migration, script, what};
    const struct trace_options options = {.unmeasured = !measured, .tick = tick, .data = &step};

    return trace_run(rehearse->shadow->session, rehearse->shadow->observer, script, &options,
                     error);
}

static struct snapshot *look(struct rehearse *rehearse, GError **error)
{
    return snapshot_read(rehearse->shadow->observer, rehearse->table, error);
}

static const char *error_of(const struct trace *trace)
{
    const struct trace_statement *failed = trace != NULL ? trace_failure(trace) : NULL;

    return failed != NULL ? failed->error : NULL;
}

/* ---- the way back -------------------------------------------------------------------------- */

static const char *declared(const struct folder_migration *migration)
{
    if (migration->up->irreversible != NULL)
        return migration->up->irreversible;
    return migration->down != NULL ? migration->down->irreversible : NULL;
}

/* After a failure: is everything as it was after up? */
static bool is_as_after_up(struct rehearse *rehearse, const struct cycle *cycle, bool *ret_same,
                           GError **error)
{
    AUTO(snapshot) now = look(rehearse, error);

    if (now == NULL)
        return false;
    g_autoptr(GPtrArray) changes = snapshot_compare(cycle->after_up, now);
    *ret_same = changes->len == 0;
    return true;
}

static bool go_down(struct rehearse *rehearse, struct rehearse_migration *one,
                    struct cycle *cycle, GError **error)
{
    if (!judge(rehearse, &one->down, error))
        return false;
    one->down.trace = run_script(rehearse, one, one->down.script, "down", true, error);
    if (one->down.trace == NULL)
        return false;
    if (error_of(one->down.trace) != NULL)
        return is_as_after_up(rehearse, cycle, &cycle->known, error);
    cycle->known = false;
    cycle->after_down = look(rehearse, error);
    if (cycle->after_down == NULL)
        return false;
    cycle->restored = snapshot_compare(cycle->before, cycle->after_down);
    cycle->rows_after =
        rowsums_read(rehearse->shadow->observer, rehearse->table, cycle->rows_before, error);
    if (cycle->rows_after == NULL)
        return false;
    cycle->lost = rowsums_lost(cycle->rows_before, cycle->rows_after);
    return true;
}

static bool go_up_again(struct rehearse *rehearse, struct rehearse_migration *one,
                        struct cycle *cycle, GError **error)
{
    one->again = run_script(rehearse, one, one->up.script, "up again", false, error);
    if (one->again == NULL)
        return false;
    cycle->after_again = look(rehearse, error);
    if (cycle->after_again == NULL)
        return false;
    cycle->repeated = snapshot_compare(cycle->after_up, cycle->after_again);
    cycle->known = error_of(one->again) == NULL;
    return true;
}

static bool go_back(struct rehearse *rehearse, struct rehearse_migration *one,
                    struct cycle *cycle, GError **error)
{
    if (!go_down(rehearse, one, cycle, error))
        return false;
    return error_of(one->down.trace) != NULL || go_up_again(rehearse, one, cycle, error);
}

/* ---- a migration --------------------------------------------------------------------------- */

static bool has_way_back(const struct rehearse_migration *one)
{
    return one->migration->down != NULL && declared(one->migration) == NULL;
}

static bool go_up(struct rehearse *rehearse, struct rehearse_migration *one,
                  struct cycle *cycle, GError **error)
{
    if (cycle->before == NULL)
        cycle->before = look(rehearse, error);
    if (cycle->before == NULL)
        return false;
    one->schema_hash = snapshot_digest(cycle->before);
    if (has_way_back(one)) {
        cycle->rows_before =
            rowsums_read(rehearse->shadow->observer, rehearse->table, NULL, error);
        if (cycle->rows_before == NULL)
            return false;
    }
    if (!judge(rehearse, &one->up, error))
        return false;
    one->up.trace = run_script(rehearse, one, one->up.script, "up", true, error);
    if (one->up.trace == NULL)
        return false;
    cycle->known = error_of(one->up.trace) == NULL;
    cycle->after_up = look(rehearse, error);
    return cycle->after_up != NULL;
}

/* A value or a key that does not fit: classes 22 and 23. */
static bool is_of_rows(const struct trace *trace)
{
    const struct trace_statement *failed = trace != NULL ? trace_failure(trace) : NULL;

    return failed != NULL && (g_str_has_prefix(failed->sqlstate, "22") ||
                              g_str_has_prefix(failed->sqlstate, "23"));
}

/* What real rows may well fulfil, made-up ones need not. */
static void doubt_rows(const struct rehearse *rehearse, struct rehearse_migration *one)
{
    if (rehearse->shadow->kind != SHADOW_FRESH || rehearse->shadow->rows <= 0 ||
        !(is_of_rows(one->up.trace) || is_of_rows(one->down.trace) || is_of_rows(one->again)))
        return;
    char *detail = g_strconcat(one->detail,
                               "; the rows are made up: --shadow and --from-backup have real "
                               "ones, --rows 0 has none",
                               NULL);
    g_free(one->detail);
    one->detail = detail;
}

/* Of what was too short to conclude from it is asked whether it may be too long all the same. */
static void object(const struct rehearse *rehearse, struct rehearse_migration *one)
{
    double most_ms = (double) rehearse->max_hold_ms;
    double there_ms = one->forecast.hold_ms;

    if (most_ms <= 0)
        return;
    if (one->longest_hold_ms > most_ms || there_ms > most_ms) {
        g_autofree char *held = rehearse_ms(MAX(one->longest_hold_ms, there_ms));
        one->objection =
            g_strdup_printf("a lock would be held for %s%s", held,
                            there_ms > one->longest_hold_ms ? " on the target" : "");
    } else if (there_ms < 0 &&
               (one->forecast.at_most_ms < 0 || one->forecast.at_most_ms > most_ms)) {
        one->objection =
            g_strdup("a lock would be held on the target for nobody knows how long");
    }
}

static void decide(struct rehearse *rehearse, struct rehearse_migration *one,
                   const struct cycle *cycle)
{
    const struct forecast_sizes sizes = {rehearse_size_of, &rehearse->target};
    const struct reversal_facts facts = {.up_error = error_of(one->up.trace),
                                         .declared = declared(one->migration),
                                         .has_down = one->migration->down != NULL,
                                         .repeatable = one->migration->repeatable,
                                         .down_error = error_of(one->down.trace),
                                         .restored = cycle->restored,
                                         .again_error = error_of(one->again),
                                         .repeated = cycle->repeated,
                                         .lost = cycle->lost};

    one->verdict = reversal_decide(&facts, &one->detail);
    doubt_rows(rehearse, one);
    one->forecast = forecast_trace(one->up.trace, &sizes);
    one->longest_hold_ms = one->up.trace->longest_hold_ms;
    object(rehearse, one);
    one->passed = one->verdict != REVERSAL_BROKEN && one->objection == NULL;
    one->reached = true;
}

/* Rows that were lost on the way back are not there for what comes next, although on the target they
 * will be: where the shadow can be had anew, everything before is done on it once more. */
static bool is_spoilt(const struct cycle *cycle)
{
    return !cycle->known || (cycle->lost != NULL && cycle->lost->len > 0) ||
           (cycle->repeated != NULL && cycle->repeated->len > 0);
}

static bool replay(struct rehearse *rehearse, guint last, bool *ret_done, bool *ret_known,
                   GError **error)
{
    if (!shadow_again(rehearse->shadow, ret_done, error))
        return false;
    for (guint i = 0; *ret_done && i <= last; i++) {
        const struct rehearse_migration *one = rehearse->migrations->pdata[i];
        AUTO(trace)
        trace = run_script(rehearse, one, one->up.script, "once more", false, error);
        if (trace == NULL)
            return false;
        *ret_known = trace->committed;
    }
    return true;
}

/* *last: the schema as it is, when it is known already; then as it is left. */
static bool run_one(struct rehearse *rehearse, guint number, struct snapshot **last,
                    bool *ret_known, GError **error)
{
    struct rehearse_migration *one = rehearse->migrations->pdata[number];
    struct cycle cycle = {.before = g_steal_pointer(last)};
    bool fine = go_up(rehearse, one, &cycle, error);
    bool up = fine && error_of(one->up.trace) == NULL, anew = false;

    if (up && has_way_back(one))
        fine = go_back(rehearse, one, &cycle, error);
    else if (up && one->migration->repeatable)
        fine = go_up_again(rehearse, one, &cycle, error);
    if (fine)
        decide(rehearse, one, &cycle);
    *ret_known = cycle.known;
    if (fine && up && number + 1 < rehearse->migrations->len && is_spoilt(&cycle))
        fine = replay(rehearse, number, &anew, ret_known, error);
    if (anew || cycle.after_again == NULL)
        *last = g_steal_pointer(&cycle.after_up);
    else
        *last = g_steal_pointer(&cycle.after_again);
    cycle_clear(&cycle);
    return fine;
}

bool rehearse_run(struct rehearse *rehearse, GError **error)
{
    AUTO(snapshot) last = NULL;
    bool known = true, fine = true;

    for (guint i = 0; i < rehearse->migrations->len && known && fine; i++) {
        const struct rehearse_migration *one = rehearse->migrations->pdata[i];
        /* Written in Go, for example: what it does cannot be known here. */
        known = one->up.script != NULL;
        if (known)
            fine = run_one(rehearse, i, &last, &known, error);
    }
    progress_clear(rehearse->call->output);
    return fine;
}
