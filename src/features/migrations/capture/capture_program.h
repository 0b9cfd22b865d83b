/* Runs somebody's program with the variables by which it finds a database of ours. */
#ifndef MIGRATIONS_CAPTURE_PROGRAM_H
#define MIGRATIONS_CAPTURE_PROGRAM_H

#include <glib.h>
#include <stdbool.h>

struct program_place {
    const char *socket, *port, *role, *database;
    const char *const *variables; /* further ones that get the URL; NULL-terminated */
};

/* "postgresql://role@/database?host=…&port=…&sslmode=disable". Pure; caller frees. */
char *capture_url(const struct program_place *place);

/* `base` without any PG* variable, with DATABASE_URL and libpq's own for the place. Pure; caller
 * frees with g_strfreev(). */
char **capture_environment(char **base, const struct program_place *place);

/* Runs it to its end; what it prints goes to stderr. False with RUNBOOK_FAILED when it cannot be
 * started or does not end with 0, with RUNBOOK_INTERRUPTED after a signal: then it was ended. */
bool capture_run(const char *const *words, const struct program_place *place, GError **error);

#endif
