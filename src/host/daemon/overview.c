/*
 * All targets at a glance, from memory alone: what their watches say, the verdicts that were gathered
 * last, what is open, and what comes next. The last runs are of the history, read at most every two
 * seconds.
 */
#include "calendar/schedule.h"
#include "cli/record.h"
#include "daemon/agenda.h"
#include "daemon/api_private.h"
#include "feature.h"

#include <string.h>

enum { NEXT_SHOWN = 3, RECENT_SHOWN = 10, RECENT_AGE_S = 2 };

/* ---- what comes next --------------------------------------------------------------------------- */

/* A turn that is still to come. */
struct coming {
    char *section, *verb;
    gint64 at_us, window_ms;
};

static void free_coming(gpointer data)
{
    struct coming *coming = data;

    g_free(coming->section);
    g_free(coming->verb);
    g_free(coming);
}

static int by_time(const void *left, const void *right)
{
    const struct coming *one = *(const struct coming *const *) left;
    const struct coming *other = *(const struct coming *const *) right;

    return (one->at_us > other->at_us) - (one->at_us < other->at_us);
}

static void add_coming(GPtrArray *all, const struct scheduler_job *job, gint64 now_us)
{
    AUTO(schedule) schedule = schedule_parse(job->schedule, NULL);
    g_autoptr(GTimeZone) zone = schedule_zone(job->zone, NULL);

    if (schedule == NULL || zone == NULL)
        return;
    gint64 at_s = schedule_next(schedule, zone, now_us / G_USEC_PER_SEC);
    if (at_s == G_MAXINT64)
        return;
    struct coming *coming = g_new0(struct coming, 1);
    *coming = (struct coming){g_strdup(job->section), g_strdup(job->verb),
                              at_s * G_USEC_PER_SEC, job->window_ms};
    g_ptr_array_add(all, coming);
}

/* Schedules are worked out once for each turn, not for each request. */
static const GPtrArray *coming_of(struct daemon_target *target, gint64 now_us)
{
    const struct daemon *daemon = target->daemon;
    const struct coming *first = target->coming != NULL && target->coming->len > 0
                                     ? g_ptr_array_index(target->coming, 0)
                                     : NULL;

    if (target->coming != NULL && target->coming_of == daemon->applied &&
        (first == NULL || first->at_us > now_us))
        return target->coming;
    g_autoptr(GArray) jobs = agenda_jobs(target->settings, target->name);
    g_clear_pointer(&target->coming, g_ptr_array_unref);
    target->coming = g_ptr_array_new_with_free_func(free_coming);
    target->coming_of = daemon->applied;
    for (guint i = 0; i < jobs->len; i++)
        add_coming(target->coming, &g_array_index(jobs, struct scheduler_job, i), now_us);
    g_ptr_array_sort(target->coming, by_time);
    return target->coming;
}

static void add_next(struct json_text *json, struct daemon_target *target, gint64 now_us)
{
    const GPtrArray *coming = coming_of(target, now_us);

    json_text_list(json, "next");
    for (guint i = 0; i < MIN(coming->len, NEXT_SHOWN); i++) {
        const struct coming *turn = g_ptr_array_index(coming, i);
        json_text_object(json, NULL);
        json_text_string(json, "section", turn->section);
        json_text_string(json, "verb", turn->verb);
        json_text_time(json, "at", turn->at_us);
        if (turn->window_ms > 0)
            json_text_int(json, "window_seconds", turn->window_ms / 1000);
        else
            json_text_null(json, "window_seconds");
        json_text_string(json, "what", agenda_what(turn->section, turn->verb));
        json_text_close(json);
    }
    json_text_close(json);
}

/* ---- what the watch says ------------------------------------------------------------------------ */

void api_add_slots(struct json_text *json, const struct watch_sample *sample)
{
    json_text_object(json, "slots");
    json_text_int(json, "ordinary", sample->ordinary);
    json_text_int(json, "used", sample->used);
    json_text_int(json, "active", sample->active);
    json_text_int(json, "idle", sample->idle);
    json_text_int(json, "in_transaction", sample->in_transaction);
    json_text_int(json, "waiting", sample->waiting);
    json_text_close(json);
    g_auto(GStrv) triggers = g_strsplit(sample->triggers ? sample->triggers : "", ", ", -1);
    json_text_list(json, "triggers");
    for (char **trigger = triggers; *trigger != NULL; trigger++)
        if (**trigger != '\0')
            json_text_string(json, NULL, *trigger);
    json_text_close(json);
}

void api_add_state(struct json_text *json, const struct daemon_target *target)
{
    const struct target_seen *seen = &target->seen;
    const struct watch_state *state = &seen->state;
    const struct daemon_target *twin =
        seen->said && state->up && !state->acts ? watch_twin(target) : NULL;

    json_text_string(json, "state", !seen->said ? "unknown" : state->up ? "up" : "down");
    json_text_string(json, "reason", state->reason);
    json_text_bool(json, "acts", seen->said && state->acts);
    json_text_string(json, "holder", state->holder);
    json_text_string(json, "done_by", twin != NULL ? twin->name : NULL);
    json_text_string(json, "host", state->host);
    json_text_string(json, "port", state->port);
    json_text_string(json, "dbname", state->dbname);
    if (state->version_num > 0)
        json_text_int(json, "version_num", state->version_num);
    else
        json_text_null(json, "version_num");
    json_text_bool(json, "in_recovery", state->in_recovery);
    json_text_bool(json, "emergency", state->emergency);
}

/* ---- what was gathered --------------------------------------------------------------------------- */

static void add_member(struct json_text *json, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    if (json_is_integer(value))
        json_text_int(json, name, json_integer_value(value));
    else if (json_is_real(value))
        json_text_real(json, name, json_real_value(value));
    else
        json_text_string(json, name, json_string_value(value));
}

static bool is_ok(const json_t *line)
{
    return g_strcmp0(json_string_value(json_object_get(line, "status")), "ok") == 0;
}

static guint count_ok(const json_t *list)
{
    guint count = 0;
    gsize index;
    const json_t *item;

    json_array_foreach(list, index, item) count += is_ok(item);
    return count;
}

static void add_list(struct json_text *json, const char *name, const json_t *list,
                     const char *const *members, bool brief)
{
    gsize index;
    const json_t *item;

    json_text_list(json, name);
    json_array_foreach(list, index, item)
    {
        if (brief && is_ok(item))
            continue;
        json_text_object(json, NULL);
        for (const char *const *member = members; *member != NULL; member++)
            add_member(json, item, *member);
        json_text_close(json);
    }
    json_text_close(json);
}

static void add_check(struct json_text *json, const struct gather_seen *seen, bool brief)
{
    const json_t *verdicts = json_object_get(seen->check, "verdicts");
    static const char *const verdict[] = {"name",    "section", "status", "value",
                                          "message", "next",    "sql",    NULL};
    static const char *const gap[] = {"what", "remedy", NULL};
    const char *status = json_string_value(json_object_get(seen->check, "status"));

    json_text_string(json, "status", status != NULL ? status : "unknown");
    json_text_time(json, "checked_at", seen->check_us);
    json_text_string(json, "check_trouble", seen->trouble);
    json_text_int(json, "lines_ok", count_ok(verdicts));
    add_list(json, "verdicts", verdicts, verdict, brief);
    add_list(json, "gaps", json_object_get(seen->check, "unreadable"), gap, false);
}

/* ---- what is open -------------------------------------------------------------------------------- */

static void add_event(const struct store_event *event, gpointer data)
{
    struct json_text *json = data;

    json_text_object(json, NULL);
    json_text_int(json, "id", event->id);
    json_text_string(json, "name", event->name);
    json_text_string(json, "severity", event->severity);
    json_text_time(json, "opened_at", event->opened_us);
    json_text_string(json, "message", event->message);
    json_text_close(json);
}

static void add_events(struct json_text *json, const struct daemon *daemon, const char *target)
{
    json_text_list(json, "events");
    events_each(daemon->events, target, add_event, json);
    json_text_close(json);
}

/* ---- what ran ------------------------------------------------------------------------------------ */

static void keep_recent(const struct store_run_view *run, gpointer data)
{
    struct json_text *json = data;

    json_text_object(json, NULL);
    json_text_int(json, "run", run->id);
    json_text_string(json, "section", run->section);
    json_text_string(json, "verb", run->verb);
    json_text_string(json, "target", run->target);
    json_text_string(json, "outcome", run->outcome);
    json_text_string(json, "actor", run->actor);
    json_text_time(json, "started_at", run->started_us);
    json_text_time(json, "ended_at", run->ended_us);
    json_text_close(json);
}

/* The list as text, for the end of the document. */
static const char *recent_of(struct api *api)
{
    gint64 now_us = g_get_monotonic_time();

    if (api->recent != NULL && now_us - api->recent_us < RECENT_AGE_S * G_USEC_PER_SEC)
        return api->recent;
    AUTO(json_text) json = json_text_new();
    json_text_list(json, NULL);
    store_each_run(keeper_store(api->daemon->keeper), NULL, NULL, RECENT_SHOWN, keep_recent,
                   json, NULL);
    json_text_close(json);
    g_free(api->recent);
    api->recent = g_strdup(json_text_peek(json));
    api->recent_us = now_us;
    return api->recent;
}

/* ---- what is to be typed ------------------------------------------------------------------------- */

/* What a command line ends with that is to do something on this target and in this history. */
static void add_command_options(struct json_text *json, const struct daemon_target *target)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();

    target_words(target, builder);
    g_auto(GStrv) words = g_strv_builder_end(builder);
    g_autofree char *line = cli_record_line((const char *const *) words);
    json_text_string(json, "command_options", line);
}

/* ---- what is not there to be shown ---------------------------------------------------------------- */

/* Sections that have nothing to show before a setting is made. */
static void add_lacking(struct json_text *json, const struct daemon_target *target)
{
    json_text_list(json, "not_set_up");
    for (guint i = 0; features[i] != NULL; i++) {
        if (features[i]->needs == NULL)
            continue;
        g_autofree char *setting =
            g_strconcat(features[i]->name, ".", features[i]->needs, NULL);
        const char *text = settings_string(target->settings, setting);
        if (text != NULL && text[0] != '\0')
            continue;
        json_text_object(json, NULL);
        json_text_string(json, "section", features[i]->name);
        json_text_string(json, "setting", setting);
        json_text_close(json);
    }
    json_text_close(json);
}

/* ---- the document -------------------------------------------------------------------------------- */

static void add_target(struct json_text *json, struct daemon_target *target, bool brief,
                       gint64 now_us)
{
    const struct gather_seen seen = gather_seen(target->gather);

    json_text_object(json, NULL);
    json_text_string(json, "name", target->name);
    add_command_options(json, target);
    add_lacking(json, target);
    api_add_state(json, target);
    json_text_time(json, "sampled_at", target->seen.sample_us);
    api_add_slots(json, &target->seen.sample);
    add_check(json, &seen, brief);
    add_events(json, target->daemon, target->name);
    add_next(json, target, now_us);
    json_text_close(json);
}

static void add_daemon(struct json_text *json, const struct daemon *daemon)
{
    json_text_object(json, "daemon");
    json_text_int(json, "uptime_seconds",
                  (g_get_monotonic_time() - daemon->started_us) / G_USEC_PER_SEC);
    json_text_string(json, "trouble", keeper_trouble(daemon->keeper));
    add_events(json, daemon, "");
    json_text_close(json);
}

/* brief=N: without the lines that are ok where there are N targets or more; 0: with them. */
static bool is_brief(const struct daemon *daemon, const char *value)
{
    guint64 from = 1;
    guint targets = 0;

    if (value == NULL)
        return false;
    if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT, &from, NULL))
        return true;
    for (guint i = 0; i < daemon->targets->len; i++)
        targets +=
            !((const struct daemon_target *) g_ptr_array_index(daemon->targets, i))->leaving;
    return from > 0 && targets >= from;
}

static void add_targets(struct json_text *json, const struct daemon *daemon,
                        const struct http_query *query)
{
    const char *only = http_query_value(query, "target");
    bool brief = is_brief(daemon, http_query_value(query, "brief"));
    gint64 now_us = g_get_real_time();

    json_text_list(json, "targets");
    for (guint i = 0; i < daemon->targets->len; i++) {
        struct daemon_target *target = g_ptr_array_index(daemon->targets, i);
        if (!target->leaving && (only == NULL || strcmp(only, target->name) == 0))
            add_target(json, target, brief, now_us);
    }
    json_text_close(json);
}

void api_overview(struct http_request *request, gpointer data)
{
    struct daemon *daemon = data;

    if (!api_asks_only(request, "target brief"))
        return;
    AUTO(json_text) json = json_text_new();
    json_text_object(json, NULL);
    json_text_string(json, "schema", "pgrunbook.overview/1");
    json_text_time(json, "generated_at", g_get_real_time());
    json_text_string(json, "version", RUNBOOK_VERSION);
    add_daemon(json, daemon);
    add_targets(json, daemon, http_request_query(request));
    json_text_close(json);
    /* The list was made before: it takes the place of the closing brace. */
    const char *text = json_text_peek(json);
    g_autofree char *body = g_strdup_printf("%.*s,\"recent\":%s}\n", (int) strlen(text) - 1,
                                            text, recent_of(daemon->api));
    http_answer_text(request, 200, "application/json", body, NULL);
}
