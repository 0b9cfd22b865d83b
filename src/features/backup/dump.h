/* What the files of `backup dump` share. */
#ifndef BACKUP_DUMP_H
#define BACKUP_DUMP_H

#include "archive.h"
#include "feature.h"

#include <libpq-fe.h>

enum dump_format { DUMP_CUSTOM, DUMP_DIRECTORY };

/* One dump, from the plan to what came of it. */
struct dump {
    struct call *call;
    struct session *session;
    enum dump_format format;
    const char *folder; /* --to; borrowed */
    bool globals;
    int jobs;                    /* of pg_dump, in the directory format */
    int level;                   /* of zstd */
    char *program, *program_all; /* pg_dump, pg_dumpall (NULL: no globals) */
    int major;                   /* of pg_dump */
    gint64 table_bytes;          /* what the catalog says there is to read */
    gint64 tables;

    char *name;         /* "shop_20261126_023514.dump.zst" */
    char *globals_name; /* "shop_20261126_023514.globals.sql"; NULL: none */
    GString *globals_text;
    char *sha256;        /* of the file; NULL: not written, or a folder */
    gint64 bytes;        /* before compression; 0: not known */
    gint64 stored_bytes; /* on disk */
    gint64 rows;         /* -1: not counted */
    double seconds;
};

/* ---- words (dump_words.c); all pure ------------------------------------------------------ */

/* "shop_20261126_023514": the database's name with what a file's name should not have replaced,
 * and the time in UTC. Caller frees. */
char *dump_stem(const char *database, gint64 wall_us);

/* Whether a file's name is a dump of the database, as dump_stem() makes them. */
bool dump_is_of(const char *file, const char *database, const char *suffix);

/* How much room a dump needs at least: as much as the last one and a quarter, or, where there is
 * none, a third of the tables. */
gint64 dump_room(gint64 table_bytes, gint64 last_stored_bytes);

/* The arguments behind pg_dump's or pg_dumpall's path; `path` is where the directory format goes.
 * Caller frees with g_strfreev(). */
char **dump_arguments(const struct dump *dump, const char *path);
/* A database's name as an option of PostgreSQL's programs: one with "=" or "://" in it would be
 * taken for a connection string; in one it is safe. Pure; caller frees. */
char *dump_dbname_argument(const char *option, const char *database);
char **dump_globals_arguments(const struct dump *dump);

/* What helps against the usual causes of a dump that failed, by what pg_dump said; NULL: nothing that is
 * known. Pure. */
const char *dump_hint(const char *detail);

/* As a shell would read it: "pg_dump … | zstd -3 -T0 -o FILE". Caller frees. */
char *dump_shell_line(const struct dump *dump);

/* ---- PostgreSQL's programs (dump_program.c) ---------------------------------------------- */

/* The newest that is there, from a major version on; for a server before 17 rather one from before 17,
 * with which the dump comes back. bindir, ret_major: as programs_find() takes them. Caller frees. */
char *dump_program(const char *name, int least, int server, const char *bindir, int *ret_major,
                   GError **error);

/* ---- what it says (dump_show.c) ---------------------------------------------------------- */

void dump_show_plan(const struct dump *dump);
void dump_show(const struct dump *dump, gint64 run); /* run: its id, -1: it is not recorded */
char *dump_summary(const struct dump *dump);         /* JSON for the history; caller frees */

/* ---- the work ---------------------------------------------------------------------------- */

/* Is there room in the folder? RUNBOOK_REFUSED when not. */
bool dump_check_room(const struct dump *dump, GError **error);

/* Roles and tablespaces, into globals_text. */
bool dump_read_globals(struct dump *dump, GError **error);

/* Removes from the folder what dumps that died have left: it looks like no dump, and may be as large. */
void dump_clear_leftovers(const struct dump *dump);

/* pg_dump through zstd into the file; or pg_dump into a folder. On failure nothing is left. */
bool dump_stream(struct dump *dump, GError **error);
bool dump_directory(struct dump *dump, GError **error);

#endif
