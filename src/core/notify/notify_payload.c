#include "notify/notify_private.h"

#include "out/json_text.h"
#include "units/units.h"

#include <string.h>

/* ---- words --------------------------------------------------------------------------------- */

static bool is_over(const struct notify_event *event)
{
    return event->state == NOTIFY_CLOSED;
}

char *notify_lasted(const struct notify_event *event)
{
    return units_format_duration((double) (event->closed_us - event->opened_us) /
                                 G_USEC_PER_SEC);
}

/* What a person is to read first: the message, or for an event that is over its end. */
static char *words_of(const struct notify_message *message)
{
    const struct notify_event *event = message->event;
    g_autofree char *lasted = notify_lasted(event);
    const char *closing = event->closing;

    if (!is_over(event))
        return g_strdup(event->message);
    if (message->whole)
        return g_strdup_printf("%s (over after %s%s%s)", event->message, lasted,
                               closing != NULL ? ": " : "", closing != NULL ? closing : "");
    return g_strdup_printf("over after %s: %s", lasted,
                           closing != NULL ? closing : event->message);
}

char *notify_headline(const struct notify_message *message)
{
    const struct notify_event *event = message->event;
    g_autofree char *words = words_of(message);
    const char *mark = is_over(event) && !message->whole ? "over"
                       : event->state == NOTIFY_TEST     ? "test"
                                                     : notify_severity_word(event->severity);
    const char *target = event->target[0] != '\0' ? event->target : message->host;
    g_autofree char *line =
        g_strdup_printf("[%s] %s: %s: %s", mark, target, event->name, words);
    char *valid = g_utf8_make_valid(line, -1), *end = valid;

    for (const char *c = valid; *c != '\0'; c++) {
        char next = g_ascii_iscntrl(*c) ? ' ' : *c;
        if (next != ' ' || end == valid || end[-1] != ' ')
            *end++ = next;
    }
    *end = '\0';
    return valid;
}

/* ---- ids ----------------------------------------------------------------------------------- */

char *notify_incident(const struct notify_event *event)
{
    enum { DIGITS = 16 };
    g_autofree char *text = g_strdup_printf("%s\n%s\n%" G_GINT64_FORMAT, event->target,
                                            event->name, event->opened_us);
    char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

    digest[DIGITS] = '\0';
    return digest;
}

char *notify_delivery_id(const struct notify_event *event)
{
    g_autofree char *incident = notify_incident(event);

    /* One that has become graver is told once more. */
    if (event->state == NOTIFY_OPEN)
        return g_strdup_printf("%s-open-%s", incident, notify_severity_word(event->severity));
    return g_strdup_printf("%s-%s", incident, notify_state_word(event->state));
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
    g_autofree char *valid = text != NULL ? g_utf8_make_valid(text, -1) : NULL;

    return valid != NULL ? json_string(valid) : json_null();
}

static json_t *time_or_null(gint64 wall_us)
{
    char text[JSON_TEXT_TIME_SIZE];

    return json_text_format_time(wall_us, text) ? json_string(text) : json_null();
}

static void add_times(json_t *object, const struct notify_event *event)
{
    bool open = event->state == NOTIFY_OPEN;
    gint64 lasted_us = event->closed_us - event->opened_us;

    json_object_set_new(object, "opened_at", time_or_null(event->opened_us));
    json_object_set_new(object, "closed_at",
                        open ? json_null() : time_or_null(event->closed_us));
    json_object_set_new(object, "seconds",
                        open ? json_null()
                             : json_real((double) MAX(lasted_us, 0) / G_USEC_PER_SEC));
}

char *notify_payload(const struct notify_message *message)
{
    const struct notify_event *event = message->event;
    g_autofree char *headline = notify_headline(message);
    g_autofree char *delivery = notify_delivery_id(event);
    g_autofree char *incident = notify_incident(event);
    json_t *object = json_object();

    json_object_set_new(object, "schema", json_string("pgrunbook.notify.event/1"));
    json_object_set_new(object, "text", text_or_null(headline));
    json_object_set_new(object, "delivery", json_string(delivery));
    json_object_set_new(object, "incident", json_string(incident));
    json_object_set_new(object, "host", text_or_null(message->host));
    json_object_set_new(object, "target",
                        event->target[0] != '\0' ? text_or_null(event->target) : json_null());
    json_object_set_new(object, "name", text_or_null(event->name));
    json_object_set_new(object, "state", json_string(notify_state_word(event->state)));
    json_object_set_new(object, "severity", json_string(notify_severity_word(event->severity)));
    json_object_set_new(object, "message", text_or_null(event->message));
    json_object_set_new(object, "closing", text_or_null(event->closing));
    json_object_set_new(object, "first", json_boolean(!is_over(event) || message->whole));
    add_times(object, event);
    json_object_set(object, "detail", event->detail != NULL ? event->detail : json_null());
    json_object_set_new(object, "run",
                        event->run != 0 ? json_integer(event->run) : json_null());
    char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));
    char *copy = g_strdup(text);
    free(text);
    json_decref(object);
    return copy;
}

char *notify_signature(const char *secret, gsize length, gint64 now_s, const char *body)
{
    g_autofree char *signed_text = g_strdup_printf("%" G_GINT64_FORMAT ".%s", now_s, body);
    g_autofree char *digest = g_compute_hmac_for_string(
        G_CHECKSUM_SHA256, (const guchar *) secret, length, signed_text, -1);

    return g_strdup_printf("t=%" G_GINT64_FORMAT ",sha256=%s", now_s, digest);
}
