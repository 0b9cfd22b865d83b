/*
 * Scripts that fill tables have tens of thousands of statements that differ in their constants
 * only. What is parsed and judged once need not be again: the grammar sees kinds of tokens, and
 * of an INSERT, UPDATE, DELETE or SELECT the judge does not look at constants.
 */
#ifndef MIGRATIONS_LINT_MEMO_H
#define MIGRATIONS_LINT_MEMO_H

#include "auto.h"
#include "ddl/ddl.h"

struct lint_memo;

struct lint_memo *lint_memo_new(void);
void lint_memo_free(struct lint_memo *memo);
AUTO_DEFINE(lint_memo, lint_memo_free)

/* The statement with its constants left out; NULL: it is none of these, or has something
 * that only the real scanner understands. Borrowed until the next call. */
const char *lint_memo_shape(struct lint_memo *memo, const char *text, gsize length);

/* What was said of that shape; NULL: nothing yet. */
const struct ddl_judgement *lint_memo_find(const struct lint_memo *memo, const char *shape);
/* Remembers it, if it says nothing that would be told. The judgement is borrowed. */
void lint_memo_keep(struct lint_memo *memo, const char *shape,
                    const struct ddl_judgement *judgement);
/* The schema has changed. */
void lint_memo_forget(struct lint_memo *memo);

#endif
