/*
 * Plans: what a dry run of the very command line prints, and what the act is held to afterwards.
 */
#include "daemon/api_acts.h"
#include "daemon/api_lend.h"
#include "daemon/api_shown.h"
#include "error.h"

#include <string.h>

enum { PLAN_LIVES_S = 300, PLANS_MOST = 256 };

void api_plan_free(gpointer data)
{
    struct api_plan *plan = data;

    g_free(plan->id);
    g_free(plan->token);
    g_free(plan->who);
    g_free(plan->path);
    g_free(plan->target);
    g_free(plan->section);
    g_free(plan->verb);
    g_free(plan->alias);
    g_strfreev(plan->words);
    g_free(plan);
}

struct api_plan *api_plan_find(const struct api *api, const char *id)
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
    char **dry; /* the command line of the dry run */
    bool lent;  /* the watch makes it, or has made it */
};

static void free_planning(struct planning *planning)
{
    if (planning->plan != NULL)
        api_plan_free(planning->plan);
    g_strfreev(planning->dry);
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

static bool borrow_plan(struct planning *planning);

static void on_planned(const struct api_result *result, gpointer data)
{
    struct planning *planning = data;
    struct api *api = planning->api;

    if (result->exit_code == RUNBOOK_CONNECT && !planning->lent && borrow_plan(planning))
        return;
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

    if (planning->lent)
        api_lend_forget(planning->api, planning);
    else
        api_runs_forget(planning->ticket);
    free_planning(planning);
}

static void on_plan_lent(const struct api_lent *lent, gpointer data)
{
    struct planning *planning = data;
    char *text = json_dumps(lent->document, JSON_COMPACT | JSON_REAL_PRECISION(15));
    g_autoptr(GBytes) document = text != NULL ? g_bytes_new(text, strlen(text)) : NULL;
    const struct api_result result = {
        .document = document,
        .status = api_run_status(lent->exit_code, false, document != NULL),
        .exit_code = lent->exit_code,
        .at_us = g_get_real_time(),
        .error = lent->messages,
    };

    free(text);
    http_request_on_gone(planning->request, NULL, NULL);
    on_planned(&result, planning);
}

/* No connection is to be had, but the watch has one. */
static bool borrow_plan(struct planning *planning)
{
    struct daemon_target *target = targets_find(planning->api->daemon, planning->plan->target);
    const char *const *words = (const char *const *) planning->dry;

    if (!api_lend_would(target, words))
        return false;
    planning->lent = true;
    http_request_on_gone(planning->request, on_plan_gone, planning);
    api_lend(target,
             &(struct api_lend){
                 .words = words, .dry_run = true, .done = on_plan_lent, .data = planning});
    return true;
}

static struct api_plan *new_plan(const struct http_request *request,
                                 const struct api_call *call,
                                 const struct daemon_target *target, char **words)
{
    struct api_plan *plan = g_new0(struct api_plan, 1);

    plan->id = new_id();
    plan->token = http_request_token(request);
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

void api_plan_make(struct api *api, struct http_request *request, const struct api_call *call,
                   const struct daemon_target *target)
{
    g_auto(GStrv) place = api_place(api->daemon, call, target);
    const char *const *where = (const char *const *) place;
    g_auto(GStrv) dry = api_call_words(call, where, "--dry-run");
    struct api_order order = {
        .words = (const char *const *) dry,
        .target = target != NULL ? target->name : NULL,
        .alias = target != NULL ? target_alias(target) : NULL,
        .text = true,
        .plan = true,
    };
    struct planning *planning = g_new0(struct planning, 1);

    planning->api = api;
    planning->request = request;
    planning->plan = new_plan(request, call, target, api_call_words(call, where, "--yes"));
    planning->plan->settings = api->daemon->applied;
    planning->command = call->command;
    planning->dry = g_strdupv(dry);
    struct api_ticket *ticket = api_runs_ask(api->runs, &order, on_planned, planning);
    if (ticket == NULL)
        return;
    planning->ticket = ticket;
    http_request_on_gone(request, on_plan_gone, planning);
}
