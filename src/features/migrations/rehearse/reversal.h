/*
 * Whether a migration can be taken back: from what up, down and up again have left of the schema and
 * of the rows. Pure.
 */
#ifndef MIGRATIONS_REVERSAL_H
#define MIGRATIONS_REVERSAL_H

#include <glib.h>
#include <stdbool.h>

enum reversal {
    REVERSAL_REVERSIBLE,
    REVERSAL_SCHEMA_ONLY,  /* the schema is back, rows or values are lost */
    REVERSAL_IRREVERSIBLE, /* and its author says so */
    REVERSAL_BROKEN,
};

/* "reversible", "schema only", "irreversible", "broken" */
const char *reversal_name(enum reversal reversal);

/* NULL: nothing of the kind. What comes after the first failure is not there. */
struct reversal_facts {
    const char *up_error; /* up failed: the server's words */
    const char *declared; /* the reason why there is no way back */
    bool has_down;
    bool repeatable; /* has no way back of its own: its older text, run again, is that */
    const char *down_error;
    const GPtrArray
        *restored; /* struct snapshot_change: the schema before up, and after down */
    const char *again_error;
    const GPtrArray *repeated; /* the schema after up, and after the second up */
    const GPtrArray *lost;     /* of char *: rowsums_lost() */
};

/* *ret_detail: why, in one sentence; NULL: nothing to say. Caller frees. */
enum reversal reversal_decide(const struct reversal_facts *facts, char **ret_detail);

#endif
