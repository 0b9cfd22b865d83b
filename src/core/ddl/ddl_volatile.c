/*
 * Whether an expression gives another value at each call, as the server sees it: the server's own
 * functions by name (functions_builtin.txt), those of the schema by what it has of them.
 */
#include "ddl/ddl_private.h"
#include "ddl_queries.h"

#include <string.h>

static GHashTable *builtin_functions(void)
{
    static GHashTable *names;
    static char **each; /* the names are in it */
    static gsize once;

    if (g_once_init_enter(&once)) {
        names = g_hash_table_new(g_str_hash, g_str_equal);
        each = g_strsplit(ddl_functions_builtin, "\n", -1);
        for (gsize i = 0; each[i] != NULL; i++) {
            bool is_volatile = each[i][0] == '!';
            g_hash_table_insert(names, each[i] + is_volatile,
                                GINT_TO_POINTER(is_volatile ? DDL_YES : DDL_NO));
        }
        g_free(each); /* the words stay */
        g_once_init_leave(&once, 1);
    }
    return names;
}

bool ddl_function_builtin(const char *name)
{
    return g_hash_table_contains(builtin_functions(), name);
}

static enum ddl_truth function_volatile(const struct ddl_schema *schema, const char *space,
                                        const char *name)
{
    const struct ddl_function *function = g_strcmp0(space, "pg_catalog") == 0
                                              ? NULL
                                              : g_hash_table_lookup(schema->functions, name);
    gpointer found;

    if (function != NULL)
        return function->is_volatile;
    if (g_hash_table_lookup_extended(builtin_functions(), name, NULL, &found))
        return (enum ddl_truth) GPOINTER_TO_INT(found);
    /* functions are volatile unless somebody has said otherwise; PostGIS has said it */
    return g_str_has_prefix(name, "st_") ? DDL_NO : DDL_UNKNOWN;
}

struct search {
    const struct ddl_schema *schema;
    enum ddl_truth worst;
    const char *function;
};

static bool look_at_call(const ProtobufCMessage *message, gpointer data)
{
    struct search *search = data;
    const char *space, *name;

    if (message->descriptor != &pg_query__func_call__descriptor)
        return true;
    const PgQuery__FuncCall *call = (const PgQuery__FuncCall *) message;
    if (!ddl_qualified(call->funcname, call->n_funcname, &space, &name))
        return true;
    enum ddl_truth found = function_volatile(search->schema, space, name);
    if (found == DDL_YES || (found == DDL_UNKNOWN && search->worst == DDL_NO)) {
        search->worst = found;
        search->function = name;
    }
    return true;
}

enum ddl_truth ddl_volatile(const struct ddl_schema *schema, const PgQuery__Node *expression,
                            const char **ret_function)
{
    struct search search = {.schema = schema, .worst = DDL_NO};

    if (expression != NULL)
        ddl_walk(&expression->base, look_at_call, &search);
    if (ret_function != NULL)
        *ret_function = search.function;
    return search.worst;
}

/* The server puts a body of one expression in the place of the call, and then looks at that. */
enum ddl_truth ddl_volatile_body(const struct ddl_schema *schema, const char *body)
{
    AUTO(sql_parse) parse = sql_parse_new(body, strlen(body));

    if (parse->node == NULL || parse->tree->n_stmts != 1 ||
        parse->node->node_case != PG_QUERY__NODE__NODE_SELECT_STMT)
        return DDL_YES;
    const PgQuery__SelectStmt *select = parse->node->select_stmt;
    if (select->n_from_clause > 0 || select->where_clause != NULL ||
        select->n_values_lists > 0 || select->op != PG_QUERY__SET_OPERATION__SETOP_NONE ||
        select->with_clause != NULL || select->n_target_list != 1 ||
        select->target_list[0]->node_case != PG_QUERY__NODE__NODE_RES_TARGET ||
        select->n_sort_clause > 0 || select->limit_count != NULL)
        return DDL_YES;
    return ddl_volatile(schema, select->target_list[0]->res_target->val, NULL);
}
