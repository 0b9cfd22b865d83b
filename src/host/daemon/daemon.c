/*
 * From the first line to the last: what is started, in which order, what happens once a second,
 * and how it ends.
 */
#include "cli/grammar.h"
#include "daemon/daemon_private.h"
#include "daemon/journal.h"
#include "daemon/signals.h"
#include "daemon/systemd.h"
#include "interrupt.h"
#include "units/units.h"

#include <glib-unix.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STOP_MS = 4000 };

/* ---- events ---------------------------------------------------------------------------------- */

static enum journal_priority priority_of(const struct store_event *event)
{
    if (event->closing != NULL)
        return JOURNAL_NOTICE;
    return strcmp(event->severity, "critical") == 0  ? JOURNAL_ERROR
           : strcmp(event->severity, "warning") == 0 ? JOURNAL_WARNING
                                                     : JOURNAL_NOTICE;
}

static void on_event(const struct store_event *event, gpointer data)
{
    struct daemon *daemon = data;
    bool own = event->target[0] == '\0';
    g_autofree char *after = units_format_duration(
        (double) (event->closed_us - event->opened_us) / (double) G_USEC_PER_SEC);

    if (event->closing != NULL)
        journal_say(JOURNAL_NOTICE, "%s%s%s%s: over after %s: %s", own ? "" : "target ",
                    event->target, own ? "" : ": ", event->name, after, event->closing);
    else
        journal_say(priority_of(event), "%s%s%s%s: %s", own ? "" : "target ", event->target,
                    own ? "" : ": ", event->name, event->message);
    api_tell_event(daemon->api, event);
    /* What was gathered before is of another time now. */
    const struct daemon_target *target = targets_find(daemon, event->target);
    if (target != NULL)
        gather_want(target->gather);
    if (daemon->courier != NULL)
        courier_carry(daemon->courier, event);
}

/* A turn is over: what came of it is an event when it is not what was wanted, until the next. */
static void on_turn(const struct store_turn *turn, gpointer data)
{
    struct daemon *daemon = data;
    metrics_count_turn(daemon->counts, turn);
    bool good = strcmp(turn->outcome, "done") == 0 || strcmp(turn->outcome, "partly") == 0;
    g_autofree char *name = g_strdup_printf("job %s", turn->section);
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(turn->turn_us / G_USEC_PER_SEC);
    g_autofree char *time = g_date_time_format(when, "%Y-%m-%d %H:%M UTC");
    g_autofree char *message =
        g_strdup_printf("the turn of %s: %s%s%s", time, turn->outcome, turn->reason ? ": " : "",
                        turn->reason ? turn->reason : "");
    struct store_event event = {
        .target = turn->target,
        .name = name,
        .severity = "warning",
        .opened_us = g_get_real_time(),
        .message = message,
        .run = turn->run,
    };

    api_tell_turn(daemon->api, turn);
    if (strcmp(turn->outcome, "elsewhere") == 0) {
        events_close(daemon->events, turn->target, name, event.opened_us,
                     "another daemon does its jobs");
        return;
    }
    if (!good && !events_is_open(daemon->events, turn->target, name)) {
        events_open(daemon->events, &event);
        return;
    }
    journal_say(good ? JOURNAL_INFO : JOURNAL_WARNING, "target %s: %s: %s", turn->target, name,
                message);
    if (good)
        events_close(daemon->events, turn->target, name, event.opened_us, message);
}

static void on_store(struct store *store, const char *trouble, gpointer data)
{
    struct daemon *daemon = data;
    struct store_event event = {
        .target = "",
        .name = "store",
        .severity = "critical",
        .opened_us = g_get_real_time(),
        .message = trouble,
    };

    if (trouble != NULL) {
        events_open(daemon->events, &event);
        return;
    }
    if (daemon->generation != keeper_generation(daemon->keeper)) {
        scheduler_forget_runs(daemon->scheduler);
        journal_say(JOURNAL_NOTICE, "the history is another file from now on: %s",
                    daemon->state);
    }
    daemon->generation = keeper_generation(daemon->keeper);
    events_set_store(daemon->events, store);
    minutes_write(daemon->minutes, store);
    events_close(daemon->events, "", "store", event.opened_us, "the history is written again");
    scheduler_set_store(daemon->scheduler, store);
    daemon_look_at_turns(daemon);
}

/* ---- the courier ------------------------------------------------------------------------------- */

static void on_courier_trouble(bool looping, const char *message, gpointer data)
{
    struct daemon *daemon = data;
    struct store_event event = {
        .target = "",
        .name = "courier",
        .severity = "warning",
        .opened_us = g_get_real_time(),
        .message = message,
    };

    if (looping)
        events_open(daemon->events, &event);
    else
        events_close(daemon->events, "", event.name, event.opened_us, message);
}

static bool is_set(const struct settings *settings, const char *name)
{
    return cli_setting(name) != NULL && settings_is_set(settings, name);
}

static char **courier_arguments(const struct daemon *daemon)
{
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();

    g_strv_builder_add_many(words, "notify", "deliver", NULL);
    if (daemon->options->config != NULL)
        g_strv_builder_add_many(words, "--config", daemon->options->config, NULL);
    g_strv_builder_add_many(words, "--state", daemon->state, NULL);
    return g_strv_builder_end(words);
}

static void add_sense(const struct setting_view *view, gpointer text)
{
    if (g_str_has_prefix(view->name, "notify."))
        g_string_append_printf(text, "%s=%s\n", view->name, view->text ? view->text : "");
}

/* What the courier reads when it starts: its settings, and the file of the secret. */
static char *courier_sense(const struct daemon *daemon)
{
    const char *name = "notify.webhook_secret_file";
    const char *path =
        cli_setting(name) != NULL ? settings_string(daemon->settings, name) : NULL;
    GString *text = g_string_new(NULL);
    struct stat found;

    settings_each(daemon->settings, NULL, add_sense, text);
    if (path != NULL && stat(path, &found) == 0)
        g_string_append_printf(text, "%ju %jd %jd.%09ld\n", (uintmax_t) found.st_ino,
                               (intmax_t) found.st_size, (intmax_t) found.st_ctim.tv_sec,
                               found.st_ctim.tv_nsec);
    return g_string_free(text, FALSE);
}

static void apply_courier(struct daemon *daemon)
{
    char *sense = courier_sense(daemon);
    bool same = g_strcmp0(daemon->courier_sense, sense) == 0;

    g_free(daemon->courier_sense);
    daemon->courier_sense = sense;
    if (same)
        return;
    bool wanted = is_set(daemon->settings, "notify.webhook") ||
                  is_set(daemon->settings, "notify.mail_to");
    g_auto(GStrv) arguments = courier_arguments(daemon);
    const char *const *words = (const char *const *) arguments;

    if (daemon->courier != NULL && wanted)
        courier_renew(daemon->courier, words);
    else if (daemon->courier != NULL)
        courier_retire(daemon->courier);
    else if (wanted)
        daemon->courier = courier_new(words, daemon->snapshot, on_courier_trouble, daemon);
    if (!wanted)
        on_courier_trouble(false, "no channel is configured any more", daemon);
}

/* ---- once a second ------------------------------------------------------------------------------ */

static gboolean look_at_turns(gpointer data)
{
    struct daemon *daemon = data;
    gint64 now_us = g_get_real_time();

    daemon->turn_source = 0;
    if (daemon->stopping)
        return G_SOURCE_REMOVE;
    g_autoptr(GArray) due = scheduler_due(daemon->scheduler, now_us);
    for (guint i = 0; i < due->len; i++)
        jobs_start(daemon, &g_array_index(due, struct scheduler_order, i));
    daemon->wake_us = scheduler_wake_us(daemon->scheduler, now_us);
    return G_SOURCE_REMOVE;
}

void daemon_look_at_turns(struct daemon *daemon)
{
    if (daemon->turn_source == 0)
        daemon->turn_source = g_idle_add(look_at_turns, daemon);
}

static void tell_status(struct daemon *daemon)
{
    guint reached = 0, known = 0;

    for (guint i = 0; i < daemon->targets->len; i++) {
        const struct daemon_target *target = g_ptr_array_index(daemon->targets, i);
        known += !target->leaving;
        reached += !target->leaving && target->seen.said && target->seen.state.up;
    }
    g_autofree char *status = g_strdup_printf(
        "%u of %u targets reached, %u jobs at work%s", reached, known, daemon->jobs->len,
        keeper_trouble(daemon->keeper) ? ", the history is not written" : "");
    if (g_strcmp0(status, daemon->status) == 0)
        return;
    systemd_status("%s", status);
    g_free(daemon->status);
    daemon->status = g_steal_pointer(&status);
}

/* Once a day; what is recorded by a job forgets as well, but there may be none. */
static void forget_old(struct daemon *daemon, gint64 now_us)
{
    daemon->prune_us = now_us + G_TIME_SPAN_DAY;
    store_prune(keeper_store(daemon->keeper),
                g_get_real_time() - settings_int(daemon->settings, "history.keep") * 1000);
}

static gboolean on_tick(gpointer data)
{
    struct daemon *daemon = data;
    gint64 now_us = g_get_monotonic_time();
    gint64 wall_us = g_get_real_time();
    bool set_back = wall_us < daemon->last_wall_us - G_USEC_PER_SEC;

    if (daemon->stopping)
        return G_SOURCE_CONTINUE;
    daemon->last_wall_us = wall_us;
    targets_tick(daemon, now_us);
    keeper_tick(daemon->keeper, now_us);
    jobs_tick(daemon, wall_us);
    daemon_listen_tick(daemon);
    if (daemon->courier != NULL)
        courier_tick(daemon->courier, now_us);
    if (now_us >= daemon->prune_us)
        forget_old(daemon, now_us);
    if (wall_us >= daemon->wake_us || set_back)
        daemon_look_at_turns(daemon);
    tell_status(daemon);
    return G_SOURCE_CONTINUE;
}

static gboolean on_watchdog(gpointer data)
{
    (void) data;
    systemd_tell("WATCHDOG=1");
    return G_SOURCE_CONTINUE;
}

/* ---- the end -------------------------------------------------------------------------------------- */

void daemon_end_if_alone(struct daemon *daemon)
{
    /* Who calls may stand for a child that is just being buried, and is not counted any more. */
    if (daemon->stopping && child_count() == 0)
        g_main_loop_quit(daemon->loop);
}

/* The second time: at once. */
static void stop(struct daemon *daemon, int number)
{
    guint grace_ms = daemon->stopping ? 0 : STOP_MS;

    if (!daemon->stopping) {
        systemd_tell("STOPPING=1");
        journal_say(JOURNAL_NOTICE, "stopping on signal %d (%s)", number, g_strsignal(number));
    }
    daemon->stopping = true;
    jobs_stop(daemon, grace_ms);
    api_stop(daemon->api, grace_ms);
    targets_stop(daemon, grace_ms);
    if (daemon->courier != NULL)
        courier_stop(daemon->courier, grace_ms);
    daemon_end_if_alone(daemon);
}

static void on_signal(int number, gpointer data)
{
    struct daemon *daemon = data;

    if (number == SIGCHLD) {
        child_reap_all();
        daemon_end_if_alone(daemon);
    } else if (number == SIGHUP) {
        if (!daemon->stopping)
            daemon_reload(daemon);
    } else {
        stop(daemon, number);
    }
}

static void daemon_free(struct daemon *daemon)
{
    if (daemon->tick_source != 0)
        g_source_remove(daemon->tick_source);
    if (daemon->turn_source != 0)
        g_source_remove(daemon->turn_source);
    if (daemon->watchdog_source != 0)
        g_source_remove(daemon->watchdog_source);
    g_clear_pointer(&daemon->http, http_stop);
    api_free(daemon->api);
    g_ptr_array_unref(daemon->targets);
    g_ptr_array_unref(daemon->jobs);
    g_clear_pointer(&daemon->courier, courier_free);
    g_clear_pointer(&daemon->scheduler, scheduler_free);
    g_clear_pointer(&daemon->counts, metrics_counts_free);
    g_clear_pointer(&daemon->events, events_free);
    g_clear_pointer(&daemon->minutes, minutes_free);
    g_clear_pointer(&daemon->keeper, keeper_free);
    g_clear_pointer(&daemon->settings, settings_free);
    if (daemon->snapshot >= 0)
        close(daemon->snapshot);
    g_main_loop_unref(daemon->loop);
    signals_release();
    g_free(daemon->state);
    g_free(daemon->listen_sense);
    g_free(daemon->courier_sense);
    g_free(daemon->status);
    g_free(daemon);
}

/* ---- the beginning ---------------------------------------------------------------------------------- */

static void free_target(gpointer target)
{
    daemon_target_free(target);
}

static struct daemon *daemon_new(const struct daemon_options *options)
{
    struct daemon *daemon = g_new0(struct daemon, 1);

    daemon->options = options;
    daemon->snapshot = -1;
    daemon->started_us = g_get_monotonic_time();
    daemon->targets = g_ptr_array_new_with_free_func(free_target);
    daemon->jobs = g_ptr_array_new();
    daemon->api = api_new(daemon);
    daemon->loop = g_main_loop_new(NULL, FALSE);
    return daemon;
}

void daemon_apply(struct daemon *daemon)
{
    daemon->applied++;
    /* First: what the others open and close is to be told. */
    apply_courier(daemon);
    targets_apply(daemon);
    api_stale(daemon->api);
    jobs_apply(daemon);
}

static void open_history(struct daemon *daemon)
{
    daemon->state = settings_state_path(daemon->settings);
    daemon->keeper = keeper_new(daemon->state, on_store, daemon);
    daemon->events = events_new(keeper_store(daemon->keeper), on_event, daemon);
    daemon->scheduler = scheduler_new(keeper_store(daemon->keeper), g_get_real_time());
    daemon->counts = metrics_counts_new();
    daemon->minutes = minutes_new();
    scheduler_on_end(daemon->scheduler, on_turn, daemon);
}

static void say_started(const struct daemon *daemon)
{
    g_autofree char *where = daemon_where(daemon);
    g_autofree char *targets = units_format_counted(daemon->targets->len, "target");

    journal_say(JOURNAL_NOTICE, "version %s, %s, history %s, %s", RUNBOOK_VERSION, targets,
                daemon->state, where);
}

static void begin(struct daemon *daemon)
{
    gint64 watchdog_us = systemd_watchdog_us();

    systemd_keep_for_us();
    daemon_apply(daemon);
    events_close(daemon->events, "", "configuration", g_get_real_time(),
                 "the configuration is in order");
    events_close(daemon->events, "", "http", g_get_real_time(), "it is as the settings say");
    keeper_tick(daemon->keeper, g_get_monotonic_time());
    daemon->tick_source = g_timeout_add_seconds(1, on_tick, daemon);
    if (watchdog_us > 0)
        daemon->watchdog_source =
            g_timeout_add((guint) MAX(1, watchdog_us / 1000), on_watchdog, NULL);
    say_started(daemon);
    systemd_tell("READY=1");
}

/* What waits for the history has one more chance. */
static void write_last(struct daemon *daemon)
{
    gint64 now_us = g_get_monotonic_time();

    if (minutes_waiting(daemon->minutes) > 0) {
        keeper_tick(daemon->keeper, now_us);
        keeper_tick(daemon->keeper, now_us + G_TIME_SPAN_HOUR);
    }
    if (minutes_waiting(daemon->minutes) > 0)
        journal_say(JOURNAL_WARNING, "%u minutes of the watch could not be written down",
                    minutes_waiting(daemon->minutes));
}

bool daemon_run(const struct daemon_options *options, GError **error)
{
    struct daemon *daemon = daemon_new(options);
    bool started = daemon_load(daemon, error) && daemon_listen(daemon, error) &&
                   signals_catch(on_signal, daemon, error);

    /* A signal that came before it could be caught here. */
    if (started && interrupt_pending()) {
        journal_say(JOURNAL_NOTICE, "stopped before it began");
    } else if (started) {
        open_history(daemon);
        begin(daemon);
        g_main_loop_run(daemon->loop);
        write_last(daemon);
        journal_say(JOURNAL_NOTICE, "stopped");
    }
    daemon_free(daemon);
    return started;
}
