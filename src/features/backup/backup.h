/* Backup, restore and point-in-time recovery, proved by restoring. README.md is the runbook. */
#ifndef BACKUP_H
#define BACKUP_H

#include "feature.h"

extern const struct feature feature_backup;

#endif
