/* `pgrunbook history events` and `history minutes`: what the daemon saw. */
#include "cli/history.h"
#include "error.h"
#include "out/document.h"
#include "out/grid.h"
#include "store/store_minutes.h"
#include "units/units.h"

#include <string.h>

/* What one of these commands was asked for, and where its answer goes. */
struct asked {
    const char *target; /* NULL: all */
    gint64 since_us, limit;
    struct grid *grid;
    struct document *document;
};

/* The moment that --since means, counted back from now. */
static bool read_since(const struct call *call, gint64 fallback_ms, gint64 *ret_since_us,
                       GError **error)
{
    const char *text = option_value(call->options, "since");
    g_autoptr(GError) cause = NULL;
    gint64 ago_ms = fallback_ms;

    if (text != NULL && !units_parse_duration(text, &ago_ms, &cause)) {
        g_propagate_prefixed_error(error, g_steal_pointer(&cause), "invalid --since: ");
        return false;
    }
    const gint64 now_ms = g_get_real_time() / 1000;
    *ret_since_us = ago_ms == 0 || ago_ms > now_ms ? 0 : (now_ms - ago_ms) * 1000;
    return true;
}

/* ---- events ------------------------------------------------------------------------------------- */

json_t *history_event_json(const struct store_event *event)
{
    const bool open = event->closed_us == 0;

    return json_pack(
        "{sI so so so sb so so so so so so so}", "id", (json_int_t) event->id, "target",
        event->target[0] != '\0' ? document_text(event->target) : json_null(), "name",
        document_text(event->name), "severity", document_text(event->severity), "open",
        (int) open, "opened_at", document_time(event->opened_us), "closed_at",
        document_time(event->closed_us), "seconds",
        open ? json_null()
             : json_real((double) (event->closed_us - event->opened_us) / G_USEC_PER_SEC),
        "message", document_text(event->message), "closing", document_text(event->closing),
        "detail", history_recorded(event->detail), "run",
        event->run > 0 ? json_integer(event->run) : json_null());
}

static enum output_tone tone_of(const char *severity)
{
    if (strcmp(severity, "critical") == 0)
        return OUTPUT_BAD;
    return strcmp(severity, "warning") == 0 ? OUTPUT_CAUTION : OUTPUT_PLAIN;
}

static void add_event(const struct store_event *event, gpointer data)
{
    const struct asked *asked = data;
    struct grid *grid = asked->grid;
    const bool open = event->closed_us == 0, moment = event->closed_us == event->opened_us;

    grid_cellf(grid, OUTPUT_BOLD, "%" G_GINT64_FORMAT, event->id);
    grid_take(grid, OUTPUT_PLAIN, history_time(event->opened_us));
    if (open)
        grid_cell(grid, OUTPUT_CAUTION, "open");
    else
        grid_take(grid, OUTPUT_PLAIN,
                  moment ? NULL : history_took(event->opened_us, event->closed_us));
    grid_cell(grid, OUTPUT_PLAIN, event->target);
    grid_cell(grid, tone_of(event->severity), event->severity);
    grid_cell(grid, OUTPUT_PLAIN, event->name);
    grid_take(grid, OUTPUT_PLAIN,
              event->closing != NULL
                  ? g_strdup_printf("%s; at the end: %s", event->message, event->closing)
                  : g_strdup(event->message));
    document_item(asked->document, history_event_json(event));
}

static bool list_events(const struct call *call, struct store *store, struct asked *asked,
                        GError **error)
{
    static const struct grid_column columns[] = {
        {"Event", true},     {"Began", false}, {"Lasted", true},   {"Target", false},
        {"Severity", false}, {"Name", false},  {"Message", false}, {NULL, false}};
    AUTO(grid) grid = grid_new(columns);
    bool done = true;

    asked->grid = grid;
    asked->document = document_begin(call->output, "history.events/1", NULL);
    document_array(asked->document, "events");
    if (store != NULL)
        done = store_each_event(store, asked->target, asked->since_us, (int) asked->limit,
                                add_event, asked, error);
    document_array_end(asked->document);
    document_end(asked->document);
    if (store != NULL && done && grid_rows(grid) > 0)
        grid_print(grid, call->output);
    else if (store != NULL && done)
        output_say(call->output, "No event in the history is of that kind.");
    return done;
}

enum runbook_exit history_events_command(struct call *call, GError **error)
{
    const char *limit_text = option_value(call->options, "limit");
    g_autoptr(GError) failure = NULL;
    struct asked asked = {.target = option_value(call->options, "target"), .limit = 20};

    if ((limit_text != NULL && !history_number(limit_text, "--limit", &asked.limit, error)) ||
        !read_since(call, 0, &asked.since_us, error))
        return RUNBOOK_USAGE;
    AUTO(store) store = history_open(call, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return runbook_error_exit(*error);
    }
    return list_events(call, store, &asked, error) ? RUNBOOK_DONE : RUNBOOK_FAILED;
}

/* ---- minutes ------------------------------------------------------------------------------------ */

static void add_minute(const struct store_minute *minute, gpointer data)
{
    const struct asked *asked = data;
    struct grid *grid = asked->grid;
    const double average =
        minute->samples > 0 ? (double) minute->used_sum / minute->samples : 0;

    grid_take(grid, OUTPUT_PLAIN, history_time(minute->minute_us));
    grid_count(grid, OUTPUT_PLAIN, minute->samples);
    grid_count(grid, minute->missed > 0 ? OUTPUT_CAUTION : OUTPUT_PLAIN, minute->missed);
    grid_cellf(grid, OUTPUT_PLAIN, "%.1f", average);
    grid_count(grid, OUTPUT_PLAIN, minute->used_max);
    grid_count(grid, OUTPUT_PLAIN, minute->ordinary);
    grid_count(grid, OUTPUT_PLAIN, minute->active_max);
    grid_count(grid, OUTPUT_PLAIN, minute->idle_max);
    grid_count(grid, OUTPUT_PLAIN, minute->in_transaction_max);
    grid_count(grid, OUTPUT_PLAIN, minute->waiting_max);
    grid_seconds(grid, OUTPUT_PLAIN, minute->query_seconds_max);
    document_item(
        asked->document,
        json_pack("{so si si si si sf si si si si sf}", "at", document_time(minute->minute_us),
                  "samples", minute->samples, "missed", minute->missed, "ordinary",
                  minute->ordinary, "used_max", minute->used_max, "used_average", average,
                  "active_max", minute->active_max, "idle_max", minute->idle_max,
                  "in_transaction_max", minute->in_transaction_max, "waiting_max",
                  minute->waiting_max, "query_seconds_max", minute->query_seconds_max));
}

static bool list_minutes(const struct call *call, struct store *store, struct asked *asked,
                         GError **error)
{
    static const struct grid_column columns[] = {
        {"Minute", false}, {"Samples", true}, {"Missed", true},        {"Used", true},
        {"Most", true},    {"Slots", true},   {"Active", true},        {"Idle", true},
        {"In tx", true},   {"Waiting", true}, {"Longest query", true}, {NULL, false}};
    AUTO(grid) grid = grid_new(columns);
    bool done = true;

    asked->grid = grid;
    asked->document = document_begin(call->output, "history.minutes/1", NULL);
    document_member(asked->document, "target", document_text(asked->target));
    document_array(asked->document, "minutes");
    if (store != NULL)
        done =
            store_each_minute(store, asked->target, asked->since_us, add_minute, asked, error);
    document_array_end(asked->document);
    document_end(asked->document);
    if (store != NULL && done && grid_rows(grid) > 0)
        grid_print(grid, call->output);
    else if (store != NULL && done)
        output_say(call->output, "The history has no minute of target \"%s\" in that time.",
                   asked->target);
    return done;
}

enum runbook_exit history_minutes_command(struct call *call, GError **error)
{
    const gint64 hour_ms = 3600 * 1000;
    g_autoptr(GError) failure = NULL;
    struct asked asked = {.target = option_value(call->options, "target")};

    if (asked.target == NULL) {
        runbook_error_set(
            error, RUNBOOK_USAGE,
            "--target NAME, as in the configuration; of a database that serve was "
            "named with -d its name",
            "whose minutes? no target is named");
        return RUNBOOK_USAGE;
    }
    if (!read_since(call, hour_ms, &asked.since_us, error))
        return RUNBOOK_USAGE;
    AUTO(store) store = history_open(call, &failure);
    if (failure != NULL) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return runbook_error_exit(*error);
    }
    return list_minutes(call, store, &asked, error) ? RUNBOOK_DONE : RUNBOOK_FAILED;
}
