/* What reads and writes rows: locks that hinder no other reader or writer. */
#include "ddl/ddl_private.h"

static bool held_strongly(const struct ddl_judge *judge, const struct ddl_target *target)
{
    const GPtrArray *before = judge->context->before;

    for (guint i = 0; before != NULL && i < before->len; i++) {
        const struct ddl_lock *lock = before->pdata[i];
        if (lock->mode >= DDL_SHARE && !lock->created_here && ddl_lock_is_on(lock, target))
            return true;
    }
    return false;
}

/* Of the table and what is below it, those are searched that are locked already because of it. */
static void lock_searched(struct ddl_judge *judge, const struct ddl_target *target,
                          enum ddl_lock_mode mode)
{
    g_autoptr(GPtrArray) tree = NULL;

    if (target->relation != NULL)
        tree = ddl_tree_of(judge->schema, target->relation, true);
    for (guint i = 0; i < (tree == NULL ? 1 : tree->len); i++) {
        struct ddl_target one = tree == NULL ? *target : ddl_target_relation(tree->pdata[i]);
        ddl_judge_lock(judge, &one, mode,
                       held_strongly(judge, &one) ? DDL_EFFECT_SCAN : DDL_EFFECT_NONE);
    }
}

/* column = something that is not a column, column IN (constants). */
static bool is_key_test(const PgQuery__Node *where, const char *column)
{
    const PgQuery__AExpr *test =
        where->node_case == PG_QUERY__NODE__NODE_A_EXPR ? where->a_expr : NULL;

    if (test == NULL || test->n_name == 0 ||
        (test->kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP &&
         test->kind != PG_QUERY__A__EXPR__KIND__AEXPR_IN) ||
        g_strcmp0(ddl_string(test->name[test->n_name - 1]), "=") != 0)
        return false;
    bool left = g_strcmp0(ddl_column_of(test->lexpr), column) == 0;
    g_autoptr(GPtrArray) other = ddl_columns_of(left ? test->rexpr : test->lexpr);
    return other->len == 0 && (left || g_strcmp0(ddl_column_of(test->rexpr), column) == 0);
}

static bool tests_key(const PgQuery__Node *where, const char *column)
{
    if (where->node_case != PG_QUERY__NODE__NODE_BOOL_EXPR)
        return is_key_test(where, column);
    for (size_t i = 0; i < where->bool_expr->n_args; i++)
        if (where->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR &&
            tests_key(where->bool_expr->args[i], column))
            return true;
    return false;
}

/* Rows are found by an index: an equality on its first column. */
static bool by_index(const struct ddl_relation *relation, const PgQuery__Node *where)
{
    for (guint i = 0; where != NULL && relation != NULL && i < relation->indexes->len; i++) {
        const struct ddl_index *index = relation->indexes->pdata[i];
        if (index->valid && index->simple && index->columns->len > 0 &&
            index->columns->pdata[0] != NULL && tests_key(where, index->columns->pdata[0]))
            return true;
    }
    return false;
}

/* SELECT max(column): its end of the index is enough. */
static bool at_end_of_index(const struct ddl_relation *relation,
                            const PgQuery__SelectStmt *select)
{
    const char *space, *name, *column;

    if (relation == NULL || select->where_clause != NULL || select->n_group_clause > 0 ||
        select->n_target_list != 1 ||
        select->target_list[0]->node_case != PG_QUERY__NODE__NODE_RES_TARGET)
        return false;
    const PgQuery__Node *value = select->target_list[0]->res_target->val;
    if (value == NULL || value->node_case != PG_QUERY__NODE__NODE_FUNC_CALL ||
        value->func_call->n_args != 1 ||
        !ddl_qualified(value->func_call->funcname, value->func_call->n_funcname, &space,
                       &name) ||
        (strcmp(name, "max") != 0 && strcmp(name, "min") != 0))
        return false;
    column = ddl_column_of(value->func_call->args[0]);
    for (guint i = 0; column != NULL && i < relation->indexes->len; i++) {
        const struct ddl_index *index = relation->indexes->pdata[i];
        if (index->valid && index->simple && index->columns->len > 0 &&
            g_strcmp0(index->columns->pdata[0], column) == 0)
            return true;
    }
    return false;
}

/* ---- reading ------------------------------------------------------------------------------- */

struct reader {
    struct ddl_judge *judge;
    GPtrArray *names;                /* of what is read; NULL: not asked for */
    const PgQuery__RangeVar *beside; /* what is written, and not read; NULL: none */
    GHashTable *selects;             /* a RangeVar to the query that is on it alone */
};

enum { VIEWS_DEEP = 8 };

static void read_relation(struct ddl_judge *judge, const struct ddl_target *target,
                          const PgQuery__SelectStmt *select, guint depth)
{
    const GPtrArray *reads = target->relation == NULL ? NULL : target->relation->reads;
    bool indexed = select != NULL && (by_index(target->relation, select->where_clause) ||
                                      at_end_of_index(target->relation, select));

    if (judge->defines || indexed)
        ddl_judge_lock_tree(judge, target, DDL_ACCESS_SHARE, DDL_EFFECT_NONE);
    else
        lock_searched(judge, target, DDL_ACCESS_SHARE);
    if (reads != NULL && target->relation->kind == 'v' && depth < VIEWS_DEEP)
        ddl_judge_sources(judge, target, depth + 1);
}

void ddl_judge_sources(struct ddl_judge *judge, const struct ddl_target *view, guint depth)
{
    const GPtrArray *reads = view->relation == NULL ? NULL : view->relation->reads;

    for (guint i = 0; reads != NULL && i + 1 < reads->len; i += 2) {
        struct ddl_target source =
            ddl_target_named(judge, reads->pdata[i], reads->pdata[i + 1]);
        read_relation(judge, &source, NULL, depth);
    }
}

static void read_range(const struct reader *reader, const PgQuery__RangeVar *range)
{
    struct ddl_target target = ddl_target_of(reader->judge, range);

    /* a name that a known schema does not have is one of WITH */
    if (range == reader->beside || (target.relation == NULL && reader->judge->schema->known))
        return;
    read_relation(reader->judge, &target, g_hash_table_lookup(reader->selects, range), 0);
    if (target.relation != NULL && reader->names != NULL) {
        g_ptr_array_add(reader->names, g_strdup(target.relation->schema));
        g_ptr_array_add(reader->names, g_strdup(target.relation->name));
    }
}

static bool look_at_read(const ProtobufCMessage *message, gpointer data)
{
    const struct reader *reader = data;

    if (message->descriptor == &pg_query__select_stmt__descriptor) {
        PgQuery__SelectStmt *select = (PgQuery__SelectStmt *) (gpointer) (gsize) message;
        if (select->n_from_clause == 1 &&
            select->from_clause[0]->node_case == PG_QUERY__NODE__NODE_RANGE_VAR)
            g_hash_table_insert(reader->selects, select->from_clause[0]->range_var, select);
    } else if (message->descriptor == &pg_query__range_var__descriptor) {
        read_range(reader, (const PgQuery__RangeVar *) message);
    }
    return true;
}

static void read_beside(struct ddl_judge *judge, const PgQuery__Node *query,
                        const PgQuery__RangeVar *beside, GPtrArray *names)
{
    g_autoptr(GHashTable) selects = g_hash_table_new(NULL, NULL);
    struct reader reader = {
        .judge = judge, .names = names, .beside = beside, .selects = selects};

    if (query != NULL)
        ddl_walk(&query->base, look_at_read, &reader);
}

/* Reading hinders nobody, unless the table is locked already for longer because of it. */
void ddl_judge_reads(struct ddl_judge *judge, const PgQuery__Node *query, GPtrArray *names)
{
    read_beside(judge, query, NULL, names);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Without WHERE every row is looked at. With it that depends on indexes; under a lock that is held
 * already the worse is assumed. */
static void change_rows(struct ddl_judge *judge, const PgQuery__RangeVar *range,
                        const PgQuery__Node *where, bool *ret_all,
                        struct ddl_target *ret_target)
{
    *ret_target = ddl_target_of(judge, range);
    *ret_all = where == NULL;
    judge->at = (gsize) MAX(range->location, 0);
    if (where == NULL || by_index(ret_target->relation, where))
        ddl_judge_lock_tree(judge, ret_target, DDL_ROW_EXCLUSIVE,
                            where == NULL ? DDL_EFFECT_SCAN : DDL_EFFECT_NONE);
    else
        lock_searched(judge, ret_target, DDL_ROW_EXCLUSIVE);
}

static void update(struct ddl_judge *judge, const PgQuery__UpdateStmt *statement)
{
    struct ddl_target target;
    bool all;

    change_rows(judge, statement->relation, statement->where_clause, &all, &target);
    ddl_judge_analyze(judge, &target, NULL);
    if (all && statement->n_from_clause == 0 && !ddl_target_fresh(&target))
        ddl_judge_act(judge, DDL_UPDATE_WITHOUT_WHERE, &target, DDL_ROW_EXCLUSIVE,
                      DDL_EFFECT_SCAN);
}

static void delete_rows(struct ddl_judge *judge, const PgQuery__DeleteStmt *statement)
{
    struct ddl_target target;
    bool all;

    change_rows(judge, statement->relation, statement->where_clause, &all, &target);
    ddl_judge_analyze(judge, &target, NULL);
    if (all && !ddl_target_fresh(&target))
        ddl_judge_act(judge, DDL_DELETE_WITHOUT_WHERE, &target, DDL_ROW_EXCLUSIVE,
                      DDL_EFFECT_SCAN);
}

/* It is no longer known to be empty. */
static void fill(const struct ddl_target *target)
{
    if (target->relation != NULL && target->relation->rows == 0)
        target->relation->rows = -1;
}

static void copy(struct ddl_judge *judge, const PgQuery__CopyStmt *statement)
{
    if (statement->query != NULL)
        ddl_judge_reads(judge, statement->query, NULL);
    if (statement->relation == NULL)
        return;
    struct ddl_target target = ddl_target_of(judge, statement->relation);
    if (statement->is_from)
        ddl_judge_lock(judge, &target, DDL_ROW_EXCLUSIVE, DDL_EFFECT_NONE);
    else
        read_relation(judge, &target, NULL, 0);
    fill(&target);
}

static void lock_rows(struct ddl_judge *judge, const PgQuery__SelectStmt *statement)
{
    for (size_t i = 0; statement->n_locking_clause > 0 && i < statement->n_from_clause; i++) {
        if (statement->from_clause[i]->node_case != PG_QUERY__NODE__NODE_RANGE_VAR)
            continue;
        struct ddl_target target = ddl_target_of(judge, statement->from_clause[i]->range_var);
        ddl_judge_lock(judge, &target, DDL_ROW_SHARE, DDL_EFFECT_NONE);
    }
}

/* SELECT set_config('search_path', 'app', false), as dumps begin. */
static void follow_set_config(struct ddl_judge *judge, const PgQuery__SelectStmt *statement)
{
    const char *space, *name;

    if (statement->n_target_list != 1 ||
        statement->target_list[0]->node_case != PG_QUERY__NODE__NODE_RES_TARGET)
        return;
    const PgQuery__Node *value = statement->target_list[0]->res_target->val;
    if (value == NULL || value->node_case != PG_QUERY__NODE__NODE_FUNC_CALL ||
        value->func_call->n_args != 3 ||
        !ddl_qualified(value->func_call->funcname, value->func_call->n_funcname, &space,
                       &name) ||
        g_strcmp0(name, "set_config") != 0)
        return;
    g_autofree char *setting = ddl_constant_of(value->func_call->args[0]);
    if (g_strcmp0(setting, "search_path") == 0)
        ddl_schema_set_path(judge->schema, value->func_call->args + 1, 1);
}

static bool names_nothing(const PgQuery__Node *value)
{
    while (value->node_case == PG_QUERY__NODE__NODE_TYPE_CAST && value->type_cast->arg != NULL)
        value = value->type_cast->arg;
    return value->node_case == PG_QUERY__NODE__NODE_A_CONST ||
           value->node_case == PG_QUERY__NODE__NODE_SET_TO_DEFAULT ||
           (value->node_case == PG_QUERY__NODE__NODE_FUNC_CALL &&
            value->func_call->n_args == 0);
}

/* The usual INSERT: it need not be searched for what it reads. */
static bool only_constants(const PgQuery__InsertStmt *statement)
{
    const PgQuery__Node *query = statement->select_stmt;

    if (query == NULL || query->node_case != PG_QUERY__NODE__NODE_SELECT_STMT ||
        query->select_stmt->n_values_lists == 0 || statement->with_clause != NULL ||
        statement->on_conflict_clause != NULL || statement->n_returning_list > 0)
        return false;
    for (size_t i = 0; i < query->select_stmt->n_values_lists; i++) {
        const PgQuery__Node *row = query->select_stmt->values_lists[i];
        if (row->node_case != PG_QUERY__NODE__NODE_LIST)
            return false;
        for (size_t n = 0; n < row->list->n_items; n++)
            if (!names_nothing(row->list->items[n]))
                return false;
    }
    return true;
}

static void insert(struct ddl_judge *judge, const PgQuery__Node *node)
{
    struct ddl_target target = ddl_target_of(judge, node->insert_stmt->relation);

    if (!only_constants(node->insert_stmt))
        read_beside(judge, node, node->insert_stmt->relation, NULL);
    ddl_judge_lock(judge, &target, DDL_ROW_EXCLUSIVE, DDL_EFFECT_NONE);
    fill(&target);
}

static void merge(struct ddl_judge *judge, const PgQuery__MergeStmt *statement)
{
    struct ddl_target target = ddl_target_of(judge, statement->relation);

    ddl_judge_reads(judge, statement->source_relation, NULL);
    lock_searched(judge, &target, DDL_ROW_EXCLUSIVE);
}

static bool is_run(const PgQuery__ExplainStmt *statement)
{
    for (size_t i = 0; i < statement->n_options; i++)
        if (statement->options[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM &&
            strcmp(statement->options[i]->def_elem->defname, "analyze") == 0)
            return true;
    return false;
}

/* What is prepared is taken to be run as well, and a cursor to be read to its end. */
static bool judge_wrapped(struct ddl_judge *judge, const PgQuery__Node *node)
{
    const PgQuery__Node *query = NULL;

    if (node->node_case == PG_QUERY__NODE__NODE_EXPLAIN_STMT && is_run(node->explain_stmt))
        query = node->explain_stmt->query;
    else if (node->node_case == PG_QUERY__NODE__NODE_PREPARE_STMT)
        query = node->prepare_stmt->query;
    else if (node->node_case == PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT)
        query = node->declare_cursor_stmt->query;
    if (query != NULL)
        ddl_judge_node(judge, query);
    return query != NULL;
}

/* Functions that nothing is known of compute something, most often. */
static bool judge_writing(struct ddl_judge *judge, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_INSERT_STMT:
        insert(judge, node);
        break;
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
        update(judge, node->update_stmt);
        read_beside(judge, node, node->update_stmt->relation, NULL);
        break;
    case PG_QUERY__NODE__NODE_DELETE_STMT:
        delete_rows(judge, node->delete_stmt);
        read_beside(judge, node, node->delete_stmt->relation, NULL);
        break;
    case PG_QUERY__NODE__NODE_MERGE_STMT:
        merge(judge, node->merge_stmt);
        break;
    case PG_QUERY__NODE__NODE_COPY_STMT:
        copy(judge, node->copy_stmt);
        break;
    default:
        return false;
    }
    ddl_judge_calls(judge, node, false);
    return true;
}

bool ddl_judge_rows(struct ddl_judge *judge, const PgQuery__Node *node)
{
    if (judge_writing(judge, node) || judge_wrapped(judge, node))
        return true;
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT:
        if (node->select_stmt->into_clause != NULL)
            return false;
        ddl_judge_reads(judge, node, NULL);
        lock_rows(judge, node->select_stmt);
        ddl_judge_calls(judge, node, true);
        follow_set_config(judge, node->select_stmt);
        return true;
    case PG_QUERY__NODE__NODE_EXPLAIN_STMT:
    case PG_QUERY__NODE__NODE_EXECUTE_STMT:
    case PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT:
    case PG_QUERY__NODE__NODE_NOTIFY_STMT:
    case PG_QUERY__NODE__NODE_LISTEN_STMT:
        return true;
    case PG_QUERY__NODE__NODE_CALL_STMT:
        ddl_judge_calls(judge, node, true);
        return true;
    default:
        return false;
    }
}
