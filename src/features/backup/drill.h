/*
 * A drill: the newest backup restored into a scratch folder, replayed to a random point, compared
 * with the plan, and read from end to end. What is found is kept as the backup's proof.
 */
#ifndef BACKUP_DRILL_H
#define BACKUP_DRILL_H

#include "feature.h"
#include "restore.h"

enum drill_status { DRILL_OK, DRILL_FAILED, DRILL_SKIPPED };

/* What was looked at, and what came of it. */
struct drill_check {
    char *name;     /* "landing", "indexes", "heaps", "rows", the name of a statement */
    char *database; /* NULL: none */
    enum drill_status status;
    gint64 count; /* how many were looked at */
    double seconds;
    char *detail; /* why it failed or was skipped, or how it was done; NULL */
};

void drill_check_free(gpointer data);

/* The folder it works in, and the lock that says so. */
struct drill_scratch {
    char *folder;             /* as it was given */
    char *place;              /* ours in it: removed at the end */
    char *data, *tablespaces; /* in place */
    int lock;                 /* -1: none */
    bool mine;                /* place was made by this drill, which has the lock */
};

struct drill {
    struct call *call;
    struct repo *repo;
    struct lineage *lineage;
    GPtrArray *backups;
    struct repo_backup *backup; /* borrowed from backups */
    struct restore_plan *plan;
    guint32 seed;
    bool random;
    struct drill_scratch scratch;
    struct restore_request request;
    struct restore_result result;
    struct server *server;
    GPtrArray *statements; /* of struct drill_statement: the person's own; NULL: none */
    GPtrArray *checks;     /* of struct drill_check */
    bool corrupt;          /* pages, rows or index entries are bad: the backup is damaged */
};

const char *drill_status_name(enum drill_status status);

/* Adds a check and takes detail. */
void drill_note(struct drill *drill, const char *name, const char *database,
                enum drill_status status, gint64 count, double seconds, char *detail);
bool drill_failed(const struct drill *drill);

/* ---- the scratch folder ------------------------------------------------------------------- */

/* Makes the folder where it is missing, takes it for us alone and removes what a killed drill left
 * in it. RUNBOOK_REFUSED when another drill is at work in it. */
bool drill_scratch_open(const char *folder, struct drill_scratch *ret_scratch, GError **error);

/* RUNBOOK_REFUSED when there is no room for so many bytes. */
bool drill_scratch_room(const struct drill_scratch *scratch, guint64 bytes, GError **error);

/* Removes what is ours. */
bool drill_scratch_close(struct drill_scratch *scratch, GError **error);

/* ---- where to ----------------------------------------------------------------------------- */

/* Chooses the backup and the target, and plans. */
bool drill_aim(struct drill *drill, GError **error);
/* The mark of what it aims at, for --only. Caller frees. */
char *drill_mark(const struct drill *drill);

/* ---- the checks --------------------------------------------------------------------------- */

/* A session in the copy: no bound of time, no event trigger fires. NULL with an error. */
struct session *drill_session(struct drill *drill, const char *database, GError **error);

/* Each adds its checks; false with an error only when the drill cannot go on: interrupted, or the
 * server is gone. */
bool drill_amcheck(struct drill *drill, struct session *session, GError **error);
bool drill_read_rows(struct drill *drill, struct session *session, GError **error);
bool drill_statements(struct drill *drill, const char *const *databases, GError **error);

/* Whether an error says that the backup's bytes are bad: not what this machine lacks, and not an
 * index that REINDEX mends. Pure. */
bool drill_says_corrupt(const char *state, const char *message);

/* Whether the checks that were made prove the backup: nothing failed, and the rows of every
 * database were read. */
bool drill_proves(const struct drill *drill);

/* What was not looked at though nobody said so, and why, in one line; NULL: nothing. Pure; caller
 * frees. */
char *drill_reserve(const struct drill *drill);

/* For a backup that could not be restored: reads every byte of it, and notes what is wrong. */
bool drill_examine(struct drill *drill, GError **error);

/* Runs a statement without a bound of time, Ctrl-C heeded; COPY's data is passed over. parameter
 * may be NULL. NULL with an error; *ret_state gets the SQLSTATE, "" where the connection or the
 * person ended it. */
PGresult *drill_ask(struct session *session, const char *sql, const char *parameter,
                    char ret_state[6], GError **error);
/* The same for several in one transaction; the last one's answer. */
PGresult *drill_ask_all(struct session *session, const char *sql, char ret_state[6],
                        GError **error);

/* A statement of the person's own. */
struct drill_statement {
    char *name;     /* of its line "-- name: …"; else "line N" */
    char *database; /* of the last line "-- database: …"; NULL: there was none */
    char *sql;
};

/* Reads drill->statements from the file of backup.drill_checks, before anything is restored.
 * RUNBOOK_USAGE when it cannot be read; a warning when it has no statement. */
bool drill_statements_read(struct drill *drill, GError **error);

/* The statements of a script. Pure; of struct drill_statement, caller unrefs. NULL with an error for
 * what the server would not take: a quote that does not end, commands of psql, the rows of a COPY. */
GPtrArray *drill_statements_parse(const char *text, gsize length, GError **error);

/* ---- showing ------------------------------------------------------------------------------ */

void drill_show_plan(const struct drill *drill);
void drill_show(const struct drill *drill, gint64 run);
char *drill_summary(const struct drill *drill); /* JSON text for the history */

#endif
