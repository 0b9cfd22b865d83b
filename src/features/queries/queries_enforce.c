/*
 * What the section does at each look of the watch: the rules whose action is cancel or terminate,
 * by the same commands a person would type. What matches nothing costs no query.
 */
#include "queries_private.h"
#include "watch/watch_look.h"

#include <string.h>

enum {
    BUSY_SECONDS = 60,     /* a server that falls silent meanwhile */
    FORGOTTEN_S = 60 * 60, /* what was said so long ago */
    NOTED = 5,             /* of several: in one note */
};

struct enforcement {
    GArray *rules;   /* of struct queries_rule */
    gint64 least_us; /* no rule lets anything be ended that is younger; G_MAXINT64: none does */
    gint64 grace_us;
    GHashTable *told; /* who, and at what → struct queries_told */
};

static void enforcement_free(gpointer data)
{
    struct enforcement *enforcement = data;

    g_array_unref(enforcement->rules);
    g_hash_table_unref(enforcement->told);
    g_free(enforcement);
}

static struct enforcement *remembered(struct watch_look *look)
{
    if (look->memory->data != NULL)
        return look->memory->data;
    struct enforcement *enforcement = g_new0(struct enforcement, 1);
    enforcement->rules = queries_rules(look->call->settings, look->call->target);
    enforcement->grace_us = settings_int(look->call->settings, "queries.grace") * 1000;
    enforcement->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
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

/* ---- what has been said ------------------------------------------------------------------------- */

static gint64 start_of(const struct backend *backend)
{
    return backend_in_transaction(backend) ? backend->state_change_us : backend->query_start_us;
}

static char *key_of(const struct backend *backend)
{
    return g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT,
                           backend->pid, backend->backend_start_us, start_of(backend));
}

static gboolean is_forgotten(gpointer key, gpointer told, gpointer now)
{
    (void) key;
    return *(const gint64 *) now - ((const struct queries_told *) told)->at_us >=
           (gint64) FORGOTTEN_S * G_USEC_PER_SEC;
}

static void remember(struct enforcement *enforcement, const struct backend *backend,
                     enum queries_way way)
{
    struct queries_told *told = g_new(struct queries_told, 1);

    *told = (struct queries_told){way, g_get_monotonic_time()};
    g_hash_table_insert(enforcement->told, key_of(backend), told);
}

static bool was_told(const struct enforcement *enforcement, const struct backend *backend)
{
    g_autofree char *key = key_of(backend);

    return g_hash_table_contains(enforcement->told, key);
}

static enum queries_way due(const struct enforcement *enforcement,
                            const struct queries_choice *choice)
{
    g_autofree char *key = key_of(choice->backend);

    return queries_due(choice, g_hash_table_lookup(enforcement->told, key),
                       enforcement->grace_us, g_get_monotonic_time());
}

/* ---- the act ------------------------------------------------------------------------------------ */

static bool is_step(const json_t *item, enum backends_result result)
{
    const char *step = json_string_value(json_object_get(item, "step"));

    return g_strcmp0(step, backends_result_name(result)) == 0;
}

/* "pid 42: cancelled (active for 65 s, by rule "reports")", of the first few. Whom it was not the
 * turn of the next look tells. */
static char *words_of(const json_t *document, const char *messages)
{
    const json_t *results = json_object_get(document, "results");
    g_autoptr(GString) text = g_string_new(NULL);
    guint count = 0;

    for (size_t i = 0; i < json_array_size(results); i++) {
        const json_t *item = json_array_get(results, i);
        if (is_step(item, BACKENDS_PENDING) || count++ >= NOTED)
            continue;
        g_string_append_printf(text, "%spid %" JSON_INTEGER_FORMAT ": %s (%s)",
                               count > 1 ? "; " : "",
                               json_integer_value(json_object_get(item, "pid")),
                               json_string_value(json_object_get(item, "step")),
                               json_string_value(json_object_get(item, "reason")));
    }
    if (count > NOTED)
        g_string_append_printf(text, "; %u more", count - NOTED);
    if (*messages != '\0')
        g_string_append_printf(text, "%s%s", text->len > 0 ? "; " : "", messages);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Those of the command's own look that are due. */
static void sift(struct queries_choice *choice, gpointer data)
{
    struct enforcement *enforcement = data;
    enum queries_way way = due(enforcement, choice);

    if (way == QUERIES_BY_END && choice->way == QUERIES_BY_LADDER) {
        char *reason = g_strdup_printf("%s; the cancel did not help", choice->reason);
        g_free(choice->reason);
        choice->reason = reason;
    }
    choice->way = way;
}

static void tried(const struct queries_choice *choice, gpointer data)
{
    remember(data, choice->backend, choice->way);
}

static bool is_trouble(enum runbook_exit code, const struct watch_outcome *outcome)
{
    const json_t *results = json_object_get(outcome->document, "results");
    bool trouble = code != RUNBOOK_DONE;

    /* Told, and not done at once, or not told yet: that is for a later look to judge. */
    for (size_t i = 0; i < json_array_size(results); i++) {
        const json_t *item = json_array_get(results, i);
        if (is_step(item, BACKENDS_SENT) || is_step(item, BACKENDS_PENDING))
            trouble = *outcome->messages != '\0';
    }
    return trouble;
}

static void carry_out(struct watch_look *look, struct enforcement *enforcement, bool terminate)
{
    const struct queries_sieve sieve = {sift, tried, enforcement};
    g_autoptr(GError) error = NULL;

    watch_act_begin(look, terminate ? "terminate" : "cancel", BUSY_SECONDS);
    watch_act_option(look, "rules", NULL);
    enum runbook_exit code = queries_enforce_command(look->call, terminate, &sieve, &error);
    struct watch_outcome outcome = watch_act_end(look, error);
    g_autofree char *words = words_of(outcome.document, outcome.messages);
    /* Nothing: it was over before it was its turn. */
    if (*words != '\0')
        watch_note(look, "rule", outcome.run, is_trouble(code, &outcome), words);
    watch_outcome_clear(&outcome);
    /* The connection was lost in it: who was reached is not known. */
    if (!look->may_act)
        g_hash_table_remove_all(enforcement->told);
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
    g_hash_table_foreach_remove(enforcement->told, is_forgotten, &look->now_us);
    for (guint i = 0; i < choices->len; i++) {
        const struct queries_choice *choice = &g_array_index(choices, struct queries_choice, i);
        enum queries_way way = due(enforcement, choice);
        if (choice->forbidden && !was_told(enforcement, choice->backend)) {
            say_forbidden(look, choice);
            remember(enforcement, choice->backend, QUERIES_LEAVE);
        }
        act |= way != QUERIES_LEAVE;
        terminate |= way == QUERIES_BY_END;
    }
    if (act)
        carry_out(look, enforcement, terminate);
}
