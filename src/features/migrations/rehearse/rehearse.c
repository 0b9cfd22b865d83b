/* The command: look, open the shadow, run, record, show. */
#include "rehearse/rehearse.h"

#include "calendar/window.h"
#include "error.h"
#include "migrations_commands.h"
#include "plan/plan_gate.h"
#include "store/store_migrations.h"

/* ---- what it is about ---------------------------------------------------------------------- */

static bool choose_shadow(struct call *call, struct shadow_plan *plan, GError **error)
{
    const char *conninfo = settings_string(call->settings, "migrations.shadow");
    bool named = conninfo != NULL && *conninfo != '\0';
    bool backup = option_given(call->options, "from-backup");

    if (backup && option_given(call->options, "shadow")) {
        runbook_error_set(error, RUNBOOK_USAGE, "one of them is enough",
                          "--from-backup and --shadow name two places");
        return false;
    }
    plan->kind = backup ? SHADOW_BACKUP : named ? SHADOW_GIVEN : SHADOW_FRESH;
    plan->conninfo = conninfo;
    plan->bindir = settings_string(call->settings, "backup.bindir");
    plan->scratch = settings_string(call->settings, "backup.scratch");
    plan->rows = settings_int(call->settings, "migrations.rows");
    plan->call = call;
    return true;
}

static bool says(const struct folder_script *script, const char *pattern)
{
    return script != NULL &&
           g_regex_match_simple(pattern, script->text, G_REGEX_CASELESS | G_REGEX_RAW, 0);
}

/* A column that is to have no nulls has none on the target, or is filled by the same scripts. */
static bool wants_no_nulls(const struct rehearse *rehearse)
{
    bool set = false, filled = false;

    for (guint i = 0; i < rehearse->migrations->len; i++) {
        const struct rehearse_migration *one = rehearse->migrations->pdata[i];
        set =
            set || says(one->up.script, "SET\\s+NOT\\s+NULL|PRIMARY\\s+KEY|IS\\s+NOT\\s+NULL");
        filled = filled || says(one->up.script, "\\bIS\\s+NULL|COALESCE");
    }
    return set && !filled;
}

/* ---- the record ---------------------------------------------------------------------------- */

static void record_one(const struct rehearse *rehearse, const struct rehearse_migration *one)
{
    const struct folder_script *up = one->migration->up;
    const struct store_rehearsal rehearsal = {
        .run = rehearse->run,
        .at_us = g_get_real_time(),
        .system = rehearse->target.system,
        .dbname = rehearse->target.database,
        .version = one->migration->version,
        .name = one->migration->name,
        .hash = one->migration->hash,
        .schema_hash = one->schema_hash,
        .verdict = reversal_name(one->verdict),
        .detail = one->objection != NULL ? one->objection : one->detail,
        .longest_hold_ms = one->longest_hold_ms,
        .predicted_hold_ms = one->forecast.hold_ms,
        .transactional = up->transaction == FOLDER_ONE_TRANSACTION,
        .passed = one->passed};

    store_rehearsal_put(rehearse->call->store, &rehearsal);
}

static void record(const struct rehearse *rehearse)
{
    store_begin(rehearse->call->store);
    for (guint i = 0; i < rehearse->migrations->len; i++) {
        const struct rehearse_migration *one = rehearse->migrations->pdata[i];
        if (one->reached && rehearse->target.system != NULL)
            record_one(rehearse, one);
    }
    store_commit(rehearse->call->store);
}

/* ---- the run ------------------------------------------------------------------------------- */

static enum runbook_exit judge(const struct rehearse *rehearse)
{
    for (guint i = 0; i < rehearse->migrations->len; i++)
        if (!((const struct rehearse_migration *) rehearse->migrations->pdata[i])->passed)
            return RUNBOOK_FAILED;
    return RUNBOOK_DONE;
}

/* The first difference says most; a hash says nothing. */
static void compare_schema(struct rehearse *rehearse)
{
    const struct rehearse_migration *first =
        rehearse->migrations->len > 0 ? rehearse->migrations->pdata[0] : NULL;

    if (first == NULL || first->schema_hash == NULL ||
        g_str_equal(first->schema_hash, rehearse->target.schema_hash))
        return;
    g_ptr_array_add(
        rehearse->shadow->troubles,
        g_strdup("its schema is not the target's: for the gate before apply this is "
                 "no rehearsal of the target"));
}

static bool work(struct rehearse *rehearse, struct shadow_plan *plan, struct session **target,
                 GError **error)
{
    /* Nobody may be connected to what is copied: where the servers cannot be told apart, the target. */
    if (plan->kind == SHADOW_GIVEN)
        g_clear_pointer(target, session_close);
    plan->target = *target;
    plan->system = rehearse->target.system;
    plan->database = rehearse->target.database;
    plan->no_nulls = wants_no_nulls(rehearse);
    rehearse->shadow = shadow_open(plan, error);
    if (rehearse->shadow == NULL)
        return false;
    g_clear_pointer(target, session_close);
    if (!rehearse_run(rehearse, error))
        return false;
    compare_schema(rehearse);
    return true;
}

static enum runbook_exit record_and_work(struct rehearse *rehearse, struct shadow_plan *plan,
                                         struct session **target, GError **error)
{
    const struct window window = window_open(0);
    g_autoptr(GError) broken = NULL;

    rehearse->run = gate_record_begin(rehearse->call, *target, &window);
    /* The shadow is for what there is to rehearse. */
    bool done = rehearse->migrations->len == 0 || work(rehearse, plan, target, &broken);
    record(rehearse);
    g_autofree char *summary = done ? rehearse_summary(rehearse) : NULL;
    enum runbook_exit code =
        gate_record_end(rehearse->call, rehearse->run, judge(rehearse), broken, summary);
    if (!done) {
        g_propagate_error(error, g_steal_pointer(&broken));
        return code;
    }
    rehearse_show(rehearse);
    return code;
}

static void script_clear(struct rehearse_script *script)
{
    g_clear_pointer(&script->trace, trace_free);
    g_clear_pointer(&script->judged, g_ptr_array_unref);
}

static void migration_free(gpointer data)
{
    struct rehearse_migration *one = data;

    script_clear(&one->up);
    script_clear(&one->down);
    g_clear_pointer(&one->again, trace_free);
    forecast_clear(&one->forecast);
    g_free(one->schema_hash);
    g_free(one->detail);
    g_free(one->objection);
    g_free(one);
}

static void rehearse_clear(struct rehearse *rehearse)
{
    g_clear_pointer(&rehearse->shadow, shadow_free);
    g_ptr_array_unref(rehearse->migrations);
    g_clear_pointer(&rehearse->lint, lint_report_free);
    g_clear_pointer(&rehearse->folder, folder_free);
    rehearse_target_clear(&rehearse->target);
    g_free(rehearse->table);
}

static enum runbook_exit look_and_work(struct rehearse *rehearse, struct shadow_plan *plan,
                                       GError **error)
{
    rehearse->folder = folder_of_call(rehearse->call, error);
    if (rehearse->folder == NULL || !folder_is_sound(rehearse->folder, error) ||
        !folder_filled(rehearse->folder, error))
        return runbook_error_exit(*error);
    AUTO(session) target = call_connect(rehearse->call, error);
    if (target == NULL || !rehearse_look(rehearse, target, error))
        return runbook_error_exit(*error);
    return record_and_work(rehearse, plan, &target, error);
}

enum runbook_exit migrations_rehearse_command(struct call *call, GError **error)
{
    struct shadow_plan plan = {.rows = 0};
    struct rehearse rehearse = {.call = call,
                                .migrations = g_ptr_array_new_with_free_func(migration_free),
                                .run = -1,
                                .max_hold_ms =
                                    settings_int(call->settings, "migrations.max_hold")};
    enum runbook_exit code = RUNBOOK_USAGE;

    if (choose_shadow(call, &plan, error))
        code = look_and_work(&rehearse, &plan, error);
    rehearse_clear(&rehearse);
    return code;
}
