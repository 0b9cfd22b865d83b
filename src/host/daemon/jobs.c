/*
 * Jobs at work: each a child process with the command line that a person would have typed.
 */
#include "cli/grammar.h"
#include "cli/record.h"
#include "daemon/agenda.h"
#include "daemon/daemon_private.h"
#include "daemon/job_words.h"
#include "daemon/journal.h"
#include "daemon/metrics_own.h"
#include "error.h"

#include <string.h>
#include <unistd.h>

enum { TAIL_BYTES = 1 << 16, LINE_LONGEST = 1 << 14, OVERDUE_S = 30, STOP_MS = 60000 };

struct daemon_job {
    struct daemon *daemon;
    struct scheduler_order order; /* its texts are the scheduler's, and live for ever */
    const struct command *command;
    struct child *child;
    pid_t pid;
    gint64 started_us;
    GString *tail;
    struct stopping stop;
    gint64 run;       /* of a command that does not record itself; 0: none */
    guint generation; /* of the history that the run is in */
    bool overdue, noted;
};

/* ---- what there is to do ------------------------------------------------------------------------ */

static bool is_listed(const GArray *jobs, const char *target, const char *key)
{
    for (guint i = 0; i < jobs->len; i++) {
        const struct scheduler_job *job = &g_array_index(jobs, struct scheduler_job, i);
        if (strcmp(job->target, target) == 0 && strcmp(job->key, key) == 0)
            return true;
    }
    return false;
}

/* A job that is scheduled no more has no next turn that would end what its last one opened. */
static void close_events(struct daemon *daemon, const GArray *jobs)
{
    g_autoptr(GPtrArray) keys = agenda_keys();

    for (guint i = 0; i < daemon->targets->len; i++) {
        const struct daemon_target *target = g_ptr_array_index(daemon->targets, i);
        for (guint at = 0; at < keys->len; at++) {
            const char *key = keys->pdata[at];
            g_autofree char *name = g_strconcat("job ", key, NULL);
            if (!is_listed(jobs, target->name, key))
                events_close(daemon->events, target->name, name, g_get_real_time(),
                             "it is scheduled no more");
        }
    }
}

static void tell_metrics(struct daemon *daemon, const GArray *jobs)
{
    for (guint i = 0; i < jobs->len; i++) {
        const struct scheduler_job *job = &g_array_index(jobs, struct scheduler_job, i);
        metrics_know_task(daemon->counts, keeper_store(daemon->keeper), job->target, job->key);
    }
}

void jobs_apply(struct daemon *daemon)
{
    g_autoptr(GArray) jobs = g_array_new(FALSE, FALSE, sizeof(struct scheduler_job));

    for (guint i = 0; i < daemon->targets->len; i++) {
        const struct daemon_target *target = g_ptr_array_index(daemon->targets, i);
        if (target->leaving)
            continue;
        g_autoptr(GArray) wanted = agenda_jobs(target->settings, target->name);
        g_array_append_vals(jobs, wanted->data, wanted->len);
    }
    if (cli_setting("jobs_at_once") != NULL)
        scheduler_set_limit(daemon->scheduler,
                            (guint) settings_int(daemon->settings, "jobs_at_once"));
    tell_metrics(daemon, jobs);
    scheduler_set_jobs(daemon->scheduler, (const struct scheduler_job *) (void *) jobs->data,
                       jobs->len, g_get_real_time());
    close_events(daemon, jobs);
    daemon_look_at_turns(daemon);
}

/* ---- one of them ---------------------------------------------------------------------------------- */

static char **arguments_of(const struct daemon_job *job, const struct daemon_target *target)
{
    gint64 left_ms = job_left_ms(job->order.deadline_us, g_get_real_time());
    g_auto(GStrv) command = agenda_words(job->order.section, job->order.verb, left_ms);
    g_autoptr(GStrvBuilder) words = g_strv_builder_new();

    g_strv_builder_addv(words, (const char **) (void *) command);
    if (job->command->flags & COMMAND_NEEDS_SERVER)
        target_words(target, words);
    else
        target_words_alone(target, words);
    return g_strv_builder_end(words);
}

/* A report leaves no record of its own: that it ran is evidence all the same. */
static void record(struct daemon_job *job, const struct daemon_target *target, char **arguments)
{
    const struct watch_state *state = &target->seen.state;
    g_autofree char *line = cli_record_line((const char *const *) arguments);
    g_autofree char *command_line = g_strconcat("pgrunbook ", line, NULL);
    struct store_run run = {
        .section = job->order.section,
        .verb = job->order.verb,
        .target = target->name,
        .host = state->host,
        .dbname = state->dbname,
        .system_identifier = state->system_identifier,
        .version_num = state->version_num,
        .command_line = command_line,
        .deadline_us = job->order.deadline_us,
    };

    if (job->command->flags & COMMAND_WRITES)
        return;
    gint64 id = store_run_begin(keeper_store(job->daemon->keeper), &run);
    job->run = MAX(0, id);
    job->generation = keeper_generation(job->daemon->keeper);
}

static const char *outcome_of(int code)
{
    static const struct {
        int code;
        const char *outcome;
    } outcomes[] = {{RUNBOOK_DONE, "done"},
                    {RUNBOOK_REFUSED, "refused"},
                    {RUNBOOK_PARTLY, "partly"},
                    {RUNBOOK_INTERRUPTED, "interrupted"},
                    {-1, "interrupted"}};

    for (gsize i = 0; i < G_N_ELEMENTS(outcomes); i++)
        if (outcomes[i].code == code)
            return outcomes[i].outcome;
    return "failed";
}

/* The run's end in the history, where the job could not, or would not, tell it itself. */
static gint64 settle(struct daemon_job *job, int code, const char *reason)
{
    struct store *store = keeper_store(job->daemon->keeper);

    if (job->run > 0 && job->generation != keeper_generation(job->daemon->keeper))
        return 0; /* that number is another run's by now */
    if (job->run > 0) {
        store_run_end(store, job->run, outcome_of(code), code < 0 ? RUNBOOK_INTERRUPTED : code,
                      code == RUNBOOK_DONE ? NULL : reason, NULL);
        return job->run;
    }
    gint64 run = store_run_of(store, job->pid, job->started_us);
    if (run > 0 && code < 0)
        store_run_interrupted(store, run, reason);
    return run;
}

static void free_job(struct daemon_job *job)
{
    g_string_free(job->tail, TRUE);
    stopping_clear(&job->stop);
    g_free(job);
}

static void on_line(const char *line, gsize length, bool cut, gpointer data)
{
    struct daemon_job *job = data;
    (void) cut;

    g_string_append_len(job->tail, line, (gssize) length);
    g_string_append_c(job->tail, '\n');
    if (job->tail->len > TAIL_BYTES)
        g_string_erase(job->tail, 0, (gssize) (job->tail->len - TAIL_BYTES));
}

static void on_ended(int status, gpointer data)
{
    struct daemon_job *job = data;
    struct daemon *daemon = job->daemon;
    int code = child_exit_code(status);
    g_autofree char *how = child_status_words(status);
    g_autofree char *said = job_reason(job->tail->str);
    g_autofree char *stopped = stopping_words(&job->stop);
    const char *reason = code == RUNBOOK_DONE ? NULL
                         : stopped != NULL    ? stopped
                         : code < 0           ? how
                         : said != NULL       ? said
                                              : how;

    gint64 run = settle(job, code, reason);
    stopping_record(&job->stop, keeper_store(daemon->keeper), run);
    g_ptr_array_remove_fast(daemon->jobs, job);
    scheduler_ended(daemon->scheduler, &job->order, g_get_real_time(), code, run, reason);
    free_job(job);
    daemon_look_at_turns(daemon);
    daemon_end_if_alone(daemon);
}

static void start(struct daemon_job *job, const struct daemon_target *target)
{
    g_auto(GStrv) arguments = arguments_of(job, target);
    g_autoptr(GError) error = NULL;
    struct child_plan plan = {
        .arguments = (const char *const *) arguments,
        .messages = true,
        .longest = LINE_LONGEST,
        .settings_fd = job->daemon->snapshot,
        .alias = target_alias(target),
        .line = on_line,
        .ended = on_ended,
        .data = job,
    };

    job->started_us = g_get_real_time();
    record(job, target, arguments);
    job->child = child_start(&plan, &error);
    if (job->child == NULL) {
        settle(job, RUNBOOK_FAILED, error->message);
        scheduler_ended(job->daemon->scheduler, &job->order, g_get_real_time(), RUNBOOK_FAILED,
                        job->run, error->message);
        free_job(job);
        return;
    }
    job->pid = child_pid(job->child);
    g_ptr_array_add(job->daemon->jobs, job);
    journal_say(JOURNAL_INFO, "target %s: %s %s is started%s", target->name, job->order.section,
                job->order.verb, job->order.attempt > 1 ? " once more" : "");
}

void jobs_start(struct daemon *daemon, const struct scheduler_order *order)
{
    const struct daemon_target *target = targets_find(daemon, order->target);
    const struct feature *section = cli_section(order->section);
    const struct command *command = section != NULL ? cli_command(section, order->verb) : NULL;

    if (target == NULL || command == NULL) {
        scheduler_ended(daemon->scheduler, order, g_get_real_time(), RUNBOOK_USAGE, 0,
                        target == NULL ? "the target is no longer in the configuration"
                                       : "there is no such command");
        return;
    }
    struct daemon_job *job = g_new0(struct daemon_job, 1);
    job->daemon = daemon;
    job->order = *order;
    job->command = command;
    job->tail = g_string_new(NULL);
    start(job, target);
}

/* 0: none, or none yet. */
static gint64 run_of(const struct daemon_job *job)
{
    const struct keeper *keeper = job->daemon->keeper;

    if (job->run > 0)
        return job->generation == keeper_generation(keeper) ? job->run : 0;
    return MAX(0, store_run_of(keeper_store(keeper), job->pid, job->started_us));
}

/* So that a daemon that takes the turn up after this one knows its run from others. */
static void note_run(struct daemon_job *job)
{
    struct daemon *daemon = job->daemon;
    gint64 run = run_of(job);

    if (run <= 0)
        return;
    job->noted = true;
    scheduler_note_run(daemon->scheduler, &job->order, g_get_real_time(), run);
}

void jobs_tick(struct daemon *daemon, gint64 now_us)
{
    for (guint i = 0; i < daemon->jobs->len; i++) {
        struct daemon_job *job = g_ptr_array_index(daemon->jobs, i);
        if (!job->noted)
            note_run(job);
        gint64 deadline_us = job->order.deadline_us;
        if (deadline_us == 0 || job->overdue ||
            now_us < deadline_us + OVERDUE_S * G_USEC_PER_SEC)
            continue;
        job->overdue = true;
        journal_say(JOURNAL_WARNING, "target %s: %s %s did not end with its window: stopped",
                    job->order.target, job->order.section, job->order.verb);
        child_stop(job->child, STOP_MS);
    }
}

void jobs_stop(struct daemon *daemon, guint grace_ms)
{
    for (guint i = 0; i < daemon->jobs->len; i++) {
        const struct daemon_job *job = g_ptr_array_index(daemon->jobs, i);
        child_stop(job->child, grace_ms);
    }
}

void jobs_each(const struct daemon *daemon,
               void (*visit)(const struct daemon_job_view *view, gpointer data), gpointer data)
{
    for (guint i = 0; i < daemon->jobs->len; i++) {
        const struct daemon_job *job = g_ptr_array_index(daemon->jobs, i);
        const struct daemon_job_view view = {&job->order, job->started_us, run_of(job),
                                             &job->stop};
        visit(&view, data);
    }
}

bool jobs_stop_run(struct daemon *daemon, gint64 run, const char *by, const char *reason)
{
    for (guint i = 0; i < daemon->jobs->len; i++) {
        struct daemon_job *job = g_ptr_array_index(daemon->jobs, i);
        if (run_of(job) != run)
            continue;
        if (!stopping_begin(&job->stop, by, reason, g_get_real_time()))
            return true;
        journal_say(JOURNAL_INFO, "target %s: %s %s is stopped by %s", job->order.target,
                    job->order.section, job->order.verb, by);
        scheduler_stopped(daemon->scheduler, &job->order);
        child_interrupt(job->child);
        stopping_record(&job->stop, keeper_store(daemon->keeper), run);
        return true;
    }
    return false;
}
