#ifndef CORE_SERVER_PRIVATE_H
#define CORE_SERVER_PRIVATE_H

#include "server/server.h"

struct server {
    char *folder, *place, *programs;
    char **roles; /* that may be there */
    guint role;   /* the one that was let in last, or is to be tried first */
    char *beside; /* the last answer of server_program() */
    int major;
    struct server_owner owner;
    struct session_params params; /* of the last session; its strings are below */
    char *database;
    char **arguments; /* it was started with */
    pid_t pid;
    bool ended;
    int status;
};

/* The roles that are worth a try; wanted NULL: as the files have them. Caller frees. */
char **server_roles_to_try(const char *folder, const char *wanted);

/* Starts the postgres of arguments[0], which reads the statements (NULL: nothing), and writes into the
 * server's log. */
bool server_spawn(struct server *server, char **arguments, const char *statements,
                  GError **error);

/* Waits for the end of what has statements to read; false with an error when it did not end well. */
bool server_finish(struct server *server, GError **error);

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
