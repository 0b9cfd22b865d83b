/*
 * Runs a script on one session and measures it from another, statement by statement: locks on
 * relations by OIDs saved beforehand, when they were taken and given back, changed files, full scans
 * (differences of pg_stat_get_xact_*), WAL. What the observer asks is autocommit: it must not hold a
 * snapshot that CONCURRENTLY would wait for.
 */
#ifndef MIGRATIONS_TRACE_H
#define MIGRATIONS_TRACE_H

#include "ddl/ddl.h"
#include "folder/folder.h"

struct trace_lock {
    guint32 oid;
    char *schema, *relation;
    char kind; /* relkind */
    enum ddl_lock_mode mode;
    double held_ms;       /* from the statement that took it until COMMIT returned */
    bool new_here;        /* at this statement; else it is listed for the work done on it */
    enum ddl_effect work; /* done on the relation by this statement */
    bool read;            /* and more than a look-up of it through an index */
    /* Of the relation before the script: its rows' file (with TOAST), and its indexes. */
    gint64 bytes, index_bytes;
};

struct trace_statement {
    guint number; /* among the script's statements, from 0 */
    double seconds;
    enum ddl_effect effect; /* as measured, on relations that were there before the script, of
                             * what is done under a lock that other changes wait for */
    GPtrArray *locks;       /* of struct trace_lock: on relations that were there before */
    gint64 scanned_rows, scanned_bytes, rewritten_bytes, wal_bytes, rows;
    guint block;      /* number of its transaction */
    bool alone;       /* the server refused it in a transaction: no locks were measured */
    double waited_ms; /* for locks, the longest that was seen; it is looked at now and then */
    char *error;      /* it failed: the server's words; NULL: it did not */
    char sqlstate[6];
};

struct trace {
    GPtrArray
        *statements; /* of struct trace_statement; fewer than the script's when it failed */
    double seconds;
    bool committed; /* all of it */
    bool partly;    /* not all of it, but some */
    double
        longest_hold_ms; /* of a lock of SHARE or stronger on a table that was there before */
};

struct trace_options {
    gint64 lock_timeout_ms, statement_timeout_ms; /* 0: none */
    bool rollback;                                /* instead of COMMIT */
    bool unmeasured;                              /* only run: what is done once more */
    void (*tick)(guint number, gpointer data);    /* before each statement; NULL: none */
    gpointer data;
};

/* session is left without a transaction, with the settings a client of its role would have. NULL
 * with an error only when the observer is lost or a signal came: a statement's failure is in the
 * trace. */
struct trace *trace_run(struct session *session, struct session *observer,
                        const struct folder_script *script, const struct trace_options *options,
                        GError **error);
void trace_free(struct trace *trace);
AUTO_DEFINE(trace, trace_free)

/* The statement that failed; NULL: none did. */
const struct trace_statement *trace_failure(const struct trace *trace);

#endif
