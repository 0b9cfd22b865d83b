/*
 * Reading a database that others work on. What the server tells of a table (its size, an expression of
 * it) may wait for a lock on it, and whoever waits for a migration at work brings it to its end: its
 * guard counts us. So nobody is waited for longer than a moment, and it is tried again in between.
 */
#ifndef MIGRATIONS_READING_H
#define MIGRATIONS_READING_H

#include "ddl/ddl.h"
#include "pg/session.h"

enum { READING_LOCK_MS = 300 }; /* far below migrations.max_wait */

/* Calls read, which asks the session (or a program of its own, which then waits no longer than
 * READING_LOCK_MS either), until it succeeds, fails for another reason than a lock, or has failed
 * several times: RUNBOOK_REFUSED, and the message names the table and who has it. A right that is
 * missing is a refusal as well. What a failed try has left is read's to clear. */
bool reading_patient(struct session *session,
                     bool (*read)(struct session *session, gpointer data, GError **error),
                     gpointer data, GError **error);

/* session_query() and ddl_schema_read(), that way. */
struct rows *reading_query(struct session *session, const struct query *query,
                           const char *const *values, GError **error);
struct ddl_schema *reading_schema(struct session *session, GError **error);

/* RUNBOOK_REFUSED: the role lacks a right for what was tried. words: the server's. */
void reading_forbidden(const struct session *session, const char *words, GError **error);

#endif
