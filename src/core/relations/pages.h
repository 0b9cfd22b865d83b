/*
 * How many pages a relation of the snapshot would take if it were written anew, as far as the
 * catalogs tell: for every section that speaks of bloat.
 */
#ifndef CORE_RELATIONS_PAGES_H
#define CORE_RELATIONS_PAGES_H

#include "relations/relations.h"

/* Why there is no number. */
enum relations_lack {
    RELATIONS_LACK_NOTHING,    /* there is one */
    RELATIONS_LACK_RIGHT,      /* this role may not read the statistics */
    RELATIONS_LACK_STATISTICS, /* never analyzed, and its columns vary */
    RELATIONS_LACK_FRESHNESS,  /* a partial index of a table that has changed a lot since */
    RELATIONS_LACK_METHOD,     /* an access method whose layout statistics do not tell */
    RELATIONS_LACK_INVALID,    /* an invalid index is to be dropped or built again */
};

/* Before anything is asked about pages: true sizes of what has grown since relpages was written,
 * the columns with their statistics, and a closer look at those of the largest tables, by the
 * values that the planner's statistics hold of them. Where the first or the last fails, what the
 * snapshot has is used; both are bounded. least_pages: only columns of tables that have an index
 * of so many pages are read, with 0 those of all tables. */
bool relations_refine(struct session *session, struct relations *relations, gint64 least_pages,
                      GError **error);

/* Live rows: the counters', reltuples where they know nothing (after a crash or a reset) or count
 * twice what VACUUM or ANALYZE had seen; below 0 where nobody ever counted. Pure, as all below. */
double relations_live_rows(const struct relation_table *table);
/* Of an index: what a rebuild would put into it; below 0: not known. */
double relations_entries(const struct relations *relations, const struct relation_index *index);

/* Tables and materialized views. */
enum relations_lack relations_table_pages(const struct relations *relations,
                                          const struct relation_table *table,
                                          struct space_pages *ret_pages);
enum relations_lack relations_toast_pages(const struct relations *relations,
                                          const struct relation_table *toast,
                                          struct space_pages *ret_pages);
enum relations_lack relations_index_pages(const struct relations *relations,
                                          const struct relation_index *index,
                                          struct space_pages *ret_pages);

/* What a partial index's predicate says of the nulls of a column: NULLS_UNKNOWN when it does not
 * name it. The predicate is a pg_node_tree. */
enum relations_nulls { RELATIONS_NULLS_UNKNOWN, RELATIONS_NULLS_NONE, RELATIONS_NULLS_ALL };
enum relations_nulls relations_predicate_nulls(const char *predicate, gint16 column);

#endif
