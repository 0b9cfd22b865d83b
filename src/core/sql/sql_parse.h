/*
 * One statement as a tree: libpg_query, the parser of PostgreSQL 15. It never crashes us: a
 * statement whose nesting could exhaust the stack is parsed by a child process first. What does not
 * parse is "not analysed", never "clean": newer servers know more syntax than this parser.
 */
#ifndef CORE_SQL_PARSE_H
#define CORE_SQL_PARSE_H

#include "auto.h"

#include <glib.h>
#include <pg_query/pg_query.pb-c.h>
#include <stdbool.h>

struct sql_parse {
    PgQuery__ParseResult *tree; /* NULL: not analysed */
    const PgQuery__Node *node;  /* the one statement in it; NULL: none (empty) */
    char *reason;               /* why it was not analysed: the parser's words */
    gsize at;                   /* byte of the statement where it failed */
};

/* Never NULL. One statement; of several the first is the node. */
struct sql_parse *sql_parse_new(const char *text, gsize length);
void sql_parse_free(struct sql_parse *parse);
AUTO_DEFINE(sql_parse, sql_parse_free)

#endif
