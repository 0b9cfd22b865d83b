#include "folder/version_rows.h"

#include <string.h>

enum { NAMED = 5 }; /* versions that are named in a sentence; of more it says how many */

const char *version_state_name(enum version_state state)
{
    switch (state) {
    case VERSION_APPLIED:
        return "applied";
    case VERSION_PENDING:
        return "pending";
    case VERSION_OUT_OF_ORDER:
        return "out of order";
    case VERSION_CHANGED:
        return "changed";
    case VERSION_DIRTY:
        return "dirty";
    case VERSION_UNKNOWN:
        return "unknown";
    }
    g_assert_not_reached();
}

/* What the table keeps of the file; else what we know of it. */
static bool is_changed(const struct folder *folder, const struct folder_migration *migration,
                       const struct version_applied *row, const char *hash)
{
    if (folder->format == FOLDER_FLYWAY) {
        g_autofree char *checksum = g_strdup_printf("%d", migration->flyway_checksum);
        return row != NULL && row->checksum != NULL && strcmp(row->checksum, checksum) != 0;
    }
    if (row != NULL && row->checksum != NULL)
        return strcmp(row->checksum, migration->hash) != 0;
    return hash != NULL && strcmp(hash, migration->hash) != 0;
}

static bool is_dirty(const struct version_table *table,
                     const struct folder_migration *migration)
{
    return table->dirty && table->dirty_version != NULL && !migration->repeatable &&
           folder_same_version(table->format, table->dirty_version, migration->version);
}

static enum version_state state_of(const struct folder *folder,
                                   const struct version_table *table,
                                   const struct folder_migration *migration, const char *hash)
{
    const struct version_applied *row = version_table_row(table, migration);

    if (is_dirty(table, migration))
        return VERSION_DIRTY;
    if (!version_table_has(table, migration))
        return VERSION_PENDING;
    if (!is_changed(folder, migration, row, hash))
        return VERSION_APPLIED;
    /* That is what it is for. */
    return migration->repeatable ? VERSION_PENDING : VERSION_CHANGED;
}

/* golang-migrate passes over what is pending before its one version. */
static void find_order(GArray *rows)
{
    bool later = false;

    for (guint i = rows->len; i > 0; i--) {
        struct version_row *row = &g_array_index(rows, struct version_row, i - 1);
        if (row->migration->repeatable)
            continue;
        if (row->state == VERSION_PENDING && later)
            row->state = VERSION_OUT_OF_ORDER;
        later |= row->state == VERSION_APPLIED || row->state == VERSION_CHANGED;
    }
}

static bool is_in_folder(const struct folder *folder, const struct version_applied *applied)
{
    for (guint i = 0; i < folder->migrations->len; i++) {
        const struct folder_migration *migration = folder->migrations->pdata[i];
        if (migration->repeatable == applied->repeatable &&
            folder_same_version(folder->format, migration->version, applied->version))
            return true;
    }
    return false;
}

GArray *version_rows(const struct folder *folder, const struct version_table *table,
                     const char *(*hash_of)(const char *version, gconstpointer data),
                     gconstpointer data)
{
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct version_row));

    for (guint i = 0; i < folder->migrations->len; i++) {
        const struct folder_migration *migration = folder->migrations->pdata[i];
        const struct version_applied *applied = version_table_row(table, migration);
        const char *hash = hash_of != NULL ? hash_of(migration->version, data) : NULL;
        const struct version_row row = {
            .state = state_of(folder, table, migration, hash),
            .version = migration->version,
            .migration = migration,
            .applied_us = applied != NULL ? applied->applied_us : 0,
        };
        g_array_append_val(rows, row);
    }
    find_order(rows);
    for (guint i = 0; i < table->applied->len; i++) {
        const struct version_applied *applied = table->applied->pdata[i];
        const struct version_row row = {
            .state = VERSION_UNKNOWN,
            .version = applied->version,
            .applied_us = applied->applied_us,
        };
        if (!is_in_folder(folder, applied))
            g_array_append_val(rows, row);
    }
    return rows;
}

/* The one that was applied last; NULL: none was. */
static const struct version_applied *newest_of(const struct version_table *table)
{
    for (guint i = table->applied->len; i > 0; i--) {
        const struct version_applied *applied = table->applied->pdata[i - 1];
        if (!applied->repeatable)
            return applied;
    }
    return NULL;
}

char *version_rows_lost(const struct folder *folder, const struct version_table *table,
                        bool *ret_newest)
{
    const struct version_applied *newest = newest_of(table);
    g_autoptr(GArray) rows = version_rows(folder, table, NULL, NULL);
    GString *names = g_string_new(NULL);
    guint count = 0;

    for (guint i = 0; i < rows->len; i++) {
        const struct version_row *row = &g_array_index(rows, struct version_row, i);
        if (row->state == VERSION_UNKNOWN && count++ < NAMED)
            g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", row->version);
    }
    if (count > NAMED)
        g_string_append_printf(names, " and %u more", count - NAMED);
    *ret_newest = newest != NULL && !is_in_folder(folder, newest);
    return g_string_free(names, count == 0);
}
