/*
 * The targets as the settings have them, each with its watch.
 */
#include "cli/grammar.h"
#include "daemon/daemon_private.h"
#include "daemon/journal.h"
#include "watch/watcher.h"

#include <string.h>

enum {
    LINE_LONGEST = 2 << 20 /* one that is live */,
    SILENCE_S = 60,
    ABSENT_S = 5,
    STOP_MS = 4000
};

void daemon_words(const struct daemon *daemon, GStrvBuilder *words)
{
    if (daemon->options->config != NULL)
        g_strv_builder_add_many(words, "--config", daemon->options->config, NULL);
    g_strv_builder_add_many(words, "--state", daemon->state, NULL);
}

void target_words(const struct daemon_target *target, GStrvBuilder *words)
{
    const struct daemon *daemon = target->daemon;

    if (daemon->options->connection[0] != NULL)
        g_strv_builder_addv(words, (const char **) (void *) daemon->options->connection);
    target_words_alone(target, words);
}

void target_words_alone(const struct daemon_target *target, GStrvBuilder *words)
{
    const struct daemon *daemon = target->daemon;

    if (daemon->options->connection[0] == NULL)
        g_strv_builder_add_many(words, "--target", target->name, NULL);
    daemon_words(daemon, words);
}

const char *target_alias(const struct daemon_target *target)
{
    const struct daemon_options *options = target->daemon->options;

    return options->connection[0] != NULL ? options->name : NULL;
}

static char **watch_arguments(const struct daemon_target *target)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();

    g_strv_builder_add(words, "watch");
    target_words(target, words);
    g_strv_builder_add(words, "--json");
    return g_strv_builder_end(words);
}

/* ---- its watch ------------------------------------------------------------------------------- */

static void on_line(const char *line, gsize length, bool cut, gpointer data)
{
    watch_heard(data, line, length, cut);
}

static void on_ended(const char *how, gpointer data)
{
    struct daemon_target *target = data;

    watch_gone(target, how);
    daemon_end_if_alone(target->daemon);
}

void target_trouble(const struct daemon_target *target, const char *name, bool looping,
                    const char *message)
{
    struct store_event event = {
        .target = target->name,
        .name = name,
        .severity = "critical",
        .opened_us = g_get_real_time(),
        .message = message,
    };

    if (looping)
        events_open(target->daemon->events, &event);
    else
        events_close(target->daemon->events, target->name, event.name, event.opened_us,
                     message);
}

static void on_trouble(bool looping, const char *message, gpointer data)
{
    target_trouble(data, "child", looping, message);
}

static void watch(struct daemon_target *target)
{
    static const char *const fed[] = {WATCHER_FED_VARIABLE, "1", NULL};
    g_auto(GStrv) arguments = watch_arguments(target);
    g_autofree char *name = g_strdup_printf("the watch of %s", target->name);
    struct minder_plan plan = {
        .name = name,
        .child = {.arguments = (const char *const *) arguments,
                  .feed = true,
                  .environment = fed,
                  .longest = LINE_LONGEST,
                  .settings_fd = target->daemon->snapshot,
                  .alias = target_alias(target)},
        .silence_us = SILENCE_S * G_USEC_PER_SEC,
        .line = on_line,
        .ended = on_ended,
        .trouble = on_trouble,
        .data = target,
    };

    target->watch = minder_new(&plan);
}

/* ---- its settings ----------------------------------------------------------------------------- */

static void add_sense(const struct setting_view *view, gpointer text)
{
    /* When jobs run is no concern of the watch, nor is what is not the target's at all. */
    if (view->row->type == SETTING_SCHEDULE || view->row->flags & SETTING_GLOBAL_ONLY)
        return;
    g_string_append_printf(text, "%s %s=%s\n", view->section ? view->section : "", view->name,
                           view->text ? view->text : "");
}

static char *sense_of(const struct settings *settings, const char *name)
{
    GString *text = g_string_new(NULL);

    settings_each(settings, name, add_sense, text);
    return g_string_free(text, FALSE);
}

/* Of a database that was named on the command line the settings are those of all. NULL cannot be:
 * the files were checked. */
static struct settings *settings_of(const struct daemon *daemon, const char *name)
{
    if (daemon->options->connection[0] == NULL)
        return settings_for_target(daemon->settings, name, NULL);
    return settings_copy(daemon->settings);
}

static void add(struct daemon *daemon, const char *name, struct settings *settings, char *sense)
{
    struct daemon_target *target = g_new0(struct daemon_target, 1);

    target->daemon = daemon;
    target->name = g_strdup(name);
    target->settings = settings;
    target->sense = sense;
    target->gather = gather_new(target);
    g_ptr_array_add(daemon->targets, target);
    watch(target);
}

static void change(struct daemon_target *target, struct settings *settings, char *sense)
{
    bool same = strcmp(target->sense, sense) == 0;

    settings_free(target->settings);
    g_free(target->sense);
    target->settings = settings;
    target->sense = sense;
    if (same)
        return;
    g_auto(GStrv) arguments = watch_arguments(target);
    journal_say(JOURNAL_NOTICE, "target %s: its settings changed, its watch is started anew",
                target->name);
    minder_renew(target->watch, (const char *const *) arguments);
    services_apply(target, true);
    /* It may be another server by now. */
    gather_forget(target->gather);
    g_clear_pointer(&target->live, g_hash_table_unref);
}

static void take_up(struct daemon *daemon, const char *name)
{
    struct settings *settings = settings_of(daemon, name);
    char *sense = sense_of(settings, daemon->options->connection[0] == NULL ? name : NULL);
    struct daemon_target *target = targets_find(daemon, name);

    if (target == NULL)
        add(daemon, name, settings, sense);
    else
        change(target, settings, sense);
}

static char **wanted_names(const struct daemon *daemon)
{
    const struct daemon_options *options = daemon->options;
    const char *const one[] = {options->connection[0] != NULL ? options->name : options->only,
                               NULL};
    const char *const *names = one[0] != NULL ? one : settings_targets(daemon->settings);

    return child_words(NULL, names);
}

static void let_go(struct daemon_target *target)
{
    journal_say(JOURNAL_NOTICE, "target %s: no longer watched", target->name);
    target->leaving = true;
    minder_stop(target->watch, STOP_MS);
    services_stop(target, STOP_MS);
    gather_stop(target->gather, STOP_MS);
}

/* Open events of targets that are not in the settings have nobody who would close them. */
static void close_events(struct daemon *daemon)
{
    g_autoptr(GHashTable) names = events_targets(daemon->events);
    GHashTableIter each;
    gpointer name;

    g_hash_table_iter_init(&each, names);
    while (g_hash_table_iter_next(&each, &name, NULL))
        if (((const char *) name)[0] != '\0' && targets_find(daemon, name) == NULL)
            events_close_target(daemon->events, name, g_get_real_time(),
                                "the target is no longer watched");
}

void targets_apply(struct daemon *daemon)
{
    g_auto(GStrv) names = wanted_names(daemon);

    for (guint i = 0; i < daemon->targets->len; i++) {
        struct daemon_target *target = g_ptr_array_index(daemon->targets, i);
        if (!target->leaving && !g_strv_contains((const char *const *) names, target->name))
            let_go(target);
    }
    for (guint i = 0; names[i] != NULL; i++)
        take_up(daemon, names[i]);
    close_events(daemon);
    targets_sweep(daemon);
}

/* ---- all of them ------------------------------------------------------------------------------ */

struct daemon_target *targets_find(const struct daemon *daemon, const char *name)
{
    for (guint i = 0; i < daemon->targets->len; i++) {
        struct daemon_target *target = g_ptr_array_index(daemon->targets, i);
        if (!target->leaving && strcmp(target->name, name) == 0)
            return target;
    }
    return NULL;
}

void daemon_target_free(struct daemon_target *target)
{
    minder_free(target->watch);
    services_free(target);
    gather_free(target->gather);
    g_free(target->told_state);
    g_clear_pointer(&target->live, g_hash_table_unref);
    g_clear_pointer(&target->coming, g_ptr_array_unref);
    settings_free(target->settings);
    watch_state_clear(&target->seen.state);
    watch_sample_clear(&target->seen.sample);
    g_free(target->sense);
    g_free(target->name);
    g_free(target);
}

void targets_sweep(struct daemon *daemon)
{
    for (guint i = daemon->targets->len; i > 0; i--) {
        struct daemon_target *target = g_ptr_array_index(daemon->targets, i - 1);
        if (target->leaving && minder_child(target->watch) == NULL &&
            services_stop(target, STOP_MS) && gather_stop(target->gather, STOP_MS))
            g_ptr_array_remove_index(daemon->targets, i - 1);
    }
}

void targets_tick(struct daemon *daemon, gint64 now_us)
{
    /* Who was stopped, or held up, for a while has not heard what the watches said meanwhile. */
    bool absent = daemon->last_tick_us > 0 &&
                  now_us - daemon->last_tick_us > ABSENT_S * (gint64) G_USEC_PER_SEC;

    daemon->last_tick_us = now_us;
    for (guint i = 0; i < daemon->targets->len; i++) {
        struct daemon_target *target = g_ptr_array_index(daemon->targets, i);
        if (absent)
            minder_busy(target->watch, SILENCE_S * (gint64) G_USEC_PER_SEC);
        minder_tick(target->watch, now_us);
        services_tick(target, now_us);
    }
    gathers_tick(daemon, now_us);
    api_streams_tick(daemon->api, now_us);
    targets_sweep(daemon);
}

void targets_stop(struct daemon *daemon, guint grace_ms)
{
    for (guint i = 0; i < daemon->targets->len; i++) {
        struct daemon_target *target = g_ptr_array_index(daemon->targets, i);
        minder_stop(target->watch, grace_ms);
        services_stop(target, grace_ms);
        gather_stop(target->gather, grace_ms);
    }
}
