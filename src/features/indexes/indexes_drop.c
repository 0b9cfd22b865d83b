/* `indexes drop`: look again, drop what the evidence lets go, keep the way back. */
#include "indexes.h"
#include "indexes_queries.h"
#include "out/document.h"
#include "plan/plan_gate.h"
#include "plan/plan_only.h"
#include "relations/selection.h"
#include "units/units.h"

enum { ATTEMPTS = 4, PAUSE_MS = 1000, GRACE_MS = 5000 };

/* All there is to one drop. */
struct drop {
    struct call *call;
    struct session *session;
    struct indexes_case *state;
    struct plan *plan;
    guint position; /* of the index */
    bool forced;    /* the verdict was against it */
};

static const struct relation_index *index_of(const struct drop *drop)
{
    return relations_index(drop->state->relations, drop->position);
}

static const struct relation_table *table_of(const struct drop *drop)
{
    return relations_table_of(drop->state->relations, index_of(drop));
}

/* ---- which index --------------------------------------------------------------------------- */

static bool fail_unknown(const struct drop *drop, const char *name, GError **error)
{
    const struct relations *relations = drop->state->relations;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < relations->indexes->len; i++)
        g_ptr_array_add(names, g_strdup(relations_index(relations, i)->name));
    return selection_fail("index", name, names, error);
}

/* The same index that a dry run showed, not another that has its name by now. */
static bool is_shown(const struct drop *drop, GError **error)
{
    g_autoptr(GHashTable) only = plan_only_read(drop->call->options);

    if (plan_only_has_oid(only, index_of(drop)->oid))
        return true;
    runbook_error_set(error, RUNBOOK_REFUSED, "look again, and decide anew",
                      "index \"%s.%s\" is not the one that was shown, which had its name",
                      table_of(drop)->schema, index_of(drop)->name);
    return false;
}

static bool find_index(struct drop *drop, GError **error)
{
    const struct relations *relations = drop->state->relations;
    const char *name = drop->call->arguments[0];
    guint found = 0;

    for (guint i = 0; i < relations->indexes->len; i++) {
        const struct relation_index *index = relations_index(relations, i);
        const struct relation_table *table = relations_table_of(relations, index);
        if (table->kind == 't' || !selection_matches_relation(name, table->schema, index->name))
            continue;
        drop->position = i;
        found++;
    }
    if (found == 0)
        return fail_unknown(drop, name, error);
    if (found == 1 && !is_shown(drop, error))
        return false;
    if (found > 1)
        runbook_error_set(error, RUNBOOK_USAGE,
                          "name one, as schema.name; only one index is dropped at a time",
                          "%u indexes match \"%s\"", found, name);
    return found == 1;
}

/* ---- whether it may go --------------------------------------------------------------------- */

/* What keeps the index whatever anybody says. */
static const char *bar_of(const struct drop *drop, const char **ret_hint)
{
    const struct relation_index *index = index_of(drop);

    *ret_hint = NULL;
    if (table_of(drop)->locked != NULL)
        return table_of(drop)->locked;
    if (index->constraint != '\0' || index->primary || index->exclusion) {
        *ret_hint = "ALTER TABLE … DROP CONSTRAINT drops both, and what rests on it";
        return "it backs a constraint";
    }
    if (index->parent != 0) {
        *ret_hint = "drop the partitioned index, its parts go with it";
        return "it is part of a partitioned index";
    }
    for (guint i = 0; i < drop->state->relations->builds->len; i++)
        if (g_array_index(drop->state->relations->builds, struct relation_build, i).table ==
            table_of(drop)->oid)
            return "an index of its table is being built";
    return NULL;
}

/* The finding that lets it go; else one that speaks against it, or NULL. */
static const struct indexes_finding *speaking(const struct drop *drop)
{
    const GArray *findings = drop->state->findings;
    const struct indexes_finding *against = NULL;

    for (guint i = 0; i < findings->len; i++) {
        const struct indexes_finding *finding =
            &g_array_index(findings, struct indexes_finding, i);
        if (finding->index != drop->position)
            continue;
        if (finding->word == INDEXES_DROP_CANDIDATE)
            return finding;
        against = against == NULL ? finding : against;
    }
    return against;
}

static bool allowed(struct drop *drop, char **ret_reason, GError **error)
{
    const struct relation_index *index = index_of(drop);
    const struct indexes_finding *finding = speaking(drop);
    const char *hint;
    const char *bar = bar_of(drop, &hint);

    if (bar != NULL) {
        runbook_error_set(error, RUNBOOK_REFUSED, hint, "index \"%s.%s\" is not dropped: %s",
                          table_of(drop)->schema, index->name, bar);
        return false;
    }
    drop->forced = finding == NULL || finding->word != INDEXES_DROP_CANDIDATE;
    g_autofree char *scans = units_format_counted(index->scans, "scan");
    g_autofree char *verdict = finding == NULL ? g_strdup_printf("keep: in use, %s", scans)
                                               : indexes_verdict(drop->state, finding);
    *ret_reason = drop->forced ? g_strdup_printf("forced against the verdict \"%s\"", verdict)
                               : indexes_reason(drop->state, finding);
    if (!drop->forced || option_given(drop->call->options, "force"))
        return true;
    runbook_error_set(
        error, RUNBOOK_REFUSED,
        "\"pgrunbook indexes report -v\" has the evidence; --force drops it all the "
        "same",
        "index \"%s.%s\" is not dropped, its verdict is \"%s\"", table_of(drop)->schema,
        index->name, verdict);
    return false;
}

/* ---- the plan ------------------------------------------------------------------------------ */

static bool make_plan(struct drop *drop, char *reason, GError **error)
{
    const struct relation_index *index = index_of(drop);
    struct step *step = plan_add(drop->plan);

    step->reason = reason;
    if (!indexes_observe_definition(drop->session, drop->state, index, error))
        return false;
    step->object = g_strconcat(table_of(drop)->schema, ".", index->name, NULL);
    step->sql = indexes_drop_statement(drop->state->relations, index, drop->session);
    step->undo = indexes_undo_statements(drop->state, index, drop->session);
    step->lock_mode = index->kind == 'I' ? "AccessExclusiveLock" : "ShareUpdateExclusiveLock";
    /* A concurrent drop waits for transactions that still use the index, one after the other;
     * stopped half-way it leaves an invalid one, so it gets its time: watch() ends it, and the
     * server by itself when nobody watches any more. */
    step->lock_timeout_ms =
        index->kind == 'I' ? 0
                           : settings_int(drop->call->settings, "indexes.patience") + GRACE_MS;
    step->subject = drop;
    if (step->undo != NULL || option_given(drop->call->options, "force"))
        return true;
    runbook_error_set(
        error, RUNBOOK_REFUSED, "--force drops it all the same",
        "index \"%s\" is not dropped: the statement that makes it again cannot be "
        "told",
        step->object);
    return false;
}

/* ---- right before and after ---------------------------------------------------------------- */

static enum step_go before(struct step *step, struct session *session, char **ret_why,
                           gpointer data)
{
    const struct drop *drop = data;
    const struct relation_index *index = index_of(drop);
    g_autofree char *oid = g_strdup_printf("%u", index->oid);
    AUTO(rows)
    rows = session_query(session, &query_indexes_recheck, (const char *const[]){oid}, NULL);

    (void) step;
    if (rows == NULL) {
        *ret_why = g_strdup("it could not be rechecked");
        return STEP_LATER;
    }
    if (rows_count(rows) == 0) {
        *ret_why = g_strdup("dropped since it was planned");
        return STEP_DROP;
    }
    if (g_strcmp0(rows_text(rows, 0, INDEXES_RECHECK_NAME), index->name) != 0 ||
        g_strcmp0(rows_text(rows, 0, INDEXES_RECHECK_SCHEMA), table_of(drop)->schema) != 0) {
        *ret_why = g_strdup("renamed since it was planned");
        return STEP_DROP;
    }
    if (!drop->forced && !index->valid && rows_bool(rows, 0, INDEXES_RECHECK_VALID)) {
        *ret_why = g_strdup("it has become valid");
        return STEP_DROP;
    }
    if (!drop->forced && rows_int(rows, 0, INDEXES_RECHECK_SCANS) > index->scans &&
        speaking(drop)->kind == INDEXES_KIND_UNUSED) {
        *ret_why = g_strdup("it was scanned just now");
        return STEP_DROP;
    }
    if (rows_text(rows, 0, INDEXES_RECHECK_HOLDER) != NULL) {
        *ret_why = g_strdup_printf("locked: %s", rows_text(rows, 0, INDEXES_RECHECK_HOLDER));
        return STEP_LATER;
    }
    return STEP_GO;
}

/* Gives up a concurrent drop that has waited for too long. */
static bool watch(struct step *step, int pid, struct session *control, char **ret_why,
                  gpointer data)
{
    const struct drop *drop = data;
    gint64 patience_ms = settings_int(drop->call->settings, "indexes.patience");
    g_autofree char *backend = g_strdup_printf("%d", pid);

    if (index_of(drop)->kind == 'I' ||
        g_get_real_time() - step->started_us < patience_ms * 1000)
        return false;
    AUTO(rows)
    rows = session_query(control, &query_indexes_waits, (const char *const[]){backend}, NULL);
    if (rows == NULL || rows_null(rows, 0, INDEXES_WAITS_WAITS_FOR))
        return false;
    g_autofree char *patience = units_format_duration((double) patience_ms / 1000);
    *ret_why = g_strdup_printf("it waited longer than indexes.patience, %s, for %s", patience,
                               rows_text(rows, 0, INDEXES_WAITS_WAITS_FOR));
    return true;
}

/* A concurrent drop that did not get through has made the index invalid by its first step. */
static enum step_after after(struct step *step, const char *sqlstate, struct session *session,
                             gpointer data)
{
    const struct drop *drop = data;
    g_autofree char *oid = g_strdup_printf("%u", index_of(drop)->oid);

    (void) sqlstate;
    if (step->outcome == STEP_DONE || step->outcome == STEP_PLANNED || session == NULL)
        return STEP_ENDED;
    AUTO(rows)
    rows = session_query(session, &query_indexes_recheck, (const char *const[]){oid}, NULL);
    if (rows == NULL || rows_count(rows) == 0 || rows_bool(rows, 0, INDEXES_RECHECK_VALID) ||
        !index_of(drop)->valid)
        return STEP_ENDED;
    g_autofree char *why = g_steal_pointer(&step->detail);
    step->detail = g_strdup_printf("%s; it is invalid now and of no use to any query: run the "
                                   "command again",
                                   why != NULL ? why : "stopped half-way");
    return STEP_ENDED;
}

/* ---- the run ------------------------------------------------------------------------------- */

static json_t *item_of(const struct drop *drop)
{
    const struct step *step = g_ptr_array_index(drop->plan->steps, 0);
    json_t *item = json_object();

    json_object_set_new(item, "schema", document_text(table_of(drop)->schema));
    json_object_set_new(item, "index", document_text(index_of(drop)->name));
    json_object_set_new(item, "table", document_text(table_of(drop)->name));
    json_object_set_new(
        item, "size_bytes",
        json_integer(relations_index_bytes(drop->state->relations, index_of(drop))));
    json_object_set_new(item, "outcome", json_string(step_outcome_name(step->outcome)));
    json_object_set_new(item, "reason", document_text(step->reason));
    json_object_set_new(item, "detail", document_text(step->detail));
    json_object_set_new(item, "drop_sql", document_text(step->sql));
    json_object_set_new(item, "undo_sql", document_text(step->undo));
    return item;
}

static void show_document(const struct drop *drop, gint64 run, const char *outcome)
{
    struct document_server server = {
        .version_num = session_version(drop->session),
        .database = session_database(drop->session),
        .system_identifier = session_system_identifier(drop->session),
    };
    struct document *document = document_begin(drop->call->output, "indexes.drop/1", &server);
    g_autofree char *oid = g_strdup_printf("%u", index_of(drop)->oid);

    document_member(document, "run_id", run < 0 ? json_null() : json_integer(run));
    document_member(document, "outcome", outcome == NULL ? json_null() : json_string(outcome));
    document_member(document, "evidence_lost", document_text(store_trouble(drop->call->store)));
    if (outcome == NULL)
        document_member(document, "only", json_pack("[s]", oid));
    document_array(document, "indexes");
    document_item(document, item_of(drop));
    document_array_end(document);
    document_end(document);
}

static void show(const struct drop *drop, gint64 run, const char *outcome)
{
    const struct step *step = g_ptr_array_index(drop->plan->steps, 0);
    struct output *output = drop->call->output;

    show_document(drop, run, outcome);
    if (outcome == NULL) {
        output_say(output, "%s: %s\n  %s;", step->object, step->reason, step->sql);
        return;
    }
    output_say(output, "%s: %s%s%s", step->object, step_outcome_name(step->outcome),
               step->detail != NULL ? ": " : "", step->detail != NULL ? step->detail : "");
    if (step->outcome != STEP_DONE || step->undo == NULL)
        return;
    if (run > 0)
        output_say(output, "To bring it back: pgrunbook history undo %" G_GINT64_FORMAT, run);
    else
        output_say(output, "To bring it back:\n%s;", step->undo);
}

static void show_plan(gpointer data)
{
    show(data, -1, NULL);
}

static void record_object(const struct drop *drop, gint64 run)
{
    const struct step *step = g_ptr_array_index(drop->plan->steps, 0);
    gint64 bytes = relations_index_bytes(drop->state->relations, index_of(drop));
    g_autofree char *size = g_strdup_printf("{\"size_bytes\":%" G_GINT64_FORMAT "}", bytes);
    struct store_object object = {
        .step = 1,
        .schema = table_of(drop)->schema,
        .name = index_of(drop)->name,
        .outcome = step_outcome_name(step->outcome),
        .reason = step->detail != NULL ? step->detail : step->reason,
        .seconds = (double) (step->ended_us - step->started_us) / G_USEC_PER_SEC,
        .bytes = bytes,
        .before = size,
        .after = step->outcome == STEP_DONE ? "{\"size_bytes\":0}" : NULL,
    };

    store_object(drop->call->store, run, &object);
}

/* Which index it was, or why it stays: a list of runs has no room for more. Caller frees. */
static char *summary_of(const struct drop *drop)
{
    const struct step *step = g_ptr_array_index(drop->plan->steps, 0);
    json_t *summary = json_object();

    if (step->outcome == STEP_DONE) {
        json_object_set_new(summary, "dropped", document_text(step->object));
        json_object_set_new(
            summary, "size_bytes",
            json_integer(relations_index_bytes(drop->state->relations, index_of(drop))));
    } else {
        json_object_set_new(summary, "left", document_text(step->object));
        json_object_set_new(summary, "why", document_text(step->detail));
    }
    char *text = json_dumps(summary, JSON_COMPACT);
    char *copy = g_strdup(text);

    free(text);
    json_decref(summary);
    return copy;
}

static enum runbook_exit act(struct drop *drop, const struct window *window, GError **error)
{
    struct call *call = drop->call;
    g_autoptr(GError) broken = NULL;
    struct gate_count count = {0};

    if (!plan_lock(drop->session, "indexes", error))
        return RUNBOOK_FAILED;
    gint64 id = gate_record_begin(call, drop->session, window);
    gate_record_steps(call, id, drop->plan, 1);
    struct plan_run run = gate_plan_run(call, drop->session, window, id);
    run.limits.lanes = 1;
    run.limits.attempts = ATTEMPTS;
    run.limits.pause_ms = PAUSE_MS;
    run.limits.lock_timeout_ms = PAUSE_MS;
    run.hooks =
        (struct plan_hooks){.before = before, .after = after, .watch = watch, .data = drop};
    plan_run(drop->plan, &run, &broken);
    record_object(drop, id);
    gate_count_steps(&count, drop->plan);
    g_autofree char *summary = summary_of(drop);
    enum runbook_exit code = gate_record_end(call, id, gate_judge(&count), broken, summary);
    show(drop, store_trouble(call->store) ? -1 : id, gate_outcome_name(code));
    if (broken != NULL)
        g_propagate_error(error, g_steal_pointer(&broken));
    return code;
}

static enum runbook_exit drop_index(struct drop *drop, GError **error)
{
    struct call *call = drop->call;
    struct window window = window_open(settings_int(call->settings, "indexes.window"));
    char *reason = NULL;
    bool yes;

    if (!find_index(drop, error))
        return RUNBOOK_FAILED;
    indexes_decide(drop->state);
    if (!allowed(drop, &reason, error)) {
        g_free(reason);
        return RUNBOOK_REFUSED;
    }
    if (!make_plan(drop, reason, error))
        return RUNBOOK_REFUSED;
    if (call->dry_run) {
        gate_dry_run(call, drop->plan, PAUSE_MS, &window, show_plan, drop);
        return RUNBOOK_DONE;
    }
    if (!gate_confirmed(call, 1, "Drop this index?", "--dry-run shows the plan", show_plan,
                        drop, &yes, error))
        return RUNBOOK_FAILED;
    return yes ? act(drop, &window, error) : RUNBOOK_DONE;
}

enum runbook_exit indexes_drop_command(struct call *call, GError **error)
{
    AUTO(session) session = call_connect(call, error);
    if (session == NULL)
        return RUNBOOK_FAILED;
    AUTO(indexes_case) state = indexes_observe(call, session, error);
    if (state == NULL || !gate_primary(session, state->relations->in_recovery,
                                       "an index cannot be dropped there", error))
        return RUNBOOK_FAILED;
    AUTO(plan) plan = plan_new();
    struct drop drop = {.call = call, .session = session, .state = state, .plan = plan};
    return drop_index(&drop, error);
}
