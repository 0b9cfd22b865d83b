#include "watch/watcher_signs.h"

#include "interrupt.h"

enum { PROBE_PATIENCE_MS = 5000, FULL_PROBE_MS = 1000, REFUSED_HOLDS_MS = 10000 };

void watcher_signs_init(struct watcher_signs *signs, const struct settings *settings)
{
    *signs = (struct watcher_signs){.probe_ms = settings_int(settings, "watch.probe")};
}

void watcher_signs_clear(struct watcher_signs *signs)
{
    g_clear_pointer(&signs->probe, session_probe_free);
    g_clear_pointer(&signs->probe_reason, g_free);
}

/* ---- the probe --------------------------------------------------------------------------------- */

static void start_probe(struct watcher_signs *signs, struct session_params *params,
                        const struct session *session, bool full)
{
    gint64 now = g_get_monotonic_time();
    gint64 latest = now + MIN(FULL_PROBE_MS, signs->probe_ms) * 1000;

    if (full)
        signs->probe_us = MIN(signs->probe_us, latest);
    if (signs->probe != NULL || now < signs->probe_us)
        return;
    signs->probe = session_probe_start(params, session, PROBE_PATIENCE_MS);
    signs->probe_us =
        now + (full ? MIN(FULL_PROBE_MS, signs->probe_ms) : signs->probe_ms) * 1000;
}

static bool go_on_with_probe(struct watcher_signs *signs, bool ready)
{
    char *reason = NULL;
    enum session_probe_state state = session_probe_go(signs->probe, ready, &reason);

    if (state == SESSION_PROBE_UNDERWAY)
        return false;
    g_clear_pointer(&signs->probe, session_probe_free);
    g_free(signs->probe_reason);
    signs->probe_reason = reason;
    signs->probed = state;
    bool before = watcher_signs_now(signs) & WATCH_REFUSED;
    if (state == SESSION_PROBE_FULL)
        signs->refused_until_us = g_get_monotonic_time() + REFUSED_HOLDS_MS * 1000;
    else if (state == SESSION_PROBE_IN)
        signs->refused_until_us = 0;
    return !before && state == SESSION_PROBE_FULL;
}

/* ---- all --------------------------------------------------------------------------------------- */

void watcher_signs_start(struct watcher_signs *signs, struct session_params *params,
                         const struct session *session, bool full)
{
    if (session != NULL)
        start_probe(signs, params, session, full);
}

static gint64 wake_us(const struct watcher_signs *signs, gint64 until_us)
{
    if (signs->probe == NULL)
        return until_us;
    if (session_probe_fd(signs->probe) < 0)
        return 0;
    return MIN(until_us, session_probe_deadline_us(signs->probe));
}

static bool wait_once(struct watcher_signs *signs, gint64 until_us)
{
    struct pollfd own[2] = {{.fd = interrupt_fd(), .events = POLLIN}, {.fd = -1}};
    gint64 left_us = wake_us(signs, until_us) - g_get_monotonic_time();

    if (signs->probe != NULL)
        own[1] = (struct pollfd){.fd = session_probe_fd(signs->probe),
                                 .events = session_probe_events(signs->probe)};
    poll(own, G_N_ELEMENTS(own), (int) CLAMP((left_us + 999) / 1000, 0, 60000));
    return signs->probe != NULL && go_on_with_probe(signs, own[1].revents != 0);
}

bool watcher_signs_wait(struct watcher_signs *signs, gint64 until_us)
{
    while (g_get_monotonic_time() < until_us && !interrupt_pending())
        if (wait_once(signs, until_us))
            return true;
    return false;
}

unsigned watcher_signs_now(const struct watcher_signs *signs)
{
    return g_get_monotonic_time() < signs->refused_until_us ? (unsigned) WATCH_REFUSED : 0;
}
