/*
 * Stopping what is at work, an act or a scheduled job: its process is told to end as Ctrl-C tells one
 * at a terminal, and ends as cleanly. It is told so once; no request kills.
 */
#include "daemon/api_acts.h"
#include "daemon/journal.h"
#include "error.h"

#include <string.h>

/* ---- what is asked for -------------------------------------------------------------------------- */

/* "12/stop", behind the root. */
static bool read_number(const char *path, const char *root, gint64 *ret_number)
{
    const char *digits = path + strlen(root);
    gsize length = strspn(digits, "0123456789");
    g_autofree char *number = g_strndup(digits, length);

    return strcmp(digits + length, "/stop") == 0 &&
           g_ascii_string_to_signed(number, 10, 1, G_MAXINT64, ret_number, NULL);
}

bool api_stop_is_of(const char *path, const char *root)
{
    gint64 number = 0;

    return read_number(path, root, &number);
}

/* The reason may be missing: that of the act stands. Everything else is meant for another. */
static bool read_reason(const json_t *body, char **ret_reason, GError **error)
{
    static const char *const known[] = {"reason", NULL};
    static const char hint[] = "the body of a stop has a reason, or is empty";
    const json_t *value = json_object_get(body, "reason");

    *ret_reason = NULL;
    if (json_is_object(body) && !api_body_known(body, known, hint, error))
        return false;
    if (json_is_object(body) && (value == NULL || json_is_null(value)))
        return true;
    *ret_reason = api_reason(value);
    if (*ret_reason == NULL)
        runbook_error_set(error, RUNBOOK_USAGE, hint,
                          "a reason is one line of text, 500 characters at most");
    return *ret_reason != NULL;
}

/* False: it was answered. */
static bool read_request(struct http_request *request, const char *root, gint64 *ret_number,
                         char **ret_reason)
{
    const struct http_query *query = http_request_query(request);
    gsize length = 0;
    const char *text = http_request_body(request, &length);
    json_t *body =
        length > 0 ? json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL) : json_object();
    bool good = false;
    g_autoptr(GError) error = NULL;

    if (!read_number(http_query_path(query), root, ret_number))
        http_answer_error(request, 404, "there is no such page", "POST …/NUMBER/stop");
    else if (!api_asks_only(request, ""))
        good = false;
    else if (!read_reason(body, ret_reason, &error))
        api_answer_error(request, API_WRONG, error);
    else
        good = true;
    json_decref(body);
    return good;
}

static void answer_stopping(struct http_request *request, const char *what, gint64 number)
{
    g_autofree char *body = g_strdup_printf(
        "{\"%s\": %" G_GINT64_FORMAT ", \"state\": \"stopping\"}\n", what, number);

    http_answer_text(request, 202, "application/json", body, NULL);
}

static void answer_ended(struct http_request *request)
{
    http_answer_error(request, 409, "it has ended already", NULL);
}

static char *actor_of(const struct http_request *request)
{
    return g_strconcat("token:", http_request_who(request), NULL);
}

/* ---- an act --------------------------------------------------------------------------------------- */

static void stop_child_of(struct api_act *act, const char *by, const char *reason)
{
    if (!stopping_begin(&act->stop, by, reason, g_get_real_time()))
        return;
    journal_say(JOURNAL_INFO, "act %" G_GINT64_FORMAT ", %s %s, is stopped by %s", act->number,
                act->section, act->verb, by);
    child_interrupt(act->child);
    stopping_record(&act->stop, keeper_store(act->api->daemon->keeper), api_act_run(act));
    api_act_tell(act);
}

/* False: it was answered that there is nothing to stop. */
static bool stop_act(struct http_request *request, struct api_act *act, const char *reason)
{
    g_autofree char *by = actor_of(request);

    if (act->child != NULL) {
        stop_child_of(act, by, reason);
        return true;
    }
    if (act->lent)
        http_answer_error(request, 409, "the watch of the target does it",
                          "it will have done it in a moment");
    else
        answer_ended(request);
    return false;
}

void api_act_stop(struct http_request *request, struct daemon *daemon)
{
    g_autofree char *reason = NULL;
    gint64 number = 0;

    if (!read_request(request, API_ROOT "acts/", &number, &reason))
        return;
    struct api_act *act = api_act_find(daemon->api, number);
    if (act == NULL)
        http_answer_error(request, 404, "there is no such act", NULL);
    else if (stop_act(request, act, reason))
        answer_stopping(request, "act", number);
}

/* ---- a run ------------------------------------------------------------------------------------------ */

static struct api_act *act_of_run(const struct api *api, gint64 run)
{
    for (guint i = 0; i < api->acts->len; i++) {
        struct api_act *act = g_ptr_array_index(api->acts, i);
        if (act->child != NULL && api_act_run(act) == run)
            return act;
    }
    return NULL;
}

static void note_running(const struct store_run_view *run, gpointer data)
{
    *(bool *) data = g_strcmp0(run->outcome, "running") == 0;
}

/* It is none of ours that is at work. */
static void answer_other(struct http_request *request, const struct daemon *daemon, gint64 run)
{
    bool running = false;

    if (!store_run_by_id(keeper_store(daemon->keeper), run, note_running, &running, NULL))
        http_answer_error(request, 404, "there is no such run", NULL);
    else if (running)
        http_answer_error(request, 409, "this daemon did not begin it",
                          "stop it where it was begun, with Ctrl-C");
    else
        answer_ended(request);
}

void api_running_stop(struct http_request *request, gpointer data)
{
    struct daemon *daemon = data;
    g_autofree char *reason = NULL;
    g_autofree char *by = actor_of(request);
    gint64 run = 0;

    if (!read_request(request, API_ROOT "running/", &run, &reason))
        return;
    struct api_act *act = act_of_run(daemon->api, run);
    if (act != NULL)
        stop_child_of(act, by, reason);
    else if (!jobs_stop_run(daemon, run, by, reason)) {
        answer_other(request, daemon, run);
        return;
    }
    answer_stopping(request, "run", run);
}
