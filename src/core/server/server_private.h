#ifndef CORE_SERVER_PRIVATE_H
#define CORE_SERVER_PRIVATE_H

#include "server/server.h"

/* The folder of socket, log and configuration. NULL with an error. What processes that are gone
 * have left of theirs is removed. Caller frees. */
char *server_place_new(const struct server_owner *owner, GError **error);
void server_place_remove(const char *place);

/* A file in it; caller frees. */
char *server_place_file(const char *place, const char *name);

/* The socket is in a folder of its own: the number does not matter. */
#define SERVER_PORT "5432"

/* Names of those files. */
#define SERVER_CONFIGURATION "postgresql.conf"
#define SERVER_HBA           "pg_hba.conf"
#define SERVER_IDENT         "pg_ident.conf"
#define SERVER_LOG           "log"

/* All groups of an account, for setgroups(); by the owner as well. */
GArray *server_owner_groups(const struct server_owner *owner);

/* Between fork and exec: becomes that account, if we are root. False when it could not. */
bool server_owner_become(const struct server_owner *owner, const GArray *groups);

#endif
