#include "daemon/scheduler_sim.h"

#include "calendar/schedule.h"
#include "daemon/scheduler.h"
#include "plan/plan.h"
#include "store/store_internal.h"

#include <string.h>

struct outage {
    gint64 from_us, until_us;
    const char *target; /* NULL: of the daemon */
};

/* A job at work. */
struct work {
    struct scheduler_order order;
    gint64 started_us, end_us;
    int exit_code;
};

struct sim {
    const struct sim_plan *plan;
    GRand *random;
    gint64 now_us;
    struct store *store;
    struct scheduler *scheduler; /* NULL: the daemon is down */
    GArray *outages;             /* of struct outage */
    GArray *steps;               /* of gint64: moments at which the clock is set */
    GArray *work;                /* of struct work */
    GHashTable *successes;       /* "target section turn" → how often */
    struct sim_result result;
};

static char *key_of(const char *target, const char *section, gint64 turn_us)
{
    return g_strdup_printf("%s %s %" G_GINT64_FORMAT, target, section, turn_us);
}

static gint64 between(struct sim *sim, gint64 low, gint64 high)
{
    return low + (gint64) (g_rand_double(sim->random) * (double) (high - low));
}

static bool chance(struct sim *sim, double probability)
{
    return g_rand_double(sim->random) < probability;
}

/* ---- outages ---------------------------------------------------------------------------------- */

/* A turn of any job, after a random moment. */
static gint64 some_turn(struct sim *sim)
{
    const struct sim_plan *plan = sim->plan;
    const struct sim_job *job =
        &plan->jobs[g_rand_int_range(sim->random, 0, (gint32) plan->jobs_count)];
    AUTO(schedule) schedule = schedule_parse(job->schedule, NULL);
    g_autoptr(GTimeZone) zone = schedule_zone(job->zone, NULL);
    const gint64 moment = between(sim, plan->from_us, plan->until_us) / G_USEC_PER_SEC;

    return schedule_next(schedule, zone, moment) * G_USEC_PER_SEC;
}

/* Half of them begin about a turn, where they hurt; from a minute to four days. */
static void plan_outage(struct sim *sim, const char *target)
{
    const gint64 about = G_TIME_SPAN_HOUR;
    struct outage outage = {.target = target};
    gint64 length = between(sim, 1, 60) * G_TIME_SPAN_MINUTE;

    outage.from_us = chance(sim, 0.5) ? some_turn(sim) + between(sim, -about, about)
                                      : between(sim, sim->plan->from_us, sim->plan->until_us);
    if (chance(sim, 0.6))
        length = between(sim, 1, 96) * G_TIME_SPAN_HOUR;
    outage.until_us = MIN(outage.from_us + length, sim->plan->until_us);
    g_array_append_val(sim->outages, outage);
}

static void plan_outages(struct sim *sim)
{
    const struct sim_plan *plan = sim->plan;

    for (guint i = 0; i < plan->daemon_outages; i++)
        plan_outage(sim, NULL);
    for (guint i = 0; i < plan->target_outages; i++)
        plan_outage(
            sim,
            plan->jobs[g_rand_int_range(sim->random, 0, (gint32) plan->jobs_count)].target);
    for (guint i = 0; i < plan->clock_steps; i++) {
        const gint64 moment = between(sim, plan->from_us, plan->until_us);
        g_array_append_val(sim->steps, moment);
    }
}

/* Whether that target (NULL: the daemon) is down; *ret_change: when that changes next. */
static bool is_down(const struct sim *sim, const char *target, gint64 *ret_change)
{
    bool down = false;

    for (guint i = 0; i < sim->outages->len; i++) {
        const struct outage *outage = &g_array_index(sim->outages, struct outage, i);
        if (g_strcmp0(outage->target, target) != 0)
            continue;
        down = down || (sim->now_us >= outage->from_us && sim->now_us < outage->until_us);
        if (outage->from_us > sim->now_us)
            *ret_change = MIN(*ret_change, outage->from_us);
        if (outage->until_us > sim->now_us)
            *ret_change = MIN(*ret_change, outage->until_us);
    }
    return down;
}

/* ---- the daemon ------------------------------------------------------------------------------- */

static void set_places(struct sim *sim, gint64 *ret_change)
{
    for (guint i = 0; i < sim->plan->jobs_count; i++) {
        const char *target = sim->plan->jobs[i].target;
        const bool down = is_down(sim, target, ret_change);
        if (sim->scheduler != NULL)
            scheduler_set_place(sim->scheduler, target, down ? SCHEDULER_DOWN : SCHEDULER_HERE,
                                "it was not reachable");
    }
}

static void start_daemon(struct sim *sim)
{
    const struct sim_plan *plan = sim->plan;
    g_autofree struct scheduler_job *jobs = g_new0(struct scheduler_job, plan->jobs_count);

    for (guint i = 0; i < plan->jobs_count; i++)
        jobs[i] = (struct scheduler_job){
            .target = plan->jobs[i].target,
            .section = plan->jobs[i].section,
            .verb = "run",
            .schedule = plan->jobs[i].schedule,
            .zone = plan->jobs[i].zone,
            .window_ms = plan->jobs[i].window_ms,
        };
    if (plan->path != NULL)
        sim->store = store_open(plan->path);
    sim->scheduler = scheduler_new(sim->store, sim->now_us);
    scheduler_set_limit(sim->scheduler, plan->limit);
    scheduler_set_jobs(sim->scheduler, jobs, plan->jobs_count, sim->now_us);
}

/* What the command line itself tells the history. */
static void record_run(struct sim *sim, const struct work *work, const char *outcome)
{
    g_autofree char *sql = g_strdup_printf(
        "INSERT INTO run (section, verb, target, version_num, started_us, ended_us, pid, "
        "pid_started, outcome) VALUES ('%s', 'run', '%s', 0, %" G_GINT64_FORMAT
        ", %" G_GINT64_FORMAT ", 1, 1, '%s')",
        work->order.section, work->order.target, work->started_us, sim->now_us, outcome);

    g_assert_cmpint(sqlite3_exec(sim->store->db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
}

static void succeed(struct sim *sim, const struct work *work)
{
    char *key = key_of(work->order.target, work->order.section, work->order.turn_us);
    const guint times = GPOINTER_TO_UINT(g_hash_table_lookup(sim->successes, key)) + 1;

    g_assert_cmpuint(times, ==, 1);
    g_hash_table_replace(sim->successes, key, GUINT_TO_POINTER(times));
}

/* What was at work is killed; now and then it had done its work and told the history so. A clock
 * that was set back would hide that. */
static void kill_daemon(struct sim *sim)
{
    for (guint i = 0; i < sim->work->len; i++) {
        const struct work *work = &g_array_index(sim->work, struct work, i);
        if (work->exit_code == 0 && sim->plan->clock_steps == 0 && chance(sim, 0.3)) {
            succeed(sim, work);
            record_run(sim, work, "done");
            sim->result.done_unheard++;
        }
        sim->result.killed++;
    }
    g_array_set_size(sim->work, 0);
    g_clear_pointer(&sim->scheduler, scheduler_free);
    g_assert_cmpstr(store_trouble(sim->store), ==, NULL);
    if (sim->plan->path != NULL)
        g_clear_pointer(&sim->store, store_close);
}

/* ---- jobs ------------------------------------------------------------------------------------- */

static const struct ending {
    double until; /* of a number from 0 to 1 */
    int exit_code;
    const char *reason;
} endings[] = {
    {0.75, 0, NULL},
    {0.80, 5, NULL},
    {0.90, 1, "it failed"},
    {0.94, 3, "connection lost"},
    {0.96, -1, "killed"},
    {0.98, 4, PLAN_LOCK_HELD},
    {0.99, 4, "it is a standby"},
    {1.00, 2, "unknown setting"},
};

static void begin_work(struct sim *sim, const struct scheduler_order *order)
{
    const double draw = g_rand_double(sim->random);
    const struct ending *ending = endings;
    struct work work = {.order = *order, .started_us = sim->now_us};

    g_assert_true(order->turn_us <= sim->now_us || sim->plan->clock_steps > 0);
    g_assert_true(order->deadline_us == 0 || sim->now_us < order->deadline_us);
    g_assert_cmpuint(sim->work->len, <, sim->plan->limit);
    for (guint i = 0; i < sim->work->len; i++)
        g_assert_cmpstr(g_array_index(sim->work, struct work, i).order.target, !=,
                        order->target);
    while (draw >= ending->until)
        ending++;
    work.exit_code = ending->exit_code;
    work.end_us = sim->now_us + between(sim, G_USEC_PER_SEC, sim->plan->job_us);
    /* It keeps to its window by itself. */
    if (order->deadline_us > 0 && work.end_us > order->deadline_us) {
        work.end_us = order->deadline_us;
        work.exit_code = 5;
    }
    g_array_append_val(sim->work, work);
    sim->result.attempts++;
}

static const char *reason_of(int exit_code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(endings); i++)
        if (endings[i].exit_code == exit_code)
            return endings[i].reason;
    return NULL;
}

static void end_work(struct sim *sim, guint i, int exit_code)
{
    const struct work work = g_array_index(sim->work, struct work, i);

    g_array_remove_index(sim->work, i);
    if (exit_code == 0 || exit_code == 5) {
        succeed(sim, &work);
        record_run(sim, &work, exit_code == 0 ? "done" : "partly");
    }
    scheduler_ended(sim->scheduler, &work.order, sim->now_us, exit_code, 0,
                    reason_of(exit_code));
}

static void end_all_due(struct sim *sim)
{
    gint64 ignored = G_MAXINT64;

    for (guint i = sim->work->len; i > 0; i--) {
        const struct work *work = &g_array_index(sim->work, struct work, i - 1);
        if (work->end_us <= sim->now_us)
            end_work(sim, i - 1, work->exit_code);
        else if (is_down(sim, work->order.target, &ignored))
            end_work(sim, i - 1, 3);
    }
}

/* ---- time ------------------------------------------------------------------------------------- */

/* The clock is set; work takes as long as before. */
static void step_clock(struct sim *sim)
{
    const gint64 most = 2 * G_TIME_SPAN_HOUR;

    for (guint i = 0; i < sim->steps->len; i++) {
        if (g_array_index(sim->steps, gint64, i) > sim->now_us)
            continue;
        const gint64 step = between(sim, -most, most);
        g_array_remove_index_fast(sim->steps, i);
        sim->now_us += step;
        for (guint j = 0; j < sim->work->len; j++)
            g_array_index(sim->work, struct work, j).end_us += step;
        return;
    }
}

/* One moment; when the next one comes. */
static gint64 live(struct sim *sim)
{
    gint64 next = sim->plan->until_us + G_TIME_SPAN_DAY;
    const bool down = is_down(sim, NULL, &next);

    if (down && sim->scheduler != NULL)
        kill_daemon(sim);
    else if (!down && sim->scheduler == NULL)
        start_daemon(sim);
    set_places(sim, &next);
    if (sim->scheduler == NULL)
        return next;
    end_all_due(sim);
    g_autoptr(GArray) orders = scheduler_due(sim->scheduler, sim->now_us);
    for (guint i = 0; i < orders->len; i++)
        begin_work(sim, &g_array_index(orders, struct scheduler_order, i));
    for (guint i = 0; i < sim->work->len; i++)
        next = MIN(next, g_array_index(sim->work, struct work, i).end_us);
    for (guint i = 0; i < sim->steps->len; i++)
        next = MIN(next, MAX(g_array_index(sim->steps, gint64, i), sim->now_us + 1));
    return MIN(next, scheduler_wake_us(sim->scheduler, sim->now_us));
}

/* ---- the judgement ---------------------------------------------------------------------------- */

static void count_outcome(struct sim_result *result, const struct store_turn *turn)
{
    const struct {
        const char *outcome;
        guint *count;
    } counts[] = {
        {"done", &result->done},     {"partly", &result->partly},
        {"failed", &result->failed}, {"refused", &result->refused},
        {"missed", &result->missed}, {"interrupted", &result->interrupted},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++) {
        if (strcmp(turn->outcome, counts[i].outcome) == 0) {
            (*counts[i].count)++;
            return;
        }
    }
    g_error("%s %s ended as %s", turn->target, turn->section, turn->outcome);
}

/* Whether the world gave a reason to miss it: an outage within the window, or other work. */
static bool is_justified(const struct sim *sim, const struct store_turn *turn)
{
    static const char *const busy[] = {"jobs_at_once", "at work"};
    const gint64 end_us =
        turn->window_end_us > 0 ? turn->window_end_us : turn->turn_us + 3 * G_TIME_SPAN_HOUR;

    for (gsize i = 0; i < G_N_ELEMENTS(busy); i++)
        if (strstr(turn->reason, busy[i]) != NULL)
            return true;
    for (guint i = 0; i < sim->outages->len; i++) {
        const struct outage *outage = &g_array_index(sim->outages, struct outage, i);
        const bool concerns =
            outage->target == NULL || strcmp(outage->target, turn->target) == 0;
        if (concerns && outage->from_us < end_us && outage->until_us > turn->turn_us)
            return true;
    }
    return sim->plan->clock_steps > 0;
}

struct records {
    struct sim *sim;
    GHashTable *outcomes; /* by key */
};

static void judge_record(const struct store_turn *turn, gpointer data)
{
    struct records *records = data;
    struct sim *sim = records->sim;
    char *key = key_of(turn->target, turn->section, turn->turn_us);
    const bool success =
        strcmp(turn->outcome, "done") == 0 || strcmp(turn->outcome, "partly") == 0;

    /* What comes after the last day is not over yet; before the first, when the clock is set back. */
    if (turn->turn_us > sim->plan->until_us || turn->turn_us <= sim->plan->from_us) {
        g_free(key);
        return;
    }
    g_assert_cmpint(turn->ended_us, >, 0);
    g_assert_cmpint(g_hash_table_contains(sim->successes, key), ==, success);
    if (strcmp(turn->outcome, "missed") == 0) {
        g_assert_cmpint(turn->attempts, ==, 0);
        g_assert_nonnull(turn->reason);
        if (!is_justified(sim, turn))
            g_error("seed %u: %s was missed: %s", sim->plan->seed, key, turn->reason);
    }
    count_outcome(&sim->result, turn);
    g_assert_true(g_hash_table_add(records->outcomes, key));
}

/* Each turn that the calendar has is in the history, once, and nothing else is. */
static void judge(struct sim *sim)
{
    g_autoptr(GHashTable) outcomes =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct records records = {sim, outcomes};
    const struct sim_plan *plan = sim->plan;

    g_assert_true(store_each_turn(sim->store, NULL, NULL, 0, judge_record, &records, NULL));
    for (guint i = 0; i < plan->jobs_count; i++) {
        const struct sim_job *job = &plan->jobs[i];
        AUTO(schedule) schedule = schedule_parse(job->schedule, NULL);
        g_autoptr(GTimeZone) zone = schedule_zone(job->zone, NULL);
        gint64 turn = schedule_next(schedule, zone, plan->from_us / G_USEC_PER_SEC);
        for (; turn * G_USEC_PER_SEC <= plan->until_us;
             turn = schedule_next(schedule, zone, turn)) {
            g_autofree char *key = key_of(job->target, job->section, turn * G_USEC_PER_SEC);
            if (!g_hash_table_contains(outcomes, key))
                g_error("seed %u: turn %s is nowhere", plan->seed, key);
            sim->result.turns++;
        }
    }
    g_assert_cmpuint(g_hash_table_size(outcomes), ==, sim->result.turns);
}

struct sim_result sim_run(const struct sim_plan *plan)
{
    struct sim sim = {
        .plan = plan,
        .random = g_rand_new_with_seed(plan->seed),
        .now_us = plan->from_us,
        .outages = g_array_new(FALSE, FALSE, sizeof(struct outage)),
        .steps = g_array_new(FALSE, FALSE, sizeof(gint64)),
        .work = g_array_new(FALSE, FALSE, sizeof(struct work)),
        .successes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
    };

    sim.store = plan->path == NULL ? store_open(NULL) : NULL;
    start_daemon(&sim);
    plan_outages(&sim);
    while (sim.now_us < plan->until_us + G_TIME_SPAN_DAY) {
        sim.now_us = live(&sim);
        step_clock(&sim);
    }
    if (sim.store == NULL)
        sim.store = store_open(plan->path);
    judge(&sim);
    g_clear_pointer(&sim.scheduler, scheduler_free);
    store_close(sim.store);
    g_array_unref(sim.outages);
    g_array_unref(sim.steps);
    g_array_unref(sim.work);
    g_hash_table_unref(sim.successes);
    g_rand_free(sim.random);
    return sim.result;
}
