/* `queries cancel` and `queries terminate`: the plan of the choices, and its run. */
#include "backends/backends_enter.h"
#include "out/grid.h"
#include "plan/plan_gate.h"
#include "queries_private.h"
#include "units/units.h"

enum { LOOK_MS = 1000 }; /* of a watch: all acts and their proof together */

static struct queries_choice *choice_at(const struct queries_end *end, guint position)
{
    return &g_array_index(end->choices, struct queries_choice, position);
}

/* ---- the plan ------------------------------------------------------------------------------ */

/* All cancels are sent first: their graces then run at the same time. */
static void add_step(struct queries_end *end, struct queries_choice *choice)
{
    switch (choice->way) {
    case QUERIES_LEAVE:
        break;
    case QUERIES_BY_CANCEL:
        choice->act = backends_acts_add(end->acts, end->plan, end->backends, choice->backend,
                                        BACKENDS_CANCEL, choice->reason);
        break;
    case QUERIES_BY_LADDER:
        choice->act = backends_acts_add_ladder(end->acts, end->plan, end->backends,
                                               choice->backend, choice->reason);
        break;
    case QUERIES_BY_END:
        choice->act = backends_acts_add(end->acts, end->plan, end->backends, choice->backend,
                                        BACKENDS_TERMINATE, choice->reason);
        break;
    }
}

void queries_end_prepare(struct queries_end *end)
{
    end->plan = plan_new();
    end->acts = backends_acts_new(settings_int(end->call->settings, "queries.grace"),
                                  end->backends->looker);
    for (guint i = 0; i < end->choices->len; i++)
        add_step(end, choice_at(end, i));
}

void queries_end_clear(struct queries_end *end)
{
    g_clear_pointer(&end->acts, backends_acts_free);
    g_clear_pointer(&end->plan, plan_free);
    g_clear_pointer(&end->choices, g_array_unref);
}

/* ---- what it says -------------------------------------------------------------------------- */

static json_t *result_of(const struct queries_end *end, const struct queries_choice *choice,
                         bool ran)
{
    const char *reason;
    const char *step = queries_step(choice, &reason);
    json_t *item =
        choice->backend == NULL ? json_object() : backend_json(end->backends, choice->backend);
    bool planned = !ran && choice->act != NULL;
    static const char *const ways[] = {"none", "cancel", "cancel, then terminate", "terminate"};

    json_object_set_new(item, "pid", json_integer(choice->pid));
    json_object_set_new(item, "step", json_string(planned ? "planned" : step));
    json_object_set_new(item, "way", json_string(ways[choice->way]));
    json_object_set_new(item, "reason", document_text(reason));
    return item;
}

/* outcome NULL: it is the plan that is shown. */
static void write_document(const struct queries_end *end, gint64 run, const char *outcome)
{
    struct session *session = end->session;
    const struct document_server server = {session_version(session), session_database(session),
                                           session_system_identifier(session)};
    struct document *document =
        document_begin(end->call->output,
                       end->terminate ? "queries.terminate/1" : "queries.cancel/1", &server);

    document_member(document, "run_id", run < 0 ? json_null() : json_integer(run));
    document_member(document, "outcome", outcome == NULL ? json_null() : json_string(outcome));
    document_member(document, "grace_seconds", json_real((double) end->acts->grace_ms / 1000));
    document_member(document, "evidence_lost", document_text(store_trouble(end->call->store)));
    if (outcome == NULL)
        document_member(document, "only", backends_acts_marks(end->acts));
    document_array(document, "results");
    for (guint i = 0; i < end->choices->len; i++)
        document_item(document, result_of(end, choice_at(end, i), outcome != NULL));
    document_array_end(document);
    document_end(document);
}

static void print_choices(const struct queries_end *end, bool ran)
{
    static const struct grid_column columns[] = {
        {"PID", true},   {"Role", false},   {"Application", false}, {"State", false},
        {"Step", false}, {"Reason", false}, {NULL, false}};
    static const char *const ways[] = {"none", "cancel", "cancel, then terminate", "terminate"};
    AUTO(grid) grid = grid_new(columns);

    for (guint i = 0; i < end->choices->len; i++) {
        const struct queries_choice *choice = choice_at(end, i);
        const struct backend *backend = choice->backend;
        const char *reason;
        const char *step = queries_step(choice, &reason);
        bool planned = !ran && choice->act != NULL;
        grid_cellf(grid, OUTPUT_BOLD, "%" G_GINT64_FORMAT, choice->pid);
        grid_cell(grid, OUTPUT_PLAIN, backend == NULL ? NULL : backend->role);
        grid_cell(grid, OUTPUT_PLAIN, backend == NULL ? NULL : backend->application);
        grid_cell(grid, OUTPUT_PLAIN,
                  backend == NULL ? NULL : backend_state_name(backend->state));
        grid_cell(grid, choice->act == NULL && backend != NULL ? OUTPUT_CAUTION : OUTPUT_PLAIN,
                  planned ? ways[choice->way] : step);
        grid_cell(grid, OUTPUT_PLAIN, reason);
    }
    if (end->choices->len == 0)
        output_say(end->call->output, "There is nothing to %s.",
                   end->terminate ? "terminate" : "cancel");
    else
        grid_print(grid, end->call->output);
}

static void show(const struct queries_end *end, gint64 run, const char *outcome)
{
    if (output_format(end->call->output) == OUTPUT_JSON)
        write_document(end, run, outcome);
    else
        print_choices(end, outcome != NULL);
}

static void show_plan(gpointer data)
{
    show(data, -1, NULL);
}

/* ---- the run ------------------------------------------------------------------------------- */

static char *summary_of(const struct queries_end *end)
{
    json_t *results = json_array();

    for (guint i = 0; i < end->choices->len; i++)
        json_array_append_new(results, result_of(end, choice_at(end, i), true));
    json_t *summary = json_pack("{so}", "results", results);
    char *text = json_dumps(summary, JSON_COMPACT);
    char *copy = g_strdup(text);
    free(text);
    json_decref(summary);
    return copy;
}

/* Whom the time was too short for was not told. */
static void tell_tried(const struct queries_end *end)
{
    for (guint i = 0; i < end->choices->len; i++) {
        const struct queries_choice *choice = choice_at(end, i);
        if (choice->act != NULL && choice->act->result != BACKENDS_PENDING)
            end->sieve->tried(choice, end->sieve->data);
    }
}

enum runbook_exit queries_end_run(struct queries_end *end, gint64 *ret_run, GError **error)
{
    struct call *call = end->call;
    struct window window = window_open(0);
    bool watched = end->sieve != NULL;
    g_autoptr(GError) broken = NULL;

    gint64 id = gate_record_begin(call, end->session, &window);
    gate_record_steps(call, id, end->plan, 1);
    backends_acts_record(end->acts, end->plan, call->store, id, 1);
    /* What the history has taken is no time of the acts'. */
    const struct window look = window_open(LOOK_MS);
    if (watched)
        end->acts->until_us = look.start_us + LOOK_MS * 1000;
    struct plan_run run = gate_plan_run(call, end->session, watched ? &look : &window, id);
    run.limits.lanes = 0;
    run.hooks = backends_acts_hooks(end->acts);
    plan_run(end->plan, &run, &broken);
    if (session_alive(end->session))
        backends_acts_settle(end->acts, end->session);
    if (watched)
        tell_tried(end);
    backends_acts_record(end->acts, end->plan, call->store, id, 1);
    g_autofree char *summary = summary_of(end);
    enum runbook_exit code =
        gate_record_end(call, id, queries_judge(end->choices), broken, summary);
    *ret_run = store_trouble(call->store) ? -1 : id;
    if (broken != NULL)
        g_propagate_error(error, g_steal_pointer(&broken));
    return code;
}

/* ---- the commands -------------------------------------------------------------------------- */

static bool read_pid(const char *text, gint64 *ret, GError **error)
{
    guint64 pid = 0;

    if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT32, &pid, NULL)) {
        runbook_error_set(error, RUNBOOK_USAGE, "\"pgrunbook queries report\" lists them",
                          "\"%s\" is not the pid of a session", text);
        return false;
    }
    *ret = (gint64) pid;
    return true;
}

bool queries_end_accepts(const struct options *options, const char *const *arguments,
                         GError **error)
{
    gint64 pid;

    return (arguments[0] == NULL || read_pid(arguments[0], &pid, error)) &&
           backends_only_accepts(options, arguments, error);
}

/* What is not due is no part of the plan. */
static void sift(struct queries_end *end)
{
    for (guint i = end->choices->len; i > 0; i--) {
        struct queries_choice *choice = choice_at(end, i - 1);
        end->sieve->due(choice, end->sieve->data);
        if (choice->way == QUERIES_LEAVE)
            g_array_remove_index(end->choices, i - 1);
    }
}

static bool choose_all(struct queries_end *end, const struct queries_policy *policy,
                       GError **error)
{
    const struct call *call = end->call;
    gint64 pid = 0;

    if (end->sieve != NULL) {
        end->choices = queries_choose(end->backends, policy, true);
        sift(end);
        return true;
    }
    if (option_given(call->options, "rules") || option_given(call->options, "longer-than")) {
        end->choices = queries_choose(end->backends, policy, end->terminate);
        return true;
    }
    if (!read_pid(call->arguments[0], &pid, error))
        return false;
    end->choices = queries_choices_new();
    struct queries_choice choice =
        queries_choose_pid(end->backends, policy, pid, end->terminate);
    g_array_append_val(end->choices, choice);
    return true;
}

static bool choose(struct queries_end *end, const struct queries_policy *policy, GError **error)
{
    const struct call *call = end->call;
    bool named =
        !option_given(call->options, "rules") && !option_given(call->options, "longer-than");

    if (end->sieve != NULL || !option_given(call->options, "only"))
        return choose_all(end, policy, error);
    AUTO(backends_only) only = backends_only_new(option_values(call->options, "only"), error);
    if (only == NULL || !choose_all(end, policy, error))
        return false;
    queries_keep_shown(end->choices, end->backends, only, named);
    return true;
}

/* Nothing is left of what was shown: whoever confirmed it is told why. */
static void say_changed(const struct queries_end *end, GError **error)
{
    for (guint i = 0; i < end->choices->len; i++) {
        const struct queries_choice *choice = choice_at(end, i);
        if (!choice->changed)
            continue;
        runbook_error_set(error, RUNBOOK_REFUSED, "look again, and decide anew",
                          "pid %" G_GINT64_FORMAT " is left alone: %s", choice->pid,
                          choice->reason);
        return;
    }
}

/* Nothing to run: a plan that is empty, or one whose every choice is refused. */
static enum runbook_exit say_nothing(const struct queries_end *end, GError **error)
{
    enum runbook_exit code = queries_judge(end->choices);

    show(end, -1, gate_outcome_name(code));
    if (code == RUNBOOK_REFUSED)
        say_changed(end, error);
    return code;
}

static enum runbook_exit confirm_and_act(struct queries_end *end, GError **error)
{
    struct call *call = end->call;
    struct window window = window_open(0);
    bool yes;

    if (call->dry_run) {
        gate_dry_run(call, end->plan, 0, &window, show_plan, end);
        return RUNBOOK_DONE;
    }
    if (end->plan->steps->len == 0)
        return say_nothing(end, error);
    if (!gate_confirmed(call, end->plan->steps->len,
                        end->terminate ? "Terminate these?" : "Cancel these?",
                        "--dry-run shows the plan", show_plan, end, &yes, error))
        return RUNBOOK_FAILED;
    if (!yes)
        return RUNBOOK_DONE;
    /* No lock against other runs: each statement looks once more by itself, and in an emergency
     * two people may well be at work. */
    gint64 run = -1;
    enum runbook_exit code = queries_end_run(end, &run, error);
    show(end, run, gate_outcome_name(code));
    return code;
}

static enum runbook_exit choose_and_end(struct call *call, struct session *session,
                                        bool terminate, const struct queries_sieve *sieve,
                                        GError **error)
{
    AUTO(backends) backends = queries_snapshot(session, error);
    if (backends == NULL)
        return runbook_error_exit(*error);
    g_autoptr(GArray) rules = queries_rules(call->settings, call->target);
    const struct queries_policy policy = queries_policy(call, rules);
    struct queries_end end = {
        .call = call,
        .session = session,
        .backends = backends,
        .terminate = terminate,
        .sieve = sieve,
    };
    enum runbook_exit code = RUNBOOK_USAGE;
    if (rules->len == 0 && option_given(call->options, "rules"))
        output_note(call->output,
                    "the configuration has no section [rule NAME] for this target");
    if (choose(&end, &policy, error)) {
        queries_end_prepare(&end);
        code = confirm_and_act(&end, error);
    }
    queries_end_clear(&end);
    return code;
}

static enum runbook_exit end_command(struct call *call, bool terminate,
                                     const struct queries_sieve *sieve, GError **error)
{
    struct backends_entry entry;

    if (!backends_enter(call, &entry, error))
        return runbook_error_exit(*error);
    enum runbook_exit code = choose_and_end(call, entry.session, terminate, sieve, error);
    backends_leave(&entry);
    return code;
}

enum runbook_exit queries_cancel_command(struct call *call, GError **error)
{
    return end_command(call, false, NULL, error);
}

enum runbook_exit queries_terminate_command(struct call *call, GError **error)
{
    return end_command(call, true, NULL, error);
}

enum runbook_exit queries_enforce_command(struct call *call, bool terminate,
                                          const struct queries_sieve *sieve, GError **error)
{
    return end_command(call, terminate, sieve, error);
}
