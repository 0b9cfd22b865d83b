/*
 * From a world to a plan or a refusal: which timeline, which backup, what stands around the place.
 * Pure; restore_plan_make() gives it the repository's world.
 */
#ifndef BACKUP_DECIDE_H
#define BACKUP_DECIDE_H

#include "backup_stop.h"

/* NULL with an error only where the world had one. */
struct restore_plan *target_decide(const struct target_world *world,
                                   const struct target *target, GError **error);

/* ---- between the two files of it ---------------------------------------------------------- */

/* One try along one timeline, from the newest backup to the oldest. */
struct target_try {
    guint32 timeline;
    struct target_chain *chain;       /* NULL: the history is not there */
    const struct repo_backup *backup; /* that reaches it; NULL: none */
    struct target_stop stop;          /* of backup, or of late */
    const struct repo_backup *early;  /* the oldest whose consistency is behind the target */
    const struct repo_backup *late;   /* the newest whose WAL ends before it */
    bool cut;                         /* one of those like late meets a gap: */
    struct target_reach gap;          /* the newest such */
    const struct repo_backup *oldest; /* the oldest of those like late */
    const struct repo_backup *dry;    /* the newest whose own WAL is not there */
    guint fit;                        /* backups on the path */
};
void target_try_clear(struct target_try *try);
bool target_try_make(const struct target_world *world, const struct target *target,
                     guint32 timeline, struct target_try *ret_try, GError **error);

/* The timelines that the world knows, newest first; of guint32. Caller unrefs. */
GArray *target_timelines(const struct target_world *world);

/* Whether a backup counts: it can be read, and is not known to be damaged. */
bool target_usable(const struct repo_backup *backup);

/* Whether it counts for one who may have named a backup (only NULL: has not): whoever asks for a
 * damaged one by its name knows what he does, and may have no other. */
bool target_wanted(const struct repo_backup *backup, const char *only);

/* What is there and comes nearest to a name or a transaction that is not, from the backups whose
 * WAL ends before it. *ret_nearest is owned: target_clear(); its value is NULL when there is none.
 */
bool target_nearest(const struct target_try *try, const struct target *wanted,
                    struct target *ret_nearest, GError **error);

/* For a plan that goes to a restore point: the others of its name that can be reached, one sentence;
 * NULL: it is the only one. Caller frees. */
char *target_namesakes(const struct target_try *try, const char *name);

/* For a target without --timeline that can be reached along one: says of the timelines that the way to
 * it leaves what they have and the plan has not, as a note; a time at which another one was at work,
 * and this one's own commits were all to come, is refused. */
bool target_branches(const struct target_world *world, const struct target_try *taken,
                     struct restore_plan *plan, GError **error);

/* A timeline that went on where a way leaves it. */
struct target_left {
    guint32 timeline;
    guint64 lsn;           /* where they part */
    struct landmark first; /* its first commit behind that: known */
};

/* Those of a way that have commits of their own, newest first; of struct target_left. NULL with an
 * error; caller unrefs. */
GArray *target_left(const struct target_world *world, const struct target_try *way,
                    GError **error);

/* What to know of a target that can be reached; takes the text. */
void target_add_note(struct restore_plan *plan, char *text);

/* The options that name a target, with its value quoted for a shell. Caller frees. */
char *target_as_options(const struct target *target);

/* Says why, and what can be reached instead. */
bool target_refuse(const struct target_world *world, const struct target_try *try,
                   struct restore_plan *plan, GError **error);

#endif
