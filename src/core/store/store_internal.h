/*
 * What the parts of core/store share.
 */
#ifndef CORE_STORE_INTERNAL_H
#define CORE_STORE_INTERNAL_H

#include "store/statement.h"
#include "store/store.h"
#include "store/store_samples.h"

#include <sqlite3.h>

struct store {
    sqlite3 *db;
    char *path; /* absolute, or ":memory:" */
    char *trouble;
    char *actor, *reason;   /* of the runs it records; NULL: as the environment says */
    GHashTable *statements; /* of prepared statements at rest, by struct query */
    GThread *thread;        /* the one that opened it */
    char *boot;             /* of store_boot(), and when this process started: once asked for */
    gint64 process_started;
    int busy_ms; /* how long a lock of another process is waited for */
};

/* Sets *error to why the history at path cannot be used, with a hint. action: "open", "read",
 * "write to"; code: SQLite's; system_error: errno or 0, told where it explains the code. */
void store_error_set(GError **error, const char *action, const char *path, int code,
                     int system_error);

/* Takes down the first trouble. From then on nothing waits for locks any more: history that may
 * be lost anyway must not slow maintenance down. */
void store_failed(struct store *store, const char *action, int code);

/* Steps a statement that returns no row. False when it failed, which is trouble then. */
bool store_write(struct store *store, struct statement *statement);

/* The same for a statement whose rows were read to the end. */
bool store_read(struct store *store, const struct statement *statement);

/* The same with an error instead of trouble. */
bool store_finish(struct store *store, const struct statement *statement, GError **error);

/* As store_begin, but says whether there is a transaction to write in. */
bool store_begin_all(struct store *store);

/* Commits when all went well, else takes everything since store_begin_all back. */
void store_end_all(struct store *store, bool ok);

/* ---- nodes -------------------------------------------------------------------------------- */

/* A node as it is known; all 0 for one that is not. */
struct store_node_row {
    gint64 id; /* 0: not known, or could not be read */
    struct store_sampling sampling;
    gint64 sized_us; /* the last sample of sizes; 0: none */
};
struct store_node_row store_node_read(struct store *store, const struct store_node *node);

/* The same, made known where it is not. */
struct store_node_row store_node_need(struct store *store, const struct store_node *node);

/* ---- the process that runs a run ---------------------------------------------------------- */

/* Identifies the boot of this machine; "" where there is no such thing. Caller frees. */
char *store_boot(void);

/* When that process started, in clock ticks since boot; 0 when it is gone or unknown. */
gint64 store_process_started(gint64 pid);

/* Whether the process of that number, host, boot and start still runs. Any of the texts may be
 * NULL: no. */
bool store_process_alive(const char *host, const char *boot, gint64 pid, gint64 started);

#endif
