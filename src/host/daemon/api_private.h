/*
 * What the parts of the API share. Each answers its paths from the daemon's memory, or from what a
 * child brings.
 */
#ifndef HOST_DAEMON_API_PRIVATE_H
#define HOST_DAEMON_API_PRIVATE_H

#include "daemon/api_run.h"
#include "daemon/api_words.h"
#include "daemon/daemon_private.h"
#include "out/json_text.h"

struct api {
    struct daemon *daemon;
    struct api_runs *runs;
    char *recent; /* the newest runs, as JSON; NULL: not read yet */
    gint64 recent_us;
};

/* ---- answers (api_answer.c) -------------------------------------------------------------------- */

/* Ends what was opened with the document, and answers with it. */
void api_answer_json(struct http_request *request, int status, struct json_text *json);
/* The error's message, its hint apart. */
void api_answer_error(struct http_request *request, int status, const GError *error);
/* What a command brought, with the time of it. */
void api_answer_result(struct http_request *request, const struct api_result *result);

/* ---- commands (api.c) --------------------------------------------------------------------------- */

/* The target a call is for; NULL with *ret_status unless it needs none. */
struct daemon_target *api_target(const struct daemon *daemon, const struct api_call *call,
                                 int *ret_status, GError **error);
/* What makes its words a command line for that target (NULL: none). Caller frees. */
char **api_place(const struct daemon *daemon, const struct api_call *call,
                 const struct daemon_target *target);

/* ---- from memory (overview.c) ------------------------------------------------------------------- */

void api_overview(struct http_request *request, gpointer data);
/* Members that say where a target is, and how its slots are. */
void api_add_state(struct json_text *json, const struct daemon_target *target);
void api_add_slots(struct json_text *json, const struct watch_sample *sample);

#endif
