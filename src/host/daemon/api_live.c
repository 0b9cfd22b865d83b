/*
 * Reports that the watches make of the looks they take anyway: no query more on the target. Who asks
 * for one waits until the next look of a watch that was told to look closely.
 */
#include "daemon/api_private.h"

#include <string.h>

enum { WAIT_MS = 3000, AGE_S = 2 };

struct live_kept {
    GBytes *document;
    gint64 at_us;
};

/* A request that waits for the next look. */
struct live_waiting {
    struct api *api;
    struct http_request *request;
    char *target, *section;
    guint timer;
};

static void free_kept(gpointer data)
{
    struct live_kept *kept = data;

    g_bytes_unref(kept->document);
    g_free(kept);
}

bool api_is_live(const char *section)
{
    for (guint i = 0; features[i] != NULL; i++)
        if (features[i]->live != NULL && strcmp(features[i]->name, section) == 0)
            return true;
    return false;
}

static void answer(struct http_request *request, const struct live_kept *kept)
{
    api_answer_result(
        request,
        &(struct api_result){.document = kept->document, .status = 200, .at_us = kept->at_us});
}

static void forget(struct live_waiting *waiting)
{
    if (waiting->timer != 0)
        g_source_remove(waiting->timer);
    g_ptr_array_remove(waiting->api->waiting, waiting);
    g_free(waiting->target);
    g_free(waiting->section);
    g_free(waiting);
}

static void on_gone(gpointer data)
{
    forget(data);
}

/* The watch says nothing: the command is asked instead. */
static gboolean on_late(gpointer data)
{
    struct live_waiting *waiting = data;
    struct http_request *request = waiting->request;
    struct daemon *daemon = waiting->api->daemon;

    waiting->timer = 0;
    http_request_on_gone(request, NULL, NULL);
    forget(waiting);
    api_answer_look(request, daemon, false);
    return G_SOURCE_REMOVE;
}

void api_live_heard(struct daemon_target *target, const char *section, json_t *document,
                    gint64 at_us)
{
    struct api *api = target->daemon->api;
    char *text = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(15));

    if (text == NULL)
        return;
    if (target->live == NULL)
        target->live = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_kept);
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    free(text);
    struct live_kept *kept = g_new0(struct live_kept, 1);
    *kept = (struct live_kept){g_bytes_new(line, strlen(line)), at_us};
    g_hash_table_insert(target->live, g_strdup(section), kept);
    for (guint i = api->waiting->len; i > 0; i--) {
        struct live_waiting *waiting = g_ptr_array_index(api->waiting, i - 1);
        if (strcmp(waiting->target, target->name) != 0 ||
            strcmp(waiting->section, section) != 0)
            continue;
        struct http_request *request = waiting->request;
        http_request_on_gone(request, NULL, NULL);
        forget(waiting);
        answer(request, kept);
    }
    api_tell_live(target, section, kept->document, at_us);
}

bool api_live_answer(struct http_request *request, struct daemon_target *target,
                     const struct api_call *call)
{
    struct api *api = target->daemon->api;
    gint64 age_us = (call->max_age_s >= 0 ? call->max_age_s : AGE_S) * (gint64) G_USEC_PER_SEC;
    const struct live_kept *kept =
        target->live != NULL ? g_hash_table_lookup(target->live, call->section->name) : NULL;

    if (!api_is_live(call->section->name) || g_strcmp0(call->command->verb, "report") != 0 ||
        call->options->len > 0 || !target->seen.said || !target->seen.state.up)
        return false;
    if (kept != NULL && g_get_real_time() - kept->at_us <= age_us) {
        answer(request, kept);
        return true;
    }
    struct live_waiting *waiting = g_new0(struct live_waiting, 1);
    *waiting = (struct live_waiting){.api = api,
                                     .request = request,
                                     .target = g_strdup(target->name),
                                     .section = g_strdup(call->section->name)};
    waiting->timer = g_timeout_add(WAIT_MS, on_late, waiting);
    g_ptr_array_add(api->waiting, waiting);
    api_look_closely(target);
    http_request_on_gone(request, on_gone, waiting);
    return true;
}
