/*
 * Whether a plan that was shown may be carried out by this request, and what a reason is. Pure.
 */
#ifndef HOST_DAEMON_API_CONFIRM_H
#define HOST_DAEMON_API_CONFIRM_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

/* A plan that was shown. Used and expired ones are kept for a while, to be told apart. */
struct api_plan {
    /* What tells the token that asked for it from one of the same name; "": none. */
    char *token;
    char *id, *who, *path, *target, *section, *verb, *alias;
    char **words;
    guint settings;    /* daemon.applied when it was asked for */
    gint64 dies_us;    /* monotonic */
    gint64 expires_us; /* the same by the wall clock, to be shown */
    bool used, urgent;
};

/* What the confirmation says, and when it comes. */
struct api_confirmation {
    const char *token, *path;
    bool says_more; /* than a confirmation may: of another target, with parameters of its own */
    bool has_reason;
    guint settings; /* as they are now */
    gint64 now_us;  /* monotonic */
};

struct api_refusal {
    int status; /* 0: it may be carried out */
    const char *error, *hint;
};

/* plan NULL: there is none of that id. */
struct api_refusal api_confirm(const struct api_plan *plan,
                               const struct api_confirmation *confirmation);

/* One line of text that says something. NULL: it is none. Caller frees. */
char *api_reason(const json_t *value);

#endif
