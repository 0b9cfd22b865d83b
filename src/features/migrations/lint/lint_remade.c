/*
 * A column that is dropped for another one to take its name takes with it whatever hangs on it. The
 * rewrite names all of that, for it has to be made again by hand, on the new column.
 */
#include "lint/lint_private.h"

#include <string.h>

struct remade {
    const struct ddl_schema *schema;
    const struct ddl_relation *relation;
    const char *column;
    GString *text;
};

static void add(struct remade *remade, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void add(struct remade *remade, const char *format, ...)
{
    va_list arguments;

    g_string_append(remade->text, "--   ");
    va_start(arguments, format);
    g_string_append_vprintf(remade->text, format, arguments);
    va_end(arguments);
    g_string_append_c(remade->text, '\n');
}

static bool has(const GPtrArray *names, const char *name)
{
    for (guint i = 0; names != NULL && i < names->len; i++)
        if (g_strcmp0(names->pdata[i], name) == 0)
            return true;
    return false;
}

static void add_column(struct remade *remade)
{
    for (guint i = 0; i < remade->relation->columns->len; i++) {
        const struct ddl_column *column = remade->relation->columns->pdata[i];
        if (strcmp(column->name, remade->column) != 0)
            continue;
        if (column->not_null)
            add(remade, "NOT NULL");
        if (column->has_default)
            add(remade, "its default");
        if (column->identity)
            add(remade, "GENERATED AS IDENTITY");
    }
}

static void add_indexes(struct remade *remade)
{
    for (guint i = 0; i < remade->relation->indexes->len; i++) {
        const struct ddl_index *index = remade->relation->indexes->pdata[i];
        if (index->constraint == NULL &&
            (has(index->columns, remade->column) || has(index->uses, remade->column)))
            add(remade, "%sindex %s", index->unique ? "unique " : "", index->name);
    }
}

static void add_constraints(struct remade *remade)
{
    static const char *const kinds[] = {
        [DDL_CHECK] = "CHECK",   [DDL_FOREIGN_KEY] = "foreign key",
        [DDL_UNIQUE] = "UNIQUE", [DDL_PRIMARY_KEY] = "primary key",
        [DDL_NOT_NULL] = NULL,   [DDL_EXCLUSION] = "exclusion constraint"};

    for (guint i = 0; i < remade->relation->constraints->len; i++) {
        const struct ddl_constraint *one = remade->relation->constraints->pdata[i];
        if (kinds[one->kind] != NULL && has(one->columns, remade->column))
            add(remade, "%s %s", kinds[one->kind], one->name);
    }
}

/* Foreign keys of other tables; one that names no column means the primary key. */
static void add_referring(struct remade *remade, const struct ddl_relation *other)
{
    for (guint i = 0; i < other->constraints->len; i++) {
        const struct ddl_constraint *one = other->constraints->pdata[i];
        if (one->kind == DDL_FOREIGN_KEY &&
            g_strcmp0(one->referenced, remade->relation->name) == 0 &&
            g_strcmp0(one->referenced_schema, remade->relation->schema) == 0 &&
            has(one->referenced_columns, remade->column))
            add(remade, "foreign key %s of %s.%s", one->name, other->schema, other->name);
    }
}

static void add_uses(struct remade *remade)
{
    for (guint i = 0; remade->relation->uses != NULL && i < remade->relation->uses->len; i++) {
        const struct ddl_use *use = remade->relation->uses->pdata[i];
        if (strcmp(use->column, remade->column) != 0 ||
            !ddl_schema_uses(remade->schema, remade->relation, use))
            continue;
        add(remade, "%s %s%s%s", use->kind, use->schema != NULL ? use->schema : "",
            use->schema != NULL ? "." : "", use->name);
    }
}

static void add_visited(const struct ddl_relation *relation, gpointer data)
{
    add_referring(data, relation);
}

char *lint_remade(const struct ddl_schema *schema, const struct ddl_act *act)
{
    struct remade remade = {
        .schema = schema,
        .relation =
            act->relation != NULL ? ddl_schema_find(schema, act->schema, act->relation) : NULL,
        .column = act->column,
        .text = g_string_new(NULL)};

    if (remade.relation == NULL || remade.column == NULL) {
        g_string_append(
            remade.text,
            "-- what hangs on the old column goes with it, make it again on the new one: "
            "NOT NULL, default, indexes, constraints, views\n");
        return g_string_free(remade.text, FALSE);
    }
    add_column(&remade);
    add_indexes(&remade);
    add_constraints(&remade);
    ddl_schema_each(schema, add_visited, &remade);
    add_uses(&remade);
    if (remade.text->len > 0)
        g_string_prepend(remade.text, "-- this hangs on the old column: drop it with that, and "
                                      "make it again on the new one:\n");
    return g_string_free(remade.text, FALSE);
}
