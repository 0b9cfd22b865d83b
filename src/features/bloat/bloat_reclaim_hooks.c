/*
 * Around each step: right before it the table is observed and decided once more, so that nothing is
 * done that would not be planned now; afterwards what was won is measured.
 */
#include "bloat_queries.h"
#include "bloat_reclaim.h"
#include "out/progress.h"
#include "units/units.h"

#include <string.h>

/* A rewrite's new filenode, a truncation's smaller size. */
static gint64 size_of(const struct reclaim_target *target, const struct reclaim_facts *facts)
{
    if (facts->heap < 0)
        return -1;
    gint64 tables = facts->heap + facts->toast_heap;
    return target->choice.means == RECLAIM_TRUNCATE ? tables : tables + facts->indexes;
}

static void take(char **text, char *with)
{
    g_free(*text);
    *text = with;
}

/* ---- before ---------------------------------------------------------------------------------- */

/* A table renamed since is still the one that was planned. */
static void take_names(struct reclaim_target *target, struct reclaim_facts *now)
{
    take(&target->facts->schema, g_steal_pointer(&now->schema));
    take(&target->facts->name, g_steal_pointer(&now->name));
}

/* What would be decided now. */
static bool still_right(const struct reclaim_case *state, struct reclaim_target *target,
                        struct session *session, struct reclaim_facts *now, char **ret_why)
{
    struct reclaim_server server = state->server;
    struct reclaim_server fresh;

    /* A standby may have come since, or the extension gone. */
    if (!reclaim_server_read(session, NULL, &fresh, NULL))
        return false;
    server.standbys = fresh.standbys;
    server.publication = fresh.publication;
    server.extension = fresh.extension;
    if (target->choice.means == RECLAIM_TRUNCATE)
        reclaim_tail_read(session, server.block_size, now);
    struct reclaim_choice choice =
        reclaim_decide_table(&server, &state->rules, now, &target->bloat);
    bool same = choice.means == target->choice.means;
    if (!same && choice.means == RECLAIM_NOTHING)
        *ret_why = g_steal_pointer(&choice.reason);
    else if (!same)
        *ret_why = g_strdup_printf("since it was planned %s became the right means",
                                   reclaim_means_title(choice.means));
    reclaim_choice_clear(&choice);
    reclaim_server_clear(&fresh);
    return same;
}

static enum step_go before_table(struct reclaim_case *state, struct step *step,
                                 struct session *session, char **ret_why)
{
    struct reclaim_target *target = step->subject;
    AUTO(reclaim_facts) now = reclaim_facts_read(session, target->facts->oid, NULL);

    if (now == NULL) {
        *ret_why = g_strdup("it could not be rechecked");
        return STEP_LATER;
    }
    if (!now->there) {
        *ret_why = g_strdup("dropped since it was planned");
        return STEP_DROP;
    }
    if (now->holder != NULL || now->heap < 0) {
        *ret_why = g_strdup_printf("%s: %s",
                                   now->autovacuum ? "autovacuum is at work on it" : "locked",
                                   now->holder ? now->holder : "somebody waits for it");
        return STEP_LATER;
    }
    now->disk_free = rebuild_disk_free(session, now->oid);
    if (!still_right(state, target, session, now, ret_why)) {
        if (*ret_why != NULL)
            return STEP_DROP;
        *ret_why = g_strdup("it could not be rechecked");
        return STEP_LATER;
    }
    target->size_before = size_of(target, now);
    target->filenode_before = now->filenode;
    target->waiting_since_us = 0;
    take_names(target, now);
    if (!reclaim_step_fill(state, target, session, step)) {
        *ret_why = g_strdup("its name cannot be quoted in this encoding");
        return STEP_DROP;
    }
    target->left_behind = target->choice.means == RECLAIM_PG_REPACK;
    return STEP_GO;
}

static enum step_go before(struct step *step, struct session *session, char **ret_why,
                           gpointer data)
{
    struct reclaim_case *state = data;

    if (rebuild_index_of(state->rebuild, step) != NULL)
        return rebuild_before(state->rebuild, step, session, ret_why);
    if (reclaim_is_removal(state, step))
        return reclaim_before_removal(step, session, ret_why, NULL);
    return before_table(state, step, session, ret_why);
}

/* ---- during ----------------------------------------------------------------------------------- */

/* pg_repack waits for every transaction that is older than its copy, without end, and has no option
 * for that. It holds no lock that matters meanwhile, but its log grows. */
static bool watch_program(const struct reclaim_case *state, struct reclaim_target *target,
                          struct session *session, char **ret_why)
{
    gint64 now = g_get_monotonic_time();
    g_autofree char *oid = g_strdup_printf("%u", target->facts->oid);
    AUTO(rows)
    rows = session_query(session, &query_bloat_reclaim_waits, (const char *const[]){oid}, NULL);

    if (rows == NULL || rows_count(rows) == 0 ||
        !rows_bool(rows, 0, BLOAT_RECLAIM_WAITS_WAITS)) {
        target->waiting_since_us = 0;
        return false;
    }
    if (target->waiting_since_us == 0)
        target->waiting_since_us = now;
    if (now - target->waiting_since_us < state->patience_ms * 1000)
        return false;
    const char *oldest = rows_text(rows, 0, BLOAT_RECLAIM_WAITS_OLDEST);
    g_autofree char *time = units_format_duration((double) state->patience_ms / 1000);
    *ret_why = g_strdup_printf("pg_repack waited %s for older transactions%s%s", time,
                               oldest ? ", the oldest is " : "", oldest ? oldest : "");
    return true;
}

static bool watch(struct step *step, int pid, struct session *session, char **ret_why,
                  gpointer data)
{
    const struct reclaim_case *state = data;

    if (rebuild_index_of(state->rebuild, step) != NULL)
        return rebuild_watch(state->rebuild, step, pid, session, ret_why);
    return step->program != NULL && watch_program(state, step->subject, session, ret_why);
}

static void tick(struct session *session, struct step *const *running, const int *pids,
                 guint count, gpointer data)
{
    const struct reclaim_case *state = data;
    struct progress_state progress = {.seconds_left = -1};
    g_autofree char *now = NULL;

    (void) session;
    (void) pids;
    if (!progress_wanted(state->call->output) || count == 0)
        return;
    for (guint i = 0; i < state->targets->len; i++) {
        const struct reclaim_target *target = g_ptr_array_index(state->targets, i);
        if (target->step == NULL)
            continue;
        gint64 bytes = reclaim_target_size(target);
        bool done = target->step->outcome != STEP_PLANNED;
        progress.total++;
        progress.total_bytes += bytes;
        progress.done += done ? 1 : 0;
        progress.bytes += done ? bytes : 0;
    }
    now = g_strdup_printf("%s: %s", running[0]->object,
                          running[0]->program != NULL ? "pg_repack" : running[0]->sql);
    progress.now = now;
    progress_show(state->call->output, &progress);
}

/* ---- after ------------------------------------------------------------------------------------ */

/* What the statement says it did, the sizes have to confirm. */
static void judge(struct reclaim_target *target, struct step *step,
                  const struct reclaim_facts *now)
{
    bool rewritten = now->filenode != target->filenode_before;
    gint64 size = size_of(target, now);

    target->size_after = size;
    if (target->choice.means == RECLAIM_TRUNCATE) {
        if (size < 0 || size < target->size_before)
            return;
        step->outcome = STEP_SKIPPED;
        take(&step->detail,
             g_strdup("VACUUM could not cut off the end: rows there may still be "
                      "visible to somebody, or the table was in use"));
    } else if (!rewritten) {
        step->outcome = STEP_SKIPPED;
        if (step->program == NULL)
            take(&step->detail, g_strdup("the server did not write it anew"));
    }
}

/* A program can be through although its end looks bad: what counts is the table. */
static bool may_be_done(const struct step *step)
{
    return step->outcome == STEP_DONE || step->program != NULL;
}

void reclaim_measure(struct reclaim_target *target, struct step *step, struct session *session)
{
    AUTO(reclaim_facts) now = reclaim_facts_read(session, target->facts->oid, NULL);

    if (now == NULL || !now->there)
        return;
    if (step->outcome == STEP_DONE)
        judge(target, step, now);
    else if (now->filenode != target->filenode_before)
        target->size_after = size_of(target, now);
    target->left_behind = step->outcome != STEP_DONE && step->program != NULL;
}

static enum step_after after_table(struct step *step, struct session *session)
{
    if (session != NULL && step->outcome != STEP_PLANNED && may_be_done(step))
        reclaim_measure(step->subject, step, session);
    return STEP_ENDED;
}

static enum step_after after(struct step *step, const char *sqlstate, struct session *session,
                             gpointer data)
{
    struct reclaim_case *state = data;

    if (rebuild_index_of(state->rebuild, step) != NULL)
        return rebuild_after(state->rebuild, step, sqlstate, session);
    return reclaim_is_removal(state, step) ? STEP_ENDED : after_table(step, session);
}

struct plan_hooks reclaim_hooks(struct reclaim_case *state)
{
    return (struct plan_hooks){
        .before = before, .watch = watch, .tick = tick, .after = after, .data = state};
}
