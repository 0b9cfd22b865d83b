/* `pgrunbook history undo`: gate, act, record, show. */
#include "cli/grammar.h"
#include "cli/history.h"
#include "cli/history_undo.h"
#include "core_queries.h"
#include "host_embedded.h"
#include "out/document.h"
#include "plan/plan_gate.h"
#include "rebuild/rebuild.h"

enum { ATTEMPTS = 4, NAMES_SAID = 3 };

/* One undo at work. */
struct act {
    struct call *call; /* as a call of the run's section, with the history */
    const struct undo *undo;
    struct session *session;
    struct plan *plan;
    struct rebuild *rebuild; /* of the indexes that are built anew */
    struct rebuild_rules rules;
    gint64 run; /* -1: not recorded */
};

static gint64 lock_timeout_ms(const struct act *act)
{
    return settings_int(act->call->settings, "history.undo_lock_timeout");
}

/* ---- showing ------------------------------------------------------------------------------ */

/* NULL for a step that removes what an earlier attempt left. */
static const struct undo_step *statement_of(const struct step *step)
{
    return step->subject;
}

static bool is_setting(const struct step *step)
{
    return statement_of(step) != NULL && statement_of(step)->kind == UNDO_SETTING;
}

static void show_step(struct output *output, guint number, const struct step *step)
{
    g_autofree char *sql = output_paint(output, OUTPUT_DIM, step->sql);
    g_autofree char *took = history_took(step->started_us, step->ended_us);
    const char *name = step_outcome_name(step->outcome);
    g_autofree char *outcome = output_paint(output, history_tone(name), name);

    if (step->outcome == STEP_PLANNED)
        output_say(output, "%u. %s: %s", number, step->object, step->reason);
    else
        output_say(output, "%u. %s: %s%s%s%s%s", number, step->object, outcome,
                   took ? ", " : "", took ? took : "", step->detail ? ": " : "",
                   step->detail ? step->detail : "");
    output_say(output, "   %s;", sql);
}

static json_t *step_json(guint number, const struct step *step)
{
    const struct undo_step *statement = statement_of(step);
    const bool ran = step->started_us != 0 && step->ended_us != 0;
    const double seconds = (double) (step->ended_us - step->started_us) / G_USEC_PER_SEC;

    return json_pack("{si so so so so so so so so}", "step", (int) number, "undoes_step",
                     statement != NULL ? json_integer(statement->of) : json_null(), "object",
                     document_text(step->object), "sql", document_text(step->sql), "lock_mode",
                     document_text(step->lock_mode), "reason", document_text(step->reason),
                     "outcome", document_text(step_outcome_name(step->outcome)), "detail",
                     document_text(step->detail), "seconds",
                     ran ? json_real(seconds) : json_null());
}

static void show_document(const struct act *act, const char *outcome)
{
    const struct undo *undo = act->undo;
    const struct document_server server = {
        .version_num = session_version(act->session),
        .database = session_database(act->session),
        .system_identifier = session_system_identifier(act->session),
    };
    struct document *document = document_begin(act->call->output, "history.undo/1", &server);

    document_member(document, "undoes",
                    json_pack("{sI so so}", "id", (json_int_t) undo->run, "section",
                              document_text(undo->section), "verb", document_text(undo->verb)));
    document_member(document, "run_id", act->run > 0 ? json_integer(act->run) : json_null());
    document_member(document, "outcome", document_text(outcome));
    document_member(document, "evidence_lost", document_text(store_trouble(act->call->store)));
    document_array(document, "steps");
    for (guint i = 0; i < act->plan->steps->len; i++)
        document_item(document, step_json(i + 1, g_ptr_array_index(act->plan->steps, i)));
    document_array_end(document);
    document_end(document);
}

static void show(const struct act *act, const char *outcome)
{
    struct output *output = act->call->output;

    if (output_format(output) == OUTPUT_JSON) {
        show_document(act, outcome);
        return;
    }
    output_say(output, "Takes back run %" G_GINT64_FORMAT ": %s %s.", act->undo->run,
               act->undo->section, act->undo->verb);
    for (guint i = 0; i < act->plan->steps->len; i++)
        show_step(output, i + 1, g_ptr_array_index(act->plan->steps, i));
    if (act->run > 0 && store_trouble(act->call->store) == NULL)
        output_say(output, "Recorded: pgrunbook history show %" G_GINT64_FORMAT, act->run);
}

static void show_plan(gpointer data)
{
    show(data, "planned");
}

/* ---- planning ----------------------------------------------------------------------------- */

/* The section's own setting where it has one of that name. */
static gint64 setting_of(const struct act *act, const char *name, gint64 fallback)
{
    g_autofree char *full = g_strconcat(act->undo->section, ".", name, NULL);

    return cli_setting(full) != NULL ? settings_int(act->call->settings, full) : fallback;
}

static struct rebuild_rules rules_of(const struct act *act)
{
    enum { SECOND = 1000, MINUTE = 60 * SECOND, MB = 1 << 20 };

    return (struct rebuild_rules){
        .patience_ms = setting_of(act, "patience", 10 * MINUTE),
        .give_way_ms = setting_of(act, "give_way", 5 * SECOND),
        .old_xact_ms = setting_of(act, "old_transaction", 30 * MINUTE),
        .blind_bytes = setting_of(act, "blind_size", 0),
        .memory_bytes = setting_of(act, "memory", 512 * MB),
    };
}

/* NULL where the table is gone: then the server says so. */
static struct step *build_step(const struct undo_step *statement, const char *reason,
                               gpointer data)
{
    const struct act *act = data;
    const struct undo_index *index = &statement->index;
    AUTO(rows)
    rows = session_query(act->session, &query_host_undo_table,
                         (const char *const[]){index->schema, index->table}, NULL);

    if (rows == NULL || rows_count(rows) == 0)
        return NULL;
    struct rebuild_index *built = g_new0(struct rebuild_index, 1);
    built->kind = REBUILD_CREATE;
    built->schema = g_strdup(index->schema);
    built->name = g_strdup(index->name);
    built->table = g_strdup(index->table);
    built->table_oid = (guint) rows_int(rows, 0, HOST_UNDO_TABLE_OID);
    built->definition = g_strdup(statement->sql);
    built->bytes_before = statement->bytes;
    return rebuild_add(act->rebuild, act->session, act->plan, built, reason);
}

/* False for a server that builds indexes that miss rows. */
static bool make_plan(struct act *act, GError **error)
{
    if (undo_builds(act->undo)) {
        if (!rebuild_allowed(session_version(act->session), error))
            return false;
        rebuild_add_leftovers(act->rebuild, act->session, act->plan);
    }
    undo_plan(act->undo, act->plan, lock_timeout_ms(act), build_step, act);
    return true;
}

/* ---- acting ------------------------------------------------------------------------------- */

/* Settings once more, because this may be another connection than the one they were made on. */
static bool repeat_settings(const struct act *act, const struct step *step,
                            struct session *session, GError **error)
{
    for (guint i = 0; !is_setting(step) && i < act->plan->steps->len; i++) {
        const struct step *earlier = g_ptr_array_index(act->plan->steps, i);
        if (earlier == step)
            break;
        if (is_setting(earlier) && statement_of(earlier)->of == statement_of(step)->of &&
            !session_command(session, earlier->sql, error))
            return false;
    }
    return true;
}

static enum step_go before(struct step *step, struct session *session, char **ret_why,
                           gpointer data)
{
    const struct act *act = data;
    g_autoptr(GError) error = NULL;

    if (!undo_may_follow(act->plan, step)) {
        *ret_why = g_strdup("what comes before it was not done");
        return STEP_DROP;
    }
    if (statement_of(step) != NULL && !repeat_settings(act, step, session, &error)) {
        *ret_why = g_strdup(error->message);
        return STEP_LATER;
    }
    return rebuild_index_of(act->rebuild, step) != NULL
               ? rebuild_before(act->rebuild, step, session, ret_why)
               : STEP_GO;
}

static bool watch(struct step *step, int pid, struct session *session, char **ret_why,
                  gpointer data)
{
    const struct act *act = data;

    return rebuild_index_of(act->rebuild, step) != NULL &&
           rebuild_watch(act->rebuild, step, pid, session, ret_why);
}

static enum step_after after(struct step *step, const char *sqlstate, struct session *session,
                             gpointer data)
{
    const struct act *act = data;

    return rebuild_index_of(act->rebuild, step) != NULL
               ? rebuild_after(act->rebuild, step, sqlstate, session)
               : STEP_ENDED;
}

static void execute(struct act *act, const struct window *window, GError **error)
{
    struct plan_run run = gate_plan_run(act->call, act->session, window, act->run);

    run.hooks =
        (struct plan_hooks){.before = before, .watch = watch, .after = after, .data = act};
    run.limits.attempts = ATTEMPTS;
    if (undo_builds(act->undo))
        rebuild_limits(&act->rules, &run.limits);
    rebuild_begin(act->rebuild, &run, act->plan);
    plan_run(act->plan, &run, error);
    rebuild_finish(act->rebuild, &run, act->plan);
}

/* Somebody may have taken it back since the plan was made; the advisory lock is ours now. */
static bool still_to_do(const struct act *act, GError **error)
{
    if (store_trouble(act->call->store) != NULL)
        return true;
    AUTO(undo) now = undo_read(act->call->store, act->undo->run, error);
    if (now == NULL || !undo_possible(now, error))
        return false;
    if (now->pending->len == act->undo->pending->len)
        return true;
    runbook_error_set(error, RUNBOOK_REFUSED, "look at what is left, and run it again",
                      "run %" G_GINT64_FORMAT
                      " was taken back in part meanwhile, by run %" G_GINT64_FORMAT,
                      now->run, now->undo_run);
    return false;
}

/* Settings and the removal of leftovers are not what was asked for. */
static bool is_asked_for(const struct step *step)
{
    return statement_of(step) != NULL && !is_setting(step);
}

static struct gate_count count_of(const struct plan *plan)
{
    struct gate_count count = {0};

    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(plan->steps, i);
        if (!is_asked_for(step))
            continue;
        count.done += step->outcome == STEP_DONE;
        count.failed += step->outcome == STEP_FAILED;
        count.left += step->outcome == STEP_SKIPPED || step->outcome == STEP_NOT_REACHED;
    }
    return count;
}

/* "public.orders_state, public.b and 3 more": what it was about. Caller frees. */
static char *objects_of(const struct plan *plan)
{
    GString *names = g_string_new(NULL);
    g_autoptr(GHashTable) known = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < plan->steps->len; i++) {
        const struct step *step = g_ptr_array_index(plan->steps, i);
        if (is_asked_for(step) && g_hash_table_add(known, step->object) &&
            g_hash_table_size(known) <= NAMES_SAID)
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", step->object);
    }
    if (g_hash_table_size(known) > NAMES_SAID)
        g_string_append_printf(names, " and %u more", g_hash_table_size(known) - NAMES_SAID);
    return g_string_free(names, FALSE);
}

/* Caller frees. */
static char *summary_of(const struct plan *plan)
{
    const struct gate_count count = count_of(plan);
    g_autofree char *objects = objects_of(plan);
    json_t *summary =
        json_pack("{s:o, s:i, s:i, s:i}", "of", document_text(objects), "done",
                  (int) count.done, "failed", (int) count.failed, "skipped", (int) count.left);
    char *text = json_dumps(summary, JSON_COMPACT);
    char *copy = g_strdup(text);

    free(text);
    json_decref(summary);
    return copy;
}

static gint64 record_begin(const struct act *act, const struct window *window)
{
    const struct store_run record = {
        .section = act->undo->section,
        .verb = act->call->command->verb,
        .target = act->call->target,
        .host = session_host(act->session),
        .dbname = session_database(act->session),
        .role = session_user(act->session),
        .system_identifier = session_system_identifier(act->session),
        .version_num = session_version(act->session),
        .command_line = act->call->command_line,
        .deadline_us =
            window->length_ms > 0 ? window->started_at + window->length_ms * 1000 : 0,
        .undoes = act->undo->run,
    };

    return store_run_begin(act->call->store, &record);
}

static enum runbook_exit carry_out(struct act *act, const struct window *window, GError **error)
{
    g_autoptr(GError) broken = NULL;

    act->run = record_begin(act, window);
    gate_record_steps(act->call, act->run, act->plan, 1);
    bool ran =
        plan_lock(act->session, act->undo->section, &broken) && still_to_do(act, &broken);
    if (ran)
        execute(act, window, &broken);
    const struct gate_count count = count_of(act->plan);
    g_autofree char *summary = summary_of(act->plan);
    enum runbook_exit code =
        gate_record_end(act->call, act->run, gate_judge(&count), broken, summary);
    if (ran)
        show(act, gate_outcome_name(code));
    if (store_trouble(act->call->store) != NULL)
        output_warn(act->call->output, "this run is not in the history: %s",
                    store_trouble(act->call->store));
    if (broken != NULL)
        g_propagate_error(error, g_steal_pointer(&broken));
    return code;
}

/* ---- the gates ---------------------------------------------------------------------------- */

static bool is_allowed(struct act *act, GError **error)
{
    AUTO(rows) rows = session_query(act->session, &query_core_identity, NULL, error);

    return rows != NULL &&
           undo_is_here(act->undo, session_system_identifier(act->session),
                        session_database(act->session), error) &&
           gate_primary(act->session, rows_bool(rows, 0, CORE_IDENTITY_IN_RECOVERY),
                        "nothing can be taken back there", error);
}

static enum runbook_exit undo_on(struct act *act, GError **error)
{
    struct window window =
        window_open(settings_int(act->call->settings, "history.undo_window"));
    gint64 timeout_ms = undo_builds(act->undo) ? 0 : lock_timeout_ms(act);
    bool yes;

    if (!is_allowed(act, error) || !make_plan(act, error))
        return RUNBOOK_FAILED;
    if (act->undo->doubtful > 0)
        output_note(act->call->output,
                    "step %d of run %" G_GINT64_FORMAT
                    " was at work when the run died; it is left as it is",
                    act->undo->doubtful, act->undo->run);
    if (act->call->dry_run) {
        gate_dry_run(act->call, act->plan, timeout_ms, &window, show_plan, act);
        return RUNBOOK_DONE;
    }
    if (!gate_confirmed(act->call, act->plan->steps->len, "Take it back?",
                        "--dry-run shows what would be done", show_plan, act, &yes, error))
        return RUNBOOK_FAILED;
    return yes ? carry_out(act, &window, error) : RUNBOOK_DONE;
}

enum runbook_exit history_undo_command(struct call *call, GError **error)
{
    gint64 id;

    if (!history_number(call->arguments[0], "run id", &id, error))
        return RUNBOOK_USAGE;
    g_autofree char *path = settings_state_path(call->settings);
    AUTO(store) reader = store_open_reader(path, error);
    if (reader == NULL)
        return RUNBOOK_FAILED;
    AUTO(undo) undo = undo_read(reader, id, error);
    if (undo == NULL || !undo_possible(undo, error))
        return RUNBOOK_REFUSED;
    /* The way there: by what it is called now, and not by a name that no configuration has. */
    if (undo->target != NULL &&
        !g_strv_contains(settings_targets(call->settings), undo->target))
        g_clear_pointer(&undo->target, g_free);
    /* It acts in the name of the section whose run it takes back: same lock, same application
     * name. */
    const struct feature section = {.name = undo->section};
    struct call as_section = *call;
    as_section.feature = &section;
    AUTO(store) writer = call->dry_run ? NULL : store_open(path);
    as_section.store = writer != NULL ? writer : reader;
    AUTO(session) session = call_connect(&as_section, error);
    if (session == NULL)
        return RUNBOOK_FAILED;
    AUTO(plan) plan = plan_new();
    struct act act = {
        .call = &as_section, .undo = undo, .session = session, .plan = plan, .run = -1};
    act.rules = rules_of(&act);
    AUTO(rebuild) rebuild = rebuild_new(&as_section, &act.rules);
    act.rebuild = rebuild;
    return undo_on(&act, error);
}
