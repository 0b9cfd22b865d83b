#include "watch/watcher_lines.h"

#include "out/display.h"
#include "out/document.h"
#include "units/units.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A pipe that is ready takes so much without blocking. A backlog of this size loses samples. */
enum { CHUNK = 4096, BACKLOG_MOST = 256 * 1024 };

void watcher_lines_open(struct watcher_lines *lines, int fd, bool json)
{
    *lines = (struct watcher_lines){.fd = fd, .json = json, .backlog = g_string_new(NULL)};
}

void watcher_lines_close(struct watcher_lines *lines)
{
    watcher_lines_flush(lines);
    g_string_free(lines->backlog, TRUE);
    g_free(lines->last_state);
}

void watcher_lines_flush(struct watcher_lines *lines)
{
    while (lines->backlog->len > 0 && !lines->gone) {
        struct pollfd out = {.fd = lines->fd, .events = POLLOUT};
        if (poll(&out, 1, 0) <= 0)
            return;
        ssize_t written =
            write(lines->fd, lines->backlog->str, MIN(lines->backlog->len, CHUNK));
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            lines->gone = true;
            lines->write_error = errno == EPIPE ? 0 : errno;
            return;
        }
        g_string_erase(lines->backlog, 0, written);
    }
}

/* ---- as JSON ---------------------------------------------------------------------------------- */

/* dear: not to be lost, whatever the reader does. */
static void put(struct watcher_lines *lines, json_t *line, bool dear)
{
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9));

    if (text != NULL && (dear || lines->backlog->len < BACKLOG_MOST)) {
        g_string_append(lines->backlog, text);
        g_string_append_c(lines->backlog, '\n');
    }
    free(text);
    json_decref(line);
    watcher_lines_flush(lines);
}

static json_t *line_new(const char *kind)
{
    return json_pack("{ss sI}", "line", kind, "at_us", (json_int_t) g_get_real_time());
}

static json_t *triggers_json(unsigned triggers)
{
    static const char *const names[] = {"refused", "unready", "logged"};
    json_t *list = json_array();

    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (triggers & 1U << i)
            json_array_append_new(list, json_string(names[i]));
    return list;
}

static json_t *state_json(const struct watcher_state *state)
{
    return json_pack("{ss so sb so so so so so sb sb si}", "state", state->up ? "up" : "down",
                     "reason", document_text(state->reason), "acts", state->acts, "holder",
                     document_text(state->holder), "host", document_text(state->host), "port",
                     document_text(state->port), "dbname", document_text(state->dbname),
                     "system_identifier", document_text(state->system_identifier),
                     "in_recovery", state->in_recovery, "emergency", state->emergency,
                     "version_num", state->version_num);
}

static void put_sample(struct watcher_lines *lines, const struct watcher_sample *sample,
                       unsigned triggers)
{
    json_t *line = line_new("sample");
    json_t *members =
        json_pack("{sI sI sI si si si si so}", "max", (json_int_t) sample->slots.max,
                  "ordinary", (json_int_t) sample->slots.ordinary, "used",
                  (json_int_t) sample->slots.used, "active", (int) sample->active, "idle",
                  (int) sample->idle, "in_transaction", (int) sample->in_transaction, "waiting",
                  (int) sample->waiting, "triggers", triggers_json(triggers));

    json_object_update(line, members);
    json_decref(members);
    put(lines, line, false);
}

/* ---- for people ------------------------------------------------------------------------------- */

static void print(struct watcher_lines *lines, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void print(struct watcher_lines *lines, const char *format, ...)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_local();
    g_autofree char *clock = g_date_time_format(now, "%H:%M:%S");
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *clean = display_clean(text, 0);
    g_string_append_printf(lines->backlog, "%s  %s\n", clock, clean);
    watcher_lines_flush(lines);
}

static void print_state(struct watcher_lines *lines, const struct watcher_state *state)
{
    if (!state->up) {
        print(lines, "down: %s", state->reason ? state->reason : "not connected");
        return;
    }
    print(lines, "up: database \"%s\" at %s, port %s%s%s; %s%s", state->dbname, state->host,
          state->port, state->in_recovery ? ", a standby" : "",
          state->emergency ? ", by the emergency connection" : "",
          state->acts             ? "acts here"
          : state->holder != NULL ? "another watch acts here: "
          : state->in_recovery    ? "never acts on a standby"
                                  : "does not act yet",
          !state->acts && state->holder != NULL ? state->holder : "");
}

static void print_sample(struct watcher_lines *lines, const struct watcher_sample *sample,
                         unsigned triggers)
{
    print(lines,
          "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
          " slots: %u active, %u idle, %u in transaction, %u waiting%s%s%s",
          sample->slots.used, sample->slots.ordinary, sample->active, sample->idle,
          sample->in_transaction, sample->waiting,
          triggers & WATCH_REFUSED ? "; a connection was refused" : "",
          triggers & WATCH_UNREADY ? "; the service is not ready" : "",
          triggers & WATCH_LOGGED ? "; the log says so" : "");
}

/* ---- either ----------------------------------------------------------------------------------- */

void watcher_say_state(struct watcher_lines *lines, const struct watcher_state *state)
{
    json_t *members = state_json(state);
    char *text = json_dumps(members, JSON_COMPACT);
    bool same = g_strcmp0(text, lines->last_state) == 0;

    g_free(lines->last_state);
    lines->last_state = g_strdup(text);
    free(text);
    if (same) {
        json_decref(members);
        return;
    }
    if (!lines->json) {
        print_state(lines, state);
        json_decref(members);
        return;
    }
    json_t *line = line_new("state");
    json_object_update(line, members);
    json_decref(members);
    put(lines, line, true);
}

void watcher_say_sample(struct watcher_lines *lines, const struct watcher_sample *sample,
                        unsigned triggers)
{
    if (lines->json)
        put_sample(lines, sample, triggers);
    else
        print_sample(lines, sample, triggers);
}

void watcher_say_beat(struct watcher_lines *lines)
{
    if (lines->json)
        put(lines, line_new("beat"), false);
}

void watcher_say_minute(struct watcher_lines *lines, const struct watcher_minute *minute)
{
    if (!lines->json)
        return;
    put(lines,
        json_pack("{ss sI si si sI sI sI si si si si sf}", "line", "minute", "minute_us",
                  (json_int_t) minute->minute_us, "samples", (int) minute->samples, "missed",
                  (int) minute->missed, "ordinary", (json_int_t) minute->ordinary, "used_max",
                  (json_int_t) minute->used_max, "used_sum", (json_int_t) minute->used_sum,
                  "active_max", (int) minute->active_max, "idle_max", (int) minute->idle_max,
                  "in_transaction_max", (int) minute->in_transaction_max, "waiting_max",
                  (int) minute->waiting_max, "query_seconds_max", minute->query_seconds_max),
        true);
}

void watcher_say_alarm(struct watcher_lines *lines, const struct watch_alarm *alarm)
{
    const char *severity = alarm->critical ? "critical" : "warning";

    if (!lines->json) {
        print(lines, "%s %s: %s", alarm->holds ? severity : "over:", alarm->name,
              alarm->message);
        return;
    }
    json_t *line = line_new("alarm");
    json_t *members = json_pack("{ss sb ss so sO}", "name", alarm->name, "open", alarm->holds,
                                "severity", severity, "message", document_text(alarm->message),
                                "detail", alarm->detail != NULL ? alarm->detail : json_null());
    json_object_update(line, members);
    json_decref(members);
    put(lines, line, true);
}

void watcher_say_note(struct watcher_lines *lines, const char *name, gint64 run, bool warning,
                      const char *message)
{
    if (!lines->json) {
        print(lines, "%s: %s", name, message);
        return;
    }
    json_t *line = line_new("note");
    json_t *members = json_pack(
        "{ss so so ss}", "name", name, "message", document_text(message), "run",
        run < 0 ? json_null() : json_integer(run), "severity", warning ? "warning" : "info");
    json_object_update(line, members);
    json_decref(members);
    put(lines, line, true);
}

void watcher_say_busy(struct watcher_lines *lines, double seconds)
{
    if (!lines->json)
        return;
    json_t *line = line_new("busy");
    json_object_set_new(line, "seconds", json_real(seconds));
    put(lines, line, true);
}

void watcher_say_live(struct watcher_lines *lines, const char *section, json_t *document)
{
    json_t *line = line_new("live");

    json_object_set_new(line, "section", json_string(section));
    json_object_set_new(line, "document", document);
    if (lines->json && lines->backlog->len == 0)
        put(lines, line, false);
    else
        json_decref(line);
}

void watcher_say_lent(struct watcher_lines *lines, gint64 number, int exit_code,
                      struct watch_outcome *outcome)
{
    json_t *line = line_new("lent");
    json_t *members = json_pack(
        "{sI si so ss so}", "number", (json_int_t) number, "exit_code", exit_code, "document",
        outcome->document != NULL ? json_incref(outcome->document) : json_null(), "messages",
        outcome->messages != NULL ? outcome->messages : "", "run",
        outcome->run < 0 ? json_null() : json_integer(outcome->run));

    json_object_update(line, members);
    json_decref(members);
    watch_outcome_clear(outcome);
    if (lines->json)
        put(lines, line, true);
    else
        json_decref(line);
}
