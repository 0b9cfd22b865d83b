/*
 * What a watch tells the daemon: one JSON object a line. Anything else is refused; a line with
 * members that we do not know is good all the same.
 *
 *   {"line":"state", "at_us", "state":"up"|"down", "reason", "acts", "holder", "host", "port",
 *    "dbname", "system_identifier", "version_num", "in_recovery", "emergency"}
 *   {"line":"sample", "at_us", "max", "ordinary", "used", "active", "idle", "in_transaction",
 *    "waiting", "triggers":[…]}
 *   {"line":"beat", "at_us"}
 *   {"line":"minute", "minute_us", "samples", "missed", "ordinary", "used_max", "used_sum",
 *    "active_max", "idle_max", "in_transaction_max", "waiting_max", "query_seconds_max"}
 *   {"line":"alarm", "at_us", "name", "open", "severity", "message", "detail":{…}}
 *   {"line":"note", "at_us", "name", "message", "run", "severity"}
 *   {"line":"busy", "at_us", "seconds"}
 *   {"line":"live", "at_us", "section", "document":{…}}
 *   {"line":"lent", "at_us", "number", "exit_code", "document":{…}|null, "messages", "run"}
 */
#ifndef HOST_DAEMON_WATCH_LINE_H
#define HOST_DAEMON_WATCH_LINE_H

#include "auto.h"
#include "store/store_minutes.h"

#include <jansson.h>

enum watch_line_kind {
    WATCH_LINE_STATE,
    WATCH_LINE_SAMPLE,
    WATCH_LINE_BEAT,
    WATCH_LINE_MINUTE,
    WATCH_LINE_ALARM,
    WATCH_LINE_NOTE,
    WATCH_LINE_BUSY,
    WATCH_LINE_LIVE,
    WATCH_LINE_LENT,
};

struct watch_state {
    bool up, acts, in_recovery, emergency;
    int version_num; /* 0: unknown */
    /* NULL: unknown */
    char *reason, *holder, *host, *port, *dbname, *system_identifier;
};

struct watch_sample {
    int max, ordinary, used, active, idle, in_transaction, waiting;
    char *triggers; /* "refused, unready"; "" for none */
};

/* An alarm, or a note. */
struct watch_event {
    char *name, *severity, *message;
    char *detail; /* JSON text or NULL */
    bool open;
    gint64 run; /* 0: none */
};

/* What came of an order. */
struct watch_lent {
    gint64 number;
    int exit_code;
    char *messages;
    gint64 run; /* 0: none */
};

struct watch_line {
    enum watch_line_kind kind;
    gint64 at_us;
    struct watch_state state;
    struct watch_sample sample;
    struct store_minute minute;
    struct watch_event event;
    double busy_seconds;
    char *section; /* of a live one */
    struct watch_lent lent;
    json_t *
        document; /* of a live one its report, of a lent one what the command printed, or NULL */
};

/* NULL with a reason when it is not such a line. */
struct watch_line *watch_line_parse(const char *text, gsize length, GError **error);
void watch_line_free(struct watch_line *line);
AUTO_DEFINE(watch_line, watch_line_free)

void watch_state_clear(struct watch_state *state);
void watch_sample_clear(struct watch_sample *sample);

#endif
