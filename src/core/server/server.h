/*
 * A server of our own on a data directory: started privately, asked, stopped. It listens on no
 * network, its socket lies in a folder that only its owner may enter, it archives nothing, follows
 * no primary, takes nothing from a publisher and loads no libraries, whatever the directory's own
 * configuration says. It needs none: a data directory whose postgresql.conf lies elsewhere (Debian)
 * is started all the same.
 *
 * It runs as the owner of its folder, and ends when this process does, however that ends. All
 * functions belong to the thread that started it (the kernel watches that thread).
 */
#ifndef CORE_SERVER_H
#define CORE_SERVER_H

#include "auto.h"
#include "pg/session.h"

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* ---- on whose account --------------------------------------------------------------------- */

struct server_owner {
    uid_t uid;
    gid_t gid;
    char name[64]; /* "postgres"; the number where the account has no name */
};

/* The owner of a folder; where it is not there yet, of the one it will be made in. */
bool server_owner_of(const char *folder, struct server_owner *ret_owner, GError **error);

/* RUNBOOK_REFUSED, with what to do, when a server on files of this owner cannot be started by us:
 * they are root's, or another account's and we are not root. */
bool server_owner_usable(const struct server_owner *owner, const char *folder, GError **error);

/* Whether that account may read what is below a path; as root it is tried as that account. */
bool server_owner_reads(const struct server_owner *owner, const char *path);

/* Whether it may go to a folder; one that is not there yet, to where it will be made. */
bool server_owner_enters(const struct server_owner *owner, const char *path);

/* ---- what is in a data directory ---------------------------------------------------------- */

enum server_state {
    SERVER_STARTED_UP,
    SERVER_SHUT_DOWN,
    SERVER_SHUT_DOWN_IN_RECOVERY,
    SERVER_SHUTTING_DOWN,
    SERVER_IN_CRASH_RECOVERY,
    SERVER_IN_ARCHIVE_RECOVERY,
    SERVER_IN_PRODUCTION
};

/* From global/pg_control, 14 to 18. */
struct server_control {
    guint64 system;
    enum server_state state;
    guint64 checkpoint, redo, minimum_recovery;
    guint32 timeline;
    int wal_level; /* 0 minimal, 1 replica, 2 logical */
    int max_connections, max_worker_processes, max_wal_senders, max_prepared_transactions,
        max_locks_per_transaction;
    bool track_commit_timestamp;
    int segment_bytes; /* of WAL */
};
bool server_control_parse(const guint8 *bytes, gsize length,
                          struct server_control *ret_control);
bool server_control_read(const char *folder, struct server_control *ret_control,
                         GError **error);

/* The major version a data directory is of; 0 with an error. */
int server_major_of(const char *folder, GError **error);

/* The pid of a server that runs on the folder; 0: none that could be seen from here. One in another
 * container or on another machine cannot. */
pid_t server_running_on(const char *folder);

/* Whether there is a postmaster.pid, whose server may be one that cannot be seen: one that is stopped
 * removes it. */
bool server_pid_left(const char *folder);

/* RUNBOOK_REFUSED in doubt: a server runs on the folder, or may. */
bool server_stopped_on(const char *folder, GError **error);

/* Names that are worth a try, from the catalogs' files, in a directory whose server need not answer:
 * the role that initdb made, other superusers, then whoever may log in; databases. Those of rows that look live come
 * first: a name may be one from before a renaming. Caller frees (g_strfreev). */
char **server_roles(const char *folder);
char **server_databases(const char *folder);

/* ---- a server at work --------------------------------------------------------------------- */

struct server;

struct server_setup {
    const char *folder;          /* the data directory */
    const char *bindir;          /* as programs_find() takes it */
    const char *const *settings; /* "name=value", NULL-terminated, over ours; NULL: none */
    const char *role;            /* to connect as; NULL: the bootstrap superuser, or another */
};

/* Whether one could run on what is to be put into this folder: its account may run a server and
 * enters the folder of its socket. To be asked before the folder is filled. */
bool server_startable(const char *folder, GError **error);

/* Starts it; it does not answer yet. */
struct server *server_start(const struct server_setup *setup, GError **error);

/* Waits until it takes connections; in recovery that is when it is consistent. False with an
 * error: it ended (RUNBOOK_FAILED, with the reason from its log), seconds are over (0: no bound),
 * or a signal came. tick (may be NULL) is called a few times a second. */
bool server_await(struct server *server, double seconds, void (*tick)(gpointer data),
                  gpointer data, GError **error);

/* A session as its superuser, or where none may log in as a role that may; database NULL: one that
 * lets us in ("postgres" before others). It must be closed before the server is freed. */
struct session *server_session(struct server *server, const char *database, GError **error);
bool server_session_is_super(struct session *session);

/* For a copy that will go: lets the superuser that initdb made log in, whatever the files say, and
 * starts the server again. It is in no recovery, and no session is open. */
bool server_admit(struct server *server, GError **error);

/* Ends the recovery, without waiting for it: as pg_promote() does, which is the superusers'. */
bool server_promote(struct server *server, GError **error);

/* Connects as another program may: libpq's variables for it. */
const char *server_socket(const struct server *server); /* folder, PGHOST */
const char *server_port(const struct server *server);
const char *server_role(const struct server *server);
int server_major(const struct server *server);
const char *server_program(struct server *server, const char *name); /* beside postgres */

/* False once it has ended. Does not wait. */
bool server_runs(struct server *server);

/* Why it ended or does not go on, as a GError's text with "detail:" and "hint:" lines, from its
 * log; NULL: it gives no reason. Caller frees. */
char *server_reason(const struct server *server);

/* Where a session was lost or refused because the server ended, or is about to, the error becomes the
 * reason that its log gives. Always false. */
bool server_explain(struct server *server, GError **error);

/* All it wrote. Caller frees. */
char *server_log(const struct server *server);

/* The reason in a log's text. Pure; caller frees. */
char *server_log_reason(const char *text);

enum server_stop { SERVER_FAST, SERVER_IMMEDIATE };

/* Stops it and waits. FAST: with a checkpoint, which can take minutes; false with an error when it
 * did not end by itself. Heeds no signal. */
bool server_stop(struct server *server, enum server_stop how, GError **error);

/* What still runs is stopped at once. */
void server_free(struct server *server);
AUTO_DEFINE(server, server_free)

#endif
