/* ALTER TABLE: its commands one by one, and those that only change the catalog. */
#include "ddl/ddl_alter.h"

#include <string.h>

void ddl_alter_lock(struct ddl_alter *alter, enum ddl_lock_mode mode, enum ddl_effect work)
{
    if (alter->below)
        ddl_judge_lock_tree(alter->judge, &alter->target, mode, work);
    else
        ddl_judge_lock(alter->judge, &alter->target, mode, work);
}

struct ddl_act *ddl_alter_act(struct ddl_alter *alter, enum ddl_cause cause,
                              enum ddl_lock_mode mode, enum ddl_effect work)
{
    return ddl_judge_act(alter->judge, cause, &alter->target, mode, work);
}

GPtrArray *ddl_alter_tree(const struct ddl_alter *alter)
{
    if (alter->target.relation == NULL)
        return g_ptr_array_new();
    return ddl_tree_of(alter->judge->schema, alter->target.relation, alter->below);
}

/* ---- storage ------------------------------------------------------------------------------- */

static void set_logged(struct ddl_alter *alter, bool unlogged)
{
    struct ddl_relation *relation = alter->target.relation;
    bool same = relation != NULL && relation->unlogged == unlogged;
    enum ddl_effect work = same ? DDL_EFFECT_METADATA : DDL_EFFECT_REWRITE;

    ddl_judge_lock(alter->judge, &alter->target, DDL_ACCESS_EXCLUSIVE, work);
    if (same)
        return;
    struct ddl_act *act = ddl_alter_act(alter, DDL_SET_LOGGED, DDL_ACCESS_EXCLUSIVE, work);
    act->detail = g_strdup(unlogged ? "UNLOGGED" : "LOGGED");
    if (relation != NULL)
        relation->unlogged = unlogged;
}

static void set_text(char **text, const char *value)
{
    g_free(*text);
    *text = g_strdup(value);
}

/* What is there already stays where it is. */
static void set_place(struct ddl_alter *alter, enum ddl_cause cause, const char *name,
                      const char *usual, bool access_method)
{
    struct ddl_relation *relation = alter->target.relation;
    const char *now =
        relation == NULL ? NULL : (access_method ? relation->method : relation->tablespace);
    bool same = relation != NULL && g_strcmp0(now == NULL ? usual : now, name) == 0;
    enum ddl_effect work = same ? DDL_EFFECT_METADATA : DDL_EFFECT_REWRITE;

    ddl_judge_lock(alter->judge, &alter->target, DDL_ACCESS_EXCLUSIVE, work);
    if (same)
        return;
    struct ddl_act *act = ddl_alter_act(alter, cause, DDL_ACCESS_EXCLUSIVE, work);
    act->detail = g_strdup(name);
    if (relation == NULL) {
        ddl_act_assume(act, "\"%s\" is not there already", alter->target.name);
        return;
    }
    set_text(access_method ? &relation->method : &relation->tablespace, name);
}

/* ---- options ------------------------------------------------------------------------------- */

/* Most reloptions of a table are set under SHARE UPDATE EXCLUSIVE. */
static enum ddl_lock_mode options_mode(const PgQuery__Node *list, bool index)
{
    if (list == NULL || list->node_case != PG_QUERY__NODE__NODE_LIST)
        return DDL_ACCESS_EXCLUSIVE;
    for (size_t i = 0; i < list->list->n_items; i++) {
        const PgQuery__Node *item = list->list->items[i];
        const char *name =
            item->node_case == PG_QUERY__NODE__NODE_DEF_ELEM ? item->def_elem->defname : "";
        if (strcmp(name, "user_catalog_table") == 0 || strcmp(name, "security_barrier") == 0 ||
            strcmp(name, "check_option") == 0 || strcmp(name, "security_invoker") == 0)
            return DDL_ACCESS_EXCLUSIVE;
        if (index && strcmp(name, "fillfactor") != 0 && strcmp(name, "deduplicate_items") != 0)
            return DDL_ACCESS_EXCLUSIVE;
    }
    return DDL_SHARE_UPDATE_EXCLUSIVE;
}

static void set_index_options(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command)
{
    ddl_judge_lock(alter->judge, &alter->target, options_mode(command->def, true),
                   DDL_EFFECT_METADATA);
}

/* ---- commands ------------------------------------------------------------------------------ */

#define AT(name) PG_QUERY__ALTER_TABLE_TYPE__AT_##name

/* The lock of those that only change the catalog. */
static enum ddl_lock_mode plain_mode(const PgQuery__AlterTableCmd *command)
{
    switch ((int) command->subtype) {
    case AT(SetStatistics):
    case AT(SetOptions):
    case AT(ResetOptions):
    case AT(ClusterOn):
    case AT(DropCluster):
        return DDL_SHARE_UPDATE_EXCLUSIVE;
    case AT(SetRelOptions):
    case AT(ResetRelOptions):
    case AT(ReplaceRelOptions):
        return options_mode(command->def, false);
    case AT(EnableTrig):
    case AT(EnableAlwaysTrig):
    case AT(EnableReplicaTrig):
    case AT(DisableTrig):
    case AT(EnableTrigAll):
    case AT(DisableTrigAll):
    case AT(EnableTrigUser):
    case AT(DisableTrigUser):
        return DDL_SHARE_ROW_EXCLUSIVE;
    default:
        return DDL_ACCESS_EXCLUSIVE;
    }
}

/* Which of them are done on partitions and children, too. */
static bool recurses(const PgQuery__AlterTableCmd *command)
{
    switch ((int) command->subtype) {
    case AT(DropNotNull):
    case AT(SetStatistics):
    case AT(SetStorage):
    case AT(ColumnDefault):
    case AT(DropExpression):
    case AT(SetCompression):
        return true;
    default:
        return false;
    }
}

static void judge_plain(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command)
{
    enum ddl_lock_mode mode = plain_mode(command);
    g_autoptr(GPtrArray) tree = ddl_alter_tree(alter);

    if (recurses(command))
        ddl_alter_lock(alter, mode, DDL_EFFECT_METADATA);
    else
        ddl_judge_lock(alter->judge, &alter->target, mode, DDL_EFFECT_METADATA);
    if (command->subtype == AT(DropNotNull)) {
        struct ddl_act *act =
            ddl_alter_act(alter, DDL_DROP_NOT_NULL, mode, DDL_EFFECT_METADATA);
        act->column = g_strdup(command->name);
    }
    if (alter->target.relation != NULL &&
        (command->subtype == AT(ClusterOn) || command->subtype == AT(DropCluster)))
        alter->target.relation->clustered = command->subtype == AT(ClusterOn);
    for (guint i = 0; i < tree->len; i++) {
        struct ddl_column *column = ddl_column_find(tree->pdata[i], command->name);
        if (column != NULL && command->subtype == AT(DropNotNull))
            column->not_null = false;
        if (column != NULL && command->subtype == AT(DropExpression))
            column->generated = false;
        if (column != NULL && command->subtype == AT(AddIdentity))
            column->identity = true;
    }
}

static bool judge_column_or_constraint(struct ddl_alter *alter,
                                       const PgQuery__AlterTableCmd *command)
{
    switch ((int) command->subtype) {
    case AT(AddColumn):
        ddl_alter_add_column(alter, command);
        return true;
    case AT(DropColumn):
        ddl_alter_drop_column(alter, command);
        return true;
    case AT(ColumnDefault):
        ddl_alter_default(alter, command);
        return true;
    case AT(SetNotNull):
        ddl_alter_set_not_null(alter, command);
        return true;
    case AT(AlterColumnType):
        ddl_alter_column_type(alter, command);
        return true;
    case AT(AddConstraint):
        ddl_alter_add_constraint(alter, command);
        return true;
    case AT(AlterConstraint):
        ddl_alter_constraint(alter, command);
        return true;
    case AT(ValidateConstraint):
        ddl_alter_validate(alter, command);
        return true;
    case AT(DropConstraint):
        ddl_alter_drop_constraint(alter, command);
        return true;
    default:
        return false;
    }
}

void ddl_alter_command(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command)
{
    if (judge_column_or_constraint(alter, command))
        return;
    switch ((int) command->subtype) {
    case AT(SetLogged):
        set_logged(alter, false);
        break;
    case AT(SetUnLogged):
        set_logged(alter, true);
        break;
    case AT(SetTableSpace):
        set_place(alter, DDL_SET_TABLESPACE, command->name, "pg_default", false);
        break;
    case AT(SetAccessMethod):
        set_place(alter, DDL_SET_ACCESS_METHOD, command->name, "heap", true);
        break;
    case AT(AttachPartition):
        ddl_alter_attach(alter, command->def->partition_cmd);
        break;
    case AT(DetachPartition):
    case AT(DetachPartitionFinalize):
        ddl_alter_detach(alter, command->def->partition_cmd);
        break;
    case AT(AddInherit):
    case AT(DropInherit):
        ddl_alter_inherit(alter, command);
        break;
    default:
        judge_plain(alter, command);
        break;
    }
}

static void set_index_place(struct ddl_alter *alter, const char *name, struct ddl_index *index)
{
    const char *now =
        index == NULL || index->tablespace == NULL ? "pg_default" : index->tablespace;
    bool same = index != NULL && g_strcmp0(now, name) == 0;
    enum ddl_effect work = same ? DDL_EFFECT_METADATA : DDL_EFFECT_REWRITE;

    ddl_judge_lock(alter->judge, &alter->target, DDL_ACCESS_EXCLUSIVE, work);
    if (same)
        return;
    struct ddl_act *act = ddl_alter_act(alter, DDL_SET_TABLESPACE, DDL_ACCESS_EXCLUSIVE, work);
    act->index = g_strdup(alter->target.name);
    act->detail = g_strdup(name);
    if (index != NULL)
        set_text(&index->tablespace, name);
}

/* ALTER INDEX … ATTACH PARTITION, SET (…), SET TABLESPACE, ALTER COLUMN SET STATISTICS. */
static void judge_index_command(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command)
{
    struct ddl_relation *owner = NULL;
    struct ddl_index *index =
        ddl_index_find(alter->judge->schema, alter->target.schema, alter->target.name, &owner);

    if (index != NULL)
        alter->target.schema = index->schema;
    switch ((int) command->subtype) {
    case AT(SetRelOptions):
    case AT(ResetRelOptions):
        set_index_options(alter, command);
        break;
    case AT(SetTableSpace):
        set_index_place(alter, command->name, index);
        break;
    case AT(AttachPartition): {
        struct ddl_target child =
            ddl_target_of(alter->judge, command->def->partition_cmd->name);
        ddl_judge_lock(alter->judge, &child, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
        ddl_judge_lock(alter->judge, &alter->target, DDL_SHARE_UPDATE_EXCLUSIVE,
                       DDL_EFFECT_METADATA);
        break;
    }
    default:
        ddl_judge_lock(alter->judge, &alter->target, DDL_SHARE_UPDATE_EXCLUSIVE,
                       DDL_EFFECT_METADATA);
        break;
    }
}

/* A foreign key of a new column is checked where any command of the statement gives rows a value in
 * it, or adds a foreign key by itself. */
static bool checks_new_keys(const PgQuery__AlterTableStmt *statement)
{
    for (size_t i = 0; i < statement->n_cmds; i++) {
        const PgQuery__AlterTableCmd *command = statement->cmds[i]->alter_table_cmd;
        const PgQuery__Node *def = command->def;
        if (def == NULL)
            continue;
        if (def->node_case == PG_QUERY__NODE__NODE_CONSTRAINT &&
            def->constraint->contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN)
            return true;
        for (size_t n = 0; command->subtype == AT(AddColumn) &&
                           def->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF &&
                           n < def->column_def->n_constraints;
             n++) {
            const PgQuery__Node *part = def->column_def->constraints[n];
            int type = part->node_case == PG_QUERY__NODE__NODE_CONSTRAINT
                           ? (int) part->constraint->contype
                           : 0;
            if (type == PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT ||
                type == PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED)
                return true;
        }
    }
    return false;
}

/* Nothing of that name is there: with IF EXISTS nothing happens. */
static bool absent(const struct ddl_judge *judge, const PgQuery__AlterTableStmt *statement,
                   const struct ddl_target *target)
{
    struct ddl_relation *owner;

    if (target->relation != NULL || !judge->schema->known)
        return false;
    return statement->objtype != PG_QUERY__OBJECT_TYPE__OBJECT_INDEX ||
           ddl_index_find(judge->schema, target->schema, target->name, &owner) == NULL;
}

static void judge_alter(struct ddl_judge *judge, const PgQuery__AlterTableStmt *statement)
{
    struct ddl_alter alter = {.judge = judge,
                              .target = ddl_target_of(judge, statement->relation),
                              .below = statement->relation->inh,
                              .checks_new_keys = checks_new_keys(statement),
                              .statement = statement};
    g_autofree gsize *places = g_new0(gsize, statement->n_cmds + 1);

    judge->floor = DDL_EFFECT_METADATA;
    if (statement->missing_ok && absent(judge, statement, &alter.target))
        return;
    ddl_commands_at(judge->text, statement->relation, statement->n_cmds, places);
    places[statement->n_cmds] = strlen(judge->text);
    for (size_t i = 0; i < statement->n_cmds; i++) {
        if (statement->cmds[i]->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_CMD)
            continue;
        judge->at = places[i];
        judge->end = places[i + 1];
        if (statement->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_INDEX)
            judge_index_command(&alter, statement->cmds[i]->alter_table_cmd);
        else
            ddl_alter_command(&alter, statement->cmds[i]->alter_table_cmd);
    }
    judge->end = places[statement->n_cmds];
}

bool ddl_judge_alter(struct ddl_judge *judge, const PgQuery__Node *node)
{
    if (node->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT)
        return false;
    if (node->alter_table_stmt->objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TYPE)
        return false;
    judge_alter(judge, node->alter_table_stmt);
    return true;
}
