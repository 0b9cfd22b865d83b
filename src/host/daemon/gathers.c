#include "daemon/gathers.h"

#include "daemon/child.h"
#include "daemon/daemon_private.h"
#include "daemon/job_words.h"

#include <string.h>

enum {
    AT_ONCE = 2,
    LINE_LONGEST = 16 << 20,
    LONGEST_S = 120,
    PAUSE_S = 10, /* between two of one target, however often it is asked for */
    SPREAD_MS = 250,
    GRACE_MS = 2000,
    MESSAGES_MOST = 1 << 12,
};

struct gather {
    struct daemon_target *target;
    struct child *child;
    gint64 due_us;     /* monotonic; 0: it was never said */
    gint64 started_us; /* monotonic */
    bool wanted, slow, brought;
    bool outdated; /* what its child tells is of a server that is the target's no more */
    json_t *check, *families;
    gint64 check_us, families_us, ended_us, took_us;
    GString *messages;
    char *trouble;
};

/* ---- a line ------------------------------------------------------------------------------------ */

bool gather_line_parse(const char *text, gsize length, enum gather_kind *ret_kind,
                       gint64 *ret_at_us, json_t **ret_value)
{
    static const struct {
        const char *word, *member;
        enum gather_kind kind;
    } kinds[] = {{"check", "document", GATHER_CHECK}, {"metrics", "families", GATHER_METRICS}};
    json_t *object = json_loadb(text, length, 0, NULL);
    const char *word = json_string_value(json_object_get(object, "line"));
    const json_t *at_us = json_object_get(object, "at_us");
    bool found = false;

    for (gsize i = 0; word != NULL && i < G_N_ELEMENTS(kinds); i++) {
        json_t *value = json_object_get(object, kinds[i].member);
        bool fits =
            kinds[i].kind == GATHER_CHECK ? json_is_object(value) : json_is_array(value);
        if (strcmp(word, kinds[i].word) != 0 || !fits || !json_is_integer(at_us))
            continue;
        *ret_kind = kinds[i].kind;
        *ret_at_us = json_integer_value(at_us);
        *ret_value = json_incref(value);
        found = true;
    }
    json_decref(object);
    return found;
}

static void on_message(const char *line, gsize length, bool cut, gpointer data)
{
    struct gather *gather = data;
    (void) cut;

    g_string_append_len(gather->messages, line, (gssize) length);
    g_string_append_c(gather->messages, '\n');
    if (gather->messages->len > MESSAGES_MOST)
        g_string_erase(gather->messages, 0, (gssize) (gather->messages->len - MESSAGES_MOST));
}

static void on_line(const char *line, gsize length, bool cut, gpointer data)
{
    struct gather *gather = data;
    enum gather_kind kind;
    gint64 at_us;
    json_t *value;

    if (cut || gather->outdated || !gather_line_parse(line, length, &kind, &at_us, &value))
        return;
    json_t **kept = kind == GATHER_CHECK ? &gather->check : &gather->families;
    json_decref(*kept);
    *kept = value;
    *(kind == GATHER_CHECK ? &gather->check_us : &gather->families_us) = at_us;
    gather->brought = true;
}

/* ---- its child --------------------------------------------------------------------------------- */

static void on_ended(int status, gpointer data)
{
    struct gather *gather = data;
    g_autofree char *how = child_status_words(status);
    g_autofree char *said = job_reason(gather->messages->str);

    gather->child = NULL;
    gather->ended_us = g_get_real_time();
    gather->took_us = g_get_monotonic_time() - gather->started_us;
    g_clear_pointer(&gather->trouble, g_free);
    if (gather->outdated)
        gather->ended_us = gather->took_us = 0; /* it was stopped: nothing is known */
    else if (gather->slow)
        gather->trouble = g_strdup("it took too long and was stopped");
    else if (!gather->brought || child_exit_code(status) != 0)
        gather->trouble = g_strdup(said != NULL ? said : how);
    g_string_truncate(gather->messages, 0);
    gather->target->daemon->gathering--;
    daemon_gathered(gather->target);
    daemon_end_if_alone(gather->target->daemon);
}

static char **arguments_of(const struct daemon_target *target)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();

    g_strv_builder_add(words, "gather");
    target_words(target, words);
    return g_strv_builder_end(words);
}

static void start(struct gather *gather, gint64 now_us)
{
    const struct daemon_target *target = gather->target;
    g_auto(GStrv) arguments = arguments_of(target);
    g_autoptr(GError) error = NULL;
    struct child_plan plan = {
        .arguments = (const char *const *) arguments,
        .messages = true,
        .longest = LINE_LONGEST,
        .settings_fd = target->daemon->snapshot,
        .alias = target_alias(target),
        .line = on_line,
        .message = on_message,
        .ended = on_ended,
        .data = gather,
    };

    gather->started_us = now_us;
    gather->due_us = now_us + settings_int(target->settings, "http.gather") * 1000;
    gather->wanted = gather->slow = gather->brought = gather->outdated = false;
    gather->child = child_start(&plan, &error);
    if (gather->child != NULL) {
        target->daemon->gathering++;
        return;
    }
    g_free(gather->trouble);
    gather->trouble = g_strdup(error->message);
}

/* ---- when -------------------------------------------------------------------------------------- */

gint64 gather_first_us(gint64 now_us, guint index)
{
    return now_us + (gint64) index * SPREAD_MS * 1000;
}

/* Of a server that is down there is nothing to be had; once it is back, it is asked at once. */
static bool is_due(struct gather *gather, gint64 now_us)
{
    const struct target_seen *seen = &gather->target->seen;

    if (gather->child != NULL || gather->target->leaving || !seen->said || !seen->state.up)
        return false;
    if (gather->wanted &&
        (gather->outdated || now_us - gather->started_us >= PAUSE_S * G_USEC_PER_SEC))
        return true;
    return now_us >= gather->due_us &&
           settings_int(gather->target->settings, "http.gather") > 0;
}

static void heed_slow(struct gather *gather, gint64 now_us)
{
    if (gather->child == NULL || gather->slow ||
        now_us - gather->started_us < LONGEST_S * G_USEC_PER_SEC)
        return;
    gather->slow = true;
    child_stop(gather->child, GRACE_MS);
}

void gathers_tick(struct daemon *daemon, gint64 now_us)
{
    /* Nobody could see it. */
    if (daemon->http == NULL || daemon->stopping)
        return;
    for (guint i = 0; i < daemon->targets->len; i++) {
        /* Another one is first each time: none waits behind the others for ever. */
        guint at = (i + daemon->gather_turn) % daemon->targets->len;
        struct gather *gather =
            ((struct daemon_target *) g_ptr_array_index(daemon->targets, at))->gather;
        heed_slow(gather, now_us);
        if (gather->due_us == 0)
            gather->due_us = gather_first_us(now_us, at);
        if (daemon->gathering < AT_ONCE && is_due(gather, now_us))
            start(gather, now_us);
    }
    daemon->gather_turn++;
}

void gather_want(struct gather *gather)
{
    gather->wanted = true;
}

void gather_forget(struct gather *gather)
{
    g_clear_pointer(&gather->check, json_decref);
    g_clear_pointer(&gather->families, json_decref);
    g_clear_pointer(&gather->trouble, g_free);
    gather->check_us = gather->families_us = gather->ended_us = gather->took_us = 0;
    gather->outdated = true;
    gather->wanted = true;
    if (gather->child != NULL)
        child_stop(gather->child, GRACE_MS);
}

/* ---- life -------------------------------------------------------------------------------------- */

struct gather *gather_new(struct daemon_target *target)
{
    struct gather *gather = g_new0(struct gather, 1);

    gather->target = target;
    gather->messages = g_string_new(NULL);
    return gather;
}

void gather_free(struct gather *gather)
{
    json_decref(gather->check);
    json_decref(gather->families);
    g_string_free(gather->messages, TRUE);
    g_free(gather->trouble);
    g_free(gather);
}

struct gather_seen gather_seen(const struct gather *gather)
{
    return (struct gather_seen){
        .check = gather->check,
        .check_us = gather->check_us,
        .families = gather->families,
        .families_us = gather->families_us,
        .trouble = gather->trouble,
        .ended_us = gather->ended_us,
        .took_us = gather->took_us,
    };
}

bool gather_stop(struct gather *gather, guint grace_ms)
{
    if (gather->child != NULL)
        child_stop(gather->child, grace_ms);
    return gather->child == NULL;
}
