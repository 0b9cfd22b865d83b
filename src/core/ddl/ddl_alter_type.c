/*
 * ALTER COLUMN TYPE. Where the rows can stay as they are, what hangs on the column may still cost a
 * scan: a CHECK is verified again, an index is built again unless it keeps its order, a foreign key is
 * checked again when its equality changes. After a rewrite all of them are.
 */
#include "ddl/ddl_alter.h"

#include <string.h>

struct retyped {
    struct ddl_alter *alter;
    const char *column;
    const PgQuery__ColumnDef *def;
    struct ddl_type to;
    struct ddl_type_change change; /* the worst over the tree */
    bool scans;
    char *why; /* the constraint or index that is scanned for; NULL: none */
};

static const char *zone_of(const struct ddl_judge *judge)
{
    return judge->context->time_zone != NULL && !judge->schema->time_zone_set
               ? judge->context->time_zone
               : judge->schema->time_zone;
}

/* What the USING expression makes of the old type, step by step. */
static struct ddl_type_change through(const struct retyped *retyped,
                                      const PgQuery__Node *expression,
                                      const struct ddl_type *from, struct ddl_type *ret_type)
{
    struct ddl_type_change none = {.rewrite = DDL_NO, .keeps_order = DDL_YES};
    struct ddl_type_change all = {.rewrite = DDL_YES, .keeps_order = DDL_NO};
    const struct ddl_schema *schema = retyped->alter->judge->schema;
    bool serial;

    if (expression == NULL || g_strcmp0(ddl_column_of(expression), retyped->column) == 0) {
        ddl_type_copy(ret_type, from);
        return none;
    }
    if (expression->node_case == PG_QUERY__NODE__NODE_COLLATE_CLAUSE)
        return through(retyped, expression->collate_clause->arg, from, ret_type);
    if (expression->node_case != PG_QUERY__NODE__NODE_TYPE_CAST)
        return all;
    struct ddl_type inner = {.typmod = -1};
    struct ddl_type_change before = through(retyped, expression->type_cast->arg, from, &inner);
    ddl_type_clear(ret_type);
    ddl_type_of(schema, expression->type_cast->type_name, ret_type, &serial);
    struct ddl_type_change step =
        ddl_type_change(schema, &inner, ret_type, zone_of(retyped->alter->judge));
    ddl_type_clear(&inner);
    if (before.rewrite == DDL_YES || step.rewrite == DDL_YES)
        return all;
    step.by_zone = step.by_zone || before.by_zone;
    if (before.rewrite == DDL_UNKNOWN)
        step.rewrite = DDL_UNKNOWN;
    return step;
}

static struct ddl_type_change change_of(const struct retyped *retyped,
                                        const struct ddl_column *column)
{
    const struct ddl_judge *judge = retyped->alter->judge;
    const char *zone = zone_of(judge);
    struct ddl_type unknown = {.typmod = -1}, middle = {.typmod = -1};
    const struct ddl_type *from = column == NULL ? &unknown : &column->type;
    struct ddl_type_change change = through(retyped, retyped->def->raw_default, from, &middle);

    if (change.rewrite != DDL_YES) {
        struct ddl_type_change last =
            ddl_type_change(judge->schema, &middle, &retyped->to, zone);
        if (last.rewrite == DDL_YES || change.rewrite == DDL_NO)
            change.rewrite = last.rewrite;
        change.by_zone = change.by_zone || last.by_zone;
    }
    /* an index is compared with what it was, not with what the cast went through */
    change.keeps_order = ddl_type_change(judge->schema, from, &retyped->to, zone).keeps_order;
    ddl_type_clear(&middle);
    return change;
}

static const char *new_collation(const struct retyped *retyped)
{
    const PgQuery__CollateClause *clause = retyped->def->coll_clause;

    if (clause == NULL || clause->n_collname == 0)
        return NULL;
    const char *name = ddl_string(clause->collname[clause->n_collname - 1]);
    return g_strcmp0(name, "default") == 0 ? NULL : name;
}

static bool index_rebuilt(const struct retyped *retyped, const struct ddl_index *index,
                          const struct ddl_column *column, const struct ddl_type_change *change)
{
    if (ddl_strings_have(index->uses, retyped->column))
        return true;
    if (!ddl_strings_have(index->columns, retyped->column))
        return false;
    return !index->simple || change->keeps_order != DDL_YES ||
           g_strcmp0(column->collation, new_collation(retyped)) != 0;
}

static void scan_for(struct retyped *retyped, const char *why)
{
    retyped->scans = true;
    if (retyped->why == NULL)
        retyped->why = g_strdup(why);
}

static bool relation_scanned(struct retyped *retyped, const struct ddl_relation *relation,
                             const struct ddl_column *column,
                             const struct ddl_type_change *change)
{
    bool scanned = false;

    for (guint i = 0; i < relation->constraints->len; i++) {
        const struct ddl_constraint *constraint = relation->constraints->pdata[i];
        bool on_it = ddl_strings_have(constraint->columns, retyped->column);
        bool again = constraint->kind == DDL_CHECK ||
                     (constraint->kind == DDL_FOREIGN_KEY && change->keeps_order != DDL_YES);
        if (on_it && again && constraint->validated && constraint->enforced) {
            scan_for(retyped, constraint->name);
            scanned = true;
        }
    }
    for (guint i = 0; i < relation->indexes->len; i++) {
        const struct ddl_index *index = relation->indexes->pdata[i];
        if (index_rebuilt(retyped, index, column, change)) {
            scan_for(retyped, index->name);
            scanned = true;
        }
    }
    return scanned;
}

static void lock_end(struct ddl_judge *judge, const struct ddl_constraint *key,
                     const struct ddl_target *target, enum ddl_effect work)
{
    ddl_judge_lock(judge, target, DDL_ACCESS_EXCLUSIVE,
                   key->validated && key->enforced ? work : DDL_EFFECT_METADATA);
}

/* A foreign key leads to the column: by name, or as the primary key that need not be named. */
static bool leads_to(const struct ddl_constraint *key, const struct ddl_relation *relation,
                     const char *column)
{
    if (!ddl_refers_to(key, relation))
        return false;
    if (key->referenced_columns->len > 0)
        return ddl_strings_have(key->referenced_columns, column);
    for (guint i = 0; i < relation->constraints->len; i++) {
        const struct ddl_constraint *own = relation->constraints->pdata[i];
        if (own->kind == DDL_PRIMARY_KEY)
            return ddl_strings_have(own->columns, column);
    }
    return false;
}

/* The tables at the other ends of the column's foreign keys. */
static void lock_other_ends(struct retyped *retyped, struct ddl_relation *relation,
                            const struct ddl_type_change *change)
{
    struct ddl_judge *judge = retyped->alter->judge;
    bool again = change->rewrite != DDL_NO || change->keeps_order != DDL_YES;
    enum ddl_effect work = again ? DDL_EFFECT_SCAN : DDL_EFFECT_METADATA;
    bool referenced = ddl_referenced(relation);

    for (guint i = 0; i < relation->constraints->len; i++) {
        const struct ddl_constraint *key = relation->constraints->pdata[i];
        if (key->kind != DDL_FOREIGN_KEY || key->referenced == NULL ||
            !ddl_strings_have(key->columns, retyped->column))
            continue;
        struct ddl_target target =
            ddl_target_named(judge, key->referenced_schema, key->referenced);
        lock_end(judge, key, &target, work);
    }
    for (guint i = 0; referenced && i < judge->schema->relations->len; i++) {
        struct ddl_relation *other = judge->schema->relations->pdata[i];
        struct ddl_target target = ddl_target_relation(other);
        for (guint n = 0; n < other->constraints->len; n++)
            if (leads_to(other->constraints->pdata[n], relation, retyped->column))
                lock_end(judge, other->constraints->pdata[n], &target, work);
    }
}

static enum ddl_effect judge_relation(struct retyped *retyped, struct ddl_relation *relation)
{
    struct ddl_target one = ddl_target_relation(relation);
    struct ddl_column *column = ddl_column_find(relation, retyped->column);
    struct ddl_type_change change = change_of(retyped, column);
    enum ddl_effect work = DDL_EFFECT_METADATA;

    if (change.rewrite != DDL_NO)
        work = DDL_EFFECT_REWRITE;
    else if (column != NULL && relation_scanned(retyped, relation, column, &change))
        work = DDL_EFFECT_SCAN;
    ddl_judge_lock(retyped->alter->judge, &one, DDL_ACCESS_EXCLUSIVE, work);
    lock_other_ends(retyped, relation, &change);
    if (change.rewrite == DDL_YES || retyped->change.rewrite == DDL_NO)
        retyped->change = change;
    return ddl_has_rows(relation) ? work : DDL_EFFECT_METADATA;
}

static void play(struct retyped *retyped, struct ddl_relation *relation)
{
    struct ddl_column *column = ddl_column_find(relation, retyped->column);

    if (column == NULL)
        return;
    ddl_type_copy(&column->type, &retyped->to);
    g_free(column->collation);
    column->collation = g_strdup(new_collation(retyped));
}

static void say(struct retyped *retyped, enum ddl_effect work, const struct ddl_column *column)
{
    static const enum ddl_cause causes[] = {DDL_ALTER_TYPE, DDL_ALTER_TYPE, DDL_ALTER_TYPE_SCAN,
                                            DDL_ALTER_TYPE_REWRITE};
    struct ddl_act *act =
        ddl_alter_act(retyped->alter, causes[work], DDL_ACCESS_EXCLUSIVE, work);
    g_autofree char *from = column == NULL ? NULL : ddl_type_words(&column->type);
    g_autofree char *to = ddl_type_words(&retyped->to);

    act->column = g_strdup(retyped->column);
    act->constraint = g_strdup(retyped->why);
    act->detail = from == NULL ? g_strdup(to) : g_strdup_printf("%s to %s", from, to);
    if (retyped->change.rewrite != DDL_UNKNOWN)
        return;
    if (retyped->change.by_zone)
        ddl_act_assume(act, "the session's TimeZone is not UTC");
    else
        ddl_act_assume(act, "the old type of \"%s\" has to be converted", retyped->column);
}

void ddl_alter_used(struct ddl_alter *alter, const struct ddl_relation *relation,
                    const char *column, bool dropped)
{
    for (guint i = 0; relation->uses != NULL && i < relation->uses->len; i++) {
        const struct ddl_use *use = relation->uses->pdata[i];
        if (strcmp(use->column, column) != 0 ||
            (dropped && strcmp(use->kind, "generated column") == 0) ||
            !ddl_schema_uses(alter->judge->schema, relation, use))
            continue;
        struct ddl_act *act =
            ddl_alter_act(alter, DDL_USED_COLUMN, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
        act->column = g_strdup(column);
        act->detail = use->schema != NULL
                          ? g_strdup_printf("%s %s.%s", use->kind, use->schema, use->name)
                          : g_strdup_printf("%s %s", use->kind, use->name);
    }
}

void ddl_alter_column_type(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command)
{
    struct retyped retyped = {.alter = alter,
                              .column = command->name,
                              .change = {.rewrite = DDL_NO, .keeps_order = DDL_YES}};
    g_autoptr(GPtrArray) tree = ddl_alter_tree(alter);
    enum ddl_effect worst = DDL_EFFECT_METADATA;
    bool serial;

    if (command->def == NULL || command->def->node_case != PG_QUERY__NODE__NODE_COLUMN_DEF)
        return;
    retyped.def = command->def->column_def;
    ddl_type_of(alter->judge->schema, retyped.def->type_name, &retyped.to, &serial);
    for (guint i = 0; i < tree->len; i++)
        worst = MAX(worst, judge_relation(&retyped, tree->pdata[i]));
    if (tree->len == 0) {
        retyped.change = change_of(&retyped, NULL);
        worst = retyped.change.rewrite == DDL_NO ? DDL_EFFECT_METADATA : DDL_EFFECT_REWRITE;
        ddl_judge_lock(alter->judge, &alter->target, DDL_ACCESS_EXCLUSIVE, worst);
    }
    say(&retyped, worst, ddl_column_find(alter->target.relation, command->name));
    for (guint i = 0; i < tree->len; i++)
        ddl_alter_used(alter, tree->pdata[i], command->name, false);
    ddl_judge_analyze(alter->judge, &alter->target, command->name);
    for (guint i = 0; i < tree->len; i++)
        play(&retyped, tree->pdata[i]);
    ddl_type_clear(&retyped.to);
    g_free(retyped.why);
}
