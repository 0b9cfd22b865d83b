/* Partitions and children: attached, detached, inherited from. */
#include "ddl/ddl_alter.h"

/* ---- ATTACH ---------------------------------------------------------------------------------- */

static bool has_like(const struct ddl_relation *relation, const struct ddl_index *index)
{
    for (guint i = 0; i < relation->indexes->len; i++) {
        const struct ddl_index *own = relation->indexes->pdata[i];
        bool constraint = index->constraint == NULL ||
                          (own->constraint != NULL && own->primary == index->primary);
        if (constraint && own->valid && own->unique == index->unique &&
            own->simple == index->simple &&
            (ddl_strings_equal(own->columns, index->columns) ||
             (!index->simple && own->columns->len == index->columns->len)))
            return true;
    }
    return false;
}

/* An index of the parent that the new partition does not have is built on it. */
static bool builds_index(const struct ddl_relation *partition,
                         const struct ddl_relation *parent)
{
    for (guint i = 0; i < parent->indexes->len; i++)
        if (!has_like(partition, parent->indexes->pdata[i]))
            return true;
    return false;
}

static bool has_key(const struct ddl_relation *relation, const struct ddl_constraint *key)
{
    for (guint i = 0; i < relation->constraints->len; i++) {
        const struct ddl_constraint *own = relation->constraints->pdata[i];
        if (own->kind == DDL_FOREIGN_KEY && own->validated &&
            g_strcmp0(own->referenced, key->referenced) == 0 &&
            ddl_strings_equal(own->columns, key->columns))
            return true;
    }
    return false;
}

/* A foreign key of the parent that the partition does not have is checked on it. */
static bool checks_key(struct ddl_alter *alter, const struct ddl_relation *partition)
{
    const struct ddl_relation *parent = alter->target.relation;
    bool checks = false;

    for (guint i = 0; i < parent->constraints->len; i++) {
        const struct ddl_constraint *key = parent->constraints->pdata[i];
        if (key->kind != DDL_FOREIGN_KEY || key->referenced == NULL)
            continue;
        bool one =
            partition != NULL && !has_key(partition, key) && key->validated && key->enforced;
        ddl_alter_lock_referenced(alter, key->referenced_schema, key->referenced,
                                  DDL_SHARE_ROW_EXCLUSIVE,
                                  one ? DDL_EFFECT_SCAN : DDL_EFFECT_METADATA);
        checks = checks || one;
    }
    return checks;
}

static bool attach_scans(struct ddl_alter *alter, const struct ddl_target *partition,
                         const PgQuery__PartitionBoundSpec *bound)
{
    const struct ddl_relation *parent = alter->target.relation;
    bool keys = parent != NULL && checks_key(alter, partition->relation);

    if (parent == NULL || partition->relation == NULL)
        return true;
    /* a first default partition takes everything */
    bool proved = bound != NULL && bound->is_default
                      ? false
                      : ddl_bound_proved(partition->relation, parent, bound);
    if (bound != NULL && bound->is_default) {
        g_autoptr(GPtrArray) others = ddl_children(alter->judge->schema, parent);
        proved = others->len == 0;
    }
    return keys || !proved || builds_index(partition->relation, parent);
}

void ddl_alter_attach(struct ddl_alter *alter, const PgQuery__PartitionCmd *command)
{
    struct ddl_judge *judge = alter->judge;
    struct ddl_target partition = ddl_target_of(judge, command->name);
    bool scans = attach_scans(alter, &partition, command->bound);
    enum ddl_effect work = scans ? DDL_EFFECT_SCAN : DDL_EFFECT_METADATA;

    ddl_judge_lock(judge, &alter->target, DDL_SHARE_UPDATE_EXCLUSIVE, DDL_EFFECT_METADATA);
    ddl_judge_lock_tree(judge, &partition, DDL_ACCESS_EXCLUSIVE, work);
    if (scans && !ddl_target_fresh(&partition)) {
        struct ddl_act *act =
            ddl_judge_act(judge, DDL_ATTACH_PARTITION, &partition, DDL_ACCESS_EXCLUSIVE, work);
        act->detail = g_strdup(alter->target.name);
        if (partition.relation == NULL || alter->target.relation == NULL)
            ddl_act_assume(act, "no validated CHECK of \"%s\" proves the bound",
                           partition.name);
    }
    ddl_judge_default_partition(judge, &alter->target, command->bound, DDL_ATTACH_DEFAULT_SCAN);
    ddl_judge_analyze(judge, &alter->target, NULL);
    if (partition.relation == NULL)
        return;
    struct ddl_relation *relation = partition.relation;
    g_free(relation->parent);
    g_free(relation->parent_schema);
    g_free(relation->bound);
    relation->parent = g_strdup(alter->target.name);
    ddl_point_at(relation, relation->parent);
    relation->parent_schema = g_strdup(
        alter->target.schema == NULL ? ddl_schema_first(judge->schema) : alter->target.schema);
    relation->bound = g_strdup(
        command->bound != NULL && command->bound->is_default ? "DEFAULT" : "FOR VALUES");
}

/* ---- DETACH ---------------------------------------------------------------------------------- */

/* Foreign keys that point at the parent: no row of theirs may mean the partition that goes. */
static bool lock_referencing(struct ddl_alter *alter)
{
    const struct ddl_schema *schema = alter->judge->schema;
    bool any = false;

    bool referenced = alter->target.relation != NULL && ddl_referenced(alter->target.relation);
    for (guint i = 0; referenced && i < schema->relations->len; i++) {
        struct ddl_relation *other = schema->relations->pdata[i];
        for (guint n = 0; n < other->constraints->len; n++) {
            struct ddl_target target = ddl_target_relation(other);
            if (!ddl_refers_to(other->constraints->pdata[n], alter->target.relation))
                continue;
            ddl_judge_lock(alter->judge, &target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_SCAN);
            any = true;
        }
    }
    return any;
}

void ddl_alter_detach(struct ddl_alter *alter, const PgQuery__PartitionCmd *command)
{
    struct ddl_judge *judge = alter->judge;
    struct ddl_target partition = ddl_target_of(judge, command->name);
    struct ddl_relation *other =
        alter->target.relation == NULL
            ? NULL
            : ddl_default_partition(judge->schema, alter->target.relation);
    enum ddl_lock_mode mode =
        command->concurrent ? DDL_SHARE_UPDATE_EXCLUSIVE : DDL_ACCESS_EXCLUSIVE;
    enum ddl_effect work = lock_referencing(alter) ? DDL_EFFECT_SCAN : DDL_EFFECT_METADATA;

    ddl_judge_lock(judge, &alter->target, mode, DDL_EFFECT_METADATA);
    ddl_judge_lock_tree(judge, &partition, DDL_ACCESS_EXCLUSIVE, work);
    if (other != NULL && !command->concurrent) {
        struct ddl_target target = ddl_target_relation(other);
        ddl_judge_lock(judge, &target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    }
    if (command->concurrent) {
        judge->out->no_transaction = true;
        if (judge->context->in_transaction)
            ddl_alter_act(alter, DDL_CONCURRENTLY_IN_TRANSACTION, mode, DDL_EFFECT_METADATA);
    } else if (!ddl_target_fresh(&alter->target)) {
        struct ddl_act *act = ddl_alter_act(alter, DDL_DETACH_PARTITION, mode, work);
        act->detail = g_strdup(partition.name);
    }
    ddl_judge_analyze(judge, &alter->target, NULL);
    if (partition.relation == NULL)
        return;
    g_clear_pointer(&partition.relation->parent, g_free);
    g_clear_pointer(&partition.relation->parent_schema, g_free);
    g_clear_pointer(&partition.relation->bound, g_free);
}

/* ---- INHERIT --------------------------------------------------------------------------------- */

void ddl_alter_inherit(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command)
{
    bool adds = command->subtype == PG_QUERY__ALTER_TABLE_TYPE__AT_AddInherit;
    struct ddl_relation *relation = alter->target.relation;

    ddl_judge_lock(alter->judge, &alter->target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    if (command->def == NULL || command->def->node_case != PG_QUERY__NODE__NODE_RANGE_VAR)
        return;
    struct ddl_target parent = ddl_target_of(alter->judge, command->def->range_var);
    ddl_judge_lock(alter->judge, &parent, adds ? DDL_SHARE_UPDATE_EXCLUSIVE : DDL_ACCESS_SHARE,
                   DDL_EFFECT_METADATA);
    if (relation == NULL)
        return;
    g_clear_pointer(&relation->parent, g_free);
    g_clear_pointer(&relation->parent_schema, g_free);
    if (!adds)
        return;
    relation->parent = g_strdup(parent.name);
    ddl_point_at(relation, relation->parent);
    relation->parent_schema = g_strdup(
        parent.schema == NULL ? ddl_schema_first(alter->judge->schema) : parent.schema);
}
