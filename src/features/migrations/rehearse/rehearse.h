/*
 * A rehearsal: every migration that is not applied yet, on a shadow: up, down, up again, measured
 * statement by statement. What it says of locks is what the server did; what it says of the way back
 * is what was left of schema and rows.
 */
#ifndef MIGRATIONS_REHEARSE_H
#define MIGRATIONS_REHEARSE_H

#include "feature.h"
#include "folder/folder.h"
#include "folder/version_table.h"
#include "lint/lint.h"
#include "rehearse/forecast.h"
#include "rehearse/reversal.h"
#include "rehearse/rowsums.h"
#include "rehearse/shadow.h"
#include "rehearse/snapshot.h"
#include "rehearse/trace.h"

/* One direction of one migration, as it was run. */
struct rehearse_script {
    const struct folder_script *script;
    const char *direction; /* "up", "down" */
    struct trace *trace;   /* NULL: it was not run */
    /* By the statements' order: what the rules say (struct ddl_judgement), for what could not be
     * measured: statements that the server takes outside of a transaction only. */
    GPtrArray *judged;
};

struct rehearse_migration {
    const struct folder_migration *migration;
    bool reached;
    char *schema_hash; /* before it */
    struct rehearse_script up, down;
    struct trace *again; /* the second up; NULL: there was none */
    enum reversal verdict;
    char *detail;             /* NULL: nothing to say */
    struct forecast forecast; /* of up */
    double longest_hold_ms;   /* of up */
    bool passed;
    char *objection; /* why it did not pass although the verdict would let it; NULL */
};

/* What is known of the target; there is no connection to it while scripts run. */
struct rehearse_target {
    char *system, *database;
    int version;
    char *schema_hash;
    GHashTable *sizes; /* of struct forecast_size, by "schema\nname" */
    char *time_zone;
};

struct rehearse {
    struct call *call;
    struct folder *folder;
    char *table; /* name of the version table: it is no part of the schema */
    struct rehearse_target target;
    struct lint_report *lint; /* of the same scripts, on the target's schema */
    struct shadow *shadow;
    GPtrArray *migrations; /* of struct rehearse_migration: those that are pending */
    gint64 run;            /* in the history; -1: not there */
    gint64 max_hold_ms;
};

/* ---- the target --------------------------------------------------------------------------- */

/* Reads everything, and makes the list of what is pending. */
bool rehearse_look(struct rehearse *rehearse, struct session *target, GError **error);
void rehearse_target_clear(struct rehearse_target *target);

/* For forecast_statement(): data is the target. */
bool rehearse_size_of(const char *schema, const char *relation, struct forecast_size *ret_size,
                      gpointer data);

/* ---- the work ----------------------------------------------------------------------------- */

/* All that are pending, in order, until one leaves the shadow in a state nobody knows. False with
 * an error when it could not go on: a signal, the shadow is gone. */
bool rehearse_run(struct rehearse *rehearse, GError **error);

/* ---- showing ------------------------------------------------------------------------------ */

void rehearse_show(const struct rehearse *rehearse);
void rehearse_show_text(const struct rehearse *rehearse);
void rehearse_document(const struct rehearse *rehearse);
char *rehearse_summary(const struct rehearse *rehearse); /* JSON text for the history */

/* "1.2 s", "340 ms", "0.4 ms". Caller frees. */
char *rehearse_ms(double ms);

#endif
