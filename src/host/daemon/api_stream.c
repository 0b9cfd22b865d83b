/*
 * What happens, told as it happens: server-sent events for those who look on. What they hear is what
 * the watches and the daemon's own parts say anyway; while somebody wants it live, the watch of that
 * target is told to say more.
 */
#include "daemon/api_private.h"
#include "error.h"

#include <string.h>

enum { CLOSELY_S = 15, RENEW_S = 5 };

struct listener {
    struct api *api;
    struct http_stream *stream;
    char **targets; /* NULL: state changes of all; "" among them: these as well */
    char **live;    /* sections; never NULL */
};

static bool listens_to(const struct listener *listener, const char *target)
{
    return listener->targets != NULL &&
           g_strv_contains((const char *const *) listener->targets, target);
}

static bool hears_of_all(const struct listener *listener)
{
    return listener->targets == NULL || listens_to(listener, "");
}

/* ---- telling ----------------------------------------------------------------------------------- */

static void tell(struct api *api, const char *target, bool of_target_only, const char *section,
                 const char *name, const char *text)
{
    /* From the last one: one that is dropped meanwhile leaves the list. */
    for (guint i = api->listeners->len; i > 0; i--) {
        const struct listener *listener =
            i <= api->listeners->len ? g_ptr_array_index(api->listeners, i - 1) : NULL;
        if (listener == NULL)
            continue;
        const bool of_all = !of_target_only && (target[0] == '\0' || hears_of_all(listener));
        if (!of_all && !listens_to(listener, target))
            continue;
        if (section != NULL && !g_strv_contains((const char *const *) listener->live, section))
            continue;
        http_stream_event(listener->stream, name, text);
    }
}

static void finish(struct api *api, const char *target, bool only, const char *name,
                   struct json_text *json)
{
    json_text_close(json);
    tell(api, target, only, NULL, name, json_text_peek(json));
}

void api_tell_sample(struct daemon_target *target)
{
    struct api *api = target->daemon->api;
    AUTO(json_text) json = json_text_new();

    if (api->listeners->len == 0)
        return;
    json_text_object(json, NULL);
    json_text_string(json, "target", target->name);
    json_text_time(json, "at", target->seen.sample_us);
    api_add_slots(json, &target->seen.sample);
    finish(api, target->name, true, "sample", json);
}

void api_tell_state(struct daemon_target *target)
{
    struct api *api = target->daemon->api;
    AUTO(json_text) json = json_text_new();

    json_text_object(json, NULL);
    json_text_string(json, "target", target->name);
    api_add_state(json, target);
    json_text_close(json);
    /* A watch says it each second; only what has changed is news. */
    if (g_strcmp0(target->told_state, json_text_peek(json)) == 0)
        return;
    g_free(target->told_state);
    target->told_state = g_strdup(json_text_peek(json));
    tell(api, target->name, false, NULL, "state", target->told_state);
}

void api_tell_event(struct api *api, const struct store_event *event)
{
    AUTO(json_text) json = json_text_new();

    json_text_object(json, NULL);
    json_text_int(json, "id", event->id);
    json_text_string(json, "target", event->target[0] != '\0' ? event->target : NULL);
    json_text_string(json, "name", event->name);
    json_text_string(json, "severity", event->severity);
    json_text_bool(json, "open", event->closed_us == 0);
    json_text_string(json, "message", event->closing ? event->closing : event->message);
    json_text_time(json, "opened_at", event->opened_us);
    json_text_time(json, "closed_at", event->closed_us);
    json_text_int(json, "run", event->run);
    finish(api, event->target, false, "event", json);
}

void api_tell_turn(struct api *api, const struct store_turn *turn)
{
    AUTO(json_text) json = json_text_new();

    json_text_object(json, NULL);
    json_text_string(json, "target", turn->target);
    json_text_string(json, "section", turn->section);
    json_text_time(json, "turn_at", turn->turn_us);
    json_text_string(json, "outcome", turn->outcome);
    json_text_string(json, "reason", turn->reason);
    json_text_int(json, "run", turn->run);
    finish(api, turn->target, false, "turn", json);
}

void api_tell_run(struct api *api, const char *target, gint64 run)
{
    AUTO(json_text) json = json_text_new();

    api->recent_us = 0;
    json_text_object(json, NULL);
    json_text_string(json, "target", target);
    json_text_int(json, "run", run);
    finish(api, target, false, "run", json);
}

void daemon_gathered(struct daemon_target *target)
{
    const struct gather_seen seen = gather_seen(target->gather);
    AUTO(json_text) json = json_text_new();

    json_text_object(json, NULL);
    json_text_string(json, "target", target->name);
    json_text_string(json, "status", json_string_value(json_object_get(seen.check, "status")));
    json_text_time(json, "checked_at", seen.check_us);
    finish(target->daemon->api, target->name, false, "check", json);
}

void api_tell_act(struct api *api, const char *target, const char *text)
{
    tell(api, target, false, NULL, "act", text);
}

void api_tell_live(struct daemon_target *target, const char *section, GBytes *document,
                   gint64 at_us)
{
    AUTO(json_text) json = json_text_new();

    if (target->daemon->api->listeners->len == 0)
        return;
    json_text_object(json, NULL);
    json_text_string(json, "target", target->name);
    json_text_string(json, "section", section);
    json_text_time(json, "at", at_us);
    json_text_close(json);
    /* The document is JSON on one line: it goes before the closing brace, without its end. */
    const char *own = json_text_peek(json);
    g_autofree char *text = g_strdup_printf("%.*s,\"document\":%.*s}", (int) strlen(own) - 1,
                                            own, (int) g_bytes_get_size(document) - 1,
                                            (const char *) g_bytes_get_data(document, NULL));
    tell(target->daemon->api, target->name, true, section, "live", text);
}

/* ---- looking closely ---------------------------------------------------------------------------- */

void api_look_closely(const struct daemon_target *target)
{
    struct child *child = minder_child(target->watch);
    g_autofree char *line = g_strdup_printf("closely %d\n", CLOSELY_S);

    if (child != NULL)
        child_feed(child, line);
}

static bool is_wanted_live(const struct api *api, const char *target)
{
    for (guint i = 0; i < api->listeners->len; i++) {
        const struct listener *listener = g_ptr_array_index(api->listeners, i);
        if (listener->live[0] != NULL && listens_to(listener, target))
            return true;
    }
    return false;
}

void api_streams_tick(struct api *api, gint64 now_us)
{
    if (now_us < api->renew_us)
        return;
    api->renew_us = now_us + RENEW_S * (gint64) G_USEC_PER_SEC;
    for (guint i = 0; i < api->daemon->targets->len; i++) {
        const struct daemon_target *target = g_ptr_array_index(api->daemon->targets, i);
        if (!target->leaving && is_wanted_live(api, target->name))
            api_look_closely(target);
    }
}

/* ---- listeners ---------------------------------------------------------------------------------- */

static void on_gone(gpointer data)
{
    struct listener *listener = data;

    g_ptr_array_remove(listener->api->listeners, listener);
    g_strfreev(listener->targets);
    g_strfreev(listener->live);
    g_free(listener);
}

/* "shop,crm"; a database that is named so is one, where it is the daemon's only target. */
static char **names_of(const struct daemon *daemon, const char *list)
{
    return g_strsplit(list, targets_find(daemon, list) != NULL ? "\n" : ",", -1);
}

/* One of them at least, or all: those that are gone are passed over, as those are that go. */
static bool any_there(const struct daemon *daemon, const char *list)
{
    g_auto(GStrv) names = names_of(daemon, list);

    for (char **name = names; *name != NULL; name++)
        if (**name == '\0' || targets_find(daemon, *name) != NULL)
            return true;
    return false;
}

/* Names that a query of a stream may have, and what they may say. */
static bool read_query(const struct daemon *daemon, const struct http_query *query,
                       int *ret_status, GError **error)
{
    static const char *const known[] = {"target", "live", NULL};
    const char *target = http_query_value(query, "target");
    const char *live = http_query_value(query, "live");

    *ret_status = API_WRONG;
    if (!api_query_known(query, known, error))
        return false;
    if (live != NULL && target == NULL) {
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "live needs a target");
        return false;
    }
    if (target != NULL && !any_there(daemon, target)) {
        *ret_status = API_ABSENT;
        runbook_error_set(error, RUNBOOK_USAGE, "/api/v1/overview lists them",
                          "there is no such target");
        return false;
    }
    g_auto(GStrv) sections = g_strsplit(live ? live : "", ",", -1);
    for (char **section = sections; *section != NULL; section++) {
        if (api_is_live(*section))
            continue;
        runbook_error_set(error, RUNBOOK_USAGE, NULL, "a section of live has nothing live");
        return false;
    }
    return true;
}

static void greet(const struct daemon *daemon, const struct listener *listener)
{
    for (guint i = 0; i < daemon->targets->len; i++) {
        struct daemon_target *target = g_ptr_array_index(daemon->targets, i);
        AUTO(json_text) json = json_text_new();
        if (target->leaving || (!hears_of_all(listener) && !listens_to(listener, target->name)))
            continue;
        json_text_object(json, NULL);
        json_text_string(json, "target", target->name);
        api_add_state(json, target);
        json_text_close(json);
        if (!http_stream_event(listener->stream, "state", json_text_peek(json)))
            return;
    }
}

void api_events(struct http_request *request, gpointer data)
{
    struct daemon *daemon = data;
    const struct http_query *query = http_request_query(request);
    g_autoptr(GError) error = NULL;
    int status = 500;

    if (!read_query(daemon, query, &status, &error)) {
        api_answer_error(request, status, error);
        return;
    }
    struct listener *listener = g_new0(struct listener, 1);
    const char *live = http_query_value(query, "live");
    listener->api = daemon->api;
    const char *targets = http_query_value(query, "target");
    listener->targets = targets != NULL ? names_of(daemon, targets) : NULL;
    listener->live = g_strsplit(live ? live : "", ",", -1);
    g_ptr_array_add(daemon->api->listeners, listener);
    struct http_stream *stream = http_answer_stream(request, on_gone, listener);
    if (stream == NULL) { /* there are too many: it was told */
        on_gone(listener);
        return;
    }
    listener->stream = stream;
    daemon->api->renew_us = 0;
    api_streams_tick(daemon->api, g_get_monotonic_time());
    greet(daemon, listener);
}
