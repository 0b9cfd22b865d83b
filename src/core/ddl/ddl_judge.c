/* One statement: who judges it, and what is made of what they found. */
#include "ddl/ddl_private.h"

#include <string.h>

const char *ddl_effect_name(enum ddl_effect effect)
{
    static const char *const names[] = {"none", "metadata", "scan", "rewrite"};

    return names[effect];
}

static void lock_free(gpointer data)
{
    struct ddl_lock *lock = data;

    g_free(lock->schema);
    g_free(lock->relation);
    g_free(lock->called);
    g_free(lock);
}

static void act_free(gpointer data)
{
    struct ddl_act *act = data;

    g_free(act->schema);
    g_free(act->relation);
    g_free(act->column);
    g_free(act->constraint);
    g_free(act->index);
    g_free(act->detail);
    g_free(act->assumption);
    g_free(act);
}

static void analyze_free(gpointer data)
{
    struct ddl_analyze *analyze = data;

    g_free(analyze->schema);
    g_free(analyze->relation);
    g_free(analyze->column);
    g_free(analyze);
}

static struct ddl_judgement *judgement_new(void)
{
    struct ddl_judgement *judgement = g_new0(struct ddl_judgement, 1);

    judgement->locks = g_ptr_array_new_with_free_func(lock_free);
    judgement->acts = g_ptr_array_new_with_free_func(act_free);
    judgement->analyze = g_ptr_array_new_with_free_func(analyze_free);
    return judgement;
}

void ddl_judgement_free(struct ddl_judgement *judgement)
{
    if (judgement == NULL)
        return;
    g_ptr_array_unref(judgement->locks);
    g_ptr_array_unref(judgement->acts);
    g_ptr_array_unref(judgement->analyze);
    g_free(judgement);
}

/* ---- relations ----------------------------------------------------------------------------- */

struct ddl_target ddl_target_named(const struct ddl_judge *judge, const char *schema,
                                   const char *name)
{
    struct ddl_relation *relation = ddl_schema_find(judge->schema, schema, name);

    if (relation != NULL)
        return ddl_target_relation(relation);
    return (struct ddl_target){.schema = schema, .name = name};
}

struct ddl_target ddl_target_of(const struct ddl_judge *judge, const PgQuery__RangeVar *range)
{
    return ddl_target_named(judge, ddl_said(range->schemaname), range->relname);
}

struct ddl_target ddl_target_relation(struct ddl_relation *relation)
{
    return (struct ddl_target){
        .schema = relation->schema, .name = relation->name, .relation = relation};
}

bool ddl_target_fresh(const struct ddl_target *target)
{
    return target->relation != NULL &&
           (target->relation->created_here || target->relation->temporary);
}

bool ddl_target_known(const struct ddl_judge *judge, const struct ddl_target *target)
{
    return target->relation != NULL || judge->schema->known;
}

static bool renamed(const struct ddl_target *target)
{
    return target->relation != NULL && target->relation->was != NULL;
}

bool ddl_lock_is_on(const struct ddl_lock *lock, const struct ddl_target *target)
{
    const char *schema = renamed(target) ? target->relation->was_schema : target->schema;
    const char *name = renamed(target) ? target->relation->was : target->name;

    return lock->created_here == ddl_target_fresh(target) &&
           g_strcmp0(lock->relation, name) == 0 && g_strcmp0(lock->schema, schema) == 0;
}

static struct ddl_lock *lock_on(struct ddl_judge *judge, const struct ddl_target *target)
{
    for (guint i = 0; i < judge->out->locks->len; i++) {
        struct ddl_lock *lock = judge->out->locks->pdata[i];
        if (ddl_lock_is_on(lock, target))
            return lock;
    }
    struct ddl_lock *lock = g_new0(struct ddl_lock, 1);
    lock->schema = g_strdup(renamed(target) ? target->relation->was_schema : target->schema);
    lock->relation = g_strdup(renamed(target) ? target->relation->was : target->name);
    lock->called = renamed(target) ? g_strdup(target->name) : NULL;
    lock->created_here = ddl_target_fresh(target);
    g_ptr_array_add(judge->out->locks, lock);
    return lock;
}

void ddl_judge_lock(struct ddl_judge *judge, const struct ddl_target *target,
                    enum ddl_lock_mode mode, enum ddl_effect work)
{
    struct ddl_lock *lock = lock_on(judge, target);

    if (target->relation != NULL && !ddl_has_rows(target->relation))
        work = MIN(work, DDL_EFFECT_METADATA);
    lock->mode = MAX(lock->mode, mode);
    lock->work = MAX(lock->work, work);
}

void ddl_judge_lock_unknown(struct ddl_judge *judge, enum ddl_lock_mode mode,
                            enum ddl_effect work)
{
    struct ddl_target any = {.name = "*"};

    ddl_judge_lock(judge, &any, mode, work);
}

void ddl_judge_lock_tree(struct ddl_judge *judge, const struct ddl_target *target,
                         enum ddl_lock_mode mode, enum ddl_effect work)
{
    if (target->relation == NULL) {
        ddl_judge_lock(judge, target, mode, work);
        return;
    }
    g_autoptr(GPtrArray) tree = ddl_tree_of(judge->schema, target->relation, true);
    for (guint i = 0; i < tree->len; i++) {
        struct ddl_target one = ddl_target_relation(tree->pdata[i]);
        ddl_judge_lock(judge, &one, mode, work);
    }
}

/* ---- acts ---------------------------------------------------------------------------------- */

struct ddl_act *ddl_judge_act(struct ddl_judge *judge, enum ddl_cause cause,
                              const struct ddl_target *target, enum ddl_lock_mode mode,
                              enum ddl_effect work)
{
    struct ddl_act *act = g_new0(struct ddl_act, 1);

    act->cause = cause;
    if (target != NULL) {
        act->schema = g_strdup(target->schema);
        act->relation = g_strdup(target->name);
    }
    act->mode = mode;
    act->work = work;
    act->sure = DDL_YES;
    act->at = judge->at;
    g_ptr_array_add(judge->out->acts, act);
    return act;
}

void ddl_act_assume(struct ddl_act *act, const char *format, ...)
{
    va_list arguments;

    act->sure = DDL_UNKNOWN;
    g_free(act->assumption);
    va_start(arguments, format);
    act->assumption = g_strdup_vprintf(format, arguments);
    va_end(arguments);
}

void ddl_judge_analyze(struct ddl_judge *judge, const struct ddl_target *target,
                       const char *column)
{
    struct ddl_analyze *analyze = g_new0(struct ddl_analyze, 1);

    analyze->schema = g_strdup(target->schema);
    analyze->relation = g_strdup(target->name);
    analyze->column = g_strdup(column);
    g_ptr_array_add(judge->out->analyze, analyze);
}

bool ddl_judge_newer(const struct ddl_judge *judge, enum sql_newer_kind kind, gsize from,
                     gsize to)
{
    for (guint i = 0; judge->parse->newer != NULL && i < judge->parse->newer->len; i++) {
        const struct sql_newer *newer =
            &g_array_index(judge->parse->newer, struct sql_newer, i);
        if (newer->kind == kind && newer->at >= from && newer->at < to)
            return true;
    }
    return false;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static bool lock_explained(const struct ddl_judge *judge, const struct ddl_lock *lock)
{
    for (guint i = 0; i < judge->out->acts->len; i++) {
        const struct ddl_act *act = judge->out->acts->pdata[i];
        bool named = g_strcmp0(act->relation, lock->relation) == 0 &&
                     g_strcmp0(act->schema, lock->schema) == 0;
        /* of an index the act says which, and that it is its table that waits */
        bool index = act->index != NULL && g_strcmp0(act->index, lock->relation) == 0;
        if (act->mode == lock->mode &&
            (named || index ||
             (lock->called != NULL && g_strcmp0(act->relation, lock->called) == 0)))
            return true;
    }
    return false;
}

static void explain_strong_locks(struct ddl_judge *judge)
{
    for (guint i = 0; i < judge->out->locks->len; i++) {
        const struct ddl_lock *lock = judge->out->locks->pdata[i];
        if (lock->mode < DDL_ACCESS_EXCLUSIVE || lock->created_here ||
            lock_explained(judge, lock) || g_strcmp0(lock->relation, "*") == 0)
            continue;
        struct ddl_target target = {.schema = lock->schema, .name = lock->relation};
        ddl_judge_act(judge, DDL_TAKES_ACCESS_EXCLUSIVE, &target, lock->mode, lock->work);
    }
}

static void say_transaction(struct ddl_judge *judge)
{
    bool concurrently = false;

    if (!judge->out->no_transaction || !judge->context->in_transaction)
        return;
    for (guint i = 0; i < judge->out->acts->len; i++) {
        const struct ddl_act *act = judge->out->acts->pdata[i];
        concurrently = concurrently || act->cause == DDL_CONCURRENTLY_IN_TRANSACTION;
    }
    if (!concurrently)
        ddl_judge_act(judge, DDL_NOT_IN_TRANSACTION, NULL, DDL_LOCK_NONE, DDL_EFFECT_NONE);
}

struct enum_use {
    struct ddl_judge *judge;
    const char *value;
};

static bool look_for_value(const ProtobufCMessage *message, gpointer data)
{
    struct enum_use *use = data;

    if (message->descriptor == &pg_query__a__const__descriptor) {
        const PgQuery__AConst *constant = (const PgQuery__AConst *) message;
        if (!constant->isnull && constant->val_case == PG_QUERY__A__CONST__VAL_SVAL &&
            ddl_strings_have(use->judge->schema->new_values, constant->sval->sval))
            use->value = constant->sval->sval;
    }
    return use->value == NULL;
}

/* The server refuses a value of an enum in the transaction that has added it. */
static void say_enum_value(struct ddl_judge *judge)
{
    struct enum_use use = {.judge = judge};

    if (judge->schema->new_values->len == 0 || !judge->context->in_transaction ||
        judge->parse->node->node_case == PG_QUERY__NODE__NODE_ALTER_ENUM_STMT)
        return;
    ddl_walk(&judge->parse->node->base, look_for_value, &use);
    if (use.value != NULL)
        ddl_judge_act(judge, DDL_ENUM_VALUE_USED, NULL, DDL_LOCK_NONE, DDL_EFFECT_NONE)
            ->detail = g_strdup(use.value);
}

static bool is_own(const struct ddl_judge *judge, const struct ddl_act *act)
{
    for (guint i = 0; i < judge->out->locks->len; i++) {
        const struct ddl_lock *lock = judge->out->locks->pdata[i];
        if (lock->created_here && g_strcmp0(lock->relation, act->relation) == 0 &&
            g_strcmp0(lock->schema, act->schema) == 0)
            return true;
    }
    return false;
}

static bool costs_others(const struct ddl_judge *judge, const struct ddl_act *act)
{
    for (guint i = 0; i < judge->out->locks->len; i++) {
        const struct ddl_lock *lock = judge->out->locks->pdata[i];
        if (!lock->created_here && lock->mode >= act->mode && lock->work >= act->work)
            return true;
    }
    return false;
}

/* What is done to a table that the script itself has made, nobody else waits for. */
static void forget_own(struct ddl_judge *judge)
{
    GPtrArray *acts = judge->out->acts;

    for (guint i = acts->len; i-- > 0;) {
        const struct ddl_act *act = acts->pdata[i];
        if (act->mode != DDL_LOCK_NONE && is_own(judge, act) && !costs_others(judge, act))
            g_ptr_array_remove_index(acts, i);
    }
}

static void sum_up(struct ddl_judge *judge)
{
    struct ddl_judgement *out = judge->out;

    out->effect = judge->floor;
    for (guint i = 0; i < out->locks->len; i++) {
        const struct ddl_lock *lock = out->locks->pdata[i];
        if (!lock->created_here)
            out->effect = MAX(out->effect, lock->work);
    }
    forget_own(judge);
    explain_strong_locks(judge);
    say_transaction(judge);
    say_enum_value(judge);
}

void ddl_judge_node(struct ddl_judge *judge, const PgQuery__Node *node)
{
    static bool (*const judges[])(struct ddl_judge *, const PgQuery__Node *) = {
        ddl_judge_rows, ddl_judge_alter, ddl_judge_create, ddl_judge_index,
        ddl_judge_drop, ddl_judge_type,  ddl_judge_object, ddl_judge_maintain,
    };

    for (gsize i = 0; i < G_N_ELEMENTS(judges); i++)
        if (judges[i](judge, node))
            return;
    judge->floor = DDL_EFFECT_METADATA;
}

struct ddl_judgement *ddl_judge(const struct sql_parse *parse, const char *text,
                                struct ddl_schema *schema, const struct ddl_context *context)
{
    struct ddl_judgement *judgement = judgement_new();
    struct ddl_judge judge = {
        .parse = parse, .text = text, .schema = schema, .context = context, .out = judgement};

    judgement->analysed = parse->tree != NULL;
    judge.end = strlen(text);
    if (parse->node != NULL) {
        ddl_judge_node(&judge, parse->node);
        sum_up(&judge);
    }
    return judgement;
}
