/*
 * The processes of a server as one snapshot: who is connected, what each does or waits for, who
 * stands in whose way, and who must be left alone. Read in a few cheap statements that take no
 * lock of the application's. (`struct session` is our own connection; the server's processes are
 * called backends here.)
 *
 * Reading is backends_read(); all else is pure. The act is in backends_act.h.
 */
#ifndef CORE_BACKENDS_H
#define CORE_BACKENDS_H

#include "auto.h"
#include "pg/session.h"
#include "settings/settings.h"

#include <glib.h>
#include <stdbool.h>

enum backend_state {
    BACKEND_NONE, /* no client's: autovacuum, checkpointer, …; or a client still connecting */
    BACKEND_HIDDEN, /* our role may not look into it */
    BACKEND_ACTIVE,
    BACKEND_IDLE,
    BACKEND_IN_TRANSACTION, /* idle in transaction */
    BACKEND_ABORTED,        /* idle in transaction (aborted) */
    BACKEND_FASTPATH,       /* fastpath function call */
    BACKEND_DISABLED,       /* its track_activities is off */
};

/* "active", "idle", "idle in transaction", … as the server spells them; "hidden", "none". */
const char *backend_state_name(enum backend_state state);

/* One process: a row of pg_stat_activity. Texts belong to the snapshot. Times are microseconds
 * since 1970 by the server's clock, exact; 0: none. */
struct backend {
    gint64 pid;
    gint64 leader;               /* a parallel worker's; 0: it is none */
    guint workers;               /* parallel workers that work for it */
    const char *type;            /* "client backend", "walsender", …; NULL: hidden */
    const char *database, *role; /* NULL: none */
    const char *application;     /* never NULL, may be empty */
    const char *client;          /* address, or "local" */
    enum backend_state state;
    const char *wait_type, *wait; /* NULL: it does not wait */
    const char *query;            /* never NULL; its first 4 kB */
    gint64 backend_start_us, xact_start_us, query_start_us, state_change_us;
    gint64 xid_age, xmin_age; /* transactions; -1: none */
    bool superuser;           /* its role is one */
    bool may_end;             /* our role has the right to cancel and terminate it */
    bool self;                /* the very session that looks */
    bool own;                 /* of this or another run of pgrunbook */
    /* Whom it waits for, when it waits for a heavyweight lock: those who hold it and those ahead
     * in the queue. 0 is a prepared transaction. */
    gint64 *blockers;
    guint blocker_count;
    const char *lock;     /* kind of the lock it waits for: "relation", "advisory"; NULL */
    gint64 wait_since_us; /* since when; 0: it does not, or the server has not said */
    const char *prepared; /* gid of the prepared transaction it waits for; NULL */
    gint64 prepared_since_us;
    const char *command; /* with progress_pct: "COPY FROM", "VACUUM"; NULL: none known */
    double progress_pct; /* -1: not known */
};

struct backends_slots {
    gint64 max, superuser_reserved, reserved;
    gint64 ordinary; /* those a role without privileges may use */
    gint64 used;     /* by other clients than this very session, whatever their role */
};

/* A database or role with a CONNECTION LIMIT. */
struct backends_limit {
    bool of_role;
    const char *name;
    gint64 most, used;
};

struct backends {
    gint64 now_us; /* the server's clock when the snapshot was taken */
    struct backends_slots slots;
    GArray *limits;     /* of struct backends_limit */
    GArray *rows;       /* of struct backend, by pid */
    GHashTable *by_pid; /* gint64 → position + 1; made by backends_settle() */
    GStringChunk *texts;
    guint hidden; /* client backends our role may not look into */
    bool in_recovery;
    const char *looker;                          /* our role */
    bool looker_superuser, sees_all, may_signal; /* what it may: pg_read_all_stats, … */
};

/* Takes the snapshot. NULL with an error. */
struct backends *backends_read(struct session *session, GError **error);
void backends_free(struct backends *backends);
AUTO_DEFINE(backends, backends_free)

guint backends_count(const struct backends *backends);
const struct backend *backends_at(const struct backends *backends, guint index);
const struct backend *backends_find(const struct backends *backends, gint64 pid); /* or NULL */

/* For tests and benchmarks: an empty snapshot, rows with texts copied in, and the end of adding,
 * which sorts, folds workers and counts used slots. */
struct backends *backends_new(void);
void backends_add(struct backends *backends, const struct backend *backend);
void backends_add_limit(struct backends *backends, const struct backends_limit *limit);
void backends_settle(struct backends *backends);

/* A client's session: holds one of the slots that max_connections counts. Of a hidden row, which
 * has no type, it is taken to be one when it has a database. */
bool backend_is_client(const struct backend *backend);

/* Idle in transaction, aborted or not. */
bool backend_in_transaction(const struct backend *backend);

/* Autovacuum that must not be stopped: it prevents transaction id wraparound. */
bool backend_prevents_wraparound(const struct backend *backend);

/* Seconds since that time of the server's clock; 0 for a time that is 0 or still to come. */
double backends_seconds_since(const struct backends *backends, gint64 time_us);

/* Seconds it has been in its state: idle by state_change, in transaction by xact_start, active by
 * query_start; 0 where there is no such time. */
double backend_seconds(const struct backends *backends, const struct backend *backend);

/* "pid 42 (role app, application shop, client 10.0.0.7)". Caller frees. */
char *backend_describe(const struct backend *backend);

/* What is fullest: the ordinary slots, or a database's or role's own limit where that is tighter;
 * limits below 10 are full on purpose and do not count. NULL limit in the result: the slots. */
struct backends_room {
    const struct backends_limit *limit;
    gint64 most, used;
};
struct backends_room backends_fullest(const struct backends *backends);

/* Whether the session takes a place in that room. */
bool backend_in_room(const struct backend *backend, const struct backends_room *room);

/* How many places in the room are taken now, those not counted that `leaving` (of const struct
 * backend) still take: one and the same look, as each of them may go at any moment. -1: it could not
 * be asked. */
gint64 backends_used_now(struct session *session, const struct backends_room *room,
                         const GPtrArray *leaving);

/* False with RUNBOOK_REFUSED, naming the GRANT, when sessions hide what they do from our role:
 * whatever is counted without them would be wrong. */
bool backends_all_seen(const struct backends *backends, GError **error);

/* ---- who stands in whose way --------------------------------------------------------------- */

/* Somebody others wait for who waits for nobody. */
struct backends_root {
    const struct backend *backend; /* NULL: a prepared transaction */
    const char *prepared;          /* its gid; NULL: it is a session */
    gint64 since_us;               /* a prepared transaction's age; 0: a session */
    guint direct, all;             /* how many wait for it, and behind it at any depth */
    guint advisory;                /* of all, those that wait for an advisory lock */
    guint depth;                   /* longest way to it, 1: all wait directly */
    gint64 oldest_wait_us;         /* when the longest wait behind it began; 0: not known */
};

/* Worst first: by how many wait, then by pid. Free with g_array_unref(). A circle (a deadlock the
 * server has not broken yet) has no root. */
GArray *backends_roots(const struct backends *backends);

/* Where each backend stands, by position in the snapshot: the pid of a root it waits behind (0: a
 * prepared transaction; -1: it waits for nobody). Free with g_free(). */
gint64 *backends_root_of(const struct backends *backends);

/* How many that wait could go on if these were gone: nobody else stands in their way, or only
 * such as could then go on themselves. */
guint backends_freed(const struct backends *backends, const gint64 *pids, guint count);

/* ---- who must be left alone ---------------------------------------------------------------- */

struct backends_policy {
    const char *const *roles, *const *applications; /* protected; NULL-terminated, NULL: none */
    bool superusers;                                /* whether their sessions may be ended */
};

/* Why it must not be touched; NULL: it may. Never: ourselves and other runs of pgrunbook, what is
 * no client's session (walsenders, autovacuum, …), what we may not look into, superusers unless
 * allowed, protected roles and applications. */
const char *backend_protected(const struct backends_policy *policy,
                              const struct backend *backend);

/* As the settings have it; superusers: the name of the one that lets their sessions be ended. */
struct backends_policy backends_policy(const struct settings *settings, const char *superusers);

/* Why a session would be left alone though somebody names it: it must not be touched, or our role
 * lacks the right. A parallel worker is its leader's. NULL: it would be ended. Caller frees. */
char *backend_left_alone(const struct backends *backends, const struct backends_policy *policy,
                         const struct backend *backend);

/* Whether an application_name is that program's: it is the name, in any case, or begins with it
 * and goes on with something other than a letter: "pgBackRest [backup]", "Patroni restapi". */
bool backends_application_matches(const char *application, const char *name);

/* ---- what a person wrote of them ----------------------------------------------------------- */

/* Whether the text is like the pattern, * and ? being wildcards; letters count as they are. */
bool backends_like(const char *pattern, const char *text);

/* Whether a name is like one of the patterns (NULL-terminated), which may be spelt as a person
 * does or as the server shows it: cut to 63 bytes, an emoji as "????". */
bool backends_name_like(const char *const *patterns, const char *name);

#endif
