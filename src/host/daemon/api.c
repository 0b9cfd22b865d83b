/*
 * The paths of the API, and the commands behind them: a look at SECTION VERB is the document that
 * the command line gives with --json, brought by a child and kept for a while.
 */
#include "daemon/api_lend.h"
#include "daemon/api_private.h"

#include "cli/grammar.h"
#include "error.h"

#include <string.h>

enum { MAX_AGE_S = 60, MAX_AGE_OWN_S = 2 /* of what rests on the history and the settings */ };

/* ---- whom it is for ----------------------------------------------------------------------------- */

static struct daemon_target *only_target(const struct daemon *daemon)
{
    struct daemon_target *only = NULL;

    for (guint i = 0; i < daemon->targets->len; i++) {
        struct daemon_target *target = g_ptr_array_index(daemon->targets, i);
        if (target->leaving)
            continue;
        if (only != NULL)
            return NULL;
        only = target;
    }
    return only;
}

struct daemon_target *api_target(const struct daemon *daemon, const struct api_call *call,
                                 int *ret_status, GError **error)
{
    struct daemon_target *target = NULL;

    *ret_status = API_WRONG;
    if (!api_call_has_target(call))
        return NULL;
    if (call->target == NULL)
        target = only_target(daemon);
    else
        target = targets_find(daemon, call->target);
    if (target == NULL && call->target == NULL) {
        runbook_error_set(error, RUNBOOK_USAGE, "?target=NAME; /api/v1/overview lists them",
                          "there are several targets");
    } else if (target == NULL) {
        *ret_status = API_ABSENT;
        runbook_error_set(error, RUNBOOK_USAGE, "/api/v1/overview lists them",
                          "there is no such target");
    }
    return target;
}

char **api_place(const struct daemon *daemon, const struct api_call *call,
                 const struct daemon_target *target)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();
    char *const *connection = daemon->options->connection;
    struct option option;

    if (target != NULL && call->command->flags & COMMAND_NEEDS_SERVER) {
        target_words(target, words);
    } else if (target != NULL) {
        target_words_alone(target, words);
    } else {
        /* A daemon without a configuration: `schedule` is told whom it serves. */
        if (connection[0] != NULL && cli_find_option(call->command, "dbname", 0, &option))
            g_strv_builder_addv(words, (const char **) (guintptr) connection);
        daemon_words(daemon, words);
    }
    return g_strv_builder_end(words);
}

/* ---- a look ------------------------------------------------------------------------------------- */

/* A request that waits for a child. */
struct waiting {
    struct daemon *daemon;
    struct http_request *request;
    struct api_ticket *ticket; /* NULL: it was answered */
    char *checked;             /* the target whose verdicts are asked for; NULL: of none */
};

static void free_waiting(struct waiting *waiting)
{
    g_free(waiting->checked);
    g_free(waiting);
}

/* Whoever looks at the overview is to see what somebody has just had checked. */
static void pass_on(const struct waiting *waiting, const struct api_result *result)
{
    struct daemon_target *target = targets_find(waiting->daemon, waiting->checked);
    gsize length = 0;

    if (target == NULL || result->document == NULL)
        return;
    const char *text = g_bytes_get_data(result->document, &length);
    json_t *document = json_loadb(text, length, 0, NULL);
    if (document != NULL)
        gather_take_check(target->gather, document, result->at_us);
    json_decref(document);
}

static void on_result(const struct api_result *result, gpointer data)
{
    struct waiting *waiting = data;

    if (waiting->checked != NULL)
        pass_on(waiting, result);
    api_answer_result(waiting->request, result);
    free_waiting(waiting);
}

static void on_gone(gpointer data)
{
    struct waiting *waiting = data;

    api_runs_forget(waiting->ticket);
    free_waiting(waiting);
}

static gint64 max_age_us(const struct api_call *call)
{
    gint64 age_s = call->max_age_s >= 0        ? call->max_age_s
                   : api_call_has_target(call) ? MAX_AGE_S
                                               : MAX_AGE_OWN_S;

    return age_s * G_USEC_PER_SEC;
}

/* All of it, by the settings alone. */
static bool is_check(const struct api_call *call)
{
    return strcmp(call->section->name, "check") == 0 && call->options->len == 0;
}

static void run(struct api *api, struct http_request *request, const struct api_call *call,
                const struct daemon_target *target)
{
    g_auto(GStrv) place = api_place(api->daemon, call, target);
    g_auto(GStrv) words = api_call_words(call, (const char *const *) place, NULL);
    struct api_order order = {
        .words = (const char *const *) words,
        .target = target != NULL ? target->name : NULL,
        .alias = target != NULL ? target_alias(target) : NULL,
        .monitor = call->command->flags & CLI_MONITOR,
        .max_age_us = max_age_us(call),
    };
    struct waiting *waiting = g_new0(struct waiting, 1);

    waiting->daemon = api->daemon;
    waiting->request = request;
    if (target != NULL && is_check(call))
        waiting->checked = g_strdup(target->name);
    struct api_ticket *ticket = api_runs_ask(api->runs, &order, on_result, waiting);
    if (ticket == NULL) /* it was answered, and is no more */
        return;
    waiting->ticket = ticket;
    http_request_on_gone(request, on_gone, waiting);
}

/* Who looks without a token makes no more work than a page does. */
static bool may_ask(const struct http_request *request, const struct api_call *call,
                    int *ret_status, GError **error)
{
    if (!call->heavy || http_request_role(request) != HTTP_ROLE_NONE)
        return true;
    *ret_status = 401;
    runbook_error_set(error, RUNBOOK_USAGE, "pgrunbook token add NAME",
                      "to have whole tables read a token is needed");
    return false;
}

void api_answer_look(struct http_request *request, struct daemon *daemon, bool live)
{
    const struct http_query *query = http_request_query(request);
    g_autoptr(GError) error = NULL;
    int status = 500;
    struct daemon_target *target = NULL;
    AUTO(api_call)
    call = api_call_new(http_query_path(query), API_LOOK, &status, &error);

    if (call != NULL) {
        status = API_WRONG;
        if (api_call_query(call, query, &error) && may_ask(request, call, &status, &error))
            target = api_target(daemon, call, &status, &error);
    }
    if (error != NULL)
        api_answer_error(request, status, error);
    else if (!live || target == NULL || !api_live_answer(request, target, call))
        run(daemon->api, request, call, target);
}

static void answer_command(struct http_request *request, gpointer data)
{
    if (http_request_is_post(request))
        api_answer_act(request, data);
    else
        api_answer_look(request, data, true);
}

/* ---- who asks ------------------------------------------------------------------------------------ */

static const char *role_word(enum http_role role)
{
    return role == HTTP_ROLE_OPERATOR ? "operator" : role == HTTP_ROLE_VIEWER ? "viewer" : NULL;
}

static void answer_session(struct http_request *request, gpointer data)
{
    const struct daemon *daemon = data;
    enum http_role role = http_request_role(request);
    const char *who = http_request_who(request);
    enum http_role own = daemon->http_open ? HTTP_ROLE_VIEWER : HTTP_ROLE_NONE;

    if (!api_asks_only(request, ""))
        return;
    AUTO(json_text) json = json_text_new();
    json_text_object(json, NULL);
    json_text_string(json, "schema", "pgrunbook.session/1");
    json_text_string(json, "role", role_word(role != HTTP_ROLE_NONE ? role : own));
    json_text_string(json, "name", who[0] != '\0' ? who : NULL);
    json_text_bool(json, "actions", daemon->http_actions);
    json_text_bool(json, "needs_token", !daemon->http_open);
    json_text_string(json, "version", RUNBOOK_VERSION);
    api_answer_json(request, 200, json);
}

/* ---- life ---------------------------------------------------------------------------------------- */

static void on_idle(gpointer data)
{
    daemon_end_if_alone(data);
}

struct api *api_new(struct daemon *daemon)
{
    struct api *api = g_new0(struct api, 1);

    api->daemon = daemon;
    api->runs = api_runs_new(&daemon->snapshot, on_idle, daemon);
    api->listeners = g_ptr_array_new();
    api->waiting = g_ptr_array_new();
    api->plans = g_ptr_array_new_with_free_func(api_plan_free);
    api->acts = g_ptr_array_new_with_free_func(api_act_free);
    api->lent_out = g_ptr_array_new();
    return api;
}

void api_free(struct api *api)
{
    api_lend_stop(api);
    api_runs_free(api->runs);
    g_free(api->recent);
    g_ptr_array_unref(api->listeners);
    g_ptr_array_unref(api->waiting);
    g_ptr_array_unref(api->plans);
    g_ptr_array_unref(api->acts);
    g_ptr_array_unref(api->lent_out);
    g_free(api);
}

void api_stale(struct api *api)
{
    api_runs_stale(api->runs);
}

void api_stop(struct api *api, guint grace_ms)
{
    api_runs_stop(api->runs, grace_ms);
    api_acts_stop(api, grace_ms);
}

const struct http_route daemon_routes[] = {
    {"/api/health/live", HTTP_GET, HTTP_FREE, health_live},
    {"/api/health/ready", HTTP_GET, HTTP_FREE, health_ready},
    {"/metrics", HTTP_GET, HTTP_VIEWER, metrics_answer},
    {API_ROOT "session", HTTP_GET, HTTP_FREE, answer_session},
    {API_ROOT "overview", HTTP_GET, HTTP_VIEWER, api_overview},
    {API_ROOT "events", HTTP_GET, HTTP_VIEWER, api_events},
    {API_ROOT "openapi.json", HTTP_GET, HTTP_VIEWER, api_openapi},
    {API_ROOT "acts", HTTP_GET, HTTP_VIEWER, api_acts_list},
    {API_ROOT "acts/", HTTP_GET | HTTP_POST, HTTP_ACTOR, api_acts_one},
    {API_ROOT "running", HTTP_GET, HTTP_VIEWER, api_running},
    {API_ROOT "running/", HTTP_POST, HTTP_ACTOR, api_running_stop},
    {API_ROOT, HTTP_GET | HTTP_POST, HTTP_ACTOR, answer_command},
    {NULL, 0, HTTP_FREE, NULL},
};
