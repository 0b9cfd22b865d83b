/*
 * The tool's own table of what was applied: found, told apart by its columns (two tools call theirs
 * schema_migrations), read, and kept as the tool itself would keep it.
 */
#ifndef MIGRATIONS_VERSION_TABLE_H
#define MIGRATIONS_VERSION_TABLE_H

#include "folder/folder.h"
#include "pg/session.h"

struct version_applied {
    char *version;
    gint64 applied_us; /* wall clock; 0: the table does not say */
    char *checksum;    /* flyway's, as text; ours for plain; NULL: none */
};

struct version_table {
    enum folder_format format;
    char *schema, *name;
    bool exists;
    bool dirty; /* golang-migrate stopped in the middle of `dirty_version` */
    char *dirty_version;
    GPtrArray *applied; /* of struct version_applied, oldest first. golang-migrate's one row
                         * means: this version and all before it in the folder */
};

/* NULL with an error: RUNBOOK_REFUSED when there are two that could be it, or it has other columns. */
struct version_table *version_table_read(struct session *session, const struct folder *folder,
                                         GError **error);
void version_table_free(struct version_table *table);
AUTO_DEFINE(version_table, version_table_free)

bool version_table_has(const struct version_table *table,
                       const struct folder_migration *migration);

/* What the tool writes itself, as statements for the same transaction (in order, without
 * semicolons): the table's creation when it is not there, and the row(s). Arrays of char *, owned by
 * the caller. `down`: the migration is taken back. */
GPtrArray *version_table_write(const struct version_table *table, const struct folder *folder,
                               const struct folder_migration *migration, bool down,
                               struct session *session);
/* golang-migrate's way around a script that cannot be in a transaction: the dirty mark before it. */
GPtrArray *version_table_mark(const struct version_table *table, const struct folder *folder,
                              const struct folder_migration *migration, bool down,
                              struct session *session);

#endif
