/*
 * What was seen of relations over time: how often an index was scanned on each node, how large
 * tables and indexes were. A quiet relation costs nothing: rows are written when something has
 * changed, and what no sample names any more is forgotten.
 *
 * As in store.h, writers swallow their errors into store_trouble(); readers that fail visit
 * nothing.
 */
#ifndef CORE_STORE_SAMPLES_H
#define CORE_STORE_SAMPLES_H

#include "store/store.h"

/* A database on one node of a cluster. */
struct store_node {
    const char *system_identifier; /* NULL: unknown; nothing is kept or found */
    const char *dbname;
    const char *node; /* "": the primary; else the replica as it is called in messages */
};

/* The samples of a node as a whole. */
struct store_sampling {
    gint64 first_us, last_us; /* wall clock; 0: never sampled */
    gint64 samples;           /* taken so far */
    gint64 stats_reset_us;    /* of the server's counters at the last sample; 0: not known */
};

/* What is known of one index's use on a node. */
struct store_use {
    guint oid;
    gint64 scans;         /* counter at the last sample */
    gint64 quiet_us;      /* since then no scan was seen */
    gint64 quiet_samples; /* the node's sample number at that time: the first is 1 */
    bool reset;           /* quiet since the counters were lost, not since a scan or the first
                           * sample */
};

/* The node's sampling and its uses. ret_sampling is zeroed when there is none. */
void store_uses(struct store *store, const struct store_node *node,
                struct store_sampling *ret_sampling,
                void (*visit)(const struct store_use *use, gpointer data), gpointer data);

/* A new sample, as one transaction: the sampling as it is now, the uses that changed or are new,
 * and the oids of indexes that are gone. */
void store_uses_put(struct store *store, const struct store_node *node,
                    const struct store_sampling *sampling, const struct store_use *changed,
                    guint changed_count, const guint *gone, guint gone_count);

/* A rebuild gave the index another oid: its evidence and its sizes go with it, on all nodes. */
void store_use_moved(struct store *store, const struct store_node *node, guint from, guint to);

/* ---- sizes ------------------------------------------------------------------------------ */

/* One relation at one time. */
struct store_size {
    guint oid;
    guint filenode; /* changes when it is written anew */
    gint64 at_us;   /* wall clock, of the last sample that saw it so; set by the readers */
    gint64 bytes;
    double rows; /* live rows or index entries; below 0: not known */
};

/* Keeps the newest size of every relation and week (of `at_us`, from Monday, UTC), where it
 * differs from that of the week before, for two years; and the least bytes a row of each relation
 * ever took since it was last built (rows >= 1 and same filenode). `sizes` names all relations
 * there are: one that no sample has named for three months is forgotten. */
void store_sizes_put(struct store *store, const struct store_node *node, gint64 at_us,
                     const struct store_size *sizes, guint count);

/* For every relation its newest size at or before that time; `at_us` is then the last sample, to
 * the day, that saw it so and came not later. */
void store_sizes_before(struct store *store, const struct store_node *node, gint64 before_us,
                        void (*visit)(const struct store_size *size, gpointer data),
                        gpointer data);

/* For every relation the sample with the least bytes a row since its filenode is what it is. */
void store_sizes_best(struct store *store, const struct store_node *node,
                      void (*visit)(const struct store_size *size, gpointer data),
                      gpointer data);

#endif
