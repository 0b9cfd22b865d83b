#include "rehearse/values.h"

#include <string.h>

/* ---- by type ------------------------------------------------------------------------------- */

struct known {
    const char *base, *expression;
};

#define NUMBER "r.i"
/* To the microsecond: what a coarser type loses is seen. */
#define MINUTES "r.i * pg_catalog.interval '1 min 0.123457 s'"

static const struct known known[] = {
    {"int2", "((r.i - 1) % 32767 + 1)"},
    {"int4", NUMBER},
    {"int8", NUMBER},
    {"oid", NUMBER},
    {"float4", "((r.i % 3 - 1) * (r.i + 1 / 7.0))"},
    {"float8", "((r.i % 3 - 1) * (r.i + 1 / 7.0))"},
    {"money", "r.i::pg_catalog.int4"},
    {"bool", "(r.i % 2 = 0)"},
    {"name", "r.i::pg_catalog.text"},
    {"char", "'x'"},
    {"date", "(pg_catalog.date '2026-01-01' + (r.i % 3650)::pg_catalog.int4)"},
    {"timestamp", "(pg_catalog.timestamp '2026-01-01' + " MINUTES ")"},
    {"timestamptz", "(pg_catalog.timestamptz '2026-01-01 00:00+00' + " MINUTES ")"},
    {"time", "(pg_catalog.time '00:00' + " MINUTES ")"},
    {"timetz", "(pg_catalog.timetz '00:00+00' + " MINUTES ")"},
    {"interval", "(" MINUTES ")"},
    {"uuid", "pg_catalog.md5(r.i::pg_catalog.text)::pg_catalog.uuid"},
    {"json", "pg_catalog.json_build_object('id', r.i)"},
    {"jsonb", "pg_catalog.jsonb_build_object('id', r.i)"},
    {"bytea", "pg_catalog.decode(pg_catalog.md5(r.i::pg_catalog.text), 'hex')"},
    {"inet", "(pg_catalog.inet '10.0.0.0' + r.i)"},
    {"cidr", "(pg_catalog.inet '10.0.0.0' + r.i)::pg_catalog.cidr"},
    {"point", "pg_catalog.point(r.i, r.i)"},
    {"tsvector", "pg_catalog.to_tsvector('simple', r.i::pg_catalog.text)"},
    {"varbit", "r.i::pg_catalog.int4::pg_catalog.bit(32)"},
    {"int4range", "pg_catalog.int4range(r.i::pg_catalog.int4, r.i::pg_catalog.int4 + 1)"},
    {"int8range", "pg_catalog.int8range(r.i, r.i + 1)"},
    {"numrange", "pg_catalog.numrange(r.i, r.i + 1)"},
    {"daterange", "pg_catalog.daterange(pg_catalog.date '2026-01-01' + r.i::pg_catalog.int4, "
                  "pg_catalog.date '2026-01-02' + r.i::pg_catalog.int4)"},
    {"tsrange", "pg_catalog.tsrange(pg_catalog.timestamp '2026-01-01' + " MINUTES
                ", pg_catalog.timestamp '2026-01-01 00:01' + " MINUTES ")"},
    {"tstzrange", "pg_catalog.tstzrange(pg_catalog.timestamptz '2026-01-01 00:00+00' + " MINUTES
                  ", pg_catalog.timestamptz '2026-01-01 00:01+00' + " MINUTES ")"},
};

/* All digits behind the point, the last one not 0. */
static char *numeric(int typmod)
{
    GString *one = g_string_new("1");

    if (typmod < 4) {
        g_string_free(one, TRUE);
        return g_strdup("(r.i + (r.i % 9 + 1) / 100000.0)");
    }
    int precision = ((typmod - 4) >> 16) & 0xffff;
    int scale = (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
    int whole = CLAMP(precision - scale, 0, 18);
    for (int i = 0; i < whole; i++)
        g_string_append_c(one, '0');
    g_autoptr(GString) text = g_string_new("(");
    g_string_append_printf(text, "r.i %% %s", one->str);
    if (scale > 0) {
        g_string_append(text, " + (r.i % 9 + 1) / 1");
        for (int i = 0; i < scale; i++)
            g_string_append_c(text, '0');
        g_string_append(text, ".0");
    }
    g_string_append_c(text, ')');
    g_string_free(one, TRUE);
    return g_strdup(text->str);
}

/* Capitals, more than ASCII and a blank at the end: what lower() and trim() take away is seen. */
static char *letters(int typmod)
{
    int length = typmod > 4 ? typmod - 4 : 32;

    if (length >= 16)
        return g_strdup("('W\303\266rt ' || r.i::pg_catalog.text || ' ')");
    if (length >= 9)
        return g_strdup("('W' || (r.i % 10000000)::pg_catalog.text || ' ')");
    GString *limit = g_string_new("1");
    for (int i = 0; i < length - (length > 3); i++)
        g_string_append_c(limit, '0');
    char *text = g_strdup_printf("(%s(r.i %% %s)::pg_catalog.text)",
                                 length > 3 ? "'W' || " : "", limit->str);
    g_string_free(limit, TRUE);
    return text;
}

static char *of_enum(const char *type)
{
    return g_strdup_printf("(pg_catalog.enum_range(NULL::%s))[1 + (r.i - 1) %% "
                           "pg_catalog.cardinality(pg_catalog.enum_range(NULL::%s))]",
                           type, type);
}

static char *of_type(const struct values_type *type)
{
    if (type->kind == 'e')
        return of_enum(type->type);
    if (g_str_equal(type->base, "numeric"))
        return numeric(type->typmod);
    if (g_str_equal(type->base, "bit"))
        return g_strdup_printf("r.i::pg_catalog.int4::pg_catalog.bit(%d)",
                               MAX(type->typmod, 1));
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (g_str_equal(type->base, known[i].base))
            return g_strdup(known[i].expression);
    if (type->category == 'S')
        return letters(type->typmod);
    return NULL;
}

/* ---- what a check and a bound say ---------------------------------------------------------- */

/* The end of a quoted constant, behind its quote. */
static const char *quote_end(const char *at)
{
    for (at++; *at != '\0'; at++) {
        if (*at != '\'')
            continue;
        if (at[1] != '\'')
            return at + 1;
        at++;
    }
    return NULL;
}

char *values_listed(const char *checks)
{
    g_autoptr(GString) list = g_string_new(NULL);

    if (checks == NULL || (strstr(checks, "= ANY") == NULL && strstr(checks, " = '") == NULL))
        return NULL;
    for (const char *at = strchr(checks, '\''); at != NULL; at = strchr(at, '\'')) {
        const char *end = quote_end(at);
        if (end == NULL)
            return NULL;
        g_string_append_printf(list, "%s%.*s", list->len > 0 ? ", " : "", (int) (end - at), at);
        at = end;
    }
    return list->len > 0 ? g_strdup(list->str) : NULL;
}

char *values_of_bound(const char *bound)
{
    const char *at = strstr(bound, "FROM (");

    if (at == NULL)
        at = strstr(bound, "IN (");
    if (at == NULL)
        return NULL;
    at = strchr(at, '(') + 1;
    if (*at == '\'') {
        const char *end = quote_end(at);
        return end != NULL ? g_strndup(at, (gsize) (end - at)) : NULL;
    }
    gsize length = strspn(at, "-0123456789.");
    return length > 0 ? g_strndup(at, length) : NULL;
}

/* ---- a column ------------------------------------------------------------------------------ */

/* Of a list, or what a pattern with an @ in it is most often for. */
static char *of_words(const char *checks)
{
    g_autofree char *list = values_listed(checks);

    if (list != NULL)
        return g_strdup_printf("(ARRAY[%s]::pg_catalog.text[])[1 + (r.i - 1) %% "
                               "pg_catalog.cardinality(ARRAY[%s]::pg_catalog.text[])]",
                               list, list);
    return strchr(checks, '@') != NULL
               ? g_strdup("('User' || r.i::pg_catalog.text || '@example.com')")
               : NULL;
}

/* Those of 1 … count that the conditions allow, over and over. */
static char *of_allowed(const struct values_column *column, gint64 count)
{
    g_autofree char *allowed = g_strdup_printf(
        "(SELECT pg_catalog.array_agg(c.%s ORDER BY c.%s) FROM (SELECT g::%s AS %s FROM "
        "pg_catalog.generate_series(1, %" G_GINT64_FORMAT ") AS g) AS c WHERE %s)",
        column->name, column->name, column->type.type, column->name, MIN(count, 32767),
        column->checks);

    return g_strdup_printf("(%s)[1 + (r.i - 1) %% pg_catalog.cardinality(%s)]", allowed,
                           allowed);
}

static bool is_whole(const struct values_type *type)
{
    static const char *const bases[] = {"int2", "int4", "int8", NULL};

    return g_strv_contains(bases, type->base);
}

static char *of_checks(const struct values_column *column, gint64 count)
{
    char *words = NULL;

    if (column->type.category == 'S' && column->checks != NULL)
        words = of_words(column->checks);
    if (column->type.category == 'S' && words == NULL && column->domain_checks != NULL)
        words = of_words(column->domain_checks);
    if (words == NULL && column->checks != NULL && column->domain_checks == NULL &&
        is_whole(&column->type))
        return of_allowed(column, count);
    return words;
}

/* As many as floating-point numbers have, whose expression has them already. */
static char *of_number(const struct values_column *column)
{
    char *plain = of_type(&column->type);
    bool exact = is_whole(&column->type) || g_str_equal(column->type.base, "numeric");

    if (plain == NULL || !exact || !column->negative)
        return plain;
    char *both = g_strdup_printf("(CASE WHEN r.i %% 3 = 0 THEN -%s ELSE %s END)", plain, plain);
    g_free(plain);
    return both;
}

static char *expression(const struct values_column *column, gint64 count)
{
    char *special = column->bound != NULL ? values_of_bound(column->bound) : NULL;

    if (special == NULL)
        special = of_checks(column, count);
    if (special != NULL)
        return special;
    if (column->element.base != NULL) {
        g_autofree char *one = of_type(&column->element);
        return one != NULL ? g_strdup_printf("ARRAY[(%s)::%s]", one, column->element.type)
                           : NULL;
    }
    return of_number(column);
}

/* Every so manieth row has none. */
static int null_each(double nulls)
{
    return nulls >= 1 ? 1 : CLAMP((int) (1 / nulls + 0.5), 2, 7);
}

char *values_expression(const struct values_column *column, gint64 count)
{
    g_autofree char *bare = expression(column, count);

    if (bare == NULL)
        return NULL;
    if (column->nulls <= 0 || column->not_null || column->bound != NULL)
        return g_strdup_printf("(%s)::%s", bare, column->type.type);
    return g_strdup_printf("CASE WHEN r.i %% %d <> 0 THEN (%s)::%s END",
                           null_each(column->nulls), bare, column->type.type);
}
