/* The planner's world out of a repository. */
#ifndef BACKUP_WORLD_H
#define BACKUP_WORLD_H

#include "backup_chain.h"

struct repo_world;

/* lineage and backups are borrowed. NULL with an error when the WAL cannot be listed. */
struct repo_world *repo_world_new(const struct lineage *lineage, const GPtrArray *backups,
                                  GError **error);
const struct target_world *repo_world_of(const struct repo_world *repo);
void repo_world_free(struct repo_world *repo);
AUTO_DEFINE(repo_world, repo_world_free)

#endif
