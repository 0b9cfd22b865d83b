/* Parts of statements about indexes, partitions and domains. */
#include "lint/lint_tree.h"

#include "lint/lint_private.h"

#include <string.h>

/* protobuf-c's own __INIT of a message casts its empty string. */
#pragma GCC diagnostic ignored "-Wcast-qual"

static char *index_as(const struct lint_tree *tree, bool concurrent, bool only, bool must)
{
    if (tree->node == NULL || tree->node->node_case != PG_QUERY__NODE__NODE_INDEX_STMT)
        return NULL;
    PgQuery__IndexStmt index = *tree->node->index_stmt;
    PgQuery__RangeVar relation = *index.relation;
    g_autofree char *own = g_strdup(index.idxname);
    char name[] = LINT_TREE_NAME;
    PgQuery__Node node = PG_QUERY__NODE__INIT;

    index.concurrent = concurrent;
    if (!lint_tree_empty(own))
        index.idxname = name;
    if (must)
        index.if_not_exists = false;
    if (only) {
        relation.inh = false;
        index.relation = &relation;
    }
    node.node_case = PG_QUERY__NODE__NODE_INDEX_STMT;
    node.index_stmt = &index;
    return lint_tree_name(lint_tree_write(tree, &node), own);
}

/* Behind the word and the blanks after it; NULL: another one stands there. */
static const char *past_word(const char *at, const char *word)
{
    gsize length = strlen(word);

    if (g_ascii_strncasecmp(at, word, length) != 0 || !g_ascii_isspace(at[length]))
        return NULL;
    for (at += length; g_ascii_isspace(*at); at++)
        ;
    return at;
}

/* As it is written, with one word more, where nothing stands between its first words. */
static char *index_in_its_words(const struct lint_tree *tree)
{
    const char *unique, *index = past_word(tree->text, "CREATE");

    if (index != NULL && (unique = past_word(index, "UNIQUE")) != NULL)
        index = unique;
    const char *rest = index != NULL ? past_word(index, "INDEX") : NULL;
    if (rest == NULL || tree->node->index_stmt->if_not_exists)
        return NULL;
    return g_strdup_printf("%.*sINDEX CONCURRENTLY %s", (int) (index - tree->text), tree->text,
                           rest);
}

static char *index_concurrently(const struct lint_tree *tree)
{
    char *sql = index_in_its_words(tree);

    return sql != NULL ? sql : index_as(tree, true, false, true);
}

char *lint_tree_only_parent(const struct lint_tree *tree)
{
    return index_as(tree, false, true, false);
}

char *lint_tree_must_create(const struct lint_tree *tree)
{
    return index_as(tree, true, false, true);
}

/* CONCURRENTLY takes one index a statement, and no CASCADE. */
static char *drops(const struct lint_tree *tree)
{
    const PgQuery__DropStmt *drop = tree->node->drop_stmt;
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < drop->n_objects; i++) {
        PgQuery__DropStmt one = *drop;
        PgQuery__Node node = PG_QUERY__NODE__INIT;
        PgQuery__Node *objects[] = {drop->objects[i]};
        one.n_objects = 1;
        one.objects = objects;
        one.concurrent = true;
        one.behavior = PG_QUERY__DROP_BEHAVIOR__DROP_RESTRICT;
        node.node_case = PG_QUERY__NODE__NODE_DROP_STMT;
        node.drop_stmt = &one;
        g_autofree char *sql = lint_tree_write(tree, &node);
        if (sql != NULL)
            g_string_append_printf(text, "%s%s", text->len > 0 ? ";\n" : "", sql);
    }
    return g_string_free(text, text->len == 0);
}

static char *detach(const struct lint_tree *tree)
{
    for (size_t i = 0; i < tree->alter->n_cmds; i++) {
        PgQuery__AlterTableCmd command = *tree->alter->cmds[i]->alter_table_cmd;
        if (command.subtype != PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartition)
            continue;
        PgQuery__PartitionCmd partition = *command.def->partition_cmd;
        PgQuery__Node def = PG_QUERY__NODE__INIT;
        partition.concurrent = true;
        def.node_case = PG_QUERY__NODE__NODE_PARTITION_CMD;
        def.partition_cmd = &partition;
        command.def = &def;
        return lint_tree_alter(tree, &command);
    }
    return NULL;
}

static char *reindex(const PgQuery__ReindexStmt *statement)
{
    const PgQuery__RangeVar *relation = statement->relation;
    bool index = statement->kind == PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_INDEX;

    if (relation == NULL)
        return NULL;
    g_autofree char *name = lint_quoted(
        lint_tree_empty(relation->schemaname) ? NULL : relation->schemaname, relation->relname);
    return g_strdup_printf("REINDEX %s CONCURRENTLY %s", index ? "INDEX" : "TABLE", name);
}

static char *refresh(const struct lint_tree *tree)
{
    const PgQuery__RefreshMatViewStmt *statement = tree->node->refresh_mat_view_stmt;
    PgQuery__RefreshMatViewStmt copy = *statement;
    PgQuery__Node node = PG_QUERY__NODE__INIT;

    if (statement->skip_data)
        return NULL;
    copy.concurrent = true;
    node.node_case = PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT;
    node.refresh_mat_view_stmt = &copy;
    return lint_tree_write(tree, &node);
}

char *lint_tree_concurrently(const struct lint_tree *tree)
{
    if (tree->node == NULL)
        return NULL;
    if (tree->alter != NULL)
        return detach(tree);
    if (tree->node->node_case == PG_QUERY__NODE__NODE_INDEX_STMT)
        return index_concurrently(tree);
    if (tree->node->node_case == PG_QUERY__NODE__NODE_DROP_STMT)
        return drops(tree);
    if (tree->node->node_case == PG_QUERY__NODE__NODE_REINDEX_STMT)
        return reindex(tree->node->reindex_stmt);
    if (tree->node->node_case == PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT)
        return refresh(tree);
    return NULL;
}

/* ---- partitions -------------------------------------------------------------------------- */

static const PgQuery__CreateStmt *partition_of(const struct lint_tree *tree)
{
    const PgQuery__Node *node = tree->node;

    if (node == NULL || node->node_case != PG_QUERY__NODE__NODE_CREATE_STMT)
        return NULL;
    const PgQuery__CreateStmt *create = node->create_stmt;
    bool is = create->partbound != NULL && create->n_inh_relations == 1 &&
              create->inh_relations[0]->node_case == PG_QUERY__NODE__NODE_RANGE_VAR;
    return is ? create : NULL;
}

static char *name_of(const PgQuery__RangeVar *relation)
{
    return lint_quoted(lint_tree_empty(relation->schemaname) ? NULL : relation->schemaname,
                       relation->relname);
}

char *lint_tree_parent(const struct lint_tree *tree)
{
    const PgQuery__CreateStmt *create = partition_of(tree);

    return create != NULL ? name_of(create->inh_relations[0]->range_var) : NULL;
}

char *lint_tree_partition(const struct lint_tree *tree)
{
    const PgQuery__CreateStmt *create = partition_of(tree);

    return create != NULL ? name_of(create->relation) : NULL;
}

char *lint_tree_attach(const struct lint_tree *tree)
{
    const PgQuery__CreateStmt *create = partition_of(tree);

    if (create == NULL)
        return NULL;
    PgQuery__PartitionCmd partition = PG_QUERY__PARTITION_CMD__INIT;
    PgQuery__Node def = PG_QUERY__NODE__INIT;
    PgQuery__AlterTableCmd command = PG_QUERY__ALTER_TABLE_CMD__INIT;
    PgQuery__AlterTableStmt statement = PG_QUERY__ALTER_TABLE_STMT__INIT;
    struct lint_tree parent = {.alter = &statement};

    partition.name = create->relation;
    partition.bound = create->partbound;
    def.node_case = PG_QUERY__NODE__NODE_PARTITION_CMD;
    def.partition_cmd = &partition;
    command.subtype = PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition;
    command.behavior = PG_QUERY__DROP_BEHAVIOR__DROP_RESTRICT;
    command.def = &def;
    statement.relation = create->inh_relations[0]->range_var;
    statement.objtype = PG_QUERY__OBJECT_TYPE__OBJECT_TABLE;
    return lint_tree_alter(&parent, &command);
}

/* ---- domains ----------------------------------------------------------------------------- */

static const PgQuery__AlterDomainStmt *domain_of(const struct lint_tree *tree)
{
    const PgQuery__Node *node = tree->node;

    return node != NULL && node->node_case == PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT
               ? node->alter_domain_stmt
               : NULL;
}

static const char *string_at(const PgQuery__AlterDomainStmt *domain, size_t from_end)
{
    if (domain->n_type_name < from_end)
        return NULL;
    const PgQuery__Node *name = domain->type_name[domain->n_type_name - from_end];
    return name->node_case == PG_QUERY__NODE__NODE_STRING ? name->string->sval : NULL;
}

char *lint_tree_domain(const struct lint_tree *tree)
{
    const PgQuery__AlterDomainStmt *domain = domain_of(tree);

    return domain != NULL ? lint_quoted(string_at(domain, 2), string_at(domain, 1)) : NULL;
}

/* The constraint's own name, or one for it; NULL: the statement adds none. */
static char *domain_constraint(const PgQuery__AlterDomainStmt *domain)
{
    if (domain == NULL || domain->subtype == NULL || string_at(domain, 1) == NULL)
        return NULL;
    if (strcmp(domain->subtype, "O") == 0)
        return g_strdup_printf("%s_not_null", string_at(domain, 1));
    if (strcmp(domain->subtype, "C") != 0 || domain->def == NULL ||
        domain->def->node_case != PG_QUERY__NODE__NODE_CONSTRAINT)
        return NULL;
    return lint_tree_empty(domain->def->constraint->conname)
               ? g_strdup_printf("%s_check", string_at(domain, 1))
               : g_strdup(domain->def->constraint->conname);
}

char *lint_tree_domain_constraint(const struct lint_tree *tree)
{
    g_autofree char *name = domain_constraint(domain_of(tree));

    return lint_quoted(NULL, name);
}

/* ADD CONSTRAINT as it is, SET NOT NULL as a CHECK. */
char *lint_tree_domain_not_valid(const struct lint_tree *tree)
{
    const PgQuery__AlterDomainStmt *domain = domain_of(tree);
    g_autofree char *name = lint_tree_domain(tree);
    g_autofree char *plain = domain_constraint(domain);
    g_autofree char *constraint = lint_quoted(NULL, plain);

    if (name == NULL || constraint == NULL)
        return NULL;
    if (strcmp(domain->subtype, "O") == 0)
        return g_strdup_printf("ALTER DOMAIN %s ADD CONSTRAINT %s CHECK (VALUE IS NOT NULL) "
                               "NOT VALID",
                               name, constraint);
    PgQuery__AlterDomainStmt copy = *domain;
    PgQuery__Constraint named = *domain->def->constraint;
    PgQuery__Node def = PG_QUERY__NODE__INIT, node = PG_QUERY__NODE__INIT;
    char name_for_now[] = LINT_TREE_NAME;
    named.conname = name_for_now;
    named.skip_validation = true;
    named.initially_valid = false;
    def.node_case = PG_QUERY__NODE__NODE_CONSTRAINT;
    def.constraint = &named;
    copy.def = &def;
    node.node_case = PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT;
    node.alter_domain_stmt = &copy;
    return lint_tree_name(lint_tree_write(tree, &node), plain);
}
