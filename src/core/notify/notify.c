#include "notify/notify.h"

#include "error.h"

#include <string.h>

static const char *const states[] = {"open", "closed", "note", "test"};
static const char *const severities[] = {"info", "warning", "critical"};

const char *notify_state_word(enum notify_state state)
{
    return states[state];
}

const char *notify_severity_word(enum notify_severity severity)
{
    return severities[severity];
}

static bool find_word(const char *const *words, gsize count, const char *word, guint *ret_index)
{
    for (guint i = 0; i < count; i++) {
        if (g_strcmp0(words[i], word) == 0) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

bool notify_severity_parse(const char *word, enum notify_severity *ret_severity)
{
    guint index;

    if (!find_word(severities, G_N_ELEMENTS(severities), word, &index))
        return false;
    *ret_severity = (enum notify_severity) index;
    return true;
}

/* ---- reading ------------------------------------------------------------------------------- */

static const char *text_of(json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* All of them are numbers of something, or moments since 1970. */
static gint64 number_of(json_t *object, const char *name)
{
    return MAX(json_integer_value(json_object_get(object, name)), 0);
}

/* What is no text is passed over. */
static char **texts_of(json_t *object, const char *name)
{
    json_t *array = json_object_get(object, name);
    g_autoptr(GStrvBuilder) texts = g_strv_builder_new();

    for (gsize i = 0; i < json_array_size(array); i++)
        if (json_is_string(json_array_get(array, i)))
            g_strv_builder_add(texts, json_string_value(json_array_get(array, i)));
    return g_strv_builder_end(texts);
}

static const char *what_is_missing(json_t *object)
{
    static const char *const texts[] = {"target", "name", "message"};
    enum notify_severity severity;
    guint state;

    if (!json_is_object(object) || g_strcmp0(text_of(object, "line"), "event") != 0)
        return "line";
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        if (text_of(object, texts[i]) == NULL)
            return texts[i];
    if (!find_word(states, G_N_ELEMENTS(states), text_of(object, "state"), &state))
        return "state";
    if (!notify_severity_parse(text_of(object, "severity"), &severity))
        return "severity";
    return NULL;
}

struct notify_event *notify_event_parse(const char *line, gsize length, GError **error)
{
    json_error_t where;
    json_t *object = json_loadb(line, length, 0, &where);
    const char *missing = object != NULL ? what_is_missing(object) : NULL;
    guint state = 0;

    if (object == NULL || missing != NULL) {
        runbook_error_set(error, RUNBOOK_FAILED, NULL,
                          object == NULL ? "not a line of JSON%s"
                                         : "not an event: \"%s\" is wrong",
                          object == NULL ? "" : missing);
        json_decref(object);
        return NULL;
    }
    struct notify_event *event = g_new0(struct notify_event, 1);
    event->seq = number_of(object, "seq");
    event->target = g_strdup(text_of(object, "target"));
    event->name = g_strdup(text_of(object, "name"));
    event->message = g_strdup(text_of(object, "message"));
    event->closing = g_strdup(text_of(object, "closing"));
    find_word(states, G_N_ELEMENTS(states), text_of(object, "state"), &state);
    event->state = (enum notify_state) state;
    notify_severity_parse(text_of(object, "severity"), &event->severity);
    event->opened_us = number_of(object, "opened_us");
    event->closed_us = number_of(object, "closed_us");
    event->detail = json_incref(json_object_get(object, "detail"));
    event->run = number_of(object, "run");
    event->waited_s = number_of(object, "waited_s");
    event->through = texts_of(object, "through");
    json_decref(object);
    return event;
}

struct notify_event *notify_event_test(gint64 now_us)
{
    struct notify_event *event = g_new0(struct notify_event, 1);

    event->target = g_strdup("");
    event->name = g_strdup("test");
    event->message = g_strdup("This is a test. Messages of pgrunbook arrive here.");
    event->state = NOTIFY_TEST;
    event->severity = NOTIFY_INFO;
    event->opened_us = now_us;
    event->closed_us = now_us;
    event->through = g_new0(char *, 1);
    return event;
}

void notify_event_free(struct notify_event *event)
{
    g_free(event->target);
    g_free(event->name);
    g_free(event->message);
    g_free(event->closing);
    json_decref(event->detail);
    g_strfreev(event->through);
    g_free(event);
}

bool notify_same_event(const struct notify_event *left, const struct notify_event *right)
{
    return left->opened_us == right->opened_us && strcmp(left->target, right->target) == 0 &&
           strcmp(left->name, right->name) == 0;
}
