/* What the files of core/ddl share: the schema's inside, trees, and the judge at work. */
#ifndef CORE_DDL_PRIVATE_H
#define CORE_DDL_PRIVATE_H

#include "ddl/ddl.h"

/* ---- trees (ddl_tree.c) ---------------------------------------------------------------------- */

/* "a" of the String node, NULL when it is none. */
const char *ddl_string(const PgQuery__Node *node);
/* A qualified name as a list of strings: the last is *ret_name, the one before *ret_schema (NULL:
 * there is none). False: it is no such list. */
bool ddl_qualified(PgQuery__Node *const *names, gsize count, const char **ret_schema,
                   const char **ret_name);
bool ddl_qualified_node(const PgQuery__Node *list, const char **ret_schema,
                        const char **ret_name);
/* Its texts as an array of copies. */
GPtrArray *ddl_strings(PgQuery__Node *const *names, gsize count);
bool ddl_strings_have(const GPtrArray *names, const char *name);
bool ddl_strings_equal(const GPtrArray *one, const GPtrArray *other);
/* Empty is NULL: what the tree leaves out. */
const char *ddl_said(const char *text);

/* The schema in which a new relation of that name is made; NULL: the first of the path. */
const char *ddl_made_in(const PgQuery__RangeVar *range);

/* Every message below and including this one; visit returns false to leave its parts out. */
void ddl_walk(const ProtobufCMessage *message,
              bool (*visit)(const ProtobufCMessage *message, gpointer data), gpointer data);
/* The columns an expression names. */
GPtrArray *ddl_columns_of(const PgQuery__Node *expression);
/* The name of a bare column; NULL: it is something else. */
const char *ddl_column_of(const PgQuery__Node *expression);
/* A constant as text, casts left out: "5", "2024-01-01"; NULL: none, or NULL. Caller frees. */
char *ddl_constant_of(const PgQuery__Node *expression);
bool ddl_is_null_constant(const PgQuery__Node *expression);
/* An option of a list of DefElem; NULL: not there. */
const PgQuery__DefElem *ddl_option(PgQuery__Node *const *options, gsize count,
                                   const char *name);
/* Whether it is on: alone, or with a value that says so. */
bool ddl_option_on(const PgQuery__DefElem *option);

/* Where the commands of an ALTER TABLE begin in its text: `count` offsets. */
void ddl_commands_at(const char *text, const PgQuery__RangeVar *relation, gsize count,
                     gsize *ret_at);

struct ddl_expression;
struct ddl_expression *ddl_expression_copy(const PgQuery__Node *node);
struct ddl_expression *ddl_expression_text(const char *definition);          /* "CHECK (…)" */
const PgQuery__Node *ddl_expression_node(struct ddl_expression *expression); /* NULL: cannot */
void ddl_expression_free(struct ddl_expression *expression);

/* ---- schema (ddl_schema.c) ------------------------------------------------------------------- */

struct ddl_function {
    char *name;
    enum ddl_truth is_volatile;
    GPtrArray *definitions; /* of char *: CREATE FUNCTION of each that is volatile */
    bool opaque;            /* of one of them that is not known */
};

struct ddl_usertype {
    char *schema, *name;
    char kind; /* 'e' enum, 'c' composite, 'r' range, 'b' base */
    bool created_here;
};

struct ddl_schema {
    bool known;             /* what is not in it does not exist */
    GPtrArray *relations;   /* of struct ddl_relation, owned */
    GHashTable *by_name;    /* schema\1name to the relation */
    GHashTable *pointed_at; /* names that are, or were, an index's or a parent's */
    GPtrArray *domains;     /* of struct ddl_domain */
    GPtrArray *types;       /* of struct ddl_usertype */
    GHashTable *functions;  /* name to struct ddl_function; of several with a name the worst */
    GPtrArray *path;        /* of char *: where names without a schema are looked for */
    bool time_zone_set; /* by a statement: that counts more than what the session began with */
    char *time_zone;    /* NULL: not known */
    GPtrArray *new_values; /* of char *: values of enums added since the last settling */
};

struct ddl_relation *ddl_schema_add(struct ddl_schema *schema, const char *schema_name,
                                    const char *name, char kind);
void ddl_schema_remove(struct ddl_schema *schema, struct ddl_relation *relation);
void ddl_schema_rename(struct ddl_schema *schema, struct ddl_relation *relation,
                       const char *schema_name, const char *name);
/* The name is that of an index, or of a parent. What no name was pointed at for is not looked for
 * among all relations: a script may have tens of thousands of them. */
void ddl_point_at(const struct ddl_relation *relation, const char *name);
/* The same of tables that a foreign key leads to; false: none does. */
void ddl_refer_to(const struct ddl_relation *relation, const char *name);
bool ddl_referenced(const struct ddl_relation *relation);
/* Where something without a schema is made. */
const char *ddl_schema_first(const struct ddl_schema *schema);
void ddl_schema_set_path(struct ddl_schema *schema, PgQuery__Node *const *values, gsize count);

struct ddl_column *ddl_column_find(const struct ddl_relation *relation, const char *name);
struct ddl_column *ddl_column_add(struct ddl_relation *relation, const char *name,
                                  const struct ddl_type *type);
struct ddl_constraint *ddl_constraint_find(const struct ddl_relation *relation,
                                           const char *name);
struct ddl_constraint *ddl_constraint_add(struct ddl_relation *relation, const char *name,
                                          enum ddl_constraint_kind kind);
void ddl_constraint_remove(struct ddl_relation *relation, struct ddl_constraint *constraint);
struct ddl_index *ddl_index_add(struct ddl_relation *relation, const char *name);
void ddl_index_remove(struct ddl_relation *relation, const char *name);
/* The index of that name and its relation; NULL: none, or not known. */
struct ddl_index *ddl_index_find(const struct ddl_schema *schema, const char *schema_name,
                                 const char *name, struct ddl_relation **ret_relation);
/* A policy, trigger or rule of that name is gone. */
void ddl_use_remove(struct ddl_relation *relation, const char *name);
void ddl_use_add(struct ddl_relation *relation, const char *column, const char *kind,
                 const char *schema, const char *name);
struct ddl_domain *ddl_domain_find(const struct ddl_schema *schema, const char *schema_name,
                                   const char *name);
struct ddl_domain *ddl_domain_add(struct ddl_schema *schema, const char *schema_name,
                                  const char *name);
struct ddl_usertype *ddl_type_add(struct ddl_schema *schema, const char *schema_name,
                                  const char *name, char kind);
struct ddl_usertype *ddl_usertype_find(const struct ddl_schema *schema, const char *schema_name,
                                       const char *name);
/* definition NULL: what is in it cannot be seen. */
void ddl_function_add(struct ddl_schema *schema, const char *name, enum ddl_truth is_volatile,
                      const char *definition);
/* The server has one of that name itself. */
bool ddl_function_builtin(const char *name);

/* Partitions, or children: those right below it. Array of borrowed relations. */
GPtrArray *ddl_children(const struct ddl_schema *schema, const struct ddl_relation *relation);
struct ddl_relation *ddl_default_partition(const struct ddl_schema *schema,
                                           const struct ddl_relation *parent);
bool ddl_is_child(const struct ddl_relation *child, const struct ddl_relation *parent);
/* A foreign key that points at it. */
bool ddl_refers_to(const struct ddl_constraint *constraint,
                   const struct ddl_relation *relation);

/* ---- types (ddl_type.c) ---------------------------------------------------------------------- */

/* Its members are owned: ddl_type_clear(). *ret_serial: one of the serial words. */
void ddl_type_of(const struct ddl_schema *schema, const PgQuery__TypeName *name,
                 struct ddl_type *ret_type, bool *ret_serial);
void ddl_type_clear(struct ddl_type *type);
void ddl_type_copy(struct ddl_type *to, const struct ddl_type *from);
bool ddl_type_equal(const struct ddl_type *one, const struct ddl_type *other);
char *ddl_type_words(const struct ddl_type *type);
/* Whether rows have to be written again; UNKNOWN when the old type is not known. `indexes`: whether
 * an index keeps its order, so that its file stays. */
struct ddl_type_change {
    enum ddl_truth rewrite;
    enum ddl_truth keeps_order;
    bool by_zone; /* it hangs on the session's TimeZone, which is not known */
};
struct ddl_type_change ddl_type_change(const struct ddl_schema *schema,
                                       const struct ddl_type *from, const struct ddl_type *to,
                                       const char *time_zone);
/* A domain with a CHECK or NOT NULL: UNKNOWN when it could be a domain. */
/* The default of a domain is one that differs from row to row. */
enum ddl_truth ddl_type_volatile(const struct ddl_schema *schema, const struct ddl_type *type);
enum ddl_truth ddl_type_constrained(const struct ddl_schema *schema,
                                    const struct ddl_type *type);

/* ---- expressions (ddl_volatile.c, ddl_prove.c) ----------------------------------------------- */

/* Whether a value differs from call to call; UNKNOWN: a function we do not know, named in
 * *ret_function (borrowed). */
enum ddl_truth ddl_volatile(const struct ddl_schema *schema, const PgQuery__Node *expression,
                            const char **ret_function);
/* Of a function by its body, where that is one expression of SQL. */
enum ddl_truth ddl_volatile_body(const struct ddl_schema *schema, const char *body);

/* A CHECK that cannot hold for NULL in that column: c IS NOT NULL, alone or with AND. */
bool ddl_proves_not_null(const PgQuery__Node *expression, const char *column);
/* The column is never NULL by what is validated on the relation. */
bool ddl_not_null_proved(const struct ddl_relation *relation, const char *column);
/* What is validated on the relation implies the bound of a partition of `parent`: nobody has to look. */
bool ddl_bound_proved(const struct ddl_relation *relation, const struct ddl_relation *parent,
                      const PgQuery__PartitionBoundSpec *bound);
/* … or excludes it: a default partition has no row for it. */
bool ddl_bound_excluded(const struct ddl_relation *relation, const struct ddl_relation *parent,
                        const PgQuery__PartitionBoundSpec *bound);

/* ---- the judge (ddl_judge.c) ----------------------------------------------------------------- */

struct ddl_judge {
    const struct sql_parse *parse;
    const char *text;
    struct ddl_schema *schema;
    const struct ddl_context *context;
    struct ddl_judgement *out;
    gsize at, end;         /* of the part that is judged */
    enum ddl_effect floor; /* what the statement does where it touches no table */
    guint depth;           /* of statements within statements */
    bool defines;          /* a query is only written down, not run */
};

/* A relation of the statement; of none known `relation` is NULL. Names are borrowed. */
struct ddl_target {
    const char *schema, *name;
    struct ddl_relation *relation;
};

struct ddl_target ddl_target_of(const struct ddl_judge *judge, const PgQuery__RangeVar *range);
struct ddl_target ddl_target_named(const struct ddl_judge *judge, const char *schema,
                                   const char *name);
struct ddl_target ddl_target_relation(struct ddl_relation *relation);
bool ddl_target_fresh(const struct ddl_target *target); /* made in this migration */

/* A lock of an earlier or this statement is one on it. */
bool ddl_lock_is_on(const struct ddl_lock *lock, const struct ddl_target *target);

/* The relation is locked, and work done on it; several times: the strongest of each. */
void ddl_judge_lock(struct ddl_judge *judge, const struct ddl_target *target,
                    enum ddl_lock_mode mode, enum ddl_effect work);
/* The relation and all that are below it; work is done on those that have rows. */
void ddl_judge_lock_tree(struct ddl_judge *judge, const struct ddl_target *target,
                         enum ddl_lock_mode mode, enum ddl_effect work);
/* Tables that are not known: a lock on "*". */
void ddl_judge_lock_unknown(struct ddl_judge *judge, enum ddl_lock_mode mode,
                            enum ddl_effect work);
/* Adds an act about the target (NULL: none). Its other members are the caller's to set. */
struct ddl_act *ddl_judge_act(struct ddl_judge *judge, enum ddl_cause cause,
                              const struct ddl_target *target, enum ddl_lock_mode mode,
                              enum ddl_effect work);
/* It rests on something that is not known. */
void ddl_act_assume(struct ddl_act *act, const char *format, ...) G_GNUC_PRINTF(2, 3);
void ddl_judge_analyze(struct ddl_judge *judge, const struct ddl_target *target,
                       const char *column);
/* Whether that column is known well enough to say no. */
bool ddl_target_known(const struct ddl_judge *judge, const struct ddl_target *target);
bool ddl_judge_newer(const struct ddl_judge *judge, enum sql_newer_kind kind, gsize from,
                     gsize to);

/* ---- playing (ddl_play.c) -------------------------------------------------------------------- */

/* The relation and, with `below`, all that are below it. Array of borrowed relations. */
GPtrArray *ddl_tree_of(const struct ddl_schema *schema, struct ddl_relation *relation,
                       bool below);
bool ddl_has_rows(
    const struct ddl_relation *relation); /* a table or materialized view of its own */
/* A name as the server makes it up: table_column_suffix, with a number where there is one. */
char *ddl_make_name(const struct ddl_schema *schema, const struct ddl_relation *relation,
                    const char *column, const char *suffix);

/* What is said of a column, constraints included; NULL parts are not said. */
struct ddl_wish {
    struct ddl_type type; /* owned */
    bool serial, not_null, null, identity, stored, is_virtual, references, unique, primary,
        check;
    const PgQuery__Node *value; /* the default */
    const PgQuery__Constraint *foreign_key;
};
void ddl_wish_of(const struct ddl_judge *judge, const PgQuery__ColumnDef *def,
                 struct ddl_wish *ret_wish);

struct ddl_column *ddl_play_column(struct ddl_judge *judge, struct ddl_relation *relation,
                                   const PgQuery__ColumnDef *def);
/* column: whose constraint it is; NULL: the table's. Words of newer servers are looked for from its
 * own place to `end`. NULL: it is none of a kind that is kept. */
struct ddl_constraint *ddl_play_constraint(struct ddl_judge *judge,
                                           struct ddl_relation *relation,
                                           const PgQuery__Constraint *said, const char *column,
                                           gsize end);
struct ddl_index *ddl_play_index(struct ddl_judge *judge, struct ddl_relation *relation,
                                 const PgQuery__IndexStmt *statement);
void ddl_index_of_elements(struct ddl_index *index, PgQuery__Node *const *elements, gsize count,
                           const PgQuery__Node *where);
struct ddl_relation *ddl_play_table(struct ddl_judge *judge,
                                    const PgQuery__CreateStmt *statement, char kind);

void ddl_judge_node(struct ddl_judge *judge, const PgQuery__Node *node);

/* Looks for rows of a new partition in the default one (ddl_judge_create.c). */
void ddl_judge_default_partition(struct ddl_judge *judge, const struct ddl_target *parent,
                                 const PgQuery__PartitionBoundSpec *bound,
                                 enum ddl_cause cause);
/* ACCESS SHARE on every relation a query names; their schemas and names, by turns, are added to
 * `names` (NULL: not asked for). */
void ddl_judge_reads(struct ddl_judge *judge, const PgQuery__Node *query, GPtrArray *names);
/* The same for what a view reads. */
void ddl_judge_sources(struct ddl_judge *judge, const struct ddl_target *view, guint depth);

/* What the functions do that the statement calls; `surely`: one that is not known may do anything,
 * so that the statement is not analysed. */
void ddl_judge_calls(struct ddl_judge *judge, const PgQuery__Node *node, bool surely);
/* The body of a CREATE FUNCTION, as if it stood here. */
void ddl_judge_function(struct ddl_judge *judge, const char *definition);
void ddl_judge_block(struct ddl_judge *judge, const PgQuery__DoStmt *statement);

/* Kinds of statements; false: not one of theirs. */
bool ddl_judge_alter(struct ddl_judge *judge, const PgQuery__Node *node);
bool ddl_judge_create(struct ddl_judge *judge, const PgQuery__Node *node);
bool ddl_judge_index(struct ddl_judge *judge, const PgQuery__Node *node);
bool ddl_judge_drop(struct ddl_judge *judge, const PgQuery__Node *node);
bool ddl_judge_type(struct ddl_judge *judge, const PgQuery__Node *node);
bool ddl_judge_object(struct ddl_judge *judge, const PgQuery__Node *node);
bool ddl_judge_maintain(struct ddl_judge *judge, const PgQuery__Node *node);
bool ddl_judge_rows(struct ddl_judge *judge, const PgQuery__Node *node);

#endif
