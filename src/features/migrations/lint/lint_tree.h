/*
 * Parts of a statement as statements of their own: the tree is put together anew and written as
 * SQL by libpg_query. All return NULL where the tree has no such part; the caller frees.
 */
#ifndef MIGRATIONS_LINT_TREE_H
#define MIGRATIONS_LINT_TREE_H

#include "ddl/ddl.h"
#include "sql/sql_parse.h"

struct lint_tree {
    const PgQuery__Node *node;
    const char *text;                     /* of the statement; borrowed */
    bool quoted;                          /* its text has quoted names */
    const PgQuery__AlterTableStmt *alter; /* NULL: another statement */
    const PgQuery__AlterTableCmd *command;
    const PgQuery__ColumnDef *column;      /* of ADD COLUMN and ALTER … TYPE */
    const PgQuery__Constraint *constraint; /* that the act is about */
    char *name; /* of the constraint: its own, or what the server would call it */
};

/* Stands for the name of a constraint until the statement is written: takes sql, which may
 * be NULL. */
#define LINT_TREE_NAME "pgrunbook_name"
char *lint_tree_name(char *sql, const char *name);

/* Any tree as SQL, and the ALTER TABLE with this one command. */
char *lint_tree_write(const struct lint_tree *tree, PgQuery__Node *node);
char *lint_tree_alter(const struct lint_tree *tree, PgQuery__AlterTableCmd *command);

/* What the tree says, an empty text being nothing. */
static inline bool lint_tree_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

/* Finds the parts the act is about. */
void lint_tree_find(struct lint_tree *tree, const PgQuery__Node *node, const char *text,
                    const struct ddl_act *act);
/* The table as the statement names it; NULL: it is none about one table. */
const PgQuery__RangeVar *lint_tree_range(const struct lint_tree *tree);
void lint_tree_clear(struct lint_tree *tree);

/* ALTER TABLE … ADD COLUMN c type, with what is left when constraints of these kinds go;
 * `as`: under another name, NULL: its own. */
char *lint_tree_column(const struct lint_tree *tree, guint dropped, const char *as);
#define LINT_WITHOUT(kind) (1U << PG_QUERY__CONSTR_TYPE__CONSTR_##kind)
char *lint_tree_default(const struct lint_tree *tree); /* ALTER COLUMN c SET DEFAULT … */
/* ALTER TABLE … ADD CONSTRAINT name … NOT VALID */
char *lint_tree_not_valid(const struct lint_tree *tree);
/* The constraint's columns as SQL, "a, b" */
char *lint_tree_columns(const struct lint_tree *tree);
/* CREATE UNIQUE INDEX CONCURRENTLY name ON t (a, b) */
char *lint_tree_unique_index(const struct lint_tree *tree);
char *lint_tree_concurrently(const struct lint_tree *tree); /* the statement, CONCURRENTLY */
char *lint_tree_only_parent(const struct lint_tree *tree);  /* CREATE INDEX … ON ONLY */
char *
lint_tree_must_create(const struct lint_tree *tree);  /* CREATE INDEX without IF NOT EXISTS */
char *lint_tree_attach(const struct lint_tree *tree); /* of CREATE TABLE … PARTITION OF */
char *lint_tree_parent(const struct lint_tree *tree); /* its parent's name */
char *lint_tree_partition(const struct lint_tree *tree); /* and its own */
char *lint_tree_domain_not_valid(const struct lint_tree *tree);
char *lint_tree_domain(const struct lint_tree *tree); /* its name */
char *lint_tree_domain_constraint(const struct lint_tree *tree);

#endif
