/*
 * The runbook: one line per section, in its order.
 */
#include "features/backup/backup.h"
#include "features/bloat/bloat.h"
#include "features/connections/connections.h"
#include "features/indexes/indexes.h"
#include "features/migrations/migrations.h"
#include "features/queries/queries.h"
#include "features/vacuum/vacuum.h"

#include <stddef.h>

const struct feature *const features[] = {
    &feature_vacuum,  &feature_indexes, &feature_bloat,      &feature_connections,
    &feature_queries, &feature_backup,  &feature_migrations, NULL,
};
