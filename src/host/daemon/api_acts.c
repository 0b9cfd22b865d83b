/*
 * Acting: first the plan, by a dry run of the very command line; then, with a reason, the act, once.
 * The act is a child like any job's, and the history has who asked for it and why.
 */
#include "daemon/api_private.h"
#include "daemon/api_shown.h"
#include "daemon/job_words.h"
#include "error.h"
#include "store/store_turns.h"

#include <string.h>

enum {
    PLAN_LIVES_S = 300,
    PLANS_MOST = 256,
    REASON_LONGEST = 500,
    ACTS_AT_ONCE = 4, /* and as many again of an emergency's */
    ACTS_KEPT = 100,
    OUTPUT_MOST = 4 << 20,
    MESSAGES_MOST = 1 << 14,
    LINE_LONGEST = 1 << 12,
};

/* A plan that was shown. Used and expired ones are kept for a while, to be told apart. */
struct api_plan {
    char *id, *who, *path, *target, *section, *verb, *alias;
    char **words;
    guint settings;    /* daemon.applied when it was asked for */
    gint64 dies_us;    /* monotonic */
    gint64 expires_us; /* the same by the wall clock, to be shown */
    bool used, urgent;
};

struct api_act {
    struct api *api;
    gint64 number;
    char *who, *reason, *target, *section, *verb, *command_line;
    struct child *child; /* NULL: done */
    pid_t pid;
    gint64 started_us, ended_us, run;
    int exit_code;
    bool urgent, cut;
    GByteArray *output;
    GString *messages;
    char *trouble;
};

/* ---- what is kept ------------------------------------------------------------------------------- */

void api_plan_free(gpointer data)
{
    struct api_plan *plan = data;

    g_free(plan->id);
    g_free(plan->who);
    g_free(plan->path);
    g_free(plan->target);
    g_free(plan->section);
    g_free(plan->verb);
    g_free(plan->alias);
    g_strfreev(plan->words);
    g_free(plan);
}

void api_act_free(gpointer data)
{
    struct api_act *act = data;

    g_free(act->who);
    g_free(act->reason);
    g_free(act->target);
    g_free(act->section);
    g_free(act->verb);
    g_free(act->command_line);
    g_free(act->trouble);
    g_byte_array_unref(act->output);
    g_string_free(act->messages, TRUE);
    g_free(act);
}

static struct api_plan *find_plan(const struct api *api, const char *id)
{
    for (guint i = 0; i < api->plans->len; i++) {
        struct api_plan *plan = g_ptr_array_index(api->plans, i);
        if (strcmp(plan->id, id) == 0)
            return plan;
    }
    return NULL;
}

/* 128 random bits: nobody guesses a plan of another. */
static char *new_id(void)
{
    g_autofree char *uuid = g_uuid_string_random();
    g_auto(GStrv) parts = g_strsplit(uuid, "-", -1);

    return g_strjoinv("", parts);
}

/* ---- the plan ----------------------------------------------------------------------------------- */

struct planning {
    struct api *api;
    struct http_request *request;
    struct api_ticket *ticket;
    struct api_plan *plan;
    const struct command *command;
};

static void free_planning(struct planning *planning)
{
    if (planning->plan != NULL)
        api_plan_free(planning->plan);
    g_free(planning);
}

static char *typed(char *const *words)
{
    return api_shown_line((const char *const *) words);
}

/* The act is to be about what is shown now. */
static void pin(struct planning *planning, const struct api_result *result)
{
    struct api_plan *plan = planning->plan;
    gsize length = 0;
    const char *printed = g_bytes_get_data(result->document, &length);
    char **words =
        api_shown_words(planning->command, (const char *const *) plan->words, printed, length);

    g_strfreev(plan->words);
    plan->words = words;
    plan->dies_us = g_get_monotonic_time() + PLAN_LIVES_S * (gint64) G_USEC_PER_SEC;
    plan->expires_us = g_get_real_time() + PLAN_LIVES_S * (gint64) G_USEC_PER_SEC;
}

/* The plan with what the dry run printed: a document, or the text of a script. */
static void answer_plan(const struct planning *planning, const struct api_result *result)
{
    const struct api_plan *plan = planning->plan;
    gsize length = 0;
    const char *text = g_bytes_get_data(result->document, &length);
    g_autofree char *line = typed(plan->words);
    AUTO(json_text) json = json_text_new();
    bool document = api_run_is_document(text, length);

    json_text_object(json, NULL);
    json_text_string(json, "schema", "pgrunbook.plan/1");
    json_text_string(json, "plan_id", plan->id);
    json_text_time(json, "expires_at", plan->expires_us);
    json_text_string(json, "command_line", line);
    json_text_int(json, "exit_code", result->exit_code);
    if (!document) {
        g_autofree char *copy = g_strndup(text, length);
        json_text_string(json, "text", copy);
    }
    json_text_close(json);
    const char *own = json_text_peek(json);
    g_autofree char *body =
        g_strdup_printf("%.*s,\"document\":%.*s}\n", (int) strlen(own) - 1, own,
                        document ? (int) length : 4, document ? text : "null");
    http_answer_text(planning->request, 200, "application/json", body, NULL);
}

static void on_planned(const struct api_result *result, gpointer data)
{
    struct planning *planning = data;
    struct api *api = planning->api;

    if (result->status != 200) {
        api_answer_result(planning->request, result);
        free_planning(planning);
        return;
    }
    pin(planning, result);
    answer_plan(planning, result);
    if (api->plans->len >= PLANS_MOST)
        g_ptr_array_remove_index(api->plans, 0);
    g_ptr_array_add(api->plans, g_steal_pointer(&planning->plan));
    free_planning(planning);
}

static void on_plan_gone(gpointer data)
{
    struct planning *planning = data;

    api_runs_forget(planning->ticket);
    free_planning(planning);
}

static struct api_plan *new_plan(const struct http_request *request,
                                 const struct api_call *call,
                                 const struct daemon_target *target, char **words)
{
    struct api_plan *plan = g_new0(struct api_plan, 1);

    plan->id = new_id();
    plan->who = g_strdup(http_request_who(request));
    plan->path = g_strdup(http_query_path(http_request_query(request)));
    plan->target = g_strdup(target != NULL ? target->name : "");
    plan->section = g_strdup(call->section->name);
    plan->verb = g_strdup(call->command->verb);
    plan->alias = target != NULL ? g_strdup(target_alias(target)) : NULL;
    plan->words = words;
    /* What the watch may do as well is an emergency's. */
    plan->urgent = call->section->watch != NULL;
    return plan;
}

static void make_plan(struct api *api, struct http_request *request,
                      const struct api_call *call, const struct daemon_target *target)
{
    g_auto(GStrv) place = api_place(api->daemon, call, target);
    const char *const *where = (const char *const *) place;
    g_auto(GStrv) dry = api_call_words(call, where, "--dry-run");
    struct api_order order = {
        .words = (const char *const *) dry,
        .alias = target != NULL ? target_alias(target) : NULL,
        .text = true,
    };
    struct planning *planning = g_new0(struct planning, 1);

    planning->api = api;
    planning->request = request;
    planning->plan = new_plan(request, call, target, api_call_words(call, where, "--yes"));
    planning->plan->settings = api->daemon->applied;
    planning->command = call->command;
    struct api_ticket *ticket = api_runs_ask(api->runs, &order, on_planned, planning);
    if (ticket == NULL)
        return;
    planning->ticket = ticket;
    http_request_on_gone(request, on_plan_gone, planning);
}

/* ---- the act ------------------------------------------------------------------------------------ */

static json_t *messages_of(const struct api_act *act)
{
    g_autofree char *valid = g_utf8_make_valid(act->messages->str, -1);
    g_auto(GStrv) lines = g_strsplit(valid, "\n", -1);
    json_t *list = json_array();

    for (char **line = lines; *line != NULL; line++)
        if (**line != '\0')
            json_array_append_new(list, json_string(*line));
    return list;
}

static json_t *time_or_null(gint64 wall_us)
{
    char text[JSON_TEXT_TIME_SIZE];

    return json_text_format_time(wall_us, text) ? json_string(text) : json_null();
}

static json_t *act_json(const struct api_act *act, bool whole)
{
    bool done = act->child == NULL;
    json_t *json = json_pack(
        "{ss sI ss ss ss so ss ss ss so so so so so}", "schema", "pgrunbook.act/1", "act",
        (json_int_t) act->number, "state", done ? "done" : "running", "section", act->section,
        "verb", act->verb, "target", act->target[0] ? json_string(act->target) : json_null(),
        "command_line", act->command_line, "actor", act->who, "reason", act->reason,
        "started_at", time_or_null(act->started_us), "ended_at", time_or_null(act->ended_us),
        "exit_code", done ? json_integer(act->exit_code) : json_null(), "run",
        act->run > 0 ? json_integer(act->run) : json_null(), "error",
        act->trouble ? json_string(act->trouble) : json_null());

    if (!whole)
        return json;
    json_object_set_new(json, "messages", messages_of(act));
    json_t *document = json_loadb((const char *) act->output->data, act->output->len, 0, NULL);
    json_object_set_new(json, "document", document ? document : json_null());
    return json;
}

static char *act_text(const struct api_act *act, bool whole)
{
    json_t *json = act_json(act, whole);
    char *dumped = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));
    char *text = g_strconcat(dumped ? dumped : "{}", NULL);

    free(dumped);
    json_decref(json);
    return text;
}

static void tell_act(const struct api_act *act)
{
    g_autofree char *text = act_text(act, false);

    api_tell_act(act->api, act->target, text);
}

static void on_bytes(const char *bytes, gsize length, gpointer data)
{
    struct api_act *act = data;

    act->cut = act->cut || act->output->len + length > OUTPUT_MOST;
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

static void on_ended(int status, gpointer data)
{
    struct api_act *act = data;
    struct daemon *daemon = act->api->daemon;
    struct store *store = keeper_store(daemon->keeper);
    struct daemon_target *target = targets_find(daemon, act->target);
    g_autofree char *how = child_status_words(status);

    act->child = NULL;
    act->exit_code = child_exit_code(status);
    act->ended_us = g_get_real_time();
    act->trouble = trouble_of(act, status);
    act->run = MAX(0, store_run_of(store, act->pid, act->started_us));
    if (act->run > 0 && act->exit_code < 0)
        store_run_interrupted(store, act->run, how);
    api_stale(act->api);
    if (target != NULL)
        gather_want(target->gather);
    tell_act(act);
    if (act->run > 0)
        api_tell_run(act->api, act->target, act->run);
    daemon_end_if_alone(daemon);
}

/* Those that take hours never keep an emergency's waiting. */
static guint acts_running(const struct api *api, bool urgent)
{
    guint running = 0;

    for (guint i = 0; i < api->acts->len; i++) {
        const struct api_act *act = g_ptr_array_index(api->acts, i);
        running += act->child != NULL && act->urgent == urgent;
    }
    return running;
}

/* The oldest that is done makes room. */
static void make_room(struct api *api)
{
    for (guint i = 0; api->acts->len >= ACTS_KEPT && i < api->acts->len; i++) {
        const struct api_act *act = g_ptr_array_index(api->acts, i);
        if (act->child == NULL)
            g_ptr_array_remove_index(api->acts, i--);
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
    act->command_line = typed(plan->words);
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
    tell_act(act);
}

/* ---- the confirmation ----------------------------------------------------------------------------- */

/* One line of text that says something. NULL: it is none. Caller frees. */
static char *reason_of(const json_t *body)
{
    const json_t *value = json_object_get(body, "reason");
    const char *text = json_string_value(value);

    if (text == NULL || strlen(text) != json_string_length(value))
        return NULL;
    g_autofree char *reason = g_strstrip(g_strdup(text));
    if (reason[0] == '\0' || strlen(reason) > REASON_LONGEST)
        return NULL;
    for (const char *at = reason; *at != '\0'; at++)
        if (g_ascii_iscntrl(*at))
            return NULL;
    return g_steal_pointer(&reason);
}

/* All else was said when the plan was asked for: somebody who says it here means another. */
static bool says_more(const struct api_plan *plan, const struct http_query *query,
                      const json_t *body)
{
    const char *target = http_query_value(query, "target");
    const char *name;
    const json_t *value;

    json_object_foreach((json_t *) (guintptr) body, name, value)
    {
        if (strcmp(name, "plan_id") != 0 && strcmp(name, "reason") != 0)
            return true;
    }
    return http_query_count(query) != (target != NULL) ||
           (target != NULL && strcmp(target, plan->target) != 0);
}

static void confirm(struct api *api, struct http_request *request, const json_t *body)
{
    const struct http_query *query = http_request_query(request);
    const char *id = json_string_value(json_object_get(body, "plan_id"));
    struct api_plan *plan = id != NULL ? find_plan(api, id) : NULL;
    g_autofree char *reason = reason_of(body);
    const char *path = http_query_path(query);

    if (plan == NULL)
        http_answer_error(request, 404, "there is no such plan", "ask for the plan first");
    else if (strcmp(plan->who, http_request_who(request)) != 0)
        http_answer_error(request, 403, "the plan was shown to another token", NULL);
    else if (strcmp(plan->path, path) != 0)
        http_answer_error(request, 400, "the plan is of another command", NULL);
    else if (says_more(plan, query, body))
        http_answer_error(request, 400, "the plan is of another target, or of other options",
                          "a confirmation has plan_id and reason, and nothing else");
    else if (plan->used)
        http_answer_error(request, 409, "the plan was carried out already",
                          "ask for the plan again");
    else if (g_get_monotonic_time() > plan->dies_us)
        http_answer_error(request, 410, "the plan has expired", "ask for the plan again");
    else if (plan->settings != api->daemon->applied)
        http_answer_error(request, 409, "the settings were read anew since the plan was shown",
                          "ask for the plan again");
    else if (reason == NULL)
        http_answer_error(request, 400,
                          "a reason is needed: one line of text, 500 bytes at most", NULL);
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
            make_plan(daemon->api, request, call, target);
    }
    json_decref(body);
}

/* ---- looking at acts ------------------------------------------------------------------------------ */

void api_acts_list(struct http_request *request, gpointer data)
{
    const struct daemon *daemon = data;
    json_t *list = json_array();

    for (guint i = daemon->api->acts->len; i > 0; i--)
        json_array_append_new(list,
                              act_json(g_ptr_array_index(daemon->api->acts, i - 1), false));
    json_t *json = json_pack("{ss so}", "schema", "pgrunbook.acts/1", "acts", list);
    char *text = json_dumps(json, JSON_COMPACT);
    http_answer_text(request, 200, "application/json", text ? text : "{}", NULL);
    free(text);
    json_decref(json);
}

void api_acts_show(struct http_request *request, gpointer data)
{
    const struct daemon *daemon = data;
    const char *path = http_query_path(http_request_query(request));
    guint64 number = 0;

    if (!g_ascii_string_to_unsigned(path + strlen(API_ROOT "acts/"), 10, 1, G_MAXINT64, &number,
                                    NULL))
        number = 0;
    for (guint i = 0; i < daemon->api->acts->len; i++) {
        const struct api_act *act = g_ptr_array_index(daemon->api->acts, i);
        if ((guint64) act->number != number)
            continue;
        g_autofree char *text = act_text(act, true);
        http_answer_text(request, 200, "application/json", text, NULL);
        return;
    }
    http_answer_error(request, 404, "there is no such act", NULL);
}

void api_acts_stop(struct api *api, guint grace_ms)
{
    for (guint i = 0; i < api->acts->len; i++) {
        const struct api_act *act = g_ptr_array_index(api->acts, i);
        if (act->child != NULL)
            child_stop(act->child, grace_ms);
    }
}
