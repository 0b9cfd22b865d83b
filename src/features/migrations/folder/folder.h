/*
 * A folder of migrations as one of the tools keeps it: golang-migrate, goose, dbmate, sql-migrate,
 * flyway, or plain .sql files. Reading is by that tool's own rules, so that a project can come and
 * go; what it would do otherwise than a reader expects is a problem. Pure but for folder_read().
 */
#ifndef MIGRATIONS_FOLDER_H
#define MIGRATIONS_FOLDER_H

#include "auto.h"
#include "sql/sql_script.h"

#include <glib.h>
#include <stdbool.h>

enum folder_format {
    FOLDER_AUTO,
    FOLDER_GOLANG_MIGRATE,
    FOLDER_GOOSE,
    FOLDER_DBMATE,
    FOLDER_SQL_MIGRATE,
    FOLDER_FLYWAY,
    FOLDER_PLAIN
};
const char *folder_format_name(enum folder_format format); /* "golang-migrate" */
bool folder_format_parse(const char *name, enum folder_format *ret_format);

enum folder_transaction {
    FOLDER_ONE_TRANSACTION, /* the tool wraps the script, or sends it as one simple query */
    FOLDER_NO_TRANSACTION, /* each statement by itself: declared, or one that may not be in one */
    FOLDER_OWN_TRANSACTIONS /* the script has BEGIN and COMMIT of its own */
};

/* One direction of a migration. */
struct folder_script {
    char *file; /* path below the folder */
    guint line; /* where its text begins in the file, from 1 */
    char *text; /* what is sent to the server */
    gsize length;
    enum folder_transaction transaction;
    struct sql_script *script; /* cut into statements */
    char *irreversible; /* the reason of a comment "-- irreversible: REASON"; NULL: none */
    bool declared;      /* FOLDER_NO_TRANSACTION: the file says so, in the tool's own way */
};

struct folder_migration {
    /* As the version table has it: "20240102", "1", "1.2", for sql-migrate the file's name. Of a
     * repeatable one its description, of plain files the name without ".sql". */
    char *version;
    char *name;                      /* "add_orders_index" */
    struct folder_script *up, *down; /* NULL: there is none (up: or it is written in Go) */
    bool repeatable;                 /* flyway's R__ */
    char *hash;                      /* SHA-256 of its files' bytes, hex */
    gint32 flyway_checksum;
    GChecksum *sum; /* only while it is read */
};

/* Its name, where that says more than its version does; NULL: it does not. */
const char *folder_migration_name(const struct folder_migration *migration);

enum folder_severity { FOLDER_ERROR, FOLDER_WARNING };
struct folder_problem {
    enum folder_severity severity;
    char *file;
    guint line;
    char *rule; /* "duplicate-version", "gap", "goose-split", "meta-command", … */
    char *message;
};

struct folder {
    enum folder_format format;
    char *path;
    GPtrArray *migrations; /* of struct folder_migration, in the order they are applied */
    GPtrArray *problems;   /* of struct folder_problem, by file and line */
    char *table; /* the setting migrations.table: "name", "schema.name"; NULL: the tool's own */
};

/* Reads it; AUTO finds out whose it is. path may be a single file. NULL with RUNBOOK_USAGE or
 * RUNBOOK_FAILED: not there, not readable. */
struct folder *folder_read(const char *path, enum folder_format format, GError **error);
/* The same, by the settings migrations.format and migrations.table. */
struct settings;
struct folder *folder_of_settings(const char *dir, const struct settings *settings,
                                  GError **error);
/* The folder of a call: its first argument, else the setting migrations.dir. */
struct call;
struct folder *folder_of_call(const struct call *call, GError **error);
/* The same, and a single file is refused: held against the version table it would count as all that
 * there is. */
struct folder *folder_whole_of_call(const struct call *call, GError **error);
/* RUNBOOK_USAGE when there is no migration in it: a folder that is not mounted is empty, and "nothing
 * to do" would be no answer. */
bool folder_filled(const struct folder *folder, GError **error);
/* What its own tool could not read either is nothing to rehearse. False: the first such problem, with
 * RUNBOOK_REFUSED, as FILE:LINE: MESSAGE. */
bool folder_is_sound(const struct folder *folder, GError **error);
void folder_free(struct folder *folder);
AUTO_DEFINE(folder, folder_free)

/* The same from what is in the files, for tests and fuzzing: an array of struct folder_file. */
struct folder_file {
    char *name; /* path below the folder, in UTF-8 */
    char *text;
    gsize length;
};
struct folder *folder_of_files(const char *path, const GPtrArray *files,
                               enum folder_format format, GError **error);
void folder_file_free(gpointer data);

/* Whether two versions are one: 1.0 and 1, 001 and 1, as the folder's tool compares them. */
bool folder_same_version(enum folder_format format, const char *a, const char *b);

/* CRC-32 as zlib has it: flyway's checksums, golang-migrate's lock. `before`: 0 at first. */
guint32 folder_crc32(guint32 before, const void *data, gsize length);

/* By version; NULL: none. Borrowed. */
struct folder_migration *folder_find(const struct folder *folder, const char *version);

#endif
