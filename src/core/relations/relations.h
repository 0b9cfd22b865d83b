/*
 * The tables and indexes of a database as its catalogs and counters tell of them: one snapshot,
 * read without a lock on any of them, so that it neither waits behind ACCESS EXCLUSIVE nor makes
 * the server's backend grow by its caches. Sizes are relpages; the true ones of a few are asked
 * for with relations_measure().
 *
 * All strings belong to the snapshot.
 */
#ifndef CORE_RELATIONS_H
#define CORE_RELATIONS_H

#include "auto.h"
#include "error.h"
#include "pg/session.h"
#include "space/space.h"

#include <glib.h>
#include <stdbool.h>

/* A table, materialized view, partitioned parent, or TOAST table. */
struct relation_table {
    guint oid;
    guint toast;        /* oid of its TOAST table, 0: none */
    guint owner;        /* of a TOAST table: oid of the table it belongs to; else 0 */
    guint parent;       /* oid of the partitioned table it is attached to, 0: none */
    guint filenode;     /* changes when the relation is written anew */
    guint first_column; /* in columns; with column_count */
    guint first_index;  /* in indexes; with index_count */
    guint16 column_count, index_count;
    gint16 fillfactor; /* percent, 100 by default */
    char kind;         /* relkind: r, m, p, t */
    char persistence;  /* relpersistence: p, u */
    bool system;       /* of a system schema, or its TOAST */
    bool readable;     /* this role may read the statistics of all its columns */
    bool measured;     /* pages are true ones */
    bool counted;      /* its rows were ever counted: by VACUUM, ANALYZE or the counters */
    const char *schema, *name;
    const char *locked;      /* who holds or awaits ACCESS EXCLUSIVE on it; NULL: nobody */
    gint64 pages;            /* of its main fork */
    double tuples;           /* reltuples; below 0: never counted */
    gint64 live, dead;       /* n_live_tup, n_dead_tup */
    gint64 changed;          /* n_mod_since_analyze */
    gint64 inserted;         /* n_ins_since_vacuum */
    gint64 updated, deleted; /* n_tup_upd, n_tup_del */
    gint64 ever_inserted;    /* n_tup_ins */
    gint64 last_vacuum, last_autovacuum, last_analyze; /* seconds since 1970, 0: never; analyze
                                                        * by hand or by autovacuum */
};

/* One key or included column of an index. */
struct relation_key {
    gint16 column;            /* attnum of the table; 0: an expression */
    gint16 option;            /* indoption: 1 DESC, 2 NULLS FIRST; 0 for included ones */
    guint opclass, collation; /* 0 for included ones */
};

struct relation_index {
    guint oid;
    guint table;  /* position in tables */
    guint parent; /* oid of the partitioned index it is attached to, 0: none */
    guint filenode;
    guint first_key;    /* in keys */
    guint first_column; /* in columns: its expressions, in their order; with column_count */
    guint16 column_count;
    gint16 key_count, all_count; /* keys; keys and included columns */
    gint16 fillfactor;           /* percent; 90 by default for btree, else 100; 0: not said */
    char kind;                   /* relkind: i, I */
    char constraint;             /* contype of the constraint it backs: p, u, x; 0: none */
    bool unique, primary, exclusion, immediate, nulls_not_distinct;
    bool valid, ready, live, clustered, replica_identity;
    bool passing;      /* invalid only while the snapshot was taken: built, or dropped, since */
    bool deduplicates; /* a B-tree whose equal keys share a tuple */
    bool has_expressions;
    bool measured;
    const char *name;        /* its schema is the table's */
    const char *method;      /* access method: "btree" */
    const char *expressions; /* pg_node_tree without locations, NULL: none */
    const char *predicate;   /* the same */
    const char *options;     /* storage parameters and those of operator classes, NULL: none */
    gint64 pages;
    double tuples;               /* reltuples */
    gint64 scans, read, fetched; /* idx_scan, idx_tup_read, idx_tup_fetch */
    gint64 last_scan;            /* seconds since 1970; 0: none, or before 16 */
};

struct relation_foreign_key {
    const char *name;
    const char *column_names; /* of the referencing table, quoted: "a", "B" */
    guint table;              /* position in tables: the referencing one */
    guint referenced;         /* position in tables */
    bool inherited;           /* of a partition, from its parent's */
    gint16 count;
    gint16 columns[32]; /* attnums of the referencing table */
};

/* An index that is being built or rebuilt right now. */
struct relation_build {
    int pid;
    guint table, index; /* oids; 0: this role may not see */
};

struct relations {
    GArray *tables;       /* of struct relation_table, sorted by oid */
    GArray *indexes;      /* of struct relation_index, sorted by table, then oid */
    GArray *columns;      /* of struct space_column; read by relations_refine(), see pages.h */
    GArray *keys;         /* of struct relation_key */
    GArray *foreign_keys; /* of struct relation_foreign_key */
    GArray *builds;       /* of struct relation_build */
    GStringChunk *texts;
    GPtrArray *details;       /* what columns point to, see pages.h */
    GHashTable *table_by_oid; /* oid → position + 1 */
    GHashTable *index_by_oid; /* the same */
    int block_size;
    gint64 now;            /* the server's clock, seconds since 1970 */
    gint64 stats_reset_us; /* when its counters were last lost, microseconds; 0: not known */
    bool in_recovery;
    bool sees_all;       /* member of pg_read_all_stats */
    bool all_statistics; /* this role may read pg_statistic itself */
    guint not_readable;  /* tables whose column statistics this role may not read */
    bool counting;       /* track_counts is on: counters mean something */
};

/* What to read besides tables and indexes. */
enum relations_want {
    RELATIONS_SYSTEM = 1 << 0, /* system schemas too, and TOAST tables that hold nothing */
    RELATIONS_FOREIGN_KEYS = 1 << 1,
    /* relations_refine() will want the columns of all tables: those of a large catalog are read
     * meanwhile, on a second connection. */
    RELATIONS_COLUMNS = 1 << 2,
};

/* NULL with an error. A few queries, none of which locks a relation of the application. Other
 * sessions' temporary tables and foreign tables are left out: they hold nothing of ours. */
struct relations *relations_read(struct session *session, unsigned want, GError **error);
void relations_free(struct relations *relations);
AUTO_DEFINE(relations, relations_free)

/* Made by hand, for tests: append to the arrays in any order, settle the tables, then the indexes
 * (whose `table` is a position in the settled tables). */
struct relations *relations_new(void);
void relations_settle_tables(struct relations *relations);
void relations_settle_indexes(struct relations *relations);

struct relation_table *relations_table(const struct relations *relations, guint position);
struct relation_index *relations_index(const struct relations *relations, guint position);
/* By oid; NULL when there is none of it. */
struct relation_table *relations_find_table(const struct relations *relations, guint oid);
struct relation_index *relations_find_index(const struct relations *relations, guint oid);

struct relation_table *relations_table_of(const struct relations *relations,
                                          const struct relation_index *index);
const struct relation_key *relations_keys(const struct relations *relations,
                                          const struct relation_index *index);
/* First of column_count (tables), or of an index's expressions; NULL where none was read. */
const struct space_column *relations_columns(const struct relations *relations, guint first);
/* The column of that attnum; NULL when it was not read. */
const struct space_column *relations_column(const struct relations *relations,
                                            const struct relation_table *table, gint16 number);

/* Whether it is the index of that oid, or a part of that partitioned index on whatever level. */
bool relations_belongs(const struct relations *relations, const struct relation_index *index,
                       guint oid);

/* Bytes of an index; of a partitioned one those of all its parts. */
gint64 relations_index_bytes(const struct relations *relations,
                             const struct relation_index *index);

/* True sizes of these relations (tables or indexes) in place of relpages, in chunks. They take a
 * lock on each, for a moment: those with ACCESS EXCLUSIVE held or awaited are passed over and
 * keep relpages. Stops silently at the first trouble: relpages are good enough. */
void relations_measure(struct session *session, struct relations *relations, const guint *oids,
                       guint count);

/* Why a locked table was left out, in one line for people: "shop.orders, ACCESS EXCLUSIVE held by
 * pid 4711 (…)". Caller frees. */
char *relations_left_out(const struct relation_table *table);

/* "{1,2,3}": an oid[] as text. Caller frees. */
char *relations_oid_list(const guint *oids, guint count);

/* The CREATE INDEX statement of each of these indexes, NULL where it is gone or locked: asks
 * pg_get_indexdef(), which takes a lock and fills the backend's caches, so the session is
 * reconnected after every few thousand. visit gets the oid and the text. */
bool relations_definitions(struct session *session, const guint *oids, guint count,
                           void (*visit)(guint oid, const char *definition, gpointer data),
                           gpointer data, GError **error);

#endif
