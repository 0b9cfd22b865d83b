/* What a statement means for what was captured: by its tree, or by its words where newer servers
 * know more than the parser. */
#include "capture/capture_log.h"
#include "sql/sql_parse.h"

#include <string.h>

static enum capture_kind transaction_kind(const PgQuery__TransactionStmt *stmt, char **ret_name)
{
    switch ((int) stmt->kind) {
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_BEGIN:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_START:
        return CAPTURE_BEGIN;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT:
        return CAPTURE_COMMIT;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK:
        return CAPTURE_ROLLBACK;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_SAVEPOINT:
        *ret_name = g_strdup(stmt->savepoint_name);
        return CAPTURE_SAVEPOINT;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_TO:
        *ret_name = g_strdup(stmt->savepoint_name);
        return CAPTURE_ROLLBACK_TO;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_RELEASE:
        *ret_name = g_strdup(stmt->savepoint_name);
        return CAPTURE_RELEASE;
    default:
        return CAPTURE_READS;
    }
}

/* A function that is called may write rows, and may do anything else as well. */
static enum capture_kind select_kind(const PgQuery__SelectStmt *stmt)
{
    return stmt->into_clause != NULL ? CAPTURE_SCHEMA : CAPTURE_READS;
}

static enum capture_kind node_kind(const PgQuery__Node *node, char **ret_name)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_TRANSACTION_STMT:
        return transaction_kind(node->transaction_stmt, ret_name);
    case PG_QUERY__NODE__NODE_SELECT_STMT:
        return select_kind(node->select_stmt);
    case PG_QUERY__NODE__NODE_INSERT_STMT:
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
    case PG_QUERY__NODE__NODE_DELETE_STMT:
    case PG_QUERY__NODE__NODE_MERGE_STMT:
    case PG_QUERY__NODE__NODE_COPY_STMT:
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT:
    case PG_QUERY__NODE__NODE_CALL_STMT:
    case PG_QUERY__NODE__NODE_EXECUTE_STMT:
        return CAPTURE_WRITES;
    case PG_QUERY__NODE__NODE_EXPLAIN_STMT:
    case PG_QUERY__NODE__NODE_PREPARE_STMT:
    case PG_QUERY__NODE__NODE_DEALLOCATE_STMT:
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT:
    case PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT:
    case PG_QUERY__NODE__NODE_CONSTRAINTS_SET_STMT:
    case PG_QUERY__NODE__NODE_DISCARD_STMT:
    case PG_QUERY__NODE__NODE_LISTEN_STMT:
    case PG_QUERY__NODE__NODE_UNLISTEN_STMT:
    case PG_QUERY__NODE__NODE_NOTIFY_STMT:
    case PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT:
    case PG_QUERY__NODE__NODE_FETCH_STMT:
    case PG_QUERY__NODE__NODE_CLOSE_PORTAL_STMT:
    case PG_QUERY__NODE__NODE_LOCK_STMT:
    case PG_QUERY__NODE__NODE_VACUUM_STMT:
    case PG_QUERY__NODE__NODE_CLUSTER_STMT:
    case PG_QUERY__NODE__NODE_REINDEX_STMT:
    case PG_QUERY__NODE__NODE_CHECK_POINT_STMT:
    case PG_QUERY__NODE__NODE_LOAD_STMT:
        return CAPTURE_READS;
    default:
        return CAPTURE_SCHEMA;
    }
}

/* Temporary tables are gone when the program has ended. */
static bool is_temporary(const PgQuery__Node *node)
{
    const PgQuery__RangeVar *made = NULL;

    if (node->node_case == PG_QUERY__NODE__NODE_CREATE_STMT)
        made = node->create_stmt->relation;
    else if (node->node_case == PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT)
        made = node->create_table_as_stmt->into->rel;
    else if (node->node_case == PG_QUERY__NODE__NODE_CREATE_SEQ_STMT)
        made = node->create_seq_stmt->sequence;
    return made != NULL && strcmp(made->relpersistence, "t") == 0;
}

static enum capture_kind words_kind(const char *statement, gsize length)
{
    static const char *const words[] = {"create", "alter",  "drop",    "comment",
                                        "grant",  "revoke", "security"};

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        gsize size = strlen(words[i]);
        if (length > size && g_ascii_strncasecmp(statement, words[i], size) == 0 &&
            g_ascii_isspace(statement[size]))
            return CAPTURE_SCHEMA;
    }
    return CAPTURE_READS;
}

enum capture_kind capture_kind_of(const char *statement, gsize length, char **ret_name)
{
    AUTO(sql_parse) parse = sql_parse_new(statement, length);

    *ret_name = NULL;
    if (parse->tree == NULL)
        return words_kind(statement, length);
    if (parse->node == NULL || is_temporary(parse->node))
        return CAPTURE_READS;
    return node_kind(parse->node, ret_name);
}
