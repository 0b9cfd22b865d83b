/*
 * `pgrunbook notify`: its rows in the tables, and the courier, a child of `pgrunbook serve`.
 */
#ifndef HOST_NOTIFY_DELIVER_H
#define HOST_NOTIFY_DELIVER_H

#include "feature.h"

extern const struct setting notify_settings[];
extern const struct command notify_commands[];

/* `notify deliver`: events as lines of JSON on stdin, what became of them on stdout; see
 * host/daemon/courier.h. Ends when stdin does, or on a signal, after one last try. */
enum runbook_exit deliver_command(struct call *call, GError **error);

#endif
