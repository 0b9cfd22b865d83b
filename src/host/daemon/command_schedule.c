/*
 * `pgrunbook schedule`: what comes, and what came of the last turn. Reads the settings and the
 * history; no server is asked.
 */
#include "calendar/schedule.h"
#include "cli/grammar.h"
#include "cli/history.h"
#include "cli/record.h"
#include "daemon/agenda.h"
#include "daemon/place.h"
#include "error.h"
#include "out/document.h"
#include "out/grid.h"
#include "store/store_events.h"
#include "store/store_turns.h"
#include "units/units.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { MOST_TURNS = 10000 };

struct listing {
    struct call *call;
    struct store *store; /* NULL: there is no history yet */
    struct grid *grid;
    struct document *document;
    GHashTable *whats; /* a command line → what it does */
    bool lines;        /* each row has its command line; else they stand below, once */
    gint64 now_us, limit;
    char **connection; /* as serve got it; empty: targets of the configuration */
};

/* The last turn of a job. */
struct last {
    struct store_turn turn; /* texts are owned here */
    bool there, left;       /* left: its daemon is gone, and it has not ended */
};

static void last_clear(struct last *last)
{
    g_free((char *) (guintptr) last->turn.outcome);
    g_free((char *) (guintptr) last->turn.reason);
}

#define LAST __attribute__((cleanup(last_clear))) struct last

static void take_last(const struct store_turn *turn, gpointer data)
{
    struct last *last = data;

    last->turn = *turn;
    last->turn.outcome = g_strdup(turn->outcome);
    last->turn.reason = g_strdup(turn->reason);
    last->there = true;
}

static void take_left(const struct store_turn *turn, gpointer data)
{
    struct last *last = data;

    last->left = last->left || turn->turn_us == last->turn.turn_us;
}

static void find_last(const struct listing *listing, const struct scheduler_job *job,
                      struct last *last)
{
    if (listing->store == NULL)
        return;
    store_each_turn(listing->store, job->target, job->key, 1, take_last, last, NULL);
    if (last->there && last->turn.ended_us == 0)
        store_turns_left(listing->store, job->target, job->key, take_left, last);
}

/* ---- words -------------------------------------------------------------------------------------- */

static char *time_in(GTimeZone *zone, gint64 wall_us, const char *format)
{
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(wall_us / G_USEC_PER_SEC);
    g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, zone);

    return g_date_time_format(local, format);
}

/* The command line that serve runs, with the files that were named to this command. */
static char *line_of(const struct listing *listing, const struct scheduler_job *job,
                     const char *target)
{
    const char *const files[] = {"config", "state"};
    g_auto(GStrv) words = agenda_words(job->section, job->verb, job->window_ms);
    g_autoptr(GStrvBuilder) all = g_strv_builder_new();

    g_strv_builder_add(all, "pgrunbook");
    g_strv_builder_addv(all, (const char **) (void *) words);
    const struct command *command = cli_command(cli_section(job->section), job->verb);
    bool connects = command->flags & COMMAND_NEEDS_SERVER;
    if (listing->connection[0] != NULL && connects)
        g_strv_builder_addv(all, (const char **) (void *) listing->connection);
    if (listing->connection[0] == NULL)
        g_strv_builder_add_many(all, "--target", target, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        const char *value = option_value(listing->call->options, files[i]);
        g_autofree char *option = g_strconcat("--", files[i], NULL);
        if (value != NULL)
            g_strv_builder_add_many(all, option, value, NULL);
    }
    g_auto(GStrv) line = g_strv_builder_end(all);
    return cli_record_line((const char *const *) line);
}

static char *first_line(const char *text)
{
    return g_strndup(text, strcspn(text, "\n"));
}

/* "done Sun 2026-11-22 02:00 CET, run 12". */
static char *last_in_words(const struct last *last, GTimeZone *zone)
{
    if (!last->there)
        return NULL;
    g_autofree char *time = time_in(zone, last->turn.turn_us, "%a %Y-%m-%d %H:%M %Z");
    GString *words = g_string_new(NULL);

    g_string_append_printf(words, "%s %s", last->turn.outcome, time);
    if (last->turn.run > 0)
        g_string_append_printf(words, ", run %" G_GINT64_FORMAT, last->turn.run);
    if (last->left) {
        g_string_append(words, ": its daemon is gone");
    } else if (last->turn.reason != NULL && strcmp(last->turn.outcome, "done") != 0) {
        g_autofree char *reason = first_line(last->turn.reason);
        g_string_append_printf(words, ": %s", reason);
    }
    return g_string_free(words, FALSE);
}

static enum output_tone tone_of(const struct last *last)
{
    return last->there ? history_tone(last->turn.outcome) : OUTPUT_PLAIN;
}

/* ---- one job ------------------------------------------------------------------------------------ */

/* turn_us 0: it has none. */
static void add_row(const struct listing *listing, const struct scheduler_job *job,
                    GTimeZone *zone, gint64 turn_us, const struct last *last)
{
    struct grid *grid = listing->grid;
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();

    grid_cell(grid, OUTPUT_BOLD, job->target);
    grid_take(grid, OUTPUT_PLAIN, g_strdup_printf("%s %s", job->section, job->verb));
    if (turn_us > 0) {
        grid_take(grid, OUTPUT_PLAIN, time_in(zone, turn_us, "%a %Y-%m-%d %H:%M %Z"));
        grid_take(grid, OUTPUT_PLAIN, time_in(utc, turn_us, "%Y-%m-%d %H:%M"));
    } else {
        grid_cell(grid, OUTPUT_DIM, job->schedule);
        grid_cell(grid, OUTPUT_PLAIN, NULL);
    }
    grid_seconds(grid, OUTPUT_PLAIN, job->window_ms > 0 ? (double) job->window_ms / 1000 : -1);
    if (listing->lines)
        grid_take(grid, OUTPUT_PLAIN, line_of(listing, job, job->target));
    grid_take(grid, tone_of(last), last_in_words(last, zone));
}

static json_t *number_or_null(gint64 number)
{
    return number > 0 ? json_integer(number) : json_null();
}

static json_t *last_json(const struct last *last)
{
    const struct store_turn *turn = &last->turn;

    if (!last->there)
        return json_array();
    return json_pack(
        "[{so so so so so sb so si so so}]", "turn_at", document_time(turn->turn_us),
        "window_end", document_time(turn->window_end_us), "started_at",
        document_time(turn->started_us), "ended_at", document_time(turn->ended_us), "outcome",
        document_text(turn->outcome), "left", (int) last->left, "exit_code",
        turn->attempts > 0 && turn->ended_us > 0 ? json_integer(turn->exit_code) : json_null(),
        "attempts", turn->attempts, "run", number_or_null(turn->run), "reason",
        document_text(turn->reason));
}

static void add_item(const struct listing *listing, const struct scheduler_job *job,
                     json_t *turns, const struct last *last)
{
    g_autofree char *line = line_of(listing, job, job->target);

    document_item(
        listing->document,
        json_pack("{so so so so so so so so so so}", "target", document_text(job->target),
                  "section", document_text(job->section), "verb", document_text(job->verb),
                  "what", document_text(agenda_what(job->section, job->verb)), "command_line",
                  document_text(line), "schedule", document_text(job->schedule), "timezone",
                  document_text(job->zone), "window_seconds",
                  job->window_ms > 0 ? json_real((double) job->window_ms / 1000) : json_null(),
                  "turns", turns, "last_turns", last_json(last)));
}

static void list_job(const struct listing *listing, const struct scheduler_job *job)
{
    const bool off = strcmp(job->schedule, "off") == 0;
    AUTO(schedule) schedule = off ? NULL : schedule_parse(job->schedule, NULL);
    g_autoptr(GTimeZone) zone = schedule_zone(job->zone, NULL);
    gint64 turn = listing->now_us / G_USEC_PER_SEC;
    json_t *turns = json_array();
    LAST last = {.there = false};

    if (!off)
        g_hash_table_replace(listing->whats, line_of(listing, job, "NAME"),
                             g_strdup_printf("%s %s: %s", job->section, job->verb,
                                             agenda_what(job->section, job->verb)));
    find_last(listing, job, &last);
    if (off)
        add_row(listing, job, zone, 0, &last);
    for (gint64 i = 0; !off && i < listing->limit; i++) {
        turn = schedule_next(schedule, zone, turn);
        if (turn == G_MAXINT64)
            break;
        g_autofree char *local = time_in(zone, turn * G_USEC_PER_SEC, "%Y-%m-%dT%H:%M:%S%:z");
        json_array_append_new(turns,
                              json_pack("{so so}", "at", document_time(turn * G_USEC_PER_SEC),
                                        "local", document_text(local)));
        add_row(listing, job, zone, turn * G_USEC_PER_SEC, &last);
    }
    add_item(listing, job, turns, &last);
}

/* ---- all ---------------------------------------------------------------------------------------- */

static bool list_target(const struct listing *listing, const char *target, GError **error)
{
    AUTO(settings)
    settings = listing->connection[0] != NULL
                   ? settings_copy(listing->call->settings)
                   : settings_for_target(listing->call->settings, target, error);

    if (settings == NULL)
        return false;
    g_autoptr(GArray) jobs = agenda_all(settings, target);
    for (guint i = 0; i < jobs->len; i++)
        list_job(listing, &g_array_index(jobs, struct scheduler_job, i));
    return true;
}

struct events {
    const struct listing *listing;
    const char *target; /* NULL: of all */
};

static void list_event(const struct store_event *event, gpointer data)
{
    const struct events *events = data;
    const struct listing *listing = events->listing;
    const bool own = event->target[0] == '\0';

    if (!own && events->target != NULL && strcmp(event->target, events->target) != 0)
        return;
    g_autofree char *since = history_time(event->opened_us);
    g_autofree char *open = output_paint(listing->call->output, OUTPUT_CAUTION, "open:");
    output_say(listing->call->output, "%s %s%s%s, %s, since %s: %s", open, event->target,
               own ? "" : ", ", event->name, event->severity, since, event->message);
    document_item(listing->document, history_event_json(event));
}

static void list_events(const struct listing *listing, const char *target)
{
    struct events events = {listing, target};

    document_array(listing->document, "events");
    if (listing->store != NULL)
        store_events_open(listing->store, NULL, list_event, &events);
    document_array_end(listing->document);
}

/* What the jobs do, and by which command line. */
static void say_whats(const struct listing *listing)
{
    struct output *output = listing->call->output;
    g_autoptr(GList) lines =
        g_list_sort(g_hash_table_get_keys(listing->whats), (GCompareFunc) strcmp);

    output_say(output, "%s", "");
    for (const GList *line = lines; line != NULL; line = line->next) {
        g_autofree char *painted = output_paint(output, OUTPUT_DIM, line->data);
        output_say(output, "%s",
                   (const char *) g_hash_table_lookup(listing->whats, line->data));
        if (!listing->lines)
            output_say(output, "   %s", painted);
    }
}

/* On a terminal's width there is no room for command lines, unless they are asked for. */
static struct grid *make_grid(bool lines)
{
    static const struct grid_column columns[] = {
        {"Target", false}, {"Job", false},       {"Next turn", false}, {"UTC", false},
        {"Window", true},  {"Last turn", false}, {NULL, false}};
    static const struct grid_column with_lines[] = {
        {"Target", false}, {"Job", false},     {"Next turn", false}, {"UTC", false},
        {"Window", true},  {"Command", false}, {"Last turn", false}, {NULL, false}};

    return grid_new(lines ? with_lines : columns);
}

static bool list_all(const struct listing *listing, const char *only, GError **error)
{
    const char *const one[] = {only, NULL};
    const char *const *targets = only != NULL ? one : settings_targets(listing->call->settings);

    document_array(listing->document, "jobs");
    for (; *targets != NULL; targets++)
        if (!list_target(listing, *targets, error))
            return false;
    document_array_end(listing->document);
    grid_print(listing->grid, listing->call->output);
    say_whats(listing);
    list_events(listing, only);
    return true;
}

static bool check_targets(const struct call *call, char **connection, const char *only,
                          GError **error)
{
    if (connection[0] != NULL)
        return place_agrees(connection, option_value(call->options, "target"), error);
    if (only != NULL) {
        AUTO(settings) found = settings_for_target(call->settings, only, error);
        return found != NULL;
    }
    if (settings_targets(call->settings)[0] != NULL)
        return true;
    runbook_error_set(
        error, RUNBOOK_USAGE,
        "add a section [target NAME] with a conninfo (\"pgrunbook config sample\" shows how), "
        "or name the database that serve was given: pgrunbook schedule -d CONNINFO",
        "the configuration has no targets, so nothing is scheduled");
    return false;
}

static bool check_limit(gint64 limit, GError **error)
{
    if (limit <= MOST_TURNS)
        return true;
    runbook_error_set(error, RUNBOOK_USAGE, NULL, "--limit is at most %d", MOST_TURNS);
    return false;
}

/* The options are those of a connection, but none is made. */
static struct session_params place_of(const struct options *options)
{
    return (struct session_params){
        .host = option_value(options, "host"),
        .port = option_value(options, "port"),
        .user = option_value(options, "username"),
        .dbname = option_value(options, "dbname"),
    };
}

static enum runbook_exit run_schedule(struct call *call, GError **error)
{
    const char *limit_text = option_value(call->options, "limit");
    const char *target = option_value(call->options, "target");
    const struct session_params place = place_of(call->options);
    g_auto(GStrv) connection = place_words(&place);
    g_autofree char *name = place_name(place.dbname);
    const char *only = g_strcmp0(target, "all") == 0 ? NULL : target;
    g_autofree char *path = settings_state_path(call->settings);
    g_autoptr(GHashTable) whats =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    struct listing listing = {.call = call,
                              .whats = whats,
                              .now_us = g_get_real_time(),
                              .limit = 1,
                              .connection = connection};

    if ((limit_text != NULL && !history_number(limit_text, "--limit", &listing.limit, error)) ||
        !check_limit(listing.limit, error) || !check_targets(call, connection, only, error))
        return RUNBOOK_USAGE;
    /* One that may not be seen is there all the same: only ENOENT is none. */
    bool there = access(path, F_OK) == 0 || errno != ENOENT;
    AUTO(store) store = there ? store_open_reader(path, error) : NULL;
    if (there && store == NULL)
        return RUNBOOK_FAILED;
    listing.lines =
        output_format(call->output) != OUTPUT_TABLE || output_verbosity(call->output) > 0;
    AUTO(grid) grid = make_grid(listing.lines);
    listing.store = store;
    listing.grid = grid;
    listing.document = document_begin(call->output, "schedule/1", NULL);
    bool done = list_all(&listing, connection[0] != NULL ? name : only, error);
    document_end(listing.document);
    return done ? RUNBOOK_DONE : RUNBOOK_USAGE;
}

static const struct option options[] = {
    {.name = "target",
     .argument = "NAME",
     .prose = "only this target; all: each (the default)"},
    {.name = "limit",
     .letter = 'n',
     .argument = "N",
     .prose = "show this many turns of each job (default 1)"},
    {.name = "dbname",
     .letter = 'd',
     .argument = "DBNAME",
     .flags = OPTION_LOCAL,
     .prose = "the database that serve was given, instead of a configuration with targets; a "
              "connection string or URI as well"},
    {.name = "host",
     .letter = 'h',
     .argument = "HOSTNAME",
     .flags = OPTION_LOCAL,
     .prose = "the same: its server"},
    {.name = "port",
     .letter = 'p',
     .argument = "PORT",
     .flags = OPTION_LOCAL,
     .prose = "the same: its port"},
    {.name = "username",
     .letter = 'U',
     .argument = "USERNAME",
     .flags = OPTION_LOCAL,
     .prose = "the same: the user name"},
    {.name = NULL},
};

const struct command agenda_commands[] = {
    {
        .summary = "Show the next turns of each job, and what came of the last",
        .prose =
            "The jobs that serve runs on each target: when, in the target's time zone and in "
            "UTC, for how long at most, with which command line, and what came of the last "
            "turn: the run in the history, or why it was missed. Below it, what each job "
            "does and which events are open; -v puts the command line into each row. No server "
            "is asked, and nothing is changed; the "
            "times are the settings SECTION.schedule, SECTION.window and timezone.",
        .examples = "pgrunbook schedule\n"
                    "pgrunbook schedule --target prod --limit 5\n"
                    "pgrunbook schedule -d 'host=db1 dbname=insightengine'\n"
                    "pgrunbook schedule --json",
        .options = options,
        .run = run_schedule,
    },
    {.run = NULL},
};
