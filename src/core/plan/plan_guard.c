/*
 * The guard of a script: looks at it from the control session, without waiting for an answer. What
 * it knows of a lock is that it was not there at one look and was at the next: the older of the two
 * counts, or the beginning of the statement that took it, so that no hold is ever taken for shorter
 * than it was.
 */
#include "core_queries.h"
#include "plan/plan_script_private.h"

#include <poll.h>
#include <string.h>

enum { LOOK_MS = 100 };

struct guard_hold {
    guint oid;
    char *relation;
    const char *mode;
    gint64 since_us;
};

static void guard_hold_free(gpointer data)
{
    struct guard_hold *hold = data;

    g_free(hold->relation);
    g_free(hold);
}

static void script_hold_free(gpointer data)
{
    struct script_hold *hold = data;

    g_free(hold->relation);
    g_free(hold);
}

void plan_guard_open(struct guard *guard, struct session *control, const struct session *work,
                     const struct script_limits *limits, bool transaction)
{
    gint64 now = g_get_monotonic_time();

    *guard = (struct guard){
        .session = control,
        .limits = limits,
        .transaction = transaction,
        .pid = g_strdup_printf("%d", session_pid(work)),
        .started = g_strdup(session_started(work)),
        .holds = g_ptr_array_new_with_free_func(guard_hold_free),
        .given_back = g_ptr_array_new_with_free_func(script_hold_free),
        .looked_us = now,
        .next_us = now,
        .lost = !session_alive(control),
    };
}

void plan_guard_statement(struct guard *guard, bool begins)
{
    gint64 now = g_get_monotonic_time();

    guard->busy = begins;
    if (begins && guard->first_us == 0)
        guard->first_us = now;
    if (begins && guard->coming_us == 0)
        guard->coming_us = now;
}

/* ---- what a look has seen ------------------------------------------------------------------ */

static struct guard_hold *find(const GPtrArray *holds, guint oid)
{
    for (guint i = 0; i < holds->len; i++) {
        struct guard_hold *hold = g_ptr_array_index(holds, i);
        if (hold->oid == oid)
            return hold;
    }
    return NULL;
}

/* Spelt by us: rows die with their answer. */
static const char *mode_name(const char *mode)
{
    static const char *const modes[] = {"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock"};

    for (guint i = 0; i < G_N_ELEMENTS(modes); i++)
        if (strcmp(mode, modes[i]) == 0)
            return modes[i];
    return "AccessExclusiveLock";
}

static void give_back(struct guard *guard, const struct guard_hold *hold, gint64 now_us)
{
    struct script_hold *past = g_new(struct script_hold, 1);

    past->oid = hold->oid;
    past->relation = g_strdup(hold->relation);
    past->mode = hold->mode;
    past->ms = (double) (now_us - hold->since_us) / 1000;
    g_ptr_array_add(guard->given_back, past);
}

static void see_hold(const struct guard *guard, GPtrArray *now, guint oid, const char *relation,
                     const char *mode)
{
    const struct guard_hold *known = find(guard->holds, oid);
    struct guard_hold *hold = g_new(struct guard_hold, 1);

    hold->oid = oid;
    hold->relation = g_strdup(relation);
    hold->mode = mode_name(mode);
    hold->since_us = known != NULL ? known->since_us : MAX(guard->looked_us, guard->first_us);
    g_ptr_array_add(now, hold);
}

static void replace_holds(struct guard *guard, GPtrArray *now)
{
    for (guint i = 0; i < guard->holds->len; i++) {
        const struct guard_hold *hold = g_ptr_array_index(guard->holds, i);
        if (find(now, hold->oid) == NULL)
            give_back(guard, hold, guard->asked_us);
    }
    g_ptr_array_unref(guard->holds);
    guard->holds = now;
}

static const char *cell(const PGresult *rows, int row, int column)
{
    return PQgetisnull(rows, row, column) ? "" : PQgetvalue(rows, row, column);
}

static void see_waiter(struct guard *guard, const PGresult *rows, int row)
{
    guard->waiter = g_strdup(cell(rows, row, CORE_GUARD_WHAT));
    guard->waiter_mode = g_strdup(cell(rows, row, CORE_GUARD_MODE));
    guard->waited_ms = g_ascii_strtoll(cell(rows, row, CORE_GUARD_MS), NULL, 10);
    guard->longest_wait_ms = MAX(guard->longest_wait_ms, (double) guard->waited_ms);
}

static void see(struct guard *guard, const PGresult *rows)
{
    GPtrArray *now = g_ptr_array_new_with_free_func(guard_hold_free);
    bool waits = false;

    guard->seen = false;
    g_clear_pointer(&guard->waiter, g_free);
    g_clear_pointer(&guard->waiter_mode, g_free);
    g_clear_pointer(&guard->waits_for, g_free);
    for (int row = 0; row < PQntuples(rows); row++) {
        const char *kind = cell(rows, row, CORE_GUARD_KIND);
        const char *what = cell(rows, row, CORE_GUARD_WHAT);
        if (strcmp(kind, "seen") == 0)
            guard->seen = true;
        else if (strcmp(kind, "held") == 0)
            see_hold(guard, now,
                     (guint) g_ascii_strtoull(cell(rows, row, CORE_GUARD_OID), NULL, 10), what,
                     cell(rows, row, CORE_GUARD_MODE));
        else if (strcmp(kind, "waiter") == 0)
            see_waiter(guard, rows, row);
        else if (strcmp(kind, "waits") == 0) {
            waits = true;
            guard->waits_for = *what == '\0' ? NULL : g_strdup(what);
        }
    }
    replace_holds(guard, now);
    if (!waits)
        guard->waiting_since_us = 0;
    else if (guard->waiting_since_us == 0)
        guard->waiting_since_us = guard->looked_us;
    guard->looked_us = guard->asked_us;
    guard->first_us = guard->coming_us;
}

/* ---- looking ------------------------------------------------------------------------------- */

static void lose(struct guard *guard)
{
    guard->lost = true;
    guard->asked_us = 0;
}

static void ask(struct guard *guard)
{
    const struct query *text = query_for(&query_core_guard, session_version(guard->session));
    const char *const values[] = {guard->pid, guard->started};
    gint64 now = g_get_monotonic_time();

    guard->asked_us = now;
    guard->coming_us = guard->busy ? now : 0;
    guard->next_us = now + LOOK_MS * 1000;
    if (!PQsendQueryParams(session_handle(guard->session), text->sql, 2, NULL, values, NULL,
                           NULL, 0))
        lose(guard);
}

/* An error is an answer that says nothing: the guard does not see any more. */
static void take_answer(struct guard *guard)
{
    PGconn *connection = session_handle(guard->session);
    bool answered = false, refused = false;

    while (!PQisBusy(connection)) {
        PGresult *result = PQgetResult(connection);
        if (result == NULL) {
            if (answered && !refused)
                guard->asked_us = 0;
            else
                lose(guard);
            return;
        }
        if (PQresultStatus(result) == PGRES_TUPLES_OK) {
            see(guard, result);
            answered = true;
        } else
            refused = true;
        PQclear(result);
    }
}

void plan_guard_tend(struct guard *guard)
{
    if (guard->lost)
        return;
    PGconn *connection = session_handle(guard->session);
    if (connection == NULL || !PQconsumeInput(connection) ||
        PQstatus(connection) != CONNECTION_OK) {
        lose(guard);
        return;
    }
    if (guard->asked_us != 0)
        take_answer(guard);
    if (!guard->lost && guard->asked_us == 0 && g_get_monotonic_time() >= guard->next_us)
        ask(guard);
}

/* Until the look that is under way was answered, or the guard was silent for too long. */
static void await(struct guard *guard)
{
    gint64 until = g_get_monotonic_time() + plan_guard_silence_ms(guard->limits) * 1000;

    while (!guard->lost && guard->asked_us != 0) {
        gint64 left_ms = (until - g_get_monotonic_time()) / 1000;
        struct pollfd descriptor = {.fd = plan_guard_fd(guard), .events = POLLIN};
        if (left_ms <= 0) {
            lose(guard);
            session_drop(guard->session);
            return;
        }
        poll(&descriptor, 1, (int) left_ms + 1);
        PGconn *connection = session_handle(guard->session);
        if (!PQconsumeInput(connection))
            lose(guard);
        else
            take_answer(guard);
    }
}

bool plan_guard_look(struct guard *guard)
{
    await(guard);
    if (guard->lost || !session_alive(guard->session))
        return false;
    ask(guard);
    await(guard);
    return !guard->lost;
}

int plan_guard_fd(const struct guard *guard)
{
    return guard->lost || session_handle(guard->session) == NULL
               ? -1
               : PQsocket(session_handle(guard->session));
}

gint64 plan_guard_due_us(const struct guard *guard)
{
    return guard->lost ? G_MAXINT64 : guard->next_us;
}

/* ---- what it means ------------------------------------------------------------------------- */

enum guard_verdict plan_guard_verdict(const struct guard *guard, char **ret_why)
{
    gint64 now = g_get_monotonic_time();
    const struct guard_hold *longest = NULL;

    for (guint i = 0; i < guard->holds->len; i++) {
        const struct guard_hold *hold = g_ptr_array_index(guard->holds, i);
        if (longest == NULL || hold->since_us < longest->since_us)
            longest = hold;
    }
    struct guard_sight sight = {
        .relation = longest != NULL ? longest->relation : NULL,
        .mode = longest != NULL ? longest->mode : NULL,
        .held_ms = longest != NULL ? (now - longest->since_us) / 1000 : 0,
        .waiter = guard->waiter,
        .waiter_mode = guard->waiter_mode,
        .waited_ms = guard->waited_ms,
        .waiting = guard->waiting_since_us != 0,
        .waits_for = guard->waits_for,
        .waiting_ms = guard->waiting_since_us != 0 ? (now - guard->waiting_since_us) / 1000 : 0,
        .lost = guard->lost,
        .silent_ms = (now - guard->looked_us) / 1000,
    };
    return plan_guard_judge(&sight, guard->limits, guard->transaction, ret_why);
}

bool plan_guard_strong(const struct guard *guard)
{
    return guard->holds->len > 0;
}

void plan_guard_release(struct guard *guard, gint64 now_us)
{
    for (guint i = 0; i < guard->holds->len; i++)
        give_back(guard, g_ptr_array_index(guard->holds, i), now_us);
    g_ptr_array_set_size(guard->holds, 0);
}

void plan_guard_close(struct guard *guard)
{
    if (guard->holds == NULL)
        return;
    await(guard);
    g_ptr_array_unref(guard->holds);
    g_ptr_array_unref(guard->given_back);
    g_free(guard->pid);
    g_free(guard->started);
    g_free(guard->waiter);
    g_free(guard->waiter_mode);
    g_free(guard->waits_for);
    guard->holds = NULL;
}
