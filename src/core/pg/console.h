/*
 * The console of a program that speaks PostgreSQL's protocol but no SQL, as PgBouncer's. It knows
 * the simple protocol only, and none of the settings a session is prepared with.
 */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include "pg/session.h"

/* Connects, in bounded time and interruptible; no query but console_ask() works on it. */
struct session *console_open(struct session_params *params, const char *section,
                             GError **error);

/* The answer to one command. NULL with an error. */
struct rows *console_ask(struct session *console, const char *command, GError **error);

/* What the answer's columns are called, NULL-terminated. Free with g_strfreev(). */
char **rows_names(const struct rows *rows);

#endif
