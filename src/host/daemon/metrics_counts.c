/* What no record in memory tells any more when it is asked for: turns that ended, minutes gone by. */
#include "daemon/metrics_counts.h"

#include <string.h>

static void turns_free(gpointer data)
{
    struct metrics_turns *turns = data;

    g_free(turns->target);
    g_free(turns->job);
    g_free(turns->outcome);
    g_free(turns);
}

struct metrics_counts *metrics_counts_new(void)
{
    struct metrics_counts *counts = g_new0(struct metrics_counts, 1);

    counts->turns = g_ptr_array_new_with_free_func(turns_free);
    counts->minutes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return counts;
}

void metrics_counts_free(struct metrics_counts *counts)
{
    if (counts == NULL)
        return;
    g_ptr_array_unref(counts->turns);
    g_hash_table_unref(counts->minutes);
    g_free(counts);
}

static struct metrics_turns *turns_of(struct metrics_counts *counts,
                                      const struct store_turn *turn)
{
    for (guint i = 0; i < counts->turns->len; i++) {
        struct metrics_turns *turns = g_ptr_array_index(counts->turns, i);
        if (strcmp(turns->target, turn->target) == 0 &&
            strcmp(turns->job, turn->section) == 0 &&
            strcmp(turns->outcome, turn->outcome) == 0)
            return turns;
    }
    struct metrics_turns *turns = g_new0(struct metrics_turns, 1);
    turns->target = g_strdup(turn->target);
    turns->job = g_strdup(turn->section);
    turns->outcome = g_strdup(turn->outcome);
    g_ptr_array_add(counts->turns, turns);
    return turns;
}

void metrics_count_turn(struct metrics_counts *counts, const struct store_turn *turn)
{
    struct metrics_turns *turns = turns_of(counts, turn);

    turns->count++;
    turns->last_us = MAX(turns->last_us, turn->ended_us > 0 ? turn->ended_us : turn->turn_us);
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
