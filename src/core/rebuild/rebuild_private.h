/* What the files of rebuild share; nobody else includes this. */
#ifndef CORE_REBUILD_PRIVATE_H
#define CORE_REBUILD_PRIVATE_H

#include "rebuild/rebuild.h"
#include "rebuild/rebuild_disk.h"
#include "store/store_builds.h"

/* What a step builds, from right before its statement until nothing invalid is left of it. The
 * history keeps the same. */
struct record {
    gint64 run; /* in the history; -1: not there */
    int step;
    char *schema, *name; /* of the index */
    guint table_oid;
    guint index_oid; /* that is rebuilt; 0: none, it is a new one */
    GArray *before;  /* of guint: invalid indexes that were on the table before */
    GArray *built;   /* of guint: indexes that were seen being built */
    int unseen;      /* attempts whose index was not seen */
    bool open;       /* something may be left of it */
};

/* One step. */
struct work {
    struct rebuild_index *index;
    struct step *step;
    struct record *record;   /* NULL: nothing was built yet; of a leftover whose it is */
    bool proven;             /* the catalogs show what was to be reached */
    bool done;               /* the statement succeeded */
    bool may_not_drop;       /* … and this role is not its owner */
    bool dropping;           /* the statement drops what an earlier try left */
    unsigned lost;           /* tries that the server ended, not their statement */
    gint64 waiting_since_us; /* monotonic; 0: it does not wait */
};

struct rebuild {
    struct call *call;
    struct rebuild_rules rules;
    GPtrArray *works;     /* of struct work */
    GHashTable *by_step;  /* struct step → struct work, borrowed */
    GPtrArray *records;   /* of struct record */
    GPtrArray *strangers; /* of struct rebuild_stranger */
    GPtrArray *remnants;  /* of struct rebuild_remnant */
    const struct plan *plan;
    gint64 run;     /* in the history */
    int first_step; /* number of the plan's first */
};

struct work *rebuild_work_of(const struct rebuild *rebuild, const struct step *step);

/* Statements. Callers free; NULL only for names that cannot be quoted. */
char *rebuild_reindex_sql(struct session *session, const char *schema, const char *name);
char *rebuild_drop_sql(struct session *session, const char *schema, const char *name,
                       bool concurrently);

/* ---- records (rebuild_record.c) ------------------------------------------------------------ */

struct record *record_new(void);
void record_free(gpointer data);
void record_save(struct rebuild *rebuild, const struct record *record);
void record_close(struct rebuild *rebuild, struct record *record); /* nothing is left */
void record_saw(struct record *record, guint oid); /* being built; counts once */
bool oids_have(const GArray *oids, guint oid);
GArray *oids_parse(const char *text); /* "{1,2}" */
char *oids_text(const GArray *oids);

/* ---- whose is it (rebuild_names.c), pure ------------------------------------------------------- */

/* An invalid index of a table. */
struct invalid_index {
    guint oid;
    char *schema, *name;
    int name_bytes; /* as the server counts them */
    bool building;  /* somebody builds on the table right now */
    bool ours;
};
void invalid_index_free(gpointer data);

/* Whether REINDEX CONCURRENTLY of that index would give its copy this name. The server cuts the
 * index's name to make room for the suffix, at a character's border. */
bool rebuild_leftover_of(const char *name, int name_bytes, const char *index);

/* Marks those that the record's run left. An index that was not seen being built counts only when
 * its name is right, it was not there before, and there are no more such than attempts that were
 * not seen. */
void rebuild_mark_ours(const struct record *record, GPtrArray *invalid);

/* The invalid indexes of the table; NULL when they could not be read. */
GPtrArray *rebuild_invalid(struct session *session, guint table_oid);

/* ---- before (rebuild_before.c) ------------------------------------------------------------------ */

/* What was seen right before a step would start. Texts are borrowed; NULL: nothing of the kind. */
struct rebuild_look {
    bool there;   /* it (or the table to build on) still exists */
    bool moved;   /* to another table, by whatever means */
    bool swapped; /* it is the old copy of a rebuild that went through */
    char kind;    /* relkind of the index */
    bool temporary, catalog, exclusion;
    const char *taken;   /* who has the name of an index that is to be built anew */
    const char *lack;    /* the right that is missing */
    const char *builder; /* who builds an index on the table */
    const char *holder;  /* who holds a lock that conflicts, or waits for one */
    const char *old;     /* the oldest transaction it would wait for */
    double old_seconds;
};

/* Pure. *ret_why is set unless the answer is STEP_GO. */
enum step_go rebuild_judge_look(const struct rebuild_look *look, char **ret_why);

gint64 rebuild_size_of(struct session *session, guint oid); /* -1: not known */

/* An index to be dropped, and the statement for it, by the name it has now. Caller frees sql. */
struct rebuild_drop {
    guint oid, table_oid;
    bool concurrently;
    char *sql; /* set with STEP_GO */
};
enum step_go rebuild_before_drop(struct rebuild_drop *drop, struct session *session,
                                 char **ret_why);

/* Why there is no room for building an index of that size; NULL: there is. Twice the size and a
 * tenth: the new index, and its sort. free_bytes -1: not known. Pure. */
char *rebuild_disk_lack(gint64 free_bytes, gint64 index_bytes, gint64 blind_bytes);

/* Whether a process title is a backend's: then the server is on this machine. Pure. */
bool rebuild_is_backend(const char *title);

/* ---- watch (rebuild_watch.c) ------------------------------------------------------------------- */

struct rebuild_sight {
    const char *phase;     /* as pg_stat_progress_create_index has it; NULL: none */
    gint64 waiting_ms;     /* 0: it does not wait */
    const char *waits_for; /* NULL: cannot be told */
    gint64 more;           /* others it waits for */
    const char *waiter, *waiter_mode;
    gint64 waited_ms;
};

/* Why it has to stop; NULL: it may go on. Pure. */
char *rebuild_judge_sight(const struct rebuild_sight *sight, const struct rebuild_rules *rules);

/* ---- after (rebuild_after.c) ------------------------------------------------------------------- */

/* Asks the catalogs whether the work is done, unless that is proved. False when they did not
 * answer. */
bool rebuild_prove(struct rebuild *rebuild, struct work *work, struct session *session);

/* Makes the step's outcome what was proved. True when that changed it. */
bool rebuild_settle(struct work *work);

#endif
