/*
 * What acts and their plans share: api_plans.c makes plans, api_acts.c carries them out.
 */
#ifndef HOST_DAEMON_API_ACTS_H
#define HOST_DAEMON_API_ACTS_H

#include "daemon/api_private.h"

/* A plan that was shown. Used and expired ones are kept for a while, to be told apart. */
struct api_plan {
    char *id, *who, *path, *target, *section, *verb, *alias;
    char **words;
    guint settings;    /* daemon.applied when it was asked for */
    gint64 dies_us;    /* monotonic */
    gint64 expires_us; /* the same by the wall clock, to be shown */
    bool used, urgent;
};

/* NULL: there is no such plan. */
struct api_plan *api_plan_find(const struct api *api, const char *id);

/* Answers with the plan, by a dry run, and keeps it. target: NULL where the command needs none. */
void api_plan_make(struct api *api, struct http_request *request, const struct api_call *call,
                   const struct daemon_target *target);

#endif
