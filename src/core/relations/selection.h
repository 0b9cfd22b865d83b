/*
 * Which relations a person means by --table, --schema and their like: names as SQL writes them,
 * folded to lower case outside double quotes, with * and ? as wildcards.
 */
#ifndef CORE_RELATIONS_SELECTION_H
#define CORE_RELATIONS_SELECTION_H

#include <glib.h>
#include <stdbool.h>

/* A name that is spelt exactly so always matches. */
bool selection_matches(const char *pattern, const char *name);

/* By "schema.name" or by "name". */
bool selection_matches_relation(const char *pattern, const char *schema, const char *name);

/* Any of a NULL-terminated list; NULL matches nothing. */
bool selection_any(const char *const *patterns, const char *name);
bool selection_any_relation(const char *const *patterns, const char *schema, const char *name);

/* RUNBOOK_USAGE: no `what` matches the pattern, with the nearest of the names as a hint. Takes the
 * names (of char *) as they are and terminates them. Returns false, for the caller to return. */
bool selection_fail(const char *what, const char *pattern, GPtrArray *names, GError **error);

#endif
