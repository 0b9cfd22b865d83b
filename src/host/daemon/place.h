/*
 * The one database that `serve` is given by connection options instead of a configuration.
 */
#ifndef HOST_DAEMON_PLACE_H
#define HOST_DAEMON_PLACE_H

#include "pg/session.h"

/* The options as they are typed: "-h", "db1", "-d", "shop"; empty when none was given. Caller frees
 * with g_strfreev(). */
char **place_words(const struct session_params *server);

/* That there is no --target besides; RUNBOOK_USAGE. */
bool place_agrees(char *const *words, const char *target, GError **error);

/* What a configuration would have called the target. Caller frees. */
char *place_name(const char *dbname);

#endif
