/*
 * For tests of the scheduler: a clock that is set by hand, in text, and a daemon with a history.
 */
#ifndef HOST_DAEMON_SCHEDULER_FIXTURE_H
#define HOST_DAEMON_SCHEDULER_FIXTURE_H

#include "daemon/scheduler.h"

#include "feature.h"

#include <string.h>

const struct feature *const features[] = {NULL};

/* "2025-03-30 01:00" UTC, as microseconds since 1970. */
static inline gint64 at(const char *text)
{
    g_autofree char *iso = g_strdelimit(g_strconcat(text, ":00Z", NULL), " ", 'T');
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(iso, NULL);
    g_assert_nonnull(time);
    return g_date_time_to_unix(time) * G_USEC_PER_SEC;
}

static inline char *text_of(gint64 wall_us)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(wall_us / G_USEC_PER_SEC);
    return g_date_time_format(time, "%Y-%m-%d %H:%M");
}

/* A daemon under test: its history outlives it. */
struct daemon {
    struct store *store;
    struct scheduler *scheduler;
    struct scheduler_order order; /* the last one */
    GString *told;
};

G_GNUC_UNUSED static const struct scheduler_job clean = {
    "shop", "clean", "run", "0 2 * * Sun", "UTC", 3 * 3600 * 1000, NULL, NULL};
G_GNUC_UNUSED static const struct scheduler_job sweep = {
    "shop", "sweep", "report", "30 2 * * *", "UTC", 3 * 3600 * 1000, NULL, NULL};

G_GNUC_UNUSED static void told(const struct store_turn *turn, gpointer data)
{
    g_string_append_printf(data, "%s %s; ", turn->section, turn->outcome);
}

G_GNUC_UNUSED static void start(struct daemon *daemon, const char *time)
{
    daemon->scheduler = scheduler_new(daemon->store, at(time));
    scheduler_on_end(daemon->scheduler, told, daemon->told);
}

G_GNUC_UNUSED static void start_with(struct daemon *daemon, const struct scheduler_job *job,
                                     const char *time)
{
    start(daemon, time);
    scheduler_set_jobs(daemon->scheduler, job, 1, at(time));
    scheduler_set_place(daemon->scheduler, job->target, SCHEDULER_HERE, NULL);
}

G_GNUC_UNUSED static struct daemon daemon_new(void)
{
    return (struct daemon){.store = store_open(NULL), .told = g_string_new(NULL)};
}

G_GNUC_UNUSED static void stop(struct daemon *daemon)
{
    g_clear_pointer(&daemon->scheduler, scheduler_free);
}

G_GNUC_UNUSED static void daemon_clear(struct daemon *daemon)
{
    stop(daemon);
    store_close(daemon->store);
    g_string_free(daemon->told, TRUE);
}

#define DAEMON __attribute__((cleanup(daemon_clear))) struct daemon

/* What is started then: "shop.clean 2025-01-05 02:00 #1 until 05:00; ". */
G_GNUC_UNUSED static void expect_due(struct daemon *daemon, const char *time,
                                     const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GArray) orders = scheduler_due(daemon->scheduler, at(time));

    for (guint i = 0; i < orders->len; i++) {
        daemon->order = g_array_index(orders, struct scheduler_order, i);
        g_autofree char *turn = text_of(daemon->order.turn_us);
        g_autofree char *end = text_of(daemon->order.deadline_us);
        g_string_append_printf(text, "%s.%s %s #%d until %s; ", daemon->order.target,
                               daemon->order.section, turn, daemon->order.attempt,
                               daemon->order.deadline_us > 0 ? strchr(end, ' ') + 1 : "-");
    }
    g_assert_cmpstr(text->str, ==, expected);
}

G_GNUC_UNUSED static void end(struct daemon *daemon, const char *time, int exit_code,
                              const char *reason)
{
    scheduler_ended(daemon->scheduler, &daemon->order, at(time), exit_code, 0, reason);
}

G_GNUC_UNUSED static void append_record(const struct store_turn *turn, gpointer data)
{
    g_autofree char *time = text_of(turn->turn_us);

    g_string_append_printf(data, "%s %s %s#%d%s%s; ", turn->section, time, turn->outcome,
                           turn->attempts, turn->reason != NULL ? " " : "",
                           turn->reason != NULL ? turn->reason : "");
}

/* The history of all turns, newest first. */
G_GNUC_UNUSED static void expect_records(const struct daemon *daemon, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    g_assert_true(store_each_turn(daemon->store, NULL, NULL, 0, append_record, text, NULL));
    g_assert_cmpstr(text->str, ==, expected);
    g_assert_cmpstr(store_trouble(daemon->store), ==, NULL);
}

G_GNUC_UNUSED static void expect_wake(const struct daemon *daemon, const char *time,
                                      const char *expected)
{
    g_autofree char *wake = text_of(scheduler_wake_us(daemon->scheduler, at(time)));
    g_assert_cmpstr(wake, ==, expected);
}

#endif
