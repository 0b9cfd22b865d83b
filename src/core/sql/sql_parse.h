/*
 * One statement as a tree: libpg_query, the parser of PostgreSQL 15. It never crashes us: a
 * statement whose nesting could exhaust the stack is parsed by a child process first. What does not
 * parse is "not analysed", never "clean": newer servers know more syntax than this parser. What of
 * it matters for locks (16 to 18) is spelt in older words first, and told in `newer`.
 */
#ifndef CORE_SQL_PARSE_H
#define CORE_SQL_PARSE_H

#include "auto.h"

#include <glib.h>
#include <pg_query/pg_query.pb-c.h>
#include <stdbool.h>

/* Words that only newer servers know. In the tree stands something else for them, at the same
 * offset: the parser of 15 had to be given it. */
enum sql_newer_kind {
    SQL_NEWER_NOT_ENFORCED, /* of a constraint (18): without these words */
    SQL_NEWER_ENFORCED,
    SQL_NEWER_INHERIT,        /* ALTER CONSTRAINT … [NO] INHERIT (18): without */
    SQL_NEWER_VIRTUAL,        /* a generated column (18): a DEFAULT */
    SQL_NEWER_SET_EXPRESSION, /* of a generated column (17): SET DEFAULT */
    SQL_NEWER_NOT_NULL,       /* a table's constraint NOT NULL c (18): UNIQUE (c) */
    SQL_NEWER_NOT_VALID,      /* of such a one: without */
    SQL_NEWER_OTHER,          /* changes nothing of what is locked or done */
};

struct sql_newer {
    enum sql_newer_kind kind;
    gsize at;
};

struct sql_parse {
    PgQuery__ParseResult *tree; /* NULL: not analysed; its parts are not freed one by one */
    const PgQuery__Node *node;  /* the one statement in it; NULL: none (empty) */
    char *reason;               /* why it was not analysed: the parser's words */
    gsize at;                   /* byte of the statement where it failed */
    GArray *newer;              /* of struct sql_newer, in order; NULL: none */
    GPtrArray *chunks;          /* where the tree is; NULL: there is none */
    gsize room;                 /* left in the last of them */
};

/* Never NULL. One statement; of several the first is the node. */
struct sql_parse *sql_parse_new(const char *text, gsize length);
void sql_parse_free(struct sql_parse *parse);
AUTO_DEFINE(sql_parse, sql_parse_free)

/* The end of the token at `at` (no blank), as the scanner would see it but for its words' meaning;
 * *ret_comment: it is none. */
gsize sql_token_past(const char *text, gsize length, gsize at, bool *ret_comment);

/* How deep the tree of such a text can be at most, in tokens: pure, linear, takes any bytes. */
guint sql_depth(const char *text, gsize length);

/* Where the first row ends of an INSERT whose VALUES are rows of constants and nothing else: what
 * comes behind it is more of the same. 0: it is something else. */
gsize sql_first_row(const char *text, gsize length);

/* The text in the words of PostgreSQL 15, of at least the same length and with the same offsets
 * (what is longer is longer at the end). NULL: there is nothing newer in it. */
char *sql_newer_respell(const char *text, GArray **ret_newer);

#endif
