/*
 * What is gathered of a target now and then: its verdicts and its metrics, by a child that opens one
 * connection, prints two lines and ends. The newest of each stays in memory.
 */
#ifndef HOST_DAEMON_GATHERS_H
#define HOST_DAEMON_GATHERS_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

struct daemon;
struct daemon_target;

/* Of one target. */
struct gather;

struct gather_seen {
    const json_t *check;    /* document of `check`; NULL: none yet */
    gint64 check_us;        /* wall clock */
    const json_t *families; /* of core/metrics; NULL: none yet */
    gint64 families_us;
    const char *trouble; /* why the last one brought nothing; NULL: it did */
    gint64 ended_us;     /* of the last one; 0: there was none */
    gint64 took_us;
};

struct gather *gather_new(struct daemon_target *target);
/* Not while its child runs. */
void gather_free(struct gather *gather);

struct gather_seen gather_seen(const struct gather *gather);

/* Somebody wants to know anew: soon, but not more often than every 10 s. */
void gather_want(struct gather *gather);

/* What is known is of another server than the target is now: it is asked anew at once. */
void gather_forget(struct gather *gather);

/* Once a second: starts those that are due, few at once. */
void gathers_tick(struct daemon *daemon, gint64 now_us);

/* Ends its child. True when there was none left. */
bool gather_stop(struct gather *gather, guint grace_ms);

/* Pure: when the next is due. index: of the target, to spread them after the start. */
gint64 gather_first_us(gint64 now_us, guint index);

/* Reads a line of the child's: "check" or "metrics". False: it is no such line. ret_value: the
 * document, or the list of families; the caller unrefs. Pure. */
enum gather_kind { GATHER_CHECK, GATHER_METRICS };
bool gather_line_parse(const char *text, gsize length, enum gather_kind *ret_kind,
                       gint64 *ret_at_us, json_t **ret_value);

#endif
