/*
 * Messages about events, without sending any: what a webhook gets, what a mail says, how the one is
 * signed, and what an answer means. Nothing in here knows a clock, a file or the network.
 */
#ifndef CORE_NOTIFY_H
#define CORE_NOTIFY_H

#include "auto.h"

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

/* ---- events -------------------------------------------------------------------------------- */

enum notify_state {
    NOTIFY_OPEN,   /* it has begun */
    NOTIFY_CLOSED, /* it is over */
    NOTIFY_NOTE,   /* of one moment */
    NOTIFY_TEST,   /* there is none: `notify test` */
};

enum notify_severity { NOTIFY_INFO, NOTIFY_WARNING, NOTIFY_CRITICAL };

struct notify_event {
    gint64 seq; /* the supervisor's number of this message */
    char *target, *name, *message;
    char *closing; /* what was said at its end; NULL: nothing */
    enum notify_state state;
    enum notify_severity severity;
    gint64 opened_us, closed_us;
    json_t *detail;  /* NULL: none */
    gint64 run;      /* in the history; 0: none */
    gint64 waited_s; /* since it was first handed to a courier */
    char **through;  /* keys of channels that need it no more; never NULL */
};

/* Reads a line of the supervisor's (host/daemon/courier.h). NULL with an error. */
struct notify_event *notify_event_parse(const char *line, gsize length, GError **error);
struct notify_event *notify_event_test(gint64 now_us);
void notify_event_free(struct notify_event *event);
AUTO_DEFINE(notify_event, notify_event_free)

/* Whether both are of one event: the same target, name and beginning. */
bool notify_same_event(const struct notify_event *left, const struct notify_event *right);

/* The same for all messages of one event, and for no other. Caller frees. */
char *notify_incident(const struct notify_event *event);

const char *notify_state_word(enum notify_state state);
const char *notify_severity_word(enum notify_severity severity);
/* False for a word that is none. */
bool notify_severity_parse(const char *word, enum notify_severity *ret_severity);

/* ---- what is sent -------------------------------------------------------------------------- */

/* One message. */
struct notify_message {
    const struct notify_event *event;
    bool whole;       /* its beginning was never delivered: the message says both */
    const char *host; /* this machine's name */
};

/* One line: "[critical] shop: slots: 38 of 40 taken". No control characters. Caller frees. */
char *notify_headline(const struct notify_message *message);

/* The JSON object a webhook gets. Caller frees. */
char *notify_payload(const struct notify_message *message);

/* The same for every try to deliver this message, and for no other. Caller frees. */
char *notify_delivery_id(const struct notify_event *event);

/* "t=SECONDS,sha256=HEX": HMAC-SHA256 of "SECONDS.BODY". Caller frees. */
char *notify_signature(const char *secret, gsize length, gint64 now_s, const char *body);

struct notify_envelope {
    const char *from; /* an address without name and brackets */
    const char *const *to;
    gint64 now_s;
    guint32 unique; /* makes the Message-ID */
};

/* Header and body as RFC 5322 has them, lines ending with CR LF, all of it ASCII: no name of a
 * target or text of a server's can add a line to the header. Caller frees. */
char *notify_mail(const struct notify_message *message, const struct notify_envelope *envelope);

/* Whether it may stand as an address in an envelope and a header. */
bool notify_is_address(const char *text);

/* ---- what came of it ----------------------------------------------------------------------- */

enum notify_verdict {
    NOTIFY_DELIVERED,
    NOTIFY_AGAIN, /* later */
    NOTIFY_NEVER, /* another try would get the same answer */
};

/* A webhook's answer: its status, 0 for none. */
enum notify_verdict notify_judge_http(int status);
/* The last reply of an SMTP server; failed: the mail was not taken. */
enum notify_verdict notify_judge_smtp(bool failed, int status);
/* The exit code of sendmail, as <sysexits.h> has them; -1: ended by a signal or never begun. */
enum notify_verdict notify_judge_sendmail(int code);

/* Retry-After: seconds or a date. At most an hour; 0 for nothing and for nonsense. */
gint64 notify_retry_after_ms(const char *text, gint64 now_s);

/* How long to wait after that many failures in a row (1, 2, …): 1 s, doubled up to 10 min, a fifth
 * more or less, and never less than the server asked for. chance: 0 to 1. */
gint64 notify_backoff_ms(guint failures, double chance, gint64 asked_ms);

#endif
