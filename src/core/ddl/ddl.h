/*
 * What a statement does to tables that exist: the locks it takes, and whether it only changes the
 * catalog, scans or rewrites under them. Pure: from the tree, the schema and the server's version.
 * The rules are measured on real servers 14 to 18; bench/lint measures them again.
 */
#ifndef CORE_DDL_H
#define CORE_DDL_H

#include "ddl/ddl_lock.h"
#include "ddl/ddl_schema.h"
#include "sql/sql_parse.h"

enum ddl_effect { DDL_EFFECT_NONE, DDL_EFFECT_METADATA, DDL_EFFECT_SCAN, DDL_EFFECT_REWRITE };
const char *ddl_effect_name(enum ddl_effect effect); /* "metadata", … */

struct ddl_lock {
    /* As it is called in the schema, or in the statement when unknown: schema is NULL then where
     * the statement does not say it. What the migration has renamed before keeps the name that
     * others know it by. "*" stands for tables of which it is not known which. */
    char *schema, *relation;
    char *called; /* what the statement calls it, where that is another name; NULL: the same */
    enum ddl_lock_mode mode;
    enum ddl_effect work; /* done on this relation while it is held */
    bool created_here;
};

/* Why something is done or locked: one for each part of the statement that matters. The linter
 * makes findings of them. */
enum ddl_cause {
    /* what costs a scan or a rewrite, or waits */
    DDL_ADD_COLUMN_VOLATILE_DEFAULT,
    DDL_ADD_COLUMN_SERIAL,
    DDL_ADD_COLUMN_IDENTITY,
    DDL_ADD_COLUMN_STORED,
    DDL_ADD_COLUMN_DOMAIN,
    DDL_ADD_COLUMN_CHECK,
    DDL_ADD_COLUMN_UNIQUE,
    DDL_ADD_COLUMN_REFERENCES,
    DDL_ADD_COLUMN_NOT_NULL,
    DDL_SET_NOT_NULL,
    DDL_ADD_CHECK,
    DDL_ADD_FOREIGN_KEY,
    DDL_VALIDATE_SAME_TRANSACTION,
    DDL_ADD_UNIQUE,
    DDL_ADD_PRIMARY_KEY,
    DDL_PRIMARY_KEY_NULLABLE,
    DDL_ADD_EXCLUSION,
    DDL_ALTER_TYPE_REWRITE,
    DDL_ALTER_TYPE_SCAN,
    DDL_ALTER_TYPE,
    DDL_USED_COLUMN, /* the server refuses: detail is what names the column */
    DDL_CREATE_INDEX,
    DDL_DROP_INDEX,
    DDL_REINDEX,
    DDL_DETACH_PARTITION,
    DDL_ATTACH_PARTITION,
    DDL_ATTACH_DEFAULT_SCAN,
    DDL_PARTITION_OF,
    DDL_VACUUM_FULL,
    DDL_CLUSTER,
    DDL_REFRESH_MATERIALIZED_VIEW,
    DDL_SET_LOGGED,
    DDL_SET_TABLESPACE,
    DDL_SET_ACCESS_METHOD,
    DDL_TRUNCATE,
    DDL_ALTER_DOMAIN_SCAN,
    DDL_DROP_TABLE_REFERENCED,
    DDL_DROP_FOREIGN_KEY,
    DDL_ALTER_CONSTRAINT_ENFORCED,
    DDL_SET_EXPRESSION,
    DDL_ADD_NOT_NULL,
    DDL_TAKES_ACCESS_EXCLUSIVE, /* a lock of that mode that nothing else is said of */
    DDL_CONCURRENTLY_IN_TRANSACTION,
    DDL_NOT_IN_TRANSACTION,
    DDL_CONCURRENTLY_IF_NOT_EXISTS,
    DDL_FOREIGN_KEY_WITHOUT_INDEX,
    DDL_UPDATE_WITHOUT_WHERE,
    DDL_DELETE_WITHOUT_WHERE,
    DDL_CONCURRENTLY_PARTITIONED,
    DDL_ENUM_VALUE_USED,
    DDL_DYNAMIC,
    /* what takes something away, or breaks the program that still runs */
    DDL_DROP_COLUMN,
    DDL_DROP_TABLE,
    DDL_DROP_SCHEMA,
    DDL_DROP_DATABASE,
    DDL_RENAME_COLUMN,
    DDL_RENAME_TABLE,
    DDL_DROP_CASCADE,
    DDL_DROP_NOT_NULL,
    DDL_JSON_TYPE,
    DDL_TRANSACTION_CONTROL,
    DDL_CAUSES
};

struct ddl_act {
    enum ddl_cause cause;
    char *schema, *relation;           /* NULL: none */
    char *column, *constraint, *index; /* NULL: none */
    char *detail;                      /* a type, an expression, the other table, as SQL */
    enum ddl_lock_mode mode;
    enum ddl_effect work;
    enum ddl_truth sure; /* UNKNOWN: assumed, as the schema is not known; see assumption */
    char *assumption;    /* "column c of t is not proved NOT NULL"; NULL: none */
    gsize at;            /* byte of the statement it is about */
};

struct ddl_judgement {
    enum ddl_effect effect; /* the strongest on a relation that was there before */
    GPtrArray *locks;       /* of struct ddl_lock, one for each relation, its strongest */
    GPtrArray *acts;        /* of struct ddl_act */
    bool no_transaction;    /* the server refuses it in a transaction block */
    bool analysed;          /* false: effect and locks say nothing */
    GPtrArray *analyze;     /* of struct ddl_analyze: what has lost its statistics */
};

struct ddl_analyze {
    char *schema, *relation, *column; /* column NULL: the table */
};

struct ddl_context {
    int server_version;    /* server_version_num */
    bool in_transaction;   /* the script runs as one */
    const char *time_zone; /* of the session; NULL: that of the schema */
    GPtrArray *before;     /* of struct ddl_lock: those held since earlier in the transaction */
};

/* Judges the statement (its text is what was parsed) and plays it on the schema. */
struct ddl_judgement *ddl_judge(const struct sql_parse *parse, const char *text,
                                struct ddl_schema *schema, const struct ddl_context *context);
void ddl_judgement_free(struct ddl_judgement *judgement);
AUTO_DEFINE(ddl_judgement, ddl_judgement_free)

#endif
