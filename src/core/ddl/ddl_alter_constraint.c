/* Constraints: added, validated, changed, dropped. */
#include "ddl/ddl_alter.h"

#include <string.h>

void ddl_alter_lock_referenced(struct ddl_alter *alter, const char *schema, const char *name,
                               enum ddl_lock_mode mode, enum ddl_effect work)
{
    struct ddl_target other = ddl_target_named(alter->judge, schema, name);

    ddl_judge_lock_tree(alter->judge, &other, mode, work);
}

static struct ddl_act *say(struct ddl_alter *alter, enum ddl_cause cause,
                           const PgQuery__Constraint *said, enum ddl_lock_mode mode,
                           enum ddl_effect work)
{
    struct ddl_act *act = ddl_alter_act(alter, cause, mode, work);
    g_autoptr(GPtrArray) keys = ddl_strings(said->keys, said->n_keys);

    act->constraint = g_strdup(ddl_said(said->conname));
    act->index = g_strdup(ddl_said(said->indexname));
    if (keys->len > 0) {
        g_ptr_array_add(keys, NULL);
        act->column = g_strjoinv(", ", (char **) keys->pdata);
    }
    return act;
}

/* ---- foreign keys ---------------------------------------------------------------------------- */

static bool supported(const struct ddl_relation *relation, const GPtrArray *columns)
{
    for (guint i = 0; i < relation->indexes->len; i++) {
        const struct ddl_index *index = relation->indexes->pdata[i];
        bool leads = index->columns->len >= columns->len;
        for (guint n = 0; leads && n < columns->len; n++) {
            bool found = false;
            for (guint k = 0; k < columns->len; k++)
                found = found || g_strcmp0(index->columns->pdata[n], columns->pdata[k]) == 0;
            leads = found;
        }
        if (leads)
            return true;
    }
    return false;
}

static void add_foreign_key(struct ddl_alter *alter, const PgQuery__Constraint *said)
{
    struct ddl_judge *judge = alter->judge;
    bool enforced = !ddl_judge_newer(judge, SQL_NEWER_NOT_ENFORCED, judge->at, judge->end);
    enum ddl_effect work =
        said->skip_validation || !enforced ? DDL_EFFECT_METADATA : DDL_EFFECT_SCAN;
    g_autoptr(GPtrArray) columns = ddl_strings(said->fk_attrs, said->n_fk_attrs);

    if (said->pktable == NULL)
        return;
    ddl_alter_lock(alter, DDL_SHARE_ROW_EXCLUSIVE, work);
    /* a table that was just made has no rows whose keys would have to be looked up */
    if (ddl_target_fresh(&alter->target) && alter->target.relation->rows == 0)
        work = DDL_EFFECT_METADATA;
    ddl_alter_lock_referenced(alter, ddl_said(said->pktable->schemaname),
                              said->pktable->relname, DDL_SHARE_ROW_EXCLUSIVE, work);
    struct ddl_act *act = say(alter, DDL_ADD_FOREIGN_KEY, said, DDL_SHARE_ROW_EXCLUSIVE, work);
    act->detail = g_strdup(said->pktable->relname);
    if (alter->target.relation != NULL && alter->target.relation->columns->len > 0 &&
        !supported(alter->target.relation, columns)) {
        act = say(alter, DDL_FOREIGN_KEY_WITHOUT_INDEX, said, DDL_LOCK_NONE, DDL_EFFECT_NONE);
        g_ptr_array_add(columns, NULL);
        act->column = g_strjoinv(", ", (char **) columns->pdata);
        act->detail = g_strdup(said->pktable->relname);
    }
}

/* ---- CHECK and NOT NULL ---------------------------------------------------------------------- */

static void add_check(struct ddl_alter *alter, const PgQuery__Constraint *said)
{
    struct ddl_judge *judge = alter->judge;
    bool enforced = !ddl_judge_newer(judge, SQL_NEWER_NOT_ENFORCED, judge->at, judge->end);
    enum ddl_effect work =
        said->skip_validation || !enforced ? DDL_EFFECT_METADATA : DDL_EFFECT_SCAN;
    g_autoptr(GPtrArray) tree = ddl_alter_tree(alter);

    if (said->is_no_inherit || tree->len == 0)
        ddl_judge_lock(judge, &alter->target, DDL_ACCESS_EXCLUSIVE, work);
    for (guint i = 0; i < tree->len && !said->is_no_inherit; i++) {
        struct ddl_target one = ddl_target_relation(tree->pdata[i]);
        /* a child that has it already only learns that it has it from above, too */
        bool merged = i > 0 && ddl_constraint_find(one.relation, said->conname) != NULL;
        ddl_judge_lock(judge, &one, DDL_ACCESS_EXCLUSIVE, merged ? DDL_EFFECT_METADATA : work);
    }
    say(alter, DDL_ADD_CHECK, said, DDL_ACCESS_EXCLUSIVE, work);
}

static void add_not_null(struct ddl_alter *alter, const PgQuery__Constraint *said)
{
    struct ddl_judge *judge = alter->judge;
    const char *name = said->n_keys > 0 ? ddl_string(said->keys[0]) : NULL;
    bool valid = !ddl_judge_newer(judge, SQL_NEWER_NOT_VALID, judge->at, judge->end);
    g_autoptr(GPtrArray) tree = ddl_alter_tree(alter);
    enum ddl_effect worst = tree->len == 0 && valid ? DDL_EFFECT_SCAN : DDL_EFFECT_METADATA;

    if (tree->len == 0)
        ddl_judge_lock(judge, &alter->target, DDL_ACCESS_EXCLUSIVE, worst);
    for (guint i = 0; i < tree->len; i++) {
        struct ddl_target one = ddl_target_relation(tree->pdata[i]);
        const struct ddl_column *column = ddl_column_find(one.relation, name);
        bool scans = valid && !(column != NULL && column->not_null) &&
                     !ddl_not_null_proved(one.relation, name);
        ddl_judge_lock(judge, &one, DDL_ACCESS_EXCLUSIVE,
                       scans ? DDL_EFFECT_SCAN : DDL_EFFECT_METADATA);
        if (scans && ddl_has_rows(one.relation))
            worst = DDL_EFFECT_SCAN;
    }
    struct ddl_act *act = say(alter, DDL_ADD_NOT_NULL, said, DDL_ACCESS_EXCLUSIVE, worst);
    if (alter->target.relation == NULL && valid)
        ddl_act_assume(act, "no validated CHECK (%s IS NOT NULL) proves it", name);
}

/* ---- with an index --------------------------------------------------------------------------- */

/* The columns of a primary key that can be NULL until now; for an index by its columns. */
static bool nullable(const struct ddl_alter *alter, const PgQuery__Constraint *said)
{
    const struct ddl_relation *relation = alter->target.relation;
    const struct ddl_index *index = NULL;

    for (guint i = 0; i < relation->indexes->len; i++) {
        const struct ddl_index *one = relation->indexes->pdata[i];
        if (g_strcmp0(one->name, said->indexname) == 0)
            index = one;
    }
    if (index == NULL)
        return true;
    for (guint i = 0; i < index->columns->len; i++) {
        const struct ddl_column *column = ddl_column_find(relation, index->columns->pdata[i]);
        if ((column == NULL || !column->not_null) &&
            !ddl_not_null_proved(relation, index->columns->pdata[i]))
            return true;
    }
    return false;
}

static void add_using_index(struct ddl_alter *alter, const PgQuery__Constraint *said)
{
    bool primary = said->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY;
    bool known = alter->target.relation != NULL;
    bool scans = primary && (!known || nullable(alter, said));
    enum ddl_effect work = scans ? DDL_EFFECT_SCAN : DDL_EFFECT_METADATA;

    ddl_alter_lock(alter, DDL_ACCESS_EXCLUSIVE, work);
    if (!scans)
        return;
    struct ddl_act *act =
        say(alter, DDL_PRIMARY_KEY_NULLABLE, said, DDL_ACCESS_EXCLUSIVE, work);
    if (!known)
        ddl_act_assume(act, "a column of \"%s\" is not NOT NULL yet", said->indexname);
}

static bool partitioned(const struct ddl_alter *alter)
{
    return alter->target.relation != NULL && alter->target.relation->kind == 'p';
}

/* Those whose columns become NOT NULL meanwhile are locked as the parent is; 18 does so always. */
static enum ddl_lock_mode mode_on_partitions(const struct ddl_alter *alter, bool primary,
                                             const GPtrArray *keys)
{
    bool becomes = alter->judge->context->server_version >= 180000;

    for (guint i = 0; primary && i < keys->len; i++) {
        const struct ddl_column *column =
            ddl_column_find(alter->target.relation, keys->pdata[i]);
        becomes = becomes || column == NULL || !column->not_null;
    }
    return becomes ? DDL_ACCESS_EXCLUSIVE : DDL_SHARE;
}

/* A partition that has such a constraint already keeps its index. */
static enum ddl_effect build_on_partitions(struct ddl_alter *alter,
                                           const PgQuery__Constraint *said)
{
    g_autoptr(GPtrArray) tree = ddl_alter_tree(alter);
    g_autoptr(GPtrArray) keys = ddl_strings(said->keys, said->n_keys);
    bool primary = said->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY;
    enum ddl_lock_mode mode = mode_on_partitions(alter, primary, keys);
    enum ddl_effect worst = DDL_EFFECT_METADATA;

    for (guint i = 1; i < tree->len; i++) {
        struct ddl_target one = ddl_target_relation(tree->pdata[i]);
        enum ddl_effect work = DDL_EFFECT_SCAN;
        for (guint n = 0; n < one.relation->constraints->len; n++) {
            const struct ddl_constraint *own = one.relation->constraints->pdata[n];
            if (own->kind == (primary ? DDL_PRIMARY_KEY : DDL_UNIQUE) &&
                ddl_strings_equal(own->columns, keys))
                work = DDL_EFFECT_METADATA;
        }
        ddl_judge_lock(alter->judge, &one, mode, work);
        worst = ddl_has_rows(one.relation) ? MAX(worst, work) : worst;
    }
    return worst;
}

static void add_unique(struct ddl_alter *alter, const PgQuery__Constraint *said)
{
    enum ddl_cause cause = DDL_ADD_UNIQUE;

    if (said->contype == PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY)
        cause = DDL_ADD_PRIMARY_KEY;
    else if (said->contype == PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION)
        cause = DDL_ADD_EXCLUSION;
    if (ddl_said(said->indexname) != NULL) {
        add_using_index(alter, said);
        return;
    }
    enum ddl_effect work = DDL_EFFECT_SCAN;
    if (partitioned(alter) && alter->below)
        work = build_on_partitions(alter, said);
    ddl_judge_lock(alter->judge, &alter->target, DDL_ACCESS_EXCLUSIVE, work);
    say(alter, cause, said, DDL_ACCESS_EXCLUSIVE, work);
}

static void play_on(struct ddl_alter *alter, const PgQuery__Constraint *said)
{
    g_autoptr(GPtrArray) tree = ddl_alter_tree(alter);
    struct ddl_judge *judge = alter->judge;

    for (guint i = 0; i < tree->len; i++) {
        if (i > 0 && (said->is_no_inherit || ddl_said(said->indexname) != NULL))
            break;
        struct ddl_constraint *constraint =
            ddl_play_constraint(judge, tree->pdata[i], said, NULL, judge->end);
        /* its own place may be before the command's, as a name is */
        if (constraint != NULL &&
            ddl_judge_newer(judge, SQL_NEWER_NOT_ENFORCED, judge->at, judge->end))
            constraint->enforced = constraint->validated = false;
    }
}

void ddl_alter_add_constraint(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command)
{
    struct ddl_judge *judge = alter->judge;
    const PgQuery__Constraint *said = command->def == NULL ? NULL : command->def->constraint;

    if (said == NULL || command->def->node_case != PG_QUERY__NODE__NODE_CONSTRAINT)
        return;
    switch ((int) said->contype) {
    case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
        add_check(alter, said);
        break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN:
        add_foreign_key(alter, said);
        break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
        if (ddl_judge_newer(judge, SQL_NEWER_NOT_NULL, judge->at, judge->end)) {
            add_not_null(alter, said);
            break;
        }
        add_unique(alter, said);
        break;
    default:
        add_unique(alter, said);
        break;
    }
    play_on(alter, said);
}

/* ---- VALIDATE -------------------------------------------------------------------------------- */

static enum ddl_lock_mode held_before(const struct ddl_alter *alter)
{
    const GPtrArray *before = alter->judge->context->before;
    enum ddl_lock_mode held = DDL_LOCK_NONE;

    for (guint i = 0; before != NULL && i < before->len; i++) {
        const struct ddl_lock *lock = before->pdata[i];
        if (!lock->created_here && ddl_lock_is_on(lock, &alter->target))
            held = MAX(held, lock->mode);
    }
    return held;
}

static void validate_in(struct ddl_relation *relation, const char *name)
{
    struct ddl_constraint *constraint = ddl_constraint_find(relation, name);

    if (constraint == NULL)
        return;
    constraint->validated = true;
    for (guint i = 0; constraint->kind == DDL_NOT_NULL && i < constraint->columns->len; i++) {
        struct ddl_column *column = ddl_column_find(relation, constraint->columns->pdata[i]);
        if (column != NULL)
            column->not_null = true;
    }
}

void ddl_alter_validate(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command)
{
    const struct ddl_constraint *constraint =
        ddl_constraint_find(alter->target.relation, command->name);
    g_autoptr(GPtrArray) tree = ddl_alter_tree(alter);
    enum ddl_lock_mode held = held_before(alter);

    if (constraint != NULL && constraint->validated) {
        ddl_judge_lock(alter->judge, &alter->target, DDL_SHARE_UPDATE_EXCLUSIVE,
                       DDL_EFFECT_METADATA);
        return;
    }
    ddl_alter_lock(alter, DDL_SHARE_UPDATE_EXCLUSIVE, DDL_EFFECT_SCAN);
    if (constraint != NULL && constraint->kind == DDL_FOREIGN_KEY &&
        constraint->referenced != NULL)
        ddl_alter_lock_referenced(alter, constraint->referenced_schema, constraint->referenced,
                                  DDL_ROW_SHARE, DDL_EFFECT_SCAN);
    if (held >= DDL_SHARE) {
        struct ddl_act *act =
            ddl_alter_act(alter, DDL_VALIDATE_SAME_TRANSACTION, held, DDL_EFFECT_SCAN);
        act->constraint = g_strdup(command->name);
    }
    for (guint i = 0; i < tree->len; i++)
        validate_in(tree->pdata[i], command->name);
}

/* ---- ALTER CONSTRAINT, DROP CONSTRAINT ------------------------------------------------------- */

static const char *constraint_in(const PgQuery__AlterTableCmd *command)
{
    if (command->def != NULL && command->def->node_case == PG_QUERY__NODE__NODE_CONSTRAINT)
        return ddl_said(command->def->constraint->conname);
    return ddl_said(command->name);
}

void ddl_alter_constraint(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command)
{
    struct ddl_judge *judge = alter->judge;
    const char *name = constraint_in(command);
    struct ddl_constraint *constraint = ddl_constraint_find(alter->target.relation, name);
    bool enforced = ddl_judge_newer(judge, SQL_NEWER_ENFORCED, judge->at, judge->end);
    bool not_enforced = ddl_judge_newer(judge, SQL_NEWER_NOT_ENFORCED, judge->at, judge->end);
    bool scans = enforced && (constraint == NULL || !constraint->enforced);
    enum ddl_effect work = scans ? DDL_EFFECT_SCAN : DDL_EFFECT_METADATA;

    ddl_alter_lock(alter, DDL_ACCESS_EXCLUSIVE, work);
    if (constraint != NULL && constraint->referenced != NULL && (enforced || not_enforced))
        ddl_alter_lock_referenced(alter, constraint->referenced_schema, constraint->referenced,
                                  enforced ? DDL_SHARE_ROW_EXCLUSIVE : DDL_ACCESS_EXCLUSIVE,
                                  work);
    if (scans) {
        struct ddl_act *act = ddl_alter_act(alter, DDL_ALTER_CONSTRAINT_ENFORCED,
                                            DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_SCAN);
        act->constraint = g_strdup(name);
        if (constraint == NULL)
            ddl_act_assume(act, "\"%s\" is not enforced yet", name);
    }
    if (constraint != NULL && (enforced || not_enforced))
        constraint->enforced = constraint->validated = enforced;
}

/* Foreign keys that lead to the key go with it. */
static void drop_referencing(struct ddl_alter *alter)
{
    const struct ddl_schema *schema = alter->judge->schema;

    for (guint i = 0; ddl_referenced(alter->target.relation) && i < schema->relations->len;
         i++) {
        struct ddl_relation *other = schema->relations->pdata[i];
        struct ddl_target target = ddl_target_relation(other);
        for (guint n = other->constraints->len; n > 0; n--) {
            if (!ddl_refers_to(other->constraints->pdata[n - 1], alter->target.relation))
                continue;
            ddl_judge_lock(alter->judge, &target, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
            g_ptr_array_remove_index(other->constraints, n - 1);
        }
    }
}

void ddl_alter_drop_constraint(struct ddl_alter *alter, const PgQuery__AlterTableCmd *command)
{
    struct ddl_constraint *constraint =
        ddl_constraint_find(alter->target.relation, command->name);
    g_autoptr(GPtrArray) tree = ddl_alter_tree(alter);

    ddl_alter_lock(alter, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
    if (constraint != NULL && constraint->kind == DDL_FOREIGN_KEY &&
        constraint->referenced != NULL) {
        ddl_alter_lock_referenced(alter, constraint->referenced_schema, constraint->referenced,
                                  DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA);
        struct ddl_act *act = ddl_alter_act(alter, DDL_DROP_FOREIGN_KEY, DDL_ACCESS_EXCLUSIVE,
                                            DDL_EFFECT_METADATA);
        act->constraint = g_strdup(command->name);
        act->detail = g_strdup(constraint->referenced);
    }
    if (command->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE && constraint != NULL &&
        constraint->index != NULL)
        drop_referencing(alter);
    if (command->behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE)
        ddl_alter_act(alter, DDL_DROP_CASCADE, DDL_ACCESS_EXCLUSIVE, DDL_EFFECT_METADATA)
            ->constraint = g_strdup(command->name);
    for (guint i = 0; i < tree->len; i++) {
        struct ddl_constraint *one = ddl_constraint_find(tree->pdata[i], command->name);
        if (one != NULL && one->kind == DDL_NOT_NULL && one->columns->len > 0) {
            struct ddl_column *column = ddl_column_find(tree->pdata[i], one->columns->pdata[0]);
            if (column != NULL)
                column->not_null = false;
        }
        if (one != NULL)
            ddl_constraint_remove(tree->pdata[i], one);
    }
}
