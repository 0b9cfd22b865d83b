/* Migrations: judged, rehearsed and applied with evidence. README.md is the runbook. */
#ifndef MIGRATIONS_H
#define MIGRATIONS_H

#include "feature.h"

extern const struct feature feature_migrations;

#endif
