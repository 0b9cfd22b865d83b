/* What the daemon saw: events, minutes and turns. */
#include "report/report.h"
#include "store/store_events.h"
#include "store/store_report.h"
#include "store/store_turns.h"

#include <string.h>

/* ---- events --------------------------------------------------------------------------------- */

static bool is_wanted(const struct report *report, const char *target)
{
    return report->target == NULL || target[0] == '\0' || strcmp(target, report->target) == 0;
}

/* Of one that is over after the month's end, the report of the month knows no end. */
static void take_event(const struct store_event *event, gpointer data)
{
    struct report *report = data;

    if (event->opened_us >= report->month.until_us || !is_wanted(report, event->target) ||
        (event->closed_us != 0 && event->closed_us < report->month.from_us))
        return;
    const struct report_incident incident = {
        .id = event->id,
        .opened_us = event->opened_us,
        .closed_us = event->closed_us,
        .target = report_text(report, event->target),
        .name = report_text(report, event->name),
        .severity = report_text(report, event->severity),
        .message = report_text(report, event->message),
        .closing = report_text(report, event->closing),
        .acts = g_array_new(FALSE, FALSE, sizeof(guint)),
    };
    g_array_append_val(report->incidents, incident);
    struct report_incident *kept =
        &g_array_index(report->incidents, struct report_incident, report->incidents->len - 1);
    report_find_acts(report, kept, event->run);
    report_find_elsewhere(report, kept);
}

static int by_opening(const void *left, const void *right)
{
    const gint64 a = ((const struct report_incident *) left)->opened_us;
    const gint64 b = ((const struct report_incident *) right)->opened_us;

    return (a > b) - (a < b);
}

/* ---- minutes -------------------------------------------------------------------------------- */

static void take_target(const char *target, gpointer data)
{
    g_ptr_array_add(data, g_strdup(target));
}

static bool take_days(struct report *report, struct store *store,
                      struct report_connections *connections, GError **error)
{
    const GArray *days = report->month.days;

    for (guint i = 0; i + 1 < days->len; i++) {
        const gint64 from = g_array_index(days, gint64, i);
        const gint64 until = g_array_index(days, gint64, i + 1);
        struct store_minutes_sum sum;
        if (from >= report->made_us)
            break;
        if (!store_minutes_sum(store, connections->target, from, until, &sum, error))
            return false;
        const struct report_day day = {
            .from_us = from,
            .samples = sum.samples,
            .missed = sum.missed,
            .ordinary = sum.ordinary,
            .used_max = sum.used_max,
            .in_transaction_max = sum.in_transaction_max,
            .waiting_max = sum.waiting_max,
            .average = sum.samples > 0 ? (double) sum.used_sum / (double) sum.samples : 0,
            .query_seconds_max = sum.query_seconds_max,
        };
        g_array_append_val(connections->days, day);
        if (sum.samples > 0 &&
            (connections->peak_us == 0 || sum.used_max > connections->used_max)) {
            connections->used_max = sum.used_max;
            connections->ordinary = sum.ordinary;
            connections->peak_us = sum.peak_us;
        }
    }
    report_add_up_days(connections);
    connections->kept_us = report_kept_us(report, connections);
    connections->due = (report_end_us(report) - connections->kept_us) / G_USEC_PER_SEC;
    return true;
}

static bool gather_minutes(struct report *report, struct store *store, GError **error)
{
    g_autoptr(GPtrArray) targets = g_ptr_array_new_with_free_func(g_free);

    if (!store_each_minute_target(store, report->month.from_us, report->month.until_us,
                                  take_target, targets, error))
        return false;
    for (guint i = 0; i < targets->len; i++) {
        const char *target = targets->pdata[i];
        if (report->target != NULL && strcmp(target, report->target) != 0)
            continue;
        const struct report_connections connections = {
            .target = report_text(report, target),
            .days = g_array_new(FALSE, FALSE, sizeof(struct report_day)),
        };
        g_array_append_val(report->connections, connections);
        if (!take_days(report, store,
                       &g_array_index(report->connections, struct report_connections,
                                      report->connections->len - 1),
                       error))
            return false;
    }
    return true;
}

/* ---- turns ---------------------------------------------------------------------------------- */

static void take_turn(const struct store_turn *turn, gpointer data)
{
    struct report *report = data;

    if (turn->turn_us < report->month.from_us || turn->turn_us >= report->month.until_us ||
        strcmp(turn->outcome, "elsewhere") == 0)
        return;
    report->turns_all++;
    if (strcmp(turn->outcome, "missed") != 0)
        return;
    const struct report_turn one = {
        .at_us = turn->turn_us,
        .target = report_text(report, turn->target),
        .job = report_text(report, turn->section),
        .outcome = "missed",
        .reason = report_text(report, turn->reason),
    };
    g_array_append_val(report->turns, one);
}

bool report_gather_watched(struct report *report, struct store *store, GError **error)
{
    if (!store_each_event(store, NULL, report->month.from_us, 0, take_event, report, error) ||
        !gather_minutes(report, store, error) ||
        !store_each_turn(store, report->target, NULL, 0, take_turn, report, error))
        return false;
    g_array_sort(report->incidents, by_opening);
    return true;
}
