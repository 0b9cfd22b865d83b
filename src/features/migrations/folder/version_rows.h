/* A folder against the version table: where each migration stands. Pure. */
#ifndef MIGRATIONS_VERSION_ROWS_H
#define MIGRATIONS_VERSION_ROWS_H

#include "folder/version_table.h"

enum version_state {
    VERSION_APPLIED,
    VERSION_PENDING,
    VERSION_OUT_OF_ORDER, /* pending, and a later one is applied */
    VERSION_CHANGED,      /* applied, and its file has another text since */
    VERSION_DIRTY,        /* stopped in its midst, by the tool's own mark */
    VERSION_UNKNOWN,      /* applied, and there is no file */
};
const char *version_state_name(enum version_state state); /* "out of order" */

struct version_row {
    enum version_state state;
    const char *version;                      /* borrowed from the folder or the table */
    const struct folder_migration *migration; /* NULL: unknown */
    gint64 applied_us;                        /* 0: the table does not say, or not applied */
};

/* In the folder's order, unknown ones last. `hash_of` gives the hash with which a version was
 * applied by us, NULL: not known; for tools whose table keeps no checksum. GArray of struct
 * version_row. */
GArray *version_rows(const struct folder *folder, const struct version_table *table,
                     const char *(*hash_of)(const char *version, gconstpointer data),
                     gconstpointer data);

/* What is applied and has no file, "3, 7 and 2 more"; NULL: nothing. *ret_newest: what was applied
 * last is among it. Caller frees. */
char *version_rows_lost(const struct folder *folder, const struct version_table *table,
                        bool *ret_newest);

#endif
