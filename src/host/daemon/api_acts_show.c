/*
 * What is told of acts: how each stands, and what of it and of the schedule is at work now.
 */
#include "daemon/api_acts.h"

#include <string.h>

/* ---- one of them -------------------------------------------------------------------------------- */

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

gint64 api_act_run(const struct api_act *act)
{
    struct store *store = keeper_store(act->api->daemon->keeper);

    if (act->child == NULL || act->run > 0)
        return act->run;
    return MAX(0, store_run_of(store, act->pid, act->started_us));
}

static const char *state_of(const struct api_act *act)
{
    if (!api_act_at_work(act))
        return "done";
    return act->stop.by != NULL ? "stopping" : "running";
}

static json_t *act_json(const struct api_act *act, bool whole)
{
    bool done = !api_act_at_work(act);
    gint64 run = api_act_run(act);
    json_t *json = json_pack(
        "{ss sI ss ss ss so ss ss ss so so so so so}", "schema", "pgrunbook.act/1", "act",
        (json_int_t) act->number, "state", state_of(act), "section", act->section, "verb",
        act->verb, "target", act->target[0] ? json_string(act->target) : json_null(),
        "command_line", act->command_line, "actor", act->who, "reason", act->reason,
        "started_at", time_or_null(act->started_us), "ended_at", time_or_null(act->ended_us),
        "exit_code", done ? json_integer(act->exit_code) : json_null(), "run",
        run > 0 ? json_integer(run) : json_null(), "error",
        act->trouble ? json_string(act->trouble) : json_null());

    stopping_show(&act->stop, json);
    if (!whole)
        return json;
    json_object_set_new(json, "messages", messages_of(act));
    json_t *document = json_loadb((const char *) act->output->data, act->output->len, 0, NULL);
    json_object_set_new(json, "document", document ? document : json_null());
    return json;
}

char *api_act_text(const struct api_act *act, bool whole)
{
    json_t *json = act_json(act, whole);
    char *dumped = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));
    char *text = g_strconcat(dumped ? dumped : "{}", NULL);

    free(dumped);
    json_decref(json);
    return text;
}

/* ---- looking at acts ------------------------------------------------------------------------------ */

static void answer(struct http_request *request, const char *schema, const char *name,
                   json_t *list)
{
    json_t *json = json_pack("{ss so}", "schema", schema, name, list);
    char *text = json_dumps(json, JSON_COMPACT);

    http_answer_text(request, 200, "application/json", text ? text : "{}", NULL);
    free(text);
    json_decref(json);
}

void api_acts_list(struct http_request *request, gpointer data)
{
    const struct daemon *daemon = data;

    if (!api_asks_only(request, ""))
        return;
    json_t *list = json_array();
    for (guint i = daemon->api->acts->len; i > 0; i--)
        json_array_append_new(list,
                              act_json(g_ptr_array_index(daemon->api->acts, i - 1), false));
    answer(request, "pgrunbook.acts/1", "acts", list);
}

struct api_act *api_act_find(const struct api *api, gint64 number)
{
    for (guint i = 0; i < api->acts->len; i++) {
        struct api_act *act = g_ptr_array_index(api->acts, i);
        if (act->number == number)
            return act;
    }
    return NULL;
}

void api_acts_one(struct http_request *request, gpointer data)
{
    struct daemon *daemon = data;
    const char *path = http_query_path(http_request_query(request));
    bool stops = api_stop_is_of(path, API_ROOT "acts/");
    gint64 number = 0;

    if (!g_ascii_string_to_signed(path + strlen(API_ROOT "acts/"), 10, 1, G_MAXINT64, &number,
                                  NULL))
        number = 0;
    if (http_request_is_post(request) ? number > 0 : stops) {
        api_answer_method(request,
                          stops ? "it changes something: POST it" : "it only looks: GET it");
        return;
    }
    if (http_request_is_post(request)) {
        api_act_stop(request, daemon);
        return;
    }
    if (!api_asks_only(request, ""))
        return;
    const struct api_act *act = api_act_find(daemon->api, number);
    if (act == NULL) {
        http_answer_error(request, 404, "there is no such act", NULL);
        return;
    }
    g_autofree char *text = api_act_text(act, true);
    http_answer_text(request, 200, "application/json", text, NULL);
}

/* ---- all that is at work ---------------------------------------------------------------------------- */

static json_t *number_or_null(gint64 number)
{
    return number > 0 ? json_integer(number) : json_null();
}

static void add_job(const struct daemon_job_view *view, gpointer list)
{
    const struct scheduler_order *order = view->order;
    json_t *json = json_pack("{so sn ss ss ss so so sn sn}", "run", number_or_null(view->run),
                             "act", "section", order->section, "verb", order->verb, "target",
                             order->target, "turn_at", time_or_null(order->turn_us),
                             "started_at", time_or_null(view->started_us), "actor", "reason");

    stopping_show(view->stop, json);
    json_array_append_new(list, json);
}

static void add_act(json_t *list, const struct api_act *act)
{
    json_t *json = json_pack(
        "{so sI ss ss so sn so ss ss}", "run", number_or_null(api_act_run(act)), "act",
        (json_int_t) act->number, "section", act->section, "verb", act->verb, "target",
        act->target[0] ? json_string(act->target) : json_null(), "turn_at", "started_at",
        time_or_null(act->started_us), "actor", act->who, "reason", act->reason);

    stopping_show(&act->stop, json);
    json_array_append_new(list, json);
}

void api_running(struct http_request *request, gpointer data)
{
    const struct daemon *daemon = data;

    if (!api_asks_only(request, ""))
        return;
    json_t *list = json_array();
    for (guint i = daemon->api->acts->len; i > 0; i--) {
        const struct api_act *act = g_ptr_array_index(daemon->api->acts, i - 1);
        if (act->child != NULL)
            add_act(list, act);
    }
    jobs_each(daemon, add_job, list);
    answer(request, "pgrunbook.running/1", "running", list);
}
