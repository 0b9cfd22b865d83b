/* What the files of the tracer share. */
#ifndef MIGRATIONS_TRACE_PRIVATE_H
#define MIGRATIONS_TRACE_PRIVATE_H

#include "rehearse/trace.h"
#include "rehearse/trace_send.h"

/* A relation that was there before the script. */
struct trace_relation {
    guint32 oid;
    char *schema, *name;
    char kind;
    guint32 filenode;
    gint64 bytes, index_bytes;
    gint64 heap_bytes; /* of its rows alone */
    guint32 table;     /* of an index */
    guint touched; /* number + 1 of the last statement that has read or renewed it; 0: none */
    gint64 scans, tuples;    /* the counters as they were read last */
    enum ddl_lock_mode held; /* by the transaction that runs */
};

/* Those relations, and what is asked about them. */
struct trace_measure {
    struct session *session, *observer;
    GHashTable *relations; /* of struct trace_relation, by OID */
    char *oids;            /* an array, of those that have rows */
    char pid[16];
    bool off;   /* nothing is asked */
    bool begun; /* the counters were read in this transaction */
};

bool trace_measure_open(struct trace_measure *measure, struct session *session,
                        struct session *observer, bool off, GError **error);
void trace_measure_close(struct trace_measure *measure);

/* What was counted until now is not the next statement's. False when the observer is lost. */
bool trace_measure_begin(struct trace_measure *measure, GError **error);
/* After a statement in a transaction that goes on: fills in what it did. */
bool trace_measure_end(struct trace_measure *measure, struct trace_statement *statement,
                       GError **error);
/* After one that has ended its transaction, or was refused: only what the WAL says. */
bool trace_measure_position(struct trace_measure *measure, gint64 *ret_position,
                            GError **error);
/* The transaction is over: its locks are given back. */
void trace_measure_over(struct trace_measure *measure);
/* For how long the session has waited for a lock until now; 0: it does not. */
double trace_measure_waited(struct trace_measure *measure);

struct trace_statement *trace_statement_new(guint number);

/* What kind of statement this is for who runs it: the words that begin or end a transaction, those
 * that have to come before the first look at the catalog, and all others. Pure. */
enum trace_word { TRACE_WORD_OTHER, TRACE_WORD_BEGIN, TRACE_WORD_END, TRACE_WORD_SET };
enum trace_word trace_word_of(const char *statement);

/* From the statement that took a lock to the end of its transaction: fills in held_ms of the
 * statements from `first` on. end_seconds: how long COMMIT took. Returns the longest of SHARE or
 * stronger. Pure. */
double trace_hold(const GPtrArray *statements, guint first, double end_seconds);

#endif
