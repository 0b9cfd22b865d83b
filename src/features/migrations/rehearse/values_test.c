#include "rehearse/values.h"

static void check(struct values_column column, const char *expected)
{
    g_autofree char *text = values_expression(&column, 10);

    g_assert_cmpstr(text, ==, expected);
}

static struct values_type type(const char *name, const char *base, char category, int typmod)
{
    return (struct values_type){name, base, 'b', category, typmod};
}

static void test_types(void)
{
    check((struct values_column){.type = type("integer", "int4", 'N', -1)}, "(r.i)::integer");
    /* A value has all the digits that it may have. */
    check(
        (struct values_column){.type = type("numeric(6,2)", "numeric", 'N', (6 << 16) + 2 + 4)},
        "((r.i % 10000 + (r.i % 9 + 1) / 100.0))::numeric(6,2)");
    check((struct values_column){.type = type("character varying(3)", "varchar", 'S', 7)},
          "(((r.i % 1000)::pg_catalog.text))::character varying(3)");
    check((struct values_column){.type = type("citext", "citext", 'S', -1)},
          "(('W\303\266rt ' || r.i::pg_catalog.text || ' '))::citext");
    check((struct values_column){.type = type("geometry", "geometry", 'U', -1)}, NULL);
    check((struct values_column){.type = type("integer[]", "_int4", 'A', -1),
                                 .element = type("integer", "int4", 'N', -1)},
          "(ARRAY[(r.i)::integer])::integer[]");
}

static void test_negative(void)
{
    check((struct values_column){.type = type("integer", "int4", 'N', -1), .negative = true},
          "((CASE WHEN r.i % 3 = 0 THEN -r.i ELSE r.i END))::integer");
    check((struct values_column){.type = type("bytea", "bytea", 'U', -1), .negative = true},
          "(pg_catalog.decode(pg_catalog.md5(r.i::pg_catalog.text), 'hex'))::bytea");
}

static void test_checks(void)
{
    static const char allowed[] =
        "(SELECT pg_catalog.array_agg(c.n ORDER BY c.n) FROM (SELECT g::integer AS n FROM "
        "pg_catalog.generate_series(1, 10) AS g) AS c WHERE (n < 5))";
    g_autofree char *expected = g_strdup_printf(
        "((%s)[1 + (r.i - 1) %% pg_catalog.cardinality(%s)])::integer", allowed, allowed);

    check((struct values_column){.name = "n",
                                 .type = type("integer", "int4", 'N', -1),
                                 .checks = "(n < 5)"},
          expected);
    check((struct values_column){.name = "m",
                                 .type = type("mail", "text", 'S', -1),
                                 .domain_checks = "CHECK ((VALUE ~ '@'::text))"},
          "(('User' || r.i::pg_catalog.text || '@example.com'))::mail");
}

static void test_nulls(void)
{
    struct values_column column = {.type = type("integer", "int4", 'N', -1), .nulls = 0.5};

    check(column, "CASE WHEN r.i % 2 <> 0 THEN (r.i)::integer END");
    column.nulls = 0.001;
    check(column, "CASE WHEN r.i % 7 <> 0 THEN (r.i)::integer END");
    column.nulls = 1;
    check(column, "CASE WHEN r.i % 1 <> 0 THEN (r.i)::integer END");
    column.not_null = true;
    check(column, "(r.i)::integer");
}

static void test_listed(void)
{
    g_autofree char *list = values_listed("(status = ANY (ARRAY['new'::text, 'it''s'::text]))");
    g_autofree char *pattern = values_listed("(mail ~ '@'::text)");

    g_assert_cmpstr(list, ==, "'new', 'it''s'");
    g_assert_null(pattern);
    g_assert_null(values_listed("(status = ANY (ARRAY['without an end"));
    g_assert_null(values_listed(NULL));
}

static void check_bound(const char *bound, const char *expected)
{
    g_autofree char *value = values_of_bound(bound);

    g_assert_cmpstr(value, ==, expected);
}

static void test_bounds(void)
{
    check_bound("FOR VALUES FROM ('2026-01-01 00:00:00+00') TO ('2026-02-01 00:00:00+00')",
                "'2026-01-01 00:00:00+00'");
    check_bound("FOR VALUES FROM (-5) TO (10)", "-5");
    check_bound("FOR VALUES FROM (MINVALUE) TO (10)", NULL);
    check_bound("FOR VALUES IN ('a', 'b')", "'a'");
    check_bound("FOR VALUES WITH (modulus 4, remainder 0)", NULL);
    check_bound("DEFAULT", NULL);
}

int main(int count, char **arguments)
{
    g_test_init(&count, &arguments, NULL);
    g_test_add_func("/migrations/values/types", test_types);
    g_test_add_func("/migrations/values/checks", test_checks);
    g_test_add_func("/migrations/values/nulls", test_nulls);
    g_test_add_func("/migrations/values/negative", test_negative);
    g_test_add_func("/migrations/values/listed", test_listed);
    g_test_add_func("/migrations/values/bounds", test_bounds);
    return g_test_run();
}
