/*
 * What the files of the section share beside the contract.
 */
#ifndef BLOAT_PRIVATE_H
#define BLOAT_PRIVATE_H

#include "bloat.h"

/* The number of one object from what the snapshot knows: fills in reclaimable_*, margin_pct,
 * method and note. Pure. */
void bloat_estimate_table(const struct relations *relations, const struct relation_table *table,
                          struct bloat_object *object);
void bloat_estimate_toast(const struct relations *relations, const struct relation_table *toast,
                          struct bloat_object *object);
void bloat_estimate_index(const struct relations *relations, const struct relation_index *index,
                          struct bloat_object *object);

/* Live rows: the counters', reltuples where they know nothing (after a crash or a reset); below
 * 0 where nobody ever counted. */
double bloat_live_rows(const struct relation_table *table);

/* From pages to bytes, percent and note. */
void bloat_set_pages(struct bloat_object *object, int block_size, gint64 pages_now,
                     const struct space_pages *needed);

const char *bloat_kind_name(enum bloat_kind kind);       /* "toast" */
const char *bloat_method_name(enum bloat_method method); /* "sample" */

/* Growth and best sizes from the history, into the objects; and with `all` (nothing was selected
 * away) the sizes now into the history. */
void bloat_remember(struct call *call, struct session *session, struct bloat_case *state,
                    bool all);

/* The sizes of the weeks before from the history, into the objects. */
void bloat_recall(struct call *call, struct session *session, struct bloat_case *state);

/* Bytes a week from two sizes. Pure. */
double bloat_growth(gint64 bytes, gint64 before_bytes, gint64 elapsed_us);

/* A number for an index that has none, where the least bytes an entry ever took since its last
 * build say that much would be won. Pure. */
void bloat_set_best(struct bloat_object *object, double best_bytes, double best_rows);

#endif
