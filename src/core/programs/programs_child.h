/*
 * A child process of PostgreSQL's: what it is given to find the server, and how it is stopped. The
 * server it is told by PG* variables made from a connection of ours, never by its command line,
 * which everybody on the machine can read.
 */
#ifndef CORE_PROGRAMS_CHILD_H
#define CORE_PROGRAMS_CHILD_H

#include <glib.h>
#include <libpq-fe.h>
#include <stdbool.h>

/* Where the program is to connect to: what PQconninfo() and its like say of a connection. */
struct program_server {
    const PQconninfoOption *options; /* ends with a NULL keyword */
    const char *host, *port, *address;
    bool guarded; /* the server looks by itself whether the program still lives */
};

/* The variables of `base` with the PG* ones replaced by those of the server. A password is among
 * them only when it came with the connection's parameters: ~/.pgpass the program reads itself.
 * Pure; caller frees with g_strfreev(). */
char **program_environment(char **base, const struct program_server *server);

/* The same for our own variables and the server of a connection. */
char **program_environment_of(PGconn *connection, bool guarded);

/* For the child, between fork and exec; data is our pid as a pointer. It gets a session of its own
 * (no terminal to ask on, none of our signals), and SIGINT should this process die. */
void program_in_child(gpointer parent);

/* The signal that is due when `used` were sent since it was first asked; 0: none. Pure. */
int program_next_signal(int used, gint64 asked_us, gint64 now_us);

#endif
