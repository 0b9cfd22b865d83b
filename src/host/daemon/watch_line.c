#include "daemon/watch_line.h"

#include "error.h"

#include <jansson.h>
#include <string.h>

/* Members are read by these; a wrong type is a fault of the line. */
struct members {
    const json_t *object;
    const char *wrong; /* the first that was; NULL: none */
};

static const json_t *member(struct members *members, const char *name, bool needed)
{
    const json_t *value = json_object_get(members->object, name);

    if (json_is_null(value))
        value = NULL;
    if (value == NULL && needed && members->wrong == NULL)
        members->wrong = name;
    return value;
}

static gint64 read_int(struct members *members, const char *name, bool needed)
{
    const json_t *value = member(members, name, needed);

    if (value == NULL)
        return 0;
    if (!json_is_integer(value) && members->wrong == NULL)
        members->wrong = name;
    return json_integer_value(value);
}

static int read_count(struct members *members, const char *name)
{
    gint64 count = read_int(members, name, true);

    if ((count < 0 || count > G_MAXINT) && members->wrong == NULL)
        members->wrong = name;
    return (int) CLAMP(count, 0, G_MAXINT);
}

static double read_real(struct members *members, const char *name)
{
    const json_t *value = member(members, name, true);

    if (value != NULL && !json_is_number(value) && members->wrong == NULL)
        members->wrong = name;
    return json_number_value(value);
}

static bool read_bool(struct members *members, const char *name, bool needed)
{
    const json_t *value = member(members, name, needed);

    if (value != NULL && !json_is_boolean(value) && members->wrong == NULL)
        members->wrong = name;
    return json_is_true(value);
}

/* A copy; NULL when there is none. */
static char *read_text(struct members *members, const char *name, bool needed)
{
    const json_t *value = member(members, name, needed);

    if (value != NULL && !json_is_string(value) && members->wrong == NULL)
        members->wrong = name;
    return g_strdup(json_string_value(value));
}

static void read_state(struct members *members, struct watch_line *line)
{
    struct watch_state *state = &line->state;
    g_autofree char *word = read_text(members, "state", true);

    state->up = g_strcmp0(word, "up") == 0;
    if (!state->up && g_strcmp0(word, "down") != 0 && members->wrong == NULL)
        members->wrong = "state";
    state->reason = read_text(members, "reason", false);
    state->acts = read_bool(members, "acts", false);
    state->holder = read_text(members, "holder", false);
    state->host = read_text(members, "host", false);
    const json_t *port = json_object_get(members->object, "port");
    state->port = json_is_integer(port)
                      ? g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(port))
                      : read_text(members, "port", false);
    state->dbname = read_text(members, "dbname", false);
    state->system_identifier = read_text(members, "system_identifier", false);
    state->version_num = (int) CLAMP(read_int(members, "version_num", false), 0, G_MAXINT);
    state->in_recovery = read_bool(members, "in_recovery", false);
    state->emergency = read_bool(members, "emergency", false);
}

static char *read_triggers(struct members *members)
{
    const json_t *list = member(members, "triggers", false);
    GString *text = g_string_new(NULL);
    gsize index;
    const json_t *item;

    if (list != NULL && !json_is_array(list) && members->wrong == NULL)
        members->wrong = "triggers";
    json_array_foreach(list, index, item)
    {
        if (json_is_string(item))
            g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "",
                                   json_string_value(item));
    }
    return g_string_free(text, FALSE);
}

static void read_sample(struct members *members, struct watch_line *line)
{
    line->sample = (struct watch_sample){
        .max = read_count(members, "max"),
        .ordinary = read_count(members, "ordinary"),
        .used = read_count(members, "used"),
        .active = read_count(members, "active"),
        .idle = read_count(members, "idle"),
        .in_transaction = read_count(members, "in_transaction"),
        .waiting = read_count(members, "waiting"),
        .triggers = read_triggers(members),
    };
}

static void read_minute(struct members *members, struct watch_line *line)
{
    line->minute = (struct store_minute){
        .minute_us = read_int(members, "minute_us", true),
        .samples = read_count(members, "samples"),
        .missed = read_count(members, "missed"),
        .ordinary = read_count(members, "ordinary"),
        .used_max = read_count(members, "used_max"),
        .used_sum = read_int(members, "used_sum", true),
        .active_max = read_count(members, "active_max"),
        .idle_max = read_count(members, "idle_max"),
        .in_transaction_max = read_count(members, "in_transaction_max"),
        .waiting_max = read_count(members, "waiting_max"),
        .query_seconds_max = read_real(members, "query_seconds_max"),
    };
}

static void read_event(struct members *members, struct watch_line *line)
{
    static const char *const severities[] = {"info", "warning", "critical", NULL};
    struct watch_event *event = &line->event;
    bool alarm = line->kind == WATCH_LINE_ALARM;

    event->name = read_text(members, "name", true);
    event->open = read_bool(members, "open", alarm);
    event->severity = read_text(members, "severity", alarm);
    event->message = read_text(members, "message", true);
    event->run = read_int(members, "run", false);
    const json_t *detail = json_object_get(members->object, "detail");
    if (json_is_object(detail)) {
        char *text = json_dumps(detail, JSON_COMPACT);
        event->detail = g_strdup(text);
        free(text);
    }
    if (event->severity == NULL)
        event->severity = g_strdup("info");
    if (!g_strv_contains(severities, event->severity) && members->wrong == NULL)
        members->wrong = "severity";
}

static void read_beat(struct members *members, struct watch_line *line)
{
    (void) members;
    (void) line;
}

static void read_busy(struct members *members, struct watch_line *line)
{
    line->busy_seconds = read_real(members, "seconds");
    if (!(line->busy_seconds >= 0 && line->busy_seconds <= 86400) && members->wrong == NULL)
        members->wrong = "seconds";
}

static void read_live(struct members *members, struct watch_line *line)
{
    const json_t *document = member(members, "document", true);

    line->section = read_text(members, "section", true);
    if (document != NULL && !json_is_object(document) && members->wrong == NULL)
        members->wrong = "document";
    line->document = json_incref((json_t *) (guintptr) document);
}

static void read_lent(struct members *members, struct watch_line *line)
{
    const json_t *document = member(members, "document", false);

    line->lent = (struct watch_lent){
        .number = read_int(members, "number", true),
        .exit_code = read_count(members, "exit_code"),
        .messages = read_text(members, "messages", true),
        .run = read_int(members, "run", false),
    };
    if (document != NULL && !json_is_object(document) && members->wrong == NULL)
        members->wrong = "document";
    line->document = json_incref((json_t *) (guintptr) document);
}

static const struct {
    const char *word;
    void (*read)(struct members *members, struct watch_line *line);
} kinds[] = {
    [WATCH_LINE_STATE] = {"state", read_state}, [WATCH_LINE_SAMPLE] = {"sample", read_sample},
    [WATCH_LINE_BEAT] = {"beat", read_beat},    [WATCH_LINE_MINUTE] = {"minute", read_minute},
    [WATCH_LINE_ALARM] = {"alarm", read_event}, [WATCH_LINE_NOTE] = {"note", read_event},
    [WATCH_LINE_BUSY] = {"busy", read_busy},    [WATCH_LINE_LIVE] = {"live", read_live},
    [WATCH_LINE_LENT] = {"lent", read_lent},
};

static struct watch_line *read_kind(struct members *members, const char *word)
{
    for (gsize i = 0; word != NULL && i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(kinds[i].word, word) != 0)
            continue;
        struct watch_line *line = g_new0(struct watch_line, 1);
        line->kind = (enum watch_line_kind) i;
        line->at_us = read_int(members, "at_us", line->kind != WATCH_LINE_MINUTE);
        kinds[i].read(members, line);
        return line;
    }
    return NULL;
}

struct watch_line *watch_line_parse(const char *text, gsize length, GError **error)
{
    json_error_t where;
    json_t *object = json_loadb(text, length, 0, &where);
    struct members members = {.object = object};
    g_autofree char *word = json_is_object(object) ? read_text(&members, "line", false) : NULL;
    struct watch_line *line = read_kind(&members, word);

    if (object == NULL)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "not JSON: %s", where.text);
    else if (line == NULL)
        runbook_error_set(error, RUNBOOK_FAILED, NULL, "no line of a watch");
    else if (members.wrong != NULL)
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          "\"%s\" of a line \"%s\" is not as it "
                          "should be",
                          members.wrong, word);
    json_decref(object);
    if (line != NULL && members.wrong != NULL)
        g_clear_pointer(&line, watch_line_free);
    return line;
}

void watch_state_clear(struct watch_state *state)
{
    g_free(state->reason);
    g_free(state->holder);
    g_free(state->host);
    g_free(state->port);
    g_free(state->dbname);
    g_free(state->system_identifier);
    *state = (struct watch_state){0};
}

void watch_sample_clear(struct watch_sample *sample)
{
    g_free(sample->triggers);
    *sample = (struct watch_sample){0};
}

void watch_line_free(struct watch_line *line)
{
    watch_state_clear(&line->state);
    watch_sample_clear(&line->sample);
    g_free(line->event.name);
    g_free(line->event.severity);
    g_free(line->event.message);
    g_free(line->event.detail);
    g_free(line->section);
    g_free(line->lent.messages);
    json_decref(line->document);
    g_free(line);
}
