/* What the files of the snapshot share; nobody else includes this. */
#ifndef CORE_RELATIONS_PRIVATE_H
#define CORE_RELATIONS_PRIVATE_H

#include "relations/relations.h"

/* relations_index.c: appends the rows' indexes, and what is known of them beside their row. */
bool relations_read_indexes(struct session *session, struct relations *relations,
                            const char *system, GError **error);

/* relations_column.c: the columns, with their statistics, of tables that have an index of at least
 * so many pages, and the expressions of their indexes; those that are there already are not read
 * again. */
bool relations_read_columns(struct session *session, struct relations *relations,
                            gint64 least_pages, GError **error);

/* The same for all tables, while this thread reads the rest on its own session. NULL where that is
 * not worth it, or not possible; what cannot be read is not there at the end. */
struct relations_meanwhile;
struct relations_meanwhile *relations_columns_begin(struct session *session,
                                                    const struct relations *relations);
void relations_columns_end(struct relations_meanwhile *meanwhile, struct relations *relations);

/* relations_widths.c: where the statistics of the largest tables hold values, their widths and
 * frequencies are kept with the columns. Without it, or after an error, the mean width and the
 * number of distinct values have to do. */
void relations_look_closer(struct session *session, struct relations *relations);

/* The number behind "NAME=" in storage parameters as array_to_string() joins them; fallback where
 * it is not there. */
int relations_option(const char *options, const char *name, int fallback);

/* "1 2 3" into numbers; returns how many there were, at most `most`. */
guint relations_numbers(const char *text, gint64 *ret_numbers, guint most);

#endif
