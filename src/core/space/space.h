/*
 * How many pages a relation would take if it were written anew: what VACUUM FULL makes of a
 * table, REINDEX of a B-tree. Pure arithmetic over what the planner's statistics say of the
 * columns; the layout rules are those of src/include/storage/bufpage.h, access/htup_details.h,
 * access/itup.h and access/nbtree.h of PostgreSQL 14 to 18.
 */
#ifndef CORE_SPACE_H
#define CORE_SPACE_H

#include <glib.h>
#include <stdbool.h>

/* A column of a table, or an expression of an index. */
struct space_column {
    gint16 number;       /* attnum, from 1 on */
    gint16 length;       /* attlen: bytes; -1 varlena, -2 cstring */
    char align;          /* attalign: c, s, i, d */
    char storage;        /* attstorage: p, e, m, x */
    bool dropped;        /* its place in the null bitmap remains */
    bool not_null;       /* attnotnull */
    bool known;          /* there are statistics of it */
    bool even;           /* every value has the same width, whatever length says: char(n) */
    float null_fraction; /* 0 to 1 */
    float width;         /* mean stored bytes of values that are not null, header included */
    float distinct; /* as pg_stats.n_distinct: above 0 a count, below 0 a part of the rows */
};

/* An answer with its margin: the truth is within pages ± margin in nine cases of ten. */
struct space_pages {
    double pages;  /* never below the least that rows of this many need; 0 for no rows */
    double margin; /* pages */
};

struct space_heap {
    const struct space_column *columns; /* in attnum order, dropped ones included */
    guint count;
    double rows;    /* live */
    int fillfactor; /* percent */
    int block_size; /* bytes */
    bool wide;      /* it has a TOAST table: rows above about 2 kB are cut down to it */
};

/* False when the statistics do not allow a number: a column without statistics whose width or
 * nulls cannot be known from its type. */
bool space_heap_pages(const struct space_heap *heap, struct space_pages *ret_pages);

struct space_btree {
    const struct space_column *const *keys; /* key columns and expressions, in index order */
    guint key_count;
    const struct space_column *const *included; /* INCLUDE columns */
    guint included_count;
    double entries; /* live; fewer than the table's rows where the index is partial */
    int fillfactor; /* percent, 90 by default */
    int block_size; /* bytes */
    bool
        deduplicates; /* equal image of all keys, not unique, nothing included, not turned off */
};

/* Pages of all levels and the metapage. False as above. */
bool space_btree_pages(const struct space_btree *btree, struct space_pages *ret_pages);

#endif
