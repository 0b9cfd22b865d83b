/*
 * Where the tablespaces of a backup go: where they were, or where a pair OLDDIR=NEWDIR says. Links
 * below pg_tblspc and the lines of tablespace_map (by which the server makes them again) say the
 * same.
 */
#ifndef BACKUP_RESTORE_TABLESPACES_H
#define BACKUP_RESTORE_TABLESPACES_H

#include "repo/repo.h"
#include "server/server.h"

struct tablespace_place {
    guint32 oid;
    char *from;    /* where it was */
    char *to;      /* an absolute path without a link's detours at its end */
    bool in_place; /* it is a folder below pg_tblspc, without a link */
    bool named;    /* a pair of its own says so */
};

/* Of all tablespaces of a backup (struct tablespace_place); pairs and folder as restore_request has
 * them. RUNBOOK_USAGE for a pair that cannot be read or names no tablespace, and for two that go to
 * one place, or one into another or into the data directory. Pure. Caller unrefs. */
GArray *tablespace_places(const struct repo_backup *backup, const char *folder,
                          const char *const *pairs, const char *below, GError **error);

/* Each is missing or empty, or its files are known to be this data directory's, whose link leads
 * there: made, an array of paths, says that this very restore has made the place (NULL: none), or
 * with again a pair of its own names it. The link alone does not tell: a copied data directory has
 * the links of its original. Never where a server works in another data directory that leads there.
 * RUNBOOK_REFUSED, with the pairs to write. */
bool tablespace_places_free(const GArray *places, const char *folder, bool again,
                            const char *const *made, GError **error);

/* The account of the server gets to them, and to the data directory: what is its own in a folder that is
 * closed to it is out of its reach. RUNBOOK_REFUSED. */
bool tablespace_places_enterable(const GArray *places, const char *folder,
                                 const struct server_owner *owner, GError **error);

/* The text of tablespace_map with the new places in it. Pure; caller frees. NULL: it needs no
 * change. */
char *tablespace_map_text(const GArray *places);

#endif
