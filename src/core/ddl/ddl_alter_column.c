/* Columns: added, dropped, NOT NULL, default. */
#include "ddl/ddl_alter.h"

#include <string.h>

/* ---- ADD COLUMN ------------------------------------------------------------------------------ */

struct added {
    struct ddl_alter *alter;
    const PgQuery__ColumnDef *def;
    struct ddl_wish wish;
    enum ddl_effect work;
};

static struct ddl_act *say(struct added *added, enum ddl_cause cause, enum ddl_effect work)
{
    struct ddl_act *act = ddl_alter_act(added->alter, cause, DDL_ACCESS_EXCLUSIVE, work);

    act->column = g_strdup(added->def->colname);
    added->work = MAX(added->work, work);
    return act;
}

static void weigh_default(struct added *added)
{
    const char *function = NULL;
    enum ddl_truth is_volatile =
        ddl_volatile(added->alter->judge->schema, added->wish.value, &function);

    if (is_volatile == DDL_NO)
        return;
    struct ddl_act *act = say(added, DDL_ADD_COLUMN_VOLATILE_DEFAULT, DDL_EFFECT_REWRITE);
    act->detail = g_strdup(function);
    if (is_volatile == DDL_UNKNOWN)
        ddl_act_assume(act,
                       "%s() is volatile, as functions are unless they are declared otherwise",
                       function);
}

static void weigh_value(struct added *added)
{
    const struct ddl_wish *wish = &added->wish;
    enum ddl_truth constrained = ddl_type_constrained(added->alter->judge->schema, &wish->type);

    if (wish->serial)
        say(added, DDL_ADD_COLUMN_SERIAL, DDL_EFFECT_REWRITE)->detail =
            ddl_type_words(&wish->type);
    else if (wish->identity)
        say(added, DDL_ADD_COLUMN_IDENTITY, DDL_EFFECT_REWRITE)->detail =
            ddl_type_words(&wish->type);
    else if (wish->stored)
        say(added, DDL_ADD_COLUMN_STORED, DDL_EFFECT_REWRITE);
    else if (wish->value != NULL)
        weigh_default(added);
    else if (ddl_type_volatile(added->alter->judge->schema, &wish->type) != DDL_NO)
        say(added, DDL_ADD_COLUMN_VOLATILE_DEFAULT, DDL_EFFECT_REWRITE)->detail =
            ddl_type_words(&wish->type);
    if (constrained == DDL_NO)
        return;
    struct ddl_act *act = say(added, DDL_ADD_COLUMN_DOMAIN, DDL_EFFECT_REWRITE);
    act->detail = ddl_type_words(&wish->type);
    if (constrained == DDL_UNKNOWN)
        ddl_act_assume(act, "the type \"%s\" is a domain with a constraint", wish->type.name);
}

static const PgQuery__Constraint *part(const PgQuery__ColumnDef *def, int type)
{
    for (size_t i = 0; i < def->n_constraints; i++)
        if (def->constraints[i]->node_case == PG_QUERY__NODE__NODE_CONSTRAINT &&
            (int) def->constraints[i]->constraint->contype == type)
            return def->constraints[i]->constraint;
    return NULL;
}

static void weigh_foreign_key(struct added *added)
{
    const PgQuery__Constraint *key = added->wish.foreign_key;
    struct ddl_judge *judge = added->alter->judge;
    bool enforced = !ddl_judge_newer(judge, SQL_NEWER_NOT_ENFORCED, judge->at, judge->end);
    bool checked = added->alter->checks_new_keys && enforced;
    enum ddl_effect work = checked ? DDL_EFFECT_SCAN : DDL_EFFECT_METADATA;

    if (key->pktable == NULL)
        return;
    ddl_alter_lock_referenced(added->alter, ddl_said(key->pktable->schemaname),
                              key->pktable->relname, DDL_SHARE_ROW_EXCLUSIVE, work);
    struct ddl_act *act = say(added, DDL_ADD_COLUMN_REFERENCES, work);
    act->constraint = g_strdup(ddl_said(key->conname));
    act->detail = g_strdup(key->pktable->relname);
}

static void weigh_constraints(struct added *added)
{
    const struct ddl_wish *wish = &added->wish;
    struct ddl_judge *judge = added->alter->judge;
    bool no_value = wish->value == NULL || ddl_is_null_constant(wish->value);
    const PgQuery__Constraint *check = part(added->def, PG_QUERY__CONSTR_TYPE__CONSTR_CHECK);

    if (check != NULL && !ddl_judge_newer(judge, SQL_NEWER_NOT_ENFORCED, judge->at, judge->end))
        say(added, DDL_ADD_COLUMN_CHECK, DDL_EFFECT_SCAN)->constraint =
            g_strdup(ddl_said(check->conname));
    if (wish->unique || wish->primary)
        say(added, DDL_ADD_COLUMN_UNIQUE, DDL_EFFECT_SCAN)->detail =
            g_strdup(wish->primary ? "PRIMARY KEY" : "UNIQUE");
    if (wish->foreign_key != NULL)
        weigh_foreign_key(added);
    if (wish->not_null && !wish->serial && !wish->identity && !wish->stored && no_value &&
        !wish->primary)
        say(added, DDL_ADD_COLUMN_NOT_NULL, DDL_EFFECT_SCAN);
    if (g_strcmp0(wish->type.name, "json") == 0)
        say(added, DDL_JSON_TYPE, DDL_EFFECT_NONE);
}

void ddl_alter_add_column(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command)
{
    struct added added = {.alter = alter, .work = DDL_EFFECT_METADATA};
    g_autoptr(GPtrArray) tree = ddl_alter_tree(alter);

    if (command->def == NULL || command->def->node_case != PG_QUERY__NODE__NODE_COLUMN_DEF)
        return;
    added.def = command->def->column_def;
    if (command->missing_ok &&
        ddl_column_find(alter->target.relation, added.def->colname) != NULL) {
        ddl_judge_lock(alter->judge, &alter->target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
        return;
    }
    ddl_wish_of(alter->judge, added.def, &added.wish);
    weigh_value(&added);
    weigh_constraints(&added);
    ddl_alter_lock(alter, DDL_ACCESS_EXCLUSIVE, added.work);
    if (added.wish.value != NULL || added.wish.serial || added.wish.identity ||
        added.wish.stored)
        ddl_judge_analyze(alter->judge, &alter->target, added.def->colname);
    for (guint i = 0; i < tree->len; i++)
        if (ddl_column_find(tree->pdata[i], added.def->colname) == NULL)
            ddl_play_column(alter->judge, tree->pdata[i], added.def);
    ddl_type_clear(&added.wish.type);
}

/* ---- DROP COLUMN ----------------------------------------------------------------------------- */

static bool index_has(const struct ddl_index *index, const char *column)
{
    return ddl_strings_have(index->columns, column) || ddl_strings_have(index->uses, column);
}

static void drop_from(struct ddl_relation *relation, const char *name)
{
    struct ddl_column *column = ddl_column_find(relation, name);

    for (guint i = relation->indexes->len; i > 0; i--)
        if (index_has(relation->indexes->pdata[i - 1], name))
            g_ptr_array_remove_index(relation->indexes, i - 1);
    for (guint i = relation->constraints->len; i > 0; i--) {
        const struct ddl_constraint *constraint = relation->constraints->pdata[i - 1];
        if (ddl_strings_have(constraint->columns, name))
            g_ptr_array_remove_index(relation->constraints, i - 1);
    }
    if (column != NULL)
        g_ptr_array_remove(relation->columns, column);
}

/* Foreign keys go with the column: both ends of each are locked. */
static void lock_other_ends(struct ddl_alter *alter, const char *column)
{
    const struct ddl_schema *schema = alter->judge->schema;
    struct ddl_relation *relation = alter->target.relation;

    for (guint i = 0; relation != NULL && i < relation->constraints->len; i++) {
        const struct ddl_constraint *constraint = relation->constraints->pdata[i];
        if (constraint->kind == DDL_FOREIGN_KEY && constraint->referenced != NULL &&
            ddl_strings_have(constraint->columns, column))
            ddl_alter_lock_referenced(alter, constraint->referenced_schema,
                                      constraint->referenced, DDL_ACCESS_EXCLUSIVE,
                                      DDL_EFFECT_METADATA);
    }
    bool referenced = relation != NULL && ddl_referenced(relation);
    for (guint i = 0; referenced && i < schema->relations->len; i++) {
        struct ddl_relation *other = schema->relations->pdata[i];
        for (guint n = 0; other != relation && n < other->constraints->len; n++) {
            const struct ddl_constraint *constraint = other->constraints->pdata[n];
            struct ddl_target target = ddl_target_relation(other);
            if (ddl_refers_to(constraint, relation) &&
                ddl_strings_have(constraint->referenced_columns, column))
                ddl_judge_lock(alter->judge, &target, DDL_ACCESS_EXCLUSIVE,
                               DDL_EFFECT_METADATA);
        }
    }
}

void ddl_alter_drop_column(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command)
{
    g_autoptr(GPtrArray) tree = ddl_alter_tree(alter);
    bool missing = command->missing_ok && alter->target.relation != NULL &&
                   alter->target.relation->columns->len > 0 &&
                   ddl_column_find(alter->target.relation, command->name) == NULL;

    ddl_alter_lock(alter, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    if (missing)
        return;
    lock_other_ends(alter, command->name);
    struct ddl_act *act =
        ddl_alter_act(alter, DDL_DROP_COLUMN, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    act->column = g_strdup(command->name);
    if (command->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
        ddl_alter_act(alter, DDL_DROP_CASCADE, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA)
            ->column = g_strdup(command->name);
    else
        for (guint i = 0; i < tree->len; i++)
            ddl_alter_used(alter, tree->pdata[i], command->name, true);
    /* The other columns keep their statistics, and nothing is written. */
    for (guint i = 0; i < tree->len; i++)
        drop_from(tree->pdata[i], command->name);
}

/* ---- SET NOT NULL ---------------------------------------------------------------------------- */

static bool invalid_not_null(const struct ddl_relation *relation, const char *name)
{
    for (guint i = 0; i < relation->constraints->len; i++) {
        const struct ddl_constraint *constraint = relation->constraints->pdata[i];
        if (constraint->kind == DDL_NOT_NULL && !constraint->validated &&
            ddl_strings_have(constraint->columns, name))
            return true;
    }
    return false;
}

/* Whether the rows have to be looked at. */
static bool not_null_scans(const struct ddl_relation *relation, const char *name)
{
    const struct ddl_column *column = ddl_column_find(relation, name);

    /* one that was never validated is, whatever else proves it */
    if (invalid_not_null(relation, name))
        return true;
    if (column != NULL && column->not_null)
        return false;
    return !ddl_not_null_proved(relation, name);
}

static void validate_not_null(struct ddl_relation *relation, const char *name)
{
    for (guint i = 0; i < relation->constraints->len; i++) {
        struct ddl_constraint *constraint = relation->constraints->pdata[i];
        if (constraint->kind == DDL_NOT_NULL && ddl_strings_have(constraint->columns, name))
            constraint->validated = true;
    }
}

void ddl_alter_set_not_null(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command)
{
    g_autoptr(GPtrArray) tree = ddl_alter_tree(alter);
    enum ddl_effect worst = tree->len == 0 ? DDL_EFFECT_SCAN : DDL_EFFECT_METADATA;

    if (tree->len == 0)
        ddl_judge_lock(alter->judge, &alter->target, DDL_ACCESS_EXCLUSIVE, worst);
    for (guint i = 0; i < tree->len; i++) {
        struct ddl_target one = ddl_target_relation(tree->pdata[i]);
        struct ddl_column *column = ddl_column_find(one.relation, command->name);
        enum ddl_effect work =
            not_null_scans(one.relation, command->name) ? DDL_EFFECT_SCAN : DDL_EFFECT_METADATA;
        ddl_judge_lock(alter->judge, &one, DDL_ACCESS_EXCLUSIVE, work);
        if (!ddl_target_fresh(&one) && ddl_has_rows(one.relation))
            worst = MAX(worst, work);
        if (column != NULL)
            column->not_null = true;
        validate_not_null(one.relation, command->name);
    }
    if (worst != DDL_EFFECT_SCAN)
        return;
    struct ddl_act *act =
        ddl_alter_act(alter, DDL_SET_NOT_NULL, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_SCAN);
    act->column = g_strdup(command->name);
    if (alter->target.relation == NULL)
        ddl_act_assume(act, "no validated CHECK (%s IS NOT NULL) proves it", command->name);
}

/* ---- SET DEFAULT, SET EXPRESSION ------------------------------------------------------------- */

static bool checked(const struct ddl_relation *relation, const struct ddl_column *column)
{
    for (guint i = 0; i < relation->constraints->len; i++) {
        const struct ddl_constraint *constraint = relation->constraints->pdata[i];
        if (constraint->kind == DDL_CHECK && constraint->enforced &&
            ddl_strings_have(constraint->columns, column->name))
            return true;
    }
    return column->not_null;
}

static void set_expression(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command)
{
    const struct ddl_relation *relation = alter->target.relation;
    const struct ddl_column *column = ddl_column_find(relation, command->name);
    enum ddl_effect work = DDL_EFFECT_REWRITE;

    if (column != NULL && column->is_virtual)
        work = checked(relation, column) ? DDL_EFFECT_SCAN : DDL_EFFECT_METADATA;
    ddl_alter_lock(alter, DDL_ACCESS_EXCLUSIVE, work);
    struct ddl_act *act = ddl_alter_act(alter, DDL_SET_EXPRESSION, DDL_ACCESS_EXCLUSIVE, work);
    act->column = g_strdup(command->name);
    if (column == NULL)
        ddl_act_assume(act, "\"%s\" is a stored column", command->name);
    ddl_judge_analyze(alter->judge, &alter->target, command->name);
}

void ddl_alter_default(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command)
{
    struct ddl_judge *judge = alter->judge;
    g_autoptr(GPtrArray) tree = ddl_alter_tree(alter);

    if (ddl_judge_newer(judge, SQL_NEWER_SET_EXPRESSION, judge->at, judge->end)) {
        set_expression(alter, command);
        return;
    }
    ddl_alter_lock(alter, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    for (guint i = 0; i < tree->len; i++) {
        struct ddl_column *column = ddl_column_find(tree->pdata[i], command->name);
        if (column != NULL)
            column->has_default = command->def != NULL;
    }
}
