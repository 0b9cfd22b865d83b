/*
 * PostgreSQL's own programs on this machine: pg_dump, postgres, pg_ctl. They are looked for in
 * the setting backup.bindir, in PATH, and where distributions keep them
 * (/usr/lib/postgresql/N/bin, /usr/pgsql-N/bin, /usr/local/pgsql/bin).
 */
#ifndef CORE_PROGRAMS_H
#define CORE_PROGRAMS_H

#include <glib.h>

/* The path of a program whose major version is at least `least` and at most `most` (0: any), the
 * newest first. *ret_major (may be NULL) gets its version. Caller frees; NULL with
 * RUNBOOK_REFUSED, naming what was found and which package has one that fits. */
char *programs_find(const char *name, int least, int most, const char *bindir, int *ret_major,
                    GError **error);

#endif
