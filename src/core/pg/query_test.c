#include "pg/query.h"

#include "core_queries.h"
#include "pg/session_private.h"

#include <string.h>

static const struct query v14 = {.name = "q", .since = 140000};
static const struct query v16 = {.name = "q", .since = 160000, .older = &v14};
static const struct query v18 = {.name = "q", .since = 180000, .older = &v16};

static void test_variants(void)
{
    static const struct {
        int version;
        const struct query *query;
    } cases[] = {
        {0, NULL},      {139999, NULL}, {140000, &v14}, {150004, &v14},   {159999, &v14},
        {160000, &v16}, {179999, &v16}, {180000, &v18}, {G_MAXINT, &v18},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_true(query_for(&v18, cases[i].version) == cases[i].query);
    g_assert_true(query_for(&v14, 180000) == &v14);
    g_assert_null(query_for(NULL, 180000));
}

static guint count_of(const char *const *words)
{
    guint count = 0;

    while (words[count] != NULL)
        count++;
    return count;
}

/* Every supported server has a text of every query; versions go down; columns have types. */
static void test_embedded(void)
{
    for (gsize i = 0; core_queries[i] != NULL; i++) {
        const struct query *query = core_queries[i];
        g_assert_nonnull(query_for(query, SESSION_OLDEST));
        for (; query != NULL; query = query->older) {
            g_assert_true(query->older == NULL || query->older->since < query->since);
            g_assert_true(g_str_has_prefix(query->name, "core_"));
            g_assert_cmpuint(count_of(query->columns), ==, count_of(query->column_types));
            g_assert_null(strchr(query->doc, '\n'));
        }
    }
}

static void test_fill(void)
{
    static const struct {
        const char *sql, *filled;
    } cases[] = {
        {"SELECT 1", "SELECT 1"},
        {"SELECT $1", "SELECT ('x'::pg_catalog.text)"},
        {"$2,$1,$2",
         "(NULL::pg_catalog.oid[]),('x'::pg_catalog.text),(NULL::pg_catalog.oid[])"},
        {"-- $1 it's\n$1", "-- $1 it's\n('x'::pg_catalog.text)"},
        {"-- $1", "-- $1"},
        {"'$1' $1", "'$1' ('x'::pg_catalog.text)"},
        {"'it''s $1'$1", "'it''s $1'('x'::pg_catalog.text)"},
        {"E'\\'$1'$1", "E'\\'$1'('x'::pg_catalog.text)"},
        {"'\\'$1", "'\\'('x'::pg_catalog.text)"},
        {"\"$1\" - $1", "\"$1\" - ('x'::pg_catalog.text)"},
        {"a$b $", "a$b $"},
        {"'$1", "'$1"},
    };
    const char *const literals[] = {"'x'", "NULL"};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct query query = {
            .sql = cases[i].sql, .param_types = (const char *const[]){"text", "oid[]", NULL}};
        g_autofree char *filled = query_fill(&query, literals);
        g_assert_cmpstr(filled, ==, cases[i].filled);
    }
}

/* ---- names and literals ------------------------------------------------------------------------- */

/* A connection that never came up quotes as one that did. */
static PGconn *unconnected(void)
{
    const char *const names[] = {"host", NULL}, *const values[] = {"/nonexistent/pgrunbook",
                                                                   NULL};

    return PQconnectStartParams(names, values, 0);
}

static void test_quote(void)
{
    static const struct {
        const char *schema, *name, *quoted;
    } cases[] = {
        {"public", "orders", "\"public\".\"orders\""},
        {NULL, "orders", "\"orders\""},
        {"Shop", "two words", "\"Shop\".\"two words\""},
        {"a\"b", "\"\"", "\"a\"\"b\".\"\"\"\"\"\""},
        {"", "select", "\"\".\"select\""},
        {"s;--", "a\nb", "\"s;--\".\"a\nb\""},
        {"back\\slash", "🐘", "\"back\\slash\".\"🐘\""},
    };
    struct session session = {.connection = unconnected()};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *quoted = session_quote(&session, cases[i].schema, cases[i].name);
        g_assert_cmpstr(quoted, ==, cases[i].quoted);
    }
    PQfinish(session.connection);
    session.connection = NULL;
    g_assert_null(session_quote(&session, "public", "orders"));
    g_assert_null(session_literal(&session, "text"));
}

static void test_literal(void)
{
    static const char *const cases[][2] = {
        {"", "''"},
        {"C", "'C'"},
        {"it's", "'it''s'"},
        {"a\\b", " E'a\\\\b'"},
    };
    struct session session = {.connection = unconnected()};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *literal = session_literal(&session, cases[i][0]);
        g_assert_cmpstr(literal, ==, cases[i][1]);
    }
    PQfinish(session.connection);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pg/query/variants", test_variants);
    g_test_add_func("/pg/query/embedded", test_embedded);
    g_test_add_func("/pg/query/fill", test_fill);
    g_test_add_func("/pg/quote", test_quote);
    g_test_add_func("/pg/literal", test_literal);
    return g_test_run();
}
