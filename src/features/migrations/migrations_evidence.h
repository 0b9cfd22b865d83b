/*
 * What is known of migrations on this machine: rehearsals, what was applied by us and with which
 * text. Kept in the history (core/store); the gate of `apply`, `status` and the checklist read it.
 */
#ifndef MIGRATIONS_EVIDENCE_H
#define MIGRATIONS_EVIDENCE_H

#include "folder/folder.h"
#include "store/store_migrations.h"

struct migrations_evidence; /* of one version table of a database */

/* ledger: version_table_ledger(). system NULL (the role may not read it): nothing is known. Never
 * NULL. */
struct migrations_evidence *migrations_evidence_read(struct store *store, const char *system,
                                                     const char *dbname, const char *ledger);
void migrations_evidence_free(struct migrations_evidence *evidence);
AUTO_DEFINE(migrations_evidence, migrations_evidence_free)

/* The newest that was begun with that version, in either direction; NULL: nothing by us. */
const struct store_migration *
migrations_evidence_last(const struct migrations_evidence *evidence, const char *version);

/* The file's hash when it was applied by us, or first seen applied, and not taken back since; NULL:
 * not known. */
const char *migrations_evidence_hash(const struct migrations_evidence *evidence,
                                     const char *version);

#endif
