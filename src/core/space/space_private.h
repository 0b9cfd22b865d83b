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

#endif
