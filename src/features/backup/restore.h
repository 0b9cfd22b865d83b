/*
 * Restoring: the files of a backup into a folder, the settings of the recovery, a private server
 * that replays to the target and is asked where it landed. `backup restore` does all of it,
 * `backup drill` all but the promotion.
 *
 *   restore_files()    the folder is complete; until then no server can start on it
 *   restore_replay()   a server stands at the target, read-only, or at the end of the WAL
 *   restore_promote()  it takes writes, on a timeline of its own
 *   restore_settle()   it is stopped, and what is left starts as usual
 */
#ifndef BACKUP_RESTORE_H
#define BACKUP_RESTORE_H

#include "backup_target.h"
#include "out/progress.h"
#include "server/server.h"

/* What a server does at the target that somebody starts on the folder later; our own always waits
 * there. */
enum restore_action { RESTORE_PROMOTE, RESTORE_PAUSE, RESTORE_SHUTDOWN, RESTORE_STANDBY };

struct restore_request {
    const struct lineage *lineage;
    const struct restore_plan *plan; /* without a refusal */
    const char *folder;              /* the data directory to be */
    /* "OLDDIR=NEWDIR" each, NULL-terminated; NULL: none. */
    const char *const *tablespaces;
    /* Those without a pair of their own go below it, each under its OID; NULL: where they were. */
    const char *tablespace_folder;
    /* The folder may hold another state of the cluster: only what differs is written. */
    bool delta;
    guint jobs;                  /* threads; 0: as many as there are processors */
    const char *restore_command; /* restore_fetch_command() */
    const char *key_file;        /* that the command reads; NULL: none */
    enum restore_action action;
    const char *primary; /* whom a standby follows, a conninfo; NULL: the repository alone */
    const char *bindir;  /* as programs_find() takes it; NULL */
    /* No server of ours follows: what one would need is no reason to refuse. */
    bool files_only;
    /* Each may be NULL. Called from the thread that calls. */
    void (*note)(const char *text, gpointer data);
    void (*progress)(const struct progress_state *state, gpointer data);
    gpointer data;
};

struct restore_result {
    guint64 files, written_bytes; /* what was written */
    guint64 kept_files;           /* and what was there already */
    guint removed;                /* files that do not belong to the backup */
    bool resumed;                 /* an interrupted restore was completed */
    bool configured;              /* postgresql.conf is among the files */
    char *other_folder;           /* and sets this data_directory, not the folder; NULL */
    char *outside;                /* and leads out of the folder by these settings; NULL */
    char *saved_wal;              /* where the old pg_wal was moved; NULL: there was none */
    double files_seconds, recovery_seconds;
    /* Where the server landed; 0 where unknown. */
    guint64 lsn;
    gint64 time_us;       /* of the last transaction that was replayed */
    guint32 xid;          /* of the plan's last commit, when it is there */
    guint32 timeline;     /* that it had come to there */
    guint32 new_timeline; /* that it writes on after a promotion; 0: none */
    gint64 subscriptions; /* that are enabled in what was restored */
    gint64 prepared;      /* transactions in it that were prepared and not ended */
    bool promoted;        /* by itself at the end of the WAL, or by restore_promote() */
    char *elsewhere;      /* how that differs from the plan, one sentence; NULL: it does not */
};
void restore_result_clear(struct restore_result *result);

/* The command by which a server fetches WAL from this repository: this very program, with all it
 * needs to know. Caller frees. */
char *restore_fetch_command(const struct settings *settings, const struct lineage *lineage,
                            enum restore_action action);

/* RUNBOOK_REFUSED without having changed anything where the folder, a tablespace's folder or our
 * account does not allow it. */
bool restore_allowed(const struct restore_request *request, GError **error);

/* Files, links, settings of the recovery; durable when it returns. What an interrupted one left is
 * gone on with. */
bool restore_files(const struct restore_request *request, struct restore_result *result,
                   GError **error);

/* Starts a private server and waits until it has replayed all there is up to the target. NULL with
 * an error: it ended by itself, for a reason its log gives. A landing elsewhere than planned is
 * result->elsewhere, not an error. */
struct server *restore_replay(const struct restore_request *request,
                              struct restore_result *result, GError **error);

bool restore_promote(struct server *server, struct restore_result *result, GError **error);

/* Stops the server; after a promotion the settings of the recovery are taken away. Takes the
 * server. */
bool restore_settle(struct server *server, const struct restore_request *request,
                    const struct restore_result *result, GError **error);

#endif
