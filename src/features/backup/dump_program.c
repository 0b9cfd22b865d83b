/* Which of several pg_dumps, or pg_restores. */
#include "dump.h"
#include "programs/programs.h"

/* From 17 on pg_restore begins with a setting that servers before it do not know, and ends there. */
enum { TRANSACTION_TIMEOUT = 17 };

char *dump_program(const char *name, int least, int server, const char *bindir, int *ret_major,
                   GError **error)
{
    char *old = NULL;

    if ((bindir == NULL || bindir[0] == '\0') && server < TRANSACTION_TIMEOUT &&
        least < TRANSACTION_TIMEOUT)
        old = programs_find(name, least, TRANSACTION_TIMEOUT - 1, bindir, ret_major, NULL);
    return old != NULL ? old : programs_find(name, least, 0, bindir, ret_major, error);
}
