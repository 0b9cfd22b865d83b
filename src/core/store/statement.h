/*
 * One statement of the store's sql/ folder at work: opened, bound by the numbers of its header,
 * stepped, closed. Closing keeps it prepared for the next use.
 */
#ifndef CORE_STORE_STATEMENT_H
#define CORE_STORE_STATEMENT_H

#include "auto.h"
#include "pg/query.h"
#include "store/store.h"

#include <glib.h>
#include <stdbool.h>

struct statement;

/* Never NULL: what cannot be prepared fails when it is stepped. */
struct statement *statement_open(struct store *store, const struct query *query);
void statement_close(struct statement *statement);
AUTO_DEFINE(statement, statement_close)

/* Frees for good; for the store's table of prepared statements. */
void statement_destroy(struct statement *statement);

/* position: 1 for $1. Text must live until the statement is closed; NULL becomes null. */
void statement_bind_text(struct statement *statement, int position, const char *text);
void statement_bind_int(struct statement *statement, int position, gint64 number);
void statement_bind_real(struct statement *statement, int position, double number);

/* True with the next row; false at the end, or when it failed (see statement_code). */
bool statement_next(struct statement *statement);

/* SQLITE_OK, or the (primary) code of what failed. */
int statement_code(const struct statement *statement);

/* Cells of the current row by the query's column enum; text is borrowed until the next step. */
const char *statement_text(const struct statement *statement, int column);
gint64 statement_int(const struct statement *statement, int column);
double statement_real(const struct statement *statement, int column);

#endif
