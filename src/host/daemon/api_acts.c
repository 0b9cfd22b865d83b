/*
 * Acting: a plan that was shown (api_plans.c) is carried out, with a reason, once. The act is a child
 * like any job's, and the history has who asked for it and why.
 */
#include "daemon/api_acts.h"
#include "daemon/api_lend.h"
#include "daemon/api_shown.h"
#include "daemon/job_words.h"
#include "error.h"
#include "store/store_turns.h"

#include <string.h>

enum {
    REASON_LONGEST = 500, /* characters */
    ACTS_AT_ONCE = 4,     /* and as many again of an emergency's */
    ACTS_KEPT = 100,
    OUTPUT_MOST = 4 << 20,
    OUTPUTS_MOST = 4 * OUTPUT_MOST, /* of all acts together: the oldest lose theirs */
    MESSAGES_MOST = 1 << 14,
    LINE_LONGEST = 1 << 12,
};

struct api_act {
    struct api *api;
    gint64 number;
    char *who, *reason, *target, *section, *verb, *command_line;
    char **words;
    struct child *child; /* NULL: done, or lent */
    bool lent;           /* the watch does it */
    pid_t pid;
    gint64 started_us, ended_us, run;
    int exit_code;
    bool urgent, cut;
    GByteArray *output;
    GString *messages;
    char *trouble;
};

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
    g_byte_array_unref(act->output);
    g_string_free(act->messages, TRUE);
    g_free(act);
}

/* ---- the act ------------------------------------------------------------------------------------ */

static bool at_work(const struct api_act *act)
{
    return act->child != NULL || act->lent;
}

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
    bool done = !at_work(act);
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

static void finish(struct api_act *act)
{
    struct daemon *daemon = act->api->daemon;
    struct daemon_target *target = targets_find(daemon, act->target);

    act->ended_us = g_get_real_time();
    api_stale(act->api);
    if (target != NULL)
        gather_want(target->gather);
    tell_act(act);
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
    finish(act);
}

/* No connection is to be had, but the watch has one. */
static bool borrow_act(struct api_act *act)
{
    struct daemon_target *target = targets_find(act->api->daemon, act->target);
    const char *const *words = (const char *const *) act->words;

    if (act->api->daemon->stopping || !api_lend_would(target, words))
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
    act->run = MAX(0, store_run_of(store, act->pid, act->started_us));
    if (act->run > 0 && act->exit_code < 0)
        store_run_interrupted(store, act->run, how);
    finish(act);
}

/* Those that take hours never keep an emergency's waiting. */
static guint acts_running(const struct api *api, bool urgent)
{
    guint running = 0;

    for (guint i = 0; i < api->acts->len; i++) {
        const struct api_act *act = g_ptr_array_index(api->acts, i);
        running += at_work(act) && act->urgent == urgent;
    }
    return running;
}

/* The oldest that is done makes room. */
static void make_room(struct api *api)
{
    for (guint i = 0; api->acts->len >= ACTS_KEPT && i < api->acts->len; i++) {
        const struct api_act *act = g_ptr_array_index(api->acts, i);
        if (!at_work(act))
            g_ptr_array_remove_index(api->acts, i--);
    }
    gsize kept = 0;
    for (guint i = api->acts->len; i > 0; i--) {
        struct api_act *act = g_ptr_array_index(api->acts, i - 1);
        kept += act->output->len;
        if (at_work(act) || kept <= OUTPUTS_MOST || act->output->len == 0)
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
    if (reason[0] == '\0' || g_utf8_strlen(reason, -1) > REASON_LONGEST)
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
    struct api_plan *plan = id != NULL ? api_plan_find(api, id) : NULL;
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
            api_plan_make(daemon->api, request, call, target);
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
