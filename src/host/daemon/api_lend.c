#include "daemon/api_lend.h"

#include "daemon/api_private.h"

#include <string.h>

/* A watch is given a minute for it, and is killed when it is silent for longer. */
enum { ANSWER_S = 90 };

struct lent_out {
    struct api *api;
    char *target;
    gint64 number;
    guint timer;
    void (*done)(const struct api_lent *lent, gpointer data);
    gpointer data;
};

bool api_lend_would(const struct daemon_target *target, const char *const *words)
{
    if (target == NULL || !target->seen.said || !target->seen.state.up)
        return false;
    for (guint i = 0; features[i] != NULL; i++) {
        const struct command *command = features[i]->commands;
        for (; command->run != NULL; command++)
            if (command->flags & COMMAND_TAKES_GUARD &&
                strcmp(features[i]->name, words[0]) == 0 &&
                g_strcmp0(command->verb, words[1]) == 0)
                return true;
    }
    return false;
}

static void end(struct lent_out *out, const struct api_lent *lent)
{
    void (*done)(const struct api_lent *, gpointer) = out->done;
    gpointer data = out->data;

    if (out->timer != 0)
        g_source_remove(out->timer);
    g_ptr_array_remove(out->api->lent_out, out);
    g_free(out->target);
    g_free(out);
    if (done != NULL)
        done(lent, data);
}

static void fail(struct lent_out *out, const char *why)
{
    end(out, &(struct api_lent){.exit_code = RUNBOOK_CONNECT, .messages = why});
}

static gboolean on_late(gpointer data)
{
    struct lent_out *out = data;

    out->timer = 0;
    fail(out, "the watch of the target did not answer");
    return G_SOURCE_REMOVE;
}

static char *line_of(const struct api_lend *lend, gint64 number)
{
    json_t *words = json_array();

    for (const char *const *word = lend->words; *word != NULL; word++)
        json_array_append_new(words, json_string(*word));
    json_t *json =
        json_pack("{sI so sb ss* ss*}", "number", (json_int_t) number, "words", words,
                  "dry_run", (int) lend->dry_run, "actor", lend->actor, "reason", lend->reason);
    char *text = json_dumps(json, JSON_COMPACT);
    char *line = g_strdup_printf("lend %s\n", text != NULL ? text : "{}");
    free(text);
    json_decref(json);
    return line;
}

void api_lend(struct daemon_target *target, const struct api_lend *lend)
{
    struct api *api = target->daemon->api;
    struct child *child = minder_child(target->watch);
    struct lent_out *out = g_new0(struct lent_out, 1);

    *out = (struct lent_out){
        .api = api,
        .target = g_strdup(target->name),
        .number = ++api->lent_begun,
        .done = lend->done,
        .data = lend->data,
    };
    g_ptr_array_add(api->lent_out, out);
    g_autofree char *line = line_of(lend, out->number);
    bool fed = child != NULL && child_feed(child, line);
    out->timer = g_timeout_add_seconds(fed ? ANSWER_S : 0, on_late, out);
}

void api_lend_forget(struct api *api, gpointer data)
{
    for (guint i = 0; i < api->lent_out->len; i++) {
        struct lent_out *out = g_ptr_array_index(api->lent_out, i);
        if (out->data == data)
            out->done = NULL;
    }
}

void api_lend_heard(struct daemon_target *target, const struct watch_line *line)
{
    const struct api *api = target->daemon->api;

    for (guint i = 0; i < api->lent_out->len; i++) {
        struct lent_out *out = g_ptr_array_index(api->lent_out, i);
        if (out->number != line->lent.number)
            continue;
        end(out, &(struct api_lent){
                     .exit_code = line->lent.exit_code,
                     .document = line->document,
                     .messages = line->lent.messages,
                     .run = line->lent.run,
                 });
        return;
    }
}

void api_lend_lost(const struct daemon_target *target)
{
    const struct api *api = target->daemon->api;

    for (guint i = api->lent_out->len; i > 0; i--) {
        struct lent_out *out = g_ptr_array_index(api->lent_out, i - 1);
        if (strcmp(out->target, target->name) == 0)
            fail(out, "the watch of the target has ended");
    }
}

void api_lend_stop(struct api *api)
{
    while (api->lent_out->len > 0) {
        struct lent_out *out = g_ptr_array_index(api->lent_out, 0);
        out->done = NULL;
        fail(out, NULL);
    }
}
