/*
 * Order and batches. Small tables share a statement: before 16 every VACUUM statement rewrites
 * the database-wide freeze statistics at its end, which reads all of pg_class.
 */
#include "vacuum.h"

enum { BATCH_TABLES = 500, BATCHES_PER_LANE = 4 };
static const double SHORT_SECONDS = 0.25; /* less is not worth a connection of its own */
static const double BATCH_SECONDS = 10;  /* so that lanes end together and a cut costs little */
static const double FITS_FRACTION = 0.8; /* predictions are guesses: leave some room */

void vacuum_batch_free(gpointer data)
{
    struct vacuum_batch *batch = data;

    g_ptr_array_unref(batch->choices);
    g_free(batch->warning);
    g_free(batch);
}

static bool acts(const struct vacuum_choice *choice)
{
    return choice->vacuum || choice->analyze;
}

static double density(const struct vacuum_choice *choice)
{
    return choice->benefit / MAX(choice->predicted_seconds, 0.001);
}

/* In the order they are done. Parents come after their partitions were cleaned; pg_statistic
 * last, because every ANALYZE before leaves dead rows in it. */
enum rank { RANK_EMERGENCY, RANK_CARRIED_OVER, RANK_ORDINARY, RANK_PARENT, RANK_STATISTIC };

static enum rank rank_of(const struct vacuum_choice *choice)
{
    if (choice->table->oid == VACUUM_PG_STATISTIC)
        return RANK_STATISTIC;
    if (choice->table->kind == 'p')
        return RANK_PARENT;
    if (choice->needs & VACUUM_NEED_EMERGENCY)
        return RANK_EMERGENCY;
    return choice->table->carried_over ? RANK_CARRIED_OVER : RANK_ORDINARY;
}

static int compare_doubles(double first, double second)
{
    return (first > second) - (first < second);
}

static gint by_merit(gconstpointer left, gconstpointer right, gpointer server)
{
    const struct vacuum_choice *a = *(const struct vacuum_choice *const *) left;
    const struct vacuum_choice *b = *(const struct vacuum_choice *const *) right;
    int ranks = (int) rank_of(a) - (int) rank_of(b);

    if (ranks == 0 && rank_of(a) == RANK_EMERGENCY)
        ranks = compare_doubles(vacuum_freeze_ratio(server, b->table),
                                vacuum_freeze_ratio(server, a->table));
    if (ranks != 0)
        return ranks;
    int densities = compare_doubles(density(b), density(a));
    return densities != 0 ? densities : compare_doubles(a->table->oid, b->table->oid);
}

static GPtrArray *by_order_of_merit(struct vacuum_case *state)
{
    GPtrArray *list = g_ptr_array_new();

    for (guint i = 0; i < state->choices->len; i++) {
        struct vacuum_choice *choice = &g_array_index(state->choices, struct vacuum_choice, i);
        if (acts(choice))
            g_ptr_array_add(list, choice);
    }
    g_ptr_array_sort_with_data(list, by_merit, &state->server);
    return list;
}

static bool is_big(const struct vacuum_case *state, const struct vacuum_choice *choice)
{
    return choice->vacuum &&
           vacuum_bytes(&state->server, choice->table) >= state->rules.big_bytes;
}

static struct vacuum_batch *batch_new(const struct vacuum_case *state,
                                      const struct vacuum_choice *first)
{
    struct vacuum_batch *batch = g_new0(struct vacuum_batch, 1);

    batch->choices = g_ptr_array_new();
    batch->vacuum = first->vacuum;
    batch->analyze = first->analyze;
    batch->freeze = first->freeze;
    batch->parent = first->table->kind == 'p';
    batch->phase = rank_of(first) == RANK_STATISTIC ? 2 : rank_of(first) == RANK_PARENT ? 1 : 0;
    batch->alone = batch->parent || is_big(state, first);
    if (batch->alone && first->table->big_indexes > 1)
        batch->workers = MIN(first->table->big_indexes, state->server.parallel_workers);
    return batch;
}

static bool belongs(const struct vacuum_case *state, const struct vacuum_batch *batch,
                    const struct vacuum_choice *choice, double limit)
{
    const struct vacuum_choice *first = g_ptr_array_index(batch->choices, 0);

    return !batch->alone && !is_big(state, choice) && choice->table->kind != 'p' &&
           batch->vacuum == choice->vacuum && batch->analyze == choice->analyze &&
           batch->freeze == choice->freeze && rank_of(first) == rank_of(choice) &&
           batch->choices->len < BATCH_TABLES && batch->predicted_seconds < limit;
}

/* Small enough that all lanes get some, large enough to be worth a statement. */
static double batch_limit(const struct vacuum_case *state, const GPtrArray *list)
{
    double total = 0;

    for (guint i = 0; i < list->len; i++) {
        const struct vacuum_choice *choice = g_ptr_array_index(list, i);
        if (!is_big(state, choice) && choice->table->kind != 'p')
            total += choice->predicted_seconds;
    }
    double share = total / (state->rules.lanes * BATCHES_PER_LANE);

    return CLAMP(share, SHORT_SECONDS, BATCH_SECONDS);
}

/* A small table joins the last open batch of its kind, so a batch stands where its best table
 * stands. */
static GPtrArray *make_batches(const struct vacuum_case *state, const GPtrArray *list)
{
    GPtrArray *batches = g_ptr_array_new_with_free_func(vacuum_batch_free);
    double limit = batch_limit(state, list);

    for (guint i = 0; i < list->len; i++) {
        struct vacuum_choice *choice = g_ptr_array_index(list, i);
        struct vacuum_batch *home = NULL;
        for (guint j = batches->len; j > 0 && home == NULL; j--) {
            struct vacuum_batch *batch = g_ptr_array_index(batches, j - 1);
            if (belongs(state, batch, choice, limit))
                home = batch;
        }
        if (home == NULL) {
            home = batch_new(state, choice);
            g_ptr_array_add(batches, home);
        }
        g_ptr_array_add(home->choices, choice);
        home->predicted_seconds += choice->predicted_seconds;
    }
    return batches;
}

/* Moves the batches longer than a lane's fair share to where the ordinary ones begin, longest
 * first. */
static void start_long_ones_early(const struct vacuum_case *state, GPtrArray *batches,
                                  double left_seconds)
{
    double total = 0;
    guint begin = 0;

    for (guint i = 0; i < batches->len; i++)
        total += ((struct vacuum_batch *) g_ptr_array_index(batches, i))->predicted_seconds;
    double share = total / state->rules.lanes;
    if (state->rules.lanes == 1 || (left_seconds >= 0 && share > left_seconds * FITS_FRACTION))
        return;
    while (begin < batches->len) {
        const struct vacuum_batch *batch = g_ptr_array_index(batches, begin);
        if (rank_of(g_ptr_array_index(batch->choices, 0)) >= RANK_ORDINARY)
            break;
        begin++;
    }
    for (guint i = begin; i < batches->len; i++) {
        struct vacuum_batch *batch = g_ptr_array_index(batches, i);
        if (batch->phase > 0 || batch->predicted_seconds < share / 2)
            continue;
        guint at = begin;
        while (at < i &&
               ((struct vacuum_batch *) g_ptr_array_index(batches, at))->predicted_seconds >=
                   batch->predicted_seconds)
            at++;
        memmove(&batches->pdata[at + 1], &batches->pdata[at], (i - at) * sizeof(gpointer));
        batches->pdata[at] = batch;
    }
}

GPtrArray *vacuum_order(struct vacuum_case *state, double left_seconds)
{
    g_autoptr(GPtrArray) list = by_order_of_merit(state);
    GPtrArray *batches = make_batches(state, list);
    int order = 0;

    start_long_ones_early(state, batches, left_seconds);
    for (guint i = 0; i < batches->len; i++) {
        const struct vacuum_batch *batch = g_ptr_array_index(batches, i);
        for (guint j = 0; j < batch->choices->len; j++) {
            struct vacuum_choice *choice = g_ptr_array_index(batch->choices, j);
            choice->order = ++order;
            choice->step = (int) i + 1;
        }
    }
    return batches;
}
