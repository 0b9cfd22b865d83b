/*
 * What a dry run showed, by marks that stay true when names do not: an oid, or what else the
 * feature knows its objects by. Its document has them in "only", and the option of that name brings
 * them back: then nothing is done that was not shown. Pure.
 */
#ifndef CORE_PLAN_ONLY_H
#define CORE_PLAN_ONLY_H

#include "feature.h"

#include <jansson.h>

/* The row of an option table. */
#define PLAN_ONLY_OPTION                                                                       \
    {                                                                                          \
        "only", '\0', "MARKS", NULL, OPTION_REPEATS,                                           \
            "of these only what a dry run showed (\"only\" in its document)"                   \
    }

/* Why something is left out, a literal. */
#define PLAN_ONLY_UNSHOWN "it was not in the plan that was shown"

/* The set of the option's marks; NULL: it was not given. Free with g_hash_table_unref(). */
GHashTable *plan_only_read(const struct options *options);

/* For a command's `accepts`: whether all marks of the option are oids, each with "@MEANS" behind it
 * in the second; "none" stands for nothing at all. RUNBOOK_USAGE. */
bool plan_only_accepts_oids(const struct options *options, const char *const *arguments,
                            GError **error);
bool plan_only_accepts_means(const struct options *options, const char *const *arguments,
                             GError **error);

/* Whether it was shown; true where only is NULL. */
bool plan_only_has(GHashTable *only, const char *mark);
bool plan_only_has_oid(GHashTable *only, guint oid);

/* A document's list of them, many to an item, each short enough for a command line. */
struct plan_marks;
struct plan_marks *plan_marks_new(void);
void plan_marks_add(struct plan_marks *marks, const char *mark);
void plan_marks_add_oid(struct plan_marks *marks, guint oid);
json_t *plan_marks_end(struct plan_marks *marks); /* frees them */

#endif
