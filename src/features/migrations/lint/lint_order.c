/* What comes of several statements together: locks that are kept, scripts without a
 * transaction. */
#include "lint/lint_private.h"

#include <string.h>

/* ---- transactions ------------------------------------------------------------------------ */

static void forget_locks(struct lint_walk *walk)
{
    g_ptr_array_set_size(walk->before, 0);
    g_hash_table_remove_all(walk->held);
}

/* A script with BEGIN and COMMIT of its own. golang-migrate sends it as one query all the
 * same, and of that the server makes a transaction wherever the script leaves one open. */
static bool outside_blocks(const struct lint_walk *walk)
{
    return walk->format == FOLDER_GOLANG_MIGRATE &&
           walk->file->script->script->statements->len > 1;
}

static void follow(struct lint_walk *walk, PgQuery__TransactionStmtKind kind)
{
    bool begins = kind == PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN ||
                  kind == PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_START;
    bool ends = kind == PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT ||
                kind == PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK ||
                kind == PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_PREPARE;

    if (begins)
        walk->in_transaction = walk->own_block = true;
    if (!ends)
        return;
    forget_locks(walk);
    walk->own_block = false;
    walk->in_transaction = outside_blocks(walk);
}

/* SET lock_timeout, whatever to: somebody has thought of it. */
static bool sets_timeout(const PgQuery__Node *node)
{
    return node != NULL && node->node_case == PG_QUERY__NODE__NODE_VARIABLE_SET_STMT &&
           node->variable_set_stmt->name != NULL &&
           strcmp(node->variable_set_stmt->name, "lock_timeout") == 0 &&
           node->variable_set_stmt->kind == PG_QUERY__VARIABLE_SET_KIND__VAR_SET_VALUE;
}

void lint_order_before(struct lint_walk *walk)
{
    if (!walk->in_transaction)
        forget_locks(walk);
    if (sets_timeout(walk->parse->node))
        walk->lock_timeout = true;
}

/* ---- findings ---------------------------------------------------------------------------- */

static const struct ddl_lock *strongest(const struct ddl_judgement *judgement)
{
    const struct ddl_lock *found = NULL;

    for (guint i = 0; i < judgement->locks->len; i++) {
        const struct ddl_lock *lock = judgement->locks->pdata[i];
        if (lint_blocks(lock) && (found == NULL || lock->mode > found->mode))
            found = lock;
    }
    return found;
}

/* Once a script: the next line says the same. */
static void find_timeout(struct lint_walk *walk)
{
    const struct ddl_lock *lock = strongest(walk->statement->judgement);

    if (walk->lock_timeout || walk->said_timeout || lock == NULL)
        return;
    walk->said_timeout = true;
    struct lint_finding *finding = lint_finding_at(walk, "lock-timeout", 0);
    g_autofree char *name = lint_relation(lock->schema, lock->relation);
    finding->message = g_strdup_printf("takes %s on %s, and no lock_timeout is set: while it "
                                       "waits for its turn, everybody else waits behind it",
                                       ddl_lock_words(lock->mode), name);
    if (walk->in_transaction)
        finding->safe_rewrite = g_strdup("SET LOCAL lock_timeout = '2s';");
    lint_add(walk->statement, finding);
}

static bool has_finding(const struct lint_statement *statement, const char *rule)
{
    for (guint i = 0; statement->findings != NULL && i < statement->findings->len; i++) {
        const struct lint_finding *finding = statement->findings->pdata[i];
        if (strcmp(finding->rule->id, rule) == 0)
            return true;
    }
    return false;
}

static char *key_of(const struct ddl_lock *lock)
{
    return g_strdup_printf("%s.%s", lock->schema != NULL ? lock->schema : "", lock->relation);
}

/* Whether the statement itself takes on the relation what was held before, or more. */
static bool takes_as_much(const struct ddl_judgement *judgement, const struct ddl_lock *held)
{
    for (guint i = 0; i < judgement->locks->len; i++) {
        const struct ddl_lock *lock = judgement->locks->pdata[i];
        if (lock->mode >= held->mode && g_strcmp0(lock->relation, held->relation) == 0 &&
            g_strcmp0(lock->schema, held->schema) == 0)
            return true;
    }
    return false;
}

static bool is_long(const struct lint_statement *statement)
{
    return statement->judgement->effect >= DDL_EFFECT_SCAN ||
           has_finding(statement, "update-without-where") ||
           has_finding(statement, "delete-without-where");
}

static void find_work(struct lint_walk *walk)
{
    struct lint_held *worst = NULL;

    if (!is_long(walk->statement) || walk->statement->judgement->no_transaction ||
        has_finding(walk->statement, "validate-in-same-transaction"))
        return;
    for (guint i = 0; i < walk->before->len; i++) {
        const struct ddl_lock *lock = walk->before->pdata[i];
        g_autofree char *key = key_of(lock);
        struct lint_held *held = g_hash_table_lookup(walk->held, key);
        if (!takes_as_much(walk->statement->judgement, lock) &&
            (worst == NULL || lock->mode > worst->lock->mode))
            worst = held;
    }
    if (worst == NULL || worst->told)
        return;
    worst->told = true;
    struct lint_finding *finding = lint_finding_at(walk, "work-under-lock", 0);
    g_autofree char *name = lint_relation(worst->lock->schema, worst->lock->relation);
    finding->message = g_strdup_printf("%s is locked with %s since line %u, and %s wait until "
                                       "this is done as well",
                                       name, ddl_lock_words(worst->lock->mode), worst->line,
                                       ddl_lock_blocks(worst->lock->mode));
    lint_add(walk->statement, finding);
}

static void find_scans(struct lint_walk *walk, const struct ddl_lock *lock,
                       struct lint_held *held)
{
    const PgQuery__Node *node = walk->parse->node;

    if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT ||
        lock->work < DDL_EFFECT_SCAN)
        return;
    if (held->scanned != 0) {
        struct lint_finding *finding = lint_finding_at(walk, "several-scans", 0);
        g_autofree char *name = lint_relation(lock->schema, lock->relation);
        finding->message = g_strdup_printf("%s was gone through on line %u already: one ALTER "
                                           "TABLE with both does it once",
                                           name, held->scanned);
        lint_add(walk->statement, finding);
    }
    held->scanned = walk->statement->line;
}

/* ---- what is kept ------------------------------------------------------------------------ */

static void keep(struct lint_walk *walk, const struct ddl_lock *lock)
{
    g_autofree char *key = key_of(lock);
    struct lint_held *held = g_hash_table_lookup(walk->held, key);

    if (held == NULL) {
        held = g_new0(struct lint_held, 1);
        held->lock = g_new0(struct ddl_lock, 1);
        held->lock->schema = g_strdup(lock->schema);
        held->lock->relation = g_strdup(lock->relation);
        held->line = walk->statement->line;
        g_hash_table_insert(walk->held, g_steal_pointer(&key), held);
        g_ptr_array_add(walk->before, held->lock);
    }
    held->lock->mode = MAX(held->lock->mode, lock->mode);
    held->lock->work = MAX(held->lock->work, lock->work);
    find_scans(walk, lock, held);
}

void lint_order_after(struct lint_walk *walk)
{
    const struct ddl_judgement *judgement = walk->statement->judgement;
    const PgQuery__Node *node = walk->parse->node;

    find_timeout(walk);
    find_work(walk);
    for (guint i = 0; walk->in_transaction && i < judgement->locks->len; i++)
        if (lint_blocks(judgement->locks->pdata[i]))
            keep(walk, judgement->locks->pdata[i]);
    if (node != NULL && node->node_case == PG_QUERY__NODE__NODE_TRANSACTION_STMT)
        follow(walk, node->transaction_stmt->kind);
}

/* SET is forgotten with the session, and may stand beside. */
static bool is_set(const struct lint_statement *statement)
{
    return statement->judgement->effect == DDL_EFFECT_NONE &&
           statement->judgement->locks->len == 0 && statement->analysed;
}

void lint_order_file(struct lint_walk *walk)
{
    struct lint_file *file = walk->file;
    struct lint_statement *second = NULL;
    guint count = 0;

    if (file->script->transaction != FOLDER_NO_TRANSACTION)
        return;
    for (guint i = 0; i < file->statements->len; i++) {
        struct lint_statement *statement =
            &g_array_index(file->statements, struct lint_statement, i);
        if (!is_set(statement) && ++count == 2)
            second = statement;
    }
    if (second == NULL)
        return;
    walk->statement = second;
    struct lint_finding *finding = lint_finding_at(walk, "several-without-transaction", 0);
    finding->message = g_strdup_printf("one of %u statements that run without a transaction: "
                                       "when one fails, those before it stay",
                                       count);
    lint_add(second, finding);
}
