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
    FOLDER_AUTO, FOLDER_GOLANG_MIGRATE, FOLDER_GOOSE, FOLDER_DBMATE, FOLDER_SQL_MIGRATE,
    FOLDER_FLYWAY, FOLDER_PLAIN
};
const char *folder_format_name(enum folder_format format); /* "golang-migrate" */
bool folder_format_parse(const char *name, enum folder_format *ret_format);

enum folder_transaction {
    FOLDER_ONE_TRANSACTION, /* the tool wraps the script, or sends it as one simple query */
    FOLDER_NO_TRANSACTION,  /* each statement by itself: declared, or one that may not be in one */
    FOLDER_OWN_TRANSACTIONS /* the script has BEGIN and COMMIT of its own */
};

/* One direction of a migration. */
struct folder_script {
    char *file;       /* path below the folder */
    guint line;       /* where its text begins in the file, from 1 */
    char *text;       /* what is sent to the server */
    gsize length;
    enum folder_transaction transaction;
    struct sql_script *script; /* cut into statements */
    char *irreversible; /* the reason of a comment "-- irreversible: REASON"; NULL: none */
};

struct folder_migration {
    char *version;  /* as the version table has it: "20240102", "1", "1.2" */
    char *name;     /* "add_orders_index" */
    struct folder_script *up, *down; /* NULL: there is none */
    bool repeatable; /* flyway's R__ */
    char *hash;     /* SHA-256 of its files' bytes, hex */
    gint32 flyway_checksum;
};

enum folder_severity { FOLDER_ERROR, FOLDER_WARNING };
struct folder_problem {
    enum folder_severity severity;
    char *file;
    guint line;
    char *rule;    /* "duplicate-version", "gap", "goose-split", "meta-command", … */
    char *message;
};

struct folder {
    enum folder_format format;
    char *path;
    GPtrArray *migrations; /* of struct folder_migration, in the order they are applied */
    GPtrArray *problems;   /* of struct folder_problem */
};

/* Reads it; AUTO finds out whose it is. path may be a single file. NULL with RUNBOOK_USAGE or
 * RUNBOOK_FAILED: not there, not readable. */
struct folder *folder_read(const char *path, enum folder_format format, GError **error);
void folder_free(struct folder *folder);
AUTO_DEFINE(folder, folder_free)

/* By version; NULL: none. Borrowed. */
struct folder_migration *folder_find(const struct folder *folder, const char *version);

#endif
