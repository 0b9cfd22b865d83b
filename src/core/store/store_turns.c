#include "store/store_turns.h"

#include "error.h"
#include "store/statement.h"
#include "store/store_internal.h"
#include "store_queries.h"

#include <unistd.h>

/* ---- whose it is ---------------------------------------------------------------------------- */

/* A daemon, as the rows of its turns name it. */
struct owner {
    char *host, *boot;
    gint64 pid, started;
};

static void owner_clear(struct owner *owner)
{
    g_clear_pointer(&owner->host, g_free);
    g_clear_pointer(&owner->boot, g_free);
}

#define OWNER __attribute__((cleanup(owner_clear))) struct owner

/* A handle belongs to one process. */
static struct owner owner_self(struct store *store)
{
    if (store->boot == NULL) {
        store->boot = store_boot();
        store->process_started = store_process_started(getpid());
    }
    return (struct owner){
        .host = g_strdup(g_get_host_name()),
        .boot = g_strdup(store->boot),
        .pid = getpid(),
        .started = store->process_started,
    };
}

static struct owner owner_of(const struct statement *statement)
{
    return (struct owner){
        .host = g_strdup(statement_text(statement, STORE_TURNS_OS_HOST)),
        .boot = g_strdup(statement_text(statement, STORE_TURNS_OS_BOOT)),
        .pid = statement_int(statement, STORE_TURNS_PID),
        .started = statement_int(statement, STORE_TURNS_PID_STARTED),
    };
}

/* Whether its turns are ours to go on with: it is gone, or this process. Of another machine that
 * has the same file nothing is known, and it is left alone. */
static bool owner_is_free(struct store *store, const struct owner *owner)
{
    OWNER self = owner_self(store);
    const bool here = g_strcmp0(owner->host, self.host) == 0;
    const bool same = here && g_strcmp0(owner->boot, self.boot) == 0 &&
                      owner->pid == self.pid && owner->started == self.started;

    return same ||
           (here && !store_process_alive(owner->host, owner->boot, owner->pid, owner->started));
}

static void bind_owner(struct statement *statement, int position, const struct owner *owner)
{
    statement_bind_text(statement, position, owner->host);
    statement_bind_text(statement, position + 1, owner->boot);
    statement_bind_int(statement, position + 2, owner->pid);
    statement_bind_int(statement, position + 3, owner->started);
}

/* ---- writing ---------------------------------------------------------------------------------- */

static void bind_turn(struct statement *statement, const struct store_turn *turn)
{
    statement_bind_text(statement, 1, turn->target);
    statement_bind_text(statement, 2, turn->section);
    statement_bind_int(statement, 3, turn->turn_us);
    statement_bind_int(statement, 4, turn->window_end_us);
    statement_bind_int(statement, 5, turn->started_us);
    statement_bind_int(statement, 6, turn->ended_us);
    statement_bind_text(statement, 7, turn->outcome);
    statement_bind_int(statement, 8, turn->exit_code);
    statement_bind_int(statement, 9, turn->attempts);
    statement_bind_int(statement, 10, turn->run);
    statement_bind_text(statement, 11, turn->reason);
}

/* Whose unfinished row may be taken over; host NULL: there is none. */
static struct owner find_free(struct store *store, const struct store_turn *turn)
{
    struct owner owner = {.host = NULL};
    AUTO(statement) statement = statement_open(store, &query_store_turns_left);
    statement_bind_text(statement, 1, turn->target);
    statement_bind_text(statement, 2, turn->section);
    while (statement_next(statement)) {
        if (statement_int(statement, STORE_TURNS_TURN_US) != turn->turn_us)
            continue;
        owner_clear(&owner);
        owner = owner_of(statement);
    }
    store_read(store, statement);
    if (owner.host != NULL && !owner_is_free(store, &owner))
        owner_clear(&owner);
    return owner;
}

/* One statement decides, whatever another daemon does meanwhile. */
enum store_claim store_turn_claim(struct store *store, const struct store_turn *turn)
{
    OWNER self = owner_self(store);
    OWNER before = find_free(store, turn);
    AUTO(statement) statement = statement_open(store, &query_store_turn_claim);
    bind_turn(statement, turn);
    bind_owner(statement, 12, &self);
    if (before.host != NULL)
        bind_owner(statement, 16, &before);
    if (!store_write(store, statement))
        return STORE_CLAIM_TROUBLE;
    return sqlite3_changes(store->db) > 0 ? STORE_CLAIM_OURS : STORE_CLAIM_TAKEN;
}

bool store_turn_put(struct store *store, const struct store_turn *turn)
{
    OWNER self = owner_self(store);
    AUTO(statement) statement = statement_open(store, &query_store_turn_put);
    bind_turn(statement, turn);
    bind_owner(statement, 12, &self);
    return store_write(store, statement);
}

/* ---- reading ---------------------------------------------------------------------------------- */

static struct store_turn turn_row(const struct statement *statement)
{
    return (struct store_turn){
        .target = statement_text(statement, STORE_TURNS_TARGET),
        .section = statement_text(statement, STORE_TURNS_SECTION),
        .turn_us = statement_int(statement, STORE_TURNS_TURN_US),
        .window_end_us = statement_int(statement, STORE_TURNS_WINDOW_END_US),
        .started_us = statement_int(statement, STORE_TURNS_STARTED_US),
        .ended_us = statement_int(statement, STORE_TURNS_ENDED_US),
        .outcome = statement_text(statement, STORE_TURNS_OUTCOME),
        .exit_code = (int) statement_int(statement, STORE_TURNS_EXIT_CODE),
        .attempts = (int) statement_int(statement, STORE_TURNS_ATTEMPTS),
        .run = statement_int(statement, STORE_TURNS_RUN_ID),
        .reason = statement_text(statement, STORE_TURNS_REASON),
    };
}

bool store_each_turn(struct store *store, const char *target, const char *section, int limit,
                     void (*visit)(const struct store_turn *turn, gpointer data), gpointer data,
                     GError **error)
{
    /* Of one job the newest are found without reading all there are. */
    const bool one = target != NULL && section != NULL;
    AUTO(statement)
    statement = statement_open(store, one ? &query_store_turns_of : &query_store_turns);
    statement_bind_text(statement, 1, target);
    statement_bind_text(statement, 2, section);
    statement_bind_int(statement, 3, limit > 0 ? limit : -1);
    while (statement_next(statement)) {
        const struct store_turn turn = turn_row(statement);
        visit(&turn, data);
    }
    return store_finish(store, statement, error);
}

void store_turns_left(struct store *store, const char *target, const char *section,
                      void (*visit)(const struct store_turn *turn, gpointer data),
                      gpointer data)
{
    AUTO(statement) statement = statement_open(store, &query_store_turns_left);
    statement_bind_text(statement, 1, target);
    statement_bind_text(statement, 2, section);
    while (statement_next(statement)) {
        const struct store_turn turn = turn_row(statement);
        OWNER owner = owner_of(statement);
        if (owner_is_free(store, &owner))
            visit(&turn, data);
    }
    store_read(store, statement);
}

/* ---- jobs ------------------------------------------------------------------------------------- */

gint64 store_job_since(struct store *store, const struct store_job *job, gint64 now_us)
{
    {
        AUTO(statement) known = statement_open(store, &query_store_job);
        statement_bind_text(known, 1, job->target);
        statement_bind_text(known, 2, job->section);
        statement_bind_text(known, 3, job->schedule);
        statement_bind_text(known, 4, job->zone);
        if (statement_next(known))
            return MAX(statement_int(known, STORE_JOB_SINCE_US),
                       statement_int(known, STORE_JOB_TURN_US));
        if (!store_read(store, known))
            return now_us;
    }
    AUTO(statement) statement = statement_open(store, &query_store_job_put);
    statement_bind_text(statement, 1, job->target);
    statement_bind_text(statement, 2, job->section);
    statement_bind_text(statement, 3, job->schedule);
    statement_bind_text(statement, 4, job->zone);
    statement_bind_int(statement, 5, now_us);
    store_write(store, statement);
    return now_us;
}

void store_job_forget(struct store *store, const struct store_job *job)
{
    AUTO(statement) statement = statement_open(store, &query_store_job_forget);
    statement_bind_text(statement, 1, job->target);
    statement_bind_text(statement, 2, job->section);
    store_write(store, statement);
}

/* ---- runs of a job ------------------------------------------------------------------------------ */

gint64 store_run_of(struct store *store, gint64 pid, gint64 since_us)
{
    g_autofree char *boot = store_boot();
    AUTO(statement) statement = statement_open(store, &query_store_run_of);
    statement_bind_text(statement, 1, g_get_host_name());
    statement_bind_text(statement, 2, boot);
    statement_bind_int(statement, 3, pid);
    statement_bind_int(statement, 4, since_us);
    if (statement_next(statement))
        return statement_int(statement, STORE_RUN_OF_ID);
    store_read(store, statement);
    return 0;
}

bool store_run_interrupted(struct store *store, gint64 run, const char *reason)
{
    AUTO(statement) statement = statement_open(store, &query_store_run_interrupted);
    statement_bind_int(statement, 1, run);
    statement_bind_int(statement, 2, g_get_real_time());
    statement_bind_int(statement, 3, RUNBOOK_INTERRUPTED);
    statement_bind_text(statement, 4, reason);
    if (!store_write(store, statement) || sqlite3_changes(store->db) == 0)
        return false;
    AUTO(statement) steps = statement_open(store, &query_store_steps_interrupted);
    statement_bind_int(steps, 1, run);
    statement_bind_int(steps, 2, g_get_real_time());
    statement_bind_text(steps, 3, reason);
    return store_write(store, steps);
}

bool store_run_stopped(struct store *store, gint64 run, const char *by, const char *reason,
                       gint64 at_us)
{
    AUTO(statement) statement = statement_open(store, &query_store_run_stopped);
    statement_bind_int(statement, 1, run);
    statement_bind_text(statement, 2, by);
    statement_bind_text(statement, 3, reason);
    statement_bind_int(statement, 4, at_us);
    return store_write(store, statement);
}
