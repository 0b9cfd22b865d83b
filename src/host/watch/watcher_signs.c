#include "watch/watcher_signs.h"

#include "interrupt.h"

enum {
    PROBE_PATIENCE_MS = 5000,
    FULL_PROBE_MS = 1000,
    REFUSED_HOLDS_MS = 10000,
    HEALTH_EVERY_MS = 2000,
    HEALTH_PATIENCE_MS = 2000,
    HEALTH_TIMES = 2, /* in a row: one answer may be lost on a deployment */
    LOGGED_HOLDS_MS = 10000,
    LOG_READS = 8, /* of some megabytes each, at one look */
    LOG_LINE_KEPT = 300,
};

void watcher_signs_init(struct watcher_signs *signs, const struct settings *settings)
{
    const char *health_url = settings_string(settings, "health_url");
    const char *log_file = settings_string(settings, "log_file");

    *signs = (struct watcher_signs){.probe_ms = settings_int(settings, "watch.probe")};
    if (health_url != NULL && *health_url != '\0') {
        signs->health_url = health_url;
        signs->health_place = fetch_place(health_url);
        signs->fetch = fetch_new();
    }
    if (log_file != NULL && *log_file != '\0') {
        signs->log_file = log_file;
        signs->follow = follow_new(log_file);
    }
}

void watcher_signs_clear(struct watcher_signs *signs)
{
    g_clear_pointer(&signs->probe, session_probe_free);
    g_clear_pointer(&signs->probe_reason, g_free);
    g_clear_pointer(&signs->fetch, fetch_free);
    g_clear_pointer(&signs->health_reason, g_free);
    g_clear_pointer(&signs->health_place, g_free);
    g_clear_pointer(&signs->follow, follow_free);
    g_clear_pointer(&signs->logged, g_free);
}

/* ---- the probe --------------------------------------------------------------------------------- */

static void start_probe(struct watcher_signs *signs, const struct watcher_aim *aim)
{
    gint64 now = g_get_monotonic_time();
    gint64 often_ms = MIN(FULL_PROBE_MS, signs->probe_ms);

    if (aim->urgent)
        signs->probe_us = MIN(signs->probe_us, now + often_ms * 1000);
    if (signs->probe != NULL || now < signs->probe_us)
        return;
    signs->probe = aim->usual
                       ? session_probe_usual(aim->params, aim->session, PROBE_PATIENCE_MS)
                       : session_probe_start(aim->params, aim->session, PROBE_PATIENCE_MS);
    signs->probe_us = now + (aim->urgent ? often_ms : signs->probe_ms) * 1000;
}

static void go_on_with_probe(struct watcher_signs *signs, bool ready)
{
    char *reason = NULL;
    enum session_probe_state state = session_probe_go(signs->probe, ready, &reason);

    if (state == SESSION_PROBE_UNDERWAY)
        return;
    g_clear_pointer(&signs->probe, session_probe_free);
    g_free(signs->probe_reason);
    signs->probe_reason = reason;
    signs->probed = state;
    signs->probed_us = g_get_monotonic_time();
    if (state == SESSION_PROBE_FULL)
        signs->refused_until_us = g_get_monotonic_time() + REFUSED_HOLDS_MS * 1000;
    else if (state == SESSION_PROBE_IN)
        signs->refused_until_us = 0;
}

void watcher_signs_moved(struct watcher_signs *signs)
{
    g_clear_pointer(&signs->probe, session_probe_free);
    g_clear_pointer(&signs->probe_reason, g_free);
    signs->probed = SESSION_PROBE_UNDERWAY;
    signs->refused_until_us = 0;
}

bool watcher_signs_refusal(bool recent, enum session_probe_state probed, const char *reason,
                           char **ret_message)
{
    bool failed = probed == SESSION_PROBE_FULL || probed == SESSION_PROBE_FAILED;

    if (probed == SESSION_PROBE_SILENT)
        *ret_message = g_strdup("a new connection gets no answer in time");
    else if (failed || recent)
        *ret_message = g_strdup_printf("a new connection is refused: %s",
                                       reason != NULL ? reason : "no slot is left");
    else
        *ret_message = g_strdup("new connections get in");
    return failed || recent || probed == SESSION_PROBE_SILENT;
}

/* ---- the service's health ------------------------------------------------------------------------ */

static void on_health(const struct fetch_answer *answer, gpointer data)
{
    struct watcher_signs *signs = data;
    /* Half an answer is none: whoever hangs in the middle of it is not ready. */
    bool ready = answer->error == NULL && answer->status != 0 && answer->status != 503;

    g_clear_pointer(&signs->health_reason, g_free);
    signs->unready = ready ? 0 : signs->unready + 1;
    if (ready)
        return;
    signs->health_reason =
        answer->status == 503 ? g_strdup_printf("%s answers 503", signs->health_place)
                              : g_strdup_printf("%s does not answer: %s", signs->health_place,
                                                answer->error ? answer->error : "nothing came");
}

static void start_health(struct watcher_signs *signs)
{
    gint64 now = g_get_monotonic_time();
    const struct fetch_request request = {.url = signs->health_url,
                                          .timeout_ms = HEALTH_PATIENCE_MS};

    if (now < signs->health_us || fetch_pending(signs->fetch) > 0)
        return;
    signs->health_us = now + HEALTH_EVERY_MS * 1000;
    fetch_start(signs->fetch, &request, on_health, signs);
}

/* ---- the log ------------------------------------------------------------------------------------- */

static void on_line(const char *line, gsize length, gpointer data)
{
    struct watcher_signs *signs = data;

    if (!follow_line_matches(line, length))
        return;
    g_autofree char *start = g_strndup(line, MIN(length, LOG_LINE_KEPT));
    g_free(signs->logged);
    signs->logged = g_utf8_make_valid(start, -1);
    signs->logged_until_us = g_get_monotonic_time() + LOGGED_HOLDS_MS * 1000;
}

static void read_log(struct watcher_signs *signs)
{
    for (guint i = 0; i < LOG_READS && follow_read(signs->follow, on_line, signs); i++)
        ;
}

/* ---- all --------------------------------------------------------------------------------------- */

void watcher_signs_start(struct watcher_signs *signs, const struct watcher_aim *aim)
{
    if (aim->session != NULL)
        start_probe(signs, aim);
    if (signs->fetch != NULL)
        start_health(signs);
}

static gint64 wake_us(const struct watcher_signs *signs, gint64 until_us)
{
    if (signs->probe == NULL)
        return until_us;
    if (session_probe_fd(signs->probe) < 0)
        return 0;
    return MIN(until_us, session_probe_deadline_us(signs->probe));
}

/* True: the caller's descriptor is readable. */
static bool wait_once(struct watcher_signs *signs, gint64 until_us, int wake_fd)
{
    enum { INTERRUPT, PROBE, LOG, CALLER, DESCRIPTORS };
    struct pollfd own[DESCRIPTORS] = {{.fd = interrupt_fd(), .events = POLLIN},
                                      {.fd = -1},
                                      {.fd = -1},
                                      {.fd = wake_fd, .events = POLLIN}};
    gint64 left_us = wake_us(signs, until_us) - g_get_monotonic_time();
    int left_ms = (int) CLAMP((left_us + 999) / 1000, 0, 60000);

    if (signs->probe != NULL)
        own[PROBE] = (struct pollfd){.fd = session_probe_fd(signs->probe),
                                     .events = session_probe_events(signs->probe)};
    if (signs->follow != NULL)
        own[LOG] = (struct pollfd){.fd = follow_fd(signs->follow), .events = POLLIN};
    if (signs->fetch != NULL)
        fetch_wait(signs->fetch, own, G_N_ELEMENTS(own), left_ms);
    else
        poll(own, G_N_ELEMENTS(own), left_ms);
    if (signs->probe != NULL)
        go_on_with_probe(signs, own[PROBE].revents != 0);
    /* The log was renamed or replaced: before that happens again. */
    if (own[LOG].revents != 0)
        read_log(signs);
    return own[CALLER].revents != 0;
}

bool watcher_signs_wait(struct watcher_signs *signs, gint64 until_us, int wake_fd)
{
    unsigned before = watcher_signs_now(signs);

    if (signs->follow != NULL)
        read_log(signs);
    if (watcher_signs_now(signs) & ~before)
        return true;
    bool woken = false;
    while (g_get_monotonic_time() < until_us && !interrupt_pending() && !woken) {
        woken = wait_once(signs, until_us, wake_fd);
        if (watcher_signs_now(signs) & ~before)
            return true;
    }
    return false;
}

unsigned watcher_signs_now(const struct watcher_signs *signs)
{
    bool refused = g_get_monotonic_time() < signs->refused_until_us;
    bool unready = signs->unready >= HEALTH_TIMES;

    bool logged = g_get_monotonic_time() < signs->logged_until_us;

    return (refused ? (unsigned) WATCH_REFUSED : 0) | (unready ? (unsigned) WATCH_UNREADY : 0) |
           (logged ? (unsigned) WATCH_LOGGED : 0);
}
