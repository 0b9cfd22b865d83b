/*
 * Which sessions a person was shown, at what: so that a later run ends these and no others. A mark
 * is "PID@SESSION_START@SINCE": SINCE is the start of the query where one runs, else when the state
 * began. Pure.
 */
#ifndef CORE_BACKENDS_ONLY_H
#define CORE_BACKENDS_ONLY_H

#include "backends/backends_act.h"
#include "feature.h"

/* The row of an option table; its value, given again and again, makes a struct backends_only. */
#define BACKENDS_ONLY_OPTION                                                                   \
    {                                                                                          \
        "only", '\0', "MARK", NULL, OPTION_REPEATS,                                            \
            "of these only who is still at what a dry run showed; \"none\": nobody"            \
    }

/* The mark of what it is at now. Caller frees. */
char *backend_mark(const struct backend *backend);

struct backends_only;

/* From marks; "none" is the mark of nobody. NULL with RUNBOOK_USAGE. */
struct backends_only *backends_only_new(const char *const *marks, GError **error);
void backends_only_free(struct backends_only *only);
AUTO_DEFINE(backends_only, backends_only_free)

/* For a command's `accepts`: whether all marks of the option are such. RUNBOOK_USAGE. */
bool backends_only_accepts(const struct options *options, const char *const *arguments,
                           GError **error);

enum backends_shown {
    BACKENDS_AS_SHOWN,
    BACKENDS_MOVED_ON, /* the session was shown, at something else */
    BACKENDS_RENEWED,  /* another session was shown, that had its pid */
    BACKENDS_UNSHOWN,
};
enum backends_shown backends_only_find(const struct backends_only *only,
                                       const struct backend *backend);

/* Why it must stay, a literal; NULL: it may go, or everybody may (only is NULL). */
const char *backends_only_bar(const struct backends_only *only, const struct backend *backend);

/* The pids that were shown, rising: an array of gint64, which belongs to it. */
const GArray *backends_only_pids(const struct backends_only *only);

/* The marks of those that a plan would act upon, a list for its document ("only"). */
json_t *backends_acts_marks(const struct backends_acts *acts);

#endif
