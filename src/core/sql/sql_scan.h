/*
 * The scanner behind sql_script: a loop over bytes after the rules of the server's scan.l, with
 * what psql adds to them. Not libpg_query's own, which stops at the first quote that does not end,
 * knows nothing of psql's commands, and keeps each token as a message of its own (60 times the
 * script's size). A fuzz target holds the two against each other.
 */
#ifndef CORE_SQL_SCAN_H
#define CORE_SQL_SCAN_H

#include "sql/sql_script.h"

/* Fills statements, comments and problems of a script whose text and lines are there. */
void sql_scan(struct sql_script *script);

/* Adds a problem, with the line of `start`. */
void sql_scan_problem(struct sql_script *script, enum sql_problem_kind kind, gsize start,
                      const char *message);

#endif
