/*
 * The tables that a command's --table and --schema name, for commands that have both as repeating
 * options.
 */
#ifndef CORE_RELATIONS_CHOSEN_H
#define CORE_RELATIONS_CHOSEN_H

#include "feature.h"
#include "relations/relations.h"

/* RUNBOOK_USAGE when a table or schema was named that is not there: a slip worth stopping for. */
bool chosen_check(const struct call *call, const struct relations *relations, GError **error);

/* Whether the table is meant: named itself, by its schema, or as a partition of one that is. All
 * are when nothing was named; a NULL table is meant only then. */
bool chosen_table(const struct call *call, const struct relations *relations,
                  const struct relation_table *table);

#endif
