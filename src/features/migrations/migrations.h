/* Migrations: judged, rehearsed and applied with evidence. README.md is the runbook. */
#ifndef MIGRATIONS_H
#define MIGRATIONS_H

#include "feature.h"

extern const struct feature feature_migrations;

/* Figures for monitoring (migrations_measure.c). */
extern const struct metric migrations_metrics[];
bool migrations_measure(struct measure *measure, GError **error);

#endif
