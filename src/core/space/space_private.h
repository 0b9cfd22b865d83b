/*
 * What the parts of core/space share: how wide rows are, and how they fill pages.
 */
#ifndef CORE_SPACE_PRIVATE_H
#define CORE_SPACE_PRIVATE_H

#include "space/space.h"

enum {
    SPACE_ITEM_BYTES = 4,    /* line pointer */
    SPACE_PAGE_HEADER = 24,  /* bytes before the first line pointer */
    SPACE_TID_BYTES = 6,     /* a heap address in a posting list */
    SPACE_INDEX_HEADER = 8,  /* of an index tuple; with a null bitmap it is twice that */
    SPACE_MAX_COLUMNS = 1600 /* MaxHeapAttributeNumber */
};

/* How wide the tuples of a relation are, each with its line pointer. */
struct space_row {
    double mean, variance;
    double doubt; /* variance of the mean itself: what rounded statistics leave open */
};

/* The distribution of a tuple's data while its columns are laid down one by one: for each offset
 * modulo 8, without and with a null before it, how likely it is and the first two moments of the
 * length so far. That is all alignment depends on, so fixed columns come out exact. */
struct space_lot {
    double likely, sum, squares;
};

struct space_walk {
    struct space_lot lots[2][8];
    double doubt;
};

void space_walk_begin(struct space_walk *walk);
/* False when the column's width or nulls are not known. */
bool space_walk_column(struct space_walk *walk, const struct space_column *column);
/* A column that is null, or is not, for certain; its null_fraction is not looked at. */
bool space_walk_as(struct space_walk *walk, const struct space_column *column, bool null);
/* Header bytes (before 8-byte alignment) of tuples without and with a null. */
struct space_row space_walk_end(const struct space_walk *walk, int header, int null_header);

/* Mean rows on a page that has `capacity` bytes for them and their line pointers; at least 1. */
double space_fill(double capacity, const struct space_row *row);

/* bytes rounded up to a multiple of 8. */
int space_align(int bytes);

/* Distinct values, nulls aside, that are left in `entries` of the rows when there were `rows` of
 * them as the statistics were made. At least 1, at most entries. */
double space_distinct(const struct space_column *column, double rows, double entries);

/* So many values that together have that part of all entries. */
struct space_class {
    double values, share;
};

enum { SPACE_CLASSES = 14 };

struct space_classes {
    struct space_class list[SPACE_CLASSES]; /* the most frequent first */
    guint count;
    bool even;     /* every value has as many entries as any other */
    bool combined; /* of several columns: not every combination occurs */
};

void space_classes_of(const struct space_column *column, double rows, double entries,
                      struct space_classes *ret_classes);
/* Of both columns together, taken as independent, among so many entries. */
void space_classes_combine(struct space_classes *classes, const struct space_classes *with,
                           double entries);

/* The parameter of a Poisson distribution whose mean is that when zero is left out. */
double space_truncated_rate(double mean);

/* What a B-tree page has for tuples and their line pointers: in all, and as far as the fillfactor
 * lets it. */
struct space_room {
    double hard, soft;
};

/* Leaf pages of a deduplicated B-tree whose tuples have so many bytes (with the line pointer)
 * beside their posting list; plain_fill: how many a page has that have none. */
double space_posting_pages(const struct space_classes *classes, const struct space_room *room,
                           double bytes, int block_size, double entries, double plain_fill);

#endif
