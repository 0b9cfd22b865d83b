/*
 * From a request to the words of a command line. A stranger's word never becomes anything but the
 * value of an option that stands in the command's own table, or, behind "--", an argument: what is
 * not in the tables, names files, or changes something where one only looks, is refused. Pure.
 */
#ifndef HOST_DAEMON_API_WORDS_H
#define HOST_DAEMON_API_WORDS_H

#include "auto.h"
#include "feature.h"
#include "http/http_query.h"

#include <glib.h>
#include <jansson.h>

#define API_ROOT "/api/v1/"

/* What is asked for: something to look at (GET), or an act (POST). */
enum api_kind { API_LOOK, API_ACT };

struct api_call {
    enum api_kind kind;
    const struct feature *section;
    const struct command *command;
    char *target;         /* NULL: none was named */
    GPtrArray *options;   /* "--limit=5", in the order of their names */
    GPtrArray *arguments; /* what stands behind "--" */
    gint64 max_age_s;     /* how old is good enough; -1: not said */
    bool instead;         /* an option was given that takes the place of the arguments */
    bool heavy;           /* one was given that may have it read whole tables */
};

/* Why not: an HTTP status, with the error's text. */
enum {
    API_WRONG = 400,  /* malformed, an option that the command does not have */
    API_ABSENT = 404, /* no such command, or not over HTTP */
    API_METHOD = 405, /* it is there for the other kind */
};

/* Whether the command is to be had over HTTP at all. */
bool api_offers(const struct command *command, enum api_kind kind);
/* Whether this option of it is. */
bool api_takes(const struct option *option);
/* The word for its verb in the path of a look: a command that only looks with a switch is
 * "VERB-SWITCH" there. Caller frees. */
char *api_look_name(const struct command *command);

/* "/api/v1/SECTION[/VERB[/VERB]][/ARGUMENT…]". NULL with an error and *ret_status. */
struct api_call *api_call_new(const char *path, enum api_kind kind, int *ret_status,
                              GError **error);
void api_call_free(struct api_call *call);
AUTO_DEFINE(api_call, api_call_free)

/* The query of a look: target, max_age, options; then the arguments are counted. False:
 * API_WRONG. */
bool api_call_query(struct api_call *call, const struct http_query *query, GError **error);

/* The same of an act: target by the query, {"plan": true, "options": {…}, "arguments": […]} in the
 * body, and nothing else. */
bool api_call_body(struct api_call *call, const struct http_query *query, const json_t *body,
                   GError **error);

/* Whether a path of the daemon's own has no parameter but these (NULL-terminated). False: API_WRONG. */
bool api_query_known(const struct http_query *query, const char *const *known, GError **error);

/* The same of a body's members. hint: what it may have. */
bool api_body_known(const json_t *body, const char *const *known, const char *hint,
                    GError **error);

/* Whether it names a target of the configuration. */
bool api_call_has_target(const struct api_call *call);

/* The command line behind the program's name. place: what makes it one for the target and the
 * daemon's files; more: "--dry-run", "--yes"; NULL: none. Caller frees with g_strfreev(). */
char **api_call_words(const struct api_call *call, const char *const *place, const char *more);

#endif
