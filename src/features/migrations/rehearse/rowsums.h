/*
 * Checksums of all rows, table by table and column by column: whether `down` brings back what `up`
 * took away. The order of rows does not count. The values of sequences belong to it: one that was
 * dropped and made again starts over.
 */
#ifndef MIGRATIONS_ROWSUMS_H
#define MIGRATIONS_ROWSUMS_H

#include "auto.h"
#include "pg/session.h"

#include <glib.h>
#include <stdbool.h>

struct rowsums_column {
    char *name;
    char *sum; /* NULL: it is not there (any more) */
};

struct rowsums_table {
    char *schema, *name;
    GPtrArray *columns; /* of struct rowsums_column */
    char *sum;   /* over whole rows; NULL: a column is missing, so that none can be made */
    gint64 rows; /* -1: the table is not there */
};

struct rowsums_sequence {
    char *schema, *name;
    gint64 last; /* G_MININT64: it was never used, or is not there */
    bool falls;
};

struct rowsums {
    GPtrArray *tables;    /* of struct rowsums_table */
    GPtrArray *sequences; /* of struct rowsums_sequence */
};

/* like NULL: of every ordinary table there is, but the version tables of tools. Else of the tables
 * and columns of `like`, whatever has become of them. Reads every row; Ctrl-C is heeded. */
struct rowsums *rowsums_read(struct session *session, const char *table,
                             const struct rowsums *like, GError **error);
void rowsums_free(struct rowsums *sums);
AUTO_DEFINE(rowsums, rowsums_free)

/* What is not as it was: "public.t.c", "public.t (3 of 10 rows)", "sequence public.s (at 10, was at
 * 70)". Both have the same tables and columns. Pure; of char *, empty when nothing is lost. */
GPtrArray *rowsums_lost(const struct rowsums *before, const struct rowsums *after);

/* ---- for tests ---------------------------------------------------------------------------- */

struct rowsums *rowsums_new(void);
struct rowsums_table *rowsums_add_table(struct rowsums *sums, const char *schema,
                                        const char *name);
struct rowsums_column *rowsums_add_column(struct rowsums_table *table, const char *name);

#endif
