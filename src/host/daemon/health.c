/*
 * What the daemon says of itself by HTTP: that it lives, and whether it can do its work.
 */
#include "daemon/api_private.h"

#include <string.h>

static void begin(struct json_text *json, const char *schema)
{
    json_text_object(json, NULL);
    json_text_string(json, "schema", schema);
    json_text_time(json, "generated_at", g_get_real_time());
}

/* Who asks wants to know whether one more client gets in: the next time he has to come anew, and none
 * of those who ask every few seconds holds a place meanwhile. */
static void end(struct json_text *json, struct http_request *request, int status)
{
    http_request_close(request);
    json_text_close(json);
    g_autofree char *body = g_strconcat(json_text_peek(json), "\n", NULL);
    http_answer_text(request, status, "application/json", body, NULL);
}

void health_live(struct http_request *request, gpointer data)
{
    const struct daemon *daemon = data;

    if (!api_asks_only(request, ""))
        return;
    AUTO(json_text) json = json_text_new();
    begin(json, "pgrunbook.health.live/1");
    json_text_string(json, "status", "alive");
    json_text_string(json, "version", RUNBOOK_VERSION);
    json_text_int(json, "uptime_seconds",
                  (g_get_monotonic_time() - daemon->started_us) / G_USEC_PER_SEC);
    end(json, request, 200);
}

/* Why the target is not in order; NULL when it is. Caller frees. */
static char *reason_of(const struct daemon_target *target)
{
    const struct target_seen *seen = &target->seen;

    if (!seen->said)
        return g_strdup(minder_child(target->watch) == NULL ? "its watch is not running"
                                                            : "not seen yet");
    if (!seen->state.up)
        return g_strdup_printf("unreachable: %s",
                               seen->state.reason ? seen->state.reason : "no reason given");
    return NULL;
}

static void add_reason(struct json_text *json, const char *target, const char *reason)
{
    json_text_object(json, NULL);
    if (target != NULL)
        json_text_string(json, "target", target);
    else
        json_text_null(json, "target");
    json_text_string(json, "reason", reason);
    json_text_close(json);
}

/* Without the right to look, as a load balancer has none: whether, and how many, not which and why. */
static bool may_look(const struct daemon *daemon, const struct http_request *request)
{
    return daemon->http_open || http_request_role(request) != HTTP_ROLE_NONE;
}

/* How old what is known of each is. */
static void add_targets(struct json_text *json, const GPtrArray *targets)
{
    json_text_list(json, "targets");
    for (guint i = 0; i < targets->len; i++) {
        const struct daemon_target *target = g_ptr_array_index(targets, i);
        const struct target_seen *seen = &target->seen;
        json_text_object(json, NULL);
        json_text_string(json, "target", target->name);
        json_text_string(json, "state",
                         !seen->said      ? "unknown"
                         : seen->state.up ? "up"
                                          : "down");
        json_text_time(json, "sampled_at", seen->sample_us);
        json_text_close(json);
    }
    json_text_close(json);
}

/* ?target=NAME asks for that one alone. */
void health_ready(struct http_request *request, gpointer data)
{
    const struct daemon *daemon = data;

    if (!api_asks_only(request, "target"))
        return;
    const char *only = http_query_value(http_request_query(request), "target");
    int status = 200;
    const char *trouble = keeper_trouble(daemon->keeper);
    AUTO(json_text) json = json_text_new();
    g_autoptr(GPtrArray) asked = g_ptr_array_new();
    bool looks = may_look(daemon, request);
    guint amiss = 0;

    begin(json, "pgrunbook.health.ready/1");
    json_text_list(json, "reasons");
    if (trouble != NULL) {
        g_autofree char *first = g_strndup(trouble, strcspn(trouble, "\n"));
        add_reason(json, NULL, looks ? first : "the history cannot be written");
        status = 503;
    }
    for (guint i = 0; i < daemon->targets->len; i++) {
        struct daemon_target *target = g_ptr_array_index(daemon->targets, i);
        if (target->leaving || (only != NULL && strcmp(only, target->name) != 0))
            continue;
        g_autofree char *reason = reason_of(target);
        g_ptr_array_add(asked, target);
        if (reason == NULL)
            continue;
        if (looks)
            add_reason(json, target->name, reason);
        amiss++;
        status = 503;
    }
    if (!looks && amiss > 0) {
        g_autofree char *count = g_strdup_printf("not in order: %u of %u target%s", amiss,
                                                 asked->len, asked->len == 1 ? "" : "s");
        add_reason(json, NULL, count);
    }
    json_text_close(json);
    if (asked->len == 0)
        status = only != NULL ? 404 : 503;
    if (!looks)
        g_ptr_array_set_size(asked, 0);
    add_targets(json, asked);
    json_text_string(json, "status",
                     status == 200   ? "ready"
                     : status == 404 ? "no such target"
                                     : "not ready");
    end(json, request, status);
}
