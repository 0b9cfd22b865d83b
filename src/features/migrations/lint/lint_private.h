/* What the parts of the linter share. */
#ifndef MIGRATIONS_LINT_PRIVATE_H
#define MIGRATIONS_LINT_PRIVATE_H

#include "lint/lint.h"
#include "lint/lint_ahead.h"
#include "lint/lint_memo.h"
#include "sql/sql_parse.h"

/* A lock that an earlier statement of the transaction has taken. */
struct lint_held {
    struct ddl_lock *lock; /* owned */
    guint line;            /* of the statement that took it */
    bool told;             /* that work is done under it: once a script is enough */
    guint scanned;         /* line of an ALTER TABLE that scanned the relation; 0: none */
};

/* Where a script stands while it is played. */
struct lint_walk {
    const struct lint_options *options;
    enum folder_format format;
    struct lint_file *file;
    struct lint_statement *statement; /* the one that is looked at */
    const struct sql_parse *parse;    /* of it */
    const char *text;
    bool in_transaction;
    bool own_block;    /* between BEGIN and COMMIT of the script's own */
    bool lock_timeout; /* was set */
    bool said_timeout; /* that it was not */
    GHashTable *held;  /* "schema.relation" to struct lint_held */
    struct lint_memo *memo;
    struct lint_ahead *ahead;
    guint number;          /* of the statement */
    bool constants_matter; /* an enum has got a new value */
    GPtrArray *before;     /* of struct ddl_lock, the same locks; borrowed */
};

struct lint_finding *lint_finding_new(const struct lint_rule *rule, guint line, guint column);
void lint_finding_free(gpointer data);

/* Adds to the statement; takes ownership. */
void lint_add(struct lint_statement *statement, struct lint_finding *finding);

/* At a byte of the statement that is looked at. */
struct lint_finding *lint_finding_at(const struct lint_walk *walk, const char *rule, gsize at);

/* ---- lint_find.c: findings of one statement ---- */
void lint_find(struct lint_walk *walk);

/* ---- lint_order.c: what comes of several statements together ---- */
void lint_order_before(struct lint_walk *walk);
void lint_order_after(struct lint_walk *walk);
void lint_order_file(struct lint_walk *walk);

/* ---- lint_comments.c: what comments ignore ---- */
void lint_comments(struct lint_walk *walk);

/* ---- lint_rewrite.c: the statement as it should be written; NULL: there is no such. ---- */
char *lint_rewrite(const struct lint_walk *walk, const struct ddl_act *act);

/* ---- lint_remade.c: what goes with a column that is put in another's place, as comments of SQL;
 * "" where it is known that there is nothing. ---- */
char *lint_remade(const struct ddl_schema *schema, const struct ddl_act *act);

/* ---- lint_words.c ---- */
/* The relation as people read it: "shop.orders", "orders"; NULL: "the table". */
char *lint_relation(const char *schema, const char *relation);
/* The same as SQL, quoted where it has to be. NULL for none. */
char *lint_quoted(const char *schema, const char *relation);
/* " (about 2,000,000 rows, 1.2 GB)", or "" when it is not known. */
char *lint_size(const struct ddl_schema *schema, const char *schema_name, const char *relation);
/* Fills {places} of a template. NULL when one of them is empty and `strict`. */
char *lint_fill(const char *template, char *(*place)(const char *name, gpointer data),
                gpointer data, bool strict);
/* Whether the lock is one that others wait for: SHARE or stronger, on what was there before. */
bool lint_blocks(const struct ddl_lock *lock);

#endif
