/*
 * Whether a folder may be restored into. While a restore is at work its marker lies in the folder,
 * and no pg_control: no server can start on it, and the next run knows what to go on with.
 */
#ifndef BACKUP_RESTORE_PLACE_H
#define BACKUP_RESTORE_PLACE_H

#include "server/server.h"

#define RESTORE_MARKER  "pgrunbook-restore.json"
#define RESTORE_CONTROL "global/pg_control"

/* What a marker says. */
struct restore_marker {
    char *system, *backup;
    char *
        control; /* SHA-256 of the pg_control that completes the restore; NULL: not yet known */
    /* Where the recovery goes that follows, as restore_settings_goal() says it: the files are complete
     * then. NULL: they are not, or none follows. */
    char *goal;
    char *folder;       /* which folder it was written into: a copy of it is another */
    char **tablespaces; /* the places that this restore has made or was given; NULL: none */
};
void restore_marker_clear(struct restore_marker *marker);

/* As it is found. */
struct restore_place {
    bool there, empty;
    bool cluster;  /* it has a PG_VERSION */
    pid_t server;  /* that runs on it; 0: none that can be seen */
    bool pid_left; /* postmaster.pid: there may be one that cannot */
    bool marked;
    struct restore_marker marker;
    guint64 system;  /* by its pg_control; 0: none */
    char *control;   /* SHA-256 of its pg_control; NULL: none */
    bool same;       /* it is the very folder that the marker was written into */
    bool recovering; /* a recovery is to begin on it, or has begun */
};
bool restore_place_look(const char *folder, struct restore_place *ret_place, GError **error);
void restore_place_clear(struct restore_place *place);

enum restore_way {
    RESTORE_FRESH,   /* everything is written */
    RESTORE_COMPARE, /* --delta: what differs is */
    RESTORE_RESUME,  /* the same, after an interruption */
    RESTORE_REPLAY,  /* nothing: the files are complete, the recovery was interrupted */
    RESTORE_NOT,     /* with an error */
};

/* RUNBOOK_REFUSED for a folder inside the repository, around it, or inside a data directory. */
bool restore_place_apart(const char *folder, const char *repository, GError **error);

/* By device and inode. Caller frees; NULL: it is not there. */
char *restore_folder_identity(const char *folder);

/* What is to be restored. */
struct restore_wish {
    const char *system, *backup;
    const char *goal; /* of the recovery; NULL: none is to follow */
    bool delta;
};

/* Pure. */
enum restore_way restore_place_judge(const struct restore_place *place, const char *folder,
                                     const struct restore_wish *wish, GError **error);

bool restore_marker_write(const char *folder, const struct restore_marker *marker,
                          const struct server_owner *owner, GError **error);
bool restore_marker_remove(const char *folder, GError **error);

#endif
