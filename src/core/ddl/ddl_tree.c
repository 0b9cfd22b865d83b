/* Getting at what a parse tree says. */
#include "ddl/ddl_private.h"

#include <string.h>

const char *ddl_said(const char *text)
{
    return text == NULL || *text == '\0' ? NULL : text;
}

const char *ddl_string(const PgQuery__Node *node)
{
    return node != NULL && node->node_case == PG_QUERY__NODE__NODE_STRING ? node->string->sval
                                                                          : NULL;
}

bool ddl_qualified(PgQuery__Node *const *names, gsize count, const char **ret_schema,
                   const char **ret_name)
{
    *ret_schema = NULL;
    if (count == 0 || ddl_string(names[count - 1]) == NULL)
        return false;
    *ret_name = ddl_string(names[count - 1]);
    if (count > 1)
        *ret_schema = ddl_string(names[count - 2]);
    return true;
}

bool ddl_qualified_node(const PgQuery__Node *list, const char **ret_schema,
                        const char **ret_name)
{
    if (list == NULL)
        return false;
    if (list->node_case == PG_QUERY__NODE__NODE_LIST)
        return ddl_qualified(list->list->items, list->list->n_items, ret_schema, ret_name);
    if (list->node_case == PG_QUERY__NODE__NODE_TYPE_NAME)
        return ddl_qualified(list->type_name->names, list->type_name->n_names, ret_schema,
                             ret_name);
    if (list->node_case == PG_QUERY__NODE__NODE_OBJECT_WITH_ARGS)
        return ddl_qualified(list->object_with_args->objname, list->object_with_args->n_objname,
                             ret_schema, ret_name);
    *ret_schema = NULL;
    *ret_name = ddl_string(list);
    return *ret_name != NULL;
}

GPtrArray *ddl_strings(PgQuery__Node *const *names, gsize count)
{
    GPtrArray *strings = g_ptr_array_new_with_free_func(g_free);

    for (gsize i = 0; i < count; i++)
        if (ddl_string(names[i]) != NULL)
            g_ptr_array_add(strings, g_strdup(ddl_string(names[i])));
    return strings;
}

bool ddl_strings_have(const GPtrArray *names, const char *name)
{
    for (guint i = 0; names != NULL && i < names->len; i++)
        if (g_strcmp0(names->pdata[i], name) == 0)
            return true;
    return false;
}

bool ddl_strings_equal(const GPtrArray *one, const GPtrArray *other)
{
    if (one->len != other->len)
        return false;
    for (guint i = 0; i < one->len; i++)
        if (one->pdata[i] == NULL || g_strcmp0(one->pdata[i], other->pdata[i]) != 0)
            return false;
    return true;
}

const char *ddl_made_in(const PgQuery__RangeVar *range)
{
    return g_strcmp0(range->relpersistence, "t") == 0 ? "pg_temp" : ddl_said(range->schemaname);
}

/* ---- walking ------------------------------------------------------------------------------- */

static const ProtobufCMessage *part_of(const char *message,
                                       const ProtobufCFieldDescriptor *field)
{
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
        *(const uint32_t *) (const void *) (message + field->quantifier_offset) != field->id)
        return NULL;
    return *(const ProtobufCMessage *const *) (const void *) (message + field->offset);
}

void ddl_walk(const ProtobufCMessage *message,
              bool (*visit)(const ProtobufCMessage *message, gpointer data), gpointer data)
{
    if (message == NULL || !visit(message, data))
        return;
    const char *bytes = (const char *) message;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            ddl_walk(part_of(bytes, field), visit, data);
            continue;
        }
        size_t count = *(const size_t *) (const void *) (bytes + field->quantifier_offset);
        ProtobufCMessage **parts =
            *(ProtobufCMessage * *const *) (const void *) (bytes + field->offset);
        for (size_t n = 0; n < count; n++)
            ddl_walk(parts[n], visit, data);
    }
}

static bool note_column(const ProtobufCMessage *message, gpointer data)
{
    if (message->descriptor == &pg_query__column_ref__descriptor) {
        const PgQuery__ColumnRef *reference = (const PgQuery__ColumnRef *) message;
        const char *schema, *name;
        if (ddl_qualified(reference->fields, reference->n_fields, &schema, &name) &&
            !ddl_strings_have(data, name))
            g_ptr_array_add(data, g_strdup(name));
    }
    return true;
}

GPtrArray *ddl_columns_of(const PgQuery__Node *expression)
{
    GPtrArray *columns = g_ptr_array_new_with_free_func(g_free);

    if (expression != NULL)
        ddl_walk(&expression->base, note_column, columns);
    return columns;
}

const char *ddl_column_of(const PgQuery__Node *expression)
{
    const char *schema, *name;

    if (expression != NULL && expression->node_case == PG_QUERY__NODE__NODE_COLUMN_REF &&
        ddl_qualified(expression->column_ref->fields, expression->column_ref->n_fields, &schema,
                      &name))
        return name;
    return NULL;
}

/* ---- constants ----------------------------------------------------------------------------- */

static const PgQuery__AConst *constant_in(const PgQuery__Node *expression)
{
    while (expression != NULL && expression->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        expression = expression->type_cast->arg;
    return expression != NULL && expression->node_case == PG_QUERY__NODE__NODE_A_CONST
               ? expression->a_const
               : NULL;
}

bool ddl_is_null_constant(const PgQuery__Node *expression)
{
    const PgQuery__AConst *constant = constant_in(expression);

    return constant != NULL && constant->isnull;
}

static char *negative_of(const PgQuery__Node *expression)
{
    if (expression->node_case != PG_QUERY__NODE__NODE_A_EXPR ||
        expression->a_expr->lexpr != NULL || expression->a_expr->n_name != 1 ||
        g_strcmp0(ddl_string(expression->a_expr->name[0]), "-") != 0)
        return NULL;
    g_autofree char *positive = ddl_constant_of(expression->a_expr->rexpr);
    return positive == NULL ? NULL : g_strconcat("-", positive, NULL);
}

char *ddl_constant_of(const PgQuery__Node *expression)
{
    const PgQuery__AConst *constant = constant_in(expression);

    while (expression != NULL && expression->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        expression = expression->type_cast->arg;
    if (constant == NULL)
        return expression == NULL ? NULL : negative_of(expression);
    switch (constant->isnull ? PG_QUERY__A__CONST__VAL__NOT_SET : constant->val_case) {
    case PG_QUERY__A__CONST__VAL_IVAL:
        return g_strdup_printf("%d", constant->ival->ival);
    case PG_QUERY__A__CONST__VAL_FVAL:
        return g_strdup(constant->fval->fval);
    case PG_QUERY__A__CONST__VAL_BOOLVAL:
        return g_strdup(constant->boolval->boolval ? "true" : "false");
    case PG_QUERY__A__CONST__VAL_SVAL:
        return g_strdup(constant->sval->sval);
    case PG_QUERY__A__CONST__VAL_BSVAL:
    case PG_QUERY__A__CONST__VAL__NOT_SET:
    default:
        return NULL;
    }
}

const PgQuery__DefElem *ddl_option(PgQuery__Node *const *options, gsize count, const char *name)
{
    for (gsize i = 0; i < count; i++)
        if (options[i]->node_case == PG_QUERY__NODE__NODE_DEF_ELEM &&
            g_ascii_strcasecmp(options[i]->def_elem->defname, name) == 0)
            return options[i]->def_elem;
    return NULL;
}

bool ddl_option_on(const PgQuery__DefElem *option)
{
    static const char *const off[] = {"false", "off", "0", "no", "f", "n"};
    const PgQuery__Node *value = option == NULL ? NULL : option->arg;

    if (option == NULL)
        return false;
    if (value == NULL)
        return true;
    if (value->node_case == PG_QUERY__NODE__NODE_INTEGER)
        return value->integer->ival != 0;
    if (value->node_case == PG_QUERY__NODE__NODE_BOOLEAN)
        return value->boolean->boolval;
    const char *word = ddl_string(value);
    for (gsize i = 0; word != NULL && i < G_N_ELEMENTS(off); i++)
        if (g_ascii_strcasecmp(word, off[i]) == 0)
            return false;
    return true;
}

/* ---- places -------------------------------------------------------------------------------- */

static gsize past_blanks(const char *text, gsize length, gsize at)
{
    while (at < length) {
        bool comment = false;
        if (g_ascii_isspace(text[at])) {
            at++;
            continue;
        }
        gsize end = sql_token_past(text, length, at, &comment);
        if (!comment)
            return at;
        at = end;
    }
    return length;
}

/* The tree has no place for a command: it is what stands after the relation's name (which may
 * have dots and a star), or after a comma outside of parentheses. */
void ddl_commands_at(const char *text, const PgQuery__RangeVar *relation, gsize count,
                     gsize *ret_at)
{
    gsize length = strlen(text), at = (gsize) MAX(relation->location, 0), found = 0;
    int depth = 0;
    bool name = true, comment;

    for (gsize i = 0; i < count; i++)
        ret_at[i] = MIN(at, length);
    at = MIN(at, length);
    while (found < count && (at = past_blanks(text, length, at)) < length) {
        if (name && text[at] != '.' && text[at] != '*') {
            gsize dot = past_blanks(text, length, sql_token_past(text, length, at, &comment));
            bool more = dot < length && (text[dot] == '.' || text[dot] == '*');
            at = more ? dot : sql_token_past(text, length, at, &comment);
            if (!more) {
                name = false;
                ret_at[found++] = past_blanks(text, length, at);
            }
            continue;
        }
        if (name && text[at] == '*') {
            name = false;
            ret_at[found++] = past_blanks(text, length, at + 1);
            at++;
            continue;
        }
        depth += text[at] == '(';
        depth -= text[at] == ')';
        bool ends = text[at] == ',' && depth == 0;
        at = sql_token_past(text, length, at, &comment);
        if (ends)
            ret_at[found++] = past_blanks(text, length, at);
    }
}

/* ---- expressions that outlive their statement ---------------------------------------------- */

struct ddl_expression {
    PgQuery__Node *node; /* a copy; NULL: see `parse` */
    char *definition;    /* not parsed yet */
    struct sql_parse *parse;
};

struct ddl_expression *ddl_expression_copy(const PgQuery__Node *node)
{
    struct ddl_expression *expression = g_new0(struct ddl_expression, 1);
    size_t size = pg_query__node__get_packed_size(node);
    g_autofree uint8_t *packed = g_malloc(size + 1);

    pg_query__node__pack(node, packed);
    expression->node = pg_query__node__unpack(NULL, size, packed);
    return expression;
}

struct ddl_expression *ddl_expression_text(const char *definition)
{
    struct ddl_expression *expression = g_new0(struct ddl_expression, 1);

    expression->definition = g_strdup(definition);
    return expression;
}

static const PgQuery__Node *expression_in(const PgQuery__Node *statement)
{
    if (statement == NULL || statement->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT ||
        statement->alter_table_stmt->n_cmds == 0)
        return NULL;
    const PgQuery__Node *command = statement->alter_table_stmt->cmds[0];
    const PgQuery__Node *def = command->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_CMD
                                   ? command->alter_table_cmd->def
                                   : NULL;
    return def != NULL && def->node_case == PG_QUERY__NODE__NODE_CONSTRAINT
               ? def->constraint->raw_expr
               : NULL;
}

const PgQuery__Node *ddl_expression_node(struct ddl_expression *expression)
{
    if (expression == NULL)
        return NULL;
    if (expression->node != NULL)
        return expression->node;
    if (expression->parse == NULL && expression->definition != NULL) {
        g_autofree char *text = g_strconcat("ALTER TABLE t ADD ", expression->definition, NULL);
        expression->parse = sql_parse_new(text, strlen(text));
    }
    return expression->parse == NULL ? NULL : expression_in(expression->parse->node);
}

void ddl_expression_free(struct ddl_expression *expression)
{
    if (expression == NULL)
        return;
    if (expression->node != NULL)
        pg_query__node__free_unpacked(expression->node, NULL);
    g_clear_pointer(&expression->parse, sql_parse_free);
    g_free(expression->definition);
    g_free(expression);
}
