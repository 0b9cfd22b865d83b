/*
 * The loop: once a second, on a grid that does not drift, one look at the server, one line about
 * it, and every section's judgement. In between it waits for what is under way.
 */
#include "watch/watcher.h"

#include "interrupt.h"
#include "watch/watch_desk.h"
#include "watch/watcher_feed.h"
#include "watch/watcher_guard.h"
#include "watch/watcher_lines.h"
#include "watch/watcher_order.h"
#include "watch/watcher_signs.h"

#include <malloc.h>
#include <string.h>
#include <unistd.h>

#define GRID_US ((gint64) G_USEC_PER_SEC)

static const double FULL = 0.70; /* from here on a probe goes out at every look */

struct watched {
    const struct feature *feature;
    struct call call;
    struct watch_memory memory;
};

struct watcher {
    struct call *call;
    struct watcher_lines lines;
    struct watch_desk desk;
    struct watcher_guard guard;
    struct watcher_signs signs;
    struct watcher_feed feed;
    struct watcher_minute minute;
    GArray *sections; /* of struct watched */
    bool in_recovery, full;
    bool log_trouble; /* that log_file cannot be read was said */
    bool extra;       /* a look out of turn: a sign has come */
    gint64 grid_us;   /* the look that is due, on the monotonic clock */
};

/* ---- what is said ------------------------------------------------------------------------------ */

static void on_alarm(const struct watch_alarm *alarm, gpointer data)
{
    struct watcher *watcher = data;

    watcher_say_alarm(&watcher->lines, alarm);
}

static void on_note(const char *name, gint64 run, bool warning, const char *message,
                    gpointer data)
{
    struct watcher *watcher = data;

    watcher_say_note(&watcher->lines, name, run, warning, message);
}

static void on_busy(double seconds, gpointer data)
{
    struct watcher *watcher = data;

    watcher_say_busy(&watcher->lines, seconds);
}

static void say_state(struct watcher *watcher)
{
    struct watcher_guard *guard = &watcher->guard;
    struct watcher_state state = {.up = guard->session != NULL, .reason = guard->reason};

    if (state.up) {
        state.acts = guard->acts;
        state.holder = guard->holder;
        state.emergency = guard->emergency;
        state.in_recovery = watcher->in_recovery;
        state.host = session_host(guard->session);
        state.port = session_port(guard->session);
        state.dbname = session_database(guard->session);
        state.system_identifier = session_system_identifier(guard->session);
        state.version_num = session_version(guard->session);
    }
    watcher_say_state(&watcher->lines, &state);
}

/* ---- the watch's own alarms ---------------------------------------------------------------------- */

static void judge_reach(struct watcher *watcher)
{
    const struct watcher_guard *guard = &watcher->guard;
    bool down = guard->session == NULL;

    watch_desk_judge(&watcher->desk,
                     &(struct watch_alarm){
                         .name = "unreachable",
                         .holds = down,
                         .critical = true,
                         .message = down ? guard->reason : "the server can be reached",
                     },
                     g_get_monotonic_time());
}

static void judge_refused(struct watcher *watcher, unsigned triggers)
{
    const struct watcher_signs *signs = &watcher->signs;
    g_autofree char *message = NULL;
    bool holds = watcher_signs_refusal(triggers & WATCH_REFUSED, signs->probed,
                                       signs->probe_reason, &message);

    if (signs->probed == SESSION_PROBE_UNDERWAY) /* nobody knows yet */
        return;
    watch_desk_judge(
        &watcher->desk,
        &(struct watch_alarm){
            .name = "refused", .holds = holds, .critical = true, .message = message},
        g_get_monotonic_time());
}

static void judge_unready(struct watcher *watcher, unsigned triggers)
{
    const struct watcher_signs *signs = &watcher->signs;
    bool unready = triggers & WATCH_UNREADY;

    if (signs->health_url == NULL)
        return;
    watch_desk_judge(&watcher->desk,
                     &(struct watch_alarm){
                         .name = "unready",
                         .holds = unready,
                         .critical = true,
                         .message = unready ? signs->health_reason : "the service is ready",
                     },
                     g_get_monotonic_time());
}

/* Once, until it can be read again. */
static void note_log_trouble(struct watcher *watcher, const char *trouble)
{
    if (trouble != NULL && !watcher->log_trouble) {
        g_autofree char *message = g_strdup_printf("log_file \"%s\" cannot be read: %s",
                                                   watcher->signs.log_file, trouble);
        watcher_say_note(&watcher->lines, "log", -1, true, message);
    }
    watcher->log_trouble = trouble != NULL;
}

static void judge_logged(struct watcher *watcher, unsigned triggers)
{
    const struct watcher_signs *signs = &watcher->signs;
    bool logged = triggers & WATCH_LOGGED;

    if (signs->log_file == NULL)
        return;
    watch_desk_judge(&watcher->desk,
                     &(struct watch_alarm){
                         .name = "log",
                         .holds = logged,
                         .critical = true,
                         .message = logged ? signs->logged : "the log is quiet again",
                     },
                     g_get_monotonic_time());
    note_log_trouble(watcher, follow_trouble(signs->follow));
}

/* What is hidden from our role makes every number wrong: it is said once, and nothing is done. */
static void judge_blind(struct watcher *watcher, const struct backends *backends)
{
    g_autoptr(GError) hidden = NULL;
    bool seen = backends_all_seen(backends, &hidden);

    if (!seen)
        g_strdelimit(hidden->message, "\n", ' ');
    watch_desk_judge(&watcher->desk,
                     &(struct watch_alarm){
                         .name = "blind",
                         .holds = !seen,
                         .message = seen ? "our role sees all sessions" : hidden->message,
                     },
                     g_get_monotonic_time());
}

/* ---- one look ------------------------------------------------------------------------------------ */

/* What a section is given of this look. */
static struct watch_look look_of(struct watcher *watcher, struct watched *section,
                                 const struct backends *backends, unsigned triggers)
{
    const struct watcher_guard *guard = &watcher->guard;

    return (struct watch_look){
        .call = &section->call,
        .guard = guard->session,
        .backends = backends,
        .now_us = g_get_monotonic_time(),
        .triggers = triggers,
        .may_act = guard->acts && !backends->in_recovery && backends->hidden == 0,
        .memory = &section->memory,
        .desk = &watcher->desk,
        .emergency = guard->emergency,
    };
}

/* An act of the look may have cost the guard, or its lock. */
static void heed_act(struct watcher *watcher, bool might, const struct watch_look *look)
{
    if (might && !look->may_act)
        watcher_guard_renewed(&watcher->guard);
}

static void show_sections(struct watcher *watcher, const struct backends *backends,
                          unsigned triggers)
{
    for (guint i = 0; i < watcher->sections->len && !interrupt_pending(); i++) {
        struct watched *section = &g_array_index(watcher->sections, struct watched, i);
        struct watch_look look = look_of(watcher, section, backends, triggers);
        bool might = look.may_act;
        section->feature->watch(&look);
        heed_act(watcher, might, &look);
        if (!session_alive(watcher->guard.session))
            return;
    }
}

static struct watched *section_called(struct watcher *watcher, const char *name)
{
    for (guint i = 0; i < watcher->sections->len; i++) {
        struct watched *section = &g_array_index(watcher->sections, struct watched, i);
        if (strcmp(section->feature->name, name) == 0)
            return section;
    }
    return NULL;
}

/* One a look: the next is given what this one has left. */
static void carry_out_order(struct watcher *watcher, const struct backends *backends,
                            unsigned triggers)
{
    if (watcher->feed.orders->len == 0 || interrupt_pending())
        return;
    struct watcher_order *order = g_ptr_array_steal_index(watcher->feed.orders, 0);
    struct watched *section = section_called(watcher, order->words[0]);
    struct watch_outcome outcome = {.run = -1};
    int code = RUNBOOK_REFUSED;
    if (section != NULL) {
        struct watch_look look = look_of(watcher, section, backends, triggers);
        bool might = look.may_act;
        code = watcher_order_carry_out(order, &look, &outcome);
        heed_act(watcher, might, &look);
    }
    watcher_say_lent(&watcher->lines, order->number, code, &outcome);
    watcher_order_free(order);
}

/* Without a guard there is nothing to lend. */
static void turn_orders_down(struct watcher *watcher)
{
    for (guint i = 0; i < watcher->feed.orders->len; i++) {
        const struct watcher_order *order = g_ptr_array_index(watcher->feed.orders, i);
        struct watch_outcome outcome = {.run = -1, .messages = g_strdup(watcher->guard.reason)};
        watcher_say_lent(&watcher->lines, order->number, RUNBOOK_CONNECT, &outcome);
    }
    g_ptr_array_set_size(watcher->feed.orders, 0);
}

/* What the sections' reports would say, for somebody who looks on: from this look, without a query. */
static void show_live(struct watcher *watcher, const struct backends *backends,
                      unsigned triggers)
{
    watcher_feed_take(&watcher->feed, g_get_monotonic_time());
    if (!watcher_feed_looks(&watcher->feed, g_get_monotonic_time()) || backends->hidden > 0)
        return;
    for (guint i = 0; i < watcher->sections->len; i++) {
        struct watched *section = &g_array_index(watcher->sections, struct watched, i);
        struct watch_look look = look_of(watcher, section, backends, triggers);
        json_t *document =
            section->feature->live != NULL ? section->feature->live(&look) : NULL;
        if (document == NULL)
            continue;
        watcher_say_live(&watcher->lines, section->feature->name, document);
    }
}

static void look_at(struct watcher *watcher, const struct backends *backends)
{
    struct watcher_sample sample = watcher_sample_of(backends);
    unsigned triggers = watcher_signs_now(&watcher->signs);

    watcher->in_recovery = backends->in_recovery;
    watcher->full = (double) sample.slots.used >= FULL * (double) sample.slots.ordinary;
    watcher_minute_add(&watcher->minute, &sample);
    say_state(watcher);
    watcher_say_sample(&watcher->lines, &sample, triggers);
    judge_refused(watcher, triggers);
    judge_unready(watcher, triggers);
    judge_logged(watcher, triggers);
    judge_blind(watcher, backends);
    show_live(watcher, backends, triggers);
    show_sections(watcher, backends, triggers);
    if (session_alive(watcher->guard.session))
        carry_out_order(watcher, backends, triggers);
}

static bool look(struct watcher *watcher, GError **error)
{
    struct watcher_guard *guard = &watcher->guard;
    AUTO(backends) backends = backends_read(guard->session, error);

    if (backends == NULL)
        return false;
    if (backends->in_recovery &&
        (session_wants_primary(guard->session) || (guard->emergency && guard->hosts > 1))) {
        runbook_error_set(error, RUNBOOK_REFUSED, NULL,
                          "the server at \"%s\" has become a standby",
                          session_host(guard->session));
        return false;
    }
    if (backends->in_recovery)
        watcher_guard_renewed(guard);
    else if (!watcher_guard_lock(guard, error))
        return false;
    look_at(watcher, backends);
    return true;
}

/* Another server than before: what is remembered of the old one's sessions is void. */
static void heed_move(struct watcher *watcher)
{
    if (!watcher->guard.moved)
        return;
    watcher->guard.moved = false;
    watcher_signs_moved(&watcher->signs);
    watcher->full = false;
    for (guint i = 0; i < watcher->sections->len; i++) {
        struct watch_memory *memory =
            &g_array_index(watcher->sections, struct watched, i).memory;
        if (memory->data != NULL && memory->free_data != NULL)
            memory->free_data(memory->data);
        memory->data = NULL;
    }
}

/* The usual way in is open again: the emergency connection is for others now. */
static void leave_emergency(struct watcher *watcher)
{
    if (watcher->guard.emergency && watcher->signs.probed == SESSION_PROBE_IN &&
        watcher->signs.probe == NULL && !watcher->full)
        watcher_guard_return(&watcher->guard);
}

/* ---- time ---------------------------------------------------------------------------------------- */

static void turn_minute(struct watcher *watcher)
{
    gint64 wall = g_get_real_time();

    if (watcher_minute_over(&watcher->minute, wall)) {
        watcher_say_minute(&watcher->lines, &watcher->minute);
        watcher->minute.minute_us = 0;
    }
    if (watcher->minute.minute_us == 0)
        watcher_minute_begin(&watcher->minute, wall);
}

/* What there is of the minute that somebody ends: another watch may see the rest of it. */
static void say_last_minute(struct watcher *watcher)
{
    const struct watcher_minute *minute = &watcher->minute;

    if (minute->samples + minute->missed > 0)
        watcher_say_minute(&watcher->lines, minute);
}

/* The next point of the grid; those that went by while something else was done are missed. A new
 * connection begins a new grid. */
static void advance(struct watcher *watcher, gint64 begun_us, bool new)
{
    gint64 behind = g_get_monotonic_time() - watcher->grid_us;
    gint64 passed = MAX(behind / GRID_US, 0);

    watcher->grid_us = new ? begun_us + GRID_US : watcher->grid_us + (passed + 1) * GRID_US;
    watcher->minute.missed += (guint) passed;
}

static void look_or_lose(struct watcher *watcher)
{
    struct watcher_guard *guard = &watcher->guard;
    g_autoptr(GError) error = NULL;

    if (guard->session == NULL)
        return;
    bool looked = look(watcher, &error);
    if (interrupt_pending())
        return;
    if (!looked)
        watcher_guard_lose(guard, error->message);
    else if (!session_alive(guard->session)) /* in an act */
        watcher_guard_lose(guard, session_late(guard->session) ? "the server stopped answering"
                                                               : "the connection was lost");
}

/* Out of turn: what has just been learnt does not wait for the grid, and counts for no minute. */
static void look_out_of_turn(struct watcher *watcher)
{
    struct watcher_minute minute = watcher->minute;

    watcher->extra = false;
    look_or_lose(watcher);
    watcher->minute = minute;
}

/* What can be told without a connection. */
static void tell_of_outage(struct watcher *watcher)
{
    unsigned triggers = watcher_signs_now(&watcher->signs);

    watcher->minute.missed++;
    watcher_feed_take(&watcher->feed, g_get_monotonic_time());
    turn_orders_down(watcher);
    say_state(watcher);
    watcher_say_beat(&watcher->lines);
    judge_unready(watcher, triggers);
    judge_logged(watcher, triggers);
    /* Probes go on beside a late answer. That nobody answers them either is no news. */
    if (triggers & WATCH_REFUSED)
        judge_refused(watcher, triggers);
}

static void tick(struct watcher *watcher, bool new)
{
    gint64 begun = g_get_monotonic_time();

    turn_minute(watcher);
    leave_emergency(watcher);
    look_or_lose(watcher);
    if (watcher->guard.session == NULL)
        tell_of_outage(watcher);
    judge_reach(watcher);
    advance(watcher, begun, new);
}

static void wait_for_next(struct watcher *watcher)
{
    struct watcher_guard *guard = &watcher->guard;
    gint64 until = watcher->grid_us;

    if (guard->session == NULL)
        until = MIN(until, MAX(guard->retry_us, g_get_monotonic_time() + 1000));
    const struct watcher_aim aim = {
        .params = &guard->usual,
        .session = guard->session != NULL ? guard->session : guard->late,
        /* Several hosts are tried one by one when it is time to return. */
        .usual = guard->hosts == 1 &&
                 (guard->session != NULL ? guard->emergency : guard->late_emergency),
        .urgent = watcher->full || guard->session == NULL,
    };
    bool waits_late = guard->session == NULL && guard->late != NULL;
    watcher_signs_start(&watcher->signs, &aim);
    watcher->extra = watcher_signs_wait(
        &watcher->signs, until, waits_late ? session_late_fd(guard->late) : watcher->feed.fd);
    watcher_feed_take(&watcher->feed, g_get_monotonic_time());
    if (watcher->feed.orders->len > 0 && guard->session != NULL)
        watcher->extra = true;
}

/* True: there is a connection that was not there before. */
static bool tend_guard(struct watcher *watcher)
{
    struct watcher_guard *guard = &watcher->guard;
    const struct watcher_signs *signs = &watcher->signs;

    if (guard->session != NULL ||
        !watcher_guard_tend(guard, signs->probed_us > guard->down_us ? signs->probed
                                                                     : SESSION_PROBE_UNDERWAY))
        return false;
    heed_move(watcher);
    malloc_trim(0);
    return true;
}

/* ---- from begin to end --------------------------------------------------------------------------- */

static GArray *sections_of(struct call *call)
{
    GArray *sections = g_array_new(FALSE, TRUE, sizeof(struct watched));

    for (guint i = 0; features[i] != NULL; i++) {
        struct watched section = {
            .feature = features[i],
            .call = {.feature = features[i],
                     .settings = call->settings,
                     .server = call->server,
                     .target = call->target,
                     .alias = call->alias},
        };
        if (features[i]->watch != NULL)
            g_array_append_val(sections, section);
    }
    return sections;
}

static void open_all(struct watcher *watcher, struct call *call)
{
    bool json = output_format(call->output) == OUTPUT_JSON || !isatty(STDOUT_FILENO);

    *watcher = (struct watcher){.call = call, .desk = {.data = watcher}};
    watch_desk_init(&watcher->desk, settings_int(call->settings, "watch.calm") * 1000,
                    call->command_line);
    watcher->desk.alarm = on_alarm;
    watcher->desk.note = on_note;
    watcher->desk.busy = on_busy;
    watcher_lines_open(&watcher->lines, STDOUT_FILENO, json);
    watcher_feed_open(&watcher->feed);
    watcher_guard_init(&watcher->guard, call);
    watcher_signs_init(&watcher->signs, call->settings);
    watcher->sections = sections_of(call);
}

static void close_all(struct watcher *watcher)
{
    for (guint i = 0; i < watcher->sections->len; i++) {
        struct watch_memory *memory =
            &g_array_index(watcher->sections, struct watched, i).memory;
        if (memory->data != NULL && memory->free_data != NULL)
            memory->free_data(memory->data);
    }
    g_array_unref(watcher->sections);
    watcher_signs_clear(&watcher->signs);
    watcher_feed_close(&watcher->feed);
    watcher_guard_close(&watcher->guard);
    watch_desk_clear(&watcher->desk);
    watcher_lines_close(&watcher->lines);
}

enum runbook_exit watcher_run(struct call *call, GError **error)
{
    struct watcher watcher;

    open_all(&watcher, call);
    watcher.grid_us = g_get_monotonic_time();
    if (watcher.guard.hosts > 1) /* the first connection may take its time */
        say_state(&watcher);
    while (!interrupt_pending() && !watcher.lines.gone && watcher.guard.hopeless == NULL) {
        bool new = tend_guard(&watcher);
        if (interrupt_pending())
            break;
        if (new || g_get_monotonic_time() >= watcher.grid_us)
            tick(&watcher, new);
        else if (watcher.extra)
            look_out_of_turn(&watcher);
        wait_for_next(&watcher);
    }
    say_last_minute(&watcher);
    if (watcher.guard.hopeless != NULL)
        g_propagate_error(error, g_steal_pointer(&watcher.guard.hopeless));
    else if (watcher.lines.write_error != 0)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "could not write to standard output: %s",
                          g_strerror(watcher.lines.write_error));
    close_all(&watcher);
    if (*error != NULL)
        return runbook_error_exit(*error);
    return interrupt_pending() ? RUNBOOK_INTERRUPTED : RUNBOOK_DONE;
}
