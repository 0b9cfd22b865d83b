/* What the files of `backup restore-dump` share. */
#ifndef BACKUP_RESTORE_DUMP_H
#define BACKUP_RESTORE_DUMP_H

#include "archive.h"
#include "feature.h"
#include "plan/plan_gate.h"

/* The comment by which an unfinished database is known. */
#define RESTORE_DUMP_COMMENT "pgrunbook restore-dump: unfinished"

/* What the person wants. */
struct restore_dump_wish {
    bool replace, drop_old;
    bool clean,
        if_exists; /* into the database as it is, as pg_restore's options of that name */
    bool no_owner, no_privileges, no_tablespaces;
    int jobs;
};

/* The database of the name that is wanted, as it is now. */
struct restore_dump_place {
    bool exists;
    gint64 sessions; /* connected to it, ours not counted */
    gint64 prepared; /* transactions that wait for COMMIT PREPARED */
    /* Names of its logical slots, and the SQL that drops them; of its subscriptions that are in the
     * way, and the SQL that puts them out of it; the SQL for those that are not. NULL: none. */
    char *slots, *slots_away, *subscriptions, *subscriptions_away, *disabled_away;
    GPtrArray *properties; /* SQL that gives another database what this one has; of char * */
    GPtrArray *leftovers;  /* databases of ours that an interrupted run left; of char * */
};

struct restore_dump {
    struct call *call;
    struct session *session;      /* to another database of the same server */
    struct session_params server; /* of that session, and of the plan's lanes */
    char *encoding;               /* of its database, where that is not UTF8; NULL: it is */
    struct restore_dump_wish wish;

    const char *path; /* of the file or the folder; borrowed */
    bool folder;      /* it is one */
    bool compressed;  /* by zstd: pg_restore cannot read it by itself */
    bool summed;      /* there was a SHA-256 beside it, and it agrees */
    struct archive *archive;
    gint64 bytes; /* of the archive, decompressed; 0: not known */
    char *program;

    char *into;      /* the database's name in the end */
    char *restoring; /* and until then; the same with --clean */
    char *before;    /* the old one's name afterwards; NULL: there is none */
    struct restore_dump_place place;

    struct plan *plan;   /* all steps */
    guint first_of_swap; /* those from here on wait until the rows agree */
    guint first_of_drop; /* and those from here on until the names have changed */
    struct step *step;   /* the one that is pg_restore */
    char *feed;          /* what pg_restore reads in the place of a compressed file */
    struct restore_dump_feed *feeder;

    gint64 rows;     /* that were counted in the new database; -1: none were */
    guint tables;    /* whose rows were counted */
    guint hidden;    /* tables whose rows row security hides from this role: not counted */
    guint relations; /* that were looked for, and found */
    bool swapped;
    double seconds;
};

/* ---- the file (restore_dump_check.c) ----------------------------------------------------- */

/* Reads it from front to end: checksums, archive, rows. Whatever is wrong with it is refused here,
 * RUNBOOK_REFUSED, before anything was touched. */
bool restore_dump_check(struct restore_dump *restore, GError **error);

/* The same for a folder (restore_dump_folder.c). */
bool restore_dump_check_folder(struct restore_dump *restore, GError **error);

/* Turns what is wrong with a file into a refusal. */
void restore_dump_refuse(const struct restore_dump *restore, const GError *why, GError **error);

/* pg_restore for a server of that major version, where there are several. */
bool restore_dump_fit(struct restore_dump *restore, int server, GError **error);

/* ---- the server (restore_dump_place.c) --------------------------------------------------- */

/* Fills in restore->place; a standby is refused. */
bool restore_dump_look(struct restore_dump *restore, GError **error);

/* False with RUNBOOK_REFUSED where what is there is not what was asked for, or where something
 * hangs on the old database that would not go over to the new one. */
bool restore_dump_may_begin(struct restore_dump *restore, GError **error);
void restore_dump_place_clear(struct restore_dump_place *place);

/* ---- the plan (restore_dump_plan.c) ------------------------------------------------------ */

/* "shop_restoring_20261126_023514", cut to the 63 bytes of a name. Pure; caller frees. */
char *restore_dump_name(const char *database, const char *word, gint64 wall_us);

/* CREATE DATABASE as the dumped one was made, under another name, for a server of the version; in the
 * dumped one's tablespace or in the default one.
 * definition: of the archive's entry DATABASE, NULL: there is none. Pure; caller frees. */
char *restore_dump_create_sql(const char *definition, const char *database, const char *quoted,
                              int version, bool no_tablespaces);

/* The statement that gives the restored database its name, and, with an archive that has it under
 * that name, what the archive says of the database itself. Pure; caller frees. */
char *restore_dump_rename_sql(const struct archive *archive,
                              const struct restore_dump_wish *wish, const char *restoring,
                              const char *into);

/* Statements (BEGIN … END) in one piece, by a mark that is not in them. Pure; caller frees. */
char *restore_dump_block(const char *body);

/* pg_restore's command line; file: what it is to read. Caller frees with g_strfreev(). */
char **restore_dump_arguments(const struct restore_dump *restore, const char *file);

/* Makes restore->plan. False with an error for what a name cannot be. */
bool restore_dump_plan(struct restore_dump *restore, GError **error);

/* ---- the bytes (restore_dump_feed.c) ----------------------------------------------------- */

/* Where pg_restore is to read a compressed file: a pipe with a name that a thread of ours fills,
 * or, for several jobs, a file in the folder for temporary files. */
struct restore_dump_feed *restore_dump_feed_new(const struct restore_dump *restore,
                                                GError **error);
const char *restore_dump_feed_path(const struct restore_dump_feed *feed);
gint64 restore_dump_feed_bytes(const struct restore_dump_feed *feed); /* that it gave so far */
/* Ends the thread, removes the file. */
void restore_dump_feed_free(struct restore_dump_feed *feed);
AUTO_DEFINE(restore_dump_feed, restore_dump_feed_free)

/* ---- the proof (restore_dump_verify.c) --------------------------------------------------- */

/* Counts the rows of every table in the new database and looks for every relation. False with
 * RUNBOOK_FAILED, naming the first that differs. first_step: number in the history. */
bool restore_dump_verify(struct restore_dump *restore, gint64 run, int first_step,
                         GError **error);

/* ---- what failed (restore_dump_undo.c) --------------------------------------------------- */

/* Drops what was made, whatever ended the run. id, number: of the run and the step in the history. */
void restore_dump_undo(struct restore_dump *restore, gint64 id, int number);

/* ---- what helps (restore_dump_hint.c) ---------------------------------------------------- */

/* Against what the server or pg_restore has said of a failure. NULL: nothing is known. Pure. */
const char *restore_dump_hint(const char *detail);

/* ---- what it says (restore_dump_show.c) -------------------------------------------------- */

void restore_dump_show_plan(gpointer data); /* the struct restore_dump */
void restore_dump_show(const struct restore_dump *restore, gint64 run, const char *outcome);
char *restore_dump_summary(const struct restore_dump *restore); /* JSON; caller frees */

#endif
