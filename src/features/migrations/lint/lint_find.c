/* Findings of one statement: what its judgement says, in words. */
#include "lint/lint_private.h"

#include <string.h>

/* ---- making them ------------------------------------------------------------------------- */

struct lint_finding *lint_finding_new(const struct lint_rule *rule, guint line, guint column)
{
    struct lint_finding *finding = g_new0(struct lint_finding, 1);

    finding->rule = rule;
    finding->severity = rule->severity;
    finding->line = line;
    finding->column = column;
    return finding;
}

void lint_finding_free(gpointer data)
{
    struct lint_finding *finding = data;

    g_free(finding->message);
    g_free(finding->safe_rewrite);
    g_free(finding->assumption);
    g_free(finding->reason);
    g_free(finding);
}

void lint_add(struct lint_statement *statement, struct lint_finding *finding)
{
    if (statement->findings == NULL)
        statement->findings = g_ptr_array_new_with_free_func(lint_finding_free);
    g_ptr_array_add(statement->findings, finding);
}

struct lint_finding *lint_finding_at(const struct lint_walk *walk, const char *rule, gsize at)
{
    const struct folder_script *own = walk->file->script;
    const struct lint_statement *statement = walk->statement;
    guint column;
    guint line =
        sql_script_line(own->script, statement->start + MIN(at, statement->length), &column);
    struct lint_finding *finding =
        lint_finding_new(lint_rule(rule), own->line + line - 1, column);

    finding->file = own->file;
    return finding;
}

/* ---- words ------------------------------------------------------------------------------- */

struct wording {
    const struct ddl_act *act;
};

static char *place(const char *name, gpointer data)
{
    const struct ddl_act *act = ((const struct wording *) data)->act;

    if (strcmp(name, "table") == 0)
        return lint_relation(act->schema, act->relation);
    if (strcmp(name, "column") == 0)
        return g_strdup(act->column);
    if (strcmp(name, "detail") == 0)
        return g_strdup(act->detail);
    return NULL;
}

/* "shop.orders (about 2,000,000 rows, 1.2 GB) and shop.customers": what this work is done
 * on. */
static char *worked_on(const struct lint_walk *walk, const struct ddl_act *act)
{
    const GPtrArray *locks = walk->statement->judgement->locks;
    const struct ddl_schema *schema = walk->options->schema;
    GString *text = g_string_new(NULL);
    guint count = 0;

    for (guint i = 0; i < locks->len; i++) {
        const struct ddl_lock *lock = locks->pdata[i];
        if (lock->work < DDL_EFFECT_SCAN || lock->work != act->work || lock->created_here ||
            ++count > 3)
            continue;
        g_autofree char *name = lint_relation(lock->schema, lock->relation);
        g_autofree char *size = lint_size(schema, lock->schema, lock->relation);
        g_string_append_printf(text, "%s%s%s", text->len > 0 ? " and " : "", name, size);
    }
    if (count > 3)
        g_string_append_printf(text, " and %u more", count - 3);
    if (count == 0) {
        g_autofree char *name = act->relation != NULL
                                    ? lint_relation(act->schema, act->relation)
                                    : g_strdup("its tables");
        g_autofree char *size = lint_size(schema, act->schema, act->relation);
        g_string_append_printf(text, "%s%s", name, size);
    }
    return g_string_free(text, FALSE);
}

/* "rewrites shop.orders under ACCESS EXCLUSIVE: reads and writes wait" */
static char *cost_of(const struct lint_walk *walk, const struct ddl_act *act)
{
    const char *blocked = ddl_lock_blocks(act->mode);

    if (act->work < DDL_EFFECT_SCAN) {
        g_autofree char *name = lint_relation(act->schema, act->relation);
        return g_strdup_printf("only the catalog is changed, under %s on %s for a moment",
                               ddl_lock_words(act->mode), name);
    }
    g_autofree char *tables = worked_on(walk, act);
    return g_strdup_printf("%s %s under %s%s%s%s",
                           act->work == DDL_EFFECT_REWRITE ? "rewrites" : "scans", tables,
                           ddl_lock_words(act->mode), blocked != NULL ? ": " : "",
                           blocked != NULL ? blocked : "", blocked != NULL ? " wait" : "");
}

static bool costs(const struct ddl_act *act)
{
    return act->work >= DDL_EFFECT_SCAN && act->mode >= DDL_SHARE;
}

/* BEGIN and COMMIT of its own are what makes such a script one of several transactions. */
static bool is_usual(const struct lint_walk *walk, const struct ddl_act *act)
{
    return act->cause == DDL_TRANSACTION_CONTROL &&
           (walk->format == FOLDER_GOLANG_MIGRATE || walk->format == FOLDER_PLAIN);
}

static void find_act(struct lint_walk *walk, const struct ddl_act *act)
{
    const struct lint_saying *saying = lint_saying(act->cause);
    const struct lint_rule *rule = lint_rule(saying->rule);

    if (is_usual(walk, act) || (rule->up_only && walk->file->down))
        return;
    struct lint_finding *finding = lint_finding_at(walk, rule->id, act->at);
    struct wording wording = {act};
    g_autofree char *what = lint_fill(saying->message, place, &wording, false);
    if (rule->about_work) {
        g_autofree char *cost = cost_of(walk, act);
        finding->message = g_strdup_printf("%s: %s", what, cost);
        finding->severity = costs(act) ? rule->severity : rule->idle;
    } else {
        finding->message = g_steal_pointer(&what);
    }
    if (act->sure == DDL_UNKNOWN)
        finding->assumption =
            g_strdup(act->assumption != NULL ? act->assumption : "the schema is not known");
    finding->safe_rewrite = lint_rewrite(walk, act);
    lint_add(walk->statement, finding);
}

/* A lock under which something long is done, and no act that says why. */
static void find_unexplained(struct lint_walk *walk)
{
    const struct ddl_judgement *judgement = walk->statement->judgement;
    const struct ddl_lock *found = NULL;

    for (guint i = 0; i < judgement->acts->len; i++)
        if (costs(judgement->acts->pdata[i]))
            return;
    for (guint i = 0; i < judgement->locks->len; i++) {
        const struct ddl_lock *lock = judgement->locks->pdata[i];
        if (lint_blocks(lock) && lock->work >= DDL_EFFECT_SCAN)
            found = lock;
    }
    if (found == NULL)
        return;
    struct ddl_act act = {.schema = found->schema,
                          .relation = found->relation,
                          .mode = found->mode,
                          .work = found->work};
    struct lint_finding *finding = lint_finding_at(walk, "blocking-work", 0);
    finding->message = cost_of(walk, &act);
    lint_add(walk->statement, finding);
}

/* ---- what the judgement does not say ----------------------------------------------------- */

static void find_trouble(struct lint_walk *walk)
{
    const struct lint_statement *statement = walk->statement;
    struct lint_finding *finding = lint_finding_at(walk, "not-analysed", walk->parse->at);

    finding->message = g_strdup_printf(
        "not analysed: %s", statement->trouble != NULL
                                ? statement->trouble
                                : "what this statement does is not known to the linter");
    lint_add(walk->statement, finding);
}

static bool builds_concurrently(const PgQuery__Node *node)
{
    if (node == NULL)
        return false;
    if (node->node_case == PG_QUERY__NODE__NODE_INDEX_STMT)
        return node->index_stmt->concurrent;
    if (node->node_case != PG_QUERY__NODE__NODE_REINDEX_STMT)
        return false;
    for (size_t i = 0; i < node->reindex_stmt->n_params; i++) {
        const PgQuery__Node *param = node->reindex_stmt->params[i];
        if (param->node_case == PG_QUERY__NODE__NODE_DEF_ELEM &&
            strcmp(param->def_elem->defname, "concurrently") == 0)
            return true;
    }
    return false;
}

/* Repaired in 14.4. */
static void find_corruption(struct lint_walk *walk)
{
    int version = walk->options->server_version;

    if (version <= 140000 || version >= 140004 || !builds_concurrently(walk->parse->node))
        return;
    struct lint_finding *finding = lint_finding_at(walk, "concurrent-index-corruption", 0);
    finding->message = g_strdup_printf("on %d.%d an index that is built CONCURRENTLY may miss "
                                       "rows",
                                       version / 10000, version % 10000);
    lint_add(walk->statement, finding);
}

void lint_find(struct lint_walk *walk)
{
    const struct ddl_judgement *judgement = walk->statement->judgement;

    if (!walk->statement->analysed)
        find_trouble(walk);
    for (guint i = 0; i < judgement->acts->len; i++)
        find_act(walk, judgement->acts->pdata[i]);
    find_unexplained(walk);
    find_corruption(walk);
}
