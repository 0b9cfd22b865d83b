/*
 * Where the tablespaces of a backup go: where they were, or where a pair OLDDIR=NEWDIR says. Links
 * below pg_tblspc and the lines of tablespace_map (by which the server makes them again) say the
 * same.
 */
#ifndef BACKUP_RESTORE_TABLESPACES_H
#define BACKUP_RESTORE_TABLESPACES_H

#include "repo/repo.h"

struct tablespace_place {
    guint32 oid;
    char *from;    /* where it was */
    char *to;      /* an absolute path without a link's detours at its end */
    bool in_place; /* it is a folder below pg_tblspc, without a link */
};

/* Of all tablespaces of a backup (struct tablespace_place); pairs and folder as restore_request has
 * them. RUNBOOK_USAGE for a pair that cannot be read or names no tablespace, and for two that go to
 * one place, or one into another or into the data directory. Pure. Caller unrefs. */
GArray *tablespace_places(const struct repo_backup *backup, const char *folder,
                          const char *const *pairs, const char *below, GError **error);

/* Each is missing or empty, or (with again) already this data directory's: the link says so, and no
 * other server's files are in it. RUNBOOK_REFUSED, with the pair to write. */
bool tablespace_places_free(const GArray *places, const char *folder, bool again,
                            GError **error);

/* The text of tablespace_map with the new places in it. Pure; caller frees. NULL: it needs no
 * change. */
char *tablespace_map_text(const GArray *places);

#endif
