/*
 * From what pgstattuple and pgstatindex count to what VACUUM FULL and REINDEX would leave. They
 * say what is used and what is free; a table written anew has free space too, as much as its
 * fillfactor asks for. Pure.
 */
#ifndef BLOAT_EXACT_H
#define BLOAT_EXACT_H

#include "bloat.h"

/* A table or TOAST table by pgstattuple(), or by pgstattuple_approx(). */
struct bloat_heap_facts {
    int block_size, fillfactor;
    bool
        approximate; /* pages that are all visible were not read: bytes holds their headers too */
    double pages;    /* it takes now */
    double tuples, bytes; /* that live; bytes without alignment and line pointers */
    double dead_tuples, dead_bytes;
    double free_bytes;
};

void bloat_exact_heap(const struct bloat_heap_facts *facts, struct space_pages *ret_pages);

/* A B-tree by pgstatindex(). */
struct bloat_tree_facts {
    int block_size, fillfactor;
    double leaf_pages, internal_pages;
    double density;    /* percent of leaf pages that is used */
    double live, dead; /* rows of its table */
    double updated;    /* rows that died because they were updated, as far as is known */
};

void bloat_exact_tree(const struct bloat_tree_facts *facts, struct space_pages *ret_pages);

#endif
