/* The acts at work: what the statement's answer means, and the proof of it. */
#include "backends/backends_act.h"
#include "backends/backends_private.h"
#include "backends_queries.h"
#include "interrupt.h"

#include <string.h>

enum { FIRST_LOOK_MS = 2, LONGEST_LOOK_MS = 100, FIRST_PROOF_MS = 50 };

/* What a look at the backend finds. */
enum sight { SIGHT_NONE, SIGHT_GONE, SIGHT_SAME, SIGHT_OTHER };

static bool is_active(const struct backends_act *act)
{
    return act->backend.state == BACKEND_ACTIVE || act->backend.state == BACKEND_FASTPATH;
}

/* ret_state: what it does now; NULL where it is gone. */
static enum sight look(const struct backends_act *act, struct session *session,
                       char **ret_state)
{
    g_autofree char *pid = g_strdup_printf("%" G_GINT64_FORMAT, act->backend.pid);
    g_autofree char *start = backends_timestamp(act->backend.backend_start_us);
    AUTO(rows)
    rows =
        session_query(session, &query_backends_look, (const char *const[]){pid, start}, NULL);

    *ret_state = NULL;
    if (rows == NULL)
        return SIGHT_NONE;
    if (rows_count(rows) == 0)
        return SIGHT_GONE;
    const char *state = rows_text(rows, 0, BACKENDS_LOOK_STATE);
    gint64 since = is_active(act) ? rows_int(rows, 0, BACKENDS_LOOK_QUERY_START)
                                  : rows_int(rows, 0, BACKENDS_LOOK_STATE_CHANGE);
    gint64 wanted = is_active(act) ? act->backend.query_start_us : act->backend.state_change_us;
    *ret_state = g_strdup(state);
    return strcmp(state, backend_state_name(act->backend.state)) == 0 && since == wanted
               ? SIGHT_SAME
               : SIGHT_OTHER;
}

static void decide(struct backends_act *act, enum backends_result result, char *why)
{
    act->result = result;
    g_free(act->why);
    act->why = why;
}

/* Looks more and more slowly until it is no longer what it was, or the time is over. */
static enum sight look_until(const struct backends_act *act, struct session *session,
                             gint64 deadline_us, bool gone)
{
    gint64 pause_ms = FIRST_LOOK_MS;

    for (;;) {
        g_autofree char *state = NULL;
        enum sight sight = look(act, session, &state);
        gint64 left_us = deadline_us - g_get_monotonic_time();
        if (sight == SIGHT_NONE || sight == SIGHT_GONE || (sight == SIGHT_OTHER && !gone) ||
            left_us <= 0 || interrupt_pending())
            return sight;
        g_usleep((gulong) MIN(pause_ms * 1000, left_us));
        pause_ms = MIN(2 * pause_ms, LONGEST_LOOK_MS);
    }
}

static void settle_cancel(struct backends_act *act, const struct backends_acts *acts,
                          struct session *session)
{
    gint64 grace_us = act->sent_us + act->grace_ms * 1000;
    bool later = acts->until_us != 0;

    switch (look_until(act, session, later ? acts->until_us : grace_us, false)) {
    case SIGHT_GONE:
    case SIGHT_OTHER:
        decide(act, BACKENDS_CANCELLED, NULL);
        return;
    case SIGHT_SAME:
        decide(act, later ? BACKENDS_SENT : BACKENDS_STUBBORN,
               later ? g_strdup("it was told to cancel its query, and has not yet")
                     : g_strdup_printf("it was told to cancel its query and has not for %.1f s",
                                       (double) act->grace_ms / 1000));
        return;
    case SIGHT_NONE:
        decide(
            act, BACKENDS_FAILED,
            g_strdup("it was told to cancel its query; what became of it could not be seen"));
        return;
    }
}

static void prove_gone(struct backends_act *act, struct session *session, gint64 until_us,
                       enum backends_result otherwise)
{
    switch (look_until(act, session, until_us, true)) {
    case SIGHT_GONE:
        decide(act, BACKENDS_TERMINATED, NULL);
        return;
    case SIGHT_SAME:
    case SIGHT_OTHER:
        decide(act, otherwise,
               g_strdup_printf("it was told to end and is still there after %.1f s",
                               (double) (until_us - act->sent_us) / G_USEC_PER_SEC));
        return;
    case SIGHT_NONE:
        decide(act, BACKENDS_FAILED,
               g_strdup("it was told to end; that it did could not be seen"));
        return;
    }
}

static void settle(struct backends_act *act, const struct backends_acts *acts,
                   struct session *session)
{
    if (act->result != BACKENDS_SENT)
        return;
    if (act->action == BACKENDS_CANCEL)
        settle_cancel(act, acts, session);
    else
        prove_gone(act, session, MAX(acts->until_us, act->sent_us), BACKENDS_SENT);
}

void backends_acts_settle(struct backends_acts *acts, struct session *session)
{
    for (guint i = 0; i < acts->acts->len; i++)
        settle(g_ptr_array_index(acts->acts, i), acts, session);
}

/* ---- hooks --------------------------------------------------------------------------------- */

/* The second rung of a ladder waits for the first to show. */
static enum step_go before(struct step *step, struct session *session, char **ret_why,
                           gpointer data)
{
    struct backends_act *act = step->subject;
    const struct backends_acts *acts = data;
    const char *unneeded = NULL;

    act->answered = -1;
    if (act->last == NULL && acts->needed != NULL &&
        !acts->needed(session, &unneeded, acts->needed_data)) {
        decide(act, BACKENDS_PENDING, g_strdup(unneeded));
        *ret_why = g_strdup(unneeded);
        return STEP_DROP;
    }
    if (act->last == NULL)
        return STEP_GO;
    settle(act->last, acts, session);
    if (act->last->result == BACKENDS_STUBBORN && !interrupt_pending())
        return STEP_GO;
    *ret_why = act->last->result == BACKENDS_CANCELLED
                   ? g_strdup("the cancel was enough")
                   : g_strdup_printf("the cancel came to: %s",
                                     backends_result_name(act->last->result));
    return STEP_DROP;
}

static void answer(struct step *step, const PGresult *rows, gpointer data)
{
    struct backends_act *act = step->subject;

    (void) data;
    act->answered = PQntuples(rows);
    act->told = act->answered > 0 && strcmp(PQgetvalue(rows, 0, 0), "t") == 0;
}

static void refused(struct backends_act *act, const struct backends_acts *acts)
{
    char *why = act->backend.superuser
                    ? g_strdup("only a superuser may end a superuser's session")
                    : g_strdup_printf("role \"%s\" may not; GRANT pg_signal_backend TO \"%s\"",
                                      acts->looker, acts->looker);

    decide(act, BACKENDS_REFUSED, why);
}

/* The statement found no such backend, or another at its place. */
static void explain_none(struct backends_act *act, struct session *session)
{
    g_autofree char *state = NULL;

    if (look(act, session, &state) == SIGHT_GONE)
        decide(act, BACKENDS_GONE, g_strdup("it had ended by itself"));
    else
        decide(act, BACKENDS_CHANGED,
               g_strdup_printf("it is %s by now, and no longer what the decision saw",
                               state ? state : "something else"));
}

/* In a hurry only for as long as a session takes to end: the others are seen to together. */
static void prove_now(struct backends_act *act, const struct backends_acts *acts,
                      struct session *session)
{
    if (acts->until_us == 0)
        prove_gone(act, session, act->sent_us + acts->proof_ms * 1000, BACKENDS_STUBBORN);
    else
        prove_gone(act, session, MIN(act->sent_us + FIRST_PROOF_MS * 1000, acts->until_us),
                   BACKENDS_SENT);
}

static void understand(struct backends_act *act, const struct backends_acts *acts,
                       struct session *session)
{
    act->sent_us = g_get_monotonic_time();
    if (session == NULL)
        decide(act, BACKENDS_FAILED, g_strdup("the connection was lost"));
    else if (act->answered == 0)
        explain_none(act, session);
    else if (!act->told)
        decide(act, BACKENDS_GONE, g_strdup("it had ended by itself"));
    else if (act->action == BACKENDS_CANCEL)
        decide(act, BACKENDS_SENT, NULL);
    else
        prove_now(act, acts, session);
}

static enum step_outcome outcome_of(enum backends_result result)
{
    switch (result) {
    case BACKENDS_SENT:
    case BACKENDS_CANCELLED:
    case BACKENDS_TERMINATED:
        return STEP_DONE;
    case BACKENDS_GONE:
    case BACKENDS_CHANGED:
        return STEP_SKIPPED;
    case BACKENDS_PENDING:
    case BACKENDS_REFUSED:
    case BACKENDS_STUBBORN:
    case BACKENDS_FAILED:
        return STEP_FAILED;
    }
    return STEP_FAILED;
}

static enum step_after after(struct step *step, const char *sqlstate, struct session *session,
                             gpointer data)
{
    struct backends_act *act = step->subject;
    const struct backends_acts *acts = data;

    if (step->outcome == STEP_PLANNED || step->outcome == STEP_NOT_REACHED)
        return STEP_ENDED;
    if (step->outcome == STEP_DONE)
        understand(act, acts, session);
    else if (strcmp(sqlstate, "42501") == 0)
        refused(act, acts);
    else
        decide(act, BACKENDS_FAILED, g_strdup(step->detail));
    step->outcome = outcome_of(act->result);
    g_free(step->detail);
    step->detail = step->outcome == STEP_DONE ? NULL : g_strdup(act->why);
    return STEP_ENDED;
}

struct plan_hooks backends_acts_hooks(struct backends_acts *acts)
{
    return (struct plan_hooks){
        .before = before, .answer = answer, .after = after, .data = acts};
}
