/*
 * How many pages a relation would take if it were written anew: what VACUUM FULL makes of a
 * table, REINDEX of a B-tree or a hash index. Pure arithmetic over what the planner's statistics
 * say of the columns; the layout rules are those of src/include/storage/bufpage.h,
 * access/htup_details.h, access/itup.h, access/nbtree.h and access/hash.h of PostgreSQL 14 to 18.
 */
#ifndef CORE_SPACE_H
#define CORE_SPACE_H

#include <glib.h>
#include <stdbool.h>

/* How wide the values of one column are, closer than by their mean alone. */
struct space_widths {
    float short_mean, short_variance; /* stored bytes of values that need no alignment */
    float long_mean, long_variance;   /* and of those that do */
    float long_fraction;              /* how many of the values are those */
    float residues[8]; /* of the former: which part is a multiple of 8 plus 0, 1, 2 … long */
    float doubt;       /* variance of the mean itself */
};

/* The part of the rows that each of the most common values of a column has, largest first. */
struct space_commons {
    guint count;
    float frequencies[];
};

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
    float width;    /* mean stored bytes of values that are not null, header included; as the
                          * server keeps it, without what is behind the point */
    float distinct; /* as pg_stats.n_distinct: above 0 a count, below 0 a part of the rows */
    /* Borrowed; NULL: nothing is known beside the above. */
    const struct space_widths *widths;
    const struct space_commons *commons;
};

/* The values that statistics hold of a column, each as its bytes without the header. */
struct space_counted {
    const double *frequencies,
        *common; /* the most common values: part of the rows, and bytes */
    guint common_count;
    const double *histogram; /* bytes of its bounds */
    guint histogram_count;
};

/* False when they do not tell: too few of the values, or not in line with the column's mean. Of a
 * column of type name they are the widths in an index, where it is a string. */
bool space_count_widths(const struct space_counted *counted, const struct space_column *column,
                        struct space_widths *ret_widths);

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
    double rows;    /* of the table, which distinct values are counted by; 0: as entries */
    int fillfactor; /* percent, 90 by default */
    int block_size; /* bytes */
    bool
        deduplicates; /* equal image of all keys, not unique, nothing included, not turned off */
};

/* Pages of all levels and the metapage. False as above. */
bool space_btree_pages(const struct space_btree *btree, struct space_pages *ret_pages);

struct space_hash {
    const struct space_column *key;
    double entries; /* live, nulls included */
    double rows;    /* as many as a rebuild believes that the table has */
    int fillfactor; /* percent, 75 by default */
    int block_size; /* bytes */
};

/* Buckets, overflow pages, bitmap and metapage: a hash index keeps hashes only, so how wide its
 * key is makes no difference. False when nothing is known of how often values repeat. */
bool space_hash_pages(const struct space_hash *hash, struct space_pages *ret_pages);

/* A TOAST table: chunks of one size, and a shorter last one of each value. */
struct space_toast {
    double chunks; /* live */
    double values; /* at most so many */
    int block_size;
};

/* Statistics say nothing of how long values are: this is an estimate with a wide margin. */
void space_toast_pages(const struct space_toast *toast, struct space_pages *ret_pages);

#endif
