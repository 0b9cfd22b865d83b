/*
 * What a program did to a schema, from the log of the server it did it on (log_statement = all,
 * log_line_prefix = '%p '): the statements that change the schema and were committed, in the order
 * they were sent. What failed, what was rolled back and what only reads or writes rows is left out.
 * Pure.
 */
#ifndef MIGRATIONS_CAPTURE_LOG_H
#define MIGRATIONS_CAPTURE_LOG_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

struct capture_log {
    GPtrArray *statements; /* of char *, without semicolons */
    guint writes;          /* statements that were committed and changed rows, or may have */
    guint failed;          /* that changed nothing, since they failed or were rolled back */
};

struct capture_log *capture_log_read(const char *text);
void capture_log_free(struct capture_log *log);
AUTO_DEFINE(capture_log, capture_log_free)

/* What a statement means for the log. */
enum capture_kind {
    CAPTURE_READS, /* or sets something for its session */
    CAPTURE_WRITES,
    CAPTURE_SCHEMA,
    CAPTURE_BEGIN,
    CAPTURE_COMMIT,
    CAPTURE_ROLLBACK,
    CAPTURE_SAVEPOINT,
    CAPTURE_ROLLBACK_TO,
    CAPTURE_RELEASE,
};
/* *ret_name: of a savepoint, the caller's to free; else NULL. */
enum capture_kind capture_kind_of(const char *statement, gsize length, char **ret_name);

#endif
