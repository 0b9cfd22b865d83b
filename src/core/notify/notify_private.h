/*
 * What the files of core/notify share.
 */
#ifndef CORE_NOTIFY_PRIVATE_H
#define CORE_NOTIFY_PRIVATE_H

#include "notify/notify.h"

/* How long an event that is over was open, in words. Caller frees. */
char *notify_lasted(const struct notify_event *event);

#endif
