#include "watch/watcher_guard.h"

#include "plan/plan.h"

#include <string.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 5000,         /* a server that does not answer for so long is not there */
    SEVERAL_PATIENCE_MS = 3000, /* where another one may be the primary by now */
    LATE_MS = 40000, /* its answer may come yet; the server itself ends it after 30 s */
    RESCUE_AFTER_MS = 30000,
    RETURN_EVERY_MS = 10000,
    LOCK_EVERY_MS = 5000,
    /* Our own lost backend may hold it for a moment longer. */
    LOCK_SOON_TRIES = 3,
    LOCK_SOON_MS = 500,
    FIRST_PAUSE_MS = 200,
    PAUSE_MS = 2000,
    LONG_PAUSE_MS = 15000,
    LONG_AFTER_MS = 60000,
};

gint64 watcher_guard_pause_ms(guint tries, gint64 down_ms)
{
    gint64 most = down_ms < LONG_AFTER_MS ? PAUSE_MS : LONG_PAUSE_MS;

    return MIN((gint64) FIRST_PAUSE_MS << MIN(tries, 10), most);
}

bool watcher_guard_knocks(const struct watcher_plight *plight)
{
    return !plight->late || plight->several || plight->probed == SESSION_PROBE_IN ||
           plight->probed == SESSION_PROBE_FULL ||
           (plight->rescue && plight->down_ms >= RESCUE_AFTER_MS);
}

bool watcher_guard_rescues(const struct watcher_plight *plight, const char *sqlstate)
{
    return plight->rescue && (strcmp(sqlstate, "53300") == 0 ||
                              (plight->lost && plight->down_ms >= RESCUE_AFTER_MS));
}

void watcher_guard_init(struct watcher_guard *guard, struct call *call)
{
    *guard = (struct watcher_guard){
        .call = call,
        .usual = *call->server,
        .by_emergency =
            {
                .dbname = settings_string(call->settings, "emergency_conninfo"),
                .password = call->server->password,
                .patience_ms = PATIENCE_MS,
                .primary = true,
                .lingers = true,
            },
        .reason = g_strdup("not connected yet"),
        .down_us = g_get_monotonic_time(),
    };
    guard->usual.primary = guard->usual.lingers = true;
    guard->hosts = session_hosts(&guard->usual);
    guard->usual.patience_ms = guard->hosts > 1 ? SEVERAL_PATIENCE_MS : PATIENCE_MS;
    /* Whom nobody sits in front of asks nobody. */
    if (!isatty(STDOUT_FILENO))
        guard->usual.password = guard->by_emergency.password = SESSION_PASSWORD_NEVER;
    guard->usual.entered = NULL;
}

static void forget_lock(struct watcher_guard *guard)
{
    guard->acts = false;
    g_clear_pointer(&guard->holder, g_free);
    guard->lock_us = 0;
    guard->lock_tries = 0;
}

void watcher_guard_close(struct watcher_guard *guard)
{
    g_clear_pointer(&guard->session, session_close);
    g_clear_pointer(&guard->late, session_close);
    forget_lock(guard);
    g_clear_pointer(&guard->reason, g_free);
    g_clear_pointer(&guard->place, g_free);
    g_clear_pointer(&guard->usual.entered, g_free);
    g_clear_pointer(&guard->by_emergency.entered, g_free);
}

/* On one line, and without the hint what to do about it. */
static void set_reason(struct watcher_guard *guard, const char *reason)
{
    const char *hint = strstr(reason, "\nhint: ");

    g_free(guard->reason);
    guard->reason = g_strndup(reason, hint != NULL ? (gsize) (hint - reason) : strlen(reason));
    g_strdelimit(guard->reason, "\n\t", ' ');
}

/* Kept for its answer; meanwhile the next host may have become the primary. */
static void keep_late(struct watcher_guard *guard)
{
    g_clear_pointer(&guard->late, session_close);
    guard->late = g_steal_pointer(&guard->session);
    guard->late_until_us = g_get_monotonic_time() + LATE_MS * 1000;
    guard->late_emergency = guard->emergency;
    if (!guard->emergency)
        guard->usual.reached++;
}

void watcher_guard_lose(struct watcher_guard *guard, const char *reason)
{
    gint64 now = g_get_monotonic_time();

    set_reason(guard, reason);
    if (guard->session != NULL && session_late(guard->session))
        keep_late(guard);
    g_clear_pointer(&guard->session, session_close);
    forget_lock(guard);
    guard->emergency = false;
    guard->lost = true;
    guard->down_us = now;
    guard->retry_us = now;
    guard->tries = 0;
}

static bool has_rescue(const struct watcher_guard *guard)
{
    return guard->by_emergency.dbname != NULL && *guard->by_emergency.dbname != '\0';
}

static struct session *enter(struct watcher_guard *guard, const struct watcher_plight *plight,
                             GError **error)
{
    g_autoptr(GError) refused = NULL;
    const char *section = guard->call->feature->name;
    struct session *session = session_open(&guard->usual, section, &refused);

    guard->emergency = false;
    if (session == NULL && watcher_guard_rescues(plight, guard->usual.refusal)) {
        session = session_open(&guard->by_emergency, section, NULL);
        guard->emergency = session != NULL;
    }
    if (session == NULL)
        g_propagate_error(error, g_steal_pointer(&refused));
    return session;
}

/* The late one has answered, and holds no lock we do not know of. False: it has not, or is gone. */
static bool take_late(struct watcher_guard *guard)
{
    bool in_time = g_get_monotonic_time() < guard->late_until_us;
    enum session_late_state state = session_late_go(guard->late);

    if (state == SESSION_LATE_PENDING && in_time)
        return false;
    if (state == SESSION_LATE_OVER &&
        session_command(guard->late, "SELECT pg_catalog.pg_advisory_unlock_all()", NULL)) {
        guard->session = g_steal_pointer(&guard->late);
        guard->emergency = guard->late_emergency;
        return true;
    }
    if (!in_time || !session_late(guard->late) || state == SESSION_LATE_LOST) {
        g_clear_pointer(&guard->late, session_close);
        guard->retry_us = 0;
    }
    return false;
}

/* Whether the usual way has led to another server than the last time. */
static void heed_place(struct watcher_guard *guard)
{
    g_autofree char *place = NULL;

    guard->moved = false;
    if (guard->emergency)
        return;
    place = g_strconcat(session_host(guard->session), " ", session_port(guard->session), NULL);
    guard->moved = guard->place != NULL && strcmp(place, guard->place) != 0;
    g_free(guard->place);
    guard->place = g_steal_pointer(&place);
}

static bool settle(struct watcher_guard *guard)
{
    forget_lock(guard);
    heed_place(guard);
    g_clear_pointer(&guard->reason, g_free);
    guard->return_us = 0;
    return true;
}

bool watcher_guard_tend(struct watcher_guard *guard, enum session_probe_state probed)
{
    g_autoptr(GError) error = NULL;
    gint64 begun = g_get_monotonic_time();

    if (guard->session != NULL)
        return true;
    if (guard->late != NULL && take_late(guard))
        return settle(guard);
    if (begun < guard->retry_us)
        return false;
    const struct watcher_plight plight = {
        .late = guard->late != NULL,
        .several = guard->hosts > 1,
        .lost = guard->lost,
        .rescue = has_rescue(guard),
        .down_ms = (begun - guard->down_us) / 1000,
        .probed = probed,
    };
    if (!watcher_guard_knocks(&plight)) {
        guard->retry_us = begun + FIRST_PAUSE_MS * 1000;
        return false;
    }
    guard->session = enter(guard, &plight, &error);
    if (guard->session != NULL) {
        g_clear_pointer(&guard->late, session_close);
        return settle(guard);
    }
    gint64 now = g_get_monotonic_time();
    set_reason(guard, error->message);
    if (g_error_matches(error, RUNBOOK_ERROR, RUNBOOK_USAGE))
        guard->hopeless = g_steal_pointer(&error);
    guard->retry_us =
        now + watcher_guard_pause_ms(guard->tries, (now - guard->down_us) / 1000) * 1000;
    guard->tries++;
    return false;
}

bool watcher_guard_lock(struct watcher_guard *guard, GError **error)
{
    gint64 now = g_get_monotonic_time();
    g_autoptr(GError) failed = NULL;

    if (guard->acts || now < guard->lock_us)
        return true;
    g_clear_pointer(&guard->holder, g_free);
    guard->acts = plan_lock_try(guard->session, "serve", &guard->holder, &failed);
    bool soon = guard->lock_tries++ < LOCK_SOON_TRIES;
    guard->lock_us = now + (soon ? LOCK_SOON_MS : LOCK_EVERY_MS) * 1000;
    if (failed == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&failed));
    return false;
}

void watcher_guard_renewed(struct watcher_guard *guard)
{
    forget_lock(guard);
}

void watcher_guard_return(struct watcher_guard *guard)
{
    gint64 now = g_get_monotonic_time();

    if (now < guard->return_us)
        return;
    guard->return_us = now + RETURN_EVERY_MS * 1000;
    struct session *session = session_open(&guard->usual, guard->call->feature->name, NULL);
    if (session == NULL)
        return;
    session_close(guard->session);
    guard->session = session;
    guard->emergency = false;
    settle(guard);
}
