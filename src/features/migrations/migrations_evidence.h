/*
 * What is known of a migration on this machine: rehearsals, what was applied by us and with which
 * text. Kept in the history (core/store); the gate of `apply`, `status` and the checklist read it.
 */
#ifndef MIGRATIONS_EVIDENCE_H
#define MIGRATIONS_EVIDENCE_H

#include "folder/folder.h"
#include "store/store_migrations.h"

#endif
