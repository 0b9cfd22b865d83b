/*
 * DO and functions: the statements of a PL/pgSQL block, all of them, whichever would run. What EXECUTE
 * makes up while it runs cannot be seen from here: then the block is not analysed.
 */
#include "ddl/ddl_private.h"

#include <jansson.h>
#include <pg_query.h>
#include <string.h>

enum { BODY_DEPTH = 2000, BLOCK_DEPTH = 4, JSON_DEPTH = 200 };

/* `variables`: SELECT … INTO fills some, and makes no table. */
static void judge_inner(struct ddl_judge *inner, PgQuery__Node *node, bool variables)
{
    PgQuery__IntoClause *into = NULL;

    if (variables && node->node_case == PG_QUERY__NODE__NODE_SELECT_STMT) {
        into = node->select_stmt->into_clause;
        node->select_stmt->into_clause = NULL;
    }
    ddl_judge_node(inner, node);
    if (into != NULL)
        node->select_stmt->into_clause = into;
}

static void judge_text(struct ddl_judge *judge, const char *text, bool variables)
{
    AUTO(sql_parse) parse = sql_parse_new(text, strlen(text));
    struct ddl_judge inner = *judge;
    guint before = judge->out->acts->len;

    if (parse->tree == NULL || judge->depth >= BLOCK_DEPTH) {
        judge->out->analysed = false;
        return;
    }
    inner.parse = parse;
    inner.text = text;
    inner.end = strlen(text);
    inner.depth++;
    for (size_t i = 0; i < parse->tree->n_stmts; i++)
        if (parse->tree->stmts[i]->stmt != NULL)
            judge_inner(&inner, parse->tree->stmts[i]->stmt, variables);
    judge->floor = MAX(judge->floor, inner.floor);
    /* places in the inner text mean nothing to the reader of the outer one */
    for (guint i = before; i < judge->out->acts->len; i++)
        ((struct ddl_act *) judge->out->acts->pdata[i])->at = judge->at;
}

static const char *query_of(const json_t *statement, const char *member)
{
    const json_t *expression =
        json_object_get(json_object_get(statement, member), "PLpgSQL_expr");

    return json_string_value(json_object_get(expression, "query"));
}

/* format('…%I…', …): what is put in is not known, so a name that nothing has stands for it. */
static void spell_format(GString *text, const char *format)
{
    for (const char *at = format; *at != '\0'; at++) {
        if (*at != '%') {
            g_string_append_c(text, *at);
            continue;
        }
        at++;
        at += strspn(at, "0123456789$-*");
        if (*at == '%')
            g_string_append_c(text, '%');
        else
            g_string_append(text, *at == 'L' ? "'?'" : "\"?\"");
        if (*at == '\0')
            break;
    }
}

/* The text that an expression gives, as far as it stands there; false: not all of it does. */
static bool spell(GString *text, const PgQuery__Node *expression)
{
    g_autofree char *constant = ddl_constant_of(expression);
    const char *space, *name;

    if (constant != NULL) {
        g_string_append(text, constant);
        return true;
    }
    if (expression->node_case == PG_QUERY__NODE__NODE_A_EXPR &&
        expression->a_expr->n_name == 1 && expression->a_expr->lexpr != NULL &&
        expression->a_expr->rexpr != NULL &&
        g_strcmp0(ddl_string(expression->a_expr->name[0]), "||") == 0) {
        bool left = spell(text, expression->a_expr->lexpr);
        bool right = spell(text, expression->a_expr->rexpr);
        return left && right;
    }
    if (expression->node_case == PG_QUERY__NODE__NODE_FUNC_CALL &&
        ddl_qualified(expression->func_call->funcname, expression->func_call->n_funcname,
                      &space, &name) &&
        strcmp(name, "format") == 0 && expression->func_call->n_args > 0) {
        g_autofree char *format = ddl_constant_of(expression->func_call->args[0]);
        if (format != NULL) {
            spell_format(text, format);
            return expression->func_call->n_args == 1;
        }
    }
    g_string_append(text, "\"?\"");
    return false;
}

static void judge_executed(struct ddl_judge *judge, const char *expression)
{
    g_autofree char *select = g_strconcat("SELECT ", expression, NULL);
    AUTO(sql_parse) parse = sql_parse_new(select, strlen(select));
    const PgQuery__Node *node = parse->node;
    g_autoptr(GString) text = g_string_new(NULL);

    if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_SELECT_STMT ||
        node->select_stmt->n_target_list != 1 ||
        node->select_stmt->target_list[0]->node_case != PG_QUERY__NODE__NODE_RES_TARGET ||
        node->select_stmt->target_list[0]->res_target->val == NULL) {
        judge->out->analysed = false;
    } else if (spell(text, node->select_stmt->target_list[0]->res_target->val)) {
        judge_text(judge, text->str, false);
        return;
    } else {
        judge_text(judge, text->str, false);
    }
    ddl_judge_act(judge, DDL_DYNAMIC, NULL, DDL_LOCK_NONE, DDL_EFFECT_NONE)->detail =
        g_strdup(expression);
}

/* PERFORM, IF, := and RETURN: what they call. */
static void judge_expression(struct ddl_judge *judge, const char *query)
{
    const char *assigned = strstr(query, ":=");
    g_autofree char *text =
        g_ascii_strncasecmp(query, "SELECT", 6) == 0
            ? g_strdup(query)
            : g_strconcat("SELECT ", assigned == NULL ? query : assigned + 2, NULL);
    AUTO(sql_parse) parse = sql_parse_new(text, strlen(text));

    if (parse->node != NULL && strchr(query, '(') != NULL)
        judge_text(judge, text, true);
}

static void visit(struct ddl_judge *judge, const json_t *value, guint depth)
{
    const char *key;
    json_t *member;
    size_t i;

    if (depth > JSON_DEPTH)
        return;
    if (json_is_array(value))
        json_array_foreach(value, i, member) visit(judge, member, depth + 1);
    if (!json_is_object(value))
        return;
    json_object_foreach((json_t *) (gpointer) (gsize) value, key, member)
    {
        const char *query;
        if (strcmp(key, "PLpgSQL_stmt_execsql") == 0 &&
            (query = query_of(member, "sqlstmt")) != NULL) {
            judge_text(judge, query, true);
        } else if (strcmp(key, "PLpgSQL_stmt_dynexecute") == 0 &&
                   (query = query_of(member, "query")) != NULL) {
            judge_executed(judge, query);
        } else if (strcmp(key, "PLpgSQL_expr") == 0 &&
                   (query = json_string_value(json_object_get(member, "query"))) != NULL) {
            judge_expression(judge, query);
        } else if (strcmp(key, "PLpgSQL_stmt_commit") == 0 ||
                   strcmp(key, "PLpgSQL_stmt_rollback") == 0) {
            judge->out->no_transaction = true;
        } else {
            visit(judge, member, depth + 1);
        }
    }
}

static const char *body_of(const PgQuery__DoStmt *statement)
{
    const PgQuery__DefElem *as = ddl_option(statement->args, statement->n_args, "as");
    const PgQuery__DefElem *language =
        ddl_option(statement->args, statement->n_args, "language");
    const char *word = language == NULL ? "plpgsql" : ddl_string(language->arg);

    if (as == NULL || word == NULL || g_ascii_strcasecmp(word, "plpgsql") != 0)
        return NULL;
    return ddl_string(as->arg);
}

/* The text is a DO or a CREATE FUNCTION. */
static void judge_plpgsql(struct ddl_judge *judge, const char *text)
{
    PgQueryPlpgsqlParseResult result = pg_query_parse_plpgsql(text);
    json_t *root = result.error == NULL ? json_loads(result.plpgsql_funcs, 0, NULL) : NULL;

    pg_query_free_plpgsql_parse_result(result);
    if (root == NULL) {
        judge->out->analysed = false;
        return;
    }
    visit(judge, root, 0);
    json_decref(root);
}

static void say_opaque(struct ddl_judge *judge, const char *what)
{
    judge->out->analysed = false;
    ddl_judge_act(judge, DDL_DYNAMIC, NULL, DDL_LOCK_NONE, DDL_EFFECT_NONE)->detail =
        g_strdup(what);
}

void ddl_judge_block(struct ddl_judge *judge, const PgQuery__DoStmt *statement)
{
    const char *body = body_of(statement);

    judge->floor = DDL_EFFECT_NONE;
    if (body == NULL || sql_depth(body, strlen(body)) > BODY_DEPTH)
        say_opaque(judge, "DO");
    else
        judge_plpgsql(judge, judge->text);
}

static void judge_definition(struct ddl_judge *judge,
                             const PgQuery__CreateFunctionStmt *statement, const char *text)
{
    const PgQuery__DefElem *as = ddl_option(statement->options, statement->n_options, "as");
    const PgQuery__DefElem *language =
        ddl_option(statement->options, statement->n_options, "language");
    const char *word = language == NULL ? "sql" : ddl_string(language->arg);
    const char *body = NULL;

    if (statement->sql_body != NULL || word == NULL)
        return; /* rows are all that such a body can change */
    if (as != NULL && as->arg != NULL && as->arg->node_case == PG_QUERY__NODE__NODE_LIST &&
        as->arg->list->n_items == 1)
        body = ddl_string(as->arg->list->items[0]);
    bool readable = body != NULL && sql_depth(body, strlen(body)) <= BODY_DEPTH;
    if (readable && g_ascii_strcasecmp(word, "sql") == 0)
        judge_text(judge, body, false);
    else if (readable && g_ascii_strcasecmp(word, "plpgsql") == 0)
        judge_plpgsql(judge, text);
    else
        say_opaque(judge, word);
}

void ddl_judge_function(struct ddl_judge *judge, const char *definition)
{
    AUTO(sql_parse) parse = sql_parse_new(definition, strlen(definition));
    struct ddl_judge inner = *judge;
    guint before = judge->out->acts->len;

    inner.depth++;
    if (parse->node != NULL &&
        parse->node->node_case == PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT)
        judge_definition(&inner, parse->node->create_function_stmt, definition);
    else
        judge->out->analysed = false;
    judge->floor = MAX(judge->floor, inner.floor);
    for (guint i = before; i < judge->out->acts->len; i++)
        ((struct ddl_act *) judge->out->acts->pdata[i])->at = judge->at;
}
