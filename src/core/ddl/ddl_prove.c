/*
 * What a CHECK proves, as far as the server's own prover (predicate_implied_by) would follow: that a
 * column is not NULL, that all rows are within a partition's bound, that none is. When in doubt
 * nothing is proved: then the server looks at the rows.
 */
#include "ddl/ddl_private.h"

#include <string.h>

/* ---- NULL ---------------------------------------------------------------------------------- */

static bool not_null(const PgQuery__Node *expression, bool negated, const char *column);

static bool any_not_null(const PgQuery__BoolExpr *bool_expr, bool negated, const char *column)
{
    bool is_and = (bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR) != negated;

    for (size_t i = 0; i < bool_expr->n_args; i++)
        if (not_null(bool_expr->args[i], negated, column) == is_and)
            return is_and;
    return !is_and;
}

static bool not_null(const PgQuery__Node *expression, bool negated, const char *column)
{
    if (expression == NULL)
        return false;
    if (expression->node_case == PG_QUERY__NODE__NODE_NULL_TEST) {
        enum _PgQuery__NullTestType wanted =
            negated ? PG_QUERY__NULL_TEST_TYPE__IS_NULL : PG_QUERY__NULL_TEST_TYPE__IS_NOT_NULL;
        return expression->null_test->nulltesttype == wanted &&
               g_strcmp0(ddl_column_of(expression->null_test->arg), column) == 0;
    }
    if (expression->node_case == PG_QUERY__NODE__NODE_A_EXPR) {
        const PgQuery__AExpr *test = expression->a_expr;
        PgQuery__AExprKind kind = negated ? PG_QUERY__A__EXPR__KIND__AEXPR_NOT_DISTINCT
                                          : PG_QUERY__A__EXPR__KIND__AEXPR_DISTINCT;
        return test->kind == kind && ddl_is_null_constant(test->rexpr) &&
               g_strcmp0(ddl_column_of(test->lexpr), column) == 0;
    }
    if (expression->node_case != PG_QUERY__NODE__NODE_BOOL_EXPR)
        return false;
    if (expression->bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR)
        return expression->bool_expr->n_args > 0 &&
               not_null(expression->bool_expr->args[0], !negated, column);
    return any_not_null(expression->bool_expr, negated, column);
}

bool ddl_proves_not_null(const PgQuery__Node *expression, const char *column)
{
    return not_null(expression, false, column);
}

static bool holds(const struct ddl_constraint *constraint)
{
    return constraint->kind == DDL_CHECK && constraint->validated && constraint->enforced;
}

bool ddl_not_null_proved(const struct ddl_relation *relation, const char *column)
{
    for (guint i = 0; relation != NULL && i < relation->constraints->len; i++) {
        const struct ddl_constraint *constraint = relation->constraints->pdata[i];
        if (holds(constraint) &&
            (g_strcmp0(constraint->proves_not_null, column) == 0 ||
             ddl_proves_not_null(ddl_expression_node(constraint->expression), column)))
            return true;
    }
    return false;
}

/* ---- comparing constants ------------------------------------------------------------------- */

/* "2024-01-01 00:00:00+00" is "2024-01-01". */
static char *shortened(const char *value)
{
    static const char *const tails[] = {"+00:00",    "+00",       "Z",
                                        " 00:00:00", "T00:00:00", " 00:00"};
    char *text = g_strstrip(g_strdup(value));

    for (gsize i = 0; i < G_N_ELEMENTS(tails); i++)
        if (g_str_has_suffix(text, tails[i]) && strlen(text) > strlen(tails[i]) + 3)
            text[strlen(text) - strlen(tails[i])] = '\0';
    return text;
}

static bool date_like(const char *text)
{
    return strlen(text) >= 8 && strspn(text, "0123456789") == 4 && text[4] == '-' &&
           strspn(text, "0123456789-:. T") == strlen(text);
}

/* False: which is larger is not known. */
static bool compare(const char *one, const char *other, int *ret_order)
{
    char *end_one, *end_other;
    double a = g_ascii_strtod(one, &end_one), b = g_ascii_strtod(other, &end_other);

    if (end_one != one && end_other != other && *end_one == '\0' && *end_other == '\0') {
        *ret_order = (a > b) - (a < b);
        return true;
    }
    g_autofree char *left = shortened(one), *right = shortened(other);
    int order = strcmp(left, right);
    *ret_order = (order > 0) - (order < 0);
    return order == 0 || (date_like(left) && date_like(right));
}

/* ---- what an expression says of the key ------------------------------------------------------ */

enum op { OP_NONE, OP_LT, OP_LE, OP_EQ, OP_GE, OP_GT, OP_NE };

/* lower <= key < upper; NULL: open. With values it is one of them. */
struct bound {
    const char *key;
    char *lower, *upper;
    GPtrArray *values; /* NULL: a range */
    bool null;         /* NULL is one of the values */
};

static enum op operator_of(const PgQuery__AExpr *test)
{
    static const struct {
        const char *name;
        enum op op;
    } operators[] = {{"<", OP_LT},  {"<=", OP_LE}, {"=", OP_EQ},
                     {">=", OP_GE}, {">", OP_GT},  {"<>", OP_NE}};
    const char *name = test->n_name > 0 ? ddl_string(test->name[test->n_name - 1]) : NULL;

    for (gsize i = 0; name != NULL && i < G_N_ELEMENTS(operators); i++)
        if (strcmp(operators[i].name, name) == 0)
            return operators[i].op;
    return OP_NONE;
}

static enum op turned(enum op op)
{
    static const enum op of[] = {OP_NONE, OP_GT, OP_GE, OP_EQ, OP_LE, OP_LT, OP_NE};

    return of[op];
}

static enum op opposite(enum op op)
{
    static const enum op of[] = {OP_NONE, OP_GE, OP_GT, OP_NE, OP_LT, OP_LE, OP_EQ};

    return of[op];
}

/* key OP value: all of it below / at or above that limit. */
static bool below(enum op op, const char *value, const char *limit)
{
    int order;

    if (limit == NULL || !compare(value, limit, &order))
        return false;
    return (op == OP_LT && order <= 0) || ((op == OP_LE || op == OP_EQ) && order < 0);
}

static bool at_or_above(enum op op, const char *value, const char *limit)
{
    int order;

    if (limit == NULL || !compare(value, limit, &order))
        return false;
    return (op == OP_GE || op == OP_GT || op == OP_EQ) && order >= 0;
}

static bool among(const struct bound *bound, const char *value)
{
    for (guint i = 0; i < bound->values->len; i++) {
        int order;
        if (compare(value, bound->values->pdata[i], &order) && order == 0)
            return true;
    }
    return false;
}

enum question { ASK_LOWER, ASK_UPPER, ASK_AMONG, ASK_OUTSIDE, ASK_NOT_VALUE };

static bool one_answer(enum question question, const struct bound *bound, enum op op,
                       const char *value, const char *asked)
{
    int order;

    switch (question) {
    case ASK_LOWER:
        return bound->lower == NULL || at_or_above(op, value, bound->lower);
    case ASK_UPPER:
        return bound->upper == NULL || below(op, value, bound->upper);
    case ASK_AMONG:
        return op == OP_EQ && among(bound, value);
    case ASK_OUTSIDE:
        return below(op, value, bound->lower) || at_or_above(op, value, bound->upper);
    case ASK_NOT_VALUE:
        if (!compare(value, asked, &order))
            return op == OP_EQ; /* texts of which only equality is known, and they differ */
        return (op == OP_NE && order == 0) || (op == OP_EQ && order != 0) ||
               (op == OP_LT && order <= 0) || (op == OP_LE && order < 0) ||
               (op == OP_GT && order >= 0) || (op == OP_GE && order > 0);
    default:
        return false;
    }
}

/* The constants of IN (…), of ARRAY[…], of BETWEEN. */
static GPtrArray *constants_of(const PgQuery__Node *list)
{
    GPtrArray *constants = g_ptr_array_new_with_free_func(g_free);
    PgQuery__Node **items = NULL;
    size_t count = 0;

    while (list != NULL && list->node_case == PG_QUERY__NODE__NODE_TYPE_CAST)
        list = list->type_cast->arg;
    if (list != NULL && list->node_case == PG_QUERY__NODE__NODE_LIST) {
        items = list->list->items;
        count = list->list->n_items;
    } else if (list != NULL && list->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR) {
        items = list->a_array_expr->elements;
        count = list->a_array_expr->n_elements;
    }
    for (size_t i = 0; i < count; i++) {
        char *value = ddl_constant_of(items[i]);
        if (value == NULL) {
            g_ptr_array_set_size(constants, 0);
            break;
        }
        g_ptr_array_add(constants, value);
    }
    return constants;
}

static bool list_answers(enum question question, const struct bound *bound,
                         const PgQuery__AExpr *test, bool negated, const char *asked)
{
    g_autoptr(GPtrArray) values = constants_of(test->rexpr);
    bool inequality = (operator_of(test) == OP_NE) != negated;

    if (values->len == 0)
        return false;
    for (guint i = 0; i < values->len; i++) {
        bool yes =
            one_answer(question, bound, inequality ? OP_NE : OP_EQ, values->pdata[i], asked);
        if (yes == inequality)
            return inequality;
    }
    return !inequality;
}

static bool between_answers(enum question question, const struct bound *bound,
                            const PgQuery__AExpr *test, bool negated, const char *asked)
{
    g_autoptr(GPtrArray) ends = constants_of(test->rexpr);
    bool outside = (test->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN) != negated;

    if (ends->len != 2)
        return false;
    bool first = one_answer(question, bound, outside ? OP_LT : OP_GE, ends->pdata[0], asked);
    bool second = one_answer(question, bound, outside ? OP_GT : OP_LE, ends->pdata[1], asked);
    return outside ? first && second : first || second;
}

static bool test_answers(enum question question, const struct bound *bound,
                         const PgQuery__AExpr *test, bool negated, const char *asked)
{
    bool key_left = g_strcmp0(ddl_column_of(test->lexpr), bound->key) == 0;
    bool key_right = g_strcmp0(ddl_column_of(test->rexpr), bound->key) == 0;

    if (!key_left && !key_right)
        return false;
    if (test->kind == PG_QUERY__A__EXPR__KIND__AEXPR_IN ||
        test->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY ||
        test->kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL)
        return key_left && list_answers(question, bound, test, negated, asked);
    if (test->kind == PG_QUERY__A__EXPR__KIND__AEXPR_BETWEEN ||
        test->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NOT_BETWEEN)
        return key_left && between_answers(question, bound, test, negated, asked);
    if (test->kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP)
        return false;
    g_autofree char *value = ddl_constant_of(key_left ? test->rexpr : test->lexpr);
    enum op op = key_left ? operator_of(test) : turned(operator_of(test));
    return value != NULL && op != OP_NONE &&
           one_answer(question, bound, negated ? opposite(op) : op, value, asked);
}

/* Whether the expression, where it holds, answers the question with yes. */
static bool answers(enum question question, const struct bound *bound,
                    const PgQuery__Node *expression, bool negated, const char *asked)
{
    if (expression == NULL)
        return false;
    if (expression->node_case == PG_QUERY__NODE__NODE_A_EXPR)
        return test_answers(question, bound, expression->a_expr, negated, asked);
    if (expression->node_case != PG_QUERY__NODE__NODE_BOOL_EXPR)
        return false;
    const PgQuery__BoolExpr *bool_expr = expression->bool_expr;
    if (bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__NOT_EXPR)
        return bool_expr->n_args > 0 &&
               answers(question, bound, bool_expr->args[0], !negated, asked);
    bool is_and = (bool_expr->boolop == PG_QUERY__BOOL_EXPR_TYPE__AND_EXPR) != negated;
    for (size_t i = 0; i < bool_expr->n_args; i++)
        if (answers(question, bound, bool_expr->args[i], negated, asked) == is_and)
            return is_and;
    return !is_and;
}

static bool relation_answers(enum question question, const struct bound *bound,
                             const struct ddl_relation *relation, const char *asked)
{
    for (guint i = 0; i < relation->constraints->len; i++) {
        const struct ddl_constraint *constraint = relation->constraints->pdata[i];
        if (holds(constraint) &&
            answers(question, bound, ddl_expression_node(constraint->expression), false, asked))
            return true;
    }
    return false;
}

/* ---- bounds of partitions -------------------------------------------------------------------- */

/* One end of a range of one column. False: it is more than that. */
static bool end_of(PgQuery__Node *const *datums, size_t count, char **ret_end)
{
    *ret_end = NULL;
    if (count != 1)
        return false;
    const char *word = ddl_column_of(datums[0]);
    if (word != NULL)
        return g_ascii_strcasecmp(word, "minvalue") == 0 ||
               g_ascii_strcasecmp(word, "maxvalue") == 0;
    *ret_end = ddl_constant_of(datums[0]);
    return *ret_end != NULL;
}

static void bound_clear(struct bound *bound)
{
    g_clear_pointer(&bound->lower, g_free);
    g_clear_pointer(&bound->upper, g_free);
    g_clear_pointer(&bound->values, g_ptr_array_unref);
}

static bool bound_of(const struct ddl_relation *parent, const PgQuery__PartitionBoundSpec *spec,
                     struct bound *ret_bound)
{
    *ret_bound = (struct bound){0};
    if (spec == NULL || spec->is_default || parent == NULL || parent->key == NULL ||
        parent->key->len != 1 || parent->key->pdata[0] == NULL)
        return false;
    ret_bound->key = parent->key->pdata[0];
    if (g_strcmp0(spec->strategy, "r") == 0)
        return end_of(spec->lowerdatums, spec->n_lowerdatums, &ret_bound->lower) &&
               end_of(spec->upperdatums, spec->n_upperdatums, &ret_bound->upper);
    if (g_strcmp0(spec->strategy, "l") != 0)
        return false;
    ret_bound->values = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < spec->n_listdatums; i++) {
        char *value = ddl_constant_of(spec->listdatums[i]);
        if (value != NULL)
            g_ptr_array_add(ret_bound->values, value);
        else
            ret_bound->null = true;
    }
    return true;
}

static bool proved(const struct ddl_relation *relation, const struct bound *bound)
{
    const struct ddl_column *column = ddl_column_find(relation, bound->key);
    bool not_null =
        (column != NULL && column->not_null) || ddl_not_null_proved(relation, bound->key);

    if (!not_null && !bound->null)
        return false;
    if (bound->values != NULL)
        return relation_answers(ASK_AMONG, bound, relation, NULL);
    return (bound->lower == NULL || relation_answers(ASK_LOWER, bound, relation, NULL)) &&
           (bound->upper == NULL || relation_answers(ASK_UPPER, bound, relation, NULL));
}

bool ddl_bound_proved(const struct ddl_relation *relation, const struct ddl_relation *parent,
                      const PgQuery__PartitionBoundSpec *spec)
{
    struct bound bound;
    bool yes = relation != NULL && bound_of(parent, spec, &bound) && proved(relation, &bound);

    if (relation != NULL)
        bound_clear(&bound);
    return yes;
}

static bool excluded(const struct ddl_relation *relation, const struct bound *bound)
{
    if (bound->values == NULL)
        return relation_answers(ASK_OUTSIDE, bound, relation, NULL);
    for (guint i = 0; i < bound->values->len; i++)
        if (!relation_answers(ASK_NOT_VALUE, bound, relation, bound->values->pdata[i]))
            return false;
    return !bound->null;
}

bool ddl_bound_excluded(const struct ddl_relation *relation, const struct ddl_relation *parent,
                        const PgQuery__PartitionBoundSpec *spec)
{
    struct bound bound;
    bool yes = relation != NULL && bound_of(parent, spec, &bound) && excluded(relation, &bound);

    if (relation != NULL)
        bound_clear(&bound);
    return yes;
}
