/*
 * Who carries events out of the house: the child `notify deliver`, which is there when a channel
 * is configured. It gets events as lines of JSON, and says what became of each:
 *
 *   {"line":"event", "seq", "id", "target", "name", "state":"open"|"closed"|"note", "severity",
 *    "message", "closing", "opened_us", "closed_us", "detail":{…}, "run"}
 *   {"line":"outcome", "seq", "channel", "delivered":bool, "message"}, with "partly":true where
 *   not all of a channel's recipients got it
 *   {"line":"through", "seq", "key"}: the channel of that key needs it no more, others do
 *   {"line":"settled", "seq"}: none does
 *
 * What it was not through with when it died is given to the next one, with "through" (the keys of
 * channels) and "waited_s".
 */
#ifndef HOST_DAEMON_COURIER_H
#define HOST_DAEMON_COURIER_H

#include "auto.h"
#include "daemon/events.h"

struct courier;

/* arguments: of its command line. looping: as in minder.h. */
struct courier *courier_new(const char *const *arguments, int settings_fd,
                            void (*trouble)(bool looping, const char *message, gpointer data),
                            gpointer data);
void courier_free(struct courier *courier);
AUTO_DEFINE(courier, courier_free)

void courier_carry(struct courier *courier, const struct store_event *event);
void courier_tick(struct courier *courier, gint64 now_us);

/* With the settings as they are now. */
void courier_renew(struct courier *courier, const char *const *arguments);

/* There is no channel any more: events are not carried, until courier_renew(). */
void courier_retire(struct courier *courier);

/* True when no child is left. */
bool courier_stop(struct courier *courier, guint grace_ms);

/* An event as a line, for tests. Caller frees. */
char *courier_line(gint64 seq, const struct store_event *event);

/* The same for another courier. Caller frees. */
char *courier_line_again(const char *line, gint64 waited_s, const GPtrArray *through);

#endif
