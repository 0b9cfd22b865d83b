/* The way there and back: DROP INDEX, and the statements that make the index again. */
#include "indexes.h"

static char *quoted(const struct relations *relations, const struct relation_index *index,
                    struct session *session)
{
    return session_quote(session, relations_table_of(relations, index)->schema, index->name);
}

/* ---- what has to be asked ------------------------------------------------------------------ */

static void want(const struct relations *relations, const struct relation_index *index,
                 GHashTable *seen, GArray *oids)
{
    for (guint i = 0; index->kind == 'I' && i < relations->indexes->len; i++) {
        const struct relation_index *part = relations_index(relations, i);
        if (part != index && relations_belongs(relations, part, index->oid) &&
            g_hash_table_add(seen, GUINT_TO_POINTER(part->oid)))
            g_array_append_val(oids, part->oid);
    }
    if (g_hash_table_add(seen, GUINT_TO_POINTER(index->oid)))
        g_array_append_val(oids, index->oid);
}

static void keep_definition(guint oid, const char *definition, gpointer data)
{
    if (definition != NULL)
        g_hash_table_insert(data, GUINT_TO_POINTER(oid), g_strdup(definition));
}

bool indexes_observe_definitions(struct session *session, struct indexes_case *state,
                                 GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    g_autoptr(GArray) oids = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < state->findings->len; i++) {
        const struct indexes_finding *finding =
            &g_array_index(state->findings, struct indexes_finding, i);
        if (finding->word == INDEXES_DROP_CANDIDATE)
            want(state->relations, relations_index(state->relations, finding->index), seen,
                 oids);
    }
    return relations_definitions(session, (const guint *) (gpointer) oids->data, oids->len,
                                 keep_definition, state->definitions, error);
}

bool indexes_observe_definition(struct session *session, struct indexes_case *state,
                                const struct relation_index *index, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    g_autoptr(GArray) oids = g_array_new(FALSE, FALSE, sizeof(guint));

    want(state->relations, index, seen, oids);
    return relations_definitions(session, (const guint *) (gpointer) oids->data, oids->len,
                                 keep_definition, state->definitions, error);
}

/* ---- there --------------------------------------------------------------------------------- */

char *indexes_drop_sql(const struct indexes_case *state, const struct indexes_finding *finding,
                       struct session *session)
{
    if (finding->word != INDEXES_DROP_CANDIDATE)
        return NULL;
    return indexes_drop_statement(state->relations,
                                  relations_index(state->relations, finding->index), session);
}

/* A partitioned index can be dropped only with ACCESS EXCLUSIVE on the table, for a moment
 * (drop_index.sgml). */
char *indexes_drop_statement(const struct relations *relations,
                             const struct relation_index *index, struct session *session)
{
    g_autofree char *name = quoted(relations, index, session);

    return g_strdup_printf("DROP INDEX %s%s", index->kind == 'I' ? "" : "CONCURRENTLY ", name);
}

/* ---- and back ------------------------------------------------------------------------------ */

static void append(GString *script, const char *statement)
{
    g_string_append_printf(script, "%s%s", script->len > 0 ? ";\n" : "", statement);
}

static bool append_definition(GString *script, const struct indexes_case *state, guint oid)
{
    const char *definition = g_hash_table_lookup(state->definitions, GUINT_TO_POINTER(oid));

    if (definition != NULL)
        append(script, definition);
    return definition != NULL;
}

static void append_attach(GString *script, const struct relations *relations,
                          const struct relation_index *part, struct session *session)
{
    const struct relation_index *up = relations_find_index(relations, part->parent);
    g_autofree char *parent = quoted(relations, up, session);
    g_autofree char *child = quoted(relations, part, session);
    g_autofree char *statement =
        g_strdup_printf("ALTER INDEX %s ATTACH PARTITION %s", parent, child);

    append(script, statement);
}

static guint depth_of(const struct relations *relations, const struct relation_index *index)
{
    guint depth = 0;

    for (; index != NULL && index->parent != 0; depth++)
        index = relations_find_index(relations, index->parent);
    return depth;
}

/* Parts of one kind and depth, each by `take`; false when one of them is not known. */
struct walk {
    const struct indexes_case *state;
    const struct relation_index *root;
    struct session *session;
    GString *script;
};

static bool make_parts(const struct walk *walk, char kind)
{
    const struct relations *relations = walk->state->relations;

    for (guint i = 0; i < relations->indexes->len; i++) {
        const struct relation_index *part = relations_index(relations, i);
        if (part != walk->root && part->kind == kind &&
            relations_belongs(relations, part, walk->root->oid) &&
            !append_definition(walk->script, walk->state, part->oid))
            return false;
    }
    return true;
}

static void attach_parts(const struct walk *walk, guint depth)
{
    const struct relations *relations = walk->state->relations;

    for (guint i = 0; i < relations->indexes->len; i++) {
        const struct relation_index *part = relations_index(relations, i);
        if (part != walk->root && relations_belongs(relations, part, walk->root->oid) &&
            depth_of(relations, part) == depth)
            append_attach(walk->script, relations, part, walk->session);
    }
}

/* The parents first, empty; then the parts without stopping writes; then each is attached, the
 * deepest first. */
static char *undo_partitioned(const struct walk *walk)
{
    const struct relations *relations = walk->state->relations;
    guint top = depth_of(relations, walk->root), deepest = top;

    for (guint i = 0; i < relations->indexes->len; i++) {
        const struct relation_index *part = relations_index(relations, i);
        if (relations_belongs(relations, part, walk->root->oid))
            deepest = MAX(deepest, depth_of(relations, part));
    }
    if (!append_definition(walk->script, walk->state, walk->root->oid) ||
        !make_parts(walk, 'I') || !make_parts(walk, 'i'))
        return NULL;
    for (guint depth = deepest; depth > top; depth--)
        attach_parts(walk, depth);
    return g_strdup(walk->script->str);
}

char *indexes_undo_statements(const struct indexes_case *state,
                              const struct relation_index *index, struct session *session)
{
    g_autoptr(GString) script = g_string_new(NULL);
    struct walk walk = {state, index, session, script};

    if (index->kind == 'I')
        return undo_partitioned(&walk);
    return append_definition(script, state, index->oid) ? g_strdup(script->str) : NULL;
}

char *indexes_undo_sql(const struct indexes_case *state, const struct indexes_finding *finding,
                       struct session *session)
{
    if (finding->word != INDEXES_DROP_CANDIDATE)
        return NULL;
    return indexes_undo_statements(state, relations_index(state->relations, finding->index),
                                   session);
}

/* ---- what is missing ----------------------------------------------------------------------- */

char *indexes_create_sql(const struct indexes_case *state,
                         const struct indexes_finding *finding, struct session *session)
{
    if (finding->kind != INDEXES_KIND_MISSING_FK)
        return NULL;
    const struct relation_foreign_key *key = &g_array_index(
        state->relations->foreign_keys, struct relation_foreign_key, finding->other);
    const struct relation_table *table = relations_table(state->relations, key->table);
    g_autofree char *name = session_quote(session, table->schema, table->name);

    /* CONCURRENTLY does not work on a partitioned table: an empty index there, and one for each
     * partition attached to it, do. */
    return g_strdup_printf("CREATE INDEX %sON %s%s (%s)",
                           table->kind == 'p' ? "" : "CONCURRENTLY ",
                           table->kind == 'p' ? "ONLY " : "", name, key->column_names);
}
