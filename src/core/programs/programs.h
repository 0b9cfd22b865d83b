/*
 * PostgreSQL's own programs on this machine: pg_dump, postgres, pg_ctl. They are looked for in
 * the setting backup.bindir, in PATH, and where distributions keep them
 * (/usr/lib/postgresql/N/bin, /usr/pgsql-N/bin, /usr/local/pgsql/bin).
 */
#ifndef CORE_PROGRAMS_H
#define CORE_PROGRAMS_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

/* The path of a program whose major version is at least `least` and at most `most` (0: any), the
 * newest first; of one that fits in bindir (NULL: none) no other is asked. *ret_major (may be
 * NULL) gets its version. Caller frees; NULL with RUNBOOK_REFUSED, naming what was found and which
 * package has one that fits. */
char *programs_find(const char *name, int least, int most, const char *bindir, int *ret_major,
                    GError **error);

/* The path of this program, for a command that others run, or we later: of the one that has taken its
 * place where an upgrade came meanwhile. Caller frees. */
char *programs_self(void);

/* ---- what it is made of ------------------------------------------------------------------- */

struct program_found {
    char *path;
    int major;
    bool preferred; /* it lies in bindir */
};

/* The major version in what `NAME --version` prints: 15 of "pg_dump (PostgreSQL) 15.13 (Debian …)",
 * 18 of "postgres (PostgreSQL) 18beta1"; 0 when it is no program of PostgreSQL's. Pure. */
int programs_major(const char *name, const char *version);

/* The one to take of these (struct program_found), or NULL. Pure. */
const struct program_found *programs_choose(const GPtrArray *found, int least, int most);

/* What the kernel says of a program whose file is gone, without what it adds. Pure; caller frees. */
char *programs_self_of(const char *link);

/* What to install, one sentence: "install postgresql-client-16 (…)". Pure; caller frees. */
char *programs_advice(const char *name, int least, int most);

#endif
