/*
 * The proposal of how to take a captured statement back: from its tree, and from what was there
 * before the program ran. Pure, but for what is asked of the past.
 */
#ifndef MIGRATIONS_CAPTURE_DOWN_H
#define MIGRATIONS_CAPTURE_DOWN_H

#include "auto.h"
#include "sql/sql_parse.h"

#include <glib.h>
#include <stdbool.h>

struct capture_column {
    char *type;       /* "character varying(20)" */
    char *definition; /* of ADD COLUMN: type, collation, default, NOT NULL */
    char *fallback;   /* its default; NULL: none */
    char *comment;    /* NULL: none */
    bool not_null;
};
void capture_column_clear(struct capture_column *column);

/* What can be asked. schema NULL: along the search_path. What is returned is the caller's; NULL or
 * false: it was not there. */
struct capture_past {
    /* kind: "relation", "type", "schema", "extension". */
    bool (*there)(gpointer data, const char *kind, const char *schema, const char *name);
    bool (*column)(gpointer data, const char *schema, const char *table, const char *column,
                   struct capture_column *ret_column);
    char *(*constraint)(gpointer data, const char *schema, const char *table, const char *name);
    char *(*index)(gpointer data, const char *schema, const char *name); /* CREATE INDEX … */
    char *(*comment)(gpointer data, const char *schema, const char *table);
    /* What goes with a column, as statements that make it again; of char *, never NULL. */
    GPtrArray *(*dependents)(gpointer data, const char *schema, const char *table,
                             const char *column);
    gpointer data;
};

struct capture_down {
    GPtrArray *statements; /* of char *, in the order they are to run */
    GPtrArray *notes;      /* of char *: what they do not bring back */
};

/* Of statements in the order they were done; statements of char *. */
struct capture_down *capture_down_new(const GPtrArray *statements,
                                      const struct capture_past *past);
void capture_down_free(struct capture_down *down);
AUTO_DEFINE(capture_down, capture_down_free)

/* ---- what its files share ----------------------------------------------------------------- */

/* Where the undoing of one statement goes. */
struct capture_undo {
    const struct capture_past *past;
    GPtrArray *statements, *notes;
};

void capture_undo_add(struct capture_undo *undo, const char *format, ...) G_GNUC_PRINTF(2, 3);
void capture_undo_note(struct capture_undo *undo, const char *format, ...) G_GNUC_PRINTF(2, 3);
bool capture_undo_there(const struct capture_undo *undo, const char *kind, const char *schema,
                        const char *name);
/* NULL for an empty string: the tree has no other. */
const char *capture_said(const char *text);
/* Quoted, with its schema where it is given. Caller frees. */
char *capture_name(const char *schema, const char *name);
char *capture_range(const PgQuery__RangeVar *range);
char *capture_literal(const char *text);

void capture_undo_alter_table(struct capture_undo *undo, const PgQuery__AlterTableStmt *stmt);
void capture_undo_rename(struct capture_undo *undo, const PgQuery__RenameStmt *stmt);
void capture_undo_drop(struct capture_undo *undo, const PgQuery__DropStmt *stmt);
void capture_undo_comment(struct capture_undo *undo, const PgQuery__CommentStmt *stmt);

#endif
