/*
 * What acts and their plans share: api_plans.c makes plans, api_acts.c carries them out,
 * api_acts_show.c tells of them, api_stop.c stops them.
 */
#ifndef HOST_DAEMON_API_ACTS_H
#define HOST_DAEMON_API_ACTS_H

#include "daemon/api_confirm.h"
#include "daemon/api_private.h"
#include "daemon/child.h"

/* NULL: there is no such plan. */
struct api_plan *api_plan_find(const struct api *api, const char *id);

/* Answers with the plan, by a dry run, and keeps it. target: NULL where the command needs none. */
void api_plan_make(struct api *api, struct http_request *request, const struct api_call *call,
                   const struct daemon_target *target);

/* What was begun, and is kept for a while once it is done. */
struct api_act {
    struct api *api;
    gint64 number;
    char *who, *reason, *target, *section, *verb, *command_line;
    char **words;
    struct child *child; /* NULL: done, or lent */
    bool lent;           /* the watch does it */
    pid_t pid;
    gint64 started_us, ended_us, run;
    int exit_code;
    bool urgent, cut;
    GByteArray *output;
    GString *messages;
    char *trouble;
    struct stopping stop;
};

/* NULL: there is none of that number, or it is forgotten. */
struct api_act *api_act_find(const struct api *api, gint64 number);
/* A child is at it, or a watch. */
bool api_act_at_work(const struct api_act *act);
/* Its run in the history; 0: none, or none yet. */
gint64 api_act_run(const struct api_act *act);
/* Its document; whole: with what it said. Caller frees. */
char *api_act_text(const struct api_act *act, bool whole);
/* Tells those who listen how it stands. */
void api_act_tell(const struct api_act *act);
/* Whether the path, behind that root, is that of a stop: "12/stop". */
bool api_stop_is_of(const char *path, const char *root);
/* Answers a POST that stops it. */
void api_act_stop(struct http_request *request, struct daemon *daemon);

#endif
