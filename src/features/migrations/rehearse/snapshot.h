/*
 * A schema as a sorted list of objects with what each is: read from the catalogs, by name and
 * without an OID, so that two of them can be compared object by object, and so that the same schema
 * in two databases has the same hash. Privileges, comments, validity of constraints and indexes are
 * part of it; rows, statistics and files are not.
 */
#ifndef MIGRATIONS_SNAPSHOT_H
#define MIGRATIONS_SNAPSHOT_H

#include "auto.h"
#include "pg/session.h"

#include <glib.h>
#include <stdbool.h>

struct snapshot_item {
    char *kind, *object, *definition;
};

struct snapshot {
    GPtrArray *items; /* of struct snapshot_item, by kind and object */
};

/* The session's search_path is nailed down, as session_open() leaves it. table: the name of a
 * version table beside the tools' own, which are left out; NULL: none. */
struct snapshot *snapshot_read(struct session *session, const char *table, GError **error);
void snapshot_free(struct snapshot *snapshot);
AUTO_DEFINE(snapshot, snapshot_free)

/* SHA-256, hex. The order of columns is not in it: it can differ after a column went and came, and
 * no statement locks or does anything else for it. Pure; caller frees. */
char *snapshot_digest(const struct snapshot *snapshot);

/* Both at once: the hash of a database's schema as it is now. Caller frees. */
char *snapshot_hash(struct session *session, const char *table, GError **error);

/* What differs. Members are borrowed from the snapshots; NULL: it is not there. */
struct snapshot_change {
    const char *kind, *object;
    const char *before, *after;
    bool matters; /* false: the order of columns alone */
};

/* In the order of the objects. Pure; of struct snapshot_change. */
GPtrArray *snapshot_compare(const struct snapshot *before, const struct snapshot *after);

/* "index public.orders_at is gone". Pure; caller frees. */
char *snapshot_change_text(const struct snapshot_change *change);

/* ---- for tests ---------------------------------------------------------------------------- */

struct snapshot *snapshot_new(void);
void snapshot_add(struct snapshot *snapshot, const char *kind, const char *object,
                  const char *definition);
void snapshot_sort(struct snapshot *snapshot);

#endif
