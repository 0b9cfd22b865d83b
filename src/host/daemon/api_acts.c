/*
 * Acting: a plan that was shown (api_plans.c) is carried out, with a reason, once. The act is a child
 * like any job's, and the history has who asked for it and why.
 */
#include "daemon/api_acts.h"
#include "daemon/api_confirm.h"
#include "daemon/api_lend.h"
#include "daemon/api_shown.h"
#include "daemon/job_words.h"
#include "error.h"
#include "store/store_turns.h"

#include <string.h>

enum {
    ACTS_AT_ONCE = 4, /* and as many again of an emergency's */
    ACTS_KEPT = 100,
    OUTPUT_MOST = 4 << 20,
    OUTPUTS_MOST = 4 * OUTPUT_MOST, /* of all acts together: the oldest lose theirs */
    MESSAGES_MOST = 1 << 14,
    LINE_LONGEST = 1 << 12,
};

/* How a command's warning begins whose run is not in the history (cli/run.c). */
#define NOT_KEPT "this run is not in the history: "

/* ---- what is kept ------------------------------------------------------------------------------- */

void api_act_free(gpointer data)
{
    struct api_act *act = data;

    g_free(act->who);
    g_free(act->reason);
    g_free(act->target);
    g_free(act->section);
    g_free(act->verb);
    g_free(act->command_line);
    g_strfreev(act->words);
    g_free(act->trouble);
    stopping_clear(&act->stop);
    g_byte_array_unref(act->output);
    g_string_free(act->messages, TRUE);
    g_free(act);
}

/* ---- the act ------------------------------------------------------------------------------------ */

bool api_act_at_work(const struct api_act *act)
{
    return act->child != NULL || act->lent;
}

void api_act_tell(const struct api_act *act)
{
    g_autofree char *text = api_act_text(act, false);

    api_tell_act(act->api, act->target, text);
}

static void on_bytes(const char *bytes, gsize length, gpointer data)
{
    struct api_act *act = data;
    bool fits = act->output->len + length <= OUTPUT_MOST;

    if (!fits && !act->cut)
        g_string_append(act->messages, "its document is too long to be kept here\n");
    act->cut = act->cut || !fits;
    if (!act->cut)
        g_byte_array_append(act->output, (const guint8 *) bytes, (guint) length);
}

static void on_message(const char *line, gsize length, bool cut, gpointer data)
{
    struct api_act *act = data;
    (void) cut;

    g_string_append_len(act->messages, line, (gssize) length);
    g_string_append_c(act->messages, '\n');
    if (act->messages->len > MESSAGES_MOST)
        g_string_erase(act->messages, 0, (gssize) (act->messages->len - MESSAGES_MOST));
}

/* Why it is not done; NULL: it is, or in part, as its document tells. Caller frees. */
static char *trouble_of(const struct api_act *act, int status)
{
    bool failed = strstr(act->messages->str, "pgrunbook: error: ") != NULL;
    char *said = job_reason(act->messages->str);

    if (act->exit_code == RUNBOOK_DONE || (act->exit_code == RUNBOOK_PARTLY && !failed))
        g_clear_pointer(&said, g_free);
    else if (act->exit_code < 0 || said == NULL) {
        g_free(said);
        said = child_status_words(status);
    }
    return said;
}

/* "done" is half of it where the history has nothing of what was done. words NULL: it was kept. */
static void note_lost(struct api_act *act, const char *words)
{
    if (words == NULL)
        return;
    g_autofree char *first = g_strndup(words, strcspn(words, "\n"));
    g_autofree char *before = g_steal_pointer(&act->trouble);
    act->trouble = g_strconcat(before ? before : "", before ? "; " : "", first, NULL);
    keeper_doubt(act->api->daemon->keeper);
}

static void finish(struct api_act *act)
{
    struct daemon *daemon = act->api->daemon;
    struct daemon_target *target = targets_find(daemon, act->target);

    act->ended_us = g_get_real_time();
    api_stale(act->api);
    if (target != NULL)
        gather_want(target->gather);
    api_act_tell(act);
    if (act->run > 0)
        api_tell_run(act->api, act->target, act->run);
    daemon_end_if_alone(daemon);
}

static void on_act_lent(const struct api_lent *lent, gpointer data)
{
    struct api_act *act = data;
    char *text = json_dumps(lent->document, JSON_COMPACT | JSON_REAL_PRECISION(15));
    const char *said = lent->messages != NULL ? lent->messages : "";

    act->lent = false;
    act->exit_code = lent->exit_code;
    act->run = lent->run;
    g_byte_array_set_size(act->output, 0);
    if (text != NULL)
        g_byte_array_append(act->output, (const guint8 *) text, (guint) strlen(text));
    free(text);
    g_string_printf(act->messages,
                    "every slot is taken: done on the connection of the watch\n%s", said);
    if (lent->exit_code != RUNBOOK_DONE && *said != '\0')
        act->trouble = g_strdup(said);
    note_lost(act, json_string_value(json_object_get(lent->document, "evidence_lost")));
    finish(act);
}

/* No connection is to be had, but the watch has one. */
static bool borrow_act(struct api_act *act)
{
    struct daemon_target *target = targets_find(act->api->daemon, act->target);
    const char *const *words = (const char *const *) act->words;

    if (act->api->daemon->stopping || act->stop.by != NULL || !api_lend_would(target, words))
        return false;
    act->lent = true;
    api_lend(target, &(struct api_lend){.words = words,
                                        .actor = act->who,
                                        .reason = act->reason,
                                        .done = on_act_lent,
                                        .data = act});
    return true;
}

static void on_ended(int status, gpointer data)
{
    struct api_act *act = data;
    struct store *store = keeper_store(act->api->daemon->keeper);
    g_autofree char *how = child_status_words(status);

    act->child = NULL;
    act->exit_code = child_exit_code(status);
    if (act->exit_code == RUNBOOK_CONNECT && borrow_act(act))
        return;
    act->trouble = trouble_of(act, status);
    note_lost(act, strstr(act->messages->str, NOT_KEPT));
    act->run = MAX(0, store_run_of(store, act->pid, act->started_us));
    if (act->run > 0 && act->exit_code < 0)
        store_run_interrupted(store, act->run, how);
    stopping_record(&act->stop, store, act->run);
    finish(act);
}

/* Those that take hours never keep an emergency's waiting. */
static guint acts_running(const struct api *api, bool urgent)
{
    guint running = 0;

    for (guint i = 0; i < api->acts->len; i++) {
        const struct api_act *act = g_ptr_array_index(api->acts, i);
        running += api_act_at_work(act) && act->urgent == urgent;
    }
    return running;
}

/* The oldest that is done makes room. */
static void make_room(struct api *api)
{
    for (guint i = 0; api->acts->len >= ACTS_KEPT && i < api->acts->len; i++) {
        const struct api_act *act = g_ptr_array_index(api->acts, i);
        if (!api_act_at_work(act))
            g_ptr_array_remove_index(api->acts, i--);
    }
    gsize kept = 0;
    for (guint i = api->acts->len; i > 0; i--) {
        struct api_act *act = g_ptr_array_index(api->acts, i - 1);
        kept += act->output->len;
        if (api_act_at_work(act) || kept <= OUTPUTS_MOST || act->output->len == 0)
            continue;
        g_byte_array_unref(act->output);
        act->output = g_byte_array_new();
    }
}

static struct api_act *new_act(struct api *api, const struct api_plan *plan, const char *reason)
{
    struct api_act *act = g_new0(struct api_act, 1);

    act->api = api;
    act->number = ++api->acts_begun;
    act->who = g_strconcat("token:", plan->who, NULL);
    act->reason = g_strdup(reason);
    act->target = g_strdup(plan->target);
    act->section = g_strdup(plan->section);
    act->verb = g_strdup(plan->verb ? plan->verb : "");
    act->words = g_strdupv(plan->words);
    act->command_line = api_shown_line((const char *const *) plan->words);
    act->urgent = plan->urgent;
    act->output = g_byte_array_new();
    act->messages = g_string_new(NULL);
    act->started_us = g_get_real_time();
    return act;
}

static void begin_act(struct api *api, struct http_request *request, struct api_plan *plan,
                      const char *reason)
{
    g_autoptr(GError) error = NULL;
    struct api_act *act = new_act(api, plan, reason);
    const char *const environment[] = {STORE_ACTOR_VARIABLE, act->who, STORE_REASON_VARIABLE,
                                       reason, NULL};
    struct child_plan child = {
        .arguments = (const char *const *) plan->words,
        .messages = true,
        .longest = LINE_LONGEST,
        .settings_fd = api->daemon->snapshot,
        .alias = plan->alias,
        .environment = environment,
        .bytes = on_bytes,
        .message = on_message,
        .ended = on_ended,
        .data = act,
    };

    act->child = child_start(&child, &error);
    if (act->child == NULL) {
        api_answer_error(request, 503, error);
        api_act_free(act);
        return;
    }
    act->pid = child_pid(act->child);
    plan->used = true;
    make_room(api);
    g_ptr_array_add(api->acts, act);
    g_autofree char *body = g_strdup_printf(
        "{\"act\": %" G_GINT64_FORMAT ", \"state\": \"running\"}\n", act->number);
    http_answer_text(request, 202, "application/json", body, NULL);
    api_act_tell(act);
}

/* ---- the confirmation ----------------------------------------------------------------------------- */

/* All else was said when the plan was asked for: somebody who says it here means another. */
static bool says_more(const struct api_plan *plan, const struct http_query *query)
{
    const char *target = http_query_value(query, "target");

    return http_query_count(query) != (target != NULL) ||
           (target != NULL && strcmp(target, plan->target) != 0);
}

static void confirm(struct api *api, struct http_request *request, const json_t *body)
{
    static const char *const known[] = {"plan_id", "reason", NULL};
    g_autoptr(GError) error = NULL;

    if (!api_body_known(body, known, "a confirmation has plan_id and reason, and nothing else",
                        &error)) {
        api_answer_error(request, API_WRONG, error);
        return;
    }
    const struct http_query *query = http_request_query(request);
    const char *id = json_string_value(json_object_get(body, "plan_id"));
    struct api_plan *plan = id != NULL ? api_plan_find(api, id) : NULL;
    g_autofree char *reason = api_reason(json_object_get(body, "reason"));
    g_autofree char *token = http_request_token(request);
    const struct api_confirmation confirmation = {
        .token = token,
        .path = http_query_path(query),
        .says_more = plan != NULL && says_more(plan, query),
        .has_reason = reason != NULL,
        .settings = api->daemon->applied,
        .now_us = g_get_monotonic_time(),
    };
    const struct api_refusal refusal = api_confirm(plan, &confirmation);

    if (plan == NULL || refusal.status != 0)
        http_answer_error(request, refusal.status, refusal.error, refusal.hint);
    else if (api->daemon->stopping || acts_running(api, plan->urgent) >= ACTS_AT_ONCE)
        http_answer_error(request, 503, "too much is being done just now", NULL);
    else
        begin_act(api, request, plan, reason);
}

void api_answer_act(struct http_request *request, struct daemon *daemon)
{
    const struct http_query *query = http_request_query(request);
    g_autoptr(GError) error = NULL;
    int status = API_WRONG;
    gsize length = 0;
    const char *text = http_request_body(request, &length);
    json_t *body = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    const struct daemon_target *target = NULL;
    AUTO(api_call) call = api_call_new(http_query_path(query), API_ACT, &status, &error);

    if (call == NULL) {
        api_answer_error(request, status, error);
    } else if (!json_is_object(body)) {
        http_answer_error(request, 400, "the body has to be a JSON object", NULL);
    } else if (json_object_get(body, "plan_id") != NULL) {
        confirm(daemon->api, request, body);
    } else if (!json_is_true(json_object_get(body, "plan"))) {
        http_answer_error(request, 400, "either \"plan\": true, or a plan_id", NULL);
    } else {
        status = API_WRONG;
        if (api_call_body(call, query, body, &error))
            target = api_target(daemon, call, &status, &error);
        if (error != NULL)
            api_answer_error(request, status, error);
        else
            api_plan_make(daemon->api, request, call, target);
    }
    json_decref(body);
}

void api_acts_stop(struct api *api, guint grace_ms)
{
    for (guint i = 0; i < api->acts->len; i++) {
        const struct api_act *act = g_ptr_array_index(api->acts, i);
        if (act->child != NULL)
            child_stop(act->child, grace_ms);
    }
}
