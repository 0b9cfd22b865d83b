/*
 * A schema as far as it decides what a statement locks and does: read from a server, or empty and
 * then unknown. The statements of a migration are played on it in order (ddl_judge), so that the
 * second sees what the first has made.
 */
#ifndef CORE_DDL_SCHEMA_H
#define CORE_DDL_SCHEMA_H

#include "auto.h"
#include "pg/session.h"

#include <glib.h>
#include <stdbool.h>

enum ddl_truth { DDL_UNKNOWN, DDL_NO, DDL_YES };

struct ddl_type {
    char *schema, *name; /* "pg_catalog", "int4"; the array's element with `array` */
    gint32 typmod;       /* -1: none */
    bool array;
};

struct ddl_column {
    char *name;
    struct ddl_type type;
    char *collation; /* NULL: the type's own */
    bool not_null, has_default, dropped;
    bool generated;  /* stored */
    bool is_virtual; /* generated, and not stored (18) */
    bool identity;
};

enum ddl_constraint_kind {
    DDL_CHECK,
    DDL_FOREIGN_KEY,
    DDL_PRIMARY_KEY,
    DDL_UNIQUE,
    DDL_EXCLUSION,
    DDL_NOT_NULL
};

struct ddl_constraint {
    char *name;
    enum ddl_constraint_kind kind;
    bool validated, enforced;
    GPtrArray *columns;                   /* of char * */
    char *proves_not_null;                /* the column of CHECK (c IS NOT NULL); NULL: none */
    char *definition;                     /* pg_get_constraintdef; NULL: made here */
    char *referenced_schema, *referenced; /* of a foreign key */
    GPtrArray *referenced_columns;        /* of char *; empty: its primary key */
    char *index;                          /* of a unique one and the like; NULL: none */
    bool no_inherit;
    struct ddl_expression *expression; /* of a CHECK; NULL: not read yet */
};

struct ddl_index {
    char *schema, *name;
    bool unique, valid, primary;
    GPtrArray *columns; /* of char *; NULL entries are expressions */
    GPtrArray *uses;    /* of char *: columns in expressions and in its WHERE */
    bool simple;        /* neither expressions nor a WHERE */
    char *method;       /* "btree" */
    char *constraint;   /* whose index it is; NULL: none's */
    char *tablespace;   /* NULL: the default */
};

/* What names a column, so that the server refuses to change its type. */
struct ddl_use {
    char *column;
    char *kind;          /* "view", "materialized view", "rule", "policy", "trigger",
                          * "generated column" */
    char *schema, *name; /* schema: of a view alone */
};

struct ddl_relation {
    char *schema, *name;
    char *was_schema, *was; /* before this migration, where it has renamed it; NULL: the same */
    guint32 oid;            /* 0: made here, or unknown */
    char kind;              /* relkind: 'r', 'p', 'm', 'v', 'S', 'f', 't' */
    bool created_here;      /* by this migration: nobody else can wait for it */
    bool unlogged, temporary;
    bool clustered;                 /* CLUSTER without a table's name means it, too */
    GPtrArray *columns;             /* of struct ddl_column */
    GPtrArray *constraints;         /* of struct ddl_constraint */
    GPtrArray *indexes;             /* of struct ddl_index */
    char *parent_schema, *parent;   /* of a partition (or child); NULL: none */
    char *bound;                    /* of a partition, "DEFAULT" of the default one */
    GPtrArray *key;                 /* of a partitioned one: char *, NULL for expressions */
    char strategy;                  /* 'r', 'l', 'h'; '\0': not partitioned */
    char *method, *tablespace;      /* NULL: the default */
    char *of_type_schema, *of_type; /* of a typed table; NULL: none */
    GHashTable *pointed_at;         /* the schema's: see ddl_point_at() */
    GPtrArray *reads;               /* of a view: of char *, schema and name after the other */
    GPtrArray *uses;                /* of struct ddl_use, as the server had them; NULL: none */
    double rows;                    /* reltuples; -1: never counted */
    gint64 bytes, bytes_indexes;    /* by relpages */
};

struct ddl_domain {
    char *schema, *name;
    struct ddl_type base;
    bool constrained, not_null, has_default;
    enum ddl_truth volatile_default; /* of the domain's own default */
};

struct ddl_expression; /* a tree, or a text that becomes one when it is asked for */

struct ddl_schema; /* relations, domains, functions' volatility, search_path */

/* An unknown one: what is asked of relations not made in it is DDL_UNKNOWN. */
struct ddl_schema *ddl_schema_new(void);
/* That of the session's database; tables of system schemas are left out. Locks nothing. */
struct ddl_schema *ddl_schema_read(struct session *session, GError **error);
void ddl_schema_free(struct ddl_schema *schema);
AUTO_DEFINE(ddl_schema, ddl_schema_free)

/* What was made so far was there before what comes: between two migrations. */
void ddl_schema_settle(struct ddl_schema *schema);
/* What is not in it does not exist: of a folder whose first migration begins with an empty database. */
void ddl_schema_complete(struct ddl_schema *schema);
/* TimeZone of a new session of the database, or as the statements have set it; NULL: not known. */
const char *ddl_schema_time_zone(const struct ddl_schema *schema);

bool ddl_schema_known(const struct ddl_schema *schema);
/* The use is one still: a view that was dropped since, or made anew, is none. */
bool ddl_schema_uses(const struct ddl_schema *schema, const struct ddl_relation *relation,
                     const struct ddl_use *use);
void ddl_schema_each(const struct ddl_schema *schema,
                     void (*visit)(const struct ddl_relation *relation, gpointer data),
                     gpointer data);
/* schema NULL: along the search_path. NULL: there is none, or it is not known. Borrowed. */
struct ddl_relation *ddl_schema_find(const struct ddl_schema *schema, const char *schema_name,
                                     const char *name);

#endif
