/*
 * Parsing is most of what a linter does, and each statement is parsed for itself: a second
 * thread parses those that come next while the first judges. Judging goes in order, for each
 * statement changes the schema for the next.
 */
#ifndef MIGRATIONS_LINT_AHEAD_H
#define MIGRATIONS_LINT_AHEAD_H

#include "auto.h"
#include "sql/sql_parse.h"
#include "sql/sql_script.h"

struct lint_ahead;

/* Of struct sql_script, in the order they are judged; borrowed. Their statements count from
 * 0 on, through all scripts. */
struct lint_ahead *lint_ahead_new(const GPtrArray *scripts);
void lint_ahead_free(struct lint_ahead *ahead);
AUTO_DEFINE(lint_ahead, lint_ahead_free)

/* The tree of a statement; each is asked for once, in rising order, those that are not
 * needed are left out. The caller frees. */
struct sql_parse *lint_ahead_take(struct lint_ahead *ahead, guint number);

#endif
