/*
 * The page's seven boxes for the migrations that are due, or, when none is, for those applied last:
 * each ticked by evidence, or not, with the reason.
 */
#ifndef MIGRATIONS_CHECKLIST_H
#define MIGRATIONS_CHECKLIST_H

#include "auto.h"

#include <glib.h>
#include <stdbool.h>

/* How a script can be run. */
enum checklist_shape {
    CHECKLIST_TRANSACTION,
    CHECKLIST_ALONE, /* one statement that the server takes outside of a transaction only */
    CHECKLIST_MIXED, /* neither */
};

/* What is known of one migration. */
struct checklist_migration {
    char *what;   /* "20240102 add_orders_index" */
    bool applied; /* it is not due any more */

    /* The newest rehearsal of these very files; run 0: there is none. */
    gint64 run, rehearsed_us;
    bool passed, same_schema;     /* as the database has it now */
    char *verdict, *detail;       /* "reversible", …; detail NULL: nothing to say */
    double hold_ms, predicted_ms; /* longest; predicted -1: no prediction */

    enum checklist_shape shape;
    char *shape_why;   /* of MIXED */
    GPtrArray *builds; /* of char *: index builds and the like that writers wait for, and how to
                           * do without */
    guint unread;      /* statements of which it is not known what they do */
    GPtrArray *targets;   /* of char *: what loses its statistics, "public.orders (total)" */
    gint64 apply_run;     /* that applied it; 0: unknown */
    double apply_hold_ms; /* longest, as it was applied */
    bool analyzed;        /* by that run, and the server says so */
};
struct checklist_migration *checklist_migration_new(char *what);
void checklist_migration_free(gpointer data);

struct checklist_facts {
    GPtrArray *migrations; /* of struct checklist_migration */
    guint files;           /* migrations in the folder */
    guint ours;            /* that pgrunbook has applied to the database, files or none */
    bool backup_fits;
    char *backup; /* what there is, a sentence */
    double max_hold_ms;
    gint64 now_us;
};
void checklist_facts_clear(struct checklist_facts *facts);

enum { CHECKLIST_BOXES = 7 };

struct checklist_box {
    const char *name;
    bool ticked;
    bool due; /* it cannot be ticked before they are applied, and will be by apply */
    char *evidence;
};

/* Pure. */
void checklist_decide(const struct checklist_facts *facts,
                      struct checklist_box ret_boxes[CHECKLIST_BOXES]);
void checklist_boxes_clear(struct checklist_box boxes[CHECKLIST_BOXES]);
/* All are ticked, but for what is due afterwards. */
bool checklist_complete(const struct checklist_box boxes[CHECKLIST_BOXES]);

#endif
