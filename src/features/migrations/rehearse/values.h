/*
 * Values that are made up: an SQL expression for a column, from the row's number r.i (1, 2, …). The
 * same number gives the same value in all columns of a type, so that references hold, and every
 * value has all the digits its type may have, so that what a change of the type loses is seen.
 * Pure.
 */
#ifndef MIGRATIONS_VALUES_H
#define MIGRATIONS_VALUES_H

#include <glib.h>
#include <stdbool.h>

struct values_type {
    const char *type; /* as SQL, to cast to: "character varying(20)" */
    const char *base; /* name of the type, of a domain that of its base: "varchar" */
    char kind;        /* typtype of the base */
    char category;    /* typcategory */
    int typmod;
};

struct values_column {
    struct values_type type, element; /* element.base NULL: no array */
    const char *name;                 /* quoted */
    bool not_null;
    const char *checks;        /* conditions on this column alone; NULL: none */
    const char *domain_checks; /* of its type */
    bool negative;             /* numbers below zero are among its values */
    double nulls;              /* part of the rows without a value; 0: none */
    const char *bound; /* of the partition, where this is the key's first column; NULL */
};

/* For so many rows. NULL: nothing is known for that type. Caller frees. */
char *values_expression(const struct values_column *column, gint64 count);

/* The words of a list that a check allows, "status = ANY (ARRAY['a'::text, 'b'::text])", as SQL;
 * NULL: it is no such list. Caller frees. */
char *values_listed(const char *checks);

/* The first value that a partition takes: of "FOR VALUES FROM ('2026-01-01') TO (…)", as SQL; NULL:
 * it begins nowhere. Caller frees. */
char *values_of_bound(const char *bound);

#endif
