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
    bool repeatable;   /* flyway's: the version is its description */
};

struct version_table {
    enum folder_format format;
    char *schema, *name; /* where it is, or would be made */
    bool exists;
    bool dirty;          /* golang-migrate stopped in the middle of `dirty_version` */
    char *dirty_version; /* "-1": on the way back to nothing */
    char *baseline;      /* flyway's: this version and all before it were there; NULL: none */
    GPtrArray *applied;  /* of struct version_applied, oldest first. golang-migrate's one row
                          * means: this version and all before it in the folder; there is none
                          * while it is dirty */
    char *search_path;   /* of the role, without us: what unqualified names of a script mean */
};

/* NULL with an error: RUNBOOK_REFUSED when it has other columns, or when those of its name are all
 * off the search_path and none of them was named. */
struct version_table *version_table_read(struct session *session, const struct folder *folder,
                                         GError **error);
void version_table_free(struct version_table *table);
AUTO_DEFINE(version_table, version_table_free)

/* What tells it from another one of the same database in the history. Caller frees. */
char *version_table_ledger(const struct version_table *table);

/* Whether it is applied. With golang-migrate's dirty mark: those before the version it stopped in. */
bool version_table_has(const struct version_table *table,
                       const struct folder_migration *migration);
/* Its row; NULL: none of its own. */
const struct version_applied *version_table_row(const struct version_table *table,
                                                const struct folder_migration *migration);

/* Whose table has these columns, "version bigint,dirty boolean"; AUTO: nobody's. Pure. */
enum folder_format version_table_of_columns(const char *columns);

/* Whether its table can name the migration: two of them keep numbers only. Pure. */
bool version_table_numbered(enum folder_format format,
                            const struct folder_migration *migration);

/* What the tool writes itself, as statements for the same transaction (in order, without
 * semicolons): the table's creation when it is not there, and the row(s). Arrays of char *, owned
 * by the caller. `down`: the migration is taken back. Only the table itself is locked, and never
 * so that it could not be read: golang-migrate's TRUNCATE is a DELETE here. */
GPtrArray *version_table_write(const struct version_table *table, const struct folder *folder,
                               const struct folder_migration *migration, bool down,
                               struct session *session);
/* golang-migrate's way around a script that cannot be in a transaction: the dirty mark before it.
 * Empty with the other tools, which know no such mark. */
GPtrArray *version_table_mark(const struct version_table *table, const struct folder *folder,
                              const struct folder_migration *migration, bool down,
                              struct session *session);
/* Notes in the struct what version_table_write() has written, for the next migration. */
void version_table_note(struct version_table *table, const struct folder *folder,
                        const struct folder_migration *migration, bool down);

#endif
