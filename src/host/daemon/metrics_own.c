#include "daemon/metrics_own.h"

#include "daemon/daemon_private.h"
#include "daemon/metrics_counts.h"

#include <string.h>
#include <unistd.h>

/* ---- of the targets, by their watches ------------------------------------------------------ */

enum { UP, ACTS, SLOTS, SESSIONS, SAMPLE_AGE, SAMPLES, MISSED };
const struct metric metrics_watch[] = {
    [UP] = {"up", METRIC_GAUGE, NULL, "Whether the watch is connected to the target: 1, else 0",
            "target", false},
    [ACTS] = {"acts", METRIC_GAUGE, NULL,
              "Whether this daemon does the target's jobs: 1, else 0", "target", false},
    [SLOTS] = {"slots", METRIC_GAUGE, NULL,
               "Connections: those ordinary roles may have, and those used, at the last sample",
               "target kind", false},
    [SESSIONS] = {"sessions", METRIC_GAUGE, NULL,
                  "Sessions of clients by what they did at the last sample", "target state",
                  false},
    [SAMPLE_AGE] = {"sample_age_seconds", METRIC_GAUGE, "seconds",
                    "How long ago the watch last looked", "target", false},
    [SAMPLES] = {"samples", METRIC_COUNTER, NULL,
                 "Looks of the watch in the minutes that are over", "target", false},
    [MISSED] = {"missed_samples", METRIC_COUNTER, NULL,
                "Seconds without a look in the minutes that are over", "target", false},
    {.name = NULL},
};

static double age_of(gint64 at_us, gint64 now_us)
{
    return (double) MAX(now_us - at_us, 0) / G_USEC_PER_SEC;
}

static void measure_sample(struct measure *measure, const char *name,
                           const struct watch_sample *sample)
{
    const struct {
        const char *state;
        int count;
    } states[] = {{"active", sample->active},
                  {"idle", sample->idle},
                  {"in_transaction", sample->in_transaction},
                  {"waiting", sample->waiting}};

    measure_add(measure, &metrics_watch[SLOTS], (double) sample->ordinary, name, "ordinary");
    measure_add(measure, &metrics_watch[SLOTS], (double) sample->used, name, "used");
    for (guint i = 0; i < G_N_ELEMENTS(states); i++)
        measure_add(measure, &metrics_watch[SESSIONS], (double) states[i].count, name,
                    states[i].state);
}

/* Slots of a target that is down would be those of a time before. */
static void measure_watch(struct measure *measure, const struct daemon_target *target,
                          gint64 now_us)
{
    const struct target_seen *seen = &target->seen;
    bool up = seen->said && seen->state.up;
    const struct metrics_minutes *minutes =
        g_hash_table_lookup(target->daemon->counts->minutes, target->name);

    measure_add(measure, &metrics_watch[UP], (double) up, target->name);
    measure_add(measure, &metrics_watch[ACTS], (double) (up && seen->state.acts), target->name);
    if (seen->sample_us > 0)
        measure_add(measure, &metrics_watch[SAMPLE_AGE], age_of(seen->sample_us, now_us),
                    target->name);
    if (up && seen->sample_us > 0)
        measure_sample(measure, target->name, &seen->sample);
    measure_add(measure, &metrics_watch[SAMPLES],
                minutes != NULL ? (double) minutes->samples : 0.0, target->name);
    measure_add(measure, &metrics_watch[MISSED],
                minutes != NULL ? (double) minutes->missed : 0.0, target->name);
}

/* ---- of the daemon ------------------------------------------------------------------------- */

enum {
    INFO,
    UPTIME,
    MEMORY,
    TARGETS,
    JOBS,
    HISTORY,
    CONNECTIONS,
    STREAMS,
    EVENTS,
    TURNS,
    TURN_WELL,
    TURN_FAILED,
    TURN_MISSED,
    GATHER_AGE,
    GATHER_INTERVAL,
    GATHER_SUCCESS,
    GATHER_SECONDS,
};
const struct metric metrics_serve[] = {
    [INFO] = {"info", METRIC_GAUGE, NULL, "Always 1; the version is a label", "version", false},
    [UPTIME] = {"uptime_seconds", METRIC_GAUGE, "seconds", "How long the daemon has run", NULL,
                false},
    [MEMORY] = {"resident_memory_bytes", METRIC_GAUGE, "bytes",
                "Memory of the daemon itself, without its children", NULL, false},
    [TARGETS] = {"targets", METRIC_GAUGE, NULL, "Targets there are", NULL, false},
    [JOBS] = {"jobs_running", METRIC_GAUGE, NULL, "Scheduled jobs that run", NULL, false},
    [HISTORY] = {"history_writable", METRIC_GAUGE, NULL,
                 "Whether the history can be written: 1, else 0", NULL, false},
    [CONNECTIONS] = {"http_connections", METRIC_GAUGE, NULL, "Connections of HTTP clients",
                     NULL, false},
    [STREAMS] = {"http_streams", METRIC_GAUGE, NULL, "Streams of events to HTTP clients", NULL,
                 false},
    [EVENTS] = {"open_events", METRIC_GAUGE, NULL,
                "Events that are open; target empty: of the daemon itself", "target severity",
                false},
    /* Not "job": that label is Prometheus' own, for what it scrapes. */
    [TURNS] = {"turns", METRIC_COUNTER, NULL,
               "Turns of scheduled jobs that ended since the daemon's start",
               "target task outcome", false},
    [TURN_WELL] = {"turn_last_success_timestamp_seconds", METRIC_GAUGE, "seconds",
                   "When a turn of the job last went well, in part at least, as Unix time",
                   "target task", false},
    [TURN_FAILED] = {"turn_last_failure_timestamp_seconds", METRIC_GAUGE, "seconds",
                     "When a turn of the job last failed, was refused or interrupted, as Unix "
                     "time",
                     "target task", false},
    [TURN_MISSED] = {"turn_last_missed_timestamp_seconds", METRIC_GAUGE, "seconds",
                     "When a turn of the job was last found to be missed, as Unix time",
                     "target task", false},
    [GATHER_AGE] = {"gather_age_seconds", METRIC_GAUGE, "seconds",
                    "How old the target's gathered figures are", "target", false},
    [GATHER_INTERVAL] = {"gather_interval_seconds", METRIC_GAUGE, "seconds",
                         "How often they are gathered (setting http.gather)", "target", false},
    [GATHER_SUCCESS] = {"gather_success", METRIC_GAUGE, NULL,
                        "Whether the last gathering brought all: 1, else 0", "target", false},
    [GATHER_SECONDS] = {"gather_duration_seconds", METRIC_GAUGE, "seconds",
                        "How long the last gathering took", "target", false},
    {.name = NULL},
};

/* 0: not known. */
static double resident_bytes(void)
{
    g_autofree char *text = NULL;

    /* "PAGES RESIDENT …" */
    if (!g_file_get_contents("/proc/self/statm", &text, NULL, NULL))
        return 0;
    const char *second = strchr(text, ' ');
    return second == NULL
               ? 0
               : (double) g_ascii_strtoull(second, NULL, 10) * (double) sysconf(_SC_PAGESIZE);
}

static void measure_process(struct measure *measure, const struct daemon *daemon)
{
    double uptime = (double) (g_get_monotonic_time() - daemon->started_us) / G_USEC_PER_SEC;

    measure_add(measure, &metrics_serve[INFO], 1.0, RUNBOOK_VERSION);
    measure_add(measure, &metrics_serve[UPTIME], uptime);
    measure_add(measure, &metrics_serve[MEMORY], resident_bytes());
    measure_add(measure, &metrics_serve[TARGETS], (double) daemon->targets->len);
    measure_add(measure, &metrics_serve[JOBS], (double) scheduler_running(daemon->scheduler));
    measure_add(measure, &metrics_serve[HISTORY],
                (double) (keeper_trouble(daemon->keeper) == NULL));
    measure_add(measure, &metrics_serve[CONNECTIONS], (double) http_connections(daemon->http));
    measure_add(measure, &metrics_serve[STREAMS], (double) http_streams(daemon->http));
}

struct severities {
    guint info, warning, critical;
};

static void count_event(const struct store_event *event, gpointer data)
{
    struct severities *severities = data;

    if (strcmp(event->severity, "critical") == 0)
        severities->critical++;
    else if (strcmp(event->severity, "warning") == 0)
        severities->warning++;
    else
        severities->info++;
}

/* Each severity always, so that an alert sees it end. */
static void measure_events(struct measure *measure, const struct daemon *daemon,
                           const char *target)
{
    struct severities severities = {0};
    const struct metric *metric = &metrics_serve[EVENTS];

    events_each(daemon->events, target, count_event, &severities);
    measure_add(measure, metric, (double) severities.info, target, "info");
    measure_add(measure, metric, (double) severities.warning, target, "warning");
    measure_add(measure, metric, (double) severities.critical, target, "critical");
}

static void measure_moment(struct measure *measure, const struct metric *metric, gint64 at_us,
                           const struct metrics_task *task)
{
    if (at_us > 0)
        measure_add(measure, metric, (double) at_us / G_USEC_PER_SEC, task->target, task->name);
}

static void measure_turns(struct measure *measure, const struct daemon *daemon)
{
    for (guint i = 0; i < daemon->counts->tasks->len; i++) {
        const struct metrics_task *task = g_ptr_array_index(daemon->counts->tasks, i);
        if (targets_find(daemon, task->target) == NULL)
            continue;
        for (guint at = 0; at < METRICS_OUTCOMES; at++)
            measure_add(measure, &metrics_serve[TURNS], (double) task->counts[at], task->target,
                        task->name, metrics_outcomes[at]);
        measure_moment(measure, &metrics_serve[TURN_WELL], task->well_us, task);
        measure_moment(measure, &metrics_serve[TURN_FAILED], task->failed_us, task);
        measure_moment(measure, &metrics_serve[TURN_MISSED], task->missed_us, task);
    }
}

/* 0: they are not gathered by themselves. */
static gint64 round_ms(const struct daemon_target *target)
{
    return settings_int(target->settings, "http.gather");
}

static void measure_gather(struct measure *measure, const struct daemon_target *target,
                           gint64 now_us)
{
    struct gather_seen seen = gather_seen(target->gather);

    if (round_ms(target) > 0)
        measure_add(measure, &metrics_serve[GATHER_INTERVAL], (double) round_ms(target) / 1000,
                    target->name);
    if (seen.families != NULL)
        measure_add(measure, &metrics_serve[GATHER_AGE], age_of(seen.families_us, now_us),
                    target->name);
    if (seen.ended_us == 0)
        return;
    measure_add(measure, &metrics_serve[GATHER_SUCCESS], (double) (seen.trouble == NULL),
                target->name);
    measure_add(measure, &metrics_serve[GATHER_SECONDS], (double) seen.took_us / G_USEC_PER_SEC,
                target->name);
}

static json_t *own_families(const struct daemon *daemon, gint64 now_us)
{
    AUTO(measure) measure = measure_new(NULL, NULL, NULL, NULL, 0);

    measure_section(measure, "watch", NULL);
    for (guint i = 0; i < daemon->targets->len; i++) {
        const struct daemon_target *target = g_ptr_array_index(daemon->targets, i);
        if (!target->leaving)
            measure_watch(measure, target, now_us);
    }
    measure_section(measure, "serve", NULL);
    measure_process(measure, daemon);
    measure_events(measure, daemon, "");
    measure_turns(measure, daemon);
    for (guint i = 0; i < daemon->targets->len; i++) {
        const struct daemon_target *target = g_ptr_array_index(daemon->targets, i);
        if (target->leaving)
            continue;
        measure_events(measure, daemon, target->name);
        measure_gather(measure, target, now_us);
    }
    return measure_families(measure);
}

/* ---- the answer ---------------------------------------------------------------------------- */

enum { LEAST_ROUND_MS = 60000 /* one gathering may take that long */ };

/* Figures of a target that was not gathered three times in a row are no longer those of now. */
static bool is_stale(const struct daemon_target *target, gint64 at_us, gint64 now_us)
{
    return now_us - at_us > 3 * MAX(round_ms(target), LEAST_ROUND_MS) * 1000;
}

bool metrics_wants_openmetrics(const char *accept)
{
    return accept != NULL && strstr(accept, "application/openmetrics-text") != NULL;
}

void metrics_answer(struct http_request *request, gpointer data)
{
    const struct daemon *daemon = data;
    gint64 now_us = g_get_real_time();
    bool open = metrics_wants_openmetrics(http_request_header(request, "Accept"));
    g_autoptr(GArray) parts = g_array_new(FALSE, FALSE, sizeof(struct metrics_part));
    json_t *own = own_families(daemon, now_us);
    struct metrics_part part = {.families = own};

    g_array_append_val(parts, part);
    for (guint i = 0; i < daemon->targets->len; i++) {
        const struct daemon_target *target = g_ptr_array_index(daemon->targets, i);
        struct gather_seen seen = gather_seen(target->gather);
        part = (struct metrics_part){target->name, seen.families};
        if (!target->leaving && seen.families != NULL &&
            !is_stale(target, seen.families_us, now_us))
            g_array_append_val(parts, part);
    }
    g_autofree char *text =
        metrics_text((const struct metrics_part *) (gpointer) parts->data, parts->len, open);
    json_decref(own);
    http_answer_text(request, 200,
                     open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                          : "text/plain; version=0.0.4; charset=utf-8",
                     text, "Vary", "Accept", NULL);
}
