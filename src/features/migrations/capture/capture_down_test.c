#include "capture/capture_down.h"

#include <string.h>

/* The past: table "old" with a column "c" (default 'x', NOT NULL, a comment), a constraint "k" and an
 * index "i"; schema "s", extension "e". */
static bool there(gpointer data, const char *kind, const char *schema, const char *name)
{
    (void) data;
    if (strcmp(kind, "relation") == 0)
        return (schema == NULL || strcmp(schema, "public") == 0) &&
               (strcmp(name, "old") == 0 || strcmp(name, "i") == 0);
    return (strcmp(kind, "schema") == 0 && strcmp(name, "s") == 0) ||
           (strcmp(kind, "extension") == 0 && strcmp(name, "e") == 0);
}

static bool column(gpointer data, const char *schema, const char *table, const char *name,
                   struct capture_column *ret_column)
{
    if (!there(data, "relation", schema, table) || strcmp(name, "c") != 0)
        return false;
    ret_column->type = g_strdup("character varying(20)");
    ret_column->definition = g_strdup("character varying(20) DEFAULT 'x' NOT NULL");
    ret_column->fallback = g_strdup("'x'");
    ret_column->comment = g_strdup("it's old");
    ret_column->not_null = true;
    return true;
}

static char *constraint(gpointer data, const char *schema, const char *table, const char *name)
{
    return there(data, "relation", schema, table) && strcmp(name, "k") == 0
               ? g_strdup("CHECK (c <> '')")
               : NULL;
}

static char *index_of(gpointer data, const char *schema, const char *name)
{
    (void) data;
    (void) schema;
    return strcmp(name, "i") == 0 ? g_strdup("CREATE INDEX i ON public.old USING btree (c)")
                                  : NULL;
}

static char *comment(gpointer data, const char *schema, const char *table)
{
    (void) data;
    (void) schema;
    (void) table;
    return NULL;
}

static GPtrArray *dependents(gpointer data, const char *schema, const char *table,
                             const char *name)
{
    GPtrArray *statements = g_ptr_array_new_with_free_func(g_free);

    if (there(data, "relation", schema, table) && strcmp(name, "c") == 0)
        g_ptr_array_add(statements, index_of(data, schema, "i"));
    return statements;
}

static const struct capture_past past = {there,   column,     constraint, index_of,
                                         comment, dependents, NULL};

struct proposal {
    const char *up, *down;
    guint notes;
};

static void check(const struct proposal *proposal)
{
    g_auto(GStrv) words = g_strsplit(proposal->up, "; ", -1);
    g_autoptr(GPtrArray) statements = g_ptr_array_new();

    for (char **word = words; *word != NULL; word++)
        g_ptr_array_add(statements, *word);
    AUTO(capture_down) down = capture_down_new(statements, &past);
    g_test_message("%s", proposal->up);
    g_ptr_array_add(down->statements, NULL);
    g_autofree char *text = g_strjoinv("; ", (char **) down->statements->pdata);
    g_ptr_array_remove_index(down->statements, down->statements->len - 1);
    g_assert_cmpstr(text, ==, proposal->down);
    g_assert_cmpuint(down->notes->len, ==, proposal->notes);
}

static void test_created(void)
{
    static const struct proposal proposals[] = {
        {"CREATE TABLE a (id int); CREATE INDEX b ON a (id)",
         "DROP INDEX \"b\"; DROP TABLE \"a\"", 0},
        {"CREATE TABLE IF NOT EXISTS old (id int)", "", 0},
        {"CREATE TABLE IF NOT EXISTS \"S x\".\"a\"\"b\" (id int)",
         "DROP TABLE \"S x\".\"a\"\"b\"", 0},
        {"CREATE INDEX IF NOT EXISTS i ON old (c)", "", 0},
        {"CREATE INDEX CONCURRENTLY j ON public.old (c)",
         "DROP INDEX CONCURRENTLY \"public\".\"j\"", 0},
        {"CREATE INDEX ON old (c)", "", 1},
        {"CREATE TYPE t AS ENUM ('a'); CREATE DOMAIN d AS int",
         "DROP DOMAIN \"d\"; DROP TYPE \"t\"", 0},
        {"CREATE SCHEMA IF NOT EXISTS s; CREATE SCHEMA z", "DROP SCHEMA \"z\"", 0},
        {"CREATE EXTENSION IF NOT EXISTS e", "", 0},
        {"CREATE VIEW v AS SELECT 1; CREATE MATERIALIZED VIEW m AS SELECT 1",
         "DROP MATERIALIZED VIEW \"m\"; DROP VIEW \"v\"", 0},
        {"SELECT 1 AS a INTO n", "", 1},
        {"CREATE SEQUENCE q", "DROP SEQUENCE \"q\"", 0},
        {"CREATE TRIGGER g BEFORE UPDATE ON old FOR EACH ROW EXECUTE FUNCTION f()",
         "DROP TRIGGER \"g\" ON \"old\"", 0},
        {"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "", 1},
        {"this is no statement", "", 1},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(proposals); i++)
        check(&proposals[i]);
}

static void test_changed(void)
{
    static const struct proposal proposals[] = {
        {"ALTER TABLE old ADD COLUMN a int, ADD b text",
         "ALTER TABLE \"old\" DROP COLUMN \"b\", DROP COLUMN \"a\"", 0},
        {"ALTER TABLE old ADD COLUMN IF NOT EXISTS c int", "", 0},
        {"ALTER TABLE made ADD COLUMN a int", "", 0},
        {"ALTER TABLE old ALTER c TYPE text",
         "ALTER TABLE \"old\" ALTER COLUMN \"c\" TYPE character varying(20) USING "
         "\"c\"::character varying(20)",
         0},
        {"ALTER TABLE old ALTER c DROP DEFAULT, ALTER c DROP NOT NULL",
         "ALTER TABLE \"old\" ALTER COLUMN \"c\" SET NOT NULL, ALTER COLUMN \"c\" SET DEFAULT "
         "'x'",
         0},
        {"ALTER TABLE old ALTER c SET NOT NULL", "", 0},
        {"ALTER TABLE old DROP COLUMN c",
         "ALTER TABLE \"old\" ADD COLUMN \"c\" character varying(20) DEFAULT 'x' NOT NULL; "
         "CREATE INDEX i ON public.old USING btree (c)",
         1},
        {"ALTER TABLE old ADD CONSTRAINT n UNIQUE (c)",
         "ALTER TABLE \"old\" DROP CONSTRAINT \"n\"", 0},
        {"ALTER TABLE old ADD UNIQUE (c)", "", 1},
        {"ALTER TABLE old DROP CONSTRAINT k",
         "ALTER TABLE \"old\" ADD CONSTRAINT \"k\" CHECK (c <> '')", 0},
        {"ALTER TABLE old RENAME TO new", "ALTER TABLE \"new\" RENAME TO \"old\"", 0},
        {"ALTER TABLE public.old RENAME c TO d",
         "ALTER TABLE \"public\".\"old\" RENAME COLUMN \"d\" TO \"c\"", 0},
        {"ALTER INDEX i RENAME TO j", "ALTER INDEX \"j\" RENAME TO \"i\"", 0},
        {"DROP INDEX i", "CREATE INDEX i ON public.old USING btree (c)", 0},
        {"DROP TABLE old", "", 1},
        {"DROP TABLE IF EXISTS nothing", "", 0},
        {"COMMENT ON COLUMN old.c IS 'new'", "COMMENT ON COLUMN \"old\".\"c\" IS 'it''s old'",
         0},
        {"COMMENT ON TABLE public.old IS 'new'", "COMMENT ON TABLE \"public\".\"old\" IS NULL",
         0},
        {"COMMENT ON COLUMN made.c IS 'new'", "", 0},
        {"ALTER TABLE old SET (fillfactor = 70)", "", 1},
        {"ALTER TYPE t ADD VALUE 'z'", "", 1},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(proposals); i++)
        check(&proposals[i]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/capture/down/created", test_created);
    g_test_add_func("/capture/down/changed", test_changed);
    return g_test_run();
}
