/* Types, domains, enums, functions: what they are, and the tables that a change of them reaches. */
#include "ddl/ddl_alter.h"

#include <string.h>

/* ---- domains ------------------------------------------------------------------------------- */

static void create_domain(struct ddl_judge *judge, const PgQuery__CreateDomainStmt *statement)
{
    const char *space, *name;
    bool serial;

    if (!ddl_qualified(statement->domainname, statement->n_domainname, &space, &name))
        return;
    struct ddl_domain *domain = ddl_domain_add(judge->schema, space, name);
    domain->volatile_default = DDL_NO;
    ddl_type_of(judge->schema, statement->type_name, &domain->base, &serial);
    for (size_t i = 0; i < statement->n_constraints; i++) {
        const PgQuery__Node *node = statement->constraints[i];
        int type = node->node_case == PG_QUERY__NODE__NODE_CONSTRAINT
                       ? (int) node->constraint->contype
                       : 0;
        domain->constrained =
            domain->constrained || type == PG_QUERY__CONSTR_TYPE__CONSTR_CHECK;
        domain->not_null = domain->not_null || type == PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL;
        if (type != PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT)
            continue;
        domain->has_default = true;
        domain->volatile_default =
            ddl_volatile(judge->schema, node->constraint->raw_expr, NULL);
    }
}

/* The type is the domain, or one made of it. */
static bool is_of_domain(const struct ddl_schema *schema, const struct ddl_type *type,
                         const struct ddl_domain *domain)
{
    const struct ddl_type *at = type;

    for (int depth = 0; depth < 8; depth++) {
        const struct ddl_domain *one =
            at->name == NULL ? NULL : ddl_domain_find(schema, at->schema, at->name);
        if (one == NULL)
            return false;
        if (one == domain)
            return true;
        at = &one->base;
    }
    return false;
}

static void scan_users(struct ddl_judge *judge, const struct ddl_domain *domain,
                       enum ddl_lock_mode mode, const char *constraint)
{
    for (guint i = 0; i < judge->schema->relations->len; i++) {
        struct ddl_relation *relation = judge->schema->relations->pdata[i];
        struct ddl_target target = ddl_target_relation(relation);
        for (guint n = 0; n < relation->columns->len; n++) {
            const struct ddl_column *column = relation->columns->pdata[n];
            if (column->dropped || !ddl_has_rows(relation) ||
                !is_of_domain(judge->schema, &column->type, domain))
                continue;
            ddl_judge_lock(judge, &target, mode, DDL_EFFECT_SCAN);
            if (ddl_target_fresh(&target))
                continue;
            struct ddl_act *act =
                ddl_judge_act(judge, DDL_ALTER_DOMAIN_SCAN, &target, mode, DDL_EFFECT_SCAN);
            act->column = g_strdup(column->name);
            act->constraint = g_strdup(constraint);
            act->detail = g_strdup(domain->name);
        }
    }
}

static void scan_unknown_users(struct ddl_judge *judge, const char *name,
                               enum ddl_lock_mode mode, const char *constraint)
{
    struct ddl_act *act =
        ddl_judge_act(judge, DDL_ALTER_DOMAIN_SCAN, NULL, mode, DDL_EFFECT_SCAN);

    act->detail = g_strdup(name);
    act->constraint = g_strdup(constraint);
    ddl_act_assume(act, "a table has a column of the domain \"%s\"", name);
    ddl_judge_lock_unknown(judge, mode, DDL_EFFECT_SCAN);
}

static void alter_domain(struct ddl_judge *judge, const PgQuery__AlterDomainStmt *statement)
{
    const char *space, *name, *constraint = ddl_said(statement->name);
    char kind = statement->subtype[0];
    bool valid = true;

    judge->floor = DDL_EFFECT_METADATA;
    if (!ddl_qualified(statement->type_name, statement->n_type_name, &space, &name))
        return;
    struct ddl_domain *domain = ddl_domain_find(judge->schema, space, name);
    if (kind == 'C' && statement->def != NULL &&
        statement->def->node_case == PG_QUERY__NODE__NODE_CONSTRAINT) {
        valid = !statement->def->constraint->skip_validation;
        constraint = ddl_said(statement->def->constraint->conname);
        if (domain != NULL)
            domain->constrained = true;
    } else if (kind == 'O') {
        valid = domain == NULL || !domain->not_null;
        if (domain != NULL)
            domain->not_null = true;
    } else if (kind == 'N') {
        if (domain != NULL)
            domain->not_null = false;
        return;
    } else if (kind == 'T') {
        if (domain != NULL)
            domain->volatile_default = ddl_volatile(judge->schema, statement->def, NULL);
        return;
    } else if (kind != 'V') {
        return;
    }
    if (valid && domain != NULL)
        scan_users(judge, domain, DDL_SHARE, constraint);
    else if (valid)
        scan_unknown_users(judge, name, DDL_SHARE, constraint);
}

/* ---- functions ----------------------------------------------------------------------------- */

static const char *option_text(const PgQuery__CreateFunctionStmt *statement, const char *name)
{
    const PgQuery__DefElem *option = ddl_option(statement->options, statement->n_options, name);

    return option == NULL ? NULL : ddl_string(option->arg);
}

static enum ddl_truth body_volatile(const struct ddl_judge *judge,
                                    const PgQuery__CreateFunctionStmt *statement)
{
    const PgQuery__DefElem *as = ddl_option(statement->options, statement->n_options, "as");
    const char *language = option_text(statement, "language");
    const char *body = NULL;

    if (ddl_option(statement->options, statement->n_options, "security") != NULL ||
        ddl_option(statement->options, statement->n_options, "set") != NULL)
        return DDL_YES;
    if (statement->sql_body != NULL)
        return statement->sql_body->node_case == PG_QUERY__NODE__NODE_RETURN_STMT
                   ? ddl_volatile(judge->schema, statement->sql_body->return_stmt->returnval,
                                  NULL)
                   : DDL_YES;
    if (language == NULL || g_ascii_strcasecmp(language, "sql") != 0 || as == NULL ||
        as->arg == NULL || as->arg->node_case != PG_QUERY__NODE__NODE_LIST ||
        as->arg->list->n_items == 0)
        return DDL_YES;
    body = ddl_string(as->arg->list->items[0]);
    return body == NULL ? DDL_YES : ddl_volatile_body(judge->schema, body);
}

static void create_function(struct ddl_judge *judge,
                            const PgQuery__CreateFunctionStmt *statement)
{
    const char *space, *name, *declared = option_text(statement, "volatility");
    enum ddl_truth is_volatile = DDL_NO;

    if (!ddl_qualified(statement->funcname, statement->n_funcname, &space, &name))
        return;
    if (declared == NULL || strcmp(declared, "volatile") == 0)
        is_volatile = body_volatile(judge, statement);
    if (statement->replace)
        g_hash_table_remove(judge->schema->functions, name);
    ddl_function_add(judge->schema, name, is_volatile,
                     declared == NULL || strcmp(declared, "volatile") == 0 ? judge->text
                                                                           : NULL);
}

static void alter_function(struct ddl_judge *judge, const PgQuery__AlterFunctionStmt *statement)
{
    const PgQuery__DefElem *option =
        ddl_option(statement->actions, statement->n_actions, "volatility");
    const char *space, *name, *word = option == NULL ? NULL : ddl_string(option->arg);

    if (word == NULL || statement->func == NULL ||
        !ddl_qualified(statement->func->objname, statement->func->n_objname, &space, &name))
        return;
    g_hash_table_remove(judge->schema->functions, name);
    ddl_function_add(judge->schema, name, strcmp(word, "volatile") == 0 ? DDL_YES : DDL_NO,
                     NULL);
}

/* ---- composite types ------------------------------------------------------------------------ */

/* Tables of the type follow it. */
static void alter_composite(struct ddl_judge *judge, const PgQuery__AlterTableStmt *statement)
{
    const char *name = statement->relation->relname;

    judge->floor = DDL_EFFECT_METADATA;
    for (guint i = 0; i < judge->schema->relations->len; i++) {
        struct ddl_relation *relation = judge->schema->relations->pdata[i];
        struct ddl_alter alter = {.judge = judge,
                                  .target = ddl_target_relation(relation),
                                  .below = true,
                                  .statement = statement};
        if (g_strcmp0(relation->of_type, name) != 0)
            continue;
        for (size_t n = 0; n < statement->n_cmds; n++)
            if (statement->cmds[n]->node_case == PG_QUERY__NODE__NODE_ALTER_TABLE_CMD)
                ddl_alter_command(&alter, statement->cmds[n]->alter_table_cmd);
    }
}

static void composite_columns(struct ddl_judge *judge,
                              const PgQuery__CompositeTypeStmt *statement)
{
    struct ddl_relation *type =
        ddl_schema_add(judge->schema, ddl_said(statement->typevar->schemaname),
                       statement->typevar->relname, 'c');

    type->created_here = true;
    for (size_t i = 0; i < statement->n_coldeflist; i++)
        if (statement->coldeflist[i]->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF)
            ddl_play_column(judge, type, statement->coldeflist[i]->column_def);
    ddl_type_add(judge->schema, type->schema, type->name, 'c');
}

/* ---- all ------------------------------------------------------------------------------------- */

static void add_type(struct ddl_judge *judge, PgQuery__Node *const *names, size_t count,
                     char kind)
{
    const char *space, *name;

    if (ddl_qualified(names, count, &space, &name))
        ddl_type_add(judge->schema, space, name, kind)->created_here = true;
}

static void alter_enum(struct ddl_judge *judge, const PgQuery__AlterEnumStmt *statement)
{
    const char *space, *name;
    const struct ddl_usertype *type = NULL;

    if (ddl_qualified(statement->type_name, statement->n_type_name, &space, &name))
        type = ddl_usertype_find(judge->schema, space, name);
    if (ddl_said(statement->new_val) != NULL && ddl_said(statement->old_val) == NULL &&
        (type == NULL || !type->created_here))
        g_ptr_array_add(judge->schema->new_values, g_strdup(statement->new_val));
}

bool ddl_judge_type(struct ddl_judge *judge, const PgQuery__Node *node)
{
    switch ((int) node->node_case) {
    case PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT:
        create_domain(judge, node->create_domain_stmt);
        break;
    case PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT:
        alter_domain(judge, node->alter_domain_stmt);
        return true;
    case PG_QUERY__NODE__NODE_CREATE_ENUM_STMT:
        add_type(judge, node->create_enum_stmt->type_name, node->create_enum_stmt->n_type_name,
                 'e');
        break;
    case PG_QUERY__NODE__NODE_CREATE_RANGE_STMT:
        add_type(judge, node->create_range_stmt->type_name,
                 node->create_range_stmt->n_type_name, 'r');
        break;
    case PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT:
        composite_columns(judge, node->composite_type_stmt);
        break;
    case PG_QUERY__NODE__NODE_ALTER_ENUM_STMT:
        alter_enum(judge, node->alter_enum_stmt);
        break;
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT:
        create_function(judge, node->create_function_stmt);
        break;
    case PG_QUERY__NODE__NODE_ALTER_FUNCTION_STMT:
        alter_function(judge, node->alter_function_stmt);
        break;
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT:
        alter_composite(judge, node->alter_table_stmt);
        return true;
    default:
        return false;
    }
    judge->floor = DDL_EFFECT_METADATA;
    return true;
}
