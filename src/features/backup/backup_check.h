/* The section's lines of `pgrunbook check`. */
#ifndef BACKUP_CHECK_H
#define BACKUP_CHECK_H

#include "feature.h"

bool backup_check(struct check *check, GError **error);

#endif
