/* What ran for the target, and what came of it. */
#include "gather/gather.h"

#include <string.h>

enum { RUN_AT, RUN_SECONDS, RUN_SUCCESS, RUN_DONE_AT, RUNS_BEGUN };
const struct metric gather_history_metrics[] = {
    [RUN_AT] = {"last_run_timestamp_seconds", METRIC_GAUGE, "seconds",
                "When the last run that is over began, as Unix time", "section verb", false},
    [RUN_SECONDS] = {"last_run_duration_seconds", METRIC_GAUGE, "seconds",
                     "How long the last run that is over took", "section verb", false},
    [RUN_SUCCESS] = {"last_run_success", METRIC_GAUGE, NULL,
                     "Whether the last run did all it had to: 1, else 0", "section verb",
                     false},
    [RUN_DONE_AT] = {"last_success_timestamp_seconds", METRIC_GAUGE, "seconds",
                     "When the last run that did all it had to ended, as Unix time",
                     "section verb", false},
    [RUNS_BEGUN] = {"running", METRIC_GAUGE, NULL, "Runs that are under way", NULL, false},
    {.name = NULL},
};

/* As far back as it is looked: what runs once a month is there beside what runs each minute. */
enum { MOST_RUNS = 20000 };

struct tally {
    struct measure *measure;
    GHashTable *seen, *succeeded; /* sets of "section verb" */
    guint running;
};

static double seconds_of(gint64 wall_us)
{
    return (double) wall_us / G_USEC_PER_SEC;
}

static void add_last(struct tally *tally, const struct store_run_view *run, bool success)
{
    const struct metric *metrics = gather_history_metrics;

    measure_add(tally->measure, &metrics[RUN_AT], seconds_of(run->started_us), run->section,
                run->verb);
    measure_add(tally->measure, &metrics[RUN_SUCCESS], success, run->section, run->verb);
    if (run->ended_us > 0) /* else its process died */
        measure_add(tally->measure, &metrics[RUN_SECONDS],
                    seconds_of(run->ended_us - run->started_us), run->section, run->verb);
}

/* Newest first. */
static void take(const struct store_run_view *run, gpointer data)
{
    struct tally *tally = data;
    bool success = strcmp(run->outcome, "done") == 0;

    if (strcmp(run->outcome, "running") == 0) {
        tally->running++;
        return;
    }
    char *key = g_strconcat(run->section, " ", run->verb, NULL);
    if (g_hash_table_add(tally->seen, g_strdup(key)))
        add_last(tally, run, success);
    if (success && g_hash_table_add(tally->succeeded, g_strdup(key)))
        measure_add(tally->measure, &gather_history_metrics[RUN_DONE_AT],
                    seconds_of(run->ended_us), run->section, run->verb);
    g_free(key);
}

bool gather_history_measure(struct measure *measure, GError **error)
{
    const char *target = measure_target(measure);
    struct tally tally = {.measure = measure};

    if (target == NULL)
        return true; /* others' runs are none of ours */
    tally.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    tally.succeeded = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    bool read =
        store_each_run(measure_store(measure), NULL, target, MOST_RUNS, take, &tally, error);
    if (read)
        measure_add(measure, &gather_history_metrics[RUNS_BEGUN], tally.running);
    g_hash_table_unref(tally.seen);
    g_hash_table_unref(tally.succeeded);
    return read;
}
