/* What no record in memory tells any more when it is asked for: turns that ended, minutes gone by. */
#include "daemon/metrics_counts.h"

#include <string.h>

const char *const metrics_outcomes[METRICS_OUTCOMES + 1] = {
    "done", "partly", "failed", "refused", "interrupted", "missed", "elsewhere", NULL};

/* As far back as a job's turns are looked at when the daemon starts. */
enum { MOST_TURNS = 100 };

static void task_free(gpointer data)
{
    struct metrics_task *task = data;

    g_free(task->target);
    g_free(task->name);
    g_free(task);
}

struct metrics_counts *metrics_counts_new(void)
{
    struct metrics_counts *counts = g_new0(struct metrics_counts, 1);

    counts->tasks = g_ptr_array_new_with_free_func(task_free);
    counts->minutes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return counts;
}

void metrics_counts_free(struct metrics_counts *counts)
{
    if (counts == NULL)
        return;
    g_ptr_array_unref(counts->tasks);
    g_hash_table_unref(counts->minutes);
    g_free(counts);
}

static struct metrics_task *find_task(const struct metrics_counts *counts, const char *target,
                                      const char *name)
{
    for (guint i = 0; i < counts->tasks->len; i++) {
        struct metrics_task *task = g_ptr_array_index(counts->tasks, i);
        if (strcmp(task->target, target) == 0 && strcmp(task->name, name) == 0)
            return task;
    }
    return NULL;
}

static struct metrics_task *new_task(struct metrics_counts *counts, const char *target,
                                     const char *name)
{
    struct metrics_task *task = g_new0(struct metrics_task, 1);

    task->target = g_strdup(target);
    task->name = g_strdup(name);
    g_ptr_array_add(counts->tasks, task);
    return task;
}

/* A turn's end is when it was known, which for one that was missed may be long after it was due. */
static void note_end(const struct store_turn *turn, gpointer data)
{
    struct metrics_task *task = data;
    gint64 at_us = turn->ended_us > 0 ? turn->ended_us : turn->turn_us;
    const char *outcome = turn->outcome;

    if (strcmp(outcome, "done") == 0 || strcmp(outcome, "partly") == 0)
        task->well_us = MAX(task->well_us, at_us);
    else if (strcmp(outcome, "failed") == 0 || strcmp(outcome, "refused") == 0 ||
             strcmp(outcome, "interrupted") == 0)
        task->failed_us = MAX(task->failed_us, at_us);
    else if (strcmp(outcome, "missed") == 0)
        task->missed_us = MAX(task->missed_us, at_us);
}

void metrics_know_task(struct metrics_counts *counts, struct store *store, const char *target,
                       const char *name)
{
    if (find_task(counts, target, name) != NULL)
        return;
    struct metrics_task *task = new_task(counts, target, name);
    /* What cannot be read is not known: monitoring sees the history's trouble as a figure. */
    if (store != NULL)
        (void) store_each_turn(store, target, name, MOST_TURNS, note_end, task, NULL);
}

void metrics_count_turn(struct metrics_counts *counts, const struct store_turn *turn)
{
    struct metrics_task *task = find_task(counts, turn->target, turn->section);

    if (task == NULL)
        task = new_task(counts, turn->target, turn->section);
    for (guint i = 0; i < METRICS_OUTCOMES; i++)
        task->counts[i] += strcmp(metrics_outcomes[i], turn->outcome) == 0;
    note_end(turn, task);
}

void metrics_count_minute(struct metrics_counts *counts, const char *target,
                          const struct store_minute *minute)
{
    struct metrics_minutes *minutes = g_hash_table_lookup(counts->minutes, target);

    if (minutes == NULL) {
        minutes = g_new0(struct metrics_minutes, 1);
        g_hash_table_insert(counts->minutes, g_strdup(target), minutes);
    }
    minutes->samples += minute->samples;
    minutes->missed += minute->missed;
}
