/*
 * What the section does at each look of the watch: the rules whose action is cancel or terminate,
 * by the same commands a person would type. What matches nothing costs no query.
 */
#include "queries_private.h"
#include "watch/watch_look.h"

#include <string.h>

enum {
    AGAIN_S = 60,          /* what a cancel did not help is not tried again at once */
    FORBIDDEN_S = 60 * 60, /* for want of a right: said, and not said again for long */
    MARGIN_SECONDS = 60,
    NOTED = 5, /* of several: in one note */
};

struct enforcement {
    GArray *rules;   /* of struct queries_rule */
    gint64 least_us; /* no rule lets anything be ended that is younger; G_MAXINT64: none does */
    GHashTable *tried; /* "pid start" → monotonic time when it may be tried again */
};

static void enforcement_free(gpointer data)
{
    struct enforcement *enforcement = data;

    g_array_unref(enforcement->rules);
    g_hash_table_unref(enforcement->tried);
    g_free(enforcement);
}

static struct enforcement *remembered(struct watch_look *look)
{
    if (look->memory->data != NULL)
        return look->memory->data;
    struct enforcement *enforcement = g_new0(struct enforcement, 1);
    enforcement->rules = queries_rules(look->call->settings, look->call->target);
    enforcement->tried = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    enforcement->least_us = G_MAXINT64;
    for (guint i = 0; i < enforcement->rules->len; i++) {
        const struct queries_rule *rule =
            &g_array_index(enforcement->rules, struct queries_rule, i);
        if (rule->action != QUERIES_REPORT)
            enforcement->least_us = MIN(enforcement->least_us, rule->longer_than_us);
    }
    look->memory->data = enforcement;
    look->memory->free_data = enforcement_free;
    return enforcement;
}

/* ---- what has been tried ------------------------------------------------------------------------ */

static gint64 start_of(const struct backend *backend)
{
    return backend_in_transaction(backend) ? backend->state_change_us : backend->query_start_us;
}

static char *key_of(const struct backend *backend)
{
    return g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, backend->pid,
                           start_of(backend));
}

static gboolean is_over(gpointer key, gpointer until, gpointer now)
{
    (void) key;
    return *(const gint64 *) until <= *(const gint64 *) now;
}

static void remember(struct enforcement *enforcement, const struct backend *backend,
                     gint64 until_us)
{
    gint64 *until = g_new(gint64, 1);

    *until = until_us;
    g_hash_table_insert(enforcement->tried, key_of(backend), until);
}

static bool is_new(const struct enforcement *enforcement, const struct backend *backend)
{
    g_autofree char *key = key_of(backend);

    return !g_hash_table_contains(enforcement->tried, key);
}

/* ---- the act ------------------------------------------------------------------------------------ */

/* "pid 42: cancelled (active for 65 s, by rule "reports")", of the first few. */
static char *words_of(const json_t *document, const char *messages)
{
    const json_t *results = json_object_get(document, "results");
    g_autoptr(GString) text = g_string_new(NULL);

    for (size_t i = 0; i < MIN(json_array_size(results), NOTED); i++) {
        const json_t *item = json_array_get(results, i);
        g_string_append_printf(text, "%spid %" JSON_INTEGER_FORMAT ": %s (%s)",
                               i > 0 ? "; " : "",
                               json_integer_value(json_object_get(item, "pid")),
                               json_string_value(json_object_get(item, "step")),
                               json_string_value(json_object_get(item, "reason")));
    }
    if (json_array_size(results) > NOTED)
        g_string_append_printf(text, "; %zu more", json_array_size(results) - NOTED);
    if (*messages != '\0')
        g_string_append_printf(text, "%s%s", text->len > 0 ? "; " : "", messages);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void carry_out(struct watch_look *look, bool terminate)
{
    double grace = (double) settings_int(look->call->settings, "queries.grace") / 1000;
    g_autoptr(GError) error = NULL;

    watch_act_begin(look, terminate ? "terminate" : "cancel", 2 * grace + MARGIN_SECONDS);
    watch_act_option(look, "rules", NULL);
    enum runbook_exit code = terminate ? queries_terminate_command(look->call, &error)
                                       : queries_cancel_command(look->call, &error);
    struct watch_outcome outcome = watch_act_end(look, error);
    g_autofree char *words = words_of(outcome.document, outcome.messages);
    /* Nothing: it was over before it was its turn. */
    if (*words != '\0')
        watch_note(look, "rule", outcome.run, code != RUNBOOK_DONE, words);
    watch_outcome_clear(&outcome);
}

/* ---- the look ------------------------------------------------------------------------------------ */

/* Whether anything is old enough for any rule: the patterns are asked of those looks alone. */
static bool may_concern(const struct enforcement *enforcement, const struct backends *backends)
{
    for (guint i = 0; i < backends_count(backends); i++) {
        const struct backend *backend = backends_at(backends, i);
        bool counts = backend->state == BACKEND_ACTIVE || backend->state == BACKEND_FASTPATH ||
                      backend_in_transaction(backend);
        if (counts && !backend->self && backend_is_client(backend) &&
            backends->now_us - start_of(backend) >= enforcement->least_us)
            return true;
    }
    return false;
}

static void say_forbidden(struct watch_look *look, const struct queries_choice *choice)
{
    g_autofree char *message =
        g_strdup_printf("pid %" G_GINT64_FORMAT ": %s", choice->pid, choice->reason);

    watch_note(look, "rule", -1, true, message);
}

void queries_enforce(struct watch_look *look)
{
    struct enforcement *enforcement = remembered(look);
    bool act = false, terminate = false;

    if (!look->may_act || !settings_bool(look->call->settings, "queries.enforce") ||
        !may_concern(enforcement, look->backends))
        return;
    const struct queries_policy policy =
        queries_policy_by(look->call->settings, enforcement->rules, true, false);
    g_autoptr(GArray) choices = queries_choose(look->backends, &policy, true);
    g_hash_table_foreach_remove(enforcement->tried, is_over, &look->now_us);
    for (guint i = 0; i < choices->len; i++) {
        const struct queries_choice *choice = &g_array_index(choices, struct queries_choice, i);
        if (!is_new(enforcement, choice->backend))
            continue;
        gint64 pause_us = (choice->forbidden ? FORBIDDEN_S : AGAIN_S) * G_USEC_PER_SEC;
        remember(enforcement, choice->backend, look->now_us + pause_us);
        if (choice->forbidden)
            say_forbidden(look, choice);
        act |= !choice->forbidden;
        terminate |= choice->way == QUERIES_BY_LADDER || choice->way == QUERIES_BY_END;
    }
    if (act)
        carry_out(look, terminate);
}
