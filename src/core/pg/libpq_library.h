/*
 * libpq, loaded when it is first used: `backup wal push` talks to no server, and libpq brings
 * Kerberos, LDAP and two TLS libraries along. It is called everywhere, by its own names and through
 * its own header: the program has functions of these names, which hand on to the library's.
 */
#ifndef CORE_PG_LIBPQ_LIBRARY_H
#define CORE_PG_LIBPQ_LIBRARY_H

#include <glib.h>
#include <stdbool.h>

/* Before the first function of libpq wherever there is somebody to tell. False: as library_load().
 * A function that is called without loads it as well, and ends the program where it is not to be
 * had; those that free something do nothing with NULL, and load nothing. From any thread. */
bool libpq_library_load(GError **error);

#endif
