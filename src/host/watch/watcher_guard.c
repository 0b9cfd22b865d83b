#include "watch/watcher_guard.h"

#include "plan/plan.h"

#include <string.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 5000, /* a server that does not answer for so long is not there */
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
            },
        .down_us = g_get_monotonic_time(),
    };
    guard->usual.patience_ms = PATIENCE_MS;
    guard->usual.primary = true;
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
    forget_lock(guard);
    g_clear_pointer(&guard->reason, g_free);
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

void watcher_guard_lose(struct watcher_guard *guard, const char *reason)
{
    gint64 now = g_get_monotonic_time();

    g_clear_pointer(&guard->session, session_close);
    forget_lock(guard);
    set_reason(guard, reason);
    guard->emergency = false;
    guard->down_us = now;
    guard->retry_us = now;
    guard->tries = 0;
}

static struct session *enter(struct watcher_guard *guard, GError **error)
{
    g_autoptr(GError) refused = NULL;
    const char *section = guard->call->feature->name;
    struct session *session = session_open(&guard->usual, section, &refused);

    guard->emergency = false;
    if (session == NULL && guard->by_emergency.dbname != NULL &&
        *guard->by_emergency.dbname != '\0' && strcmp(guard->usual.refusal, "53300") == 0) {
        session = session_open(&guard->by_emergency, section, NULL);
        guard->emergency = session != NULL;
    }
    if (session == NULL)
        g_propagate_error(error, g_steal_pointer(&refused));
    return session;
}

bool watcher_guard_tend(struct watcher_guard *guard)
{
    g_autoptr(GError) error = NULL;

    if (guard->session != NULL)
        return true;
    if (g_get_monotonic_time() < guard->retry_us)
        return false;
    guard->session = enter(guard, &error);
    if (guard->session != NULL) {
        forget_lock(guard);
        g_clear_pointer(&guard->reason, g_free);
        return true;
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
    struct session *session = session_open(&guard->usual, guard->call->feature->name, NULL);

    if (session == NULL)
        return;
    session_close(guard->session);
    guard->session = session;
    guard->emergency = false;
    forget_lock(guard);
}
