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
    GPtrArray *listeners; /* of struct listener, borrowed: each is its stream's */
    gint64 renew_us;      /* monotonic: when the watches are told again to look closely */
    GPtrArray *waiting;   /* of struct live_waiting, borrowed: each is its request's */
    GPtrArray *plans;     /* of struct api_plan, oldest first */
    GPtrArray *acts;      /* of struct api_act, oldest first */
    gint64 acts_begun;
    GPtrArray *lent_out; /* of what watches were asked for (api_lend.c), borrowed */
    gint64 lent_begun;
};

/* ---- answers (api_answer.c) -------------------------------------------------------------------- */

/* Ends what was opened with the document, and answers with it. */
void api_answer_json(struct http_request *request, int status, struct json_text *json);
/* 405: it has the other one of GET and POST. A route may answer for paths of either kind, so it does not
 * know itself which of them this one has. */
void api_answer_method(struct http_request *request, const char *error);
/* The error's message, its hint apart. */
void api_answer_error(struct http_request *request, int status, const GError *error);
/* Whether its query has nothing but `names` ("target brief"; "": none): a word that is misspelt is not
 * passed over. False: it was answered so. */
bool api_asks_only(struct http_request *request, const char *names);
/* What a command brought, with the time of it. */
void api_answer_result(struct http_request *request, const struct api_result *result);

/* ---- commands (api.c) --------------------------------------------------------------------------- */

/* The target a call is for; NULL with *ret_status unless it needs none. */
struct daemon_target *api_target(const struct daemon *daemon, const struct api_call *call,
                                 int *ret_status, GError **error);
/* What makes its words a command line for that target (NULL: none). Caller frees. */
char **api_place(const struct daemon *daemon, const struct api_call *call,
                 const struct daemon_target *target);

/* Answers a look; live: with what the watch has just seen, where that will do. */
void api_answer_look(struct http_request *request, struct daemon *daemon, bool live);

/* ---- live (api_live.c) --------------------------------------------------------------------------- */

/* Whether the section has a report that is made of a look. */
bool api_is_live(const char *section);
/* Answers with it, now or at the next look. False: it will not do, and nothing was answered. */
bool api_live_answer(struct http_request *request, struct daemon_target *target,
                     const struct api_call *call);

/* ---- streams (api_stream.c) ------------------------------------------------------------------------ */

void api_events(struct http_request *request, gpointer data);
/* Tells the target's watch to look closely for a while. */
void api_look_closely(const struct daemon_target *target);
void api_tell_run(struct api *api, const char *target, gint64 run);
/* text: a JSON object. */
void api_tell_act(struct api *api, const char *target, const char *text);
void api_tell_live(struct daemon_target *target, const char *section, GBytes *document,
                   gint64 at_us);

/* ---- acts (api_acts.c, api_acts_show.c, api_stop.c) ------------------------------------------------------------------------------ */

struct api_plan;
struct api_act;
void api_plan_free(gpointer data); /* a struct api_plan */
void api_act_free(gpointer data);  /* a struct api_act */
/* A POST: a plan, or its confirmation. */
void api_answer_act(struct http_request *request, struct daemon *daemon);
void api_acts_list(struct http_request *request, gpointer data);
/* One act: what came of it, or a POST that stops it. */
void api_acts_one(struct http_request *request, gpointer data);
/* All that is at work, acts and scheduled jobs; a POST stops one by its run. */
void api_running(struct http_request *request, gpointer data);
void api_running_stop(struct http_request *request, gpointer data);
void api_acts_stop(struct api *api, guint grace_ms);

/* ---- shapes of answers (api_shapes.c) ---------------------------------------------------------------- */

/* {"$ref": …} to the shape of that name. */
json_t *api_shape(const char *name);
/* That of a plan whose dry run prints this document. */
json_t *api_shape_of_plan(const char *document);
/* The name of the shape of this command's document; "document": it has none of its own. Caller frees. */
char *api_shape_name(const char *section, const char *verb);
/* Name → schema of all shapes that are named in there. */
json_t *api_shapes_in(json_t *paths);

/* ---- what there is (api_openapi.c) ------------------------------------------------------------------- */

void api_openapi(struct http_request *request, gpointer data);

/* ---- from memory (overview.c) ------------------------------------------------------------------- */

void api_overview(struct http_request *request, gpointer data);
/* Members that say where a target is, and how its slots are. */
void api_add_state(struct json_text *json, const struct daemon_target *target);
void api_add_slots(struct json_text *json, const struct watch_sample *sample);

#endif
